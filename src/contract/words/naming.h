// What a request calls things: the contract's name and symbol, people, addresses.
#pragma once

#include "contract/specification.h"
#include "contract/words/matching.h"

namespace ptah {

/// Takes the name and the symbol out of a request.
void read_names(RequestWords& words, const ContractKind& kind, ContractSpec& spec);
/// Whose each address is; asks where that is not said.
void read_addresses(RequestWords& words, const ContractKind& kind, ContractSpec& spec, std::vector<ContractQuestion>& questions);
/// The words from a token on that name somebody: "the theatre club treasury" → "theatre club treasury"; empty if there are none. Moves `token` behind them.
std::string person_from(const RequestWords& words, size_t& token);
/// The same of the words that end before a token.
std::string person_before(const RequestWords& words, size_t token);

}  // namespace ptah
