// Articles that pay who has read them: published, offered and read by the studio's one user; what `ptah read` does.
#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "base/file.h"
#include "base/hex.h"
#include "base/text.h"
#include "chain/abi.h"
#include "chain/account.h"
#include "schema/field_error.h"
#include "serve/api/answers.h"
#include "serve/reading_server.h"
#include "serve/studio/own_commands.h"
#include "serve/studio/studio.h"

namespace ptah {

namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxArticle = 1 << 20;

/// An article that can be read now: its questions are asked with the key in memory, for readers of the studio, and for others at an address of its own.
class OpenArticle {
 public:
  static Result<std::unique_ptr<OpenArticle>> open(const fs::path& folder, Key key) {
    auto out = std::unique_ptr<OpenArticle>(new OpenArticle(std::move(key)));
    PTAH_TRY(out->room_, ReadingRoom::open(folder, out->key_));
    if (out->room_->about()["terms"].contains("allow"))
      return fail(ErrorCode::unsupported, "only readers on a signed list may read this article; serve it with ptah read serve and the list");
    out->server_ = std::make_unique<ReadingServer>(*out->room_);
    PTAH_TRY(const int port, out->server_->bind("127.0.0.1", 0));
    out->address_ = http_address("127.0.0.1", port);
    out->serving_ = std::thread([server = out->server_.get()] { server->run(); });
    return out;
  }
  ~OpenArticle() {
    if (server_) server_->stop();
    if (serving_.joinable()) serving_.join();
  }
  ReadingRoom& room() { return *room_; }
  const std::string& address() const { return address_; }

 private:
  explicit OpenArticle(Key key) : key_(std::move(key)) {}
  Key key_;
  std::unique_ptr<ReadingRoom> room_;
  std::unique_ptr<ReadingServer> server_;
  std::thread serving_;
  std::string address_;
};

class Articles {
 public:
  explicit Articles(ApiServer& server) : server_(server), folder_(server.service().options().folder / "articles") {}

  Result<Json> all_articles();
  Result<Json> publish(const Json& body);
  Result<Json> open(const std::string& id, const Json& body);
  Result<Json> close(const std::string& id);
  Result<Json> begin_session(const std::string& id, const Json& body);
  Result<Json> shown_section(const HttpRequest& request);
  Result<Json> quiz(const HttpRequest& request);
  Result<Json> take_answers(const HttpRequest& request);
  Result<Json> claim(const std::string& id, const Json& body);

 private:
  const std::string& program() const { return server_.service().options().command.at(0); }
  Result<fs::path> room_folder(const std::string& id) const;
  Result<Json> told_article(const std::string& id);
  Result<std::shared_ptr<OpenArticle>> opened(const std::string& id);

  ApiServer& server_;
  fs::path folder_;
  std::mutex mutex_, publishing_;
  std::map<std::string, std::shared_ptr<OpenArticle>> open_;
};

Result<fs::path> Articles::room_folder(const std::string& id) const {
  const fs::path room = folder_ / id / "room";
  std::error_code problem;
  if (!is_plain_file_name(id) || !fs::is_directory(room, problem)) return fail(ErrorCode::not_found, "there is no article '{}' here", printable(id, 80));
  return room;
}

Result<std::shared_ptr<OpenArticle>> Articles::opened(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(id);
  if (found == open_.end()) return fail(ErrorCode::mismatch, "the article is not offered now: POST /v1/articles/{}/open", printable(id, 80));
  return found->second;
}

Result<Json> Articles::told_article(const std::string& id) {
  PTAH_TRY(const fs::path room, room_folder(id));
  PTAH_TRY(const std::string text, read_text(room / "article.json"));
  PTAH_TRY(const Json published, parse_json(text));
  PTAH_TRY(const ReadingTerms terms, reading_terms(published.value("terms", Json())));
  PTAH_TRY(const Uint256 reward, parse_uint256(std::string_view(terms.reward)));
  Json out{{"object", "article"},
           {"id", id},
           {"title", text_at(published, "title")},
           {"chain", terms.chain_id},
           {"contract", to_string(terms.contract)},
           {"reward", ether(reward)},
           {"rewards", terms.rewards},
           {"asked", terms.asked},
           {"needed", terms.needed},
           {"open", false}};
  const std::lock_guard lock(mutex_);
  if (const auto found = open_.find(id); found != open_.end()) {
    out["open"] = true;
    out["title"] = found->second->room().about().value("title", Json(""));
    out["address"] = found->second->address();
    out["counts"] = found->second->room().counts();
  }
  return out;
}

Result<Json> Articles::all_articles() {
  std::vector<std::string> ids;
  std::error_code problem;
  for (const auto& one : fs::directory_iterator(folder_, problem)) ids.push_back(one.path().filename().string());
  std::sort(ids.begin(), ids.end());
  Json data = Json::array();
  for (const std::string& id : ids)
    if (const auto article = told_article(id)) data.push_back(*article);
  return Json{{"object", "list"}, {"data", std::move(data)}};
}

Result<Json> Articles::publish(const Json& body) {
  PTAH_TRY(const std::string text, text_member(body, "text", kMaxArticle));
  PTAH_TRY(const Sender who, sender_in(body));
  if (!who.wallet.empty()) return fail_field("wallet", ErrorCode::unsupported, "`wallet`: the vouchers of readers are signed by a key of this computer");
  if (auto article = parse_article(text); !article) return fail_field("text", article.error().code, "`text`: {}", article.error().message);
  PTAH_TRY_VOID(needed_chain());
  std::vector<std::string> words{"read", "publish"};
  for (const auto& [member, option] : {std::pair{"budget", "budget"},
                                       {"reward", "reward"},
                                       {"words_a_second", "words-a-second"},
                                       {"section_seconds", "section-seconds"},
                                       {"exposures", "exposures"},
                                       {"daily", "daily"},
                                       {"models", "models"}}) {
    const Json value = body.value(member, Json());
    if (value.is_null()) continue;
    const std::string word = value.is_string() ? value.get<std::string>() : value.dump();
    if (word.size() > 40 || !(value.is_string() || value.is_number())) return fail_field(member, ErrorCode::invalid_argument, "`{}`: a number", member);
    words.push_back(command_option(option, word));
  }
  const std::unique_lock one(publishing_, std::try_to_lock);
  if (!one) return fail(ErrorCode::mismatch, "an article is being published; wait for it");
  uint8_t number[4];
  fill_random(number);
  const std::string id = "article-" + hex_text(number).substr(2);
  PTAH_TRY_VOID(make_folders(folder_ / id));
  PTAH_TRY_VOID(write_file(folder_ / id / "article.md", std::string_view(text)));
  for (const std::string& word : who.words(false)) words.push_back(word);
  words.insert(words.end(), {"--", (folder_ / id / "article.md").string(), (folder_ / id / "room").string()});
  if (auto done = run_own_command(program(), words, who.passphrase); !done) {
    std::error_code ignored;
    fs::remove_all(folder_ / id, ignored);
    return tl::unexpected(done.error());
  }
  return told_article(id);
}

Result<Json> Articles::open(const std::string& id, const Json& body) {
  PTAH_TRY(const fs::path room, room_folder(id));
  PTAH_TRY(const Sender who, sender_in(body));
  if (!opened(id)) {
    PTAH_TRY(const fs::path keys, KeyStore::default_folder());
    PTAH_TRY(Key key, KeyStore(keys).unlock(who.key, Secret(who.passphrase)));
    PTAH_TRY(auto article, OpenArticle::open(room, std::move(key)));
    const std::lock_guard lock(mutex_);
    open_.try_emplace(id, std::move(article));
  }
  return told_article(id);
}

Result<Json> Articles::close(const std::string& id) {
  PTAH_TRY_VOID(room_folder(id));
  std::shared_ptr<OpenArticle> last;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = open_.find(id); found != open_.end()) {
      last = std::move(found->second);
      open_.erase(found);
    }
  }
  last.reset();
  return told_article(id);
}

Result<Json> Articles::begin_session(const std::string& id, const Json& body) {
  PTAH_TRY(const auto article, opened(id));
  PTAH_TRY(const Sender who, sender_in(body));
  if (!who.wallet.empty()) return fail_field("wallet", ErrorCode::unsupported, "`wallet`: who reads with a wallet opens {}", article->address());
  PTAH_TRY(const fs::path keys, KeyStore::default_folder());
  PTAH_TRY(const Key key, KeyStore(keys).unlock(who.key, Secret(who.passphrase)));
  const Json published = article->room().about();
  PTAH_TRY(const ReadingTerms terms, reading_terms(published.value("terms", Json())));
  PTAH_TRY(const Bytes32 digest, parse_hex_of<32>(text_at(published, "article")));
  PTAH_TRY(const Json number, article->room().nonce());
  PTAH_TRY(const Bytes32 nonce, parse_hex_of<32>(text_at(number, "nonce")));
  const auto expires = number.at("expires").get<uint64_t>();
  PTAH_TRY(const Signature signature, sign_typed_data(login_data(terms, key.address(), digest, nonce, expires), key));
  PTAH_TRY(Json out, article->room().begin(key.address(), nonce, expires, signature));
  out["reader"] = to_string(key.address());
  return out;
}

Result<Json> Articles::shown_section(const HttpRequest& in) {
  PTAH_TRY(const auto article, opened(in.parts[0]));
  const auto number = whole_number<size_t>(in.parts[2]);
  if (!number) return fail(ErrorCode::not_found, "there is no such section");
  return article->room().section(in.parts[1], *number, std::string(in.query_value("token")));
}

Result<Json> Articles::quiz(const HttpRequest& in) {
  PTAH_TRY(const auto article, opened(in.parts[0]));
  return article->room().quiz(in.parts[1], std::string(in.query_value("token")));
}

Result<Json> Articles::take_answers(const HttpRequest& in) {
  PTAH_TRY(const auto article, opened(in.parts[0]));
  PTAH_TRY(const Json body, body_of_request(in));
  const Json said = body.value("answers", Json());
  if (!said.is_array() || said.size() > 100 || !std::all_of(said.begin(), said.end(), [](const Json& one) { return one.is_number_integer(); }))
    return fail_field("answers", ErrorCode::invalid_argument, "`answers`: a list of whole numbers");
  return article->room().answer(in.parts[1], said.get<std::vector<int>>());
}

/// Pays out what a reader earned: the voucher is redeemed on the chain.
Result<Json> Articles::claim(const std::string& id, const Json& body) {
  PTAH_TRY(const auto article, opened(id));
  PTAH_TRY(const Sender who, sender_in(body));
  Address reader{};
  if (who.wallet.empty()) {
    PTAH_TRY(const fs::path keys, KeyStore::default_folder());
    PTAH_TRY(const KeyInfo info, KeyStore(keys).find(who.key));
    reader = info.address;
  } else {
    PTAH_TRY(reader, parse_address(who.wallet));
  }
  PTAH_TRY(const Json voucher, article->room().voucher(reader));
  const fs::path file = folder_ / id / ("voucher-" + to_string(reader) + ".json");
  PTAH_TRY_VOID(write_file(file, std::string_view(voucher.dump(2) + "\n")));
  std::vector<std::string> words{"read", "claim"};
  for (const std::string& word : who.words()) words.push_back(word);
  words.insert(words.end(), {"--", file.string()});
  PTAH_TRY(CommandAnswer said, run_own_command(program(), words, who.passphrase));
  PTAH_TRY(const StudioChain chain, needed_chain());
  PTAH_TRY(const Rpc rpc, Rpc::open(chain.url));
  PTAH_TRY(const Address contract, parse_address(text_at(voucher, "contract")));
  PTAH_TRY(const Json paid, read_contract(rpc, contract, "paid(address)", Json::array({to_string(reader)}), {"uint256"}));
  PTAH_TRY(const Uint256 sum, parse_uint256(paid[0]));
  return Json{{"object", "claim"}, {"sent", who.wallet.empty()}, {"paid", ether(sum)}, {"data", std::move(said.lines)}};
}

}  // namespace

void add_reading_routes(ApiServer& server) {
  using In = HttpRequest;
  using Needs = ApiServer::Needs;
  const auto here = std::make_shared<Articles>(server);
  const auto add = [&](const char* method, const char* path, Needs needs, std::function<Result<Json>(const In&)> f, size_t max_body = 16 << 10,
                       int status = 200) {
    server.add(
        method, path, needs,
        [&server, f = std::move(f), status](const In& in, const ApiServer::Caller&) {
          if (auto refusal = only_single_user(server)) return *refusal;
          return json_answer(guard([&] { return f(in); }), status);
        },
        max_body);
  };
  // A request whose body is an object, about the article in its path.
  const auto about = [&](const char* path, Result<Json> (Articles::*what)(const std::string&, const Json&)) {
    add("POST", path, Needs::making, [here, what](const In& in) -> Result<Json> {
      PTAH_TRY(const Json body, body_of_request(in));
      return ((*here).*what)(in.parts[0], body);
    });
  };
  add("GET", "/v1/articles", Needs::looking, [here](const In&) { return here->all_articles(); });
  add(
      "POST", "/v1/articles", Needs::making,
      [here](const In& in) -> Result<Json> {
        PTAH_TRY(const Json body, body_of_request(in));
        return here->publish(body);
      },
      2 * kMaxArticle, 201);
  about("/v1/articles/{}/open", &Articles::open);
  add("POST", "/v1/articles/{}/close", Needs::making, [here](const In& in) { return here->close(in.parts[0]); });
  about("/v1/articles/{}/sessions", &Articles::begin_session);
  add("GET", "/v1/articles/{}/sessions/{}/sections/{}", Needs::making, [here](const In& in) { return here->shown_section(in); });
  add("GET", "/v1/articles/{}/sessions/{}/quiz", Needs::making, [here](const In& in) { return here->quiz(in); });
  add("POST", "/v1/articles/{}/sessions/{}/answers", Needs::making, [here](const In& in) { return here->take_answers(in); });
  about("/v1/articles/{}/claim", &Articles::claim);
}

}  // namespace ptah
