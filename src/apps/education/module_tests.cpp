#include "apps/education/module_tests.h"

#include <unistd.h>

#include <algorithm>

#include "base/text.h"

namespace ptah {

namespace {

/// The last line of a traceback says what it is about.
std::string last_line(const std::string& text) {
  const auto lines = lines_of(text);
  return lines.empty() ? "" : beginning(lines.back(), 300);
}

Result<Json> driven(const CodeLanguage& language, const CodeModule& module, const ModuleTestOptions& options, const CancelToken* cancel) {
  if (::access(language.command[0].c_str(), X_OK) != 0) return fail(ErrorCode::not_found, "{} needs {}", language.title, language.command[0]);
  const auto functions = static_cast<double>(std::max<size_t>(1, options.functions.empty() ? 20 : options.functions.size()));
  const Json settings{
      {"seconds", options.seconds}, {"seed", options.seed}, {"mutants", options.mutants}, {"faults", options.exercises}, {"functions", options.functions}};
  SandboxLimits limits = language.limits;
  limits.seconds = std::min(3600.0, options.seconds * functions + 10);
  limits.output_bytes = int64_t{64} << 20;
  std::vector<std::string> command = language.command;
  command.push_back(language.script);
  const std::string name = language.name == "python" ? "module.py" : "module";
  PTAH_TRY(const SandboxRun run,
           run_sandboxed(command, {{language.script, language.driver}, {name, module.text}, {"options.json", settings.dump()}}, limits, "", cancel));
  if (run.timed_out) return fail(ErrorCode::over_budget, "the module took longer than {:.0f} seconds", limits.seconds);
  const auto json = run.exit_status == 0 ? parse_json(run.output, 16) : Result<Json>(fail(ErrorCode::corrupt, "no result"));
  if (!json || !json->is_object() || !json->value("functions", Json()).is_array())
    return fail(ErrorCode::invalid_argument, "the module cannot be run: {}", printable(last_line(run.errors), 300));
  return *json;
}

}  // namespace

Result<Graded> grade_tests(const CodeModule& module, const std::string& test_name, const std::string& tests, int times, const CancelToken* cancel) {
  PTAH_TRY_VOID(check_module(module));
  PTAH_TRY(const CodeLanguage* const language, language_of(module.file()));
  const CodeLanguage::Runner runner = language->runner(module, test_name, tests);
  Graded out;
  for (int i = 0; i < times; ++i) {
    PTAH_TRY(const SandboxRun run, run_sandboxed(runner.command, runner.files, language->limits, "", cancel));
    const auto lines = lines_of(run.output);
    // The last line is the runner's, whatever the module printed.
    long ran = 0, failed = 0;
    const bool told = !lines.empty() && std::sscanf(lines.back().c_str(), "%ld %ld", &ran, &failed) == 2;
    out.tests = ran;
    out.failed = failed;
    out.passed = run.exit_status == 0 && told && ran > 0 && failed == 0;
    if (!out.passed) {
      out.why = run.timed_out ? "it took too long" : run.too_much ? "it printed too much" : beginning(run.errors, 2000);
      return out;
    }
  }
  return out;
}

Result<ModuleTests> make_module_tests(const CodeModule& module, const ModuleTestOptions& options, const CancelToken* cancel) {
  return guard([&]() -> Result<ModuleTests> {
    PTAH_TRY_VOID(check_module(module));
    PTAH_TRY(const CodeLanguage* const language, language_of(module.file()));
    PTAH_TRY(const Json made, driven(*language, module, options, cancel));
    ModuleTests out;
    for (const Json& one : made["skipped"]) out.skipped.emplace_back(one[0].get<std::string>(), one[1].get<std::string>());
    const Json& functions = made["functions"];
    if (functions.empty())
      return fail(ErrorCode::invalid_argument, "no function of the module can be tested{}",
                  out.skipped.empty() ? "" : fmt::format(": {}: {}", out.skipped[0].first, out.skipped[0].second));
    out.file = language->test_file(made, module);
    out.name = language->test_name(made, module);
    out.functions = Json::array();
    for (const Json& function : functions) {
      out.tests += static_cast<int64_t>(function["tests"].size());
      out.candidates += function["candidates"].get<int64_t>();
      out.mutants += function["mutants"].get<int64_t>();
      out.killed += function["killed"].get<int64_t>();
      out.functions.push_back({{"name", function["name"]},
                               {"tests", function["tests"].size()},
                               {"mutants", function["mutants"]},
                               {"killed", function["killed"]},
                               {"survivors", function["survivors"]}});
    }
    PTAH_TRY(const Graded graded, grade_tests(module, out.name, out.file, kPasses, cancel));
    if (!graded.passed)
      return fail(ErrorCode::mismatch, "the module does not pass the same tests {} times: {}", kPasses, printable(last_line(graded.why), 300));
    for (const Json& function : functions) {
      PTAH_TRY(std::vector<Exercise> accepted, accepted_exercises(*language, module, function, cancel));
      for (Exercise& exercise : accepted) out.exercises.push_back(std::move(exercise));
    }
    return out;
  });
}

}  // namespace ptah
