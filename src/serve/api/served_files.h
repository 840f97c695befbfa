// Files that requests over HTTP name: bytes that were put here before, outputs of earlier jobs, models in a folder that whoever runs the server chose. A
// request reaches nothing else of the computer.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "base/json.h"
#include "schema/schema.h"

namespace ptah {

/// What a request names and where it lies.
struct NamedFile {
  std::filesystem::path place;
  std::string identity;  ///< the same for the same bytes: "sha256:…", or of a model its name, size and time
};

class ServedFiles {
 public:
  /// `folder` is the job store's; `checkpoints` holds models of the user's own (empty: none).
  ServedFiles(const std::filesystem::path& folder, std::filesystem::path checkpoints);

  /// Keeps somebody's bytes under their SHA-256 (64 hexadecimal digits). Errors: mismatch (they have another one), invalid_argument (it is none), no_space, io.
  Result<void> put(const std::string& owner, const std::string& sha256, std::span<const uint8_t> bytes) const;
  /// Where bytes lie that somebody put here, or named as an output of theirs: who only knows the digest, from a receipt, does not get them. Errors: not_found,
  /// invalid_argument.
  Result<std::filesystem::path> find(const std::string& owner, const std::string& sha256) const;

  /// The place and SHA-256 of an output of a job, as "job_12/object.glb" names it. Errors: not_found.
  using FindOutput = std::function<Result<std::pair<std::filesystem::path, std::string>>(const std::string& job, const std::string& name)>;
  /// The given values of a request with every file that they name replaced by its place, and in `identities` by what identifies it. Files are named
  /// "sha256:HEX/chair.glb" (the name, from which the format is known, may be left out), "job_12/object.glb", or by a path within the folder of
  /// checkpoints; a plain word ("chair", "smollm2") stays what it is. Errors, with the field: not_found; invalid_argument (another path, a file to write).
  Result<Json> resolved(const std::string& owner, const Schema& schema, const Json& given, const FindOutput& find_output, Json& identities) const;
  /// A folder with nothing in it, in which workers run, so that plain words name no file.
  std::filesystem::path empty_folder() const { return folder_ / "empty"; }

 private:
  Result<NamedFile> named(const std::string& owner, const std::string& said, const FindOutput& find_output) const;
  std::filesystem::path blob(const std::string& sha256) const { return folder_ / "blobs" / sha256.substr(0, 2) / sha256; }
  /// An empty file that says that somebody has these bytes.
  std::filesystem::path claim(const std::string& owner, const std::string& sha256) const;
  Result<void> admit(const std::string& owner, const std::string& sha256) const;
  Result<std::filesystem::path> with_name(const std::filesystem::path& bytes, const std::string& sha256, const std::string& name) const;

  std::filesystem::path folder_, checkpoints_;
};

/// Of a file's name: letters, digits, '.', '-' and '_', not beginning with '.', at most 120.
bool is_plain_file_name(std::string_view name);

}  // namespace ptah
