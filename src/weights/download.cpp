#include "weights/download.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <map>
#include <thread>

#include "base/file.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"
#include "base/url.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

bool is_digest(const std::string& text) { return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos; }

/// One exchange with the server, redirects included.
struct Exchange {
  // given
  int64_t start = 0, most_bytes = 0;
  const DownloadOptions* options = nullptr;
  std::function<Result<void>(int64_t at, const char* data, size_t size)> write;  ///< `at` 0 begins anew
  // found
  std::map<std::string, std::string> headers;  ///< of the last response, names in lower case
  std::string linked_digest;                   ///< of any response on the way
  int64_t status = 0, at = 0, total = -1;      ///< total -1: not said
  std::string body;                            ///< of an error
  std::optional<Error> error;                  ///< ours
  bool begun = false, wrong_range = false;

  void line(std::string_view text) {
    while (!text.empty() && (text.back() == '\r' || text.back() == '\n')) text.remove_suffix(1);
    if (text.starts_with("HTTP/")) {
      headers.clear();
      const size_t gap = text.find(' ');
      status = gap == std::string_view::npos ? 0 : std::atoi(std::string(text.substr(gap + 1, 3)).c_str());
      return;
    }
    const size_t colon = text.find(':');
    if (colon == std::string_view::npos || headers.size() > 200) return;
    std::string_view value = text.substr(colon + 1);
    while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    const std::string name = lower_case(std::string(text.substr(0, colon)));
    headers[name] = std::string(value);
    if (name == "x-linked-etag") {
      std::string digest = lower_case(std::string(value));
      std::erase(digest, '"');
      if (is_digest(digest)) linked_digest = digest;
    }
  }

  std::optional<int64_t> number(const std::string& text) const {
    if (text.empty() || text.size() > 18 || text.find_first_not_of("0123456789") != std::string::npos) return {};
    return std::stoll(text);
  }

  Result<void> begin() {
    begun = true;
    at = 0;
    if (status == 206) {
      const std::string& range = headers["content-range"];  // bytes 100-199/200
      const size_t dash = range.find('-'), slash = range.find('/');
      const auto from = range.starts_with("bytes ") && dash != std::string::npos ? number(range.substr(6, dash - 6)) : std::nullopt;
      wrong_range = !from || *from != start || slash == std::string::npos;
      if (wrong_range) return fail(ErrorCode::io, "the server sent another part ('{}') than was asked for", range);
      at = start;
      total = number(range.substr(slash + 1)).value_or(-1);
    } else {
      total = number(headers["content-length"]).value_or(-1);
    }
    if (total > most_bytes) return fail(ErrorCode::over_budget, "{} bytes; at most {} are taken", total, most_bytes);
    return {};
  }

  Result<void> take(const char* data, size_t size) {
    if (status >= 300) {
      body.append(data, std::min<size_t>(size, 300 - std::min<size_t>(300, body.size())));
      return {};
    }
    if (!begun) {
      PTAH_TRY_VOID(begin());
    }
    const int64_t end = at + static_cast<int64_t>(size);
    if (total >= 0 && end > total) return fail(ErrorCode::corrupt, "the server sent more than the {} bytes it announced", total);
    if (end > most_bytes) return fail(ErrorCode::over_budget, "more than {} bytes", most_bytes);
    PTAH_TRY_VOID(write(at, data, size));
    at = end;
    if (options->progress) options->progress(at, std::max<int64_t>(total, 0));
    return {};
  }
};

// Nothing may be thrown through the library that calls these.
size_t on_header(char* data, size_t size, size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const auto taken = guard([&]() -> Result<void> {
    exchange.line({data, size * count});
    return {};
  });
  if (taken) return size * count;
  exchange.error = taken.error();
  return 0;
}

size_t on_body(char* data, size_t size, size_t count, void* user) {
  auto& exchange = *static_cast<Exchange*>(user);
  const auto taken = guard([&] { return exchange.take(data, size * count); });
  if (taken) return size * count;
  exchange.error = taken.error();
  return 0;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const CancelToken* cancel = static_cast<Exchange*>(user)->options->cancel;
  return cancel && cancel->cancelled() ? 1 : 0;
}

/// What curl says, after our own reasons.
CURLcode perform(const std::string& url, Exchange& exchange, const std::vector<std::string>& headers) {
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  if (!ready) return CURLE_FAILED_INIT;
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), &curl_easy_cleanup);
  if (!curl) return CURLE_FAILED_INIT;
  CURL* c = curl.get();
  curl_slist* list = nullptr;
  for (const std::string& header : headers) list = curl_slist_append(list, header.c_str());
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> owner(list, &curl_slist_free_all);
  const bool secure = lower_case(url.substr(0, 8)) == "https://";
  const DownloadOptions& o = *exchange.options;
  curl_easy_setopt(c, CURLOPT_URL, url.c_str());
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
  curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(c, CURLOPT_MAXREDIRS, 10L);
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_USERAGENT, "ptah");
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, list);
  curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(o.stall_seconds * 1000));
  curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, std::max(1L, std::lround(o.stall_seconds)));
  curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(c, CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(c, CURLOPT_XFERINFODATA, &exchange);
  if (!o.bearer.empty()) {
    curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    curl_easy_setopt(c, CURLOPT_XOAUTH2_BEARER, o.bearer.c_str());
  }
  return curl_easy_perform(c);
}

/// Whether another attempt may go better.
bool passing(CURLcode code, int64_t status) {
  if (code == CURLE_OK) return status == 408 || status == 429 || status >= 500;
  for (const CURLcode temporary : {CURLE_PARTIAL_FILE, CURLE_OPERATION_TIMEDOUT, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_GOT_NOTHING, CURLE_COULDNT_CONNECT,
                                   CURLE_COULDNT_RESOLVE_HOST, CURLE_HTTP2, CURLE_HTTP2_STREAM})
    if (code == temporary) return true;
  return false;
}

Error refusal(const std::string& url, CURLcode code, const Exchange& exchange) {
  if (code != CURLE_OK) return {ErrorCode::io, fmt::format("{}: {}", shown_url(url), curl_easy_strerror(code))};
  const ErrorCode kind = exchange.status == 404 || exchange.status == 410   ? ErrorCode::not_found
                         : exchange.status == 401 || exchange.status == 403 ? ErrorCode::permission
                                                                            : ErrorCode::io;
  std::string said;
  for (const char ch : exchange.body.substr(0, 120)) said += static_cast<unsigned char>(ch) < 32 || ch == 127 ? ' ' : ch;
  return {kind, fmt::format("{}: the server answered {}{}{}", shown_url(url), exchange.status, said.empty() ? "" : ": ", said)};
}

Result<void> check_url(const std::string& url) {
  const std::string start = lower_case(url.substr(0, 8));
  if (!start.starts_with("http://") && !start.starts_with("https://")) return fail(ErrorCode::invalid_argument, "'{}' is no http or https URL", shown_url(url));
  for (const char c : url)
    if (static_cast<unsigned char>(c) <= 32 || c == 127) return fail(ErrorCode::invalid_argument, "a URL holds no spaces or control characters");
  return {};
}

/// PATH.part and what is known of it.
class Part {
 public:
  static Result<std::unique_ptr<Part>> open(const fs::path& path, const std::string& url) {
    std::unique_ptr<Part> part(new Part(path, url));
    part->file_ = ::open(part->path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (part->file_ < 0)
      return fail(errno == EACCES || errno == EROFS ? ErrorCode::permission : ErrorCode::io, "cannot write {}: {}", part->path_.string(), std::strerror(errno));
    const off_t size = ::lseek(part->file_, 0, SEEK_END);
    std::error_code ignored;
    if (size > 0 && fs::exists(part->notes_, ignored)) {
      const auto text = read_text(part->notes_, 1 << 16);
      const auto notes = text ? parse_json(*text, 4) : fail(ErrorCode::corrupt, "none");
      if (notes && notes->is_object() && notes->value("url", Json()) == part->url_ && notes->value("etag", Json()).is_string() &&
          notes->value("sha256", Json()).is_string()) {
        part->etag = (*notes)["etag"];
        part->sha256 = (*notes)["sha256"];
        part->size = size;
        return part;
      }
    }
    PTAH_TRY_VOID(part->clear());
    return part;
  }
  ~Part() {
    if (file_ >= 0) ::close(file_);
    if (size == 0) remove();  // nothing to go on from
  }
  Part(const Part&) = delete;
  Part& operator=(const Part&) = delete;

  std::string etag, sha256;  ///< what the server said of the file
  int64_t size = 0;

  Result<void> clear() {
    size = 0;
    if (::ftruncate(file_, 0) != 0) return fail(ErrorCode::io, "cannot empty {}: {}", path_.string(), std::strerror(errno));
    return {};
  }
  Result<void> write(int64_t at, const char* data, size_t count) {
    if (at == 0 && size > 0) {
      PTAH_TRY_VOID(clear());
    }
    for (size_t done = 0; done < count;) {
      const ssize_t now = ::pwrite(file_, data + done, count - done, at + static_cast<int64_t>(done));
      if (now < 0 && errno == EINTR) continue;
      if (now < 0) return fail(errno == ENOSPC ? ErrorCode::no_space : ErrorCode::io, "cannot write {}: {}", path_.string(), std::strerror(errno));
      done += static_cast<size_t>(now);
    }
    size = at + static_cast<int64_t>(count);
    return {};
  }
  Result<void> note() const { return write_file(notes_, Json{{"url", url_}, {"etag", etag}, {"sha256", sha256}}.dump()); }
  void remove() const {
    std::error_code ignored;
    fs::remove(path_, ignored);
    fs::remove(notes_, ignored);
  }
  Result<void> finish(const fs::path& to) const {
    std::error_code problem;
    if (::fsync(file_) != 0) return fail(ErrorCode::io, "cannot write {}: {}", path_.string(), std::strerror(errno));
    if (::rename(path_.c_str(), to.c_str()) != 0) return fail_errno("cannot rename " + path_.string());
    fs::remove(notes_, problem);
    return {};
  }
  const fs::path& path() const { return path_; }

 private:
  Part(const fs::path& path, const std::string& url) : path_(path.string() + ".part"), notes_(path.string() + ".part.json"), url_(kept_url(url)) {}
  fs::path path_, notes_;
  std::string url_;
  int file_ = -1;
};

Result<void> wait(double seconds, const CancelToken* cancel) {
  for (double done = 0; done < seconds; done += 0.05) {
    if (cancel) {
      PTAH_TRY_VOID(cancel->check());
    }
    std::this_thread::sleep_for(std::chrono::duration<double>(std::min(0.05, seconds - done)));
  }
  return {};
}

}  // namespace

Result<Downloaded> download(const std::string& url, const fs::path& path, const DownloadOptions& options) {
  PTAH_TRY_VOID(check_url(url));
  if (!options.sha256.empty() && !is_digest(lower_case(options.sha256))) return fail(ErrorCode::invalid_argument, "'{}' is no SHA-256 digest", options.sha256);
  PTAH_TRY(const auto part, Part::open(path, url));
  double pause = options.wait_seconds;
  int64_t most = 0;  // bytes that an attempt brought
  for (int attempt = 1;; ++attempt) {
    Exchange exchange;
    exchange.options = &options;
    exchange.most_bytes = options.most_bytes;
    // A weak tag ("W/…") does not vouch for the same bytes; a digest is looked at in the end anyway.
    const bool strong = part->etag.starts_with('"');
    const bool goes_on = part->size > 0 && (strong || !part->sha256.empty() || !options.sha256.empty());
    exchange.start = goes_on ? part->size : 0;
    std::vector<std::string> headers;
    if (goes_on) {
      headers.push_back(fmt::format("Range: bytes={}-", part->size));
      if (strong) headers.push_back("If-Range: " + part->etag);
    }
    const int64_t before = part->size;
    bool noted = false;
    bool other = false;
    exchange.write = [&](int64_t at, const char* data, size_t size) -> Result<void> {
      if (!noted && at > 0) {  // the rest of another file?
        const auto tag = exchange.headers.find("etag");
        other = (strong && tag != exchange.headers.end() && tag->second != part->etag) ||
                (!exchange.linked_digest.empty() && !part->sha256.empty() && exchange.linked_digest != part->sha256);
        if (other) return fail(ErrorCode::io, "the file changed meanwhile");
      }
      PTAH_TRY_VOID(part->write(at, data, size));
      if (noted) return {};
      noted = true;
      const auto tag = exchange.headers.find("etag");
      const bool readable = tag != exchange.headers.end() && tag->second.size() < 256 &&
                            std::all_of(tag->second.begin(), tag->second.end(), [](char c) { return c > 31 && c < 127; });
      if (at == 0 || readable) part->etag = readable ? tag->second : "";
      if (at == 0 || !exchange.linked_digest.empty()) part->sha256 = exchange.linked_digest;  // what is known of a file that is gone on with stays known
      return part->note();
    };
    const CURLcode code = perform(url, exchange, headers);
    if (options.cancel) {
      PTAH_TRY_VOID(options.cancel->check());
    }
    if (goes_on && (other || exchange.wrong_range)) {  // once more from the beginning
      PTAH_TRY_VOID(part->clear());
      if (attempt < options.attempts) continue;
    }
    if (exchange.error) return tl::unexpected(Error{exchange.error->code, fmt::format("{}: {}", shown_url(url), exchange.error->message)});
    bool done = code == CURLE_OK && exchange.status >= 200 && exchange.status < 300;
    if (done && !exchange.begun) {  // an empty file
      PTAH_TRY_VOID(part->write(0, "", 0));
    }
    done = done && (exchange.total < 0 || exchange.at == exchange.total || !exchange.begun);
    if (done) break;
    if (exchange.status == 416 && goes_on) {  // it ends before the place where we would go on: another file, or all of it is here
      const std::string& range = exchange.headers["content-range"];
      if (range == fmt::format("bytes */{}", part->size)) break;
      PTAH_TRY_VOID(part->clear());
      continue;
    }
    most = std::max(most, before);
    if (part->size > most) {  // further than ever
      attempt = 0;
      pause = options.wait_seconds;
      most = part->size;
    }
    if (!passing(code, exchange.status) || attempt >= options.attempts) return tl::unexpected(refusal(url, code, exchange));
    PTAH_TRY_VOID(wait(pause, options.cancel));
    pause *= 2;
  }
  Downloaded out;
  PTAH_TRY(out.sha256, sha256_of_file(part->path()));
  std::error_code problem;
  out.bytes = static_cast<int64_t>(std::filesystem::file_size(part->path(), problem));
  const std::string wanted = options.sha256.empty() ? part->sha256 : lower_case(options.sha256);
  out.checked = !wanted.empty();
  if (out.checked && wanted != out.sha256) {
    part->remove();
    return fail(ErrorCode::mismatch, "{}: SHA-256 {}…; expected {}…; nothing was kept", shown_url(url), out.sha256.substr(0, 12), wanted.substr(0, 12));
  }
  PTAH_TRY_VOID(part->finish(path));
  return out;
}

Result<std::string> download_text(const std::string& url, size_t most_bytes, const DownloadOptions& options) {
  PTAH_TRY_VOID(check_url(url));
  double pause = options.wait_seconds;
  for (int attempt = 1;; ++attempt, pause *= 2) {
    std::string text;
    Exchange exchange;
    exchange.options = &options;
    exchange.most_bytes = static_cast<int64_t>(most_bytes);
    exchange.write = [&](int64_t, const char* data, size_t size) -> Result<void> {
      text.append(data, size);
      return {};
    };
    const CURLcode code = perform(url, exchange, {});
    if (options.cancel) {
      PTAH_TRY_VOID(options.cancel->check());
    }
    if (exchange.error) return tl::unexpected(Error{exchange.error->code, fmt::format("{}: {}", shown_url(url), exchange.error->message)});
    if (code == CURLE_OK && exchange.status >= 200 && exchange.status < 300) return text;
    if (!passing(code, exchange.status) || attempt >= options.attempts) return tl::unexpected(refusal(url, code, exchange));
    PTAH_TRY_VOID(wait(pause, options.cancel));
  }
}

Result<std::string> http_post(const std::string& url, const std::string& content_type, const std::string& body, const PostOptions& options) {
  PTAH_TRY_VOID(check_url(url));
  static const bool ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> handle(ready ? curl_easy_init() : nullptr, curl_easy_cleanup);
  if (!handle) return fail(ErrorCode::internal, "libcurl cannot start");
  curl_slist* list = curl_slist_append(nullptr, ("Content-Type: " + content_type).c_str());
  if (!options.bearer.empty()) list = curl_slist_append(list, ("Authorization: Bearer " + options.bearer).c_str());
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(list, curl_slist_free_all);
  std::pair<std::string, size_t> answer{"", options.most_bytes};
  CURL* h = handle.get();
  curl_easy_setopt(h, CURLOPT_URL, url.c_str());
  curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(h, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_write_callback on_data = [](char* data, size_t, size_t size, void* user) -> size_t {
    auto& [text, most] = *static_cast<std::pair<std::string, size_t>*>(user);
    if (text.size() + size > most) return 0;
    text.append(data, size);
    return size;
  };
  curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_data);
  curl_easy_setopt(h, CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout_seconds * 1000));
  curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
  const CURLcode code = curl_easy_perform(h);
  long status = 0;
  curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
  if (code != CURLE_OK) return fail(ErrorCode::io, "{}: {}", shown_url(url), curl_easy_strerror(code));
  if (status == 401 || status == 403) return fail(ErrorCode::permission, "{}: HTTP {}", shown_url(url), status);
  if (status != 200) return fail(ErrorCode::io, "{}: HTTP {}", shown_url(url), status);
  return std::move(answer.first);
}

}  // namespace ptah
