#include "serve/http/policy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sodium.h>

#include <algorithm>

#include "base/file.h"
#include "base/sha256.h"
#include "base/text.h"

namespace ptah {

namespace {

bool among(const std::vector<std::string>& list, std::string_view wanted) {
  return std::any_of(list.begin(), list.end(), [&](const std::string& one) { return lower_case(one) == wanted; });
}

/// "Name:80" → "name", "[::1]:80" → "::1"; empty if it is neither.
std::string host_name(std::string_view host) {
  std::string_view port;
  std::string name;
  if (host.starts_with('[')) {
    const size_t end = host.find(']');
    if (end == std::string_view::npos) return "";
    name = lower_case(std::string(host.substr(1, end - 1)));
    port = host.substr(end + 1);
    in6_addr parsed{};
    if (inet_pton(AF_INET6, name.c_str(), &parsed) != 1) return "";
  } else {
    const size_t colon = std::min(host.find(':'), host.size());
    name = lower_case(std::string(host.substr(0, colon)));
    port = host.substr(colon);
    if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-_") != std::string::npos) return "";
  }
  if (!port.empty() && (port[0] != ':' || port.find_first_not_of("0123456789", 1) != std::string_view::npos)) return "";
  return name;
}

bool names_this_computer(const std::string& name) {
  in_addr four{};
  if (inet_pton(AF_INET, name.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24) == 127;
  return name == "localhost" || name == "::1";
}

void set_default(HttpFields& out, const HttpFields& given, const char* name, std::string value) {
  if (std::none_of(given.begin(), given.end(), [&](const auto& field) { return lower_case(field.first) == lower_case(name); }))
    out.emplace_back(name, std::move(value));
}

}  // namespace

bool host_allowed(std::string_view host, bool loopback, const HttpPolicy& policy) {
  const std::string name = host_name(host);
  if (name.empty()) return false;
  if (among(policy.hosts, name) || (loopback && names_this_computer(name))) return true;
  return !loopback && policy.hosts.empty();
}

bool origin_allowed(std::string_view origin, std::string_view host, const HttpPolicy& policy) {
  if (origin.empty()) return true;
  const std::string small = lower_case(std::string(origin));
  if (among(policy.origins, small)) return true;
  const size_t scheme = small.find("://");
  return scheme != std::string::npos && small.substr(scheme + 3) == lower_case(std::string(host));
}

std::string client_address(const std::string& connected, const HttpRequest& request, const HttpPolicy& policy) {
  if (!among(policy.proxies, connected)) return connected;
  std::string_view said;  // the last of the last: what that proxy added itself
  for (const auto& [name, value] : request.headers)
    if (name == "x-forwarded-for") said = value;
  const std::string last(trimmed(said.substr(said.rfind(',') == std::string_view::npos ? 0 : said.rfind(',') + 1)));
  in6_addr six{};
  in_addr four{};
  return inet_pton(AF_INET, last.c_str(), &four) == 1 || inet_pton(AF_INET6, last.c_str(), &six) == 1 ? last : connected;
}

std::string peer_of(const std::string& address) {
  in6_addr six{};
  if (inet_pton(AF_INET6, address.c_str(), &six) != 1) return address;
  char text[INET6_ADDRSTRLEN] = "";
  if (IN6_IS_ADDR_V4MAPPED(&six)) return inet_ntop(AF_INET, &six.s6_addr[12], text, sizeof(text));
  std::fill(std::begin(six.s6_addr) + 8, std::end(six.s6_addr), uint8_t{0});
  return std::string(inet_ntop(AF_INET6, &six, text, sizeof(text))) + "/64";
}

HttpFields answer_headers(const HttpRequest& request, const HttpResponse& response, const HttpPolicy& policy) {
  HttpFields out = response.headers;
  const HttpFields given = out;
  set_default(out, given, "Cache-Control", "no-store");
  set_default(out, given, "Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  set_default(out, given, "Cross-Origin-Resource-Policy", "same-origin");
  set_default(out, given, "Referrer-Policy", "no-referrer");
  set_default(out, given, "X-Content-Type-Options", "nosniff");
  set_default(out, given, "X-Frame-Options", "DENY");
  if (policy.origins.empty()) return out;
  out.emplace_back("Vary", "Origin");
  const std::string origin(request.header("origin"));
  if (among(policy.origins, lower_case(origin))) out.emplace_back("Access-Control-Allow-Origin", origin);
  return out;
}

std::string csp_hash(std::string_view text) {
  const Digest digest = sha256(as_bytes(text));
  char encoded[sodium_base64_ENCODED_LEN(sizeof(digest), sodium_base64_VARIANT_ORIGINAL)];
  return fmt::format("'sha256-{}'", sodium_bin2base64(encoded, sizeof(encoded), digest.data(), digest.size(), sodium_base64_VARIANT_ORIGINAL));
}

std::string http_date(std::time_t now) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm t{};
  gmtime_r(&now, &t);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[t.tm_wday], t.tm_mday, kMonths[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

bool PeerQuota::take(const std::string& peer, double now) {
  if (windows_.size() >= max_peers_) {
    std::erase_if(windows_, [&](const auto& entry) { return entry.second.began + seconds_ < now; });
    if (windows_.size() >= max_peers_) windows_.clear();  // better to count again than to shut somebody out
  }
  Window& window = windows_[peer];
  if (window.taken == 0 || window.began + seconds_ < now) window = {now, 0};
  if (window.taken >= count_) return false;
  ++window.taken;
  return true;
}

}  // namespace ptah
