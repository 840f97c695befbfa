// Heads of requests, as strict as two programs need to agree on them; and what a server says to whom.
#include "serve/http/request_head.h"

#include <gtest/gtest.h>

#include "base/philox.h"
#include "serve/http/policy.h"
#include "serve/http/router.h"

namespace ptah {
using namespace std::string_literals;

namespace {

constexpr const char* kHost = "Host: 127.0.0.1\r\n";

int status_of(const std::string& head) {
  const auto parsed = parse_http_head(head);
  return parsed ? 200 : parsed.error().status;
}

std::string get(const std::string& fields) { return "GET /a HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n"; }

}  // namespace

TEST(RequestHead, AProperOneIsReadWhole) {
  const auto head = parse_http_head(
      "POST /a%20b/c?x=1&y=a+b%2F&z HTTP/1.1\r\nHost: example.org:80\r\nContent-Length: 12\r\nX-A:  v w \t\r\nAuthorization: bearer tok\r\n\r\n");
  ASSERT_TRUE(head) << head.error().why;
  const HttpRequest& r = head->request;
  EXPECT_EQ(r.method, "POST");
  EXPECT_EQ(r.path, "/a b/c");
  EXPECT_EQ(r.query_value("x"), "1");
  EXPECT_EQ(r.query_value("y"), "a b/");
  EXPECT_EQ(r.query_value("none"), "");
  EXPECT_EQ(r.header("x-a"), "v w");
  EXPECT_EQ(r.bearer(), "tok");
  EXPECT_EQ(head->content_length, 12U);
  EXPECT_TRUE(head->keep_alive);
  EXPECT_FALSE(head->chunked);
  EXPECT_FALSE(parse_http_head(get("Connection: Upgrade, Close\r\n"))->keep_alive);
  EXPECT_FALSE(parse_http_head("GET / HTTP/1.0\r\nHost: x\r\n\r\n")->keep_alive);
  EXPECT_TRUE(parse_http_head(get("Transfer-Encoding: Chunked\r\n"))->chunked);
}

TEST(RequestHead, WhatTwoProgramsCouldReadInTwoWaysIsRefused) {
  for (const char* fields : {"Content-Length: 3\r\nContent-Length: 3\r\n",
                             "Content-Length: 3\r\nContent-Length: 4\r\n",
                             "Content-Length: 3, 3\r\n",
                             "Content-Length: +3\r\n",
                             "Content-Length: -1\r\n",
                             "Content-Length: 0x3\r\n",
                             "Content-Length: 3 3\r\n",
                             "Content-Length:\r\n",
                             "Content-Length: 99999999999999999999\r\n",
                             "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
                             "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
                             "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                             "Transfer-Encoding : chunked\r\n",
                             " folded: x\r\n",
                             "A: b\r\n folded\r\n",
                             "A: b\r\n\tfolded\r\n",
                             "no colon\r\n",
                             ": no name\r\n",
                             "A b: c\r\n",
                             "A: b\nC: d\r\n",
                             "A: b\rC: d\r\n",
                             "A: \x01\r\n",
                             "A: \x7f\r\n",
                             "Host: y\r\n",
                             "Authorization: a\r\nAuthorization: b\r\n",
                             "Origin: a\r\nORIGIN: b\r\n"})
    EXPECT_EQ(status_of(get(fields)), 400) << fields;
  for (const char* encoding : {"gzip", "chunked, gzip", "gzip, chunked", "identity", "xchunked", "chunked;q=1",
                               "\x0b"
                               "chunked"})
    EXPECT_NE(status_of(get(std::string("Transfer-Encoding: ") + encoding + "\r\n")), 200) << encoding;
  for (const char* line : {"GET /a",
                           "GET  /a HTTP/1.1",
                           "GET /a  HTTP/1.1",
                           "GET\t/a HTTP/1.1",
                           " GET /a HTTP/1.1",
                           "GET /a b HTTP/1.1",
                           "GET a HTTP/1.1",
                           "GET http://x/a HTTP/1.1",
                           "CONNECT x:80 HTTP/1.1",
                           "OPTIONS * HTTP/1.1",
                           "G(T /a HTTP/1.1",
                           "GET /a%0 HTTP/1.1",
                           "GET /%zz HTTP/1.1",
                           "GET /a%00 HTTP/1.1",
                           "GET /%0d%0a HTTP/1.1",
                           "GET /%ff HTTP/1.1",
                           "GET /../a HTTP/1.1",
                           "GET /a/%2e%2e/b HTTP/1.1",
                           "GET /a/. HTTP/1.1",
                           "GET /a#b HTTP/1.1",
                           "GET /\xc3\xa9 HTTP/1.1",
                           "GET /a?x=%1b HTTP/1.1",
                           "GET /a HTTP/1.1 ",
                           "GET /a http/1.1",
                           ""})
    EXPECT_EQ(status_of(std::string(line) + "\r\n" + kHost + "\r\n"), 400) << line;
  EXPECT_EQ(status_of("GET /a HTTP/2.0\r\nHost: x\r\n\r\n"), 505);
  EXPECT_EQ(status_of("GET /a HTTP/1.1\r\n\r\n"), 400) << "no Host";
  EXPECT_EQ(status_of("GET /a HTTP/1.1\r\nHost:\r\n\r\n"), 400);
  EXPECT_EQ(status_of("POST /a HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(status_of("\r\nGET /a HTTP/1.1\r\nHost: x\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET /a HTTP/1.1\nHost: x\n\n"), 400);
  EXPECT_EQ(status_of(get("Expect: 200-ok\r\n")), 417);
  EXPECT_EQ(status_of(std::string("GET /a HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n"s)), 400);
}

TEST(RequestHead, LimitsAreSeenAsSoonAsTheyArePassed) {
  const HttpHeadLimits limits{.request_line = 100, .bytes = 400, .headers = 5};
  const auto first_refusal = [&](const std::string& bytes) {
    HttpHeadScan scan(limits);
    for (size_t size = 1; size <= bytes.size(); ++size)
      if (const auto found = scan.look(std::string_view(bytes).substr(0, size)); !found) return std::pair{found.error().status, size};
    return std::pair{0, bytes.size()};
  };
  EXPECT_EQ(first_refusal("GET /" + std::string(10000, 'a')), (std::pair{414, size_t{101}}));
  EXPECT_EQ(first_refusal("GET / HTTP/1.1\r\nA: " + std::string(10000, 'a')), (std::pair{431, size_t{401}}));
  std::string many = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 100; ++i) many += "a: b\r\n";
  EXPECT_EQ(first_refusal(many).first, 431);
  EXPECT_LT(first_refusal(many).second, 60U);
  EXPECT_EQ(first_refusal("GET / HTTP/1.1\n"), (std::pair{400, size_t{15}}));
}

TEST(RequestHead, RandomBytesNeverGetInAndNeverHurt) {
  Random random(7);
  const std::string proper = get("Content-Length: 3\r\nA: b\r\n");
  size_t taken = 0;
  for (uint64_t i = 0; i < 20000; ++i) {
    std::string text = proper;
    for (uint64_t k = 0; k < 1 + i % 4; ++k) {
      const uint32_t at = random.below(static_cast<uint32_t>(text.size()));
      text[at] = random.below(5) == 0 ? "\r\n: \t"[random.below(5)] : static_cast<char>(random.below(256));
    }
    const auto head = parse_http_head(text);
    if (!head) continue;
    ++taken;
    for (const auto& [name, value] : head->request.headers) {
      EXPECT_EQ(name.find_first_of(" \t\r\n:"), std::string::npos);
      EXPECT_EQ(value.find_first_of("\r\n"), std::string::npos);
    }
  }
  EXPECT_GT(taken, 1000U);
}

TEST(HttpPolicy, OnLoopbackOnlyThisComputersNamesAreServed) {
  const HttpPolicy plain, named{.hosts = {"Reading.example.org"}};
  for (const char* host : {"127.0.0.1", "127.0.0.1:8080", "127.1.2.3", "localhost", "LOCALHOST:1", "[::1]", "[::1]:80"})
    EXPECT_TRUE(host_allowed(host, true, plain)) << host;
  for (const char* host : {"evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", "0.0.0.0", "192.168.0.1", "", "[::1",
                           "[::2]", "a b", "localhost:x", "localhost@evil", "127.0.0.1,evil"})
    EXPECT_FALSE(host_allowed(host, true, plain)) << host;
  EXPECT_TRUE(host_allowed("reading.example.org", true, named));
  EXPECT_TRUE(host_allowed("anything.example", false, plain));
  EXPECT_FALSE(host_allowed("anything.example", false, named));
  EXPECT_TRUE(origin_allowed("", "x", plain));
  EXPECT_TRUE(origin_allowed("http://localhost:1", "localhost:1", plain));
  for (const char* origin : {"null", "http://evil.example", "http://localhost:2", "localhost:1"})
    EXPECT_FALSE(origin_allowed(origin, "localhost:1", plain)) << origin;
}

TEST(HttpPolicy, OnlyATrustedProxySaysWhoAClientIs) {
  HttpRequest request;
  request.headers = {{"x-forwarded-for", "6.6.6.6, 7.7.7.7"}, {"remote_addr", "6.6.6.6"}, {"x-real-ip", "6.6.6.6"}, {"forwarded", "for=6.6.6.6"}};
  EXPECT_EQ(client_address("10.0.0.1", request, {}), "10.0.0.1");
  const HttpPolicy proxied{.proxies = {"10.0.0.1"}};
  EXPECT_EQ(client_address("10.0.0.1", request, proxied), "7.7.7.7");
  EXPECT_EQ(client_address("10.0.0.2", request, proxied), "10.0.0.2");
  request.headers = {{"x-forwarded-for", "7.7.7.7, evil"}};
  EXPECT_EQ(client_address("10.0.0.1", request, proxied), "10.0.0.1");
  EXPECT_EQ(peer_of("2001:db8:1:2:3:4:5:6"), peer_of("2001:db8:1:2:ffff::"));
  EXPECT_NE(peer_of("2001:db8:1:2::1"), peer_of("2001:db8:1:3::1"));
  EXPECT_EQ(peer_of("::ffff:1.2.3.4"), "1.2.3.4");
}

TEST(HttpPolicy, AQuotaIsEachPeersOwn) {
  PeerQuota quota(3, 10, 100);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(quota.take("a", 0.001 * i), i < 3);
  EXPECT_TRUE(quota.take("b", 1));
  EXPECT_TRUE(quota.take("a", 11)) << "later again";
  for (int i = 0; i < 10000; ++i) quota.take(std::to_string(i), 12);
  EXPECT_LE(quota.peers(), 100U) << "many peers do not fill memory";
}

TEST(HttpRouter, PathsAndMethods) {
  HttpRouter router;
  for (const char* path : {"/", "/a", "/a/{}/b", "/a/{}"}) router.add({.method = "GET", .path = path});
  router.add({.method = "POST", .path = "/a"});
  EXPECT_EQ(router.find("GET", "/a/1/b").parts, (std::vector<std::string>{"1"}));
  EXPECT_TRUE(router.find("HEAD", "/").route);
  for (const char* path : {"/b", "/a/", "/a//b", "/a/1/", "/a/1/b/", "/a/1/b/c", "//"}) EXPECT_FALSE(router.find("GET", path).route) << path;
  EXPECT_EQ(router.find("PUT", "/a").methods, (std::vector<std::string>{"GET", "HEAD", "POST"}));
}

}  // namespace ptah
