#include "serve/api/answers.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <random>

#include "base/base64.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/sha256.h"
#include "schema/schema.h"

namespace ptah {

namespace {

struct ByteRange {
  uint64_t begin = 0, end = 0;  ///< end: the one behind the last
};

/// "bytes=0-99", "bytes=100-", "bytes=-50" of so many bytes (RFC 9110, 14). Nothing if it is to be ignored; begin == end: it cannot be served.
std::optional<ByteRange> range_of(std::string_view header, uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!header.starts_with(kUnit)) return {};
  header.remove_prefix(kUnit.size());
  const size_t dash = header.find('-');
  if (dash == std::string_view::npos) return {};
  const auto first = whole_number<uint64_t>(header.substr(0, dash)), last = whole_number<uint64_t>(header.substr(dash + 1));
  if (dash == 0) {
    if (!last) return {};
    return ByteRange{size - std::min(*last, size), size};
  }
  if (!first || (!last && dash + 1 < header.size()) || (last && *last < *first)) return {};
  if (*first >= size) return ByteRange{};
  return ByteRange{*first, last ? std::min(*last, size - 1) + 1 : size};
}

/// A part of a file.
Result<std::string> part_of_file(const std::filesystem::path& file, const ByteRange& range) {
  const int number = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (number < 0) return fail_errno("cannot read a result");
  std::string out(range.end - range.begin, '\0');
  size_t got = 0;
  while (got < out.size()) {
    const ssize_t n = ::pread(number, out.data() + got, out.size() - got, static_cast<off_t>(range.begin + got));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    got += static_cast<size_t>(n);
  }
  ::close(number);
  if (got < out.size()) return fail(ErrorCode::io, "a result ends too early");
  return out;
}

}  // namespace

std::string plain_message(const std::string& message) {
  return said(
      message, [](const std::string&) -> std::optional<std::string> { return {}; }, true);
}

HttpResponse api_error(int status, const std::string& message, const char* code, const std::string& param) {
  const char* type = status == 401   ? "authentication_error"
                     : status == 403 ? "permission_error"
                     : status == 429 ? "rate_limit_error"
                     : status >= 500 ? "server_error"
                                     : "invalid_request_error";
  return HttpResponse::of(
      {{"error", {{"message", plain_message(message)}, {"type", type}, {"param", param.empty() ? Json() : Json(param)}, {"code", code ? Json(code) : Json()}}}},
      status);
}

HttpResponse api_error(const Error& error, int bad_request) {
  int status = error_info(error.code).http_status;
  const std::string field = field_of(error);
  switch (error.code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::over_budget:
    case ErrorCode::unsupported:
    case ErrorCode::corrupt:
    case ErrorCode::mismatch:
      status = bad_request;
      break;
    case ErrorCode::not_found:
      if (!field.empty()) status = bad_request;
      break;
    default:
      break;
  }
  return api_error(status, error.message, error_info(error.code).name, field);
}

HttpResponse file_answer(const HttpRequest& request, const std::filesystem::path& file, const std::string& sha256, const std::string& type) {
  struct stat about {};
  if (::stat(file.c_str(), &about) != 0) return api_error(404, "the file is not here any more", "not_found");
  const auto size = static_cast<uint64_t>(about.st_size);
  const std::string etag = "\"" + sha256 + "\"";
  HttpResponse out;
  out.content_type = type;
  const auto digest = parse_hex("0x" + sha256);
  out.headers = {{"ETag", etag},
                 {"Accept-Ranges", "bytes"},
                 {"Cache-Control", "private, max-age=31536000, immutable"},
                 {"Repr-Digest", "sha-256=:" + (digest ? to_base64(*digest) : "") + ":"}};
  if (const std::string_view known = request.header("if-none-match"); known == "*" || known.find(etag) != std::string_view::npos) {
    out.status = 304;
    return out;
  }
  ByteRange part{0, size};
  const std::string_view condition = request.header("if-range");
  if (const auto asked = range_of(request.header("range"), size); asked && request.method == "GET" && (condition.empty() || condition == etag)) {
    if (asked->begin >= asked->end) {
      HttpResponse none = api_error(416, "there are no such bytes", "range_not_satisfiable");
      none.headers = {{"Content-Range", fmt::format("bytes */{}", size)}};
      return none;
    }
    part = *asked;
    out.status = 206;
    out.headers.emplace_back("Content-Range", fmt::format("bytes {}-{}/{}", part.begin, part.end - 1, size));
  }
  auto bytes = part_of_file(file, part);
  if (!bytes) return api_error(bytes.error());
  out.body = std::make_shared<const std::string>(std::move(*bytes));
  return out;
}

Result<Json> body_of_request(const HttpRequest& request) {
  PTAH_TRY(Json body, parse_json(request.body, 64));
  if (!body.is_object()) return fail(ErrorCode::invalid_argument, "the body has to be a JSON object");
  return body;
}

uint64_t seed_of(const HttpRequest& request, const std::string& owner) {
  const std::string_view key = request.header("idempotency-key");
  if (key.empty()) return std::random_device()();
  uint64_t out = 0;
  const Digest digest = sha256(as_bytes(fmt::format("{}\n{}", owner, key)));
  for (size_t i = 0; i < 4; ++i) out = out << 8 | digest[i];
  return out;
}

}  // namespace ptah
