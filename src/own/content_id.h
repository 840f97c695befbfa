// Content ids as IPFS computes them: where a file lies in the network follows from its bytes.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/sha256.h"

namespace ptah {

/// How a file is cut (profile unixfs-v1-2025).
struct UnixFsLayout {
  size_t chunk = size_t{1} << 20;  ///< bytes of a leaf
  size_t width = 1024;             ///< links of a node
};

/// The CID (version 1, base32) of a file's bytes: a raw block, or a balanced UnixFS tree of raw leaves if it is longer than a chunk.
std::string content_id(std::span<const uint8_t> bytes, const UnixFsLayout& layout = {});
/// Errors: as MappedFile::open.
Result<std::string> content_id_of_file(const std::filesystem::path& path);
/// That of a file of at most a chunk, from its SHA-256.
std::string raw_content_id(const Digest& sha256);

/// Writes the blocks of files into one archive (CAR, version 1) that IPFS takes in; the roots are their content ids, which are returned. Errors: as
/// MappedFile::open and write_new_file.
Result<std::vector<std::string>> write_car(const std::filesystem::path& path, const std::vector<std::filesystem::path>& files);

}  // namespace ptah
