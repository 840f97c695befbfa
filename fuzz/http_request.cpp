// libFuzzer target: the head of an HTTP request, given in two pieces. What is taken must hold nothing that ends a line.
#include <cstdint>
#include <cstdlib>

#include "serve/http/policy.h"
#include "serve/http/request_head.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ptah::HttpHeadScan whole({}), pieces({});
  const auto at_once = whole.look(text);
  const auto first = pieces.look(text.substr(0, size / 2));
  const auto second = first && !*first ? pieces.look(text) : first;
  if (at_once.has_value() != second.has_value() || (at_once && *at_once != *second)) std::abort();
  const auto head = ptah::parse_http_head(text);
  if (!head) return 0;
  if (head->chunked && head->content_length) std::abort();
  for (const auto& [name, value] : head->request.headers)
    if (name.find_first_of(" :\r\n") != std::string::npos || value.find_first_of("\r\n") != std::string::npos) std::abort();
  if (head->request.path.find_first_of("\r\n") != std::string::npos || !head->request.path.starts_with('/')) std::abort();
  (void)ptah::host_allowed(head->request.header("host"), true, {});
  (void)ptah::client_address("127.0.0.1", head->request, {.proxies = {"127.0.0.1"}});
  return 0;
}
