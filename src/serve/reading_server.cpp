#include "serve/reading_server.h"

#include <chrono>

#include "chain/encoding.h"
#include "serve/reading_page.h"

namespace ptah {

namespace {

constexpr double kQuotaSeconds = 300;
constexpr size_t kMaxBody = 8 << 10;

/// Turns a room's answer into one of HTTP.
HttpResponse reply(const Result<Json>& result) {
  return result ? HttpResponse::of(*result) : HttpResponse::error(error_info(result.error().code).http_status, result.error().message);
}

template <size_t N>
Result<std::array<uint8_t, N>> bytes_in(const Json& body, const char* key) {
  PTAH_TRY(const Bytes bytes, parse_hex(text_at(body, key)));
  if (bytes.size() != N) return fail(ErrorCode::invalid_argument, "'{}' is not {} bytes", key, N);
  std::array<uint8_t, N> out;
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

Result<Json> begin(ReadingRoom& room, const std::string& text, const std::string& peer) {
  PTAH_TRY(const Json body, parse_json(text, 4));
  PTAH_TRY(const Address reader, parse_address(text_at(body, "reader")));
  PTAH_TRY(const Bytes32 nonce, bytes_in<32>(body, "nonce"));
  PTAH_TRY(const Signature signature, bytes_in<65>(body, "signature"));
  const Json expires = body.value("expires", Json());
  if (!expires.is_number_unsigned()) return fail(ErrorCode::invalid_argument, "'expires' is no time");
  return room.begin(reader, nonce, expires.get<uint64_t>(), signature, peer);
}

Result<Json> answer(ReadingRoom& room, const std::string& session, const std::string& text) {
  PTAH_TRY(const Json body, parse_json(text, 4));
  std::vector<int> answers;
  try {
    answers = value_of<std::vector<int>>(body.at("answers"));
  } catch (const Json::exception&) {
    return fail(ErrorCode::invalid_argument, "'answers' is no list of numbers");
  }
  return room.answer(session, answers);
}

std::string token_in(const HttpRequest& in) { return std::string(in.bearer().empty() ? in.query_value("token") : in.bearer()); }

Result<Json> section(ReadingRoom& room, const HttpRequest& in) {
  const std::string& number = in.parts[1];
  if (number.size() > 4 || number.find_first_not_of("0123456789") != std::string::npos) return fail(ErrorCode::not_found, "there is no such section");
  return room.section(in.parts[0], std::stoul(number), token_in(in));
}

Result<Json> voucher(ReadingRoom& room, const HttpRequest& in) {
  PTAH_TRY(const Address reader, parse_address(in.parts[0]));
  return room.voucher(reader);
}

}  // namespace

ReadingServer::ReadingServer(ReadingRoom& room, HttpOptions options, ReadingQuotas quotas)
    : HttpServer(std::move(options)), nonces_(quotas.nonces, kQuotaSeconds), logins_(quotas.logins, kQuotaSeconds) {
  using In = HttpRequest;
  const auto add = [&](const char* method, const char* path, std::function<Result<Json>(ReadingRoom&, const In&)> f, PeerQuota* quota = nullptr) {
    HttpRoute made{.method = method, .path = path};
    made.handler = [&room, f = std::move(f)](const In& in) { return reply(guard([&] { return f(room, in); })); };
    if (std::string_view(method) == "POST") made.max_body = kMaxBody;
    if (quota) {
      made.gate = [this, quota](const In& in) -> std::optional<HttpResponse> {
        const double now = std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
        const std::lock_guard lock(mutex_);
        if (quota->take(peer_of(in.peer), now)) return std::nullopt;
        HttpResponse out = HttpResponse::error(429, "too many logins from your address; try again in a few minutes");
        out.headers.emplace_back("Retry-After", "300");
        return out;
      };
    }
    route(std::move(made));
  };
  HttpResponse page;
  page.content_type = "text/html; charset=utf-8";
  page.body = std::make_shared<const std::string>(reading_page().html);
  page.headers = {{"Content-Security-Policy", reading_page().policy}};
  route({.method = "GET", .path = "/", .handler = [page](const In&) { return page; }, .immediate = true});
  add("GET", "/article", [](ReadingRoom& r, const In&) -> Result<Json> { return r.about(); });
  add("GET", "/counts", [](ReadingRoom& r, const In&) -> Result<Json> { return r.counts(); });
  add(
      "GET", "/nonce", [](ReadingRoom& r, const In&) { return r.nonce(); }, &nonces_);
  add(
      "POST", "/sessions", [](ReadingRoom& r, const In& in) { return begin(r, in.body, peer_of(in.peer)); }, &logins_);
  add("GET", "/sessions/{}/sections/{}", section);
  add("GET", "/sessions/{}/quiz", [](ReadingRoom& r, const In& in) { return r.quiz(in.parts[0], token_in(in)); });
  add("POST", "/sessions/{}/answers", [](ReadingRoom& r, const In& in) { return answer(r, in.parts[0], in.body); });
  add("GET", "/vouchers/{}", voucher);
}

}  // namespace ptah
