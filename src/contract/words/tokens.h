// A request's words, with the quantities that they state: "one million tokens", "0.05 ether", "two weeks", "3 of 5".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "contract/quantity.h"

namespace ptah {

struct ContractToken {
  std::string text;   ///< as it was written
  std::string lower;  ///< ASCII letters in small ones
  size_t begin = 0, end = 0;
  bool quoted = false;               ///< between quotation marks; `text` is what is inside
  bool address = false;              ///< 0x and 40 hex digits
  std::optional<Quantity> quantity;  ///< the token is a quantity, maybe of several words
  bool soft = false;                 ///< "one", "a day": a quantity only if something asks for it
  bool each = false;                 ///< "per month", "daily", "every 30 days": how often
  std::string noun;                  ///< the words that the number stands before, in small letters: "owners"
  bool is_word() const {
    return !quantity && !quoted && !address && !lower.empty() && (static_cast<unsigned char>(lower[0]) >= 0x80 || (lower[0] >= 'a' && lower[0] <= 'z'));
  }
  bool is(std::string_view word) const { return !quantity && !quoted && lower == word; }
};

/// The longest request that is read, in bytes, and the most words of it.
constexpr size_t kMaxContractWords = 8192;

/// What is beyond kMaxContractWords is left out.
std::vector<ContractToken> contract_tokens(const std::string& words);

}  // namespace ptah
