// Tokens that are looked for in a text as a whole, before the rest is cut and merged.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ptah {

/// How an added token is found in a text (AddedToken of Hugging Face's tokenizers).
struct AddedTokenRules {
  bool single_word = false;                      ///< only where no letter, mark, digit or underscore touches it
  bool left_strip = false, right_strip = false;  ///< takes the white space before or behind it
  bool normalized = false;                       ///< looked for in the text that the normalizers have changed, itself changed by them
};

class AddedTokens {
 public:
  void add(int32_t id, std::string text, const AddedTokenRules& rules);
  /// The stretches between tokens, as parts of `text` (empty ones left out), and the tokens, in order. Of tokens that begin at one place the longest counts.
  void split(std::string_view text, const std::function<void(std::string_view)>& plain, const std::function<void(int32_t)>& token) const;

 private:
  struct Token {
    int32_t id;
    std::string text;
    AddedTokenRules rules;
  };
  std::vector<Token> tokens_;       ///< longest first
  std::array<bool, 256> begins_{};  ///< their first bytes
};

}  // namespace ptah
