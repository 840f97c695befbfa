// Ethereum's encodings against ethers (tools/reference/chain.mjs); nodes that lie; a local chain where anvil is at hand.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <thread>

#include "base/sha256.h"
#include "chain/abi.h"
#include "chain/account.h"
#include "chain/dev_chain.h"
#include "chain/rpc.h"
#include "chain/transaction.h"

namespace ptah {

namespace {

namespace fs = std::filesystem;

Bytes of_hex(const std::string& text) { return value_or_throw(parse_hex(text)); }
Uint256 number(const std::string& text) { return value_or_throw(parse_uint256(std::string_view(text))); }

Key key_of(const std::string& secret) {
  const Bytes bytes = of_hex(secret);
  Secret kept(bytes.size());
  std::copy(bytes.begin(), bytes.end(), kept.bytes().begin());
  return value_or_throw(Key::from_secret(std::move(kept)));
}

void compare(const Json& item) {
  const std::string kind = item["kind"];
  if (kind == "transaction") {
    Transaction t;
    t.chain_id = item["chain"];
    t.nonce = item["nonce"];
    t.max_priority_fee = number(item["tip"]);
    t.max_fee = number(item["fee"]);
    t.gas = item["gas"];
    if (!item["to"].is_null()) t.to = value_or_throw(parse_address(item["to"].get<std::string>()));
    t.value = number(item["value"]);
    t.data = of_hex(item["data"]);
    for (const Json& entry : item["access"]) {
      std::vector<Bytes32> keys;
      for (const Json& slot : entry[1]) {
        keys.emplace_back();
        const Bytes bytes = of_hex(slot);
        std::copy(bytes.begin(), bytes.end(), keys.back().begin());
      }
      t.access_list.emplace_back(value_or_throw(parse_address(entry[0].get<std::string>())), keys);
    }
    const SignedTransaction made = value_or_throw(sign_transaction(t, key_of(item["secret"])));
    EXPECT_EQ(hex_text(made.raw), item["raw"]);
    EXPECT_EQ(hex_text(made.hash), item["hash"]);
    const Rlp parsed = value_or_throw(Rlp::parse(std::span(made.raw).subspan(1)));
    EXPECT_EQ(parsed.encode(), Bytes(made.raw.begin() + 1, made.raw.end()));
  } else if (kind == "typed") {
    EXPECT_EQ(hex_text(value_or_throw(typed_data_digest(item["data"]))), item["digest"]) << item["data"].dump();
  } else {
    const auto types = item["types"].get<std::vector<std::string>>();
    const Bytes encoded = value_or_throw(abi_encode(types, item["values"]));
    EXPECT_EQ(hex_text(encoded), item["encoded"]) << item["types"].dump();
    EXPECT_EQ(value_or_throw(abi_decode(types, encoded)), item["values"]);
  }
}

void compare_file(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  size_t count = 0;
  while (std::getline(in, line)) {
    compare(value_or_throw(parse_json(line, 64)));
    ++count;
    if (testing::Test::HasFailure()) return;
  }
  EXPECT_GT(count, 100U) << file;
}

/// A server on 127.0.0.1 that answers each request with the next of these texts, whole as they are.
class LyingNode {
 public:
  explicit LyingNode(std::vector<std::string> answers) : answers_(std::move(answers)) {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    EXPECT_EQ(::listen(socket_, 8), 0);
    url = fmt::format("http://127.0.0.1:{}", ntohs(address.sin_port));
    thread_ = std::thread([this] { run(); });
  }
  ~LyingNode() {
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }
  std::string url;

 private:
  void run() {
    for (size_t i = 0;; ++i) {
      const int peer = ::accept(socket_, nullptr, nullptr);
      if (peer < 0) return;
      std::string request;
      char buffer[4096];
      while (request.find("\r\n\r\n") == std::string::npos || request.find('}') == std::string::npos) {
        const auto got = ::read(peer, buffer, sizeof(buffer));
        if (got <= 0) break;
        request.append(buffer, static_cast<size_t>(got));
      }
      const std::string& answer = answers_[std::min(i, answers_.size() - 1)];
      for (size_t sent = 0; sent < answer.size();) {
        const auto put = ::send(peer, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
        if (put <= 0) break;
        sent += static_cast<size_t>(put);
      }
      ::close(peer);
    }
  }
  std::vector<std::string> answers_;
  int socket_ = -1;
  std::thread thread_;
};

std::string http(const std::string& body, const char* status = "200 OK") {
  return fmt::format("HTTP/1.1 {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}", status, body.size(), body);
}

Result<Json> ask(std::vector<std::string> answers) {
  const LyingNode node(std::move(answers));
  const Rpc rpc = value_or_throw(Rpc::open(node.url, {.timeout_seconds = 2, .attempts = 3, .wait_seconds = 0.01, .max_bytes = 10000}));
  return rpc.call("eth_chainId");
}

}  // namespace

TEST(Chain, EqualsEthers) {
  compare_file(fs::path(PTAH_SOURCE_DIR) / "tests/golden/chain.jsonl");
  if (const char* more = std::getenv("PTAH_CHAIN_VECTORS")) compare_file(more);
}

TEST(Chain, KnownEncodings) {
  EXPECT_EQ(hex(Rlp::of(as_bytes("dog")).encode()), "83646f67") << "the examples of the yellow paper";
  EXPECT_EQ(hex(Rlp::of_list({Rlp::of(as_bytes("cat")), Rlp::of(as_bytes("dog"))}).encode()), "c88363617483646f67");
  EXPECT_EQ(hex(Rlp::of(uint256(0)).encode()), "80");
  EXPECT_EQ(hex(Rlp::of(uint256(1024)).encode()), "820400");
  EXPECT_EQ(hex(value_or_throw(abi_call("transfer(address,uint256)", {"0x00000000000000000000000000000000000000aa", 5}))).substr(0, 8), "a9059cbb");
  EXPECT_EQ(to_decimal(number("0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")),
            "115792089237316195423570985008687907853269984665640564039457584007913129639935");
  EXPECT_EQ(quantity(uint64_t{0}), "0x0");
  EXPECT_EQ(quantity(uint64_t{1024}), "0x400");
  EXPECT_EQ(to_decimal(scaled(uint256(1000), 5, 4)), "1250");
  // The first contract of anvil's first account.
  EXPECT_EQ(to_string(created_address(value_or_throw(parse_address("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266")), 0)),
            "0x5FbDB2315678afecb367f032d93F642f64180aa3");
}

TEST(Chain, WrongValuesAreRefused) {
  for (const auto& [type, value] : std::vector<std::pair<std::string, Json>>{{"uint8", 256},
                                                                             {"uint8", -1},
                                                                             {"int8", 128},
                                                                             {"int8", -129},
                                                                             {"uint256", "1.5"},
                                                                             {"uint256", 1.5},
                                                                             {"uint256", ""},
                                                                             {"uint256", "0x" + std::string(65, 'f')},
                                                                             {"int256", "0x8000000000000000000000000000000000000000000000000000000000000000"},
                                                                             {"bool", 1},
                                                                             {"address", "0x12"},
                                                                             {"bytes4", "0x123456"},
                                                                             {"bytes", "0x1"},
                                                                             {"uint256[2]", {1}},
                                                                             {"(uint8,uint8)", {1}},
                                                                             {"string", 5},
                                                                             {"uint7", 1},
                                                                             {"uint264", 1},
                                                                             {"bytes33", "0x"},
                                                                             {"uint256[0]", Json::array()},
                                                                             {"uint256]", Json::array()},
                                                                             {"(uint8", {1}},
                                                                             {"", 1}})
    EXPECT_FALSE(abi_encode({type}, Json::array({value}))) << type << " " << value;
  EXPECT_TRUE(abi_encode({"int8"}, {-128}));
  EXPECT_FALSE(argument_types("name"));
  for (const char* bad : {"", "81", "8100", "b800", "b90001", "c2", "f800", "8180ff", "ffffffffffffffffffff"})
    EXPECT_FALSE(Rlp::parse(of_hex(std::string("0x") + bad))) << bad;
  EXPECT_FALSE(Rlp::parse(Bytes(100000, 0xC1)));
  // Answers that point outside, are cut, or claim more than there is.
  const Bytes good = value_or_throw(abi_encode({"string", "uint256[]"}, {"hello", {1, 2, 3}}));
  for (size_t cut = 0; cut < good.size(); ++cut) EXPECT_FALSE(abi_decode({"string", "uint256[]"}, std::span(good).first(cut))) << cut;
  for (size_t i = 0; i < good.size(); ++i)
    for (const int change : {1, 0x80, 0xFF}) {
      Bytes bad = good;
      bad[i] = static_cast<uint8_t>(bad[i] ^ change);
      (void)abi_decode({"string", "uint256[]"}, bad);  // must not crash
      (void)abi_decode({"bytes[][]", "(string,bool)[]"}, bad);
    }
  Bytes bomb(32 * 200, 0);
  for (size_t i = 0; i < 200; ++i) bomb[32 * i + 30] = 0x10;
  EXPECT_FALSE(abi_decode({"uint256[][][][][][]"}, bomb));
  // A thousand texts at one place: what comes out is bounded, not only what goes in.
  Bytes shared(32 * 1003 + 32 + 100000, 'x');
  const auto put = [&](size_t at, uint64_t value) {
    const Uint256 word = uint256(value);
    std::copy(word.begin(), word.end(), shared.begin() + static_cast<ptrdiff_t>(at));
  };
  put(0, 32);
  put(32, 1000);
  for (size_t i = 0; i < 1000; ++i) put(64 + 32 * i, 32 * 1000);
  put(64 + 32 * 1000, 100000);
  EXPECT_EQ(abi_decode({"string[]"}, shared).error().code, ErrorCode::corrupt);
  EXPECT_EQ(value_or_throw(abi_decode({"string"}, value_or_throw(abi_encode({"bytes"}, Json::array({"0x63e9"}))), true))[0], "c\xef\xbf\xbd");
  EXPECT_FALSE(typed_data_digest(
      {{"types", {{"A", {{{"name", "a"}, {"type", "A"}}}}}}, {"primaryType", "A"}, {"domain", Json::object()}, {"message", {{"a", {{"a", 1}}}}}}));
}

TEST(Rpc, HonestAndOtherNodes) {
  EXPECT_EQ(value_or_throw(ask({http(R"({"jsonrpc":"2.0","id":1,"result":"0x1"})")})), "0x1");
  EXPECT_EQ(value_or_throw(ask({http("", "503 Busy"), "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\ncut", http(R"({"jsonrpc":"2.0","id":1,"result":"0x1"})")})),
            "0x1");
  EXPECT_EQ(ask({http(R"({"jsonrpc":"2.0","id":2,"result":"0x1"})")}).error().code, ErrorCode::corrupt) << "an answer to another question";
  EXPECT_EQ(ask({http(R"({"result":"0x1"})")}).error().code, ErrorCode::corrupt);
  EXPECT_EQ(ask({http("<html>")}).error().code, ErrorCode::corrupt);
  EXPECT_EQ(ask({http(std::string(20000, '['))}).error().code, ErrorCode::corrupt) << "longer than what is taken";
  EXPECT_EQ(ask({http(std::string(5000, '['))}).error().code, ErrorCode::corrupt) << "nested too deeply";
  EXPECT_EQ(ask({http("", "401 No")}).error().code, ErrorCode::io);
  EXPECT_EQ(ask({http("", "503 Busy")}).error().code, ErrorCode::io);
  const auto refused = ask({http(R"({"jsonrpc":"2.0","id":1,"error":{"code":3,"message":"execution reverted","data":"0x08c379a0)" +
                                 hex(of_hex("0x" + std::string(62, '0') + "20" + std::string(62, '0') + "03" + "6e6f6f" + std::string(58, '0'))) + "\"}}")});
  EXPECT_EQ(refused.error().code, ErrorCode::mismatch);
  EXPECT_NE(refused.error().message.find("noo"), std::string::npos) << refused.error().message;
  EXPECT_EQ(ask({http(R"({"jsonrpc":"2.0","id":1,"error":5})")}).error().code, ErrorCode::mismatch);
  EXPECT_FALSE(Rpc::open("ftp://x"));
  EXPECT_FALSE(Rpc::open("file:///etc/passwd"));
  const Rpc nobody = value_or_throw(Rpc::open("http://127.0.0.1:1", {.attempts = 2, .wait_seconds = 0.01}));
  EXPECT_EQ(nobody.call("eth_chainId").error().code, ErrorCode::io);
}

TEST(Rpc, AnswersToManyMayComeInAnyOrder) {
  const LyingNode node(
      {http(R"([{"jsonrpc":"2.0","id":2,"result":"b"},{"jsonrpc":"2.0","id":1,"result":"a"},{"jsonrpc":"2.0","id":3,"error":{"message":"no"}}])")});
  const Rpc rpc = value_or_throw(Rpc::open(node.url));
  const auto answers = value_or_throw(rpc.batch({{"x"}, {"y"}, {"z"}, {"w"}}));
  ASSERT_EQ(answers.size(), 4U);
  EXPECT_EQ(*answers[0], "a");
  EXPECT_EQ(*answers[1], "b");
  EXPECT_FALSE(answers[2]);
  EXPECT_FALSE(answers[3]);
}

}  // namespace ptah
