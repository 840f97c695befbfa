#include "serve/http/message.h"

#include "base/text.h"

namespace ptah {

namespace {

std::string_view first_of(const HttpFields& fields, std::string_view name) {
  for (const auto& [key, value] : fields)
    if (key == name) return value;
  return {};
}

}  // namespace

std::string_view HttpRequest::header(std::string_view name) const { return first_of(headers, name); }
std::string_view HttpRequest::query_value(std::string_view name) const { return first_of(query, name); }

std::string_view HttpRequest::bearer() const {
  constexpr std::string_view kScheme = "bearer ";
  const std::string_view value = header("authorization");
  if (lower_case(std::string(value.substr(0, kScheme.size()))) != kScheme) return {};
  return trimmed(value.substr(kScheme.size()));
}

HttpResponse HttpResponse::of(const Json& body, int status) {
  return text(body.dump(-1, ' ', false, Json::error_handler_t::replace), "application/json", status);
}

HttpResponse HttpResponse::text(std::string body, std::string content_type, int status) {
  HttpResponse out;
  out.status = status;
  out.content_type = std::move(content_type);
  out.body = std::make_shared<const std::string>(std::move(body));
  return out;
}

HttpResponse HttpResponse::error(int status, const std::string& message) { return of({{"error", message}}, status); }

HttpResponse HttpResponse::events(std::shared_ptr<HttpStream> stream) {
  HttpResponse out;
  out.content_type = "text/event-stream";
  out.stream = std::move(stream);
  return out;
}

}  // namespace ptah
