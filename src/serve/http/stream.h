// A response that comes bit by bit: server-sent events, tokens as they are made.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace ptah {

/// Filled from any thread, written as fast as the client takes it. A client that falls more than `max_waiting` bytes behind is disconnected: with
/// server-sent events it comes back and says by Last-Event-ID where it was.
class HttpStream {
 public:
  using Chunk = std::shared_ptr<const std::string>;  ///< shared: one event for a thousand clients lies in memory once

  explicit HttpStream(size_t max_waiting = 256 << 10) : max_waiting_(max_waiting) {}
  HttpStream(const HttpStream&) = delete;
  HttpStream& operator=(const HttpStream&) = delete;

  /// False once the client has left, fell behind or close() was called.
  bool send(Chunk chunk);
  bool send(std::string text) { return send(std::make_shared<const std::string>(std::move(text))); }
  /// Nothing more comes; what waits is still written.
  void close();
  bool open() const;

  /// A server-sent event; line breaks in `data` are kept, those in `name` and `id` are dropped.
  static std::string event(std::string_view data, std::string_view name = {}, std::string_view id = {});

  // The server's side.
  /// `wake` is called from any thread when there is something new; it must be quick.
  void attach(std::function<void()> wake);
  void detach();
  /// What waits, taken; `done` if nothing more will come, `behind` if the client was too slow.
  struct Waiting {
    std::deque<Chunk> chunks;
    bool done = false, behind = false;
  };
  Waiting take();

 private:
  const size_t max_waiting_;
  mutable std::mutex mutex_;
  std::deque<Chunk> chunks_;
  size_t waiting_ = 0;
  bool closed_ = false, behind_ = false, gone_ = false;
  std::function<void()> wake_;
};

}  // namespace ptah
