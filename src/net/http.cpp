#include "net/http.h"

#include <curl/curl.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "base/printable.h"
#include "base/text.h"
#include "base/url.h"
#include "net/public_address.h"

namespace ptah {

namespace {

constexpr size_t kMaxHeaders = 200, kMaxHops = 20, kMaxErrorBytes = 300;

/// What curl's callbacks work on.
struct Exchange {
  const ClientRequest& request;
  ClientResponse response = {};
  int64_t bytes = 0;
  std::optional<Error> error = {};  ///< ours

  void header(std::string_view line) {
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) line.remove_suffix(1);
    if (line.starts_with("HTTP/")) {
      if (response.status != 0 && response.hops.size() < kMaxHops) response.hops.push_back(std::move(response.headers));
      response.headers.clear();
      const size_t gap = line.find(' ');
      response.status = gap == std::string_view::npos ? 0 : std::atoi(std::string(line.substr(gap + 1, 3)).c_str());
      return;
    }
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || response.headers.size() >= kMaxHeaders) return;
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    response.headers[lower_case(std::string(line.substr(0, colon)))] = std::string(value);
  }

  Result<void> take(std::string_view piece) {
    if (response.status >= 300) {
      response.body.append(piece.substr(0, kMaxErrorBytes - std::min(kMaxErrorBytes, response.body.size())));
      return {};
    }
    bytes += static_cast<int64_t>(piece.size());
    if (bytes > request.max_bytes) return fail(ErrorCode::over_budget, "more than {} bytes", request.max_bytes);
    if (request.take) return request.take(response, piece);
    response.body.append(piece);
    return {};
  }
};

// Nothing may be thrown through the library that calls these.
size_t on_header(char* data, size_t size, size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const auto taken = guard([&]() -> Result<void> {
    exchange.header({data, size * count});
    return {};
  });
  if (taken) return size * count;
  exchange.error = taken.error();
  return 0;
}

size_t on_body(char* data, size_t size, size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const auto taken = guard([&] { return exchange.take({data, size * count}); });
  if (taken) return size * count;
  exchange.error = taken.error();
  return 0;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const CancelToken* cancel = static_cast<Exchange*>(user)->request.cancel;
  return cancel && cancel->cancelled() ? 1 : 0;
}

bool is_passing(CURLcode code, int status) {
  if (code == CURLE_OK) return status == 408 || status == 429 || status >= 500;
  for (const CURLcode temporary : {CURLE_PARTIAL_FILE, CURLE_OPERATION_TIMEDOUT, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING, CURLE_COULDNT_CONNECT,
                                   CURLE_COULDNT_RESOLVE_HOST, CURLE_HTTP2, CURLE_HTTP2_STREAM})
    if (code == temporary) return true;
  return false;
}

/// Whether a URL's host is this computer itself.
bool is_own_address(const std::string& url) {
  std::string_view host = url;
  host.remove_prefix(std::min(host.size(), host.find("://") + 3));
  host = host.substr(0, host.find_first_of("/?#"));
  if (const size_t at = host.rfind('@'); at != std::string_view::npos) host.remove_prefix(at + 1);
  if (host.starts_with("[::1]")) return true;
  const std::string name = lower_case(std::string(host.substr(0, host.find(':'))));
  return name == "localhost" || (name.starts_with("127.") && name.find_first_not_of("0123456789.") == std::string::npos);
}

long milliseconds(double seconds) { return std::max(1L, std::lround(seconds * 1000)); }

void set_connection(CURL* c, const ClientRequest& r) {
  const bool secure = lower_case(r.url.substr(0, 8)) == "https://";
  curl_easy_setopt(c, CURLOPT_URL, r.url.c_str());
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
  curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, r.redirects > 0 ? 1L : 0L);
  curl_easy_setopt(c, CURLOPT_MAXREDIRS, static_cast<long>(r.redirects));
  curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(c, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_USERAGENT, "ptah");
  if (!r.environment_proxies || is_own_address(r.url)) curl_easy_setopt(c, CURLOPT_PROXY, "");
  curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(r.connect_seconds));
  if (r.timeout_seconds > 0) curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, milliseconds(r.timeout_seconds));
  if (r.stall_seconds > 0) {
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, std::max(1L, std::lround(r.stall_seconds)));
  }
}

void set_callbacks(CURL* c, Exchange& exchange) {
  curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(c, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(c, CURLOPT_XFERINFODATA, &exchange);
}

/// Refuses a connection before it is made; asked with the very address that would be connected to.
curl_socket_t public_socket(void*, curlsocktype purpose, curl_sockaddr* address) {
  if (purpose != CURLSOCKTYPE_IPCXN || !is_public_address(address->addr)) return CURL_SOCKET_BAD;
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

}  // namespace

struct HttpClient::State {
  bool only_public = false;
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle{nullptr, &curl_easy_cleanup};
};

HttpClient::HttpClient() : state_(std::make_unique<State>()) {}
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;
HttpClient::~HttpClient() = default;
void HttpClient::stay_public() { state_->only_public = true; }

Result<ClientResponse> HttpClient::exchange(const ClientRequest& r) {
  PTAH_TRY_VOID(check_http_url(r.url));
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  if (ready && !state_->handle) state_->handle.reset(curl_easy_init());
  CURL* c = state_->handle.get();
  if (!c) return fail(ErrorCode::internal, "libcurl cannot start");
  curl_easy_reset(c);  // open connections stay
  Exchange exchange{r};
  char problem[CURL_ERROR_SIZE] = "";
  set_connection(c, r);
  set_callbacks(c, exchange);
  if (state_->only_public) curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, public_socket);
  curl_easy_setopt(c, CURLOPT_ERRORBUFFER, problem);
  curl_slist* list = nullptr;
  for (const std::string& header : r.headers) list = curl_slist_append(list, header.c_str());
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> owner(list, &curl_slist_free_all);
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, list);
  if (r.post) {
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, r.post->data());
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(r.post->size()));
  }
  if (!r.bearer.empty()) {
    curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    curl_easy_setopt(c, CURLOPT_XOAUTH2_BEARER, r.bearer.c_str());
  }
  const CURLcode code = curl_easy_perform(c);
  curl_easy_setopt(c, CURLOPT_ERRORBUFFER, nullptr);
  if (r.cancel) PTAH_TRY_VOID(r.cancel->check());
  if (exchange.error) return tl::unexpected(*exchange.error);
  if (code != CURLE_OK) exchange.response.problem = printable(problem[0] ? problem : curl_easy_strerror(code), 300);
  exchange.response.passing = is_passing(code, exchange.response.status);
  return std::move(exchange.response);
}

Result<ClientResponse> http_exchange(const ClientRequest& request) { return HttpClient().exchange(request); }

Result<void> check_http_url(const std::string& url) {
  const std::string start = lower_case(url.substr(0, 8));
  if (!start.starts_with("http://") && !start.starts_with("https://")) return fail(ErrorCode::invalid_argument, "'{}' is no http or https URL", shown_url(url));
  for (const char c : url)
    if (static_cast<unsigned char>(c) <= 32 || c == 127) return fail(ErrorCode::invalid_argument, "a URL holds no spaces or control characters");
  return {};
}

Error http_error(const std::string& url, const ClientResponse& response) {
  if (!response.problem.empty()) return {ErrorCode::io, fmt::format("{}: {}", shown_url(url), response.problem)};
  const int status = response.status;
  const ErrorCode kind = status == 404 || status == 410 ? ErrorCode::not_found : status == 401 || status == 403 ? ErrorCode::permission : ErrorCode::io;
  std::string said;
  for (const char ch : response.body.substr(0, 120)) said += static_cast<unsigned char>(ch) < 32 || ch == 127 ? ' ' : ch;
  return {kind, fmt::format("{}: the server answered {}{}{}", shown_url(url), status, said.empty() ? "" : ": ", said)};
}

Result<void> wait_to_retry(double seconds, const CancelToken* cancel) {
  for (double done = 0; done < seconds; done += 0.05) {
    if (cancel) PTAH_TRY_VOID(cancel->check());
    std::this_thread::sleep_for(std::chrono::duration<double>(std::min(0.05, seconds - done)));
  }
  return {};
}

Result<std::string> http_post(const std::string& url, const std::string& content_type, const std::string& body, const PostOptions& options) {
  ClientRequest request{.url = url, .post = body, .headers = {"Content-Type: " + content_type}, .bearer = options.bearer};
  request.max_bytes = static_cast<int64_t>(options.max_bytes);
  request.timeout_seconds = options.timeout_seconds;
  request.environment_proxies = options.environment_proxies;
  request.connect_seconds = std::min(request.connect_seconds, options.timeout_seconds);
  auto response = http_exchange(request);
  if (!response && response.error().code == ErrorCode::over_budget) return fail(ErrorCode::io, "{}: {}", shown_url(url), response.error().message);
  if (!response) return tl::unexpected(response.error());
  if (response->problem.empty() && response->status == 200) return std::move(response->body);
  const Error error = http_error(url, *response);
  return fail(error.code == ErrorCode::permission ? error.code : ErrorCode::io, "{}", error.message);
}

}  // namespace ptah
