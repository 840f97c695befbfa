#include "chain/rpc.h"

#include <algorithm>
#include <mutex>

#include "base/printable.h"
#include "base/sha256.h"
#include "base/text.h"
#include "base/url.h"
#include "chain/artifact.h"
#include "chain/encoding.h"
#include "net/http.h"

namespace ptah {

struct Rpc::State {
  std::string url;
  RpcOptions options;
  HttpClient client;
  int64_t next_id = 1;
  std::mutex one_at_a_time;
};

namespace {

/// Methods that change something may have worked although no answer came.
bool is_question(const std::string& method) { return method != "eth_sendRawTransaction" && !method.starts_with("anvil_") && !method.starts_with("evm_"); }

/// The reason in a revert's data; empty if there is none.
std::string revert_reason(const Json& error) {
  if (!error.is_object()) return "";
  Json data = error.value("data", Json());
  if (data.is_object()) data = data.value("data", Json());
  const auto bytes = data.is_string() ? parse_hex(data.get_ref<const std::string&>()) : fail(ErrorCode::corrupt, "none");
  return bytes ? explain_revert(*bytes) : "";
}

Result<Json> result_of(const Json& answer, int64_t id) {
  if (!answer.is_object() || answer.value("jsonrpc", Json()) != Json("2.0"))
    return fail(ErrorCode::corrupt, "the node answers with something that is not JSON-RPC");
  const Json error = answer.value("error", Json());
  if (!error.is_null()) {
    std::string message = printable(text_at(error, "message"), 300);
    if (const std::string reason = revert_reason(error); !reason.empty()) message = fmt::format("the contract says {}", reason);
    return fail(ErrorCode::mismatch, "the node refuses: {}", message.empty() ? "without a reason" : message);
  }
  if (answer.value("id", Json()) != Json(id) || !answer.contains("result")) return fail(ErrorCode::corrupt, "the node answers another question");
  return answer["result"];
}

}  // namespace

Rpc::Rpc(std::unique_ptr<State> state) : state_(std::move(state)) {}
Rpc::Rpc(Rpc&&) noexcept = default;
Rpc::~Rpc() = default;
const std::string& Rpc::url() const { return state_->url; }

Result<Rpc> Rpc::open(const std::string& url, const RpcOptions& options) {
  if (!url.starts_with("http://") && !url.starts_with("https://")) return fail(ErrorCode::invalid_argument, "'{}' is no http or https address", shown_url(url));
  auto state = std::make_unique<State>();
  state->url = url;
  state->options = options;
  return Rpc(std::move(state));
}

Result<Json> Rpc::exchange(const Json& body, bool again) const {
  State& s = *state_;
  const std::lock_guard lock(s.one_at_a_time);
  ClientRequest request{.url = s.url, .post = body.dump(), .headers = {"Content-Type: application/json"}};
  request.max_bytes = static_cast<int64_t>(s.options.max_bytes);
  request.timeout_seconds = s.options.timeout_seconds;
  request.connect_seconds = std::min(s.options.timeout_seconds, 10.0);
  request.environment_proxies = true;
  request.cancel = s.options.cancel;
  std::string last;
  double wait = s.options.wait_seconds;
  for (int attempt = 0; attempt < (again ? s.options.attempts : 1); ++attempt) {
    if (attempt > 0) {
      PTAH_TRY_VOID(wait_to_retry(wait, s.options.cancel));
      wait *= 2;
    }
    const auto response = s.client.exchange(request);
    if (!response && response.error().code == ErrorCode::over_budget)
      return fail(ErrorCode::corrupt, "{} answers with more than {} bytes", shown_origin(s.url), s.options.max_bytes);
    if (!response) return tl::unexpected(response.error());
    if (response->problem.empty() && response->status == 200) {
      auto parsed = parse_json(response->body, 64);
      if (!parsed) return fail(ErrorCode::corrupt, "{} answers with what is not JSON: {}", shown_origin(s.url), parsed.error().message);
      return parsed;
    }
    last = response->problem.empty() ? fmt::format("HTTP {}", response->status) : response->problem;
    if (response->problem.empty() && response->status != 429 && response->status < 500) break;
  }
  return fail(ErrorCode::io, "no answer from {}: {}", shown_origin(s.url), last);
}

Result<Json> Rpc::call(const std::string& method, const Json& params) const {
  const int64_t id = state_->next_id++;
  PTAH_TRY(const Json answer, exchange({{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}}, is_question(method)));
  auto result = result_of(answer, id);
  if (!result) return fail(result.error().code, "{}: {}", method, result.error().message);
  return result;
}

Result<std::vector<Result<Json>>> Rpc::batch(const std::vector<Call>& calls) const {
  std::vector<Result<Json>> out;
  if (calls.empty()) return out;
  Json body = Json::array();
  const int64_t first = state_->next_id;
  bool again = true;
  for (const Call& one : calls) {
    body.push_back({{"jsonrpc", "2.0"}, {"id", state_->next_id++}, {"method", one.method}, {"params", one.params}});
    again = again && is_question(one.method);
  }
  PTAH_TRY(const Json answers, exchange(body, again));
  if (!answers.is_array()) {
    if (answers.is_object()) PTAH_TRY_VOID(result_of(answers, -1));
    return fail(ErrorCode::corrupt, "the node answers a list of questions with something else");
  }
  for (size_t i = 0; i < calls.size(); ++i) {  // they may come in any order
    const auto id = first + static_cast<int64_t>(i);
    const auto found = std::find_if(answers.begin(), answers.end(), [&](const Json& a) { return a.is_object() && a.value("id", Json()) == Json(id); });
    out.push_back(found == answers.end() ? Result<Json>(fail(ErrorCode::corrupt, "{}: no answer", calls[i].method)) : result_of(*found, id));
  }
  return out;
}

}  // namespace ptah
