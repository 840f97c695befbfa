// From words, or a specification, to a contract as a work: Solidity, tests, an explanation, and the receipt with which the same is written again.
#pragma once

#include "base/progress.h"
#include "contract/words/reader.h"
#include "contract/words/tokens.h"
#include "schema/schema.h"
#include "work/plan.h"
#include "work/receipt.h"

namespace ptah {

/// What a receipt calls a written contract.
inline constexpr const char* kContractKind = "contract";

/// All that can be asked of `contract write`. One of `text` and `specification` has to be given.
struct ContractTask {
  std::string text;                      ///< what the contract is to do
  std::string specification;             ///< instead: the text of a specification.json
  std::vector<std::string> set = {};     ///< answers: "goal=50 ETH"
  std::vector<std::string> ignore = {};  ///< parts of the text that need not be understood
};
const SchemaOf<ContractTask>& contract_schema();

/// What was understood, with questions if something is missing. Errors: those of read_contract() and contract_spec().
Result<ContractReading> read_contract_task(const ContractTask& task, const NearestContract& nearest = {});
/// The kind whose examples are nearest to words (all-MiniLM-L6-v2, cosine of at least 0.35 and 0.03 above the next kind's); says none without the model, which
/// is looked for in `models` (empty: the shipped ones).
NearestContract nearest_contract_kind(const std::filesystem::path& models);

/// NAME.sol, NAME.t.sol, Base.sol, specification.json, explanation.md and a receipt; facts: "assumed" and "unused". Errors: invalid_argument with the questions
/// that are open, a line each; unsupported for a harmful request.
Result<Work> contract_work(const ContractTask& task, const NearestContract& nearest = {}, bool receipt = true);
/// The work of a receipt again, from its specification: its words are not read again. Errors: also mismatch if the templates are others.
Result<Work> replay_contract(const Json& receipt);

}  // namespace ptah
