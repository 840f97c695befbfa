// Where a work is kept: its folder's name, and how it gets there without anything of the user's being lost.
#pragma once

#include <filesystem>
#include <string>

#include "work/receipt.h"

namespace ptah {

/// What happens if the folder's name is taken.
enum class IfTaken {
  refuse,   ///< invalid_argument, unless it is an empty folder
  count,    ///< NAME-2, NAME-3 …: the first that is free
  replace,  ///< the work there gives way, once the new one is whole, if nothing in it was changed or added
};

/// Writes a work into a folder, all or nothing; where it is now. Errors: invalid_argument (taken; or to be replaced and not a work, changed, or with files that
/// are not the work's), permission, no_space, io, unsupported (replace on a file system that cannot exchange two folders).
Result<std::filesystem::path> write_work(const Work& work, const std::filesystem::path& folder, IfTaken if_taken = IfTaken::refuse);

/// Errors: invalid_argument, naming what would be lost if the work in a folder were replaced. A folder that is not there can be replaced.
Result<void> check_replaceable(const std::filesystem::path& folder);

/// A folder's name from a prompt or a file's name: letters and digits of every script in lower case, "-" between words, at most 80 bytes; "work" if none is
/// left.
std::string folder_name(const std::string& text);

}  // namespace ptah
