#include "apps/reading/durable_log.h"

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
  PTAH_TRY_VOID(sync_folder(file.parent_path()));
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
  out->safe_ = static_cast<int64_t>(at);
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

Result<void> DurableLog::write_batch(const Batch& batch) {
  // A line that was cut by a full disk is taken off first, so that the next one stands behind a whole one.
  if (torn_ && ::ftruncate(file_, safe_) != 0) return fail_errno("cannot mend the log");
  torn_ = false;
  std::string lines, last = last_;
  for (const std::string& text : batch.texts) {
    last = chained(last, text);
    lines += last + " " + text + "\n";
  }
  if (auto written = write_all(lines); !written) {
    torn_ = ::ftruncate(file_, safe_) != 0;
    return written;
  }
  last_ = std::move(last);
  safe_ += static_cast<int64_t>(lines.size());
  return {};
}

Result<void> DurableLog::append(const Json& record) {
  PTAH_TRY(std::string text, canonical_json(record));
  std::unique_lock lock(mutex_);
  if (!next_) next_ = std::make_shared<Batch>();
  const std::shared_ptr<Batch> mine = next_;
  mine->texts.push_back(std::move(text));
  while (!mine->done) {
    if (writing_) {
      done_.wait(lock);
      continue;
    }
    writing_ = true;
    next_.reset();  // it was mine: who comes now waits for the next
    lock.unlock();
    const auto written = write_batch(*mine);
    lock.lock();
    writing_ = false;
    mine->done = true;
    if (!written) mine->error = written.error();
    done_.notify_all();
  }
  if (mine->error) return tl::unexpected(*mine->error);
  return {};
}

}  // namespace ptah
