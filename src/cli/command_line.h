// What all commands' lines have in common: options that may be repeated, seeds, `help`, `version`, and what to say of a line that is wrong.
#pragma once

#include "cli/commands/commands.h"

namespace ptah::cli {

/// --seed by the one rule of base/seed.h; a random one is said on standard error unless there is a --quiet.
void add_seed_option(CLI::App& command, uint64_t& seed, const std::string& help);

/// Options that take several values take one each time they are given, so that what stands behind them is left alone. Call when all commands are there.
void one_value_an_occurrence(CLI::App& app);

/// The arguments with options that were renamed under their new names.
std::vector<std::string> with_new_names(std::vector<std::string> arguments);

/// What is wrong with a line that could not be parsed, with the nearest command or option.
std::string explain(const CLI::App& app, const CLI::ParseError& problem, const std::vector<std::string>& arguments);

}  // namespace ptah::cli
