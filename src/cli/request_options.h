// The fields of a request as options of a command, and messages about fields as a command line has them.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>

#include "schema/schema.h"

namespace ptah::cli {

/// What a line gives of a request.
class RequestOptions {
 public:
  /// Reads the text of a file or pipe that an option names.
  using Reader = std::function<Result<std::string>(const std::string& file)>;

  /// Adds every field to a command.
  RequestOptions(CLI::App& command, const Schema& schema, Reader reader);
  /// The values that were given, by fields; texts of files are read now. Errors: those of the reader.
  Result<Json> given() const;
  bool has(const char* field) const { return given_.contains(field); }

 private:
  void add_option(CLI::App& command, const SchemaField& field);
  void add_switch(CLI::App& command, const SchemaField& field);

  const Schema& schema_;
  Reader reader_;
  Json given_ = Json::object();
};

/// A message with fields as options: "`size` 900" is "--size 900". `command` is the one on the line.
std::string in_options(const std::string& message, const CLI::App* command);
/// Whose options in_options() speaks of from now on, where it is given none.
void speak_of(const CLI::App& command);

}  // namespace ptah::cli
