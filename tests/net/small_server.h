// A server for tests that answers as it is told to: it may cut, lie, stall and redirect.
#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace ptah {

struct Asked {
  std::string path, head;  ///< head: the whole request in lower case
  int64_t from = 0;        ///< of a Range header
  int times = 0;           ///< how often this path was asked for before
};
struct Answer {
  std::string head;  ///< status line and headers, without the empty line
  std::string body;
  bool stall = false;  ///< keeps the connection open and sends nothing more
};

/// On a free port, one connection at a time.
class Server {
 public:
  explicit Server(std::function<Answer(const Asked&)> answer) : answer_(std::move(answer)) {
    listen_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listen_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(::listen(listen_, 16), 0);
    socklen_t size = sizeof(address);
    ::getsockname(listen_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~Server() {
    stop_ = true;
    thread_.join();
    ::close(listen_);
  }
  std::string url(const std::string& path) const { return fmt::format("http://127.0.0.1:{}{}", port_, path); }
  std::vector<Asked> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  void serve() {
    while (!stop_) {
      pollfd waiting{listen_, POLLIN, 0};
      if (::poll(&waiting, 1, 20) <= 0) continue;
      const int connection = ::accept(listen_, nullptr, nullptr);
      if (connection < 0) continue;
      handle(connection);
      ::close(connection);
    }
  }
  void handle(int connection) {
    std::string head;
    char buffer[4096];
    while (head.find("\r\n\r\n") == std::string::npos) {
      pollfd waiting{connection, POLLIN, 0};
      if (::poll(&waiting, 1, 2000) <= 0) return;
      const ssize_t got = ::recv(connection, buffer, sizeof(buffer), 0);
      if (got <= 0) return;
      head.append(buffer, static_cast<size_t>(got));
    }
    Asked asked;
    const size_t begin = head.find(' ') + 1;
    asked.path = head.substr(begin, head.find(' ', begin) - begin);
    for (char& c : head) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    asked.head = head;
    if (const size_t range = head.find("range: bytes="); range != std::string::npos) asked.from = std::atoll(head.c_str() + range + 13);
    {
      const std::lock_guard lock(mutex_);
      for (const Asked& earlier : asked_) asked.times += earlier.path == asked.path;
      asked_.push_back(asked);
    }
    const Answer answer = answer_(asked);
    const std::string all = answer.head + "\r\nConnection: close\r\n\r\n" + answer.body;
    for (size_t sent = 0; sent < all.size();) {
      const ssize_t now = ::send(connection, all.data() + sent, all.size() - sent, MSG_NOSIGNAL);
      if (now <= 0) return;
      sent += static_cast<size_t>(now);
    }
    for (int i = 0; answer.stall && i < 400 && !stop_; ++i) {
      pollfd waiting{connection, POLLIN, 0};
      if (::poll(&waiting, 1, 10) > 0) break;  // the other side went
    }
  }
  std::function<Answer(const Asked&)> answer_;
  int listen_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::vector<Asked> asked_;
  std::thread thread_;
};

}  // namespace ptah
