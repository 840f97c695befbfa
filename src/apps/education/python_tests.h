// Unit tests and exercises for modules in Python. What is right comes only from running the module; tests are kept for the mutants that they tell from it
// (DeMillo, Lipton, Sayward 1978), and are accepted when the module passes them five times.
#pragma once

#include "apps/education/sandbox.h"
#include "base/json.h"

namespace ptah {

struct PythonTestOptions {
  uint64_t seed = 0;
  double seconds = 8;                  ///< for each function
  int64_t mutants = 60;                ///< of each function at most
  int64_t exercises = 3;               ///< of each function at most
  std::vector<std::string> functions;  ///< only these; empty: all that are public
};

/// A fault planted into a function, told by a test that the reference passes.
struct PlantedFault {
  int64_t line = 0;                ///< of the module
  std::string kind;                ///< "a comparison"
  std::string module;              ///< the module with the fault
  std::string function;            ///< that holds it
  std::vector<std::string> hints;  ///< from vague to plain
};

struct PythonTests {
  std::string file;  ///< test_module.py, for unittest and pytest
  int64_t tests = 0, candidates = 0, mutants = 0, killed = 0;
  Json functions;                                            ///< of each function: name, tests, mutants, killed, survivors ([{"line", "kind"}])
  std::vector<std::pair<std::string, std::string>> skipped;  ///< functions without tests, and why
  std::vector<PlantedFault> faults;
  double seconds = 0;
};

constexpr int kPasses = 5;

/// Tests for a module of up to 200 kB (its text; `name` without .py). Errors: invalid_argument for what is no Python, or no function can be tested; unsupported
/// (sandbox_ready()); not_found without /usr/bin/python3.
Result<PythonTests> make_python_tests(const std::string& module, const std::string& name, const PythonTestOptions& options,
                                      const CancelToken* cancel = nullptr);

/// Whether a module passes tests, so many times one after the other; each time in a sandbox of its own. What went wrong is in `why`.
struct Graded {
  bool passed = false;
  int64_t tests = 0, failed = 0;
  std::string why;  ///< the first failure, at most 2,000 bytes
};
Result<Graded> grade_python(const std::string& module, const std::string& name, const std::string& tests, int times = 1, const CancelToken* cancel = nullptr);

}  // namespace ptah
