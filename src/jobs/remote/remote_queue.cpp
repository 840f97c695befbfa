#include "jobs/remote/remote_queue.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/hex.h"
#include "base/sha256.h"
#include "base/printable.h"
#include "pipelines/recipes.h"
#include "schema/named_files.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr size_t kMaxHeard = 100000;  ///< events that wait; beyond, the oldest are lost, as any of them may be
constexpr int kOutcomesAtOnce = 64;
constexpr double kPauseSeconds = 1;  ///< after a broker that is full or away
constexpr size_t kMaxWorkers = 10000;

/// Something of this store that was made once, at random: so many hexadecimal digits.
std::string noted(JobStore& store, const char* name, size_t digits) {
  if (const Json known = store.note(name); known.is_string()) return known.get<std::string>();
  std::array<uint8_t, 32> random{};
  PTAH_CHECK(::RAND_bytes(random.data(), static_cast<int>(random.size())) == 1, "no random numbers");
  std::string made = hex_text(random).substr(2, digits);
  store.add({}, {{name, made}});
  return made;
}

/// A file of a server as workers name it.
std::string portable(const std::string& said, const fs::path& folder, const fs::path& checkpoints) {
  const fs::path path(said);
  if (!path.is_absolute()) return said;
  const auto below = [&](const fs::path& above) {
    const fs::path rest = path.lexically_relative(above);
    return rest.empty() || *rest.begin() == ".." ? fs::path() : rest;
  };
  if (const fs::path rest = below(folder / "named"); !rest.empty()) return "sha256:" + rest.string();
  if (const fs::path rest = below(folder / "blobs"); !rest.empty()) return "sha256:" + rest.filename().string();
  if (checkpoints.empty()) return said;
  const fs::path rest = below(checkpoints);
  return rest.empty() ? said : "checkpoint:" + rest.string();
}

}  // namespace

RemoteQueue::RemoteQueue(JobStore& store, RunnerOptions options, std::unique_ptr<Broker> broker, RemoteQueueOptions remote)
    : store_(store),
      options_(std::move(options)),
      remote_(std::move(remote)),
      engine_(engine_token(remote_.engine)),
      broker_(std::move(broker)),
      server_(noted(store, "server", 16)),
      secret_(noted(store, "secret", 64)) {
  for (const QueuedJob& job : store_.queued()) known_before_ = std::max(known_before_, job.id);
}

RemoteQueue::~RemoteQueue() { listening_.clear(); }

void RemoteQueue::tell(const Job& job, const Json& what) const {
  if (options_.tell) options_.tell(job, what);
}

// ---- what is heard -----------------------------------------------------------------------------------------------------------------------------

Result<void> RemoteQueue::listen() {
  const auto hear = [this](void (RemoteQueue::*take)(const std::string&)) {
    return [this, take](const std::string&, const std::string& text) -> std::optional<std::string> {
      (this->*take)(text);
      return {};
    };
  };
  PTAH_TRY(auto events, broker_->listen("ptah.events." + server_, hear(&RemoteQueue::hear)));
  listening_.push_back(std::move(events));
  PTAH_TRY(auto workers, broker_->listen("ptah.workers", hear(&RemoteQueue::see)));
  listening_.push_back(std::move(workers));
  broker_->say("ptah.hello", "");
  return {};
}

void RemoteQueue::hear(const std::string& text) {
  const std::lock_guard lock(mutex_);
  heard_.push_back(text);
  if (heard_.size() > kMaxHeard) heard_.pop_front();
  changed_.notify_all();
}

void RemoteQueue::see(const std::string& text) {
  const auto worker = WorkerSeen::read(text);
  if (!worker) return;
  const std::lock_guard lock(mutex_);
  const bool is_new = !workers_.contains(worker->name);
  if (is_new && workers_.size() >= kMaxWorkers) return;
  workers_[worker->name] = {*worker, Clock::now()};
  if (is_new) changed_.notify_all();
}

std::vector<WorkerSeen> RemoteQueue::workers() const {
  const std::lock_guard lock(mutex_);
  std::vector<WorkerSeen> out;
  for (const auto& [name, seen] : workers_)
    if (is_there(seen.second)) out.push_back(seen.first);
  return out;
}

void RemoteQueue::reached_at(std::string url) {
  const std::lock_guard lock(mutex_);
  files_url_ = std::move(url);
  woken_ = true;
  changed_.notify_all();
}

void RemoteQueue::wake() {
  const std::lock_guard lock(mutex_);
  woken_ = true;
  changed_.notify_all();
}

Result<void> RemoteQueue::run() {
  PTAH_TRY_VOID(listen());
  for (;;) {
    if (cancelled()) break;
    take_events();
    ask_outcomes();
    dispatch();
    std::unique_lock lock(mutex_);
    if (!options_.stay && in_flight_.empty() && !store_.next_queued()) return {};
    changed_.wait_for(lock, std::chrono::milliseconds(200), [this] { return woken_ || !heard_.empty(); });
    woken_ = false;
  }
  listening_.clear();
  const std::lock_guard lock(mutex_);
  for (const auto& [id, job] : in_flight_)
    if (store_.get(id).state == JobState::running) store_.put_back(id, "stopped");  // it stays at the broker, and is found there again
  in_flight_.clear();
  return fail(ErrorCode::cancelled, "cancelled");
}

// ---- from workers ------------------------------------------------------------------------------------------------------------------------------

void RemoteQueue::take_events() {
  std::deque<std::string> heard;
  {
    const std::lock_guard lock(mutex_);
    heard.swap(heard_);
  }
  for (const std::string& text : heard) {
    auto json = parse_json(text);
    if (!json || !json->is_object() || !json->contains("job") || !(*json)["job"].is_number_integer()) continue;
    const int64_t id = (*json)["job"].get<int64_t>();
    json->erase("job");
    (void)guard([&]() -> Result<void> {  // a worker may say anything
      take_event(id, *json);
      return {};
    });
  }
}

void RemoteQueue::take_event(int64_t id, const Json& what) {
  const std::string event = text_at(what, "event");
  {
    const std::lock_guard lock(mutex_);
    if (!in_flight_.contains(id)) return;
  }
  if (event == "ended") {
    const auto outcome = RemoteOutcome::read(text_at(what, "outcome"));
    if (outcome) finish(id, *outcome);
    return;
  }
  if (event == "begun") {
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      first = in_flight_[id].begun++ == 0;
    }
    if (first) return;
    store_.put_back(id, "the worker ended");
    store_.start(id);
    return;
  }
  Job job = store_.get(id);
  if (job.state != JobState::running) return;
  const bool progress = event == "progress", passing = event == "preview" || event == "sound";
  const auto now = Clock::now();
  bool keep = !passing;
  if (progress) {
    const std::lock_guard lock(mutex_);
    InFlight& flight = in_flight_[id];
    keep = now - flight.told > std::chrono::duration<double>(options_.keep_seconds);
    if (keep) flight.told = now;
  }
  if (keep) store_.tell(id, what);
  tell(job, what);
}

void RemoteQueue::finish(int64_t id, const RemoteOutcome& outcome) {
  const Job job = store_.get(id);
  {
    const std::lock_guard lock(mutex_);
    if (in_flight_.erase(id) == 0) return;
  }
  if (job.state != JobState::running) return;
  if (outcome.error) return give_up(job, *outcome.error);
  for (const JobOutput& one : outcome.outputs) {
    std::error_code problem;
    if (fs::file_size(store_.place_of(one), problem) != static_cast<uintmax_t>(one.bytes) || problem) return again(id, one.name + " did not arrive");
  }
  store_.finish(id, outcome.outputs, outcome.facts, outcome.seconds);
  const Job done = store_.get(id);
  const auto delivered = options_.deliver ? options_.deliver(done) : Result<void>();
  if (!delivered) return give_up(done, delivered.error());
  tell(store_.get(id), {{"event", "done"}, {"seconds", outcome.seconds}});
}

/// What was noted does not hold: it is done once more.
void RemoteQueue::again(int64_t id, const std::string& why) {
  (void)broker_->erase(value("done", id));
  store_.put_back(id, why);
  tell(store_.get(id), {{"event", "queued"}, {"why", why}});
}

void RemoteQueue::give_up(const Job& job, const Error& error) {
  store_.fail(job.id, error);
  tell(store_.get(job.id), {{"event", "failed"}, {"error", error_info(error.code).name}, {"message", error.message}});
}

/// What was not heard: some of the jobs at the broker are looked up, others the next time.
void RemoteQueue::ask_outcomes() {
  std::vector<int64_t> ids;
  {
    const std::lock_guard lock(mutex_);
    if (Clock::now() - asked_at_ < std::chrono::duration<double>(remote_.ask_seconds)) return;
    asked_at_ = Clock::now();
    auto next = in_flight_.upper_bound(asked_last_);
    for (int i = 0; i < kOutcomesAtOnce && i < static_cast<int>(in_flight_.size()); ++i) {
      if (next == in_flight_.end()) next = in_flight_.begin();
      ids.push_back(next++->first);
    }
    if (!ids.empty()) asked_last_ = ids.back();
  }
  for (const int64_t id : ids)
    if (!ask_outcome(id)) return;
}

/// False if the broker does not answer.
bool RemoteQueue::ask_outcome(int64_t id) {
  const auto said = broker_->get(value("done", id));
  if (!said) return false;
  if (!*said) return true;
  {
    const std::lock_guard lock(mutex_);
    const auto flight = in_flight_.find(id);
    if (flight == in_flight_.end()) return true;
    if (!std::exchange(flight->second.found, true)) return true;  // what its worker said of it may be on its way: that comes first
  }
  if (const auto outcome = RemoteOutcome::read(**said)) finish(id, *outcome);
  return true;
}

bool RemoteQueue::cancel(int64_t id) {
  if (!store_.cancel(id)) return false;
  bool there = false;
  {
    const std::lock_guard lock(mutex_);
    there = in_flight_.erase(id) > 0;
  }
  if (there || id <= known_before_) {
    RemoteOutcome over;
    over.error = Error{ErrorCode::cancelled, "cancelled"};
    (void)broker_->set_once(value("done", id), over.text());  // who takes it later sees that
    broker_->say("ptah.cancel", fmt::format("{}.{}", server_, id));
  }
  tell(store_.get(id), {{"event", "cancelled"}});
  wake();
  return true;
}

// ---- to workers --------------------------------------------------------------------------------------------------------------------------------

/// Whether workers could begin one more soon. What none of them does waits at the broker for one who does, and takes no room.
bool RemoteQueue::room() const {
  const std::lock_guard lock(mutex_);
  if (files_url_.empty()) return false;
  int64_t slots = 0;
  std::set<std::string> done;
  for (const auto& [name, seen] : workers_) {
    if (!is_there(seen.second) || !usable(seen.first)) continue;
    slots += seen.first.slots;
    for (const std::string& job_class : seen.first.classes)
      if (!done.contains(job_class)) done.insert(job_class);
  }
  const auto count = std::count_if(in_flight_.begin(), in_flight_.end(), [&](const auto& job) { return done.contains(job.second.job_class); });
  return count < 2 * slots;
}

void RemoteQueue::dispatch() {
  if (Clock::now() - refused_at_ < std::chrono::duration<double>(kPauseSeconds)) return;
  while (!cancelled() && room()) {
    auto job = options_.choose ? options_.choose() : store_.next_queued();
    if (!job) return;
    if (send(std::move(*job))) continue;
    refused_at_ = Clock::now();
    return;
  }
}

/// False if the broker takes nothing now.
bool RemoteQueue::send(Job job) {
  const auto remote = guard([&] { return remote_job(job); });
  if (!remote) {
    give_up(job, remote.error());
    return true;
  }
  const RemotePlace place{std::string(job_class(job.recipe)), remote_.path, engine_};
  const bool perhaps_there = job.id <= known_before_;
  std::optional<std::string> outcome;
  if (perhaps_there) {
    const auto said = broker_->get(value("done", job.id));
    if (!said) return false;
    outcome = *said;
  }
  {
    const std::lock_guard lock(mutex_);
    in_flight_[job.id] = {place.job_class};  // from now on cancel() says so to the broker
  }
  if (!outcome) {
    const auto put = broker_->put(place.subject(store_.first_asker(job.id), *remote), remote->text());
    if (!put) {
      const std::lock_guard lock(mutex_);
      in_flight_.erase(job.id);
    }
    if (!put && put.error().code == ErrorCode::unsupported) {
      give_up(job, put.error());
      return true;
    }
    if (!put) return false;
  }
  if (store_.get(job.id).state != JobState::queued) return true;  // cancelled meanwhile
  store_.start(job.id);
  job = store_.get(job.id);
  job.watched = options_.watched;
  tell(job, {{"event", "running"}});
  if (!outcome) {
    broker_->say("ptah.queued." + place.job_class, "");
  } else if (const auto made = RemoteOutcome::read(*outcome)) {
    finish(job.id, *made);
  }
  return true;
}

Result<RemoteJob> RemoteQueue::remote_job(const Job& job) const {
  RemoteJob out{.server = server_, .id = job.id, .recipe = job.recipe, .fields = job.fields, .watched = options_.watched};
  {
    const std::lock_guard lock(mutex_);
    out.files = fmt::format("{}/v1/queue/{}", files_url_, job.id);
  }
  out.token = token_of(job.id);
  const auto change = [&](Json& text) -> Result<void> {
    text = portable(text.get<std::string>(), store_.folder(), remote_.checkpoints);
    return {};
  };
  if (const auto recipe = find_recipe(job.recipe)) {
    PTAH_TRY_VOID(change_named_files(*(*recipe)->schema, out.fields, change));
  } else {
    for (const char* name : {"model", "draft", "adapter"})
      if (out.fields.contains(name) && out.fields[name].is_string()) PTAH_TRY_VOID(change(out.fields[name]));
  }
  return out;
}

// ---- files -------------------------------------------------------------------------------------------------------------------------------------

std::string RemoteQueue::token_of(int64_t id) const {
  std::array<uint8_t, 32> code{};
  unsigned size = 0;
  const std::string about = fmt::format("{}.{}", server_, id);
  ::HMAC(EVP_sha256(), secret_.data(), static_cast<int>(secret_.size()), reinterpret_cast<const uint8_t*>(about.data()), about.size(), code.data(), &size);
  return hex_text(code).substr(2);
}

Result<void> RemoteQueue::check_token(int64_t id, std::string_view token) const {
  const std::string right = token_of(id);
  if (token.size() != right.size() || ::CRYPTO_memcmp(token.data(), right.data(), right.size()) != 0)
    return fail(ErrorCode::permission, "this is not the token of job {}", id);
  return guard([&]() -> Result<void> {
    const JobState state = store_.get(id).state;
    if (state != JobState::running && state != JobState::queued) return fail(ErrorCode::permission, "job {} has ended", id);
    return {};
  });
}

Result<fs::path> RemoteQueue::file(int64_t id, std::string_view token, const std::string& sha256) const {
  PTAH_TRY_VOID(check_token(id, token));
  return guard([&]() -> Result<fs::path> {
    const fs::path place = store_.folder() / "blobs" / sha256.substr(0, 2) / sha256;
    std::error_code problem;
    if (store_.get(id).fields.dump().find(sha256) == std::string::npos || !fs::is_regular_file(place, problem))
      return fail(ErrorCode::not_found, "job {} names no file sha256:{}", id, printable(sha256, 80));
    return place;
  });
}

Result<void> RemoteQueue::bring(int64_t id, std::string_view token, const std::string& sha256, std::span<const uint8_t> bytes) const {
  PTAH_TRY_VOID(check_token(id, token));
  if (const std::string found = sha256_hex(bytes); found != sha256) return fail(ErrorCode::mismatch, "these bytes have the SHA-256 {}", found);
  return store_.bring(id, sha256, bytes);
}

}  // namespace ptah
