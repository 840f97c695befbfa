// What people name when they mean an object.
#pragma once

#include <filesystem>

#include "base/error.h"

namespace ptah {

/// The file that is meant: the object in a work's folder, a shape of the library by its name ("chair"), or the file itself. Errors: not_found, with the nearest
/// name of a shape if there is a near one.
Result<std::filesystem::path> object_file(const std::filesystem::path& given);

}  // namespace ptah
