// The commands that make Ptah's own pictures, objects and texts again, from their receipts.
#pragma once

#include <filesystem>
#include <string>

#include "base/json.h"

namespace ptah {

/// The command (`ptah create`, `ptah shape`, `ptah convert` …) with everything that the receipt of a work asks for; `file` is the work's folder or a file in
/// it, beside which lie the pictures and meshes it started from. Those that are not there are named in comments above it. Errors: unsupported for other kinds.
Result<std::string> work_command(const Json& receipt, const std::filesystem::path& file);

}  // namespace ptah
