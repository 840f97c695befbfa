// Jobs that outlast the process: killed before every change of the disk, nothing is lost and nothing is made twice.
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "jobs/batch.h"
#include "own/keys.h"
#include "pipelines/recipes.h"
#include "tests/files/processes.h"
#include "tests/files/temporary_folder.h"
#include "work/verification.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

/// Makes works of two small files at once, and counts in a file how often it began each.
class FakeWorker : public JobWorker {
 public:
  explicit FakeWorker(fs::path store, fs::path begun = {}) : store_(std::move(store)), begun_(std::move(begun)) {}
  Result<Plan> plan(const Job& job, int64_t budget_bytes) override {
    const Plan plan{.peak_bytes = job.fields.value("size_mm", 100) * 10};
    PTAH_TRY_VOID(check_budget(plan, budget_bytes));
    return plan;
  }
  Result<JobResult> run(const Job& job, int64_t, const Tell& tell, const CancelToken*) override {
    if (tell) tell({{"event", "progress"}, {"stage", "shape"}, {"fraction", 0.5}});
    if (!begun_.empty()) {
      std::FILE* file = std::fopen(begun_.c_str(), "a");
      std::fprintf(file, "%lld\n", static_cast<long long>(job.id));
      std::fclose(file);
    }
    if (job.fields.value("fit", 0) == 13) return fail(ErrorCode::corrupt, "nothing in it");
    Work work;
    const std::string text = job.fields.dump();
    work.files["object.obj"] = Bytes(text.begin(), text.end());
    work.files["same.txt"] = Bytes{'s', 'a', 'm', 'e'};
    value_or_throw(seal(work, begun_receipt("object of a picture", job.fields)));
    JobResult out{{}, {{"length", text.size()}}};
    for (const auto& [name, bytes] : work.files) {
      PTAH_TRY(JobOutput kept, JobStore::keep(store_, name, bytes));
      out.outputs.push_back(std::move(kept));
    }
    return out;
  }
  void rest() override {}

 private:
  fs::path store_, begun_;
};

class Store : public testing::Test {
 protected:
  TemporaryFolder folder_;
  fs::path place() const { return folder_.path / "store"; }
  std::unique_ptr<JobStore> open() const { return value_or_throw(JobStore::open(place())); }
  static std::vector<NewJob> jobs(int count) {
    std::vector<NewJob> out;
    for (int i = 1; i <= count; ++i) out.push_back({.recipe = "object", .fields = {{"picture", fmt::format("p{}.png", i)}, {"size_mm", 10 * i}}, .line = i});
    return out;
  }
  RunnerOptions options(const JobStore& store) const {
    return {.make_worker = [folder = store.folder(), begun = folder_.path / "begun"] { return std::make_unique<FakeWorker>(folder, begun); }};
  }
  static std::vector<std::string> events_of(const JobStore& store, int64_t job) {
    std::vector<std::string> out;
    for (const JobEvent& one : store.events(0, job)) out.push_back(text_at(one.what, "event"));
    return out;
  }
};

TEST_F(Store, KeepsWhatWasAskedAndWhatBecameOfIt) {
  {
    const auto store = open();
    store->add(jobs(3), {{"file", "digest"}});
    EXPECT_EQ(store->note("file"), "digest");
    EXPECT_TRUE(store->note("nothing").is_null());
    EXPECT_EQ(JobStore::open(place()).error().code, ErrorCode::invalid_argument) << "one writer";
  }
  const auto store = open();
  const auto first = store->next_queued();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->fields["picture"], "p1.png");
  store->start(first->id);
  EXPECT_EQ(store->next_queued()->fields["picture"], "p2.png");
  const JobOutput kept = value_or_throw(JobStore::keep(place(), "receipt.json", as_bytes("{}")));
  store->finish(first->id, {kept}, {{"tokens", 3}}, 1.5);
  const Job done = store->get(first->id);
  EXPECT_EQ(done.state, JobState::done);
  EXPECT_EQ(done.facts["tokens"], 3);
  EXPECT_EQ(done.seconds, 1.5);
  EXPECT_EQ(value_or_throw(store->work(done)).files.at("receipt.json"), (Bytes{'{', '}'}));
  EXPECT_EQ(events_of(*store, done.id), (std::vector<std::string>{"queued", "running", "done"}));
  EXPECT_TRUE(store->cancel(2));
  EXPECT_FALSE(store->cancel(2));
  store->fail(3, {ErrorCode::no_space, "`out`: the disk is full"});
  EXPECT_EQ(store->get(3).error.code, ErrorCode::no_space);
  EXPECT_EQ(field_of(store->get(3).error), "out");
  EXPECT_FALSE(store->next_queued());
  EXPECT_EQ(store->retry(), 2);
  EXPECT_EQ(store->next_queued()->id, 2);
  EXPECT_EQ(store->get(3).error.message, "");
  const auto later = store->events(3);
  for (size_t i = 1; i < later.size(); ++i) EXPECT_GT(later[i].number, later[i - 1].number);
  EXPECT_THROW(store->get(9), Failure);
}

TEST_F(Store, WhatRanWhenTheProcessEndedIsQueuedAgain) {
  {
    const auto store = open();
    store->add(jobs(2));
    store->start(1);
  }
  const auto store = open();
  EXPECT_EQ(store->get(1).state, JobState::queued);
  EXPECT_EQ(store->get(1).attempts, 1);
  EXPECT_EQ(store->next_queued()->id, 1) << "in order of arrival";
}

TEST_F(Store, ResultsAreKeptOnceAndCheckedWhenTheyAreRead) {
  const auto store = open();
  const JobOutput a = value_or_throw(JobStore::keep(place(), "a", as_bytes("same"))), b = value_or_throw(JobStore::keep(place(), "b", as_bytes("same")));
  EXPECT_EQ(a.sha256, b.sha256);
  const fs::path file = place() / "results" / a.sha256.substr(0, 2) / a.sha256;
  EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  store->add(jobs(1));
  store->finish(1, {a}, {}, 0);
  ASSERT_TRUE(write_file(file, std::string_view("other")));
  EXPECT_EQ(store->work(store->get(1)).error().code, ErrorCode::corrupt);
}

TEST_F(Store, JobsRunInTheirOrderAndARefusedOneStopsNoOther) {
  const auto store = open();
  auto asked = jobs(4);
  asked[1].fields["fit"] = 13;
  store->add(asked);
  std::vector<int64_t> ended;
  RunnerOptions how = options(*store);
  how.tell = [&](const Job& job, const Json& what) {
    if (what["event"] == "done" || what["event"] == "failed") ended.push_back(job.id);
  };
  ASSERT_TRUE(run_jobs(*store, how));
  EXPECT_EQ(ended, (std::vector<int64_t>{1, 2, 3, 4}));
  EXPECT_EQ(store->get(2).state, JobState::failed);
  EXPECT_EQ(store->get(2).error.message, "nothing in it");
  for (const int64_t id : {1, 3, 4}) EXPECT_EQ(store->get(id).state, JobState::done);
}

/// Takes a moment, and counts how much is planned at once.
class SlowWorker : public FakeWorker {
 public:
  using FakeWorker::FakeWorker;
  Result<JobResult> run(const Job& job, int64_t budget, const Tell& tell, const CancelToken* cancel) override {
    const int64_t now = bytes += job.planned_bytes;
    for (int64_t largest = peak; now > largest && !peak.compare_exchange_weak(largest, now);) {
    }
    at_once = std::max<int>(at_once, ++running);
    for (int i = 0; i < 10 && !(cancel && cancel->cancelled()); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    --running;
    bytes -= job.planned_bytes;
    if (cancel && cancel->cancelled()) return fail(ErrorCode::cancelled, "cancelled");
    return FakeWorker::run(job, budget, tell, cancel);
  }
  static inline std::atomic<int64_t> bytes, peak;
  static inline std::atomic<int> running, at_once;
};

TEST_F(Store, SeveralRunAtOnceWithinTheBudget) {
  const auto store = open();
  store->add(jobs(8));  // 100 to 800 bytes
  RunnerOptions how = options(*store);
  how.make_worker = [&] { return std::make_unique<SlowWorker>(store->folder()); };
  how.workers = 4;
  how.budget_bytes = 1000;
  SlowWorker::peak = SlowWorker::at_once = 0;
  ASSERT_TRUE(run_jobs(*store, how));
  EXPECT_LE(SlowWorker::peak, 1000);
  EXPECT_GT(SlowWorker::at_once, 1);
  for (const Job& job : store->all()) EXPECT_EQ(job.state, JobState::done) << job.id;
  // What never fits is refused, and says so.
  store->add({{.recipe = "object", .fields = {{"picture", "large.png"}, {"size_mm", 500}}}});
  ASSERT_TRUE(run_jobs(*store, how));
  EXPECT_EQ(store->get(9).error.code, ErrorCode::over_budget);
}

TEST_F(Store, StoppedJobsAreQueuedAgain) {
  const auto store = open();
  store->add(jobs(5));
  CancelToken token;
  RunnerOptions how = options(*store);
  how.make_worker = [&] { return std::make_unique<SlowWorker>(store->folder()); };
  how.workers = 2;
  how.cancel = &token;
  how.tell = [&](const Job& job, const Json& what) {
    if (what["event"] == "running" && job.id == 3) token.cancel();
  };
  EXPECT_EQ(run_jobs(*store, how).error().code, ErrorCode::cancelled);
  for (const Job& job : store->all()) EXPECT_TRUE(job.state == JobState::done || job.state == JobState::queued) << job.id;
  how.cancel = nullptr;
  how.tell = {};
  ASSERT_TRUE(run_jobs(*store, how));
  for (const Job& job : store->all()) EXPECT_EQ(job.state, JobState::done) << job.id;
}

/// Ends with its first job, as one that crashes.
class CrashingWorker : public FakeWorker {
 public:
  using FakeWorker::FakeWorker;
  Result<JobResult> run(const Job& job, int64_t budget, const Tell& tell, const CancelToken* cancel) override {
    alive_ = job.id != 2 || job.attempts > crashes;
    if (!alive_) return fail(ErrorCode::internal, "the worker was ended by signal 11");
    return FakeWorker::run(job, budget, tell, cancel);
  }
  bool alive() const override { return alive_; }
  static inline int crashes = 0;

 private:
  bool alive_ = true;
};

TEST_F(Store, AJobWhoseWorkerCrashesIsTriedAgainButNotForEver) {
  for (const int crashes : {2, 3}) {
    folder_.empty();
    const auto store = open();
    store->add(jobs(3));
    CrashingWorker::crashes = crashes;
    RunnerOptions how = options(*store);
    how.make_worker = [&] { return std::make_unique<CrashingWorker>(store->folder()); };
    ASSERT_TRUE(run_jobs(*store, how));
    EXPECT_EQ(store->get(2).state, crashes < 3 ? JobState::done : JobState::failed);
    EXPECT_EQ(store->get(2).attempts, 3);
    EXPECT_EQ(store->get(3).state, JobState::done);
  }
}

class BatchFile : public Store {
 protected:
  void SetUp() override {
    before_ = fs::current_path();
    fs::current_path(folder_.path);
    prepare();
  }
  void TearDown() override { fs::current_path(before_); }
  void prepare() const {
    folder_.empty();
    fs::current_path(folder_.path);
    for (int i = 1; i <= 3; ++i) value_or_throw(write_file(fmt::format("p{}.png", i), std::string_view("a picture")));
    value_or_throw(write_file(file(), text()));
  }
  fs::path file() const { return folder_.path / "works.jsonl"; }
  static std::string text() {
    return R"({"recipe": "object", "request": {"picture": "p1.png"}, "out": "first"}
{"recipe": "object", "request": {"picture": "p2.png"}}

{"recipe": "object", "request": {"picture": "p2.png"}}
)";
  }
  Batch begun() const {
    std::vector<LineProblem> problems;
    const auto jobs = read_batch(text(), problems);
    EXPECT_TRUE(problems.empty()) << problems.front().error.message;
    return value_or_throw(Batch::begin(file(), text(), jobs));
  }
  /// Begins, or goes on with what was begun.
  Result<void> go_on(const Signing& signing) const {
    auto batch = Batch::resume(file(), text());
    if (!batch && batch.error().code == ErrorCode::not_found) {
      std::vector<LineProblem> problems;
      batch = Batch::begin(file(), text(), read_batch(text(), problems));
    }
    if (!batch) return tl::unexpected(batch.error());
    return batch->run(options(batch->store()), signing);
  }
  void expect_all_made() const {
    EXPECT_EQ(folder_.names("ptah-works"), (std::vector<std::string>{"p2", "p2-2"}));
    for (const char* work : {"first", "ptah-works/p2", "ptah-works/p2-2"}) EXPECT_TRUE(value_or_throw(verify_work(folder_.path / work)).whole) << work;
    Batch batch = value_or_throw(Batch::resume(file(), text()));
    for (const Job& job : batch.store().all()) EXPECT_EQ(job.state, JobState::done) << job.line;
    for (const auto& item : fs::recursive_directory_iterator(Batch::place_of(file()) / "results")) EXPECT_FALSE(item.is_regular_file()) << item.path();
  }

 private:
  fs::path before_;
};

TEST_F(BatchFile, WorksGoToTheirFolders) {
  Batch batch = begun();
  const Key key = Key::generate();
  ASSERT_TRUE(batch.run(options(batch.store()), {.key = &key}));
  const Job first = batch.store().get(1);
  EXPECT_EQ(first.folder, "first");
  EXPECT_TRUE(first.delivered);
  const Json receipt = value_or_throw(read_receipt("first"));
  EXPECT_EQ(text_at(receipt["signature"], "maker"), to_string(key.address()));
  EXPECT_EQ(Batch::begin(file(), text(), {}).error().code, ErrorCode::invalid_argument);
}

TEST_F(BatchFile, AnEarlierWorkInTheWayIsLeftAlone) {
  fs::create_directories("ptah-works/p2");
  value_or_throw(write_file("ptah-works/p2/notes", std::string_view("mine")));
  Batch batch = begun();
  ASSERT_TRUE(batch.run(options(batch.store()), {}));
  EXPECT_EQ(folder_.names("ptah-works"), (std::vector<std::string>{"p2", "p2-2", "p2-3"}));
  EXPECT_EQ(value_or_throw(read_text("ptah-works/p2/notes")), "mine");
}

TEST_F(BatchFile, BrokenLinesAreNamedWithTheirField) {
  const auto problem = [](const std::string& line) {
    std::vector<LineProblem> problems;
    EXPECT_TRUE(read_batch("\n" + line + "\n", problems).empty()) << line;
    return problems.size() == 1 ? fmt::format("{} {}", problems[0].line, field_of(problems[0].error)) : fmt::format("{} problems", problems.size());
  };
  EXPECT_EQ(problem(R"({"recipe": "object", "request": {"picture": "p1.png", "size_mm": 0}})"), "2 size_mm");
  EXPECT_EQ(problem(R"({"recipe": "object", "request": {"picture": "p1.png", "solid": "cube"}})"), "2 solid");
  EXPECT_EQ(problem(R"({"recipe": "object", "request": {"picture": "p1.png", "colour": "red"}})"), "2 colour");
  EXPECT_EQ(problem(R"({"recipe": "object", "request": {"picture": "p9.png"}})"), "2 picture");
  EXPECT_EQ(problem(R"({"request": {"picture": "p1.png"}})"), "2 recipe");
  EXPECT_EQ(problem(R"({"recipe": "object", "request": {"picture": "p1.png"}, "out": 3})"), "2 out");
  EXPECT_EQ(problem(R"({"recipe": "object", "request": [1]})"), "2 ");
  EXPECT_EQ(problem("not json"), "2 ");
  EXPECT_EQ(problem(R"({"recipe": "statue", "request": {}})"), "2 ");
  EXPECT_EQ(problem(""), "2 ");
  std::vector<LineProblem> problems;
  const std::string line = R"({"recipe": "object", "request": {"picture": "p1.png"}, "out": "same"})";
  (void)read_batch(line + "\n" + line + "\nx\n", problems);
  ASSERT_EQ(problems.size(), 2U) << "all of them";
  EXPECT_EQ(problems[0].line, 2);
  EXPECT_EQ(field_of(problems[0].error), "out");
}

TEST_F(BatchFile, GoesOnOnlyWithTheSameFileInTheSameFolder) {
  EXPECT_EQ(Batch::resume(file(), text()).error().code, ErrorCode::not_found);
  (void)begun();
  EXPECT_EQ(Batch::resume(file(), text() + "\n").error().code, ErrorCode::mismatch);
  fs::current_path("/");
  Batch batch = value_or_throw(Batch::resume(file(), text()));
  EXPECT_EQ(fs::current_path(), fs::canonical(folder_.path));
  ASSERT_TRUE(batch.run(options(batch.store()), {}));
  EXPECT_TRUE(fs::exists(folder_.path / "first" / "receipt.json"));
}

TEST_F(BatchFile, KilledBeforeEveryChangeOfTheDiskNothingIsLostAndNothingIsTwice) {
  const Key key = Key::generate();
  const Signing signing{.key = &key};
  const int kills = killed_everywhere([&] { prepare(); }, [&] { return go_on(signing).has_value(); },
                                      [&](bool killed) {
                                        if (killed) {
                                          ASSERT_TRUE(go_on(signing)) << "the next try";
                                        }
                                        expect_all_made();
                                        const std::string begun = value_or_throw(read_text("begun"));
                                        const auto attempts = std::count(begun.begin(), begun.end(), '\n');
                                        EXPECT_LE(attempts, killed ? 4 : 3) << "at most the one that ran is run again";
                                        EXPECT_GE(attempts, 3);
                                      });
  EXPECT_GT(kills, 60);
}

}  // namespace
}  // namespace ptah
