// Whose job is next, and jobs that several ask for.
#include "jobs/turns.h"

#include <gtest/gtest.h>

#include "jobs/runner.h"
#include "tests/files/temporary_folder.h"

namespace ptah {
namespace {

std::vector<QueuedJob> waiting(const std::vector<std::pair<std::string, double>>& jobs) {
  std::vector<QueuedJob> out;
  for (const auto& [owner, seconds] : jobs) out.push_back({static_cast<int64_t>(out.size()) + 1, owner, seconds > 5, seconds});
  return out;
}

std::vector<int64_t> numbers(const std::vector<QueuedJob>& jobs) {
  std::vector<int64_t> out;
  for (const QueuedJob& job : jobs) out.push_back(job.id);
  return out;
}

using Ids = std::vector<int64_t>;

TEST(Turns, OnesOwnKeepTheirOrder) { EXPECT_EQ(numbers(Turns().order(waiting({{"a", 1}, {"a", 4}, {"a", 2}}))), (Ids{1, 2, 3})); }

TEST(Turns, WhoFloodsWaitsForHimself) {
  std::vector<std::pair<std::string, double>> jobs(100, {"flood", 2});
  jobs.emplace_back("ann", 2);
  jobs.emplace_back("ben", 2);
  const Ids order = numbers(Turns().order(waiting(jobs)));
  EXPECT_EQ(Ids(order.begin(), order.begin() + 4), (Ids{1, 101, 102, 2})) << "one running job at most, then ann's and ben's";
}

TEST(Turns, SecondsCountAndNotJobs) {
  const auto jobs = waiting({{"a", 4}, {"a", 4}, {"b", 1}, {"b", 1}, {"b", 1}, {"b", 1}, {"b", 1}});
  EXPECT_EQ(numbers(Turns().order(jobs)), (Ids{1, 3, 4, 5, 6, 2, 7}));
}

TEST(Turns, WhoComesLateGetsNoCreditForHisAbsence) {
  Turns turns;
  for (int i = 0; i < 50; ++i) turns.take({1, "a", false, 2});
  const Ids order = numbers(turns.order(waiting({{"a", 2}, {"a", 2}, {"b", 2}, {"b", 2}, {"b", 2}})));
  EXPECT_EQ(order, (Ids{3, 1, 4, 2, 5})) << "turn by turn, though b had nothing for a long time";
}

TEST(Turns, ShortOnesGoFirstAndLongOnesDoNotStarve) {
  std::vector<std::pair<std::string, double>> jobs{{"a", 100}, {"a", 100}};
  for (int i = 0; i < 7; ++i) jobs.emplace_back("a", 1);
  EXPECT_EQ(numbers(Turns().order(waiting(jobs))), (Ids{3, 4, 5, 1, 6, 7, 8, 2, 9}));
}

class AskedJobs : public testing::Test {
 protected:
  TemporaryFolder folder_;
  std::unique_ptr<JobStore> store_ = value_or_throw(JobStore::open(folder_.path / "store"));
  static NewJob job(int number) { return {.recipe = "create", .fields = {{"prompt", fmt::format("fox {}", number)}}}; }
};

TEST_F(AskedJobs, EqualOnesAreOne) {
  const auto first = store_->ask(job(1), {"ann", "k1", false}), again = store_->ask(job(1), {"ann", "k1", false}),
             other = store_->ask(job(1), {"ben", "k1", false});
  EXPECT_TRUE(first.second);
  EXPECT_FALSE(again.second);
  EXPECT_EQ(other.first, first.first);
  EXPECT_EQ(store_->askers(first.first), 2);
  EXPECT_TRUE(store_->asked(first.first, "ben"));
  EXPECT_FALSE(store_->asked(first.first, "eve"));
  store_->withdraw(first.first, "ann");
  EXPECT_EQ(store_->askers(first.first), 1);
  EXPECT_EQ(store_->asked_by("ann", 0, 10).size(), 0U);
  EXPECT_EQ(store_->asked_by("ben", 0, 10).size(), 1U);
  EXPECT_TRUE(store_->ask(job(2), {"ann", "k2", false}).second);
  EXPECT_TRUE(store_->cancel(first.first));
  EXPECT_NE(store_->ask(job(1), {"ann", "k1", false}).first, first.first) << "what was cancelled is made again";
}

TEST_F(AskedJobs, OutlastTheProcess) {
  Plan plan;
  plan.peak_bytes = 1000;
  plan.seconds = 60;
  const int64_t id = store_->ask(job(1), {"ann", "k1", false}, &plan).first;
  store_->start(id);
  store_.reset();
  store_ = value_or_throw(JobStore::open(folder_.path / "store"));
  const Job found = store_->get(id);
  EXPECT_EQ(found.state, JobState::queued);
  EXPECT_EQ(found.planned_bytes, 1000);
  EXPECT_EQ(found.planned_seconds, 60);
  EXPECT_GT(found.created, 0);
  const auto queued = store_->queued();
  ASSERT_EQ(queued.size(), 1U);
  EXPECT_EQ(queued[0].owner, "ann");
  EXPECT_TRUE(queued[0].batch) << "a minute is long";
  EXPECT_FALSE(store_->ask(job(1), {"ben", "k1", false}).second);
}

TEST_F(AskedJobs, AreListedTheLatestFirst) {
  for (int i = 1; i <= 5; ++i) store_->ask(job(i), {i == 3 ? "ben" : "ann", fmt::format("k{}", i), false});
  const auto page = store_->asked_by("ann", 0, 2), rest = store_->asked_by("ann", page.back().id, 10);
  EXPECT_EQ(page[0].id, 5);
  EXPECT_EQ(page[1].id, 4);
  ASSERT_EQ(rest.size(), 2U);
  EXPECT_EQ(rest[0].id, 2);
  EXPECT_EQ(store_->unfinished_of("ann"), 4);
  EXPECT_EQ(store_->asked_since("ann", 0), 4);
  EXPECT_EQ(store_->asked_since("ann", int64_t{1} << 40), 0);
}

/// Works until it is cancelled, or at once.
class SlowWorker : public JobWorker {
 public:
  explicit SlowWorker(std::atomic<int>& begun) : begun_(begun) {}
  Result<Plan> plan(const Job&, int64_t) override { return Plan{}; }
  Result<JobResult> run(const Job& job, int64_t, const Tell&, const CancelToken* cancel) override {
    ++begun_;
    while (job.fields.value("slow", false) && !cancel->cancelled()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    PTAH_TRY_VOID(cancel->check());
    return JobResult{};
  }
  void rest() override {}

 private:
  std::atomic<int>& begun_;
};

TEST_F(AskedJobs, OneOfThemIsCancelledAndTheOthersGoOn) {
  std::atomic<int> begun{0};
  CancelToken stop;
  JobRunner runner(*store_, {.make_worker = [&] { return std::make_unique<SlowWorker>(begun); }, .cancel = &stop, .stay = true});
  std::thread thread([&] { (void)runner.run(); });
  NewJob slow = job(1);
  slow.fields["slow"] = true;
  const int64_t first = store_->ask(slow, {"ann", "k1", false}).first, second = store_->ask(slow, {"ann", "k2", false}).first;
  const int64_t third = store_->ask(job(3), {"ann", "k3", false}).first;
  runner.wake();
  const auto until = [&](int64_t id, JobState state) {
    for (int i = 0; i < 2000 && store_->get(id).state != state; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return store_->get(id).state == state;
  };
  EXPECT_TRUE(until(first, JobState::running));
  EXPECT_TRUE(runner.cancel(second)) << "one that waits";
  EXPECT_TRUE(runner.cancel(first)) << "one that runs";
  EXPECT_FALSE(runner.cancel(first));
  EXPECT_TRUE(until(third, JobState::done));
  EXPECT_EQ(store_->get(first).state, JobState::cancelled);
  EXPECT_EQ(store_->get(second).state, JobState::cancelled);
  EXPECT_EQ(begun, 2) << "the one that waited never began";
  const int64_t fourth = store_->ask(job(4), {"ann", "k4", false}).first;
  EXPECT_TRUE(until(fourth, JobState::done)) << "it stays for what comes later";
  stop.cancel();
  runner.wake();
  thread.join();
}

}  // namespace
}  // namespace ptah
