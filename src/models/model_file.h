// Model files whose digest is known before they are believed.
#pragma once

#include "base/sha256.h"
#include "weights/safetensors.h"

namespace ptah {

struct ModelFile {
  TensorFile content;
  std::string digest;
  int64_t bytes = 0;
};

/// Maps and parses a safetensors file; with a non-empty digest (hex SHA-256) it must have that. Errors: not_found, corrupt, mismatch; messages name the file.
inline Result<ModelFile> open_model(const std::filesystem::path& path, const std::string& sha256_hex_wanted) {
  PTAH_TRY(const auto mapped, MappedFile::open(path));
  const std::string digest = sha256_hex(mapped->bytes());
  if (!sha256_hex_wanted.empty() && digest != sha256_hex_wanted)
    return fail(ErrorCode::mismatch, "{} has SHA-256 {}…; expected {}…: restore the file", path.string(), digest.substr(0, 12),
                sha256_hex_wanted.substr(0, 12));
  auto parsed = parse_safetensors(mapped->bytes(), mapped);
  if (!parsed) return fail(parsed.error().code, "{}: {}", path.string(), parsed.error().message);
  return ModelFile{std::move(*parsed), digest, static_cast<int64_t>(mapped->bytes().size())};
}

}  // namespace ptah
