// Exercises: a module that a learner changes, and what it has to do then.
#pragma once

#include <optional>

#include "apps/education/code_language.h"

namespace ptah {

constexpr int kPasses = 5;

/// Statements of a function, and how deep its loops and conditions are nested.
struct CodeMeasure {
  int64_t statements = 0, depth = 0;
};

/// Kinds: "repair" (one fault was planted), "extend" (a branch was left out: make it handle …), "refactor" (it works, and is longer than it has to be).
struct Exercise {
  std::string kind, language, function;
  CodeModule start;                 ///< what the learner begins with
  std::string reference;            ///< a module that passes
  Json cases = Json::array();       ///< [[arguments as literals], ["is", literal] or ["raises", name]]
  std::optional<CodeMeasure> goal;  ///< of refactor: no more than that
  std::string task;                 ///< Markdown
  std::vector<std::string> hints;   ///< from vague to plain
};
Json to_json(const Exercise& exercise);
/// {"format": "ptah exercises 1", "items"}
Json exercises_json(const std::vector<Exercise>& exercises);
/// Errors: corrupt.
Result<std::vector<Exercise>> read_exercises(const Json& json);

/// How a learner's module did.
struct Graded {
  bool passed = false;
  int64_t tests = 0, failed = 0;
  std::string why;  ///< the first failure, at most 2,000 bytes
};

/// Runs an answer in a sandbox. Only the arguments of calls go in, and what comes out is compared outside: what is right cannot be read, nor a pass be claimed,
/// from inside. Errors: invalid_argument for what is no text of a module; unsupported, not_found, cancelled as run_sandboxed().
Result<Graded> grade_exercise(const Exercise& exercise, const std::string& answer, const CancelToken* cancel = nullptr);

/// Exercises of a function that a driver proposed (code_drivers.h), whose reference passes five times and whose start does not.
Result<std::vector<Exercise>> accepted_exercises(const CodeLanguage& language, const CodeModule& module, const Json& function,
                                                 const CancelToken* cancel = nullptr);

}  // namespace ptah
