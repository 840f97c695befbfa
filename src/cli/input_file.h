// A file that is read more than once, also if it comes from a pipe.
#pragma once

#include <filesystem>
#include <memory>

#include "base/error.h"

namespace ptah::cli {

/// The file or folder itself, or what came from standard input (-) or a pipe, kept in a file of its own until this goes.
class InputFile {
 public:
  /// Errors: as read_input().
  static Result<std::shared_ptr<InputFile>> open(const std::string& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  InputFile() = default;
  std::filesystem::path path_, kept_;  ///< `kept_`: the folder to be removed; may be empty
};

}  // namespace ptah::cli
