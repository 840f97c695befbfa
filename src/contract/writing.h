// From a specification to its files: Solidity over OpenZeppelin's contracts, tests for forge, and an explanation. All by templates of Ptah's own
// (contracts/writer); what people wrote reaches them as checked identifiers, string literals and comments only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "contract/specification.h"

namespace ptah {

/// Where the templates lie: $PTAH_CONTRACT_TEMPLATES, else `contracts/writer` above the running program, else share/ptah/contract-templates. Errors: not_found.
Result<std::string> contract_templates();

struct ContractText {
  std::string contract;                      ///< the identifier of the contract that is deployed
  std::map<std::string, std::string> files;  ///< "Fund.sol", "Fund.t.sol", "Base.sol", "explanation.md", "specification.json"
};
/// The same specification gives the same bytes. Errors: invalid_argument (it is not complete: the first question), not_found, corrupt (a template).
Result<ContractText> contract_text(const ContractSpec& spec, const std::vector<std::string>& assumed = {});

/// The arguments that have to be given when it is deployed, in order: ids with the address that the specification names for them, if it does.
std::vector<ContractParty> deployment_arguments(const ContractSpec& spec);
/// The identifier of the contract.
std::string contract_identifier(const ContractSpec& spec);

}  // namespace ptah
