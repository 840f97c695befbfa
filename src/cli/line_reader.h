// Lines of standard input, for commands that talk.
#pragma once

#include <string>

namespace ptah::cli {

/// A wait for a line ends when the program is to end.
class LineReader {
 public:
  /// False at the end, or behind more than 16 MiB without a line break.
  bool next(std::string& line);

 private:
  static constexpr size_t kMaxBytes = size_t{1} << 24;
  std::string held_;
  bool ended_ = false, begun_ = false;
};

}  // namespace ptah::cli
