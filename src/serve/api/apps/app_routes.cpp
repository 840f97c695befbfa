#include "serve/api/apps/app_routes.h"

#include <algorithm>

#include "apps/characters/character_files.h"
#include "apps/education/teach_request.h"
#include "models/registry.h"
#include "serve/api/answers.h"
#include "serve/api/apps/app_answers.h"
#include "serve/api/openai/language_request.h"

namespace ptah {

namespace {

/// Fields of a request that belong to a schema, checked; files are named by nobody over HTTP.
Result<Json> schema_fields(const Schema& schema, const Json& body, const std::vector<std::string>& besides) {
  Json own = Json::object();
  for (const auto& [key, value] : body.items()) {
    if (std::find(besides.begin(), besides.end(), key) != besides.end()) continue;
    const SchemaField* field = schema.find(key);
    if (field && field->is_file()) return fail_field(key, ErrorCode::invalid_argument, "`{}` names a file of the server; a request cannot", key);
    own[key] = value;
  }
  return schema.given(own);
}

/// What is asked for, checked before it becomes a job.
Result<Json> asked_turn(const Json& body) {
  PTAH_TRY(Json fields, schema_fields(character_schema(), body, {"game", "character", "memory", "text", "state", "happens"}));
  PTAH_TRY_VOID(character_schema().complete(fields));
  const std::string model = fields.value("model", std::string("smollm2"));
  if (model.find('/') != std::string::npos || model.find('\\') != std::string::npos)
    return fail_field("model", ErrorCode::invalid_argument, "`model`: the name of a model that was pulled, or none");
  fields["model"] = model;
  PTAH_TRY(const Game game, read_game(body.value("game", Json())));
  PTAH_TRY(const CharacterSheet sheet, read_sheet(body.value("character", Json())));
  PTAH_TRY_VOID(check_sheet(sheet, game));
  if (const Json memory = body.value("memory", Json()); !memory.is_null()) {
    PTAH_TRY_VOID(CharacterMemory::from_json(memory));
    fields["memory"] = memory;
  }
  PTAH_TRY_VOID(with_changes(game.state, body.value("state", Json())));
  const Json text = body.value("text", Json()), happens = body.value("happens", Json::array());
  if (!text.is_string()) return fail_field("text", ErrorCode::invalid_argument, "`text`: what is said to the character");
  if (!happens.is_array() || happens.size() > 100 || !std::all_of(happens.begin(), happens.end(), [](const Json& one) { return one.is_string(); }))
    return fail_field("happens", ErrorCode::invalid_argument, "`happens`: a list of at most 100 texts");
  for (const char* key : {"game", "character", "state", "text", "happens"})
    if (body.contains(key)) fields[key] = body[key];
  return fields;
}

HttpResponse answered(ApiServer& server, const HttpRequest& request, const ApiServer::Caller& caller, const char* kind, const Result<Json>& fields) {
  if (!fields) return api_error(fields.error(), 400);
  const auto jobs = server.ask_answers(kind, *fields, 1, caller);
  if (!jobs) return jobs.error();
  const auto done = server.finished(*jobs, request);
  if (!done) return done.error();
  HttpResponse out = HttpResponse::of(done->front().facts);
  out.headers = {{"X-Ptah-Job", job_name(done->front().id)}};
  return out;
}

HttpResponse character_turn(ApiServer& server, const HttpRequest& request, const ApiServer::Caller& caller) {
  const auto body = body_of_request(request);
  if (!body) return api_error(body.error(), 400);
  return answered(server, request, caller, kCharacterJob, guard([&] { return asked_turn(*body); }));
}

HttpResponse lesson_questions(ApiServer& server, const HttpRequest& request, const ApiServer::Caller& caller) {
  const auto body = body_of_request(request);
  if (!body) return api_error(body.error(), 400);
  return answered(server, request, caller, kQuestionsJob, guard([&]() -> Result<Json> {
                    PTAH_TRY(const Json fields, schema_fields(questions_schema(), *body, {}));
                    PTAH_TRY_VOID(questions_schema().complete(fields));
                    return fields;
                  }));
}

}  // namespace

void add_app_routes(ApiServer& server) {
  server.add(
      "POST", "/v1/characters/turn", ApiServer::Needs::making,
      [&server](const HttpRequest& in, const ApiServer::Caller& who) { return character_turn(server, in, who); }, server.max_request_bytes());
  server.add(
      "POST", "/v1/questions", ApiServer::Needs::making,
      [&server](const HttpRequest& in, const ApiServer::Caller& who) { return lesson_questions(server, in, who); }, server.max_request_bytes());
}

}  // namespace ptah
