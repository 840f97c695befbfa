// POST /v1/embeddings and GET /v1/models as OpenAI's clients call them.
#include <algorithm>
#include <cstring>

#include "base/base64.h"
#include "base/file.h"
#include "base/text.h"
#include "jobs/language_answers.h"
#include "serve/api/openai/language_request.h"
#include "serve/api/openai/openai_routes.h"

namespace ptah {

namespace {

constexpr size_t kMaxEmbedded = 2048;
constexpr const char* kUsualEncoder = "minilm";

Result<std::vector<std::string>> texts_to_embed(const Json& body) {
  const Json input = body.value("input", Json());
  if (input.is_string()) return std::vector<std::string>{input.get<std::string>()};
  if (!input.is_array() || input.empty() || input.size() > kMaxEmbedded ||
      !std::all_of(input.begin(), input.end(), [](const Json& one) { return one.is_string(); }))
    return wrong_member("input", fmt::format("a text, or 1 to {} of them; tokens are not taken", kMaxEmbedded));
  return input.get<std::vector<std::string>>();
}

/// The answer to a request for embeddings; `vectors` are little-endian floats.
Json embedding_list(const std::string& vectors, size_t width, bool base64) {
  Json data = Json::array();
  for (size_t at = 0; at + width * sizeof(float) <= vectors.size(); at += width * sizeof(float)) {
    const std::string one = vectors.substr(at, width * sizeof(float));
    std::vector<float> numbers(width);
    std::memcpy(numbers.data(), one.data(), one.size());
    data.push_back({{"object", "embedding"}, {"index", data.size()}, {"embedding", base64 ? Json(to_base64(as_bytes(one))) : Json(numbers)}});
  }
  return data;
}

HttpResponse embed(ApiServer& server, const HttpRequest& request, const ApiServer::Caller& caller) {
  const auto body = body_of_request(request);
  if (!body) return api_error(body.error(), 400);
  const auto model = model_of(*body, kUsualEncoder);
  if (!model) return language_error(model.error());
  const auto texts = texts_to_embed(*body);
  if (!texts) return api_error(texts.error(), 400);
  const std::string format = text_at(*body, "encoding_format");
  if (!format.empty() && format != "float" && format != "base64")
    return api_error(400, "`encoding_format`: float or base64", "invalid_argument", "encoding_format");
  const auto jobs = server.ask_answers(kEmbedJob, {{"model", *model}, {"texts", *texts}}, 1, caller);
  if (!jobs) return jobs.error();
  const auto done = server.finished(*jobs, request);
  if (!done) return done.error();
  const Job& job = done->front();
  const auto width = job.facts.value("width", size_t{0});
  if (const Json wanted = body->value("dimensions", Json()); !wanted.is_null() && wanted != Json(width))
    return api_error(400, fmt::format("`dimensions`: {} has {}", *model, width), "invalid_argument", "dimensions");
  const auto vectors = from_base64(text_at(job.facts, "vectors"));
  if (!vectors || width == 0) return api_error(500, "the vectors cannot be read", "internal");
  const int64_t tokens = job.facts.value("prompt_tokens", int64_t{0});
  HttpResponse out = HttpResponse::of({{"object", "list"},
                                       {"data", embedding_list(*vectors, width, format == "base64")},
                                       {"model", *model},
                                       {"usage", {{"prompt_tokens", tokens}, {"total_tokens", tokens}}}});
  out.headers = {{"X-Ptah-Job", job_name(job.id)}};
  return out;
}

Json model_json(const Model& model) {
  return {{"id", model.name},         {"object", "model"},       {"created", 0}, {"owned_by", model.kind == Model::Kind::shipped ? "ptah" : "user"},
          {"purpose", model.purpose}, {"licence", model.licence}};
}

}  // namespace

void add_embedding_routes(ApiServer& server) {
  server.add(
      "POST", "/v1/embeddings", ApiServer::Needs::making, [&server](const HttpRequest& in, const ApiServer::Caller& who) { return embed(server, in, who); },
      server.max_request_bytes());
}

void add_model_routes(ApiServer& server) {
  server.add("GET", "/v1/models", ApiServer::Needs::looking, [](const HttpRequest&, const ApiServer::Caller&) {
    Json list = Json::array();
    for (const Model& model : models_here()) list.push_back(model_json(model));
    return HttpResponse::of({{"object", "list"}, {"data", std::move(list)}});
  });
  server.add("GET", "/v1/models/{}", ApiServer::Needs::looking, [](const HttpRequest& in, const ApiServer::Caller&) {
    for (const Model& model : models_here())
      if (model.name == in.parts[0]) return HttpResponse::of(model_json(model));
    return api_error(404, fmt::format("there is no model '{}' here", printable(in.parts[0], 80)), "model_not_found", "model");
  });
}

}  // namespace ptah
