#include "apps/durable_log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "base/sha256.h"

namespace ptah {

namespace {

constexpr size_t kDigits = 32;  ///< of the hash that is kept

std::string chained(const std::string& last, const std::string& text) { return sha256_hex(as_bytes(last + text)).substr(0, kDigits); }

}  // namespace

Result<std::unique_ptr<DurableLog>> DurableLog::open(const std::filesystem::path& file, std::vector<Json>& records) {
  std::unique_ptr<DurableLog> out(new DurableLog);
  out->file_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (out->file_ < 0) return fail_errno("cannot open " + file.string());
  if (::flock(out->file_, LOCK_EX | LOCK_NB) != 0) return fail(ErrorCode::invalid_argument, "{} is open in another process", file.string());
  PTAH_TRY(const std::string text, read_text(file));
  size_t at = 0;
  for (size_t line = 1; at < text.size(); ++line) {
    const size_t end = text.find('\n', at);
    if (end == std::string::npos) break;  // cut while it was written
    const std::string here = text.substr(at, end - at);
    const bool shaped = here.size() > kDigits + 1 && here[kDigits] == ' ';
    const std::string body = shaped ? here.substr(kDigits + 1) : "";
    const std::string hash = chained(out->last_, body);
    auto record = shaped && here.substr(0, kDigits) == hash ? parse_json(body, 16) : fail(ErrorCode::corrupt, "changed");
    if (!record) return fail(ErrorCode::corrupt, "{}: line {} was changed, or a line before it", file.string(), line);
    records.push_back(std::move(*record));
    out->last_ = hash;
    at = end + 1;
  }
  if (at < text.size() && ::ftruncate(out->file_, static_cast<off_t>(at)) != 0) return fail_errno("cannot mend " + file.string());
  return out;
}

DurableLog::~DurableLog() {
  if (file_ >= 0) ::close(file_);
}

Result<void> DurableLog::write_all(const std::string& text) {
  for (size_t done = 0; done < text.size();) {
    const auto put = ::write(file_, text.data() + done, text.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail_errno("cannot write the log");
    done += static_cast<size_t>(put);
  }
  if (::fdatasync(file_) != 0) return fail_errno("cannot write the log");
  return {};
}

Result<void> DurableLog::append(const Json& record) {
  PTAH_TRY(const std::string text, canonical_json(record));
  std::unique_lock lock(mutex_);
  if (broken_) return tl::unexpected(*broken_);
  last_ = chained(last_, text);
  waiting_ += last_ + " " + text + "\n";
  const uint64_t mine = ++taken_;
  while (safe_ < mine && !broken_) {
    if (writing_) {
      done_.wait(lock);
      continue;
    }
    writing_ = true;
    const std::string lines = std::move(waiting_);
    waiting_.clear();
    const uint64_t upto = taken_;
    lock.unlock();
    const auto written = write_all(lines);
    lock.lock();
    writing_ = false;
    if (written)
      safe_ = upto;
    else
      broken_ = written.error();
    done_.notify_all();
  }
  if (broken_ && safe_ < mine) return tl::unexpected(*broken_);
  return {};
}

}  // namespace ptah
