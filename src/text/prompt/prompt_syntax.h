// What Stable Diffusion's users write in prompts and that is not computed here: found, so that it is not painted as words without a word said.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace ptah {

/// A file that a prompt asks for: <lora:name:0.8>.
struct PromptTag {
  std::string kind;                    ///< as written: lora, lyco, hypernet …
  std::vector<std::string> arguments;  ///< what stands between the colons behind it
  std::string text;                    ///< the whole tag
};
/// Takes all tags out of a prompt, as the WebUI does (<word:…>).
std::vector<PromptTag> take_tags(std::string& prompt);

/// What a prompt holds that others compute and that is painted as words here, each a sentence that names it: AND, {words}, (words)++. `what` begins messages
/// ("the negative prompt"). Errors: invalid_argument, naming what cannot be meant as words: prompt editing [a:b:0.5], alternation [a|b], choices {a|b},
/// wildcards __name__, tags <lora:name:0.8> that are left, embedding:name, regions (ADDCOL, ADDROW, ADDCOMM, ADDBASE).
Result<std::vector<std::string>> check_prompt(std::string_view prompt, std::string_view what);

}  // namespace ptah
