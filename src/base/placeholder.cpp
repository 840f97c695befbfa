#include "base/placeholder.h"

#include <fmt/format.h>

#include <string_view>

#include "base/text.h"

namespace ptah {

namespace {

/// What stands behind a word, to the end of its line.
std::string_view behind(std::string_view text, std::string_view word) {
  const size_t at = text.find(word);
  if (at == std::string_view::npos) return {};
  return trimmed(text.substr(at + word.size(), text.find('\n', at) - at - word.size()));
}

}  // namespace

std::string placeholder_in(std::span<const uint8_t> file) {
  if (file.empty()) return "the file is empty; download it again";
  std::string_view text(reinterpret_cast<const char*>(file.data()), std::min<size_t>(file.size(), 2048));
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  text = text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  if (text.starts_with("version https://git-lfs") || text.starts_with("version https://hawser")) {
    const std::string size = printable(behind(text, "\nsize "), 20);
    return fmt::format("a Git LFS pointer, not the file itself{}; fetch that with `git lfs pull` in its repository, or download it again",
                       size.empty() ? "" : " of " + size + " bytes");
  }
  if (text.starts_with("/annex/objects/") || text.starts_with("../.git/annex/"))
    return "a git-annex pointer, not the file itself; fetch that with `git annex get`";
  const std::string lower = lower_case(std::string(text.substr(0, 512)));
  const bool xml = lower.starts_with("<?xml"),
             page = lower.starts_with("<!doctype html") || lower.starts_with("<html") || lower.starts_with("<head") || lower.starts_with("<!--");
  if (page || (xml && lower.find("<html") != std::string::npos))
    return "a web page (HTML), not the file itself: perhaps one to log in, or of an error; download the file by its direct address (on Hugging Face /resolve/ "
           "instead of /blob/)";
  if (xml && lower.find("<error>") != std::string::npos) return fmt::format("a server's refusal, not the file itself: {}", printable(text, 200));
  for (const char* begin : {"Entry not found", "Repository not found", "Access to model", "Invalid username or password", "Invalid credentials",
                            "{\"error\":", "404: Not Found", "Not Found"})
    if (text.starts_with(begin)) return fmt::format("a server's refusal, not the file itself: {}", printable(text, 200));
  return "";
}

}  // namespace ptah
