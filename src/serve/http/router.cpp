#include "serve/http/router.h"

#include <algorithm>
#include <optional>

namespace ptah {

namespace {

std::optional<std::vector<std::string>> parts_of(std::string_view pattern, std::string_view path) {
  std::vector<std::string> out;
  for (;;) {
    const size_t a = std::min(pattern.find('/', 1), pattern.size()), b = std::min(path.find('/', 1), path.size());
    const std::string_view wanted = pattern.substr(0, a), here = path.substr(0, b);
    if (wanted == "/{}" && here.size() > 1)
      out.emplace_back(here.substr(1));
    else if (wanted != here)
      return std::nullopt;
    pattern.remove_prefix(a);
    path.remove_prefix(b);
    if (pattern.empty() && path.empty()) return out;
    if (pattern.empty() != path.empty()) return std::nullopt;
  }
}

}  // namespace

HttpRouter::Match HttpRouter::find(std::string_view method, std::string_view path) const {
  Match out;
  for (const HttpRoute& route : routes_) {
    auto parts = parts_of(route.path, path);
    if (!parts) continue;
    if (route.method == method || (route.method == "GET" && method == "HEAD")) return {&route, std::move(*parts), {}};
    out.methods.push_back(route.method);
    if (route.method == "GET") out.methods.emplace_back("HEAD");
  }
  return out;
}

}  // namespace ptah
