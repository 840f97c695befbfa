// Instructions of a request that a program can check in the answer: the 25 kinds of IFEval (Zhou et al. 2023) and JSON schemas.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace ptah {

/// One instruction with its arguments, as IFEval names both ("length_constraints:number_words", {"relation": "at least", "num_words": 50}).
class Instruction {
 public:
  /// Beside IFEval's kinds there is "json_schema" with the argument `schema`. Errors: invalid_argument, naming the nearest kind, an argument that is missing or
  /// of the wrong type, or one that the kind does not have (null counts as not given); unsupported for a keyword of a schema.
  static Result<Instruction> make(const std::string& kind, const Json& arguments);
  /// The 25 kinds and "json_schema".
  static const std::vector<std::string>& kinds();

  /// Whether an answer keeps to it, by IFEval's strict rules: empty answers never do. Words are runs of letters, digits and low lines of any script; sentences
  /// end at . ! ? … and 。！？ but not within numbers and behind known abbreviations; languages are told by text/language_of.h, and by script and letters where
  /// that knows none. Never throws for any bytes.
  bool kept(std::string_view answer) const;

  const std::string& kind() const { return kind_; }

 private:
  using Check = bool (*)(const Json& arguments, std::string_view answer);
  std::string kind_;
  Json arguments_;
  Check check_ = nullptr;
};

/// A request with its instructions: a row {"prompt", "instruction_id_list", "kwargs"} as in IFEval's file.
struct CheckedRequest {
  std::string prompt;
  std::vector<Instruction> instructions;
  /// The share of the instructions that an answer keeps to.
  double share_kept(std::string_view answer) const;
};
/// Errors: corrupt, naming what is missing; as Instruction::make.
Result<CheckedRequest> checked_request(const Json& row);
/// Rows, one a line; errors name the line. At most `max_rows`.
Result<std::vector<CheckedRequest>> checked_requests(std::string_view lines, const std::string& name, size_t max_rows = 100000);

}  // namespace ptah
