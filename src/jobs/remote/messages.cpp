#include "jobs/remote/messages.h"

#include <algorithm>
#include <cctype>

#include "base/hex.h"
#include "base/sha256.h"
#include "jobs/language_answers.h"

namespace ptah {

namespace {

constexpr int kMessageVersion = 1;
constexpr size_t kMaxOutputs = 1000;
constexpr size_t kMaxMessageBytes = 1 << 20;

/// Another program may send anything: what is of another kind than it should be is corrupt.
template <class F>
auto read_message(const char* what, std::string_view text, const F& read) -> decltype(read(Json())) {
  if (text.size() > kMaxMessageBytes) return fail(ErrorCode::corrupt, "{} of {} bytes", what, text.size());
  PTAH_TRY(const Json json, parse_json(text));
  try {
    return read(json);
  } catch (const Json::exception& wrong) {
    return fail(ErrorCode::corrupt, "{}: {}", what, wrong.what());
  }
}

/// The name of a file in a work; it becomes a part of a path.
bool is_output_name(const std::string& name) {
  const auto plain = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '-' || c == '_'; };
  return !name.empty() && name.size() <= 200 && name[0] != '.' && std::all_of(name.begin(), name.end(), plain);
}

}  // namespace

std::string_view job_class(std::string_view recipe) {
  for (const std::string_view text :
       {std::string_view(kChatJob), std::string_view(kCompletionJob), std::string_view(kEmbedJob), std::string_view("generate"), std::string_view("say")})
    if (recipe == text) return kJobClasses[0];
  return recipe == "paint" ? kJobClasses[2] : kJobClasses[1];
}

std::string RemoteJob::text() const {
  return Json{{"version", kMessageVersion}, {"server", server},   {"job", id},      {"recipe", recipe},
              {"fields", fields},           {"watched", watched}, {"files", files}, {"token", token}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<RemoteJob> RemoteJob::read(std::string_view text) {
  return read_message("a job", text, [](const Json& json) -> Result<RemoteJob> {
    if (json.at("version").get<int>() != kMessageVersion) return fail(ErrorCode::unsupported, "a job of another version of Ptah");
    RemoteJob out;
    out.server = json.at("server").get<std::string>();
    out.id = json.at("job").get<int64_t>();
    out.recipe = json.at("recipe").get<std::string>();
    out.fields = json.at("fields");
    out.watched = json.at("watched").get<bool>();
    out.files = json.at("files").get<std::string>();
    out.token = json.at("token").get<std::string>();
    if (!is_hex(out.server, 16) || out.id < 1 || !out.fields.is_object()) return fail(ErrorCode::corrupt, "a job that no server has queued");
    return out;
  });
}

std::string RemoteOutcome::text() const {
  Json out{{"seconds", seconds}};
  if (error) {
    out["error"] = {{"code", static_cast<int>(error->code)}, {"message", error->message}};
  } else {
    out["facts"] = facts;
    out["outputs"] = Json::array();
    for (const JobOutput& one : outputs) out["outputs"].push_back({{"name", one.name}, {"sha256", one.sha256}, {"bytes", one.bytes}});
  }
  return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<RemoteOutcome> RemoteOutcome::read(std::string_view text) {
  return read_message("what became of a job", text, [](const Json& json) -> Result<RemoteOutcome> {
    RemoteOutcome out;
    out.seconds = json.at("seconds").get<double>();
    if (json.contains("error")) {
      const int code = json.at("error").at("code").get<int>();
      if (code < 0 || code > static_cast<int>(ErrorCode::internal)) return fail(ErrorCode::corrupt, "an error with the code {}", code);
      out.error = Error{static_cast<ErrorCode>(code), json.at("error").at("message").get<std::string>()};
      return out;
    }
    out.facts = json.at("facts");
    if (json.at("outputs").size() > kMaxOutputs) return fail(ErrorCode::corrupt, "a work of {} files", json.at("outputs").size());
    for (const Json& one : json.at("outputs")) {
      JobOutput output{one.at("name").get<std::string>(), one.at("sha256").get<std::string>(), one.at("bytes").get<int64_t>()};
      if (!is_output_name(output.name) || !is_hex(output.sha256, 64) || output.bytes < 0) return fail(ErrorCode::corrupt, "a work with a file that cannot be");
      out.outputs.push_back(std::move(output));
    }
    return out;
  });
}

std::string RemotePlace::subject(const std::string& user, const RemoteJob& job) const {
  std::string word = user.empty() ? "nobody" : user;
  std::replace_if(
      word.begin(), word.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_'; }, '_');
  return fmt::format("ptah.jobs.{}.{}.{}.{}.{}", job_class, path, engine, word, job.name());
}

std::string engine_token(const std::string& identity) { return sha256_hex(as_bytes(identity)).substr(0, 12); }

std::string WorkerSeen::text() const {
  return Json{{"name", name}, {"path", path}, {"engine", engine}, {"classes", classes}, {"slots", slots}, {"busy", busy}}.dump(-1, ' ', false,
                                                                                                                               Json::error_handler_t::replace);
}

Result<WorkerSeen> WorkerSeen::read(std::string_view text) {
  return read_message("a worker", text, [](const Json& json) -> Result<WorkerSeen> {
    WorkerSeen out;
    out.name = json.at("name").get<std::string>();
    out.path = json.at("path").get<std::string>();
    out.engine = json.at("engine").get<std::string>();
    out.classes = json.at("classes").get<std::vector<std::string>>();
    out.slots = json.at("slots").get<int64_t>();
    out.busy = json.at("busy").get<int64_t>();
    constexpr size_t kMaxName = 200;
    if (out.name.size() > kMaxName || out.path.size() > kMaxName || out.engine.size() > kMaxName || out.classes.size() > kJobClasses.size() || out.slots < 0 ||
        out.slots > 1024)
      return fail(ErrorCode::corrupt, "a worker that cannot be");
    return out;
  });
}

}  // namespace ptah
