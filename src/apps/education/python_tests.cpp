#include "apps/education/python_tests.h"

#include <algorithm>

#include "apps/education/python_driver.h"
#include "base/text.h"

namespace ptah {

namespace {

constexpr size_t kMaxModule = 200'000;
constexpr const char* kPython = "/usr/bin/python3";

bool is_module_name(const std::string& name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && name.size() <= 60 && letter(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

Result<void> check_module(const std::string& module, const std::string& name) {
  if (module.empty() || module.size() > kMaxModule || invalid_utf8_at(module) != std::string::npos)
    return fail(ErrorCode::invalid_argument, "a module of 1 to {} bytes of UTF-8 is expected", kMaxModule);
  if (!is_module_name(name) || name.starts_with("test_") || name == "unittest")
    return fail(ErrorCode::invalid_argument, "{} cannot be the name of a module that is tested", in_quotes(name, 60));
  return {};
}

/// The last line of a traceback says what it is about.
std::string last_line(const std::string& text) {
  const auto lines = lines_of(text);
  return lines.empty() ? "" : beginning(lines.back(), 300);
}

Result<Json> driven(const std::string& module, const PythonTestOptions& options, const CancelToken* cancel) {
  const auto functions = static_cast<double>(std::max<size_t>(1, options.functions.empty() ? 20 : options.functions.size()));
  const Json settings{
      {"seconds", options.seconds}, {"seed", options.seed}, {"mutants", options.mutants}, {"faults", options.exercises}, {"functions", options.functions}};
  SandboxLimits limits;
  limits.seconds = std::min(3600.0, options.seconds * functions + 10);
  limits.output_bytes = int64_t{64} << 20;
  PTAH_TRY(const SandboxRun run, run_sandboxed({kPython, "-I", "-W", "ignore", "driver.py"},
                                               {{"driver.py", python_driver()}, {"module.py", module}, {"options.json", settings.dump()}}, limits, "", cancel));
  if (run.timed_out) return fail(ErrorCode::over_budget, "the module took longer than {:.0f} seconds", limits.seconds);
  const auto json = run.exit_status == 0 ? parse_json(run.output, 16) : Result<Json>(fail(ErrorCode::corrupt, "no result"));
  if (!json || !json->is_object() || !json->value("functions", Json()).is_array())
    return fail(ErrorCode::invalid_argument, "the module cannot be run: {}", printable(last_line(run.errors), 300));
  return *json;
}

std::string test_call(const std::string& function, const Json& test) {
  return fmt::format("{}({})", function, fmt::join(test[0].get<std::vector<std::string>>(), ", "));
}

std::string test_method(const std::string& function, const Json& test, size_t number) {
  std::string out = fmt::format("    def test_{}_{}(self):\n", function, number);
  const std::string value = test[1][1].get<std::string>();
  if (test[1][0] == "raises") return out + fmt::format("        with self.assertRaises({}):\n            {}\n", value, test_call(function, test));
  return out + fmt::format("        self.assertEqual({}, {})\n", test_call(function, test), value);
}

/// Classes of the module that tests name.
std::string raised_names(const Json& functions, const std::string& name) {
  std::string out;
  std::vector<std::string> seen;
  for (const Json& function : functions)
    for (const Json& test : function["tests"])
      if (test[1][0] == "raises")
        if (const std::string raised = test[1][1].get<std::string>(); std::find(seen.begin(), seen.end(), raised) == seen.end()) {
          seen.push_back(raised);
          out += fmt::format("{} = getattr({}, \"{}\", None) or {}\n", raised, name, raised, raised);
        }
  return out;
}

std::string test_file(const Json& functions, const std::string& name) {
  std::string names, classes;
  for (const Json& function : functions) {
    const std::string of = function["name"].get<std::string>();
    names += (names.empty() ? "" : ", ") + of;
    std::string title = of;
    title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
    classes += fmt::format("\n\nclass Test{}(unittest.TestCase):\n", title);
    size_t number = 0;
    for (const Json& test : function["tests"]) classes += (number ? "\n" : "") + test_method(of, test, number + 1), ++number;
  }
  const std::string raised = raised_names(functions, name);
  return "import unittest\n\n" + (raised.empty() ? "" : "import " + name + "\n") + "from " + name + " import " + names + "\n" +
         (raised.empty() ? "" : "\n" + raised) + classes + "\n\nif __name__ == \"__main__\":\n    unittest.main()\n";
}

/// The module with one of its functions replaced.
Result<std::string> with_function(const std::string& module, const std::string& name, const std::string& code) {
  const std::string program =
      "import ast\nsource = open('module.py').read()\ncode = open('code.py').read()\nname = open('name.txt').read()\nlines = source.split('\\n')\n"
      "node = [n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef) and n.name == name][-1]\n"
      "first = min([node.lineno] + [d.lineno for d in node.decorator_list])\n"
      "print('\\n'.join(lines[:first - 1] + code.split('\\n') + lines[node.end_lineno:]), end='')\n";
  PTAH_TRY(const SandboxRun run,
           run_sandboxed({kPython, "-I", "change.py"}, {{"change.py", program}, {"module.py", module}, {"code.py", code}, {"name.txt", name}}, {}));
  if (run.exit_status != 0) return fail(ErrorCode::internal, "a fault cannot be planted: {}", printable(last_line(run.errors), 300));
  return run.output;
}

std::vector<std::string> hints_of(const std::string& function, const Json& test, const Json& fault, const std::string& reference_line) {
  const std::string call = test_call(function, test), value = test[1][1].get<std::string>();
  return {fmt::format("One of the tests of {} fails. Run them, and read what was expected.", function),
          test[1][0] == "raises" ? fmt::format("{} has to raise {}.", call, value) : fmt::format("{} has to give {}.", call, value),
          fmt::format("Look for {}.", fault["kind"].get<std::string>()), fmt::format("It is about line {} of the module.", fault["line"].get<int64_t>()),
          fmt::format("The line was: {}", trimmed(reference_line))};
}

std::string line_of(const std::string& text, int64_t number) {
  size_t from = 0;
  for (int64_t i = 1; i < number && from != std::string::npos; ++i)
    from = text.find('\n', from) == std::string::npos ? std::string::npos : text.find('\n', from) + 1;
  return from == std::string::npos ? "" : text.substr(from, text.find('\n', from) - from);
}

/// Faults that the reference's tests tell, each tried.
Result<void> plant(PythonTests& out, const Json& function, const std::string& module, const std::string& name, const CancelToken* cancel) {
  const std::string of = function["name"].get<std::string>();
  for (const Json& fault : function["faults"]) {
    if (!fault["first"].is_number_unsigned()) continue;
    PlantedFault planted{.line = fault["line"].get<int64_t>(), .kind = fault["kind"].get<std::string>(), .function = of};
    PTAH_TRY(planted.module, with_function(module, of, fault["code"].get<std::string>()));
    PTAH_TRY(const Graded graded, grade_python(planted.module, name, out.file, 1, cancel));
    if (graded.passed) continue;  // told in one process and not in this one: no exercise
    planted.hints = hints_of(of, function["tests"][fault["first"].get<size_t>()], fault, line_of(module, planted.line));
    out.faults.push_back(std::move(planted));
  }
  return {};
}

}  // namespace

Result<Graded> grade_python(const std::string& module, const std::string& name, const std::string& tests, int times, const CancelToken* cancel) {
  PTAH_TRY_VOID(check_module(module, name));
  const std::string runner = "import os, sys, unittest\nsys.path.insert(0, os.getcwd())\nsuite = unittest.defaultTestLoader.loadTestsFromName('test_" + name +
                             "')\nresult = unittest.TextTestRunner(stream=sys.stderr, verbosity=0).run(suite)\n"
                             "print(result.testsRun, len(result.failures) + len(result.errors))\nsys.exit(not result.wasSuccessful())\n";
  Graded out;
  for (int i = 0; i < times; ++i) {
    PTAH_TRY(const SandboxRun run, run_sandboxed({kPython, "-I", "-W", "ignore", "runner.py"},
                                                 {{"runner.py", runner}, {name + ".py", module}, {"test_" + name + ".py", tests}}, {}, "", cancel));
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

Result<PythonTests> make_python_tests(const std::string& module, const std::string& name, const PythonTestOptions& options, const CancelToken* cancel) {
  return guard([&]() -> Result<PythonTests> {
    PTAH_TRY_VOID(check_module(module, name));
    PTAH_TRY(const Json made, driven(module, options, cancel));
    PythonTests out;
    for (const Json& one : made["skipped"]) out.skipped.emplace_back(one[0].get<std::string>(), one[1].get<std::string>());
    const Json& functions = made["functions"];
    if (functions.empty())
      return fail(ErrorCode::invalid_argument, "no function of the module can be tested{}",
                  out.skipped.empty() ? "" : fmt::format(": {}: {}", out.skipped[0].first, out.skipped[0].second));
    out.file = test_file(functions, name);
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
    PTAH_TRY(const Graded graded, grade_python(module, name, out.file, kPasses, cancel));
    if (!graded.passed)
      return fail(ErrorCode::mismatch, "the module does not pass the same tests {} times: {}", kPasses, printable(last_line(graded.why), 300));
    for (const Json& function : functions) PTAH_TRY_VOID(plant(out, function, module, name, cancel));
    return out;
  });
}

}  // namespace ptah
