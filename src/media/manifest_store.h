// Where C2PA's manifest store lies in a file: read, put in, taken out.
#pragma once

#include <optional>

#include "base/error.h"
#include "base/file.h"

namespace ptah {

/// A file's manifest store and the bytes that hold it, which its hard binding leaves out.
struct ManifestPlace {
  Bytes store;
  size_t start = 0, length = 0;  ///< of the chunk around it, in the file
};

/// Whether a manifest store can lie in a file that begins so (PNG: chunk caBX; JPEG: segments APP11; WAV: chunk C2PA).
bool holds_manifests(std::span<const uint8_t> file);
/// Nothing if the file has none or is of another kind. Errors: corrupt for a broken file.
Result<std::optional<ManifestPlace>> find_manifest(std::span<const uint8_t> file);
/// The file with this store instead of any it had. Errors: corrupt, unsupported (a kind of file that has no place for it).
Result<Bytes> with_manifest(std::span<const uint8_t> file, std::span<const uint8_t> store);
/// The file without its store: what the digests of a receipt are of.
Result<Bytes> without_manifest(std::span<const uint8_t> file);

}  // namespace ptah
