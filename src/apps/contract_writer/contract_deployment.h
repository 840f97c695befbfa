// Puts a written and checked contract on a chain.
#pragma once

#include <filesystem>
#include <functional>
#include <map>

#include "chain/account.h"
#include "contract/writing.h"

namespace ptah {

/// A folder of `contract write` with its build, ready to be deployed.
struct DeployableContract {
  ContractSpec spec;
  std::string contract;
  std::vector<ContractParty> arguments;   ///< that its constructor takes
  std::map<std::string, Artifact> built;  ///< every contract of its source, by name
  std::map<std::string, std::string> sha256;
};
/// Errors: not_found (no contract, no build), mismatch (a file is not that of its receipt, the build is of other sources, the code is not that of the
/// receipt, or a check did not pass).
Result<DeployableContract> deployable_contract(const std::filesystem::path& folder);

struct DeployedContract {
  Address place{};
  std::map<std::string, Address> others;  ///< that came with it: the timelock and the token of a governor
};
/// Creates it. `people`: an address for each argument. A governor comes with its timelock, which is told of it and then given up by this account. `made` is
/// told of each contract. Errors: invalid_argument (an address is missing, or for nothing), as Account::transact.
Result<DeployedContract> deploy_contract(const Account& account, const DeployableContract& contract, const std::map<std::string, Address>& people,
                                         const SendOptions& options = {}, const std::function<void(const std::string& name, const Address& place)>& made = {});

}  // namespace ptah
