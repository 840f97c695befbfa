// A tokenizer of single characters, made of a text, in Hugging Face's layout.
#pragma once

#include <string_view>

#include "base/json.h"

namespace ptah {

/// tokenizer.json with a token for each character of the text, numbered in the order of code points (as in nanoGPT); a character of several bytes is merged
/// from tokens of its bytes, which come behind. Characters that the text lacks are left out when another text is encoded. Errors: invalid_argument for an empty
/// text.
Result<Json> character_tokenizer(std::string_view text);

}  // namespace ptah
