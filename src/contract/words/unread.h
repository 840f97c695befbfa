// What of a request was not understood.
#pragma once

#include "contract/words/matching.h"
#include "contract/words/reader.h"

namespace ptah {

/// Asks about wishes that no rule understood ("the owner must wear a hat"), and about what is known and cannot be done (upgrades); lists other words that
/// changed nothing.
void read_unread(RequestWords& words, const ContractKind& kind, ContractReading& out);

}  // namespace ptah
