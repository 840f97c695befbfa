// What a signer is asked to sign, in words for the person who decides.
#pragma once

#include <string>
#include <vector>

#include "own/remote_signer.h"

namespace ptah {

/// Lines that say what a digest stands for: a transaction's chain, receiver, sum, fees and call (by name, where it is one of our contracts' functions), or the
/// domain and every signed field of typed data. The digest is made again of what is shown, so nothing can be shown that is not signed, and everything a
/// stranger wrote is printable. Nothing is known of a bare digest: that is said in one line. Errors: mismatch (the digest is of something else), corrupt (a
/// subject that is none, or too large to be shown).
Result<std::vector<std::string>> describe_signing_request(const SigningRequest& request);

}  // namespace ptah
