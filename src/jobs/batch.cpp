#include "jobs/batch.h"

#include <map>
#include <set>

#include "base/sha256.h"
#include "base/text.h"
#include "pipelines/recipes.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// The files that fields name have to be there.
Result<void> check_files(const Recipe& recipe, const Json& fields) {
  for (const SchemaField& field : recipe.schema->fields()) {
    if (!field.is_file() || field.kept == Kept::nowhere || !fields.contains(field.name)) continue;
    Json files = fields[field.name];
    if (!files.is_array()) files = Json::array({files});
    for (const Json& one : files) {
      const std::string file = one.is_object() ? text_at(one, "file") : one.get<std::string>();
      if (std::error_code problem; !file.empty() && !fs::exists(file, problem))
        return fail_field(field.name, ErrorCode::not_found, "`{}`: {} does not exist", field.name, file);
    }
  }
  return {};
}

Result<NewJob> read_line(std::string_view line) {
  PTAH_TRY(const Json json, parse_json(line));
  if (!json.is_object()) return fail(ErrorCode::invalid_argument, "a line is an object: {{\"recipe\": …, \"request\": {{…}}, \"out\": …}}");
  for (const auto& [name, value] : json.items()) {
    if (name != "recipe" && name != "request" && name != "out") return unknown_name("member", name, "recipe request out");
    if (name != "request" && !value.is_string()) return fail_field(name, ErrorCode::invalid_argument, "`{}` has to be a text", name);
  }
  if (!json.contains("recipe")) return fail_field("recipe", ErrorCode::invalid_argument, "`recipe` is missing");
  NewJob job{.recipe = json["recipe"].get<std::string>(), .out = text_at(json, "out")};
  PTAH_TRY(const Recipe* recipe, find_recipe(job.recipe));
  PTAH_TRY(job.fields, read_fields(*recipe, json.value("request", Json::object())));
  PTAH_TRY_VOID(check_files(*recipe, job.fields));
  if (!job.out.empty()) PTAH_TRY_VOID(can_write_work(job.out));
  return job;
}

std::string digest_of(const std::string& text) { return sha256_hex(as_bytes(text)); }

/// A receipt as it was before somebody signed it.
Json unsigned_receipt(Json receipt) {
  receipt.erase("signature");
  return receipt;
}

/// A folder for a job that no other one of the store has, and in which nothing lies; or the one that it has already.
Result<std::string> folder_for(JobStore& store, const Job& job, int64_t begin) {
  if (!job.out.empty()) {
    if (!store.reserve(job.id, job.out)) return fail(ErrorCode::invalid_argument, "{} is the folder of another work of this batch", job.out);
    return job.out;
  }
  PTAH_TRY(const Recipe* recipe, find_recipe(job.recipe));
  const std::string first = place_of_work({}, work_name(*recipe, job.fields), false, false).folder.string();
  for (int64_t i = begin;; ++i) {
    const std::string folder = i < 2 ? first : fmt::format("{}-{}", first, i);
    std::error_code problem;
    if (!fs::exists(fs::symlink_status(folder, problem)) && store.reserve(job.id, folder)) return folder;
  }
}

}  // namespace

std::vector<NewJob> read_batch(const std::string& text, std::vector<LineProblem>& problems) {
  std::vector<NewJob> jobs;
  std::map<std::string, int64_t> folders;
  int64_t number = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = trimmed(std::string_view(text).substr(at, end - at));
    at = end + 1;
    ++number;
    if (line.empty()) continue;
    auto job = guard([&] { return read_line(line); });
    if (job && !job->out.empty()) {
      const auto [other, is_new] = folders.emplace(fs::absolute(job->out).lexically_normal().string(), number);
      if (!is_new) job = fail_field("out", ErrorCode::invalid_argument, "`out`: {} is that of line {} too", job->out, other->second);
    }
    if (!job) {
      problems.push_back({number, job.error()});
      continue;
    }
    job->line = number;
    jobs.push_back(std::move(*job));
  }
  if (jobs.empty() && problems.empty()) problems.push_back({number, {ErrorCode::invalid_argument, "there is no request in it"}});
  return jobs;
}

fs::path Batch::place_of(const fs::path& file) { return file.string() + ".jobs"; }

namespace {

/// A store to which no batch was added yet.
Result<void> check_empty(const JobStore& store, const fs::path& file) {
  return guard([&]() -> Result<void> {
    if (store.note("file").is_null()) return {};
    return fail(ErrorCode::invalid_argument, "{} was begun already: go on with `resume`, or remove {}", file.string(), store.folder().string());
  });
}

}  // namespace

Result<void> Batch::check_new(const fs::path& file) {
  std::error_code problem;
  if (!fs::exists(place_of(file) / "jobs.db", problem)) return {};
  PTAH_TRY(const auto store, JobStore::open(place_of(file)));
  return check_empty(*store, file);
}

Result<Batch> Batch::begin(const fs::path& file, const std::string& text, const std::vector<NewJob>& jobs) {
  PTAH_TRY(auto store, JobStore::open(place_of(file)));
  return guard([&]() -> Result<Batch> {
    PTAH_TRY_VOID(check_empty(*store, file));
    store->add(jobs, {{"file", digest_of(text)}, {"folder", fs::current_path().string()}});
    return Batch(std::move(store));
  });
}

Result<Batch> Batch::resume(const fs::path& file, const std::string& text) {
  std::error_code problem;
  if (!fs::exists(place_of(file) / "jobs.db", problem)) return fail(ErrorCode::not_found, "{} was not begun yet", file.string());
  PTAH_TRY(auto store, JobStore::open(place_of(file)));
  return guard([&]() -> Result<Batch> {
    const Json digest = store->note("file"), folder = store->note("folder");
    if (digest.is_null()) return fail(ErrorCode::not_found, "{} was not begun yet", file.string());
    if (digest != Json(digest_of(text)))
      return fail(ErrorCode::mismatch, "{} changed since it was begun; make a file of the other lines, or remove {}", file.string(), place_of(file).string());
    fs::current_path(folder.get<std::string>(), problem);
    if (problem) return fail(ErrorCode::not_found, "the folder in which it was begun is gone: {}", folder.get<std::string>());
    return Batch(std::move(store));
  });
}

Result<void> Batch::run(RunnerOptions options, const Signing& signing) {
  std::set<fs::path> places;  // where a process that was killed may have left a work half written
  for (const Job& job : store_->all())
    for (const fs::path folder : {job.folder, job.out})
      if (!folder.empty()) places.insert(folder.has_parent_path() ? folder.parent_path() : fs::path("."));
  for (const fs::path& place : places) sweep_unfinished(place);
  options.deliver = [&](const Job& job) { return deliver_job(*store_, job, signing); };
  return guard([&] { return run_jobs(*store_, options); });
}

Result<void> deliver_job(JobStore& store, const Job& job, const Signing& signing) {
  PTAH_TRY(const Work work, store.work(job));
  std::string folder = job.folder;
  for (int64_t tries = 1;; ++tries) {
    if (folder.empty()) {
      PTAH_TRY(folder, folder_for(store, job, tries));
    }
    // What lies there may be this work, written by a process that was killed before it could note it.
    if (const auto there = read_receipt(fs::path(folder) / "receipt.json"); there && unsigned_receipt(*there) == unsigned_receipt(work.receipt)) break;
    const auto done = finish_work(work, signing, {folder, IfTaken::refuse});
    if (done) {
      if (!done->note.empty()) store.tell(job.id, {{"event", "note"}, {"text", done->note}});
      break;
    }
    if (done.error().code != ErrorCode::invalid_argument || !job.out.empty()) return tl::unexpected(done.error());
    folder.clear();  // somebody else took the name meanwhile
  }
  store.deliver(job.id);
  return {};
}

}  // namespace ptah
