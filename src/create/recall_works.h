// The commands that make Ptah's own pictures, objects and texts again, from their receipts.
#pragma once

#include <filesystem>
#include <string>

#include "base/json.h"

namespace ptah {

/// One argument for a shell and a terminal. A file's name that begins with - would be taken for an option, so ./ comes before it.
std::string shell_quoted(std::string_view raw, bool is_file = false);

/// `ptah create`, `ptah object` or `ptah generate` with everything that the receipt of a work asks for; `file` is the work's folder or a file in it, beside
/// which lie the pictures it started from. What a command cannot say stands in comments above it. Errors: unsupported for other kinds.
Result<std::string> work_command(const Json& receipt, const std::filesystem::path& file);

}  // namespace ptah
