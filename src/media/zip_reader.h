// ZIP archives as they come from outside.
#pragma once

#include <map>
#include <span>
#include <string>

#include "base/error.h"
#include "base/file.h"

namespace ptah {

/// The entries of an archive by name (with / between folders, none at the beginning), stored or deflated; no ZIP64, nothing encrypted. The bytes have to
/// outlive it.
class ZipReader {
 public:
  /// Errors: corrupt, unsupported.
  static Result<ZipReader> open(std::span<const uint8_t> bytes);
  bool has(const std::string& name) const { return entries_.contains(name); }
  /// The name of the file that the directory has first; empty if there is none.
  const std::string& first() const { return first_; }
  /// One entry unpacked, its checksum checked. Errors: not_found, corrupt, over_budget if all that was read from this archive is more than `max_bytes`.
  Result<Bytes> read(const std::string& name, size_t max_bytes);

 private:
  struct Entry {
    uint32_t method, crc;
    size_t size;
    std::span<const uint8_t> packed;
  };
  std::map<std::string, Entry> entries_;
  std::string first_;
  size_t read_ = 0;
};

}  // namespace ptah
