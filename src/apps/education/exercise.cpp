#include "apps/education/exercise.h"

#include "base/text.h"

namespace ptah {

namespace {

constexpr size_t kMaxCases = 500, kMaxWhy = 2000;

std::string outcome_words(const CodeLanguage& language, const Json& outcome) {
  const std::string value = outcome[1].get<std::string>();
  return outcome[0] == "raises" ? fmt::format("{} {}", language.raise, value) : fmt::format("give {}", value);
}

std::string happened(const CodeLanguage& language, const Json& outcome) {
  if (!outcome.is_array() || outcome.size() != 2 || !outcome[0].is_string() || !outcome[1].is_string()) return "gave what is no plain value";
  const std::string value = printable(outcome[1].get_ref<const std::string&>(), 300);
  if (outcome[0] == "late") return "took too long";
  return outcome[0] == "raises" ? fmt::format("{}s {}", language.raise, value) : "gave " + value;
}

/// What the grader prints last.
Result<Json> ask_grader(const CodeLanguage& language, const Json& job, std::string& problem, const CancelToken* cancel) {
  std::vector<std::string> command = language.command;
  command.push_back(language.script);
  PTAH_TRY(const SandboxRun run, run_sandboxed(command, {{language.script, language.grader}}, language.limits, job.dump(), cancel));
  const auto lines = lines_of(run.output);
  const auto json = lines.empty() ? Result<Json>(fail(ErrorCode::corrupt, "nothing")) : parse_json(lines.back(), 8);
  if (run.timed_out || run.too_much || !json || !json->is_object()) {
    problem = run.timed_out ? "it took too long" : run.too_much ? "it printed too much" : "the module ended before its functions were called";
    return Json::object();
  }
  problem = printable(text_at(*json, "problem"), 500);
  return *json;
}

/// Which outcomes are equal, though they are written in two ways (1 and 1.0), and how long the function is.
Result<Json> judged(const CodeLanguage& language, const Exercise& exercise, const std::string& answer, const Json& pairs, const CancelToken* cancel) {
  std::string problem;
  return ask_grader(language, {{"module", answer}, {"function", exercise.function}, {"pairs", pairs}}, problem, cancel);
}

Result<void> check_goal(const Exercise& exercise, const Json& judge, Graded& out) {
  const Json measure = judge.value("measure", Json::object());
  if (!measure.is_object() || !measure.value("statements", Json()).is_number_integer() || !measure.value("depth", Json()).is_number_integer()) {
    out.why = "the function cannot be measured";
    return {};
  }
  const CodeMeasure now{measure["statements"].get<int64_t>(), measure["depth"].get<int64_t>()};
  out.passed = now.statements <= exercise.goal->statements && now.depth <= exercise.goal->depth;
  if (!out.passed)
    out.why = fmt::format("it does what it did; it has {} statements, nested {} deep, and {} and {} are enough", now.statements, now.depth,
                          exercise.goal->statements, exercise.goal->depth);
  return {};
}

bool is_case(const Json& test) {
  if (!test.is_array() || test.size() != 2 || !test[0].is_array() || !test[1].is_array() || test[1].size() != 2) return false;
  for (const Json& argument : test[0])
    if (!argument.is_string()) return false;
  return test[1][0].is_string() && test[1][1].is_string() && (test[1][0] == "is" || test[1][0] == "raises");
}

std::string list_of_cases(const CodeLanguage& language, const std::string& function, const Json& cases, const Json& places, size_t max_cases) {
  std::string out;
  for (size_t i = 0; i < std::min(max_cases, places.size()); ++i) {
    const Json& test = cases[places[i].get<size_t>()];
    out += fmt::format("- `{}` has to {}\n", test_call(function, test), outcome_words(language, test[1]));
  }
  return out;
}

/// Task and hints of a proposal.
void describe(Exercise& e, const CodeLanguage& language, const Json& proposed) {
  const Json& places = proposed["cases"];
  const auto line = proposed["line"].get<int64_t>();
  const std::string was(trimmed(proposed["was"].get<std::string>())), fault = proposed["fault"].get<std::string>();
  const char* const fail = places.size() == 1 ? "fails" : "fail";
  const auto example = [&] {
    const Json& test = e.cases[places[0].get<size_t>()];
    return fmt::format("{} has to {}.", test_call(e.function, test), outcome_words(language, test[1]));
  };
  if (e.kind == "repair") {
    e.task = fmt::format("# Repair `{}`\n\nOne change was made to `{}` in `{}`, and it is wrong. Find it.\n", e.function, e.function, e.start.file());
    e.hints = {fmt::format("{} of the {} tests of {} {}. Run them, and read what was expected.", places.size(), e.cases.size(), e.function, fail), example(),
               fmt::format("Look for {}.", fault), fmt::format("It is about line {} of the module.", line), fmt::format("The line was: {}", was)};
  } else if (e.kind == "extend") {
    e.task = fmt::format("# Make `{}` handle more\n\n`{}` in `{}` does not handle some cases yet. Make it handle them, and keep the others:\n\n{}", e.function,
                         e.function, e.start.file(), list_of_cases(language, e.function, e.cases, places, 4));
    e.hints = {fmt::format("{} of the {} tests of {} {}. What have their arguments in common?", places.size(), e.cases.size(), e.function, fail), example(),
               fmt::format("A condition is missing, about line {}.", line), fmt::format("It is true if: {}", fault), fmt::format("The line was: {}", was)};
  } else {
    const Json now = proposed.value("now", Json::object());
    e.task = fmt::format(
        "# Make `{}` plainer\n\n`{}` in `{}` works, and is longer than it has to be. Keep what it does, in at most {} statements, nested at most {} deep.\n",
        e.function, e.function, e.start.file(), e.goal->statements, e.goal->depth);
    e.hints = {fmt::format("It has {} statements now, nested {} deep.", now.value("statements", int64_t{0}), now.value("depth", int64_t{0})),
               "What is returned at once needs no name.", "After a branch that returns or raises, no else is needed.",
               "A condition right inside another one is one condition: this and that."};
  }
}

}  // namespace

Json to_json(const Exercise& e) {
  Json out{{"kind", e.kind},        {"language", e.language},   {"function", e.function}, {"name", e.start.name}, {"extension", e.start.extension},
           {"start", e.start.text}, {"reference", e.reference}, {"cases", e.cases},       {"task", e.task},       {"hints", e.hints}};
  if (e.goal) out["goal"] = {{"statements", e.goal->statements}, {"depth", e.goal->depth}};
  return out;
}

Json exercises_json(const std::vector<Exercise>& exercises) {
  Json items = Json::array();
  for (const Exercise& exercise : exercises) items.push_back(to_json(exercise));
  return {{"format", "ptah exercises 1"}, {"items", std::move(items)}};
}

Result<std::vector<Exercise>> read_exercises(const Json& json) {
  return guard([&]() -> Result<std::vector<Exercise>> {
    if (text_at(json, "format") != "ptah exercises 1" || !json.value("items", Json()).is_array())
      return fail(ErrorCode::corrupt, "these are no exercises (format \"ptah exercises 1\")");
    std::vector<Exercise> out;
    for (const Json& one : json["items"]) {
      const auto broken = [&](const char* what) { return fail(ErrorCode::corrupt, "exercise {}: {}", out.size() + 1, what); };
      Exercise e{.kind = text_at(one, "kind"),
                 .language = text_at(one, "language"),
                 .function = text_at(one, "function"),
                 .start = {text_at(one, "name"), text_at(one, "extension"), text_at(one, "start")},
                 .reference = text_at(one, "reference"),
                 .cases = one.is_object() ? one.value("cases", Json()) : Json(),
                 .task = text_at(one, "task")};
      if (!code_language(e.language) || (e.kind != "repair" && e.kind != "extend" && e.kind != "refactor")) return broken("unknown language or kind");
      if (!check_module(e.start) || e.function.empty() || e.reference.empty()) return broken("a module is missing");
      if (!e.cases.is_array() || e.cases.empty() || e.cases.size() > kMaxCases || !std::all_of(e.cases.begin(), e.cases.end(), is_case))
        return broken("its cases cannot be read");
      for (const Json& hint : one.value("hints", Json::array())) {
        if (!hint.is_string()) return broken("a hint is no text");
        e.hints.push_back(hint.get<std::string>());
      }
      if (const Json goal = one.value("goal", Json()); goal.is_object()) {
        if (!goal.value("statements", Json()).is_number_integer() || !goal.value("depth", Json()).is_number_integer()) return broken("its goal cannot be read");
        e.goal = CodeMeasure{goal["statements"].get<int64_t>(), goal["depth"].get<int64_t>()};
      }
      if ((e.kind == "refactor") != e.goal.has_value()) return broken("refactor has a goal, and the others have none");
      out.push_back(std::move(e));
    }
    return out;
  });
}

Result<Graded> grade_exercise(const Exercise& exercise, const std::string& answer, const CancelToken* cancel) {
  return guard([&]() -> Result<Graded> {
    PTAH_TRY(const CodeLanguage* const language, code_language(exercise.language));
    CodeModule module = exercise.start;
    module.text = answer;
    PTAH_TRY_VOID(check_module(module));
    Json calls = Json::array();
    for (const Json& test : exercise.cases) calls.push_back(test[0]);
    Graded out{.tests = static_cast<int64_t>(exercise.cases.size())};
    PTAH_TRY(const Json run, ask_grader(*language, {{"module", answer}, {"function", exercise.function}, {"calls", calls}}, out.why, cancel));
    const Json outcomes = run.value("outcomes", Json::array());
    if (!out.why.empty() || !outcomes.is_array() || outcomes.size() != exercise.cases.size()) {
      out.failed = out.tests;
      if (out.why.empty()) out.why = "its functions were not called to the end";
      return out;
    }
    Json pairs = Json::array();
    std::vector<size_t> unequal;
    for (size_t i = 0; i < outcomes.size(); ++i) {
      const Json &is = outcomes[i], &wanted = exercise.cases[i][1];
      if (is == wanted) continue;
      unequal.push_back(i);
      const bool values = is.is_array() && is.size() == 2 && is[0] == "is" && wanted[0] == "is" && is[1].is_string();
      pairs.push_back(values ? Json::array({is[1], wanted[1]}) : Json::array({"0", "1"}));
    }
    Json judge = Json::object();
    if (!unequal.empty() || exercise.goal) {
      PTAH_TRY(judge, judged(*language, exercise, answer, pairs, cancel));
    }
    const Json same = judge.value("same", Json::array());
    for (size_t i = 0; i < unequal.size(); ++i) {
      if (same.is_array() && i < same.size() && same[i] == true) continue;
      const Json& test = exercise.cases[unequal[i]];
      if (out.failed++ == 0)
        out.why = beginning(fmt::format("{} {}, and has to {}", test_call(exercise.function, test), happened(*language, outcomes[unequal[i]]),
                                        outcome_words(*language, test[1])),
                            kMaxWhy);
    }
    out.passed = out.failed == 0;
    if (out.passed && exercise.goal) PTAH_TRY_VOID(check_goal(exercise, judge, out));
    return out;
  });
}

Result<std::vector<Exercise>> accepted_exercises(const CodeLanguage& language, const CodeModule& module, const Json& function, const CancelToken* cancel) {
  std::vector<Exercise> out;
  bool passes = false;
  for (const Json& proposed : function["exercises"]) {
    Exercise e{.kind = proposed["kind"].get<std::string>(),
               .language = language.name,
               .function = function["name"].get<std::string>(),
               .start = {module.name, module.extension, proposed["module"].get<std::string>()},
               .reference = module.text,
               .cases = function["tests"]};
    if (e.kind == "refactor") {
      const Json& goal = proposed["goal"];
      e.goal = CodeMeasure{goal["statements"].get<int64_t>(), goal["depth"].get<int64_t>()};
    }
    for (int i = 0; i < kPasses && !passes; ++i) {  // of each function once: its cases are the same
      PTAH_TRY(const Graded reference, grade_exercise(e, module.text, cancel));
      if (!reference.passed) return fail(ErrorCode::mismatch, "the module does not pass its own tests: {}", reference.why);
    }
    passes = true;
    PTAH_TRY(const Graded begun, grade_exercise(e, e.start.text, cancel));
    // Told in the driver and not here: no exercise. What is to be refactored does what it has to.
    if (begun.passed || (e.kind == "refactor" && begun.failed != 0)) continue;
    describe(e, language, proposed);
    out.push_back(std::move(e));
  }
  return out;
}

}  // namespace ptah
