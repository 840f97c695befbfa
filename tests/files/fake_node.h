// A node of Ethereum that knows one account: as much of it as making contracts needs.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "base/hex.h"
#include "base/json.h"
#include "chain/account.h"
#include "own/keccak.h"

namespace ptah {

class FakeNode {
 public:
  explicit FakeNode(const Address& account) : account_(account) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(socket_, 64) != 0) std::abort();
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] {
      while (true) {
        const int peer = ::accept(socket_, nullptr, nullptr);
        if (peer < 0) return;
        exchange(peer);
        ::close(peer);
      }
    });
  }
  ~FakeNode() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }
  FakeNode(const FakeNode&) = delete;
  FakeNode& operator=(const FakeNode&) = delete;
  std::string url() const { return fmt::format("http://127.0.0.1:{}", port_); }
  void restart() {
    const std::lock_guard lock(mutex_);
    receipts_.clear();
    code_.clear();
    nonce_ = 7;
  }
  size_t contracts() {
    const std::lock_guard lock(mutex_);
    return code_.size();
  }

 private:
  void exchange(int peer) {
    std::string in;
    char buffer[4096];
    size_t end = std::string::npos, length = 0;
    while (end == std::string::npos || in.size() < end + 4 + length) {
      const ssize_t got = ::recv(peer, buffer, sizeof(buffer), 0);
      if (got <= 0) return;
      in.append(buffer, static_cast<size_t>(got));
      if (end == std::string::npos && (end = in.find("\r\n\r\n")) != std::string::npos) {
        const size_t at = in.find("Content-Length: ");
        length = at == std::string::npos ? 0 : std::stoul(in.substr(at + 16));
      }
    }
    const auto question = parse_json(in.substr(end + 4), 32);
    if (!question) return;
    Json answer;
    if (question->is_array())
      for (const Json& one : *question) answer.push_back(answered(one));
    else
      answer = answered(*question);
    const std::string body = answer.dump();
    const std::string out =
        fmt::format("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}", body.size(), body);
    for (size_t done = 0; done < out.size();) {
      const ssize_t put = ::send(peer, out.data() + done, out.size() - done, MSG_NOSIGNAL);
      if (put <= 0) return;
      done += static_cast<size_t>(put);
    }
  }
  Json answered(const Json& question) {
    const std::lock_guard lock(mutex_);
    return {
        {"jsonrpc", "2.0"}, {"id", question.value("id", Json())}, {"result", result(question["method"].get<std::string>(), question.value("params", Json()))}};
  }
  Json result(const std::string& method, const Json& params) {
    if (method == "eth_chainId") return "0x1";
    if (method == "eth_blockNumber") return "0x10";
    if (method == "eth_getBlockByNumber") return {{"hash", "0x" + std::string(64, 'a')}, {"baseFeePerGas", "0x1"}, {"number", "0x10"}, {"timestamp", "0x1"}};
    if (method == "eth_getTransactionCount") return quantity(nonce_);
    if (method == "eth_getBalance") return "0xde0b6b3a7640000";
    if (method == "eth_maxPriorityFeePerGas") return "0x1";
    if (method == "eth_estimateGas") return "0x5208";
    if (method == "eth_getCode") return code_.contains(params[0]) ? "0x60" : "0x";
    if (method == "eth_getTransactionReceipt") {
      const auto found = receipts_.find(params[0]);
      return found == receipts_.end() ? Json() : found->second;
    }
    if (method == "eth_sendRawTransaction") {
      const std::string hash = hex_text(keccak256(std::span<const uint8_t>(value_or_throw(parse_hex(params[0].get<std::string>())))));
      const std::string place = to_string(created_address(account_, nonce_++));
      code_[place] = true;
      receipts_[hash] = {{"transactionHash", hash}, {"blockNumber", "0xf"},     {"gasUsed", "0x1"},
                         {"status", "0x1"},         {"contractAddress", place}, {"logs", Json::array()}};
      return hash;
    }
    return {};
  }
  Address account_;
  int socket_ = -1, port_ = 0;
  std::mutex mutex_;
  uint64_t nonce_ = 7;
  std::map<std::string, bool> code_;
  std::map<std::string, Json> receipts_;
  std::thread thread_;
};

}  // namespace ptah
