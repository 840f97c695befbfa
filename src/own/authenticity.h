// Whether a work, or anybody's file, is what it says it is: its receipt, its maker's signature, its content credentials, and what of it was changed.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "own/content_credentials.h"
#include "own/signed_receipt.h"
#include "work/verification.h"

namespace ptah {

/// Whom somebody trusts: authorities, makers, and their own keys.
struct Trust {
  std::vector<Bytes> anchors;
  std::vector<Address> makers;
  std::vector<KeyInfo> keys;
};
/// From addresses (0x…) and PEM files of authorities. Errors: as parse_address and read_certificates.
Result<Trust> read_trust(const std::vector<std::string>& given);

struct CheckedFile {
  FileCheck file;
  std::optional<ManifestCheck> credentials;
};

/// What was found.
struct Facts {
  std::vector<CheckedFile> files;
  std::vector<std::string> uncovered;
  bool of_ptah = false;  ///< there is a receipt, inside or beside
  Json receipt;
  MakerCheck maker;
  std::string key;  ///< the maker's name among the keys that are trusted as the user's own
  bool maker_trusted = false;
  bool of_another = false;        ///< the receipt in the credentials is that of another work
  std::string claims, watermark;  ///< of a file with nothing to check: the source its XMP names; the work's mark in its pixels
  bool marked_sound = false;      ///< its sound holds the mark of Ptah's speech
};
/// Looks at a work's folder or receipt.json, or a single file, anybody's. Errors: not_found, invalid_argument (no regular file), corrupt, io.
Result<Facts> look_at(const std::filesystem::path& path, const Trust& trust);

/// What everything that was looked at comes to.
enum class Verdict { trusted, valid, unknown, changed };
struct VerdictInfo {
  const char* name;
  int exit_status;
};
VerdictInfo info_of(Verdict verdict);
/// With a sentence that says why.
std::pair<Verdict, std::string> verdict_of(const Facts& facts);

}  // namespace ptah
