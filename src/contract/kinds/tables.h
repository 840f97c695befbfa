// The rows of the table of kinds.
#pragma once

#include "contract/kinds.h"

namespace ptah {

ContractKind token_kind();
ContractKind collection_kind();
ContractKind editions_kind();
ContractKind vesting_kind();
ContractKind escrow_kind();
ContractKind crowdfunding_kind();
ContractKind auction_kind();
ContractKind staking_kind();
ContractKind splitter_kind();
ContractKind multisig_kind();
ContractKind governor_kind();
ContractKind sale_kind();
ContractKind subscription_kind();
ContractKind registry_kind();
ContractKind reward_kind();

inline constexpr double kMaxTokenAmount = 1e30;
inline constexpr double kHour = 3600, kDay = 86400, kYear = 365 * 86400.0;

}  // namespace ptah
