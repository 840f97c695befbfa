// What somebody said of answers, kept as rows that `ptah train preference` and TRL read.
#include <fcntl.h>
#include <unistd.h>

#include <ctime>

#include "base/file.h"
#include "base/sha256.h"
#include "serve/api/answers.h"
#include "serve/studio/studio.h"

namespace ptah {

namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxFeedback = 1 << 20;
constexpr int64_t kMaxFeedbackFile = int64_t{1} << 30;

/// A list of messages: [{"role", "content"}].
bool is_conversation(const Json& list) {
  if (!list.is_array() || list.empty() || list.size() > 4096) return false;
  for (const Json& one : list) {
    const std::string role = one.is_object() ? text_at(one, "role") : "";
    if ((role != "system" && role != "user" && role != "assistant") || !one.contains("content") || !one["content"].is_string()) return false;
  }
  return true;
}

/// Pairs ("chosen", "rejected") and thumbs ("completion", "label") are trained by different losses, so they lie in files of their own.
fs::path feedback_file(const ApiServer& server, const ApiServer::Caller& caller, bool pairs) {
  const std::string whose = caller.name.empty() ? "" : sha256_hex(as_bytes(caller.name)).substr(0, 16) + "-";
  return server.service().options().folder / "feedback" / (whose + (pairs ? "pairs.jsonl" : "thumbs.jsonl"));
}

/// Adds a line, durably: whole or not at all.
Result<void> append_line(const fs::path& file, const std::string& line) {
  PTAH_TRY_VOID(make_folders(file.parent_path()));
  const int number = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (number < 0) return fail_errno("cannot keep what was said");
  const off_t before = ::lseek(number, 0, SEEK_END);
  const bool fits = before >= 0 && before + static_cast<off_t>(line.size()) <= kMaxFeedbackFile;
  const bool written = fits && ::write(number, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fdatasync(number) == 0;
  const int problem = errno;
  if (!written && fits && ::ftruncate(number, before) != 0) (void)problem;  // the reader of a broken line says so
  ::close(number);
  if (!fits) return fail(ErrorCode::no_space, "the file of what was said is full");
  if (written) return {};
  errno = problem;
  return fail_errno("cannot keep what was said");
}

HttpResponse keep_feedback(const ApiServer& server, std::mutex& mutex, const HttpRequest& request, const ApiServer::Caller& caller) {
  const auto body = body_of_request(request);
  if (!body) return api_error(body.error(), 400);
  const bool pairs = body->contains("chosen");
  Json row{{"time", std::time(nullptr)}, {"prompt", body->value("prompt", Json())}};
  const auto model = text_member(*body, "model", 200);
  if (!model) return api_error(model.error());
  row["model"] = *model;
  if (pairs) {
    row["chosen"] = (*body)["chosen"];
    row["rejected"] = body->value("rejected", Json());
  } else {
    row["completion"] = body->value("completion", Json());
    row["label"] = body->value("label", Json());
    if (!row["label"].is_boolean()) return api_error(422, "`label`: true or false", "invalid_argument", "label");
  }
  for (const char* name : {"prompt", "chosen", "rejected", "completion"})
    if (row.contains(name) && !is_conversation(row[name]))
      return api_error(422, fmt::format("`{}`: a list of messages, each with role and content", name), "invalid_argument", name);
  const std::lock_guard lock(mutex);
  const auto kept = append_line(feedback_file(server, caller, pairs), row.dump() + "\n");
  return kept ? HttpResponse::of({{"object", "feedback"}, {"kept", pairs ? "pairs" : "thumbs"}}, 201) : api_error(kept.error());
}

HttpResponse give_feedback(const ApiServer& server, const HttpRequest& request, const ApiServer::Caller& caller) {
  const std::string_view of = request.query_value("of");
  if (of != "pairs" && of != "thumbs") return api_error(400, "`of`: pairs or thumbs", "invalid_argument", "of");
  const fs::path file = feedback_file(server, caller, of == "pairs");
  std::error_code problem;
  if (!fs::exists(file, problem)) return HttpResponse::text("", "application/jsonl");
  const auto text = read_text(file, kMaxFeedbackFile);
  return text ? HttpResponse::text(*text, "application/jsonl") : api_error(text.error());
}

}  // namespace

void add_feedback_routes(ApiServer& server) {
  using In = HttpRequest;
  using Who = ApiServer::Caller;
  const auto mutex = std::make_shared<std::mutex>();
  server.add(
      "POST", "/v1/feedback", ApiServer::Needs::making, [&server, mutex](const In& in, const Who& who) { return keep_feedback(server, *mutex, in, who); },
      kMaxFeedback);
  server.add("GET", "/v1/feedback", ApiServer::Needs::looking, [&server](const In& in, const Who& who) { return give_feedback(server, in, who); });
}

}  // namespace ptah
