// A work that was made, signed and put where it belongs.
#pragma once

#include <optional>
#include <string>

#include "own/keys.h"
#include "work/place.h"

namespace ptah {

/// The key that signs works where none is named.
inline constexpr const char* kUsualKey = "maker";
/// The key of this computer that signs works: the one of this name, or the usual one, if there is one, for an empty name. Errors: not_found (the named one),
/// those of KeyStore::find().
Result<std::optional<KeyInfo>> signing_key_info(const std::string& name);

/// How works are signed.
struct Signing {
  const Key* key = nullptr;    ///< null: not signed
  std::string authority = {};  ///< asked for the time (RFC 3161) if not empty
};

/// Signs the receipt and puts content credentials into the files. An authority that does not answer takes nothing away, for the work may have taken an hour: it
/// is signed without a time-stamp, and `note` says why. Errors: what the signer says.
Result<Work> signed_work(Work work, const Signing& signing, std::string& note);

struct FinishedWork {
  std::filesystem::path folder;
  Work work;         ///< as it was written
  std::string note;  ///< what could not be done; may be empty
};
/// Signs a work, if there is a key, and writes it. Errors: as signed_work and write_work.
Result<FinishedWork> finish_work(Work work, const Signing& signing, const WorkPlace& place);

}  // namespace ptah
