#include "jobs/job_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>

#include "base/sha256.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 5> kStates{"queued", "running", "done", "failed", "cancelled"};

constexpr Database::Kind kStore{"job store",
                                R"(
create table note (name text primary key, value text not null) without rowid;
create table job (
  id integer primary key,
  line integer not null,
  recipe text not null,
  fields text not null,
  out text not null,
  state text not null,
  attempts integer not null default 0,
  planned_bytes integer not null default 0,
  milliseconds integer not null default 0,
  facts text not null default 'null',
  error_code integer not null default 0,
  error text not null default '',
  folder text,
  delivered integer not null default 0);
create index job_by_state on job (state, id);
create unique index job_by_folder on job (folder);
create table output (job integer not null references job, name text not null, sha256 text not null, bytes integer not null, primary key (job, name)) without rowid;
create index output_by_sha256 on output (sha256);
create table event (number integer primary key autoincrement, job integer not null references job, what text not null);
create index event_by_job on event (job, number);
)",
                                1};

constexpr const char* kColumns =
    "id, line, recipe, fields, out, state, attempts, planned_bytes, milliseconds, facts, error_code, error, ifnull(folder, ''), delivered, "
    "ifnull(planned_milliseconds, 0), ifnull(created, 0), ifnull(started, 0), ifnull(ended, 0)";
constexpr const char* kJobs = "job left join asked on asked.job = job.id";

/// Until it ends, what is written waits for no disk: nothing is lost by a process that is killed, and the last of it by a power cut.
class Unhurried {
 public:
  explicit Unhurried(const Database& db) : db_(db) { run(db_, "pragma synchronous = normal"); }
  ~Unhurried() { sqlite3_exec(db_.get(), "pragma synchronous = full", nullptr, nullptr, nullptr); }
  Unhurried(const Unhurried&) = delete;
  Unhurried& operator=(const Unhurried&) = delete;

 private:
  const Database& db_;
};

std::string text_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::string_view name_of(JobState state) { return kStates[static_cast<size_t>(state)]; }

Result<std::unique_ptr<JobStore>> JobStore::open(const fs::path& folder) {
  return guard([&]() -> Result<std::unique_ptr<JobStore>> {
    PTAH_TRY_VOID(make_folders(folder));
    const int lock = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0) return fail_errno("cannot open " + folder.string());
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
      ::close(lock);
      return ::ptah::fail(ErrorCode::invalid_argument, "another process works on the jobs of {}", folder.string());
    }
    std::unique_ptr<JobStore> store(new JobStore(folder, lock));
    store->db_ = std::make_unique<Database>(folder / "jobs.db", kStore);
    store->open_asked();
    for (const Job& job : store->all())
      if (job.state == JobState::running) store->put_back(job.id, "the process that ran it ended");
    store->sweep();
    return store;
  });
}

std::set<std::string> JobStore::brought() const {
  run(*db_, "delete from brought where job not in (select id from job where state in ('queued', 'running'))");
  std::set<std::string> out;
  Statement row(*db_, "select distinct sha256 from brought");
  while (row.next()) out.insert(row.text(0));
  return out;
}

Result<void> JobStore::bring(int64_t id, const std::string& sha256, std::span<const uint8_t> bytes) const {
  return guard([&]() -> Result<void> {
    {
      // Says that the bytes are needed. What a power cut takes from it is brought again.
      const std::lock_guard lock(mutex_);
      const Unhurried writing(*db_);
      run(*db_, "insert or ignore into brought values (?, ?)", id, sha256);
    }
    return keep_as(sha256, folder_, bytes);
  });
}

void JobStore::sweep() const {
  std::set<std::string> needed = brought();
  Statement row(*db_, "select distinct sha256 from output join job on job.id = output.job where job.delivered = 0");
  while (row.next()) needed.insert(row.text(0));
  std::error_code problem;
  for (const auto& group : fs::directory_iterator(folder_ / "results", problem))
    for (const auto& item : fs::directory_iterator(group.path(), problem))
      if (std::error_code ignored; !needed.contains(item.path().filename().string())) fs::remove(item.path(), ignored);
}

JobStore::JobStore(fs::path folder, int lock) : folder_(std::move(folder)), lock_(lock) {}
JobStore::~JobStore() {
  db_.reset();  // before another process may open it
  ::close(lock_);
}

void JobStore::happened(int64_t id, const Json& what) {
  run(*db_, "insert into event (job, what) values (?, ?)", id, text_of(what));
  if (seen_) seen_(id);  // whoever looks now waits for the end of the transaction
}

void JobStore::change(int64_t id, JobState to, const Json& what) {
  run(*db_, "update job set state = ? where id = ?", std::string(name_of(to)), id);
  const int64_t now = std::time(nullptr);
  if (to == JobState::running) run(*db_, "update asked set started = ?, ended = 0 where job = ?", now, id);
  if (to != JobState::running && to != JobState::queued) run(*db_, "update asked set ended = ? where job = ?", now, id);
  happened(id, what);
}

void JobStore::add(const std::vector<NewJob>& jobs, const Json& notes) {
  const std::lock_guard guard(mutex_);
  DatabaseTransaction adding(*db_);
  for (const auto& [name, value] : notes.items()) run(*db_, "insert or replace into note values (?, ?)", name, text_of(value));
  for (const NewJob& job : jobs) {
    run(*db_, "insert into job (line, recipe, fields, out, state) values (?, ?, ?, ?, 'queued')", job.line, job.recipe, text_of(job.fields), job.out);
    happened(db_->last_id(), {{"event", "queued"}});
  }
  adding.commit();
}

Json JobStore::note(const std::string& name) const {
  const std::lock_guard guard(mutex_);
  Statement found(*db_, "select value from note where name = ?", name);
  return found.next() ? value_or_throw(parse_json(found.text(0))) : Json();
}

Job JobStore::job_of(Statement& row) const {
  Job job;
  job.id = row.number(0);
  job.line = row.number(1);
  job.recipe = row.text(2);
  job.fields = value_or_throw(parse_json(row.text(3)));
  job.out = row.text(4);
  const auto state = std::find(kStates.begin(), kStates.end(), row.text(5));
  if (state == kStates.end()) throw Failure({ErrorCode::corrupt, fmt::format("job store: job {} has the state '{}'", job.id, row.text(5))});
  job.state = static_cast<JobState>(state - kStates.begin());
  job.attempts = static_cast<int>(row.number(6));
  job.planned_bytes = row.number(7);
  job.seconds = static_cast<double>(row.number(8)) / 1000;
  job.facts = value_or_throw(parse_json(row.text(9)));
  job.error = {static_cast<ErrorCode>(row.number(10)), row.text(11)};
  job.folder = row.text(12);
  job.delivered = row.number(13) != 0;
  job.planned_seconds = static_cast<double>(row.number(14)) / 1000;
  job.created = row.number(15);
  job.started = row.number(16);
  job.ended = row.number(17);
  Statement outputs(*db_, "select name, sha256, bytes from output where job = ? order by name", job.id);
  while (outputs.next()) job.outputs.push_back({outputs.text(0), outputs.text(1), outputs.number(2)});
  return job;
}

std::optional<Job> JobStore::next_queued() const {
  const std::lock_guard guard(mutex_);
  Statement row(*db_, fmt::format("select {} from {} where state = 'queued' order by id limit 1", kColumns, kJobs).c_str());
  return row.next() ? std::optional(job_of(row)) : std::nullopt;
}

Job JobStore::get(int64_t id) const {
  const std::lock_guard guard(mutex_);
  Statement row(*db_, fmt::format("select {} from {} where id = ?", kColumns, kJobs).c_str(), id);
  if (!row.next()) throw Failure({ErrorCode::not_found, fmt::format("there is no job {}", id)});
  return job_of(row);
}

std::vector<Job> JobStore::jobs_of(Statement& row) const {
  std::vector<Job> out;
  while (row.next()) out.push_back(job_of(row));
  return out;
}

std::vector<Job> JobStore::all() const {
  const std::lock_guard guard(mutex_);
  Statement row(*db_, fmt::format("select {} from {} order by id", kColumns, kJobs).c_str());
  return jobs_of(row);
}

std::vector<JobEvent> JobStore::events(int64_t after, int64_t job) const {
  const std::lock_guard guard(mutex_);
  std::vector<JobEvent> out;
  Statement row(*db_, "select number, job, what from event where number > ?1 and (?2 = 0 or job = ?2) order by number", after, job);
  while (row.next()) out.push_back({row.number(0), row.number(1), value_or_throw(parse_json(row.text(2)))});
  return out;
}

int64_t JobStore::last_event() const {
  const std::lock_guard guard(mutex_);
  Statement row(*db_, "select ifnull(max(number), 0) from event");
  return row.next() ? row.number(0) : 0;
}

void JobStore::note_plan(int64_t id, const Plan& plan) {
  const auto milliseconds = static_cast<int64_t>(plan.seconds * 1000);
  run(*db_, "update job set planned_bytes = ? where id = ?", plan.peak_bytes, id);
  run(*db_, "update asked set planned_milliseconds = ?1, batch = batch or ?1 > 5000 where job = ?2", milliseconds, id);
  happened(id, {{"event", "planned"}, {"bytes", plan.peak_bytes}, {"seconds", plan.seconds}});
}

void JobStore::plan(int64_t id, const Plan& plan) {
  const std::lock_guard guard(mutex_);
  DatabaseTransaction planning(*db_);
  note_plan(id, plan);
  planning.commit();
}

void JobStore::start(int64_t id) {
  const std::lock_guard guard(mutex_);
  DatabaseTransaction starting(*db_);
  run(*db_, "update job set attempts = attempts + 1 where id = ?", id);
  change(id, JobState::running, {{"event", "running"}});
  starting.commit();
}

void JobStore::put_back(int64_t id, const std::string& why) {
  const std::lock_guard guard(mutex_);
  DatabaseTransaction putting(*db_);
  change(id, JobState::queued, {{"event", "queued"}, {"why", why}});
  putting.commit();
}

void JobStore::finish(int64_t id, const std::vector<JobOutput>& outputs, const Json& facts, double seconds) {
  const std::lock_guard guard(mutex_);
  DatabaseTransaction finishing(*db_);
  run(*db_, "delete from output where job = ?", id);
  for (const JobOutput& one : outputs) run(*db_, "insert into output values (?, ?, ?, ?)", id, one.name, one.sha256, one.bytes);
  run(*db_, "update job set facts = ?, milliseconds = ? where id = ?", text_of(facts), static_cast<int64_t>(seconds * 1000), id);
  run(*db_, "delete from brought where job = ?", id);
  change(id, JobState::done, {{"event", "done"}, {"seconds", seconds}});
  finishing.commit();
}

void JobStore::fail(int64_t id, const Error& error) {
  const std::lock_guard guard(mutex_);
  DatabaseTransaction failing(*db_);
  run(*db_, "update job set error_code = ?, error = ? where id = ?", static_cast<int64_t>(error.code), error.message, id);
  change(id, JobState::failed, {{"event", "failed"}, {"error", error_info(error.code).name}, {"message", error.message}});
  failing.commit();
}

bool JobStore::cancel(int64_t id) {
  const std::lock_guard guard(mutex_);
  DatabaseTransaction cancelling(*db_);
  if (run(*db_, "update job set state = 'cancelled' where id = ? and state in ('queued', 'running')", id) == 0) return false;
  change(id, JobState::cancelled, {{"event", "cancelled"}});
  cancelling.commit();
  return true;
}

int64_t JobStore::retry() {
  const std::lock_guard guard(mutex_);
  DatabaseTransaction retrying(*db_);
  run(*db_, "insert into event (job, what) select id, '{\"event\":\"queued\",\"why\":\"tried again\"}' from job where state in ('failed', 'cancelled')");
  const int64_t count = run(*db_, "update job set state = 'queued', attempts = 0, error = '', error_code = 0 where state in ('failed', 'cancelled')");
  retrying.commit();
  return count;
}

bool JobStore::reserve(int64_t id, const std::string& folder) {
  const std::lock_guard guard(mutex_);
  return run(*db_, "update or ignore job set folder = ? where id = ?", folder, id) == 1;
}

void JobStore::deliver(int64_t id) {
  const std::lock_guard guard(mutex_);
  std::set<std::string> unneeded;
  {
    DatabaseTransaction delivering(*db_);
    run(*db_, "update job set delivered = 1 where id = ?", id);
    happened(id, {{"event", "delivered"}});
    Statement row(*db_,
                  "select sha256 from output where job = ?1 and not exists (select 1 from output as other join job on job.id = other.job where other.sha256 = "
                  "output.sha256 and job.delivered = 0)",
                  id);
    while (row.next()) unneeded.insert(row.text(0));
    delivering.commit();
  }
  std::error_code ignored;
  for (const std::string& sha256 : unneeded) fs::remove(file_of(folder_, sha256), ignored);
}

void JobStore::tell(int64_t id, const Json& what) {
  const std::lock_guard guard(mutex_);
  const Unhurried telling(*db_);
  happened(id, what);
}

fs::path JobStore::file_of(const fs::path& folder, const std::string& sha256) { return folder / "results" / sha256.substr(0, 2) / sha256; }

Result<JobOutput> JobStore::keep(const fs::path& folder, const std::string& name, std::span<const uint8_t> bytes) {
  JobOutput out{name, sha256_hex(bytes), static_cast<int64_t>(bytes.size())};
  PTAH_TRY_VOID(keep_as(out.sha256, folder, bytes));
  return out;
}

Result<void> JobStore::keep_as(const std::string& sha256, const fs::path& folder, std::span<const uint8_t> bytes) {
  const fs::path file = file_of(folder, sha256);
  PTAH_TRY_VOID(make_folders(file.parent_path()));
  const auto written = write_new_file(file, {bytes}, 0600);
  std::error_code problem;
  if (!written && !(written.error().code == ErrorCode::invalid_argument && fs::is_regular_file(file, problem))) return tl::unexpected(written.error());
  return {};
}

// ---- what servers are asked ------------------------------------------------------------------------------------------------------------------

void JobStore::open_asked() const {
  for (const char* sql : {
           "create table if not exists asked (job integer primary key references job, key text not null, batch integer not null, planned_milliseconds integer "
           "not null default 0, created integer not null, started integer not null default 0, ended integer not null default 0)",
           "create index if not exists asked_by_key on asked (key, job)",
           "create table if not exists asker (job integer not null references asked, owner text not null, since integer not null, primary key (job, owner)) "
           "without rowid",
           "create index if not exists asker_by_owner on asker (owner, job)",
           "create table if not exists brought (job integer not null references job, sha256 text not null, primary key (job, sha256)) without rowid",
           "create table if not exists bin (job integer not null references asked, owner text not null, since integer not null, primary key (job, owner)) "
           "without rowid",
           "create table if not exists sent (owner text not null, key text not null, digest text not null, since integer not null, primary key (owner, key)) "
           "without rowid",
           "create index if not exists sent_by_time on sent (since)",
           "create table if not exists webhook (number integer primary key autoincrement, job integer not null references job, owner text not null, url text "
           "not "
           "null, secret text not null, tries integer not null default 0, next integer not null default 0, over integer not null default 0, unique (job, "
           "owner, url))",
           "create index if not exists webhook_by_time on webhook (over, next)",
       })
    run(*db_, sql);
}

std::optional<int64_t> JobStore::known(const std::string& key) const {
  const std::lock_guard guard(mutex_);
  Statement found(
      *db_, "select job from asked join job on job.id = asked.job where key = ? and state in ('queued', 'running', 'done') order by job desc limit 1", key);
  return found.next() ? std::optional(found.number(0)) : std::nullopt;
}

std::pair<int64_t, bool> JobStore::ask(const NewJob& job, const Asking& asking, const Plan* plan) {
  const std::lock_guard guard(mutex_);
  const int64_t now = std::time(nullptr);
  DatabaseTransaction adding(*db_);
  std::optional<int64_t> id = known(asking.key);
  const bool is_new = !id;
  if (is_new) {
    run(*db_, "insert into job (line, recipe, fields, out, state) values (0, ?, ?, '', 'queued')", job.recipe, text_of(job.fields));
    id = db_->last_id();
    run(*db_, "insert into asked (job, key, batch, created) values (?, ?, ?, ?)", *id, asking.key, int64_t{asking.batch}, now);
    happened(*id, {{"event", "queued"}});
    if (plan) note_plan(*id, *plan);
  }
  run(*db_, "insert or ignore into asker values (?, ?, ?)", *id, asking.owner, now);
  run(*db_, "delete from bin where job = ? and owner = ?", *id, asking.owner);
  adding.commit();
  return {*id, is_new};
}

bool JobStore::asked(int64_t id, const std::string& owner) const {
  const std::lock_guard guard(mutex_);
  Statement row(*db_, "select 1 from asker where job = ? and owner = ?", id, owner);
  return row.next();
}

int64_t JobStore::askers(int64_t id) const {
  const std::lock_guard guard(mutex_);
  Statement row(*db_, "select count(*) from asker where job = ?", id);
  return row.next() ? row.number(0) : 0;
}

std::string JobStore::first_asker(int64_t id) const {
  const std::lock_guard guard(mutex_);
  Statement row(*db_, "select owner from asker where job = ? order by since, owner limit 1", id);
  return row.next() ? row.text(0) : "";
}

void JobStore::withdraw(int64_t id, const std::string& owner) {
  const std::lock_guard guard(mutex_);
  run(*db_, "delete from asker where job = ? and owner = ?", id, owner);
}

std::vector<Job> JobStore::asked_by(const std::string& owner, int64_t before, int64_t limit, bool in_bin) const {
  const std::lock_guard guard(mutex_);
  Statement row(*db_,
                fmt::format("select {} from {} where id in (select job from asker where owner = ?1 and (?2 = 0 or job < ?2) and "
                            "exists (select 1 from bin where bin.job = asker.job and bin.owner = ?1) = ?4 order by job desc limit ?3) "
                            "order by id desc",
                            kColumns, kJobs)
                    .c_str(),
                owner, before, limit, int64_t{in_bin});
  return jobs_of(row);
}

bool JobStore::put_into_bin(int64_t id, const std::string& owner) {
  const std::lock_guard guard(mutex_);
  return run(*db_,
             "insert or ignore into bin select job, owner, ?3 from asker where job = ?1 and owner = ?2 and (select state from job where id = ?1) not in "
             "('queued', "
             "'running')",
             id, owner, int64_t{std::time(nullptr)}) == 1;
}

bool JobStore::take_from_bin(int64_t id, const std::string& owner) {
  const std::lock_guard guard(mutex_);
  return run(*db_, "delete from bin where job = ? and owner = ?", id, owner) == 1;
}

int64_t JobStore::empty_bin(const std::string& owner) {
  const std::lock_guard guard(mutex_);
  DatabaseTransaction emptying(*db_);
  const int64_t count = run(*db_, "delete from asker where owner = ?1 and job in (select job from bin where owner = ?1)", owner);
  constexpr const char* kUnwanted = "(select job from bin where owner = ?1 and job not in (select job from asker))";
  run(*db_, fmt::format("delete from output where job in {}", kUnwanted).c_str(), owner);
  run(*db_, fmt::format("update job set state = 'cancelled', facts = 'null' where id in {}", kUnwanted).c_str(), owner);
  run(*db_, "delete from bin where owner = ?", owner);
  emptying.commit();
  return count;
}

int64_t JobStore::unfinished_of(const std::string& owner) const {
  const std::lock_guard guard(mutex_);
  Statement row(*db_, "select count(*) from job join asker on asker.job = job.id where state in ('queued', 'running') and owner = ?", owner);
  return row.next() ? row.number(0) : 0;
}

int64_t JobStore::asked_since(const std::string& owner, int64_t time) const {
  const std::lock_guard guard(mutex_);
  Statement row(*db_, "select count(*) from asker where owner = ? and since >= ?", owner, time);
  return row.next() ? row.number(0) : 0;
}

std::vector<JobCount> JobStore::counts() const {
  const std::lock_guard guard(mutex_);
  std::vector<JobCount> out;
  Statement row(*db_, "select recipe, state, count(*), sum(milliseconds) from job group by recipe, state");
  while (row.next()) {
    const auto state = std::find(kStates.begin(), kStates.end(), row.text(1));
    if (state != kStates.end())
      out.push_back({row.text(0), static_cast<JobState>(state - kStates.begin()), row.number(2), static_cast<double>(row.number(3)) / 1000});
  }
  return out;
}

bool JobStore::same_request(const std::string& owner, const std::string& key, const std::string& digest) {
  const std::lock_guard guard(mutex_);
  constexpr int64_t kDay = 86400;
  const int64_t now = std::time(nullptr);
  run(*db_, "delete from sent where since < ?", now - kDay);
  run(*db_, "insert or ignore into sent values (?, ?, ?, ?)", owner, key, digest, now);
  Statement row(*db_, "select digest from sent where owner = ? and key = ?", owner, key);
  return row.next() && row.text(0) == digest;
}

void JobStore::add_webhook(const Webhook& hook) {
  const std::lock_guard guard(mutex_);
  run(*db_, "insert or ignore into webhook (job, owner, url, secret) values (?, ?, ?, ?)", hook.job, hook.owner, hook.url, hook.secret);
}

std::vector<Webhook> JobStore::webhooks_due(int64_t now, int64_t max) const {
  const std::lock_guard guard(mutex_);
  std::vector<Webhook> out;
  Statement row(
      *db_,
      "select number, webhook.job, owner, url, secret, tries from webhook join job on job.id = webhook.job where over = 0 and next <= ?1 and state not "
      "in ('queued', 'running') order by next, number limit ?2",
      now, max);
  while (row.next()) out.push_back({row.number(0), row.number(1), row.text(2), row.text(3), row.text(4), row.number(5)});
  return out;
}

void JobStore::webhook_tried(int64_t number, int64_t next) {
  const std::lock_guard guard(mutex_);
  run(*db_, "update webhook set tries = tries + 1, next = ?1, over = ?2 where number = ?3", next, int64_t{next == 0}, number);
}

std::vector<QueuedJob> JobStore::queued() const {
  const std::lock_guard guard(mutex_);
  std::vector<QueuedJob> out;
  Statement row(*db_,
                "select id, ifnull((select owner from asker where asker.job = id order by since, owner limit 1), ''), ifnull(batch, 0), "
                "ifnull(planned_milliseconds, 0) from job left join asked on asked.job = job.id where state = 'queued' order by id");
  while (row.next()) out.push_back({row.number(0), row.text(1), row.number(2) != 0, static_cast<double>(row.number(3)) / 1000});
  return out;
}

void JobStore::watch(std::function<void(int64_t id)> seen) {
  const std::lock_guard guard(mutex_);
  seen_ = std::move(seen);
}

Result<Work> JobStore::work(const Job& job) const {
  Work work;
  work.facts = job.facts;
  for (const JobOutput& one : job.outputs) {
    const fs::path file = file_of(folder_, one.sha256);
    PTAH_TRY(work.files[one.name], read_file(file));
    if (sha256_hex(work.files[one.name]) != one.sha256) return ::ptah::fail(ErrorCode::corrupt, "{} was changed since it was kept", file.string());
  }
  const auto receipt = work.files.find("receipt.json");
  if (receipt == work.files.end()) return ::ptah::fail(ErrorCode::corrupt, "job {} has no receipt", job.id);
  PTAH_TRY(work.receipt, parse_json({reinterpret_cast<const char*>(receipt->second.data()), receipt->second.size()}));
  return work;
}

}  // namespace ptah
