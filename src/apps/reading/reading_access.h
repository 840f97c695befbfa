// Who may read for a reward: a list of addresses that a community's key has signed.
#pragma once

#include <vector>

#include "apps/reading/reading.h"

namespace ptah {

struct ReaderList {
  std::vector<Address> readers;  ///< in ascending order, each once
  uint64_t expires = 0;          ///< seconds since 1970
  Bytes32 article{};             ///< of this article only
  Signature signature{};
};
/// The typed data that is signed: Readers(bytes32 article, bytes32 readers, uint256 expires) in the domain of the article's contract; `readers` is keccak256 of
/// the addresses one after the other.
Json reader_list_data(const ReadingTerms& terms, const ReaderList& list);
/// Sorts the addresses and signs. Errors: invalid_argument for an empty list; what the signer says.
Result<ReaderList> sign_reader_list(const ReadingTerms& terms, ReaderList list, const Signer& signer);

Json to_json(const ReaderList& list);
/// Errors: corrupt.
Result<ReaderList> reader_list(const Json& json);

/// Days since 1970 (UTC).
int64_t day_of(double seconds);

}  // namespace ptah
