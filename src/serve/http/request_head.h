// What stands before the body of a request, read strictly: a line that two programs could read in two ways is refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "serve/http/message.h"

namespace ptah {

struct HttpHeadLimits {
  size_t request_line = 8 << 10, bytes = 16 << 10, headers = 100;
};

/// Why a request is not taken.
struct HttpRefusal {
  int status = 400;
  std::string why;
};
template <class T>
using HttpResult = tl::expected<T, HttpRefusal>;

/// Looks for the end of a head while it comes in, each byte once.
class HttpHeadScan {
 public:
  explicit HttpHeadScan(const HttpHeadLimits& limits) : limits_(limits) {}
  /// `bytes`: all that came so far, more with each call. The head's size once its end is there; nothing while it is not. Refuses a head over a limit (414, 431)
  /// and line ends other than CRLF (400) as soon as they are seen.
  HttpResult<std::optional<size_t>> look(std::string_view bytes);

 private:
  HttpHeadLimits limits_;
  size_t at_ = 0, line_ = 0, lines_ = 0;
};

struct HttpHead {
  HttpRequest request;
  std::optional<uint64_t> content_length;
  bool chunked = false, keep_alive = true, expects_continue = false;
  bool old_version = false;  ///< HTTP/1.0
  bool has_body() const { return chunked || content_length.value_or(0) > 0; }
};

/// A head up to and with its empty line. Refused: anything but `METHOD /path HTTP/1.x`; folded lines, blanks before a colon, control characters; two of Host,
/// Content-Length, Transfer-Encoding, Authorization, Content-Type or Origin; a Content-Length that is not digits only, or beside a Transfer-Encoding; an
/// encoding of transfer other than chunked (501); no Host; paths with "." or ".." as a segment, wrong percent-encoding or invalid UTF-8.
HttpResult<HttpHead> parse_http_head(std::string_view head, const HttpHeadLimits& limits = {});

/// "a%20b" → "a b"; with `plus` a + is a blank. Nothing if an escape is wrong or the result is not UTF-8 without control characters.
std::optional<std::string> percent_decoded(std::string_view text, bool plus);

}  // namespace ptah
