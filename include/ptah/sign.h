// Who made a work: its receipt signed, and content credentials in its files.
#pragma once

#include <string>

#include "ptah/engine.h"
#include "ptah/result.h"

namespace ptah {

/// Whose key signs. Keys are those of `ptah key`, in $PTAH_KEYS or the user's data folder.
struct SignOptions {
  std::string key = {};         ///< a key's name; empty: "maker", if there is one
  std::string passphrase = {};  ///< of the key, if it has one
  std::string authority = {};   ///< URL of an authority that is asked for the time (RFC 3161); empty: none
};

struct SignedWork {
  MadeWork work;       ///< save() writes it
  std::string signer;  ///< the key's address ("0x…"); empty: no key was named and there is no "maker", and the work is as it was
  std::string note;    ///< why there is no time-stamp, though an authority was named; else empty
};

/// Signs the receipt of a work that was made and puts content credentials into its files, as the command line does with each work. From the first key on,
/// the process leaves no core dumps. Fails with "not_found" (a named key that is not there), "permission" (a passphrase that is missing or wrong), "corrupt".
Outcome<SignedWork> sign(const MadeWork& work, const SignOptions& options = {});

}  // namespace ptah
