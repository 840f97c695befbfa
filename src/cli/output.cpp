#include "cli/output.h"

namespace ptah::cli {

void print_text(std::string_view text) {
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  const std::string safe = terminal ? printable_lines(text) : std::string();
  const std::string_view put = terminal ? std::string_view(safe) : text;
  std::fwrite(put.data(), 1, put.size(), stdout);
}

void print_json(const Json& line) {
  const std::string text = printable_json(line.dump(-1, ' ', false, Json::error_handler_t::replace)) + "\n";
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void print_pretty_json(const Json& json) {
  const std::string text = printable_json(json.dump(2, ' ', false, Json::error_handler_t::replace)) + "\n";
  std::fwrite(text.data(), 1, text.size(), stdout);
}

}  // namespace ptah::cli
