// What has to hold between the terms of each kind of contract.
#pragma once

#include "contract/specification.h"

namespace ptah {

/// Adds a question for each term that is missing, out of its range, or against another one.
void check_terms(const ContractSpec& spec, const ContractKind& kind, std::vector<ContractQuestion>& questions);

}  // namespace ptah
