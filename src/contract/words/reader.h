// From a request in words to a specification: rules read the kind, the numbers, the people and what is said of them. Nothing is guessed: what is missing or not
// understood becomes a question.
#pragma once

#include <functional>
#include <optional>

#include "contract/specification.h"

namespace ptah {

/// A request that would harm those who use the contract.
struct ContractRefusal {
  std::string rule;    ///< "honeypot"
  std::string reason;  ///< a sentence
};
/// What is harmful in a request, if anything is.
std::optional<ContractRefusal> harmful_request(const std::string& words);

struct ContractReading {
  ContractSpec spec;
  std::vector<ContractQuestion> questions;  ///< none: the contract can be written
  std::vector<std::string> assumed;         ///< what was not said, and what holds instead
  std::vector<std::string> unused;          ///< parts of the request that changed nothing
};

/// Names the kind that a sentence is nearest to in meaning; empty if it cannot say.
using NearestContract = std::function<std::string(const std::string& words)>;

struct ReadingOptions {
  std::vector<std::string> set = {};     ///< answers, "goal=50 ETH", "kind=escrow", "name=Fund", "pausable=no", "owner=0x…"
  std::vector<std::string> ignore = {};  ///< parts of the request that need not be understood
  NearestContract nearest = {};          ///< asked if the rules find no kind
};
/// Errors: invalid_argument (nothing is said, more than kMaxContractWords, text that is not UTF-8, an answer to nothing), unsupported (a harmful request, with
/// the reason).
Result<ContractReading> read_contract(const std::string& words, const ReadingOptions& options = {});

/// Puts answers into a specification. Errors: invalid_argument.
Result<void> apply_answers(ContractSpec& spec, const std::vector<std::string>& answers);

/// The kind that the words ask for by the rules, empty if none does clearly; and how clearly.
std::string kind_by_rules(const std::string& words, double* lead = nullptr);

}  // namespace ptah
