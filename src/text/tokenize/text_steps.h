// What a tokenizer does to a text before it cuts it: the normalizers of Hugging Face's tokenizer.json.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenize/unigram.h"

namespace ptah {

struct TextStep {
  /// `nfc` … `nfkd`: Unicode Standard Annex 15. `strip_accents` drops nonspacing marks (Mn).
  enum class Kind { character_map, replace, runs_of_spaces, strip, prepend, nfc, nfd, nfkc, nfkd, lowercase, strip_accents } kind = Kind::replace;
  std::string from, to;              ///< replace; runs of spaces (two and more) become `to`; character_map: the precompiled map in `from`; prepend: `to`
  bool left = false, right = false;  ///< strip
};

class TextSteps {
 public:
  /// Errors: corrupt for a broken map.
  static Result<TextSteps> make(const std::vector<TextStep>& steps);
  bool empty() const { return steps_.empty(); }
  /// The text as the steps leave it, one after the other. Bytes that are not UTF-8 stay as they are.
  std::string apply(std::string_view text) const;

 private:
  std::vector<TextStep> steps_;
  std::vector<std::optional<CharacterMap>> maps_;  ///< one for each step that is a map
};

}  // namespace ptah
