// Programs of others, run and waited for. They are looked for in folders of the system, never in the working folder or in PATH, get only the variables of the
// environment that they need (the user's folders, language, proxies, certificates and package index), and work in /; so nothing that lies where Ptah was called
// can take their place or be loaded by them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"

namespace ptah {

struct ProcessOutcome {
  int exit_status = 0;  ///< 128 + signal if one ended it
  std::string output;   ///< the last 64 KiB of what it printed, both streams
};

/// Where programs are looked for: the absolute folders of $PTAH_PROGRAMS (colons between them), then /usr/local/bin, /usr/bin, /bin.
std::vector<std::filesystem::path> program_folders();
/// Errors: not_found, invalid_argument (a name with a slash that is no absolute path).
Result<std::filesystem::path> find_program(const std::string& name);

/// Runs a program (a name or an absolute path) with arguments, without a shell and without input. Paths among the arguments have to be absolute. A cancelled
/// run is ended with SIGTERM. Errors: as find_program, cancelled, io.
Result<ProcessOutcome> run_program(const std::vector<std::string>& command, const CancelToken* cancel = nullptr);

/// Starts a program that outlives this one: a process group of its own, both streams to `log` (rewritten, for its owner only). Returns its process id.
Result<int64_t> start_program(const std::vector<std::string>& command, const std::filesystem::path& log);

/// How long this thread has been ready to run and waited for a processor, in nanoseconds since it began; nothing if the system does not say. Takes some
/// microseconds.
std::optional<int64_t> waited_for_processor();

}  // namespace ptah
