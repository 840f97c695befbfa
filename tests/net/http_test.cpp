// One exchange over HTTP: what is sent, what is refused, and how long it may take.
#include "net/http.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>

#include "tests/net/small_server.h"

namespace ptah {

namespace {

class Http : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"}) ::unsetenv(name);
  }
};

Answer plain(const std::string& body) { return {fmt::format("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nX-Odd:   a value", body.size()), body}; }

}  // namespace

TEST_F(Http, BodiesAndHeadersCome) {
  Server server([](const Asked& asked) { return plain("you asked for " + asked.path); });
  const auto got = http_exchange({.url = server.url("/x"), .headers = {"X-Mine: 7"}, .bearer = "secret"});
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_TRUE(got->good());
  EXPECT_EQ(got->body, "you asked for /x");
  EXPECT_EQ(got->headers.at("x-odd"), "a value");
  const std::string head = server.asked()[0].head;
  EXPECT_NE(head.find("x-mine: 7"), std::string::npos);
  EXPECT_NE(head.find("authorization: bearer secret"), std::string::npos);
  EXPECT_TRUE(head.starts_with("get /x ")) << head;
}

TEST_F(Http, PostsSendTheirBodyAndFollowNothing) {
  Server server([](const Asked& asked) {
    if (asked.path == "/moved") return Answer{"HTTP/1.1 307 Moved\r\nLocation: /x\r\nContent-Length: 0", ""};
    if (asked.path == "/no") return Answer{"HTTP/1.1 403 No\r\nContent-Length: 4", "shut"};
    return plain("yes");
  });
  const auto got = http_post(server.url("/x"), "text/odd", "abc");
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(*got, "yes");
  const std::string head = server.asked()[0].head;
  EXPECT_TRUE(head.starts_with("post /x ")) << head;
  EXPECT_NE(head.find("content-type: text/odd"), std::string::npos);
  EXPECT_NE(head.find("content-length: 3"), std::string::npos);
  EXPECT_EQ(http_post(server.url("/moved"), "text/odd", "abc").error().code, ErrorCode::io);
  EXPECT_EQ(http_post(server.url("/no"), "text/odd", "abc").error().code, ErrorCode::permission);
  EXPECT_EQ(http_post(server.url("/x"), "text/odd", "abc", {.max_bytes = 2}).error().code, ErrorCode::io);
  EXPECT_EQ(server.asked().size(), 4U) << "each was asked once";
}

TEST_F(Http, RedirectsAreFollowedAsOftenAsAllowed) {
  Server server([](const Asked& asked) {
    if (asked.path == "/end") return plain("end");
    const int left = std::atoi(asked.path.c_str() + 1);
    return Answer{fmt::format("HTTP/1.1 302 Found\r\nLocation: /{}\r\nX-Left: {}\r\nContent-Length: 0", left ? std::to_string(left - 1) : "end", left), ""};
  });
  const auto got = http_exchange({.url = server.url("/2"), .redirects = 3});
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->body, "end");
  ASSERT_EQ(got->hops.size(), 3U);
  EXPECT_EQ(got->hops[0].at("x-left"), "2");
  EXPECT_EQ(got->headers.count("x-left"), 0U);
  const auto more = http_exchange({.url = server.url("/2"), .redirects = 2});
  ASSERT_TRUE(more);
  EXPECT_FALSE(more->good());
  EXPECT_FALSE(more->problem.empty());
  EXPECT_FALSE(more->passing);
  const auto none = http_exchange({.url = server.url("/2")});
  ASSERT_TRUE(none);
  EXPECT_EQ(none->status, 302);
}

TEST_F(Http, LongAnswersAreRefused) {
  Server server([](const Asked& asked) {
    if (asked.path == "/error") return Answer{"HTTP/1.1 500 Bad\r\nContent-Length: 9000", std::string(9000, 'e')};
    return plain(std::string(5000, 'x'));
  });
  EXPECT_EQ(http_exchange({.url = server.url("/x"), .max_bytes = 4999}).error().code, ErrorCode::over_budget);
  EXPECT_EQ(http_exchange({.url = server.url("/x"), .max_bytes = 5000})->body.size(), 5000U);
  const auto error = http_exchange({.url = server.url("/error")});
  ASSERT_TRUE(error);
  EXPECT_EQ(error->body.size(), 300U);
  EXPECT_TRUE(error->passing);
  size_t seen = 0;
  ClientRequest request{.url = server.url("/x")};
  request.take = [&](const ClientResponse& so_far, std::string_view piece) -> Result<void> {
    EXPECT_EQ(so_far.status, 200);
    seen += piece.size();
    return fail(ErrorCode::no_space, "full");
  };
  EXPECT_EQ(http_exchange(request).error().code, ErrorCode::no_space);
  EXPECT_GT(seen, 0U);
}

TEST_F(Http, SlowServersAreGivenUp) {
  Server server([](const Asked&) {
    Answer answer = plain("half of it");
    answer.body.resize(4);
    answer.stall = true;
    return answer;
  });
  for (ClientRequest request : {ClientRequest{.url = server.url("/x"), .timeout_seconds = 0.3}, ClientRequest{.url = server.url("/x"), .stall_seconds = 1}}) {
    const auto begun = std::chrono::steady_clock::now();
    const auto got = http_exchange(request);
    ASSERT_TRUE(got);
    EXPECT_FALSE(got->good());
    EXPECT_TRUE(got->passing);
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(30));
  }
  CancelToken cancel;
  cancel.cancel();
  EXPECT_EQ(http_exchange({.url = server.url("/x"), .cancel = &cancel}).error().code, ErrorCode::cancelled);
}

TEST_F(Http, ProxiesOfTheEnvironmentAreAskedOnlyWhereTheyAreWanted) {
  Server proxy([](const Asked&) { return plain("the proxy"); });
  ::setenv("http_proxy", proxy.url("").c_str(), 1);
  ClientRequest request{.url = "http://nowhere.invalid/x", .environment_proxies = true};
  const auto through = http_exchange(request);
  ASSERT_TRUE(through);
  EXPECT_EQ(through->body, "the proxy");
  request.environment_proxies = false;
  const auto straight = http_exchange(request);
  ASSERT_TRUE(straight);
  EXPECT_FALSE(straight->good());
  Server server([](const Asked&) { return plain("the server"); });
  const auto own = http_exchange({.url = server.url("/x"), .environment_proxies = true});
  ASSERT_TRUE(own);
  EXPECT_EQ(own->body, "the server") << "this computer's own addresses are never asked for at a proxy";
  EXPECT_EQ(proxy.asked().size(), 1U);
  ::unsetenv("http_proxy");
}

TEST_F(Http, OtherAddressesAreRefused) {
  for (const char* bad : {"", "ftp://a/b", "file:///etc/passwd", "http://a b", "https://x\r\ny"})
    EXPECT_EQ(http_exchange({.url = bad}).error().code, ErrorCode::invalid_argument) << bad;
  const auto nobody = http_exchange({.url = "http://127.0.0.1:1/"});
  ASSERT_TRUE(nobody);
  EXPECT_EQ(nobody->status, 0);
  EXPECT_TRUE(nobody->passing);
}

TEST_F(Http, AClientServesManyExchanges) {
  Server server([](const Asked& asked) { return plain(asked.path + (asked.head.starts_with("post") ? " posted" : "")); });
  HttpClient client;
  EXPECT_EQ(client.exchange({.url = server.url("/1"), .post = "body", .bearer = "secret"})->body, "/1 posted");
  EXPECT_EQ(client.exchange({.url = server.url("/2")})->body, "/2") << "nothing of the first is left";
  EXPECT_EQ(server.asked()[1].head.find("secret"), std::string::npos);
}

}  // namespace ptah
