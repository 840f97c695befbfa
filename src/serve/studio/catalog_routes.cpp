// Which models there are, here and to be had; the one user of a server fetches and removes them.
#include <algorithm>

#include "base/printable.h"
#include "models/hub.h"
#include "models/registry.h"
#include "serve/api/answers.h"
#include "serve/api/openai/language_request.h"
#include "serve/studio/pulls.h"
#include "serve/studio/studio.h"

namespace ptah {

namespace {

constexpr size_t kMaxSource = 500;

/// Whether a model writes: what lies in a GGUF file, or says itself to be for chat.
bool writes(const Model& model) {
  return std::any_of(model.files.begin(), model.files.end(), [](const auto& file) { return file.first.ends_with(".gguf"); }) ||
         model.purpose.find("chat") != std::string::npos;
}

Json pull_json(const PullState& state) {
  return {{"status", name_of(state.status)}, {"bytes", state.bytes}, {"total", state.total}, {"message", state.message}};
}

Json catalog_row(const Model& model) {
  const char* kind = model.kind == Model::Kind::shipped ? "shipped" : model.kind == Model::Kind::pulled ? "pulled" : "online";
  return {{"id", model.name},         {"object", "model"},        {"kind", kind},           {"here", model.kind != Model::Kind::online},
          {"purpose", model.purpose}, {"licence", model.licence}, {"source", model.source}, {"terms", model.terms},
          {"bytes", model.bytes},     {"chat", writes(model)}};
}

HttpResponse list_catalog(const ApiServer& server, const ModelPulls& pulls) {
  const auto known = guard([]() -> Result<std::vector<Model>> {
    PTAH_TRY(const auto shipped, models_folder());
    const auto pulled = pulled_models_folder();
    return known_models(shipped, pulled ? *pulled : std::filesystem::path());
  });
  if (!known) return api_error(known.error());
  auto states = pulls.states();
  Json list = Json::array();
  for (const Model& model : *known) {
    list.push_back(catalog_row(model));
    const auto found = states.find(model.name);
    if (found == states.end()) continue;
    list.back()["pull"] = pull_json(found->second);
    states.erase(found);
  }
  for (const auto& [source, state] : states)
    if (state.status != PullState::Status::done) {
      list.push_back(catalog_row({.kind = Model::Kind::online, .name = source, .source = source}));
      list.back()["pull"] = pull_json(state);
    }
  return HttpResponse::of({{"object", "list"}, {"data", std::move(list)}, {"may_change", server.single_user()}});
}

HttpResponse begin_pull(const ApiServer& server, ModelPulls& pulls, const HttpRequest& request) {
  if (auto refusal = only_single_user(server)) return *refusal;
  const auto body = body_of_request(request);
  if (!body) return api_error(body.error(), 400);
  const auto source = text_member(*body, "source", kMaxSource);
  if (!source) return api_error(source.error());
  if (source->empty()) return api_error(422, "`source`: a model's name, hf:OWNER/REPO or an address", "invalid_argument", "source");
  const auto accepted = switch_member(*body, "accept_terms");
  if (!accepted) return api_error(accepted.error());
  const auto begun = pulls.begin(*source, *accepted);
  return begun ? HttpResponse::of({{"object", "pull"}, {"source", *source}, {"status", "running"}}, 202) : api_error(begun.error());
}

HttpResponse cancel_pull(const ApiServer& server, ModelPulls& pulls, const HttpRequest& request) {
  if (auto refusal = only_single_user(server)) return *refusal;
  const auto body = body_of_request(request);
  if (!body) return api_error(body.error(), 400);
  const auto source = text_member(*body, "source", kMaxSource);
  if (!source) return api_error(source.error());
  if (!pulls.cancel(*source)) return api_error(404, fmt::format("'{}' is not being fetched", printable(*source, 80)), "not_found", "source");
  return HttpResponse::of({{"object", "pull"}, {"source", *source}, {"status", "cancelled"}});
}

HttpResponse remove_model(const ApiServer& server, const HttpRequest& request) {
  if (auto refusal = only_single_user(server)) return *refusal;
  const auto removed = guard([&]() -> Result<void> {
    PTAH_TRY(const std::filesystem::path folder, pulled_models_folder());
    return remove_pulled(request.parts[0], folder);
  });
  return removed ? HttpResponse::of({{"id", request.parts[0]}, {"object", "model"}, {"deleted", true}}) : api_error(removed.error());
}

}  // namespace

void add_catalog_routes(ApiServer& server) {
  using In = HttpRequest;
  using Who = ApiServer::Caller;
  const auto folder = pulled_models_folder();
  const auto pulls = std::make_shared<ModelPulls>(folder ? *folder : std::filesystem::path());
  constexpr size_t kMaxModelName = 4096;
  server.add("GET", "/v1/catalog", ApiServer::Needs::looking, [&server, pulls](const In&, const Who&) { return list_catalog(server, *pulls); });
  server.add(
      "POST", "/v1/catalog", ApiServer::Needs::making, [&server, pulls](const In& in, const Who&) { return begin_pull(server, *pulls, in); }, kMaxModelName);
  server.add(
      "POST", "/v1/catalog/cancel", ApiServer::Needs::making, [&server, pulls](const In& in, const Who&) { return cancel_pull(server, *pulls, in); },
      kMaxModelName);
  server.add("DELETE", "/v1/catalog/{}", ApiServer::Needs::making, [&server](const In& in, const Who&) { return remove_model(server, in); });
}

}  // namespace ptah
