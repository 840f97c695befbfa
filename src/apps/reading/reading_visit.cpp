#include "apps/reading/reading_visit.h"

#include <algorithm>
#include <chrono>

#include "base/text.h"
#include "chain/abi.h"
#include "net/http.h"

namespace ptah {

namespace {

constexpr int64_t kMaxVisitBytes = int64_t{1} << 22;
constexpr size_t kMaxSections = 10000, kMaxQuestions = 100, kMaxChoices = 20;
constexpr double kMaxWait = 3600;

double steady_seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

template <size_t N>
Result<std::array<uint8_t, N>> visit_bytes(const Json& json, const char* key) {
  PTAH_TRY(const Bytes bytes, parse_hex(text_at(json, key)));
  if (bytes.size() != N) return fail(ErrorCode::corrupt, "the service's '{}' is not {} bytes", key, N);
  std::array<uint8_t, N> out;
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}

uint64_t count_at(const Json& json, const char* key) {
  const Json value = json.value(key, Json());
  return value.is_number_unsigned() ? value.get<uint64_t>() : 0;
}

/// A name or token of the service's that goes into a URL or header.
Result<std::string> name_at(const Json& json, const char* key) {
  std::string out = text_at(json, key);
  const bool plain = std::all_of(out.begin(), out.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
  if (out.empty() || out.size() > 128 || !plain) return fail(ErrorCode::corrupt, "the service's '{}' is no name", key);
  return out;
}

}  // namespace

Result<Json> ReadingVisit::ask(const std::string& path, const Json* body, const std::string& token) const {
  ClientRequest request{.url = url_ + path, .bearer = token, .max_bytes = kMaxVisitBytes, .timeout_seconds = 60, .environment_proxies = true};
  request.cancel = cancel_;
  if (body) {
    request.post = body->dump();
    request.headers.emplace_back("Content-Type: application/json");
  }
  PTAH_TRY(const ClientResponse response, http_exchange(request));
  if (!response.good()) {
    // The service's own words, {"error": "…"}, say it best.
    const auto said = parse_json(response.body, 4);
    const std::string why = said ? text_at(*said, "error") : "";
    const Error error = http_error(request.url, response);
    return fail(error.code, "{}", why.empty() ? error.message : beginning(why, 200));
  }
  PTAH_TRY(Json json, parse_json(response.body, 8));
  if (!json.is_object()) return fail(ErrorCode::corrupt, "{}: no answer of a reading service", path);
  return json;
}

Result<void> ReadingVisit::wait() { return wait_to_retry(std::clamp(opens_ - steady_seconds(), 0.0, kMaxWait), cancel_); }

Result<ReadingVisit> ReadingVisit::open(const std::string& url, const CancelToken* cancel) {
  PTAH_TRY_VOID(check_http_url(url));
  ReadingVisit out;
  out.url_ = url.ends_with('/') ? url : url + "/";
  out.cancel_ = cancel;
  PTAH_TRY(const Json about, out.ask("article"));
  if (text_at(about, "format") != "ptah article 1") return fail(ErrorCode::corrupt, "no article is served there");
  out.article_.title = text_at(about, "title");
  PTAH_TRY(out.terms_, reading_terms(about.value("terms", Json())));
  PTAH_TRY(out.digest_, visit_bytes<32>(about, "article"));
  out.sections_ = count_at(about, "sections");
  if (out.sections_ == 0 || out.sections_ > kMaxSections) return fail(ErrorCode::corrupt, "an article of {} sections", out.sections_);
  return out;
}

Result<void> ReadingVisit::sign_in(const Signer& reader) {
  PTAH_TRY(const Json given, ask("nonce"));
  PTAH_TRY(const Bytes32 nonce, visit_bytes<32>(given, "nonce"));
  const uint64_t expires = count_at(given, "expires");
  PTAH_TRY(const Signature signature, sign_typed_data(login_data(terms_, reader.address(), digest_, nonce, expires), reader));
  const Json login{{"reader", to_string(reader.address())}, {"nonce", hex_text(nonce)}, {"expires", expires}, {"signature", hex_text(signature)}};
  PTAH_TRY(const Json begun, ask("sessions", &login));
  PTAH_TRY(session_, name_at(begun, "session"));
  PTAH_TRY(token_, name_at(begun, "token"));
  reader_ = reader.address();
  article_.sections.clear();
  opens_ = steady_seconds();
  return {};
}

Result<ReadingVisit::Section> ReadingVisit::next_section() {
  if (session_.empty() || read() >= sections_) return fail(ErrorCode::invalid_argument, "there is no section left to read");
  PTAH_TRY_VOID(wait());
  PTAH_TRY(const Json part, ask(fmt::format("sessions/{}/sections/{}", session_, read()), nullptr, token_));
  const Json seconds = part.value("seconds", Json());
  if (!seconds.is_number()) return fail(ErrorCode::corrupt, "a section without a time");
  Section out{text_at(part, "text"), seconds.get<double>()};
  if (!(out.seconds >= 0 && out.seconds <= kMaxWait)) return fail(ErrorCode::corrupt, "a section that takes {} seconds", out.seconds);
  PTAH_TRY(token_, name_at(part, "token"));
  article_.sections.push_back(out.text);
  // A little more than the service asks for: its clock is another one.
  opens_ = steady_seconds() + out.seconds + 0.05;
  return out;
}

Result<std::vector<AskedQuestion>> ReadingVisit::questions() {
  if (session_.empty() || read() < sections_) return fail(ErrorCode::invalid_argument, "{} of {} sections were read", read(), sections_);
  PTAH_TRY(const Bytes32 shown, article_digest(article_));
  if (shown != digest_) return fail(ErrorCode::mismatch, "the service showed another text than the one that was published");
  PTAH_TRY_VOID(wait());
  PTAH_TRY(const Json quiz, ask("sessions/" + session_ + "/quiz", nullptr, token_));
  const Json questions = quiz.value("questions", Json());
  if (!questions.is_array() || questions.empty() || questions.size() > kMaxQuestions) return fail(ErrorCode::corrupt, "no questions came");
  std::vector<AskedQuestion> out;
  for (const Json& one : questions) {
    AskedQuestion question{text_at(one, "question"), {}};
    const Json options = one.is_object() ? one.value("options", Json()) : Json();
    if (options.is_array())
      for (const Json& option : options) question.options.push_back(option.is_string() ? option.get<std::string>() : "");
    if (question.text.empty() || question.options.size() < 2 || question.options.size() > kMaxChoices)
      return fail(ErrorCode::corrupt, "a question without options");
    out.push_back(std::move(question));
  }
  return out;
}

Result<ReadingVisit::Outcome> ReadingVisit::answer(const std::vector<int>& places) {
  const Json body{{"answers", places}};
  PTAH_TRY(const Json told, ask("sessions/" + session_ + "/answers", &body));
  Outcome out;
  out.right = count_at(told, "right");
  out.passed = told.value("passed", Json()) == Json(true);
  out.late = told.value("late", Json()) == Json(true);
  out.voucher = told.value("voucher", Json());
  if (!out.passed) return out;
  PTAH_TRY(const Address contract, parse_address(text_at(out.voucher, "contract")));
  PTAH_TRY(const Address reader, parse_address(text_at(out.voucher, "reader")));
  if (contract != terms_.contract || reader != reader_ || count_at(out.voucher, "chain") != terms_.chain_id)
    return fail(ErrorCode::mismatch, "the voucher is not of this article and reader");
  return out;
}

}  // namespace ptah
