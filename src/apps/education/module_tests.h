// Unit tests and exercises for modules. What is right comes only from running the module; tests are kept for the mutants that they tell from it (DeMillo,
// Lipton, Sayward 1978), and are accepted when the module passes them five times.
#pragma once

#include "apps/education/exercise.h"

namespace ptah {

struct ModuleTestOptions {
  uint64_t seed = 0;
  double seconds = 8;                  ///< for each function
  int64_t mutants = 60;                ///< of each function at most
  int64_t exercises = 3;               ///< of each function and kind at most; 0: none
  std::vector<std::string> functions;  ///< only these; empty: all that are public (JavaScript: that are exported)
};

struct ModuleTests {
  std::string file;  ///< text for unittest and pytest, or node:test
  std::string name;  ///< of that file: test_MODULE.py
  int64_t tests = 0, candidates = 0, mutants = 0, killed = 0;
  Json functions;                                            ///< of each function: name, tests, mutants, killed, survivors ([{"line", "kind"}])
  std::vector<std::pair<std::string, std::string>> skipped;  ///< functions without tests, and why
  std::vector<Exercise> exercises;
};

/// Errors: invalid_argument for what is no module of its language, or no function can be tested; unsupported (sandbox_ready()); not_found without
/// /usr/bin/python3 or /usr/bin/node.
Result<ModuleTests> make_module_tests(const CodeModule& module, const ModuleTestOptions& options, const CancelToken* cancel = nullptr);

/// Whether a module passes a file of tests, so many times one after the other; each time in a sandbox of its own. Tests and module share a process: for modules
/// of strangers use grade_exercise(), which they cannot deceive.
Result<Graded> grade_tests(const CodeModule& module, const std::string& test_name, const std::string& tests, int times = 1,
                           const CancelToken* cancel = nullptr);

}  // namespace ptah
