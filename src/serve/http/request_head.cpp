#include "serve/http/request_head.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace ptah {

namespace {

tl::unexpected<HttpRefusal> refuse(int status, std::string why) { return tl::unexpected(HttpRefusal{status, std::move(why)}); }

bool is_token(char c) {
  const auto u = static_cast<unsigned char>(c);
  if ((u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') || (u >= '0' && u <= '9')) return true;
  return c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool all_tokens(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_token); }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char small = static_cast<char>(c | 0x20);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

bool has_token(std::string_view list, std::string_view wanted) {
  for (size_t at = 0; at <= list.size();) {
    const size_t end = std::min(list.find(',', at), list.size());
    if (lower_case(std::string(trimmed(list.substr(at, end - at)))) == wanted) return true;
    at = end + 1;
  }
  return false;
}

HttpResult<void> read_target(HttpRequest& request) {
  const std::string_view target = request.target;
  if (target.empty() || target[0] != '/') return refuse(400, "the request's target is not a path");
  for (const char c : target)
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f || c == '#') return refuse(400, "a character that no address has");
  const size_t question = std::min(target.find('?'), target.size());
  const auto path = percent_decoded(target.substr(0, question), false);
  if (!path) return refuse(400, "the path's percent-encoding is wrong");
  request.path = *path;
  for (size_t at = 1; at <= path->size();) {
    const size_t end = std::min(path->find('/', at), path->size());
    const std::string_view segment = std::string_view(*path).substr(at, end - at);
    if (segment == "." || segment == "..") return refuse(400, "a path with '.' or '..'");
    at = end + 1;
  }
  for (size_t at = question + 1; at < target.size();) {
    const size_t end = std::min(target.find('&', at), target.size());
    const std::string_view pair = target.substr(at, end - at);
    const size_t equals = std::min(pair.find('='), pair.size());
    const auto name = percent_decoded(pair.substr(0, equals), true);
    const auto value = percent_decoded(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) return refuse(400, "the query's percent-encoding is wrong");
    if (!pair.empty()) request.query.emplace_back(*name, *value);
    at = end + 1;
  }
  return {};
}

HttpResult<void> read_field(HttpRequest& request, std::string_view line) {
  if (line[0] == ' ' || line[0] == '\t') return refuse(400, "a folded header");
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || !all_tokens(line.substr(0, colon))) return refuse(400, "a header without a proper name");
  const std::string name = lower_case(std::string(line.substr(0, colon)));
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
  for (const char c : value)
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f) return refuse(400, "a control character in a header");
  constexpr std::array<std::string_view, 6> kOnce = {"host", "content-length", "transfer-encoding", "authorization", "content-type", "origin"};
  if (std::find(kOnce.begin(), kOnce.end(), name) != kOnce.end() &&
      std::any_of(request.headers.begin(), request.headers.end(), [&](const auto& field) { return field.first == name; }))
    return refuse(400, "two headers " + name);
  request.headers.emplace_back(name, std::string(value));
  return {};
}

/// How the body comes.
HttpResult<void> read_framing(HttpHead& head) {
  const auto find = [&](std::string_view name) -> const std::string* {
    for (const auto& [key, value] : head.request.headers)
      if (key == name) return &value;
    return nullptr;
  };
  if (!find("host") || find("host")->empty()) return refuse(400, "no Host");
  const std::string* length = find("content-length");
  const std::string* encoding = find("transfer-encoding");
  if (length && encoding) return refuse(400, "both Content-Length and Transfer-Encoding");
  if (encoding) {
    if (head.old_version) return refuse(400, "Transfer-Encoding in HTTP/1.0");
    if (lower_case(*encoding) != "chunked") return refuse(501, "the only encoding of transfer is chunked");
    head.chunked = true;
  }
  if (length) {
    if (length->empty() || length->size() > 18 || length->find_first_not_of("0123456789") != std::string::npos)
      return refuse(400, "Content-Length is not a number");
    head.content_length = std::stoull(*length);
  }
  const std::string_view connection = head.request.header("connection");
  head.keep_alive = head.old_version ? has_token(connection, "keep-alive") : !has_token(connection, "close");
  if (const std::string* expected = find("expect")) {
    if (lower_case(*expected) != "100-continue") return refuse(417, "Expect asks for something unknown");
    head.expects_continue = !head.old_version;
  }
  return {};
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text, bool plus) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus) {
      out += ' ';
    } else if (text[i] == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1, low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i];
    }
  }
  if (std::any_of(out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; })) return std::nullopt;
  if (invalid_utf8_at(out) != std::string_view::npos) return std::nullopt;
  return out;
}

HttpResult<std::optional<size_t>> HttpHeadScan::look(std::string_view bytes) {
  for (; at_ < bytes.size(); ++at_) {
    const char c = bytes[at_];
    if (lines_ == 0 && at_ >= limits_.request_line) return refuse(414, "the request's line is too long");
    if (at_ >= limits_.bytes) return refuse(431, "the headers are too long");
    if (c == '\0') return refuse(400, "a byte of zero");
    if (c == '\r') {
      if (at_ + 1 == bytes.size()) break;  // what follows it is not there yet
      if (bytes[at_ + 1] != '\n') return refuse(400, "a line end that is not CRLF");
      const bool empty = at_ == line_;
      if (empty && lines_ == 0) return refuse(400, "no request line");
      if (empty) return std::optional<size_t>(at_ + 2);
      if (++lines_ > limits_.headers + 1) return refuse(431, "too many headers");
      line_ = ++at_ + 1;
    } else if (c == '\n') {
      return refuse(400, "a line end that is not CRLF");
    }
  }
  return std::optional<size_t>();
}

HttpResult<HttpHead> parse_http_head(std::string_view bytes, const HttpHeadLimits& limits) {
  HttpHeadScan scan(limits);
  const auto size = scan.look(bytes);
  if (!size) return tl::unexpected(size.error());
  if (!*size || **size != bytes.size()) return refuse(400, "no whole head");
  HttpHead out;
  HttpRequest& r = out.request;
  size_t at = bytes.find("\r\n");
  const std::string_view line = bytes.substr(0, at);
  const size_t first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return refuse(400, "no request line");
  r.method = std::string(line.substr(0, first));
  r.target = std::string(line.substr(first + 1, last - first - 1));
  const std::string_view version = line.substr(last + 1);
  if (r.method.size() > 16 || !all_tokens(r.method)) return refuse(400, "no method");
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return refuse(version.starts_with("HTTP/") ? 505 : 400, "the version is not HTTP/1.1");
  if (const auto read = read_target(r); !read) return tl::unexpected(read.error());
  for (at += 2; at < bytes.size() - 2;) {
    const size_t end = bytes.find("\r\n", at);
    if (const auto read = read_field(r, bytes.substr(at, end - at)); !read) return tl::unexpected(read.error());
    at = end + 2;
  }
  out.old_version = version == "HTTP/1.0";
  if (const auto read = read_framing(out); !read) return tl::unexpected(read.error());
  return out;
}

}  // namespace ptah
