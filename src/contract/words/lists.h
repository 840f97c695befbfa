// Requests that list things: editions with their copies and prices, people with their shares, owners of a wallet.
#pragma once

#include "contract/specification.h"
#include "contract/words/matching.h"

namespace ptah {

/// Each takes the quantities that it understands: `taken` says which tokens.
void read_editions(RequestWords& words, ContractSpec& spec, std::vector<bool>& taken);
void read_shares(RequestWords& words, ContractSpec& spec, std::vector<bool>& taken);
void read_owners(RequestWords& words, ContractSpec& spec, std::vector<bool>& taken);

}  // namespace ptah
