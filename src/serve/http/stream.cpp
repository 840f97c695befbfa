#include "serve/http/stream.h"

namespace ptah {

namespace {

std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != '\n' && c != '\r' && c != '\0') out += c;
  return out;
}

}  // namespace

bool HttpStream::send(Chunk chunk) {
  const std::lock_guard lock(mutex_);
  if (closed_ || behind_ || gone_) return false;
  if (!chunk || chunk->empty()) return true;
  if (waiting_ + chunk->size() > max_waiting_) {
    behind_ = true;
    chunks_.clear();
  } else {
    waiting_ += chunk->size();
    chunks_.push_back(std::move(chunk));
  }
  if (wake_ && (behind_ || chunks_.size() == 1)) wake_();
  return !behind_;
}

void HttpStream::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  if (wake_) wake_();
}

bool HttpStream::open() const {
  const std::lock_guard lock(mutex_);
  return !closed_ && !behind_ && !gone_;
}

std::string HttpStream::event(std::string_view data, std::string_view name, std::string_view id) {
  std::string out;
  if (!id.empty()) out += "id: " + one_line(id) + "\n";
  if (!name.empty()) out += "event: " + one_line(name) + "\n";
  for (size_t at = 0; at <= data.size();) {
    const size_t end = std::min(data.find_first_of("\r\n", at), data.size());
    out += "data: ";
    out += data.substr(at, end - at);
    out += '\n';
    at = end + (data.substr(end, 2) == "\r\n" ? 2 : 1);
  }
  return out + "\n";
}

void HttpStream::attach(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  wake_ = std::move(wake);
}

void HttpStream::detach() {
  std::function<void()> last;  // destroyed outside the lock
  const std::lock_guard lock(mutex_);
  last.swap(wake_);
  gone_ = true;
  chunks_.clear();
}

HttpStream::Waiting HttpStream::take() {
  const std::lock_guard lock(mutex_);
  Waiting out{std::move(chunks_), closed_, behind_};
  chunks_.clear();
  waiting_ = 0;
  return out;
}

}  // namespace ptah
