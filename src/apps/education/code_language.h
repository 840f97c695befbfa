// Programming languages whose modules are tested and given as exercises: what runs them, and how their tests are written.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/education/sandbox.h"
#include "base/json.h"

namespace ptah {

/// A module: a text with a name that its tests import it by.
struct CodeModule {
  std::string name;       ///< "roman"
  std::string extension;  ///< ".py", ".js", ".mjs" or ".cjs"
  std::string text;
  std::string file() const { return name + extension; }
};

/// What differs between languages.
struct CodeLanguage {
  std::string name;                     ///< "python", "javascript"
  std::string title;                    ///< "Python"
  std::vector<std::string> extensions;  ///< of modules
  std::vector<std::string> command;     ///< runs a script, whose name follows
  std::string script;                   ///< its name
  std::string comment;                  ///< what begins a comment of a line
  std::string driver, grader;           ///< programs (code_drivers.h)
  SandboxLimits limits;
  /// The file of tests for what a driver gave.
  std::string (*test_file)(const Json& made, const CodeModule& module) = nullptr;
  std::string (*test_name)(const Json& made, const CodeModule& module) = nullptr;
  /// Files and command that run such a file; the last line of what they print is "TESTS FAILED".
  struct Runner {
    std::vector<std::string> command;
    std::vector<std::pair<std::string, std::string>> files;
  };
  Runner (*runner)(const CodeModule& module, const std::string& test_name, const std::string& tests) = nullptr;
  /// Words for an outcome: "give 'IV'", "raise ValueError".
  const char* raise = "raise";
};

const std::vector<CodeLanguage>& code_languages();
/// Errors: invalid_argument, with the names there are.
Result<const CodeLanguage*> code_language(const std::string& name);
/// By a file's extension. Errors: unsupported.
Result<const CodeLanguage*> language_of(const std::filesystem::path& file);

/// A module of a file's name. Errors: unsupported; invalid_argument for a name or text that is no module's.
Result<CodeModule> code_module(const std::filesystem::path& file, std::string text);
/// Errors: invalid_argument: more than 200 kB, no UTF-8, or a name that cannot be imported or is taken.
Result<void> check_module(const CodeModule& module);

/// roman(4)
std::string test_call(const std::string& function, const Json& test);

}  // namespace ptah
