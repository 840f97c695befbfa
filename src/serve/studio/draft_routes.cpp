// POST /v1/drafts: what a request will be about, while it is typed.
#include "serve/api/answers.h"
#include "serve/studio/drafts.h"
#include "serve/studio/studio.h"

namespace ptah {

namespace {

HttpResponse draw_draft(ApiServer& server, Drafts& drafts, const HttpRequest& request, const ApiServer::Caller& caller) {
  const auto body = body_of_request(request);
  if (!body) return api_error(body.error(), 400);
  const std::string kind = text_at(*body, "kind"), file = text_at(*body, "file");
  if (file != "png" && file != "glb") return api_error(422, "`file`: png or glb", "invalid_argument", "file");
  if (auto refusal = server.no_more(caller, true)) return *refusal;
  const auto asked = server.service().checked(kind, body->value("request", Json::object()), caller.name);
  if (!asked) return api_error(asked.error());
  const auto drawn = drafts.draw(*asked, file, caller.name, request.gone.get());
  if (!drawn) return drawn.error().code == ErrorCode::cancelled ? api_error(409, drawn.error().message, "superseded") : api_error(drawn.error());
  HttpResponse out;
  out.content_type = content_type_of("draft." + file);
  out.body = std::make_shared<const std::string>(drawn->begin(), drawn->end());
  return out;
}

}  // namespace

void add_draft_routes(ApiServer& server) {
  const ServiceOptions& options = server.service().options();
  const auto drafts = std::make_shared<Drafts>(server.service().make_worker(), options.budget_bytes, options.rest_seconds);
  server.add(
      "POST", "/v1/drafts", ApiServer::Needs::making,
      [&server, drafts](const HttpRequest& in, const ApiServer::Caller& who) { return draw_draft(server, *drafts, in, who); }, server.max_request_bytes());
}

}  // namespace ptah
