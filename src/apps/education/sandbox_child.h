// The side of the sandbox that is inside: called between fork() and exec(), so it allocates nothing and only makes system calls.
#pragma once

#include "apps/education/sandbox.h"

namespace ptah::detail {

/// The only folder of a sandbox that can be written: in memory, below the sandbox's own root. Programs begin in it.
inline constexpr const char* kSandboxFolder = "/scratch";

/// All that the child needs, made before the fork.
struct SandboxPlan {
  std::vector<char*> arguments, variables;
  struct File {
    std::string path, content;
  };
  std::vector<File> files;             ///< below kSandboxFolder
  std::string uid_map, gid_map, size;  ///< lines for /proc/self, and options of tmpfs
  SandboxLimits limits;
  int user = -1;                                          ///< and group, that the process becomes outside; −1: it stays who it is
  int input = -1, output = -1, errors = -1, report = -1;  ///< descriptors
};

/// What is told through `report` if a step fails.
struct SandboxProblem {
  int step = 0, error = 0;
};
const char* sandbox_step(int step);

/// Never returns: becomes the program, or reports and ends.
[[noreturn]] void enter_sandbox(const SandboxPlan& plan);

}  // namespace ptah::detail
