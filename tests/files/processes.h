// Steps that are run in processes of their own: at the same time, or killed at every change of the disk.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <vector>

#include "base/error.h"
#include "kill_at.h"

namespace ptah {

/// How many of `count` processes that run `step` at once succeed.
inline int succeeding(int count, const std::function<bool(int)>& step) {
  int gate[2];
  if (::pipe(gate) != 0) return -1;
  std::vector<pid_t> children;
  for (int i = 0; i < count; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(gate[1]);
      char c = 0;
      (void)!::read(gate[0], &c, 1);  // all begin when the last is there
      const auto done = guard([&]() -> Result<bool> { return step(i); });
      ::_exit(done && *done ? 0 : 1);
    }
    children.push_back(child);
  }
  ::close(gate[0]);
  ::close(gate[1]);
  int good = 0;
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    good += WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  return good;
}

/// Runs `step` from what `prepare` makes, killed before its first, second … change of the disk, until it comes to its end. `check` looks at what is left;
/// how many kills there were.
inline int killed_everywhere(const std::function<void()>& prepare, const std::function<bool()>& step, const std::function<void(bool killed)>& check) {
  for (int n = 1; n < 2000; ++n) {
    prepare();
    const pid_t child = ::fork();
    if (child == 0) {
      kill_at(n);
      const auto done = guard([&]() -> Result<bool> { return step(); });
      ::_exit(done && *done ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    const bool killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    SCOPED_TRACE(fmt::format("killed at call {}", n));
    check(killed);
    if (testing::Test::HasFailure()) return n;
    if (!killed) {
      EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << "the step fails by itself";
      return n - 1;
    }
  }
  ADD_FAILURE() << "no end";
  return 0;
}

}  // namespace ptah
