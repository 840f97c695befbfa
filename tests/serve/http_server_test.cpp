// The HTTP server against those who would fill its memory, stop it, or talk to it under another name.
#include "serve/http/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "raw_client.h"

namespace ptah {

namespace {

constexpr size_t kFlood = 48 << 20;  // tools/check/servers sends 500 MiB
#ifdef __SANITIZE_ADDRESS__
constexpr double kMaxGrowth = 256;  // MiB; the sanitizer keeps what was freed
#else
constexpr double kMaxGrowth = 16;  // MiB
#endif
constexpr double kSlowMachine = 2;  // seconds, on a machine that does other work; tools/check/servers holds it to 50 ms

class Http : public testing::Test {
 protected:
  /// Once the routes and options are as wished.
  void start(HttpOptions options = {}) {
    server = std::make_unique<HttpServer>(std::move(options));
    server->route({.method = "GET", .path = "/", .handler = [](const HttpRequest& r) { return HttpResponse::text("hello " + r.peer, "text/plain"); }});
    for (const char* method : {"POST", "PUT"})
      server->route(
          {.method = method, .path = "/echo", .handler = [](const HttpRequest& r) { return HttpResponse::text(r.body, "text/plain"); }, .max_body = 1000});
    server->route({.method = "POST",
                   .path = "/private",
                   .handler = [](const HttpRequest&) { return HttpResponse::text("in", "text/plain"); },
                   .max_body = 1 << 20,
                   .gate = [](const HttpRequest& r) -> std::optional<HttpResponse> {
                     if (r.bearer() == "token") return std::nullopt;
                     return HttpResponse::error(401, "no token");
                   }});
    const auto large = std::make_shared<const std::string>(std::string(32 << 20, 'x'));
    server->route({.method = "GET", .path = "/large", .handler = [large](const HttpRequest&) {
                     HttpResponse out;
                     out.body = large;
                     return out;
                   }});
    server->route({.method = "GET", .path = "/events", .handler = [this](const HttpRequest&) {
                     auto stream = std::make_shared<HttpStream>(64 << 10);
                     const std::lock_guard lock(mutex);
                     streams.push_back(stream);
                     return HttpResponse::events(stream);
                   }});
    server->route({.method = "POST", .path = "/slow", .handler = [this](const HttpRequest& r) {
                     ++running;
                     for (int i = 0; i < 500 && !r.gone->cancelled(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
                     if (r.gone->cancelled()) ++left;
                     --running;
                     return HttpResponse::text("done", "text/plain");
                   }});
    server->route({.method = "GET", .path = "/throws", .handler = [](const HttpRequest&) -> HttpResponse { throw std::runtime_error("broken"); }});
    server->route({.method = "GET", .path = "/splits", .handler = [](const HttpRequest&) {
                     HttpResponse out = HttpResponse::text("x", "text/plain\r\nX-Evil: 1");
                     out.headers.emplace_back("X-A", "1\r\nX-Evil: 2");
                     return out;
                   }});
    port = value_or_throw(server->bind("127.0.0.1", 0));
    thread = std::thread([this] { server->run(); });
  }
  void stop() {
    if (!thread.joinable()) return;
    server->stop();
    thread.join();
  }
  void TearDown() override { stop(); }
  /// The slowest but one in a hundred of `count` answers of /health, in seconds; 99 if one fails.
  double health(size_t count) const {
    std::vector<double> times;
    for (size_t i = 0; i < count; ++i) {
      const double begin = seconds_now();
      const RawClient client(port);
      client.send(get_text("/health"));
      if (client.read(5, "ok\"}").find("{\"status\":\"ok\"}") == std::string::npos) return 99;
      times.push_back(seconds_now() - begin);
    }
    std::sort(times.begin(), times.end());
    return times[count * 99 / 100];
  }
  bool becomes(const std::function<bool()>& true_, double seconds = 5) const {
    for (const double end = seconds_now() + seconds; seconds_now() < end; std::this_thread::sleep_for(std::chrono::milliseconds(5)))
      if (true_()) return true;
    return true_();
  }

  std::unique_ptr<HttpServer> server;
  std::thread thread;
  int port = 0;
  std::mutex mutex;
  std::vector<std::shared_ptr<HttpStream>> streams;
  std::atomic<int> running{0}, left{0};
};

const std::string kPost = "POST /echo HTTP/1.1\r\nHost: localhost\r\n";
const std::string kChunked = "Transfer-Encoding: chunked\r\n\r\n";

}  // namespace

TEST_F(Http, AnswersAndKeepsTheConnection) {
  start();
  const RawClient client(port);
  client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" + kPost + "Content-Length: 3\r\n\r\nabc" + kPost + kChunked + "2\r\nde\r\n1\r\nf\r\n0\r\n\r\n" +
              "HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n" + get_text("/nowhere"));
  const std::string all = client.read();
  EXPECT_NE(all.find("hello 127.0.0.1"), std::string::npos);
  EXPECT_NE(all.find("\r\n\r\nabc"), std::string::npos);
  EXPECT_NE(all.find("\r\n\r\ndef"), std::string::npos);
  EXPECT_NE(all.find("HTTP/1.1 404"), std::string::npos);
  EXPECT_EQ(all.find("hello"), all.rfind("hello")) << "HEAD has no body";
  EXPECT_EQ(server->counts().accepted, 1U);
  EXPECT_EQ(status_of_answer(ask(port, get_text("/throws"))), 500);
  const std::string split = ask(port, get_text("/splits"));
  EXPECT_EQ(split.find("\r\nX-Evil"), std::string::npos) << split;
  EXPECT_LT(health(20), kSlowMachine);
}

TEST_F(Http, WhatNeverEndsIsCut) {
  start();
  const std::pair<std::string, std::string> attacks[] = {
      {"GET /", "aaaaaaaaaaaaaaaa"},
      {"GET / HTTP/1.1\r\nA: ", "aaaaaaaaaaaaaaaa"},
      {"GET / HTTP/1.1\r\n", "a: b\r\n"},
      {kPost + kChunked, "8\r\naaaaaaaa\r\n"},
      {"PUT /echo HTTP/1.1\r\nHost: localhost\r\n" + kChunked, "8\r\naaaaaaaa\r\n"},
      {"GET / HTTP/1.1\r\nHost: localhost\r\n" + kChunked, "8\r\naaaaaaaa\r\n"},
      {"DELETE /nowhere HTTP/1.1\r\nHost: localhost\r\n" + kChunked, "8\r\naaaaaaaa\r\n"},
      {"POST /private HTTP/1.1\r\nHost: localhost\r\n" + kChunked, "8\r\naaaaaaaa\r\n"},
      {kPost + kChunked + "1;", "aaaaaaaaaaaaaaaa"},
      {kPost + kChunked, "1;a=b\r\na\r\n"},
      {kPost + kChunked, "00000000000000000000"},
      {kPost + kChunked + "0\r\n", "a: b\r\n"},
      {kPost + "Content-Length: 500000000\r\n\r\n", "aaaaaaaaaaaaaaaa"},
      {kPost + "Content-Encoding: gzip\r\nContent-Length: 900\r\n\r\n", "aaaaaaaaaaaaaaaa"},
  };
  double slowest = 0;
  std::atomic<bool> done{false};
  const double before = resident_mib();
  std::thread watcher([&] {
    while (!done) slowest = std::max(slowest, health(20));
  });
  for (const auto& [first, again] : attacks) {
    const RawClient client(port);
    client.send(first);
    const size_t sent = client.flood(again, kFlood);
    EXPECT_LT(sent, kFlood) << first << again;
    const RawClient polite(port);  // hears why
    polite.send(first + again + again + "\r\n\r\n");
  }
  done = true;
  watcher.join();
  EXPECT_LT(resident_mib() - before, kMaxGrowth);
  EXPECT_LT(slowest, kSlowMachine);
  EXPECT_GE(server->counts().refused, std::size(attacks) - 1);
}

TEST_F(Http, TwoHundredSlowClientsStopNobody) {
  start();
  const std::string starts[] = {"GET / HTTP/1.1\r\nHost: ", kPost + "Content-Length: 1000\r\n\r\na", kPost + kChunked + "1\r\na",
                                "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n", ""};
  const double before = resident_mib();
  std::vector<RawClient> slow;
  for (int i = 0; i < 200; ++i) {
    slow.emplace_back(port);
    slow.back().send(starts[i % std::size(starts)]);
  }
  EXPECT_LT(health(100), kSlowMachine);
  EXPECT_LT(resident_mib() - before, kMaxGrowth);
  const double begin = seconds_now();
  stop();
  EXPECT_LT(seconds_now() - begin, 1) << "and stopping does not wait for them";
  for (const RawClient& client : slow) EXPECT_TRUE(client.closed_within(1));
}

TEST_F(Http, ARequestHasADeadline) {
  start({.head_seconds = 0.4, .idle_seconds = 0.4, .min_bytes_per_second = 1e9});
  const auto trickle = [&](const std::string& first, const char* again) {
    const RawClient client(port);
    client.send(first);
    const double begin = seconds_now();
    while (seconds_now() - begin < 4 && client.send(again)) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return seconds_now() - begin;
  };
  EXPECT_LT(trickle("GET / HTTP/1.1\r\nA: ", "a"), 2);
  EXPECT_LT(trickle(kPost + "Content-Length: 1000\r\n\r\n", "a"), 2);
  EXPECT_LT(trickle(kPost + kChunked, "1\r\na\r\n"), 2);
  const RawClient silent(port), idle(port), reader(port);
  reader.small_window();
  reader.send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
  idle.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_TRUE(silent.closed_within(2));
  EXPECT_TRUE(idle.closed_within(2));
  EXPECT_TRUE(becomes([&] { return server->counts().connections == 0; }, 3)) << "who does not read is let go";
}

TEST_F(Http, APeerHasItsShareOfConnections) {
  start({.max_connections = 40, .max_connections_per_peer = 10});
  std::vector<RawClient> many;
  for (int i = 0; i < 30; ++i) {
    many.emplace_back(port, "127.0.0.2");
    many.back().send("GET / HTTP/1.1\r\n");
  }
  const RawClient other(port, "127.0.0.3");
  other.send("GET / HTTP/1.1\r\n");
  EXPECT_TRUE(becomes([&] { return server->counts().accepted >= 31 && server->counts().connections == 11; }));
  EXPECT_TRUE(many[0].closed_within(1)) << "the oldest made room";
  EXPECT_FALSE(many[29].closed_within(0.05));
  EXPECT_NE(ask(port, get_text("/"), "127.0.0.2").find("hello 127.0.0.2"), std::string::npos) << "a new request of the same peer gets in";
  std::vector<RawClient> crowd;
  for (int i = 0; i < 60; ++i) {
    crowd.emplace_back(port, fmt::format("127.0.1.{}", 1 + i % 6).c_str());
    crowd.back().send("GET / HTTP/1.1\r\n");
  }
  EXPECT_TRUE(becomes([&] { return server->counts().accepted >= 92 && server->counts().connections <= 40; }));
  EXPECT_FALSE(other.closed_within(0.05)) << "those with many connections make room, not those with one";
  EXPECT_LT(health(10), kSlowMachine);
}

TEST_F(Http, AnswersThatAreWaitedForHoldNobodyUp) {
  start({.max_running = 20, .threads = 4});
  std::vector<RawClient> slow;
  for (int i = 0; i < 40; ++i) {
    slow.emplace_back(port);
    slow.back().send("POST /slow HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  }
  EXPECT_TRUE(becomes([&] { return running == 4; }));
  EXPECT_LT(health(30), kSlowMachine);
  size_t busy = 0;
  for (int i = 20; i < 40; ++i) busy += status_of_answer(slow[static_cast<size_t>(i)].read(2)) == 503;
  EXPECT_EQ(busy, 20U);
  slow.clear();
  EXPECT_TRUE(becomes([&] { return left >= 4; })) << "handlers hear that nobody waits";
  const double begin = seconds_now();
  stop();
  EXPECT_LT(seconds_now() - begin, 2);
}

TEST_F(Http, OnePortIsOfOneServer) {
  start();
  HttpServer second;
  const auto bound = second.bind("127.0.0.1", port);
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error().code, ErrorCode::io);
  EXPECT_NE(bound.error().message.find("another program"), std::string::npos);
  const auto everywhere = second.bind("0.0.0.0", port);
  EXPECT_FALSE(everywhere);
  const int thief = ::socket(AF_INET, SOCK_STREAM, 0);
  const int yes = 1;
  ::setsockopt(thief, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof(yes));
  ::setsockopt(thief, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
  EXPECT_NE(::bind(thief, reinterpret_cast<sockaddr*>(&at), sizeof(at)), 0) << "nobody takes part of the connections";
  ::close(thief);
  EXPECT_EQ(second.bind("no such host.invalid", 0).error().code, ErrorCode::invalid_argument);
  stop();
  server.reset();
  EXPECT_TRUE(HttpServer().bind("127.0.0.1", port)) << "and a new server starts at once";
}

TEST_F(Http, BodiesAreBoundedWhateverTheMethod) {
  start();
  const std::string thousand(1000, 'a');
  for (const char* method : {"POST", "PUT", "GET", "DELETE", "PATCH", "OPTIONS"}) {
    const std::string start_line = fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\n", method, std::string_view(method) == "GET" ? "/" : "/echo");
    const bool takes = std::string_view(method).starts_with('P') && std::string_view(method) != "PATCH";
    EXPECT_EQ(status_of_answer(ask(port, start_line + "Connection: close\r\nContent-Length: 1000\r\n\r\n" + thousand)) == 200, takes) << method;
    const int longer = status_of_answer(ask(port, start_line + "Content-Length: 1001\r\n\r\n" + thousand + "a"));
    EXPECT_TRUE(longer == (takes || std::string_view(method) == "GET" ? 413 : std::string_view(method) == "OPTIONS" ? 204 : 405)) << method << longer;
    const std::string chunks = start_line + kChunked + "3e8\r\n" + thousand + "\r\n1\r\na\r\n0\r\n\r\n";
    const int chunked = status_of_answer(ask(port, chunks));
    EXPECT_EQ(chunked, longer) << method;
  }
  EXPECT_EQ(status_of_answer(ask(port, kPost + "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\na")), 415);
  for (const char* body : {"3;x=y\r\nabc\r\n0\r\n\r\n", "3\r\nabc\r\n0\r\nA: b\r\n\r\n", "3\r\nabcX\r\n0\r\n\r\n", "x\r\nabc\r\n0\r\n\r\n",
                           "-1\r\nabc\r\n0\r\n\r\n", "3\nabc\n0\n\n", "fffffffffffffffff\r\nabc\r\n0\r\n\r\n", "3 \nabc\r\n0\r\n\r\n"})
    EXPECT_NE(status_of_answer(ask(port, kPost + "Connection: close\r\n" + kChunked + body)), 200) << body;
  // The token is looked at before the body comes.
  const std::string head = "POST /private HTTP/1.1\r\nHost: localhost\r\n";
  EXPECT_EQ(status_of_answer(ask(port, head + "Content-Length: 1000000\r\n\r\n")), 401);
  EXPECT_EQ(status_of_answer(ask(port, head + kChunked)), 401);
  const RawClient client(port);
  client.send(head + "Authorization: Bearer token\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_NE(client.read(2, "\r\n\r\n").find("HTTP/1.1 100"), std::string::npos);
  client.send("abc");
  EXPECT_EQ(status_of_answer(client.read()), 200);
}

TEST_F(Http, PagesOfOthersGetNothing) {
  start();
  EXPECT_EQ(status_of_answer(ask(port, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n")), 421);
  const std::string answer = ask(port, get_text("/", "Origin: https://evil.example\r\n"));
  EXPECT_EQ(status_of_answer(answer), 200);
  EXPECT_EQ(answer.find("Access-Control"), std::string::npos);
  for (const char* field : {"X-Frame-Options: DENY", "X-Content-Type-Options: nosniff", "Referrer-Policy: no-referrer", "Cache-Control: no-store",
                            "frame-ancestors 'none'", "Cross-Origin-Resource-Policy: same-origin"})
    EXPECT_NE(answer.find(field), std::string::npos) << field << answer;
  EXPECT_EQ(status_of_answer(ask(port, post_text("/echo", "a", "Origin: https://evil.example\r\n"))), 403);
  EXPECT_EQ(status_of_answer(ask(port, post_text("/echo", "a", "Origin: null\r\n"))), 403);
  EXPECT_EQ(status_of_answer(ask(port, post_text("/echo", "a", "Origin: http://127.0.0.1\r\n"))), 200);
  EXPECT_EQ(
      ask(port, "OPTIONS /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nOrigin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n\r\n")
          .find("Access-Control"),
      std::string::npos);
  EXPECT_NE(ask(port, get_text("/", "REMOTE_ADDR: 6.6.6.6\r\nX-Forwarded-For: 6.6.6.6\r\n")).find("hello 127.0.0.1"), std::string::npos);
  EXPECT_EQ(status_of_answer(ask(port, get_text("/", "Range: bytes=0-,0-,0-\r\n"))), 416);
  EXPECT_EQ(status_of_answer(ask(port, get_text("/", "Range: bytes=0-1\r\n"))), 200) << "the whole";
  EXPECT_EQ(status_of_answer(ask(port, "DELETE / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")), 405);
  stop();
  start({.policy = {.hosts = {"reading.example"}, .origins = {"https://friend.example"}, .proxies = {"127.0.0.1"}}});
  EXPECT_NE(ask(port, get_text("/", "Origin: https://friend.example\r\n")).find("Access-Control-Allow-Origin: https://friend.example\r\n"), std::string::npos);
  EXPECT_EQ(ask(port, get_text("/", "Origin: https://evil.example\r\n")).find("Access-Control"), std::string::npos);
  EXPECT_EQ(status_of_answer(ask(port, post_text("/echo", "a", "Origin: https://friend.example\r\n"))), 200);
  EXPECT_EQ(status_of_answer(ask(port, "GET / HTTP/1.1\r\nHost: reading.example\r\nConnection: close\r\n\r\n")), 200);
  EXPECT_NE(ask(port, get_text("/", "X-Forwarded-For: 6.6.6.6, 7.7.7.7\r\n")).find("hello 7.7.7.7"), std::string::npos);
}

TEST_F(Http, EventsReachManyAndNobodyWaitsForTheSlow) {
  constexpr size_t kClients = 300, kEvents = 20;
  start();
  const double before = resident_mib();
  std::vector<RawClient> clients;
  for (size_t i = 0; i < kClients; ++i) {
    clients.emplace_back(port);
    clients.back().send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  ASSERT_TRUE(becomes([&] {
    const std::lock_guard lock(mutex);
    return streams.size() == kClients;
  }));
  for (size_t k = 0; k < kEvents; ++k) {
    const auto event = std::make_shared<const std::string>(HttpStream::event("line\nof " + std::to_string(k), "step", std::to_string(k)));
    for (const auto& stream : streams) EXPECT_TRUE(stream->send(event));
  }
  EXPECT_LT(health(20), kSlowMachine);
  for (const auto& stream : streams) stream->close();
  for (const RawClient& client : clients) {
    const std::string all = client.read();
    EXPECT_NE(all.find("text/event-stream"), std::string::npos);
    size_t at = 0;
    for (size_t k = 0; k < kEvents; ++k) at = all.find(fmt::format("id: {}\nevent: step\ndata: line\ndata: of {}\n\n", k, k), at);
    ASSERT_NE(at, std::string::npos);
    EXPECT_TRUE(all.ends_with("0\r\n\r\n"));
  }
  EXPECT_LT(resident_mib() - before, kMaxGrowth);
  streams.clear();
  const RawClient slow(port), leaves(port);
  slow.small_window();
  slow.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(becomes([&] {
    const std::lock_guard lock(mutex);
    return streams.size() == 1;
  }));
  bool open = true;
  for (int i = 0; i < 100000 && open; ++i) open = streams[0]->send(std::string(1000, 'x'));
  EXPECT_FALSE(open) << "who does not read is let go";
  {
    const RawClient gone(port);
    gone.send("GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    ASSERT_TRUE(becomes([&] {
      const std::lock_guard lock(mutex);
      return streams.size() == 2;
    }));
    EXPECT_TRUE(streams[1]->open());
  }
  EXPECT_TRUE(becomes([&] { return !streams[1]->open(); })) << "and who leaves is noticed at once";
}

}  // namespace ptah
