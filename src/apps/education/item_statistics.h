// What learners' answers say of items: the two-parameter logistic model (Birnbaum 1968), fitted by marginal maximum likelihood with the EM algorithm of Bock
// and Aitkin (1981), and items that are bad, by name and reason.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace ptah {

/// Answers of learners to items: 1 right, 0 wrong, −1 not answered.
struct ItemResponses {
  std::vector<std::string> items, learners;
  std::vector<int8_t> right;        ///< [learners, items]
  std::vector<std::string> chosen;  ///< [learners, items]: the option, if it is known
  int8_t at(size_t learner, size_t item) const { return right[learner * items.size() + item]; }
};
/// CSV with a header: learner, item, right (0 or 1), and maybe option. The order of items and learners is that of the file. Errors: corrupt, with the line.
Result<ItemResponses> read_responses(const std::string& csv);

struct ItemEstimate {
  std::string item;
  size_t answers = 0;
  double share_right = 0;
  double discrimination = 1, difficulty = 0;  ///< a and b of P = 1 / (1 + exp(−a (θ − b)))
  double correlation = 0;                     ///< of the item with the number of other items right
  std::vector<std::string> problems;          ///< why it is bad; empty: it is not
};
struct ItemStatistics {
  std::vector<ItemEstimate> items;
  std::vector<double> abilities;  ///< of the learners: expected a posteriori
  double reliability = 0;         ///< Cronbach's alpha
  int iterations = 0;
};
/// Errors: invalid_argument for fewer than 2 items or 10 learners.
Result<ItemStatistics> item_statistics(const ItemResponses& responses);

}  // namespace ptah
