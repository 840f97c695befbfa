#include "net/download.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/file.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/sha256.h"
#include "base/text.h"
#include "base/url.h"
#include "net/http.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

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

std::optional<int64_t> number(std::string_view text) {
  if (text.empty() || text.size() > 18 || text.find_first_not_of("0123456789") != std::string_view::npos) return {};
  return std::stoll(std::string(text));
}

std::string header(const ClientHeaders& headers, const char* name) {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string() : found->second;
}

/// The digest that the last of the answers on the way told.
std::string linked_digest(const ClientResponse& response) {
  std::string out;
  const auto look = [&](const ClientHeaders& headers) {
    std::string digest = lower_case(header(headers, "x-linked-etag"));
    std::erase(digest, '"');
    if (is_hex(digest, 64)) out = digest;
  };
  for (const ClientHeaders& hop : response.hops) look(hop);
  look(response.headers);
  return out;
}

ClientRequest request_of(const std::string& url, int64_t max_bytes, const DownloadOptions& o) {
  ClientRequest out{.url = url, .bearer = o.bearer, .max_bytes = max_bytes, .redirects = 10};
  out.connect_seconds = out.stall_seconds = o.stall_seconds;
  out.environment_proxies = true;
  out.cancel = o.cancel;
  return out;
}

Error about(const std::string& url, const Error& error) {
  if (error.code == ErrorCode::cancelled || error.code == ErrorCode::invalid_argument) return error;
  return {error.code, fmt::format("{}: {}", shown_url(url), error.message)};
}

/// One attempt to bring a file further.
class Attempt {
 public:
  Attempt(Part& part, const DownloadOptions& options) : part_(part), options_(options) {
    // A weak tag ("W/…") does not vouch for the same bytes; a digest is looked at in the end anyway.
    strong_ = part.etag.starts_with('"');
    goes_on = part.size > 0 && (strong_ || !part.sha256.empty() || !options.sha256.empty());
    start_ = goes_on ? part.size : 0;
  }

  Result<ClientResponse> run(const std::string& url) {
    ClientRequest request = request_of(url, options_.max_bytes, options_);
    if (goes_on) request.headers.push_back(fmt::format("Range: bytes={}-", part_.size));
    if (goes_on && strong_) request.headers.push_back("If-Range: " + part_.etag);
    request.take = [this](const ClientResponse& response, std::string_view piece) { return take(response, piece); };
    return http_exchange(request);
  }

  bool goes_on = false;     ///< from what an earlier one left
  bool other_file = false;  ///< what came is the rest of something else
  /// All that was announced came.
  bool whole() const { return !begun_ || total_ < 0 || at_ == total_; }
  bool begun() const { return begun_; }

 private:
  Result<void> take(const ClientResponse& response, std::string_view piece) {
    const bool first = !begun_;
    if (first) PTAH_TRY_VOID(begin(response));
    const int64_t end = at_ + static_cast<int64_t>(piece.size());
    if (total_ >= 0 && end > total_) return fail(ErrorCode::corrupt, "the server sent more than the {} bytes it announced", total_);
    if (end > options_.max_bytes) return fail(ErrorCode::over_budget, "more than {} bytes", options_.max_bytes);
    const std::string tag = header(response.headers, "etag"), digest = linked_digest(response);
    if (first && at_ > 0) {
      other_file = (strong_ && !tag.empty() && tag != part_.etag) || (!digest.empty() && !part_.sha256.empty() && digest != part_.sha256);
      if (other_file) return fail(ErrorCode::io, "the file changed meanwhile");
    }
    PTAH_TRY_VOID(part_.write(at_, piece.data(), piece.size()));
    if (first) {
      const bool readable = !tag.empty() && tag.size() < 256 && std::all_of(tag.begin(), tag.end(), [](char c) { return c > 31 && c < 127; });
      if (at_ == 0 || readable) part_.etag = readable ? tag : "";
      if (at_ == 0 || !digest.empty()) part_.sha256 = digest;  // what is known of a file that is gone on with stays known
      PTAH_TRY_VOID(part_.note());
    }
    at_ = end;
    if (options_.progress) options_.progress(at_, std::max<int64_t>(total_, 0));
    return {};
  }

  Result<void> begin(const ClientResponse& response) {
    begun_ = true;
    if (response.status == 206) {
      const std::string range = header(response.headers, "content-range");  // bytes 100-199/200
      const size_t dash = range.find('-'), slash = range.find('/');
      const auto from = range.starts_with("bytes ") && dash != std::string::npos ? number(range.substr(6, dash - 6)) : std::nullopt;
      other_file = !from || *from != start_ || slash == std::string::npos;
      if (other_file) return fail(ErrorCode::io, "the server sent another part ('{}') than was asked for", range);
      at_ = start_;
      total_ = number(range.substr(slash + 1)).value_or(-1);
    } else {
      total_ = number(header(response.headers, "content-length")).value_or(-1);
    }
    if (total_ > options_.max_bytes) return fail(ErrorCode::over_budget, "{} bytes; at most {} are taken", total_, options_.max_bytes);
    return {};
  }

  Part& part_;
  const DownloadOptions& options_;
  bool strong_ = false, begun_ = false;
  int64_t start_ = 0, at_ = 0, total_ = -1;  ///< total_ -1: not said
};

/// Brings all of the file into `part`.
Result<void> fetch(const std::string& url, Part& part, const DownloadOptions& options) {
  double pause = options.wait_seconds;
  int64_t largest = 0;  // bytes that an attempt brought
  for (int attempt = 1;; ++attempt) {
    const int64_t before = part.size;
    Attempt one(part, options);
    const auto response = one.run(url);
    if (!response && response.error().code == ErrorCode::cancelled) return tl::unexpected(response.error());
    if (one.goes_on && one.other_file) {  // once more from the beginning
      PTAH_TRY_VOID(part.clear());
      if (attempt < options.attempts) continue;
    }
    if (!response) return tl::unexpected(about(url, response.error()));
    if (response->good() && !one.begun()) return part.write(0, "", 0);  // an empty file
    if (response->good() && one.whole()) return {};
    if (response->status == 416 && one.goes_on) {  // it ends before the place where we would go on: another file, or all of it is here
      if (header(response->headers, "content-range") == fmt::format("bytes */{}", part.size)) return {};
      PTAH_TRY_VOID(part.clear());
      continue;
    }
    largest = std::max(largest, before);
    if (part.size > largest) {  // further than ever
      attempt = 0;
      pause = options.wait_seconds;
      largest = part.size;
    }
    if (!response->passing || attempt >= options.attempts) return tl::unexpected(http_error(url, *response));
    PTAH_TRY_VOID(wait_to_retry(pause, options.cancel));
    pause *= 2;
  }
}

}  // namespace

Result<Downloaded> download(const std::string& url, const fs::path& path, const DownloadOptions& options) {
  PTAH_TRY_VOID(check_http_url(url));
  if (!options.sha256.empty() && !is_hex(lower_case(options.sha256), 64)) return fail(ErrorCode::invalid_argument, "'{}' is no SHA-256 digest", options.sha256);
  PTAH_TRY(const auto part, Part::open(path, url));
  PTAH_TRY_VOID(fetch(url, *part, options));
  Downloaded out;
  PTAH_TRY(out.sha256, sha256_of_file(part->path()));
  std::error_code problem;
  out.bytes = static_cast<int64_t>(fs::file_size(part->path(), problem));
  const std::string wanted = options.sha256.empty() ? part->sha256 : lower_case(options.sha256);
  out.checked = !wanted.empty();
  if (out.checked && wanted != out.sha256) {
    part->remove();
    return fail(ErrorCode::mismatch, "{}: SHA-256 {}…; expected {}…; nothing was kept", shown_url(url), out.sha256.substr(0, 12), wanted.substr(0, 12));
  }
  PTAH_TRY_VOID(part->finish(path));
  return out;
}

Result<std::string> download_text(const std::string& url, size_t max_bytes, const DownloadOptions& options) {
  double pause = options.wait_seconds;
  for (int attempt = 1;; ++attempt, pause *= 2) {
    auto response = http_exchange(request_of(url, static_cast<int64_t>(max_bytes), options));
    if (!response) return tl::unexpected(about(url, response.error()));
    if (response->good()) return std::move(response->body);
    if (!response->passing || attempt >= options.attempts) return tl::unexpected(http_error(url, *response));
    PTAH_TRY_VOID(wait_to_retry(pause, options.cancel));
  }
}

}  // namespace ptah
