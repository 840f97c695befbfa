// The one table of commands: a row names a command, the group that help lists it under, the function that adds it, and examples.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <span>
#include <string>

namespace ptah::cli {

/// What a command leaves to be run once the whole line is parsed; returns the exit status.
using Action = std::function<int()>;

struct Command {
  const char* name;
  const char* group;
  void (*add)(CLI::App& app, Action& action);
  const char* examples;  ///< one a line; of its subcommands too
};
std::span<const Command> command_table();

/// Adds every command of the table, with its group and its examples.
void add_commands(CLI::App& app, Action& action);

/// The examples of a command ("key") or of one of its subcommands ("key new"), one a line; empty if there are none.
std::string examples_of(const std::string& path);

}  // namespace ptah::cli
