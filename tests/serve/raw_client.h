// A client that sends what it likes, as slowly as it likes.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace ptah {

inline double seconds_now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// MiB of this process that are in memory.
inline double resident_mib() {
  double all = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> all >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

class RawClient {
 public:
  explicit RawClient(int port, const char* from = "127.0.0.1") {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in here{}, there{};
    here.sin_family = there.sin_family = AF_INET;
    inet_pton(AF_INET, from, &here.sin_addr);
    inet_pton(AF_INET, "127.0.0.1", &there.sin_addr);
    there.sin_port = htons(static_cast<uint16_t>(port));
    connected =
        ::bind(socket_, reinterpret_cast<sockaddr*>(&here), sizeof(here)) == 0 && ::connect(socket_, reinterpret_cast<sockaddr*>(&there), sizeof(there)) == 0;
  }
  ~RawClient() {
    if (socket_ >= 0) ::close(socket_);
  }
  RawClient(RawClient&& other) noexcept : connected(other.connected), socket_(std::exchange(other.socket_, -1)) {}
  RawClient(const RawClient&) = delete;

  /// False once the server has closed.
  bool send(std::string_view text) const {
    while (!text.empty()) {
      const auto sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  /// The same bytes again and again, until `bytes` are sent or the server has closed; how many.
  size_t flood(std::string_view text, size_t bytes) const {
    size_t sent = 0;
    std::string many;
    while (many.size() < 65536) many += text;
    while (sent < bytes && send(many)) sent += many.size();
    return sent;
  }
  /// What comes until the server closes, `until` has come, or time is over.
  std::string read(double seconds = 5, std::string_view until = {}) const {
    std::string out;
    const double end = seconds_now() + seconds;
    char buffer[16384];
    while (until.empty() || out.find(until) == std::string::npos) {
      pollfd waiting{socket_, POLLIN, 0};
      const double left = end - seconds_now();
      if (left <= 0 || ::poll(&waiting, 1, static_cast<int>(left * 1000) + 1) <= 0) break;
      const auto got = ::recv(socket_, buffer, sizeof(buffer), 0);
      if (got <= 0) break;
      out.append(buffer, static_cast<size_t>(got));
    }
    return out;
  }
  /// Whether the server closes within so many seconds; what it sends before is dropped.
  bool closed_within(double seconds) const {
    const double end = seconds_now() + seconds;
    char buffer[16384];
    for (;;) {
      pollfd waiting{socket_, POLLIN, 0};
      const double left = end - seconds_now();
      if (left <= 0 || ::poll(&waiting, 1, static_cast<int>(left * 1000) + 1) <= 0) return false;
      if (::recv(socket_, buffer, sizeof(buffer), 0) <= 0) return true;
    }
  }
  void small_window() const {
    const int size = 4096;
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
  }
  bool connected = false;

 private:
  int socket_ = -1;
};

/// One request, answered whole: status, then headers and body.
inline std::string ask(int port, const std::string& text, const char* from = "127.0.0.1") {
  const RawClient client(port, from);
  client.send(text);
  return client.read();
}
inline int status_of_answer(const std::string& answer) { return answer.size() > 12 ? std::atoi(answer.c_str() + 9) : 0; }
inline std::string get_text(const std::string& target, const std::string& fields = "") {
  return "GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + fields + "\r\n";
}
inline std::string post_text(const std::string& target, const std::string& body, const std::string& fields = "") {
  return fmt::format("POST {} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {}\r\n{}\r\n{}", target, body.size(), fields, body);
}

}  // namespace ptah
