// `ptah read take`: a reading session in the terminal.
#pragma once

#include "cli/commands/commands.h"

namespace ptah::cli {

/// Adds `take` to `ptah read`.
void add_read_take(CLI::App& read, Action& action);

}  // namespace ptah::cli
