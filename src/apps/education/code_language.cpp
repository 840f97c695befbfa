#include "apps/education/code_language.h"

#include <algorithm>

#include "apps/education/code_drivers.h"
#include "base/text.h"

namespace ptah {

namespace {

constexpr size_t kMaxModule = 200'000;

bool is_module_name(const std::string& name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !name.empty() && name.size() <= 60 && letter(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

std::string with_capital(std::string name) {
  name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
  return name;
}

std::string joined_names(const Json& functions) {
  std::string out;
  for (const Json& function : functions) out += (out.empty() ? "" : ", ") + function["name"].get<std::string>();
  return out;
}

// ---- Python

std::string python_method(const std::string& function, const Json& test, size_t number) {
  const std::string out = fmt::format("    def test_{}_{}(self):\n", function, number), value = test[1][1].get<std::string>();
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

std::string python_test_file(const Json& made, const CodeModule& module) {
  const Json& functions = made["functions"];
  std::string classes;
  for (const Json& function : functions) {
    const std::string of = function["name"].get<std::string>();
    classes += fmt::format("\n\nclass Test{}(unittest.TestCase):\n", with_capital(of));
    size_t number = 0;
    for (const Json& test : function["tests"]) classes += (number ? "\n" : "") + python_method(of, test, number + 1), ++number;
  }
  const std::string raised = raised_names(functions, module.name);
  return "import unittest\n\n" + (raised.empty() ? "" : "import " + module.name + "\n") + "from " + module.name + " import " + joined_names(functions) + "\n" +
         (raised.empty() ? "" : "\n" + raised) + classes + "\n\nif __name__ == \"__main__\":\n    unittest.main()\n";
}

CodeLanguage::Runner python_runner(const CodeModule& module, const std::string& test_name, const std::string& tests) {
  const std::string runner = "import os, sys, unittest\nsys.path.insert(0, os.getcwd())\nsuite = unittest.defaultTestLoader.loadTestsFromName('" +
                             std::filesystem::path(test_name).stem().string() +
                             "')\nresult = unittest.TextTestRunner(stream=sys.stderr, verbosity=0).run(suite)\n"
                             "print(result.testsRun, len(result.failures) + len(result.errors))\nsys.exit(not result.wasSuccessful())\n";
  return {.command = {"/usr/bin/python3", "-I", "-W", "ignore", "runner.py"},
          .files = {{"runner.py", runner}, {module.file(), module.text}, {test_name, tests}}};
}

// ---- JavaScript

std::string javascript_test_file(const Json& made, const CodeModule& module) {
  const Json& functions = made["functions"];
  const std::string names = joined_names(functions), from = "\"./" + module.file() + "\"";
  std::string out =
      made.value("strict", false)
          ? "import assert from \"node:assert/strict\";\nimport { test } from \"node:test\";\nimport { " + names + " } from " + from + ";\n"
          : "const assert = require(\"node:assert/strict\");\nconst { test } = require(\"node:test\");\nconst { " + names + " } = require(" + from + ");\n";
  for (const Json& function : functions) {
    const std::string of = function["name"].get<std::string>();
    size_t number = 0;
    for (const Json& test : function["tests"]) {
      const std::string value = test[1][1].get<std::string>(), call = test_call(of, test);
      out += fmt::format("\ntest(\"{} {}\", () => {{\n  ", of, ++number);
      out += test[1][0] == "raises" ? fmt::format("assert.throws(() => {}, {{ name: \"{}\" }});\n", call, value)
                                    : fmt::format("assert.deepEqual({}, {});\n", call, value);
      out += "});\n";
    }
  }
  return out;
}

CodeLanguage::Runner javascript_runner(const CodeModule& module, const std::string& test_name, const std::string& tests) {
  // Node's own report goes to the file, and what the module prints does not.
  static constexpr const char* kRunner = R"js(const { spawnSync } = require("node:child_process"), fs = require("node:fs");
const flags = ["--max-old-space-size=128", "--test-reporter=tap", "--test-reporter-destination=report.tap"];
const done = spawnSync(process.execPath, [...flags, process.argv[2]], { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8", maxBuffer: 1 << 19 });
const report = fs.existsSync("report.tap") ? fs.readFileSync("report.tap", "utf8") : "";
const count = (what) => Number((report.match(new RegExp("^# " + what + " (\\d+)$", "m")) || [0, 0])[1]);
const failure = report.match(/^not ok [^]*?^ {2}\.\.\.$/m);
process.stderr.write(failure ? failure[0] + "\n" : done.stderr || "");
console.log("\n" + count("tests") + " " + (count("tests") - count("pass")));
process.exitCode = done.status === 0 ? 0 : 1;
)js";
  CodeLanguage::Runner out{.command = {"/usr/bin/node", "--max-old-space-size=64", "runner.cjs", test_name},
                           .files = {{"runner.cjs", kRunner}, {module.file(), module.text}, {test_name, tests}}};
  if (test_name.ends_with(".mjs")) out.files.emplace_back("package.json", "{\"type\": \"module\"}");
  return out;
}

}  // namespace

const std::vector<CodeLanguage>& code_languages() {
  static const std::vector<CodeLanguage> all = [] {
    namespace d = detail;
    // V8 reserves gigabytes of addresses and never uses them, and starts threads.
    const SandboxLimits node{.address_bytes = int64_t{64} << 30, .processes = 64};
    return std::vector<CodeLanguage>{
        {.name = "python",
         .title = "Python",
         .extensions = {".py"},
         .command = {"/usr/bin/python3", "-I", "-W", "ignore"},
         .script = "driver.py",
         .comment = "#",
         .driver = std::string(d::kPythonInputs) + d::kPythonExercises + d::kPythonMutants + d::kPythonMain,
         .grader = std::string(d::kPythonInputs) + d::kPythonExercises + d::kPythonMutants + d::kPythonGrader,
         .limits = {},
         .test_file = python_test_file,
         .test_name = [](const Json&, const CodeModule& module) { return "test_" + module.name + ".py"; },
         .runner = python_runner},
        {.name = "javascript",
         .title = "JavaScript",
         .extensions = {".js", ".mjs", ".cjs"},
         .command = {"/usr/bin/node", "--expose-internals", "--max-old-space-size=256"},
         .script = "driver.cjs",
         .comment = "//",
         .driver = std::string(d::kJavascriptInputs) + d::kJavascriptTools + d::kJavascriptMain,
         .grader = std::string(d::kJavascriptInputs) + d::kJavascriptTools + d::kJavascriptGrader,
         .limits = node,
         .test_file = javascript_test_file,
         .test_name = [](const Json& made, const CodeModule& module) { return "test_" + module.name + (made.value("strict", false) ? ".mjs" : ".cjs"); },
         .runner = javascript_runner,
         .raise = "throw"}};
  }();
  return all;
}

Result<const CodeLanguage*> code_language(const std::string& name) {
  std::vector<std::string> names;
  for (const CodeLanguage& language : code_languages()) {
    if (language.name == name) return &language;
    names.push_back(language.name);
  }
  return unknown_name("language", name, names);
}

Result<const CodeLanguage*> language_of(const std::filesystem::path& file) {
  const std::string extension = file.extension().string();
  std::string known;
  for (const CodeLanguage& language : code_languages()) {
    if (std::find(language.extensions.begin(), language.extensions.end(), extension) != language.extensions.end()) return &language;
    known += fmt::format("{}{} ({})", known.empty() ? "" : ", ", language.title, fmt::join(language.extensions, ", "));
  }
  return fail(ErrorCode::unsupported, "{}: modules in {} are tested", printable(file.string(), 200), known);
}

Result<void> check_module(const CodeModule& module) {
  if (module.text.empty() || module.text.size() > kMaxModule || invalid_utf8_at(module.text) != std::string::npos)
    return fail(ErrorCode::invalid_argument, "a module of 1 to {} bytes of UTF-8 is expected", kMaxModule);
  if (!is_module_name(module.name) || module.name.starts_with("test_") || module.name == "unittest" || module.name == "runner" || module.name == "driver")
    return fail(ErrorCode::invalid_argument, "{} cannot be the name of a module that is tested", in_quotes(module.name, 60));
  return {};
}

Result<CodeModule> code_module(const std::filesystem::path& file, std::string text) {
  PTAH_TRY_VOID(language_of(file));
  CodeModule out{.name = file.stem().string(), .extension = file.extension().string(), .text = std::move(text)};
  PTAH_TRY_VOID(check_module(out));
  return out;
}

std::string test_call(const std::string& function, const Json& test) {
  return fmt::format("{}({})", function, fmt::join(test[0].get<std::vector<std::string>>(), ", "));
}

}  // namespace ptah
