// The program that makes tests for modules in Python; it runs inside the sandbox.
#pragma once

#include <string>

namespace ptah {

namespace detail {
extern const char* const kPythonInputs;   ///< what calls a function, and with what
extern const char* const kPythonMutants;  ///< what changes it, and the main program
}  // namespace detail

/// Reads module.py and options.json of its folder ({"seconds", "seed", "mutants", "faults", "functions"}) and prints one line of JSON: {"functions": [{"name",
/// "tests", "candidates", "mutants", "killed", "survivors", "faults"}], "skipped": [[name, why]]}. A test is [[arguments as literals], ["is", literal] or
/// ["raises", name]].
inline std::string python_driver() { return std::string(detail::kPythonInputs) + detail::kPythonMutants; }

}  // namespace ptah
