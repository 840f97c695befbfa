// The reading and the signing server as strangers meet them.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <thread>

#include "apps/reading/login_nonces.h"
#include "apps/reading/reading_visit.h"
#include "base/sha256.h"
#include "chain/abi.h"
#include "chain/account.h"
#include "chain/artifact.h"
#include "chain/signing_request.h"
#include "own/remote_signer.h"
#include "raw_client.h"
#include "serve/reading_page.h"
#include "serve/reading_server.h"
#include "serve/signing_server.h"

namespace ptah {

namespace {

namespace fs = std::filesystem;

Article article() { return value_or_throw(parse_article(value_or_throw(read_text(fs::path(PTAH_SOURCE_DIR) / "tests" / "data" / "article.md")))); }

struct Running {
  explicit Running(HttpServer& s) : server(s), port(value_or_throw(s.bind("127.0.0.1", 0))), thread([&s] { s.run(); }) {}
  ~Running() {
    server.stop();
    thread.join();
  }
  HttpServer& server;
  int port;
  std::thread thread;
};

std::string body_of(const std::string& answer) { return answer.substr(std::min(answer.find("\r\n\r\n") + 4, answer.size())); }

class ReadingService : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder);
    ReadingTerms terms;
    terms.contract[19] = 0xc0;
    terms.words_a_second = 1e9;
    items = make_items(article(), 1);
    value_or_throw(publish_article(article(), items, terms, folder));
    room = value_or_throw(ReadingRoom::open(folder, service));
    read_terms = terms;
  }
  void TearDown() override {
    room.reset();
    fs::remove_all(folder);
  }
  /// The body of a login, signed by `reader`.
  std::string login(const Key& reader) {
    const Json nonce = value_or_throw(room->nonce());
    const Bytes32 number = value_or_throw(parse_hex_of<32>(text_at(nonce, "nonce"))),
                  digest = value_or_throw(parse_hex_of<32>(text_at(room->about(), "article")));
    const uint64_t expires = nonce["expires"];
    const Signature signature = value_or_throw(sign_typed_data(login_data(read_terms, reader.address(), digest, number, expires), reader));
    return Json{{"reader", to_string(reader.address())}, {"nonce", hex_text(number)}, {"expires", expires}, {"signature", hex_text(signature)}}.dump();
  }
  /// What a path is answered with.
  static Json get(int port, const std::string& path, const std::string& token = "") {
    return Json::parse(body_of(ask(port, get_text(path, token.empty() ? "" : "Authorization: Bearer " + token + "\r\n"))), nullptr, false);
  }

  fs::path folder = fs::temp_directory_path() / fmt::format("ptah-service-{}", getpid());
  Key service = Key::generate();
  ReadingTerms read_terms;
  std::vector<QuizItem> items;
  std::unique_ptr<ReadingRoom> room;
};

}  // namespace

TEST(LoginNonces, AreGoodOnceAndDoNotRunOut) {
  LoginNonces nonces(300);
  const Bytes32 first = nonces.give(1000);
  for (int i = 0; i < 200000; ++i) nonces.give(1000);  // a flood of them takes nothing from anybody
  EXPECT_TRUE(nonces.take(first, 1299));
  EXPECT_FALSE(nonces.take(first, 1299)) << "once";
  EXPECT_FALSE(nonces.take(nonces.give(1000), 1301)) << "too old";
  for (size_t i = 0; i < 32; ++i) {
    Bytes32 changed = nonces.give(1000);
    changed[i] ^= 1;
    EXPECT_FALSE(nonces.take(changed, 1000)) << i;
  }
  EXPECT_FALSE(nonces.take(Bytes32{}, 1000));
  EXPECT_FALSE(LoginNonces(300).take(nonces.give(1000), 1000)) << "of another room";
}

TEST_F(ReadingService, AFloodOfNoncesShutsNobodyOut) {
  ReadingServer server(*room, {}, {.nonces = 50, .logins = 5});
  const Running running(server);
  size_t given = 0, refused = 0;
  for (int i = 0; i < 200; ++i) {
    const int status = status_of_answer(ask(running.port, get_text("/nonce"), "127.0.0.9"));
    given += status == 200;
    refused += status == 429;
  }
  EXPECT_EQ(given, 50U);
  EXPECT_EQ(refused, 150U);
  for (int i = 0; i < 100000; ++i) ASSERT_TRUE(room->nonce()) << "and many peers together use up nothing";
  EXPECT_EQ(status_of_answer(ask(running.port, get_text("/nonce"))), 200);
  const Key reader = Key::generate();
  EXPECT_EQ(status_of_answer(ask(running.port, post_text("/sessions", login(reader)))), 200);
  for (int i = 0; i < 6; ++i) {
    const int status = status_of_answer(ask(running.port, post_text("/sessions", "{}"), "127.0.0.8"));
    EXPECT_TRUE(i < 5 ? status != 429 : status == 429) << i << " " << status;
  }
}

TEST_F(ReadingService, ThePageRunsItsOwnScriptOnly) {
  ReadingServer server(*room);
  const Running running(server);
  const std::string answer = ask(running.port, get_text("/"));
  EXPECT_EQ(body_of(answer), reading_page().html);
  const size_t at = answer.find("Content-Security-Policy: ");
  const std::string policy = answer.substr(at, answer.find("\r\n", at) - at);
  EXPECT_EQ(policy.find("unsafe"), std::string::npos) << policy;
  EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos);
  const std::string& html = reading_page().html;
  for (const auto& [kind, directive] : {std::pair<std::string, std::string>{"script", "script-src "}, {"style", "style-src "}}) {
    const size_t begin = html.find("<" + kind + ">") + kind.size() + 2;
    EXPECT_NE(policy.find(directive + csp_hash(html.substr(begin, html.find("</" + kind + ">") - begin))), std::string::npos) << kind;
    EXPECT_EQ(html.find("<" + kind), html.rfind("<" + kind)) << "one of each";
  }
  EXPECT_EQ(csp_hash("alert('Hello, world.');"), "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='") << "the example of MDN";
  EXPECT_EQ(html.find("token="), std::string::npos) << "no secret in an address";
  EXPECT_NE(answer.find("Cache-Control: no-store"), std::string::npos);
  EXPECT_EQ(status_of_answer(ask(running.port, "GET /article HTTP/1.1\r\nHost: evil.example\r\n\r\n")), 421);
  EXPECT_EQ(get(running.port, "/health")["status"], "ok");
  EXPECT_EQ(status_of_answer(ask(running.port, post_text("/sessions", std::string(9000, ' ')))), 413);
}

TEST_F(ReadingService, AFullDiskPasses) {
  std::signal(SIGXFSZ, SIG_IGN);
  ReadingServer server(*room);
  const Running running(server);
  const Json session = Json::parse(body_of(ask(running.port, post_text("/sessions", login(Key::generate())))));
  const std::string path = "/sessions/" + session["session"].get<std::string>();
  std::string token = session["token"];
  for (size_t i = 0; i < session["sections"].get<size_t>(); ++i) token = get(running.port, fmt::format("{}/sections/{}", path, i), token)["token"];
  const auto with_full_disk = [&](const auto& f) {
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    const rlimit full{fs::file_size(folder / "log") + 7, before.rlim_max};  // so that a part of a line fits
    setrlimit(RLIMIT_FSIZE, &full);
    const auto out = f();
    setrlimit(RLIMIT_FSIZE, &before);
    return out;
  };
  const auto quiz = [&] { return get(running.port, path + "/quiz", token); };
  EXPECT_TRUE(with_full_disk(quiz).contains("error"));
  EXPECT_TRUE(with_full_disk(quiz).contains("error"));
  const Json asked = quiz();
  ASSERT_TRUE(asked.contains("questions")) << asked;
  const std::string answers = Json{{"answers", std::vector<int>(asked["questions"].size(), 0)}}.dump();
  const auto hand_in = [&] { return Json::parse(body_of(ask(running.port, post_text(path + "/answers", answers)))); };
  EXPECT_TRUE(with_full_disk(hand_in).contains("error"));
  const Json result = hand_in();
  EXPECT_TRUE(result.contains("right")) << result;
  EXPECT_EQ(hand_in(), result) << "and it counts once";
  EXPECT_EQ(get(running.port, "/counts")["passed"].get<int>() + get(running.port, "/counts")["failed"].get<int>(), 1);
}

TEST_F(ReadingService, AReaderWithoutABrowserReadsAnswersAndGetsAVoucher) {
  ReadingServer server(*room);
  const Running running(server);
  const std::string url = fmt::format("http://127.0.0.1:{}", running.port);
  const Key reader = Key::generate(), guesser = Key::generate();
  const auto answers = [&](ReadingVisit& visit, bool right) {
    std::vector<int> out;
    for (const AskedQuestion& asked : value_or_throw(visit.questions())) {
      const auto same = [&](const QuizItem& item) {
        return item.question == asked.text && std::is_permutation(item.options.begin(), item.options.end(), asked.options.begin(), asked.options.end());
      };
      const auto item = std::find_if(items.begin(), items.end(), same);
      if (item == items.end()) throw std::runtime_error("a question that is not in the bank");
      const auto place = std::find(asked.options.begin(), asked.options.end(), item->options[0]) - asked.options.begin();
      out.push_back(static_cast<int>(right ? place : (place + 1) % static_cast<long>(asked.options.size())));
    }
    return out;
  };
  for (const bool knows : {true, false}) {
    ReadingVisit visit = value_or_throw(ReadingVisit::open(url));
    EXPECT_EQ(visit.title(), article().title);
    EXPECT_FALSE(visit.next_section()) << "not signed in yet";
    value_or_throw(visit.sign_in(knows ? reader : guesser));
    EXPECT_FALSE(visit.questions()) << "nothing read yet";
    for (size_t i = 0; i < visit.sections(); ++i) EXPECT_EQ(value_or_throw(visit.next_section()).text, article().sections[i]);
    EXPECT_FALSE(visit.next_section());
    const ReadingVisit::Outcome outcome = value_or_throw(visit.answer(answers(visit, knows)));
    EXPECT_EQ(outcome.right, knows ? 8U : 0U);
    EXPECT_EQ(outcome.passed, knows);
    EXPECT_EQ(outcome.voucher.is_null(), !knows);
    EXPECT_EQ(text_at(outcome.voucher, "reader"), knows ? to_string(reader.address()) : "");
  }
  ReadingVisit again = value_or_throw(ReadingVisit::open(url + "/"));
  const auto refused = again.sign_in(reader);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("has read this article already"), std::string::npos) << refused.error().message;
  EXPECT_EQ(ReadingVisit::open("ftp://127.0.0.1/").error().code, ErrorCode::invalid_argument);
}

TEST_F(ReadingService, AServiceThatShowsAnotherTextOrAsksForHoursIsNotBelieved) {
  Json about = room->about();
  about["sections"] = 1;
  double seconds = 0;
  HttpServer server;
  const auto answers = [&](const char* method, const char* path, std::function<Json()> what) {
    server.route({.method = method, .path = path, .handler = [what](const HttpRequest&) { return HttpResponse::of(what()); }, .max_body = 4096});
  };
  answers("GET", "/article", [&] { return about; });
  answers("GET", "/nonce", [] { return Json{{"nonce", "0x" + std::string(64, '0')}, {"expires", 1}}; });
  answers("POST", "/sessions", [] { return Json{{"session", "a"}, {"token", "b"}}; });
  answers("GET", "/sessions/{}/sections/{}", [&] { return Json{{"text", "another text"}, {"token", "c"}, {"last", true}, {"seconds", seconds}}; });
  const Running running(server);
  const auto visit = [&] {
    ReadingVisit out = value_or_throw(ReadingVisit::open(fmt::format("http://127.0.0.1:{}", running.port)));
    value_or_throw(out.sign_in(Key::generate()));
    return out;
  };
  ReadingVisit one = visit();
  ASSERT_TRUE(one.next_section());
  EXPECT_EQ(one.questions().error().code, ErrorCode::mismatch);
  seconds = 1e9;
  ReadingVisit two = visit();
  EXPECT_EQ(two.next_section().error().code, ErrorCode::corrupt);
  about["sections"] = uint64_t{1} << 40;
  EXPECT_EQ(ReadingVisit::open(fmt::format("http://127.0.0.1:{}", running.port)).error().code, ErrorCode::corrupt);
}

TEST(SigningService, NothingIsReadWithoutTheToken) {
  const Key key = Key::generate();
  std::atomic<int> asked{0};
  SigningServer server(key, "the token", [&](const SigningRequest&, const CancelToken&) { return ++asked > 0; });
  const Running running(server);
  const std::string body = R"({"method":"sign","digest":"0x)" + std::string(64, '1') + "\"}";
  EXPECT_EQ(status_of_answer(ask(running.port, post_text("/", body))), 401);
  for (const char* token : {"Bearer the toke", "Bearer the tokens", "the token", "Basic the token", "Bearer", ""})
    EXPECT_EQ(status_of_answer(ask(running.port, post_text("/", body, fmt::format("Authorization: {}\r\n", token)))), 401) << token;
  EXPECT_EQ(status_of_answer(ask(running.port, "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")), 401)
      << "the body has not come yet";
  EXPECT_EQ(status_of_answer(ask(running.port, get_text("/?token=the+token"))), 405);
  EXPECT_EQ(asked, 0);
  const RawClient flood(running.port);
  flood.send("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_LT(flood.flood("8\r\naaaaaaaa\r\n", 48 << 20), size_t{48 << 20});
  EXPECT_EQ(status_of_answer(ask(running.port, post_text("/", body, "Authorization: Bearer the token\r\n"))), 200);
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(status_of_answer(ask(running.port, get_text("/health"))), 200);
  EXPECT_EQ(status_of_answer(ask(running.port, "POST / HTTP/1.1\r\nHost: evil.example\r\nAuthorization: Bearer the token\r\nContent-Length: 0\r\n\r\n")), 421);
}

TEST(SigningService, WhoIsAskedSeesWhatIsSigned) {
  const Key key = Key::generate();
  std::vector<std::string> shown;
  std::string problem;
  SigningServer server(key, "t", [&](const SigningRequest& asked, const CancelToken&) {
    const auto lines = describe_signing_request(asked);
    shown = lines ? *lines : std::vector<std::string>();
    problem = lines ? "" : lines.error().message;
    return lines.has_value();
  });
  const Running running(server);
  const RemoteSigner remote = value_or_throw(RemoteSigner::open(http_address("127.0.0.1", running.port), {.bearer = "t"}));
  const auto text = [&] { return fmt::format("{}", fmt::join(shown, "\n")); };
  Transaction t;
  t.chain_id = 31337;
  t.nonce = 5;
  t.max_fee = uint256(1000000000);
  t.to = key.address();
  t.value = uint256(1500000000000000000);
  t.data = value_or_throw(abi_call("transfer(address,uint256)", {to_string(key.address()), "12345"}));
  EXPECT_EQ(value_or_throw(sign_transaction(t, remote)).raw, value_or_throw(sign_transaction(t, key)).raw);
  for (const std::string& part : {std::string("chain 31337"), std::string("number 5"), to_string(key.address()), std::string("1.5 ether"),
                                  std::string("transfer(address,uint256)"), std::string("12345")})
    EXPECT_NE(text().find(part), std::string::npos) << part << "\n" << text();
  t.data = {1, 2, 3, 4, 5};
  value_or_throw(sign_transaction(t, remote));
  EXPECT_NE(text().find("0x0102030405"), std::string::npos) << text();
  t.to.reset();
  t.data = Bytes(24000, 7);
  value_or_throw(sign_transaction(t, remote));
  EXPECT_NE(text().find("creates a contract of 24000 bytes"), std::string::npos) << text();

  Json data = typed_data("Shop\x1b[2J\nsigned by you", 1, key.address(), "Order",
                         {{"to", "address", to_string(key.address())}, {"note", "string", "a\u202eb\nsign? [y/N] y"}});
  data["message"]["hidden"] = "not signed";
  value_or_throw(sign_typed_data(data, remote));
  EXPECT_NE(text().find("Order"), std::string::npos);
  EXPECT_EQ(text().find("not signed"), std::string::npos) << "what is not signed is not shown";
  EXPECT_EQ(text().find('\x1b'), std::string::npos);
  EXPECT_EQ(text().find("\u202e"), std::string::npos);
  for (const std::string& line : shown) EXPECT_EQ(line.find('\n'), std::string::npos) << line;

  value_or_throw(remote.sign(keccak256("x")));
  EXPECT_NE(text().find("any sum"), std::string::npos) << text();
  // What is shown is what is signed, or nothing is.
  EXPECT_EQ(remote.sign_shown(keccak256("x"), {{"typed_data", data}}).error().code, ErrorCode::permission);
  EXPECT_NE(problem.find("not that of"), std::string::npos);
  EXPECT_FALSE(remote.sign_shown(keccak256("x"), {{"transaction", "0x02c0"}}));
  EXPECT_FALSE(remote.sign_shown(keccak256("x"), {{"transaction", 7}}));
  EXPECT_FALSE(remote.sign_shown(keccak256("x"), {{"transaction", "0x02"}, {"typed_data", data}}));
  Json forged = data;
  forged["types"]["Order"][0]["name"] = "to,string";
  EXPECT_FALSE(remote.sign_shown(value_or_throw(typed_data_digest(data)), {{"typed_data", forged}}));
}

}  // namespace ptah
