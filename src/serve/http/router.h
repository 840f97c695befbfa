// Which handler a request goes to.
#pragma once

#include <vector>

#include "serve/http/message.h"

namespace ptah {

class HttpRouter {
 public:
  void add(HttpRoute route) { routes_.push_back(std::move(route)); }
  /// The route of a method and path, with what stood in its {}; else what methods the path takes (empty: there is no such path).
  struct Match {
    const HttpRoute* route = nullptr;
    std::vector<std::string> parts;
    std::vector<std::string> methods;
  };
  Match find(std::string_view method, std::string_view path) const;

 private:
  std::vector<HttpRoute> routes_;
};

}  // namespace ptah
