#include "serve/api/job_service.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>

#include "base/file.h"
#include "base/sha256.h"
#include "base/text.h"
#include "jobs/engine_identity.h"
#include "tensor/device.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// Nobody outside learns where files lie here.
Error without_folder(Error error, const fs::path& folder) {
  replace_all(error.message, folder.string() + "/", "");
  return error;
}

/// Workers run in another folder: what names a folder from here has to do so from there.
void make_folders_absolute() {
  for (const char* name : {"PTAH_MODELS", "PTAH_CACHE", "PTAH_DATA", "PTAH_CHECKPOINTS"}) {
    const char* said = std::getenv(name);
    std::error_code problem;
    const fs::path whole = said && *said ? fs::absolute(said, problem) : fs::path();
    if (!whole.empty() && !problem) ::setenv(name, whole.lexically_normal().c_str(), 1);
  }
}

bool has_ended(JobState state) { return state != JobState::queued && state != JobState::running; }

}  // namespace

std::string_view status_name(JobState state) {
  switch (state) {
    case JobState::queued:
      return "queued";
    case JobState::running:
      return "in_progress";
    case JobState::done:
      return "completed";
    case JobState::failed:
      return "failed";
    case JobState::cancelled:
      break;
  }
  return "cancelled";
}

std::string content_type_of(const std::string& name) {
  static const std::map<std::string, std::string> kTypes{{".png", "image/png"},           {".jpg", "image/jpeg"}, {".jpeg", "image/jpeg"},
                                                         {".webp", "image/webp"},         {".gif", "image/gif"},  {".glb", "model/gltf-binary"},
                                                         {".stl", "model/stl"},           {".obj", "model/obj"},  {".3mf", "model/3mf"},
                                                         {".json", "application/json"},   {".mp4", "video/mp4"},  {".txt", "text/plain; charset=utf-8"},
                                                         {".usdz", "model/vnd.usdz+zip"}, {".wav", "audio/wav"},  {".vtt", "text/vtt; charset=utf-8"},
                                                         {".srt", "application/x-subrip"}};
  const auto found = kTypes.find(lower_case(fs::path(name).extension().string()));
  return found == kTypes.end() ? "application/octet-stream" : found->second;
}

JobService::JobService(ServiceOptions options) : options_(std::move(options)), files_(options_.folder, options_.checkpoints), engine_(engine_identity()) {}

Result<std::unique_ptr<JobService>> JobService::open(ServiceOptions options) {
  make_folders_absolute();
  options.folder = fs::absolute(options.folder).lexically_normal();
  if (!options.checkpoints.empty()) options.checkpoints = fs::absolute(options.checkpoints).lexically_normal();
  std::unique_ptr<JobService> out(new JobService(std::move(options)));
  JobService& s = *out;
  PTAH_TRY_VOID(make_folders(s.files_.empty_folder()));
  PTAH_TRY(s.store_, JobStore::open(s.options_.folder));
  s.hub_ = std::make_unique<EventHub>(*s.store_);
  const auto worker = [&s] { return s.make_worker(); };
  s.planner_ = worker();
  for (const QueuedJob& job : s.store_->queued()) s.wanted_later_.insert(job.id);
  PTAH_TRY_VOID(s.open_queue({.workers = s.options_.workers,
                              .budget_bytes = s.options_.budget_bytes,
                              .max_attempts = 5,
                              .make_worker = worker,
                              .tell = [&s](const Job& job, const Json& what) { s.told(job, what); },
                              .cancel = &s.stop_,
                              .stay = true,
                              .choose = [&s] { return s.choose(); },
                              .watched = true,
                              .keep_seconds = 0.2,
                              .rest_seconds = s.options_.rest_seconds}));
  s.thread_ = std::thread([&s] {
    const auto ran = guard([&] { return s.runner_->run(); });
    if (ran || ran.error().code == ErrorCode::cancelled) return;
    const std::lock_guard lock(s.mutex_);
    s.problem_ = ran.error();
  });
  return out;
}

Result<void> JobService::open_queue(RunnerOptions options) {
  if (!options_.broker) {
    runner_ = std::make_unique<JobRunner>(*store_, std::move(options));
    return {};
  }
  PTAH_TRY(auto broker, connect_broker(*options_.broker));
  RemoteQueueOptions remote{.engine = engine_, .path = numeric_path(), .checkpoints = options_.checkpoints};
  auto queue = std::make_unique<RemoteQueue>(*store_, std::move(options), std::move(broker), std::move(remote));
  remote_ = queue.get();
  runner_ = std::move(queue);
  return {};
}

JobService::~JobService() {
  stop_.cancel();
  if (runner_) runner_->wake();
  if (thread_.joinable()) thread_.join();
  runner_.reset();
  hub_.reset();
}

/// The job of those that wait whose turn it is; called by the runner, one call at a time.
std::optional<Job> JobService::choose() {
  const std::vector<QueuedJob> queued = store_->queued();
  if (queued.empty()) return {};
  const std::lock_guard lock(mutex_);
  chosen_ = turns_.order(queued, 1).front();
  return store_->get(chosen_->id);
}

void JobService::told(const Job& job, const Json& what) {
  const std::string event = text_at(what, "event");
  if (event == "preview") {
    const auto png = from_base64(text_at(what, "png"));
    if (png) hub_->show(job.id, {what.value("step", int64_t{0}), std::make_shared<const std::string>(*png)});
    return;
  }
  if (event == "sound") {
    const auto pcm = from_base64(text_at(what, "pcm"));
    if (pcm) hub_->hear(job.id, {what.value("at", size_t{0}), *pcm});
    return;
  }
  const std::lock_guard lock(mutex_);
  if (event == "running" && chosen_ && chosen_->id == job.id) turns_.take(*chosen_);
  if (event == "progress") progress_[job.id] = what;
  if (event == "done" || event == "failed" || event == "cancelled" || event == "queued") progress_.erase(job.id);
  if (event == "done" || event == "failed" || event == "cancelled") wanted_later_.erase(job.id), held_.erase(job.id);
}

std::string JobService::key_of(const std::string& kind, const Json& identities) const {
  // Numbers beyond RFC 8785 are texts in fields already; what still cannot be said canonically is said as it is.
  const Json asked{{"engine", engine_}, {"kind", kind}, {"request", identities}};
  const auto text = canonical_json(asked);
  return sha256_hex(as_bytes(text ? *text : asked.dump(-1, ' ', false, Json::error_handler_t::replace)));
}

Result<JobService::Prepared> JobService::prepared(const std::string& kind, const Json& request, const std::string& owner) const {
  return guard([&]() -> Result<Prepared> {
    PTAH_TRY(const Recipe* recipe, find_recipe(kind));
    PTAH_TRY(const Json given, recipe->schema->given(request));
    Json identities;
    const auto find_output = [&](const std::string& job, const std::string& name) -> Result<std::pair<fs::path, std::string>> {
      PTAH_TRY(const Job made, find(job, owner));
      for (const JobOutput& output : made.outputs)
        if (output.name == name) return std::pair(store_->place_of(output), output.sha256);
      return fail(ErrorCode::not_found, "{} has no {} (it is {})", job, printable(name, 80), status_name(made.state));
    };
    PTAH_TRY(Json fields, files_.resolved(owner, *recipe->schema, given, find_output, identities));
    if (const auto possible = check_fields(*recipe, fields); !possible) return tl::unexpected(without_folder(possible.error(), options_.folder));
    return Prepared{{.recipe = kind, .fields = std::move(fields)}, key_of(kind, identities)};
  });
}

Result<Plan> JobService::planned(const NewJob& asked) {
  Job job;
  static_cast<NewJob&>(job) = asked;
  const CountWhile counted(planning_);
  const std::lock_guard lock(planner_mutex_);
  auto plan = guard([&] { return planner_->plan(job, options_.budget_bytes); });
  if (!plan && !planner_->alive()) plan = guard([&] { return planner_->plan(job, options_.budget_bytes); });  // by a new one
  if (!plan) return tl::unexpected(without_folder(plan.error(), options_.folder));
  return plan;
}

Result<Plan> JobService::plan(const std::string& kind, const Json& request, const std::string& owner) {
  PTAH_TRY(const Prepared p, prepared(kind, request, owner));
  return planned(p.job);
}

Result<NewJob> JobService::checked(const std::string& kind, const Json& request, const std::string& owner) const {
  PTAH_TRY(Prepared p, prepared(kind, request, owner));
  return std::move(p.job);
}

std::unique_ptr<JobWorker> JobService::make_worker() const { return make_process_worker(options_.command, files_.empty_folder()); }

Result<AskedJob> JobService::ask(const std::string& kind, const Json& request, const std::string& owner, For when, bool batch) {
  PTAH_TRY(const Prepared p, prepared(kind, request, owner));
  return guard([&]() -> Result<AskedJob> {
    AskedJob out;
    if (const auto known = store_->known(p.key)) {  // nothing has to be planned
      std::tie(out.id, out.is_new) = store_->ask(p.job, {owner, p.key, batch});
    } else {
      PTAH_TRY(const Plan plan, planned(p.job));
      std::tie(out.id, out.is_new) = store_->ask(p.job, {owner, p.key, batch}, &plan);
    }
    if (when == For::later) {
      const std::lock_guard lock(mutex_);
      wanted_later_.insert(out.id);
    }
    out.made = store_->get(out.id).state == JobState::done;
    runner_->wake();
    return out;
  });
}

Result<AskedJob> JobService::ask_answer(const std::string& kind, const Json& fields, const std::string& owner, For when) {
  return guard([&]() -> Result<AskedJob> {
    AskedJob out;
    std::tie(out.id, out.is_new) = store_->ask({.recipe = kind, .fields = fields}, {owner, key_of(kind, fields), false});
    if (when == For::later) {
      const std::lock_guard lock(mutex_);
      wanted_later_.insert(out.id);
    }
    out.made = store_->get(out.id).state == JobState::done;
    runner_->wake();
    return out;
  });
}

Result<Job> JobService::find(const std::string& name, const std::string& owner) const {
  return guard([&]() -> Result<Job> {
    const int64_t id = job_number(name);
    if (id == 0 || !store_->asked(id, owner)) return fail(ErrorCode::not_found, "there is no job '{}'", printable(name, 80));
    return store_->get(id);
  });
}

Result<bool> JobService::cancel(const Job& job, const std::string& owner) {
  return guard([&]() -> Result<bool> {
    if (has_ended(store_->get(job.id).state)) return false;
    if (store_->askers(job.id) > 1) {
      store_->withdraw(job.id, owner);
      return true;
    }
    return runner_->cancel(job.id);
  });
}

void JobService::hold(int64_t id) {
  const std::lock_guard lock(mutex_);
  ++held_[id];
}

void JobService::release(int64_t id) {
  {
    const std::lock_guard lock(mutex_);
    if (--held_[id] > 0) return;
    held_.erase(id);
    if (wanted_later_.contains(id)) return;
  }
  (void)guard([&]() -> Result<void> {
    runner_->cancel(id);  // nothing if it has ended
    return {};
  });
}

Job JobService::wait(int64_t id, const CancelToken* cancel) const {
  for (;;) {
    const uint64_t seen = hub_->seen();
    Job job = store_->get(id);
    if (has_ended(job.state) || (cancel && cancel->cancelled()) || stop_.cancelled() || problem()) return job;
    hub_->wait(seen, 0.2);  // a client that leaves is seen then
  }
}

Job JobService::wait_for_news(int64_t id, double seconds, const CancelToken* cancel) const {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  for (;;) {
    const uint64_t seen = hub_->seen();
    Job job = store_->get(id);
    if (has_ended(job.state) || (cancel && cancel->cancelled()) || stop_.cancelled() || std::chrono::steady_clock::now() > end) return job;
    for (const JobEvent& event : store_->events(0, id)) {
      const std::string what = text_at(event.what, "event");
      if (what == "text" || what == "call" || what == "progress") return job;
    }
    hub_->wait(seen, 0.2);
  }
}

std::optional<Error> JobService::problem() const {
  const std::lock_guard lock(mutex_);
  return problem_;
}

std::map<int64_t, JobService::Place> JobService::places() const {
  const std::vector<QueuedJob> queued = store_->queued();
  std::vector<QueuedJob> order;
  {
    const std::lock_guard lock(mutex_);
    order = turns_.order(queued);
  }
  std::map<int64_t, Place> out;
  double seconds = 0;
  for (const QueuedJob& job : order) {
    seconds += job.planned_seconds;
    const auto place = static_cast<int64_t>(out.size()) + 1;
    out.emplace(job.id, Place{place, seconds / std::max(1, options_.workers)});
  }
  return out;
}

Json JobService::view(const Job& job, const std::map<int64_t, Place>* places) const {
  Json out{{"id", job_name(job.id)},
           {"object", "job"},
           {"kind", job.recipe},
           {"status", status_name(job.state)},
           {"progress", job.state == JobState::done ? 100 : 0},
           {"created_at", job.created},
           {"started_at", job.started > 0 ? Json(job.started) : Json()},
           {"completed_at", job.ended > 0 ? Json(job.ended) : Json()},
           {"attempts", job.attempts},
           {"planned", job.planned_bytes > 0 ? Json{{"bytes", job.planned_bytes}, {"seconds", job.planned_seconds}} : Json()},
           {"error", nullptr},
           {"outputs", Json::array()}};
  if (job.state == JobState::queued) {
    const std::map<int64_t, Place> known = places ? std::map<int64_t, Place>() : this->places();
    const auto& all = places ? *places : known;
    if (const auto found = all.find(job.id); found != all.end()) {
      out["place"] = found->second.place;
      out["eta_seconds"] = found->second.seconds;
    }
  }
  if (job.state == JobState::running) {
    const std::lock_guard lock(mutex_);
    if (const auto found = progress_.find(job.id); found != progress_.end()) {
      out["progress"] = static_cast<int>(std::floor(found->second.value("fraction", 0.0) * 100));
      out["stage"] = text_at(found->second, "stage");
    }
  }
  if (job.state == JobState::failed) {
    const Error error = without_folder(job.error, options_.folder);
    out["error"] = {{"message", error.message}, {"code", error_info(error.code).name}, {"param", field_of(error)}};
  }
  for (const JobOutput& one : job.outputs)
    out["outputs"].push_back({{"name", one.name},
                              {"type", content_type_of(one.name)},
                              {"sha256", one.sha256},
                              {"bytes", one.bytes},
                              {"url", fmt::format("/v1/jobs/{}/content/{}", job_name(job.id), one.name)}});
  if (job.state == JobState::done) out["seconds"] = job.seconds, out["facts"] = job.facts;
  const auto recipe = find_recipe(job.recipe);
  if (recipe) {
    Json values = (*recipe)->schema->defaults();
    values.update(job.fields);
    Json request = (*recipe)->schema->request_json(values);
    std::string text = request.dump();
    replace_all(text, options_.folder.string() + "/named/", "sha256:");
    replace_all(text, options_.folder.string() + "/", "");
    out["request"] = Json::parse(text, nullptr, false);
  }
  return out;
}

}  // namespace ptah
