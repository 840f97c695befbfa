#include "base/url.h"

#include <algorithm>

#include "base/file.h"
#include "base/sha256.h"

namespace ptah {

namespace {

struct Parts {
  std::string_view scheme, host, path, rest;  ///< rest: from ? or # on
  bool whole = false;                         ///< it has ://
};

Parts parts_of(std::string_view url) {
  Parts out;
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return out;
  out.whole = true;
  out.scheme = url.substr(0, scheme + 3);
  url.remove_prefix(scheme + 3);
  const size_t rest = std::min(url.find_first_of("?#"), url.size());
  out.rest = url.substr(rest);
  url = url.substr(0, rest);
  const size_t slash = std::min(url.find('/'), url.size());
  out.host = url.substr(0, slash);
  out.path = url.substr(slash);
  if (const size_t name = out.host.rfind('@'); name != std::string_view::npos) out.host.remove_prefix(name + 1);
  return out;
}

}  // namespace

std::string shown_url(std::string_view url) {
  const Parts parts = parts_of(url);
  if (!parts.whole) return std::string(url);
  return fmt::format("{}{}{}{}", parts.scheme, parts.host, parts.path, parts.rest.empty() ? "" : "?…");
}

std::string kept_url(std::string_view url) {
  const std::string shown = shown_url(url);
  return shown == url ? shown : fmt::format("{} sha256:{}", shown, sha256_hex(as_bytes(url)).substr(0, 16));
}

std::string shown_origin(std::string_view url) {
  const Parts parts = parts_of(url);
  if (!parts.whole) return std::string(url);
  return fmt::format("{}{}", parts.scheme, parts.host);
}

}  // namespace ptah
