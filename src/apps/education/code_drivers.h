// The programs that make tests and exercises for modules, and that run learners' modules; all of them inside the sandbox.
#pragma once

namespace ptah::detail {

/// A driver is Inputs + Tools (Python: Exercises + Mutants) + Main. It reads the module and options.json of its folder ({"seconds", "seed", "mutants",
/// "faults", "functions"}) and prints one line of JSON: {"functions": [{"name", "tests", "candidates", "mutants", "killed", "survivors", "exercises"}],
/// "skipped": [[name, why]]}. A test is [[arguments as literals], ["is", literal] or ["raises", name]]; an exercise {"kind", "fault", "line", "module",
/// "cases", "was", "goal", "now"}, its cases the places of tests that it fails. A grader is all but Main, and Grader. It reads {"module", "function", "calls"}
/// from standard input and prints {"outcomes", "problem"}; for {"module", "function", "pairs"} it runs nothing and prints {"same", "measure", "problem"}.
extern const char* const kPythonInputs;  ///< what calls a function, and with what
extern const char* const kPythonExercises;
extern const char* const kPythonMutants;  ///< what changes it
extern const char* const kPythonMain;
extern const char* const kPythonGrader;
extern const char* const kJavascriptInputs;
extern const char* const kJavascriptTools;
extern const char* const kJavascriptMain;
extern const char* const kJavascriptGrader;

}  // namespace ptah::detail
