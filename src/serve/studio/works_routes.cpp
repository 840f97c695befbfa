// Works as somebody keeps them: found by words or meaning, with stars, tags and signatures.
#include <algorithm>
#include <cstring>
#include <set>

#include "base/base64.h"
#include "base/file.h"
#include "base/sha256.h"
#include "base/text.h"
#include "jobs/language_answers.h"
#include "schema/field_error.h"
#include "serve/api/answers.h"
#include "serve/api/openai/language_request.h"
#include "serve/studio/gallery.h"
#include "serve/studio/own_commands.h"
#include "serve/studio/studio.h"

namespace ptah {

namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxSearchedWorks = 5000;
constexpr size_t kMaxQuery = 1000, kMaxAboutBytes = 1000, kEmbeddedAtOnce = 512;
constexpr float kMinSimilarity = 0.25F;
constexpr const char* kSearchEncoder = "minilm";

/// What a work is about, in words.
std::string about(const Job& job) {
  std::string out;
  for (const char* field : {"prompt", "text", "material", "question"}) out += (out.empty() ? "" : " ") + text_at(job.fields, field);
  if (out.find_first_not_of(' ') == std::string::npos) out = text_at(job.fields, "program");
  if (const std::string text = job.facts.is_object() ? text_at(job.facts, "text") : ""; !text.empty()) out += " " + text;
  out.resize(std::min(out.size(), kMaxAboutBytes));
  while (!out.empty() && invalid_utf8_at(out) != std::string::npos) out.pop_back();
  return out;
}

class Works {
 public:
  explicit Works(ApiServer& server) : server_(server), gallery_(server.service().options().folder / "gallery" / "gallery.sqlite") {}

  HttpResponse list(const HttpRequest& request, const ApiServer::Caller& caller);
  HttpResponse one(const HttpRequest& request, const ApiServer::Caller& caller) const;
  HttpResponse mark(const HttpRequest& request, const ApiServer::Caller& caller);
  HttpResponse change_board(const HttpRequest& request, const ApiServer::Caller& caller);
  HttpResponse sign(const HttpRequest& request, const ApiServer::Caller& caller);
  HttpResponse signed_file(const HttpRequest& request, const ApiServer::Caller& caller) const;

 private:
  Json view(const Job& job, const WorkMarks& marks) const;
  fs::path signed_folder(int64_t job) const { return signed_works_folder(server_) / job_name(job); }
  Json signed_outputs(int64_t job) const;
  /// How near works are to a query, in their order. What was not read yet is read by a worker.
  ApiServer::Or<std::vector<float>> nearness(const std::vector<Job>& jobs, const std::string& query, const HttpRequest& request,
                                             const ApiServer::Caller& caller);
  std::optional<HttpResponse> read_texts(const std::vector<std::string>& texts, const HttpRequest& request, const ApiServer::Caller& caller);

  ApiServer& server_;
  Gallery gallery_;
};

/// The files of signatures: a folder a key below the work's.
Json Works::signed_outputs(int64_t job) const {
  Json out = Json::array();
  std::error_code problem;
  for (const auto& key : fs::directory_iterator(signed_folder(job), problem)) {
    if (!key.is_directory()) continue;
    std::vector<fs::path> files;
    for (const auto& file : fs::directory_iterator(key.path(), problem)) files.push_back(file.path());
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) {
      const std::string name = file.filename().string(), maker = key.path().filename().string();
      const auto size = fs::file_size(file, problem);
      if (!is_plain_file_name(name) || problem) continue;
      out.push_back({{"name", name},
                     {"type", content_type_of(name)},
                     {"bytes", size},
                     {"maker", maker},
                     {"url", fmt::format("/v1/works/{}/signed/{}/{}", job_name(job), maker, name)}});
    }
  }
  return out;
}

Json Works::view(const Job& job, const WorkMarks& marks) const {
  Json out = server_.service().view(job);
  out["marks"] = {{"star", marks.star}, {"tags", marks.tags}, {"boards", marks.boards}, {"signed", signed_outputs(job.id)}};
  return out;
}

std::optional<HttpResponse> Works::read_texts(const std::vector<std::string>& texts, const HttpRequest& request, const ApiServer::Caller& caller) {
  const auto jobs = server_.ask_answers(kEmbedJob, {{"model", kSearchEncoder}, {"texts", texts}}, 1, caller);
  if (!jobs) return jobs.error();
  const auto done = server_.finished(*jobs, request);
  if (!done) return done.error();
  const Job& job = done->front();
  const auto width = job.facts.value("width", size_t{0});
  const auto numbers = from_base64(text_at(job.facts, "vectors"));
  if (!numbers || width == 0 || numbers->size() != texts.size() * width * sizeof(float)) return api_error(500, "the vectors cannot be read", "internal");
  for (size_t i = 0; i < texts.size(); ++i) {
    std::vector<float> vector(width);
    std::memcpy(vector.data(), numbers->data() + i * width * sizeof(float), width * sizeof(float));
    gallery_.keep_vector(texts[i], vector);
  }
  return {};
}

ApiServer::Or<std::vector<float>> Works::nearness(const std::vector<Job>& jobs, const std::string& query, const HttpRequest& request,
                                                  const ApiServer::Caller& caller) {
  std::vector<std::string> texts{query};
  for (const Job& job : jobs) texts.push_back(about(job));
  auto vectors = gallery_.vectors(texts);
  std::set<std::string> unread;
  for (size_t i = 0; i < texts.size(); ++i)
    if (vectors[i].empty() && !texts[i].empty()) unread.insert(texts[i]);
  const std::vector<std::string> wanted(unread.begin(), unread.end());
  for (size_t at = 0; at < wanted.size(); at += kEmbeddedAtOnce) {
    const std::vector<std::string> some(wanted.begin() + static_cast<std::ptrdiff_t>(at),
                                        wanted.begin() + static_cast<std::ptrdiff_t>(std::min(wanted.size(), at + kEmbeddedAtOnce)));
    if (auto problem = read_texts(some, request, caller)) return tl::unexpected(std::move(*problem));
  }
  if (!wanted.empty()) vectors = gallery_.vectors(texts);
  std::vector<float> out;
  for (size_t i = 1; i < vectors.size(); ++i) out.push_back(similarity(vectors[0], vectors[i]));
  return out;
}

HttpResponse Works::list(const HttpRequest& request, const ApiServer::Caller& caller) {
  const std::string query(trimmed(request.query_value("q"))), by(request.query_value("by")), tag(request.query_value("tag")), kind(request.query_value("kind")),
      board(request.query_value("board"));
  const std::string_view limited = request.query_value("limit"), starred = request.query_value("star");
  const int64_t limit = limited.empty() ? 60 : whole_number<int64_t>(limited).value_or(0);
  if (limit < 1 || limit > 200) return api_error(400, "`limit`: 1 to 200 are possible", "invalid_argument", "limit");
  if (query.size() > kMaxQuery || invalid_utf8_at(query) != std::string::npos)
    return api_error(400, fmt::format("`q`: a text of at most {} bytes", kMaxQuery), "invalid_argument", "q");
  if (!by.empty() && by != "words" && by != "meaning") return api_error(400, "`by`: words or meaning", "invalid_argument", "by");
  if (!starred.empty() && starred != "true" && starred != "false") return api_error(400, "`star`: true or false", "invalid_argument", "star");
  const auto marks = gallery_.marks(caller.name);
  const auto marks_of = [&](int64_t job) {
    const auto found = marks.find(job);
    return found == marks.end() ? WorkMarks{} : found->second;
  };
  std::vector<Job> found;
  std::set<std::string> tags, kinds;
  std::map<std::string, int64_t> boards;  // how many works are on each
  for (Job& job : server_.service().store().asked_by(caller.name, 0, kMaxSearchedWorks)) {
    if (job.state != JobState::done || !find_recipe(job.recipe)) continue;
    const WorkMarks mine = marks_of(job.id);
    tags.insert(mine.tags.begin(), mine.tags.end());
    kinds.insert(job.recipe);
    for (const std::string& one : mine.boards) ++boards[one];
    if (!kind.empty() && job.recipe != kind) continue;
    if (starred == "true" && !mine.star) continue;
    if (!tag.empty() && std::find(mine.tags.begin(), mine.tags.end(), tag) == mine.tags.end()) continue;
    if (!board.empty() && std::find(mine.boards.begin(), mine.boards.end(), board) == mine.boards.end()) continue;
    if (!query.empty() && by != "meaning") {
      std::string text = job_name(job.id) + " " + job.recipe + " " + about(job);
      for (const std::string& one : mine.tags) text += " " + one;
      for (const std::string& one : mine.boards) text += " " + one;
      if (!has_words(text, query)) continue;
    }
    found.push_back(std::move(job));
  }
  std::vector<float> scores;
  if (!query.empty() && by == "meaning") {
    if (caller.role == KeyRole::viewer) return api_error(403, "a search by meaning is computed, and this key may only look", "permission");
    auto near = nearness(found, query, request, caller);
    if (!near) return near.error();
    std::vector<size_t> order;
    for (size_t i = 0; i < found.size(); ++i)
      if ((*near)[i] >= kMinSimilarity) order.push_back(i);
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return (*near)[a] > (*near)[b]; });
    std::vector<Job> sorted;
    for (const size_t i : order) {
      sorted.push_back(std::move(found[i]));
      scores.push_back((*near)[i]);
    }
    found = std::move(sorted);
  }
  Json data = Json::array();
  for (size_t i = 0; i < found.size() && data.size() < static_cast<size_t>(limit); ++i) {
    data.push_back(view(found[i], marks_of(found[i].id)));
    if (!scores.empty()) data.back()["score"] = scores[i];
  }
  const bool more = found.size() > data.size();
  return HttpResponse::of({{"object", "list"}, {"data", std::move(data)}, {"has_more", more}, {"tags", tags}, {"boards", boards}, {"kinds", kinds}});
}

HttpResponse Works::one(const HttpRequest& request, const ApiServer::Caller& caller) const {
  const auto job = server_.service().find(request.parts[0], caller.name);
  return job ? HttpResponse::of(view(*job, gallery_.marks(caller.name, job->id))) : api_error(job.error());
}

HttpResponse Works::mark(const HttpRequest& request, const ApiServer::Caller& caller) {
  const auto job = server_.service().find(request.parts[0], caller.name);
  if (!job) return api_error(job.error());
  const auto body = body_of_request(request);
  if (!body) return api_error(body.error(), 400);
  const auto star = switch_member(*body, "star");
  if (!star) return api_error(star.error());
  const auto texts_in = [&](const char* name, std::vector<std::string> otherwise) -> Result<std::vector<std::string>> {
    const Json typed = body->value(name, Json());
    if (typed.is_null()) return otherwise;
    if (!typed.is_array() || !std::all_of(typed.begin(), typed.end(), [](const Json& one) { return one.is_string(); }))
      return fail_field(name, ErrorCode::invalid_argument, "`{}`: a list of texts", name);
    return read_tags(typed.get<std::vector<std::string>>(), name);
  };
  const auto tags = texts_in("tags", {});
  if (!tags) return api_error(tags.error());
  const auto boards = texts_in("boards", gallery_.marks(caller.name, job->id).boards);  // who does not speak of boards does not change them
  if (!boards) return api_error(boards.error());
  gallery_.mark(caller.name, job->id, {*star, *tags, *boards});
  return HttpResponse::of(view(*job, {*star, *tags, *boards}));
}

HttpResponse Works::change_board(const HttpRequest& request, const ApiServer::Caller& caller) {
  const auto body = body_of_request(request);
  if (!body) return api_error(body.error(), 400);
  const auto changed = guard([&]() -> Result<bool> {
    PTAH_TRY(const std::string board, text_member(*body, "board", Gallery::kMaxTagBytes));
    PTAH_TRY(const std::string typed, text_member(*body, "name", Gallery::kMaxTagBytes));
    PTAH_TRY(const auto names, read_tags({typed}, "name"));
    return names.empty() ? gallery_.remove_board(caller.name, board) : gallery_.rename_board(caller.name, board, names[0]);
  });
  if (!changed) return api_error(changed.error());
  return *changed ? HttpResponse::of({{"object", "board"}, {"changed", true}}) : api_error(404, "there is no such board", "not_found", "board");
}

HttpResponse Works::sign(const HttpRequest& request, const ApiServer::Caller& caller) {
  if (auto refusal = only_single_user(server_)) return *refusal;
  const auto body = body_of_request(request);
  if (!body) return api_error(body.error(), 400);
  const auto made = guard([&]() -> Result<Json> {
    PTAH_TRY(const Job job, server_.service().find(request.parts[0], caller.name));
    PTAH_TRY(const std::string name, text_member(*body, "key", 100));
    PTAH_TRY(const std::string passphrase, text_member(*body, "passphrase", 1000));
    PTAH_TRY_VOID(signed_work_folder(server_, job, name, passphrase));
    return view(job, gallery_.marks(caller.name, job.id));
  });
  return made ? HttpResponse::of(*made) : api_error(made.error());
}

HttpResponse Works::signed_file(const HttpRequest& request, const ApiServer::Caller& caller) const {
  if (auto refusal = only_single_user(server_)) return *refusal;
  const auto job = server_.service().find(request.parts[0], caller.name);
  if (!job) return api_error(job.error());
  const std::string &maker = request.parts[1], &name = request.parts[2];
  if (!parse_address(maker) || !is_plain_file_name(name)) return api_error(404, "there is no such file", "not_found");
  const fs::path file = signed_folder(job->id) / maker / name;
  const auto digest = sha256_of_file(file);
  return digest ? file_answer(request, file, *digest, content_type_of(name)) : api_error(404, "there is no such file", "not_found");
}

}  // namespace

void add_works_routes(ApiServer& server) {
  using In = HttpRequest;
  using Who = ApiServer::Caller;
  const auto works = std::make_shared<Works>(server);
  constexpr size_t kMaxBody = 64 << 10;
  server.add("GET", "/v1/works", ApiServer::Needs::looking, [works](const In& in, const Who& who) { return works->list(in, who); });
  server.add("GET", "/v1/works/{}", ApiServer::Needs::looking, [works](const In& in, const Who& who) { return works->one(in, who); });
  server.add(
      "PUT", "/v1/works/{}/marks", ApiServer::Needs::making, [works](const In& in, const Who& who) { return works->mark(in, who); }, kMaxBody);
  server.add(
      "POST", "/v1/boards", ApiServer::Needs::making, [works](const In& in, const Who& who) { return works->change_board(in, who); }, kMaxBody);
  server.add(
      "POST", "/v1/works/{}/sign", ApiServer::Needs::making, [works](const In& in, const Who& who) { return works->sign(in, who); }, kMaxBody);
  server.add("GET", "/v1/works/{}/signed/{}/{}", ApiServer::Needs::looking, [works](const In& in, const Who& who) { return works->signed_file(in, who); });
}

}  // namespace ptah
