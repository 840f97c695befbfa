// Where phrases stand in a request, and how near they are to its numbers.
#pragma once

#include <string_view>
#include <vector>

#include "contract/kinds.h"
#include "contract/words/tokens.h"

namespace ptah {

/// A request's words in order, each with the token that it is of; hyphens are left out.
class RequestWords {
 public:
  explicit RequestWords(std::vector<ContractToken> tokens);
  const std::vector<ContractToken>& tokens() const { return tokens_; }

  /// Where a phrase stands: the tokens of its first and last word.
  struct Place {
    size_t first = 0, last = 0;  ///< tokens
    size_t begin = 0, end = 0;   ///< words
    bool operator==(const Place&) const = default;
  };
  std::vector<Place> find(std::string_view phrase) const;
  /// Whether a "no", "not", "never", "without" … stands shortly before it in its clause.
  bool negated(const Place& place) const;
  /// A phrase of the list that stands there and is not negated.
  bool says(std::string_view list) const;

  /// How much cues speak for the quantity of a token.
  double nearness(std::string_view cues, size_t token) const;
  /// Sum of the weights of the phrases that stand there, each once.
  double weight(std::string_view cues) const;

  size_t clause(size_t token) const { return clauses_[token]; }
  size_t sentence(size_t token) const { return sentences_[token]; }
  /// Marks the words of a place as understood.
  void use(const Place& place);
  void use_token(size_t token);
  bool used(size_t token) const { return used_[token]; }

 private:
  double near_one(const Place& place, size_t token) const;
  struct Word {
    std::string_view text;
    size_t token;
  };
  std::vector<ContractToken> tokens_;
  std::vector<Word> words_;
  std::vector<size_t> clauses_, sentences_;
  std::vector<bool> used_;
};

/// The words of a phrase: between blanks and hyphens.
std::vector<std::string_view> phrase_words(std::string_view phrase);

}  // namespace ptah
