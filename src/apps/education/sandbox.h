// Programs of strangers, run where they can do no harm: no network, no files but those given, bounded in time, memory, output and processes. Linux namespaces,
// Landlock, seccomp and resource limits, one behind the other; if the kernel lacks one of them, nothing is run.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/progress.h"

namespace ptah {

struct SandboxLimits {
  double seconds = 10;                        ///< by the clock, and of processor time for each process
  int64_t memory_bytes = int64_t{512} << 20;  ///< of each process's addresses, or of its data alone if address_bytes is more
  int64_t address_bytes = 0;                  ///< for programs that reserve addresses which they never use
  int64_t file_bytes = int64_t{16} << 20;     ///< of all files that it writes
  int64_t output_bytes = int64_t{1} << 20;    ///< of each stream; more ends it
  int64_t processes = 16;                     ///< threads too
};

struct SandboxRun {
  int exit_status = 0;  ///< 128 + signal if one ended it
  std::string output, errors;
  bool timed_out = false;  ///< the clock's time was over
  bool too_much = false;   ///< it printed more than it may
  double seconds = 0;
};

/// Nothing if programs can be run here. Errors: unsupported, with the part that the kernel lacks, or does not allow, and what to do.
Result<void> sandbox_ready();

/// Runs a program (an absolute path below /usr) with arguments. It sees /usr read-only, /dev/null, /dev/zero, /dev/urandom, and a folder of its own in memory
/// with `files` (names without folders), where it begins and may write; nothing of that outlasts it. Errors: as sandbox_ready(); invalid_argument, cancelled,
/// io.
Result<SandboxRun> run_sandboxed(const std::vector<std::string>& command, const std::vector<std::pair<std::string, std::string>>& files,
                                 const SandboxLimits& limits, const std::string& input = "", const CancelToken* cancel = nullptr);

}  // namespace ptah
