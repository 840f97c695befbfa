// Consent: somebody allows, with a signature, that pictures of them are changed; and takes it back.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "own/keys.h"

namespace ptah {

/// What pictures may be used for.
inline constexpr std::array<const char*, 3> kConsentUses{"expression", "gaze", "swap"};

struct Consent {
  std::string person;                 ///< as they call themselves
  std::vector<std::string> pictures;  ///< what they show: pixel_id(), "sha256:…"
  std::vector<std::string> uses;      ///< of kConsentUses
  int64_t from = 0, until = 0;        ///< seconds since 1970; it holds from the first to the second
  Address signer{};                   ///< whose signature it has
  std::string id;                     ///< "sha256:…" of the file's canonical JSON
};

/// What is signed, as EIP-712 typed data: domain {name "Ptah", version "1"}, type Consent(address person,bytes32 consent) with consent = keccak256 of the
/// canonical JSON without "signature". Errors: invalid_argument (nobody, no picture, no use or an unknown one, an end before the beginning, more than ten
/// years), what the signer says.
Result<Json> signed_consent(const Consent& consent, const Signer& signer);
/// A file's content, its signature checked. Errors: corrupt (what is none), mismatch (the signature does not hold), unsupported (another version).
Result<Consent> read_consent(const Json& json);

/// A consent taken back. It counts if it was signed by the key that signed the consent.
struct Revocation {
  std::string consent;  ///< its id
  Address signer{};
};
/// Errors: what the signer says.
Result<Json> signed_revocation(const std::string& consent, int64_t now, const Signer& signer);
/// Errors: as read_consent.
Result<Revocation> read_revocation(const Json& json);

/// Revocations that this computer knows: $PTAH_REVOCATIONS, else "revocations" in the user's data folder; files *.json. A folder that is not there holds none.
/// A file that cannot be read is an error: nothing is allowed as long as it is not known what was taken back.
std::filesystem::path revocations_folder();
Result<std::vector<Revocation>> known_revocations(const std::filesystem::path& folder);

/// Whether one of these consents allows a use of a picture now. Returns it. Errors: permission, saying what is missing: no consent for the picture, not for
/// this use, not yet or not any more, taken back.
Result<Consent> allowing_consent(const std::vector<Consent>& consents, const std::vector<Revocation>& revocations, const std::string& picture,
                                 const std::string& use, int64_t now);

}  // namespace ptah
