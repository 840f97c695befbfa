// Smart contracts of sentences: Solidity, tests and an explanation.
#pragma once

#include <string>
#include <vector>

#include "ptah/engine.h"
#include "ptah/result.h"

namespace ptah {

/// One of `text` and `specification` has to be given.
struct ContractRequest {
  std::string text;                      ///< what the contract is to do, in English: "crowdfund 50 ETH in 30 days, with refunds"
  std::string specification = {};        ///< instead: the text of a specification.json (docs/contract-writer.md)
  std::vector<std::string> set = {};     ///< answers: "goal=50 ETH", "name=Fund"
  std::vector<std::string> ignore = {};  ///< parts of the text that need not be understood
};

/// NAME.sol, NAME.t.sol (tests for forge), Base.sol, specification.json, explanation.md and a receipt; Engine::replay makes it again. Fails with
/// "invalid_argument" (what is missing or not understood, a line each), "unsupported" (a contract that would harm its users, with the reason), "corrupt" (the
/// specification).
Outcome<MadeWork> make_contract(const ContractRequest& request, const MakeOptions& options = {});

}  // namespace ptah
