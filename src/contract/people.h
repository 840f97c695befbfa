// Names of people in a contract.
#pragma once

#include "contract/specification.h"

namespace ptah {

/// Identifiers of those who share or sign, different from one another: of an item's title, or "signer1".
std::vector<std::string> item_identifiers(const ContractSpec& spec);

}  // namespace ptah
