// Files that a file of a mesh refers to: buffers, materials, textures.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/file.h"

namespace ptah {

/// The bytes of a file by its name relative to the file that refers to it.
using NeighbourFiles = std::function<Result<Bytes>(const std::string& name)>;

/// Reads files in and below one folder, at most 1 GiB in all. Errors: permission for names that lead out of it, also over links; those of read_file().
NeighbourFiles files_below(const std::filesystem::path& folder);

}  // namespace ptah
