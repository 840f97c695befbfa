// How `ptah … --help` looks: purpose, usage, options with units, ranges and defaults, examples; wrapped at 100 columns.
#pragma once

#include <CLI/CLI.hpp>

namespace ptah::cli {

/// What each line of help has to fit into.
inline constexpr size_t kHelpColumns = 100;

class HelpFormat : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

/// "ptah memory add"
std::string path_of(const CLI::App& app);

}  // namespace ptah::cli
