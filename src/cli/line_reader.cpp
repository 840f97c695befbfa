#include "cli/line_reader.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "cli/commands/commands.h"

namespace ptah::cli {

bool LineReader::next(std::string& line) {
  while (true) {
    if (const size_t end = held_.find('\n'); end != std::string::npos || (ended_ && !held_.empty())) {
      line = held_.substr(0, end);
      held_.erase(0, end == std::string::npos ? end : end + 1);
      if (!begun_ && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);  // files of Windows have a byte order mark, and CR LF
      begun_ = true;
      while (!line.empty() && line.back() == '\r') line.pop_back();
      return true;
    }
    if (ended_ || held_.size() > kMaxBytes || interrupted().cancelled()) return false;
    pollfd ready{STDIN_FILENO, POLLIN, 0};
    if (::poll(&ready, 1, 100) == 0) continue;
    char block[4096];
    const ssize_t got = ::read(STDIN_FILENO, block, sizeof(block));
    if (got > 0) held_.append(block, static_cast<size_t>(got));
    ended_ = got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN);
  }
}

}  // namespace ptah::cli
