// Programs of others, run and waited for.
#pragma once

#include <string>
#include <vector>

#include "base/progress.h"

namespace ptah {

struct ProcessOutcome {
  int exit_status = 0;  ///< 128 + signal if one ended it
  std::string output;   ///< the last 64 KiB of what it printed, both streams
};

/// Runs a program (looked for in PATH) with arguments, without a shell and without input. A cancelled run is ended with SIGTERM.
/// Errors: not_found if there is no such program, cancelled, io.
Result<ProcessOutcome> run_program(const std::vector<std::string>& command, const CancelToken* cancel = nullptr);

}  // namespace ptah
