// ZIP archives for formats that are one: 3MF and USDZ.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace ptah {

struct ZipEntry {
  std::string name;  ///< with / between folders
  Bytes bytes;
};

/// The entries in their order, compressed where that helps, or stored with their bytes at multiples of `alignment` (USDZ: 64). The date is always 1980-01-01,
/// so that the same entries give the same bytes. Errors: unsupported for 4 GiB and more (no ZIP64).
Result<Bytes> zip_archive(const std::vector<ZipEntry>& entries, size_t alignment = 0);

}  // namespace ptah
