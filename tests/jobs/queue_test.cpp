// One suite for whoever does the jobs of a store: workers of this program, and workers that are reached through NATS.
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/sha256.h"
#include "jobs/remote/remote_queue.h"
#include "jobs/remote/remote_worker.h"
#include "serve/http/server.h"
#include "tests/files/temporary_folder.h"
#include "tests/jobs/nats_server.h"
#include "tests/skip.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

/// What the workers of a test did, and where those wait that are to be slow.
struct Scene {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, int> runs;  ///< by the job's word
  bool open = false;                ///< slow ones may go on

  int count(const std::string& word) {
    const std::lock_guard lock(mutex);
    return runs[word];
  }
  void wait_for_run(const std::string& word, int times = 1) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, std::chrono::seconds(30), [&] { return runs[word] >= times; });
  }
  void let_go() {
    const std::lock_guard lock(mutex);
    open = true;
    changed.notify_all();
  }
};

/// Fields: "word" tells jobs apart, "kills" how many workers end with it, "slow" waits, "refused" fails.
class ScriptedWorker : public JobWorker {
 public:
  ScriptedWorker(Scene& scene, fs::path folder, bool passing) : scene_(scene), folder_(std::move(folder)), passing_(passing) {}
  Result<Plan> plan(const Job&, int64_t) override { return Plan{.peak_bytes = 1}; }
  bool alive() const override { return alive_; }
  void rest() override {}
  Result<JobResult> run(const Job& job, int64_t, const Tell& tell, const CancelToken* cancel) override {
    alive_ = true;
    const std::string word = text_at(job.fields, "word");
    int now = 0;
    {
      const std::lock_guard lock(scene_.mutex);
      now = ++scene_.runs[word];
      scene_.changed.notify_all();
    }
    if (tell) tell({{"event", "progress"}, {"stage", "think"}, {"fraction", 0.5}});
    if (tell) tell({{"event", "note"}, {"text", "about " + word}});
    if (now <= job.fields.value("kills", 0)) {
      alive_ = false;
      return fail(ErrorCode::internal, "the worker was ended by signal 9");
    }
    if (job.fields.value("refused", false)) return fail(ErrorCode::corrupt, "nothing in {}", word);
    if (job.fields.value("slow", false)) {
      std::unique_lock lock(scene_.mutex);
      while (!scene_.open) {
        scene_.changed.wait_for(lock, std::chrono::milliseconds(5));
        if (cancel && cancel->cancelled()) return fail(ErrorCode::cancelled, "cancelled");
      }
    }
    JobResult out{{}, {{"length", word.size()}}};
    const std::string text = "made of " + word;
    PTAH_TRY(JobOutput kept, passing_ ? write_passing(folder_, 0, "text.txt", as_bytes(text)) : JobStore::keep(folder_, "text.txt", as_bytes(text)));
    out.outputs.push_back(std::move(kept));
    return out;
  }

 private:
  Scene& scene_;
  fs::path folder_;
  bool passing_, alive_ = true;
};

enum class By { local, nats };

class Queue : public testing::TestWithParam<By> {
 protected:
  static constexpr double kLease = 1;

  void SetUp() override {
    if (GetParam() == By::nats) {
      if (nats_server().empty()) PTAH_LEFT_OUT("nats", "there is no nats-server (docs/many-machines.md says where to get one)");
      nats_ = std::make_unique<NatsServer>(folder_.path / "nats");
      const auto broker = connect_broker({.url = nats_->url(), .credentials = {}, .name = "test"});
      if (!broker && broker.error().code == ErrorCode::unsupported) PTAH_LEFT_OUT("nats", broker.error().message);
      ASSERT_TRUE(broker) << broker.error().message;
      // What ApiServer does for workers, whichever queue there is just now.
      http_ = std::make_unique<HttpServer>(HttpOptions{.max_body_bytes = 64 << 20, .max_body_bytes_per_peer = 64 << 20});
      HttpRoute bring{.method = "POST", .path = "/v1/queue/{}/files/{}", .max_body = 1 << 20};
      bring.handler = [this](const HttpRequest& in) {
        const std::lock_guard lock(http_mutex_);
        if (!remote_) return HttpResponse::error(503, "the server was killed");
        const auto brought = remote_->bring(std::atoll(in.parts[0].c_str()), in.bearer(), in.parts[1].substr(7), as_bytes(in.body));
        return brought ? HttpResponse::of(Json::object(), 201) : HttpResponse::error(403, brought.error().message);
      };
      http_->route(std::move(bring));
      port_ = value_or_throw(http_->bind("127.0.0.1", 0));
      serving_ = std::thread([this] { http_->run(); });
    }
    open();
  }

  void TearDown() override {
    scene_.let_go();
    close();
    stop_workers();
    if (http_) http_->stop();
    if (serving_.joinable()) serving_.join();
  }

  RunnerOptions options() {
    return {.workers = 2,
            .max_attempts = 5,
            .make_worker = [this] { return std::make_unique<ScriptedWorker>(scene_, store_->folder(), false); },
            .tell =
                [this](const Job& job, const Json& what) {
                  const std::lock_guard lock(told_mutex_);
                  told_[job.id].push_back(text_at(what, "event"));
                },
            .cancel = stop_.get(),
            .stay = true};
  }

  void open() {
    store_ = value_or_throw(JobStore::open(folder_.path / "store"));
    stop_ = std::make_unique<CancelToken>();
    if (GetParam() == By::local) {
      queue_ = std::make_unique<JobRunner>(*store_, options());
    } else {
      auto remote =
          std::make_unique<RemoteQueue>(*store_, options(), value_or_throw(connect_broker({.url = nats_->url(), .credentials = {}, .name = "test server"})),
                                        RemoteQueueOptions{.engine = "an engine", .path = "a-path", .checkpoints = {}, .ask_seconds = 0.2});
      remote->reached_at("http://127.0.0.1:" + std::to_string(port_));
      const std::lock_guard lock(http_mutex_);
      remote_ = remote.get();
      queue_ = std::move(remote);
    }
    running_ = std::thread([this, stop = stop_.get()] { (void)queue_->run(); });
  }

  /// As a server that ends; what runs at workers elsewhere goes on.
  void close() {
    if (stop_) stop_->cancel();
    if (queue_) queue_->wake();
    if (running_.joinable()) running_.join();
    {
      const std::lock_guard lock(http_mutex_);
      remote_ = nullptr;
    }
    queue_.reset();
    store_.reset();
  }

  /// Another machine; nothing to do for local ones.
  void start_worker(const std::string& engine = "an engine") {
    if (GetParam() == By::local) return;
    auto token = std::make_unique<CancelToken>();
    const fs::path folder = folder_.path / ("worker" + std::to_string(workers_.size()));
    workers_.emplace_back([this, engine, folder, cancel = token.get()] {
      const auto broker = value_or_throw(connect_broker({.url = nats_->url(), .credentials = {}, .name = "test worker"}));
      (void)work_for_broker(*broker, {.name = folder.filename().string(),
                                      .engine = engine,
                                      .path = "a-path",
                                      .classes = {"picture"},
                                      .slots = 1,
                                      .folder = folder,
                                      .checkpoints = {},
                                      .lease_seconds = kLease,
                                      .idle_seconds = 0.1,
                                      .make_worker = [this](const fs::path& own) { return std::make_unique<ScriptedWorker>(scene_, own, true); },
                                      .cancel = cancel});
    });
    tokens_.push_back(std::move(token));
  }
  void stop_workers() {
    for (const auto& token : tokens_) token->cancel();
    for (std::thread& worker : workers_) worker.join();
    workers_.clear();
  }

  int64_t add(const std::string& word, Json fields = Json::object()) {
    fields["word"] = word;
    store_->add({{.recipe = "scripted", .fields = fields}});
    queue_->wake();
    return store_->all().back().id;
  }
  Job ended(int64_t id, double seconds = 40) {
    for (double waited = 0; waited < seconds; waited += 0.01) {
      const Job job = store_->get(id);
      if (job.state != JobState::queued && job.state != JobState::running) return job;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << "job " << id << " is still " << name_of(store_->get(id).state);
    return store_->get(id);
  }
  bool wait_for_state(int64_t id, JobState state) {
    for (int i = 0; i < 2000; ++i) {
      if (store_->get(id).state == state) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  void expect_made(const Job& job, const std::string& word) {
    ASSERT_EQ(job.state, JobState::done) << job.error.message;
    ASSERT_EQ(job.outputs.size(), 1U);
    EXPECT_EQ(value_or_throw(read_text(store_->place_of(job.outputs[0]))), "made of " + word);
    EXPECT_EQ(job.facts, (Json{{"length", word.size()}}));
  }

  TemporaryFolder folder_;
  std::unique_ptr<NatsServer> nats_;
  Scene scene_;
  std::mutex told_mutex_, http_mutex_;
  std::map<int64_t, std::vector<std::string>> told_;
  std::unique_ptr<HttpServer> http_;
  int port_ = 0;
  std::thread serving_, running_;
  std::unique_ptr<JobStore> store_;
  std::unique_ptr<CancelToken> stop_;
  std::unique_ptr<JobQueue> queue_;
  RemoteQueue* remote_ = nullptr;
  std::vector<std::thread> workers_;
  std::vector<std::unique_ptr<CancelToken>> tokens_;
};

TEST_P(Queue, DoesEveryJobOnceAndTellsOfIt) {
  std::vector<int64_t> ids;
  for (int i = 0; i < 20; ++i) ids.push_back(add("w" + std::to_string(i)));
  start_worker();
  start_worker();
  for (int i = 0; i < 20; ++i) {
    const std::string word = "w" + std::to_string(i);
    expect_made(ended(ids[static_cast<size_t>(i)]), word);
    EXPECT_EQ(scene_.count(word), 1);
    EXPECT_EQ(store_->get(ids[static_cast<size_t>(i)]).attempts, 1);
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const std::lock_guard lock(told_mutex_);
  for (const int64_t id : ids) {
    ASSERT_FALSE(told_[id].empty());
    EXPECT_EQ(told_[id].front(), "running");
    EXPECT_EQ(told_[id].back(), "done");
    EXPECT_EQ(std::count(told_[id].begin(), told_[id].end(), "note"), 1);
    EXPECT_EQ(std::count(told_[id].begin(), told_[id].end(), "progress"), 1);
  }
}

TEST_P(Queue, WhatIsRefusedFailsAlone) {
  start_worker();
  const int64_t bad = add("bad", {{"refused", true}}), good = add("good");
  const Job failed = ended(bad);
  EXPECT_EQ(failed.state, JobState::failed);
  EXPECT_EQ(failed.error.code, ErrorCode::corrupt);
  EXPECT_EQ(failed.error.message, "nothing in bad");
  expect_made(ended(good), "good");
  EXPECT_EQ(scene_.count("bad"), 1) << "it is not tried again";
}

TEST_P(Queue, AJobWhoseWorkerEndsIsDoneByAnother) {
  start_worker();
  const int64_t id = add("twice", {{"kills", 2}});
  expect_made(ended(id), "twice");
  EXPECT_EQ(scene_.count("twice"), 3);
  EXPECT_EQ(store_->get(id).attempts, 3);
}

TEST_P(Queue, AJobThatEndedFiveWorkersFails) {
  start_worker();
  start_worker();
  const int64_t poison = add("poison", {{"kills", 1000}}), good = add("good");
  const Job failed = ended(poison);
  EXPECT_EQ(failed.state, JobState::failed);
  EXPECT_EQ(failed.error.code, ErrorCode::internal);
  EXPECT_EQ(scene_.count("poison"), 5);
  expect_made(ended(good), "good");
}

TEST_P(Queue, JobsAreCancelledInTheQueueAndWhileTheyRun) {
  start_worker();
  const int64_t first = add("first", {{"slow", true}});
  scene_.wait_for_run("first");
  if (GetParam() == By::local) add("second", {{"slow", true}}), scene_.wait_for_run("second");  // it has two workers
  const int64_t waits = add("waits"), waits_too = add("waits too"), waits_longest = add("waits longest");
  ASSERT_TRUE(wait_for_state(first, JobState::running));
  EXPECT_TRUE(queue_->cancel(waits));
  EXPECT_TRUE(queue_->cancel(waits_longest));
  EXPECT_TRUE(queue_->cancel(first));
  EXPECT_FALSE(queue_->cancel(first));
  EXPECT_EQ(store_->get(first).state, JobState::cancelled);
  expect_made(ended(waits_too), "waits too");
  scene_.let_go();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_EQ(scene_.count("waits"), 0);
  EXPECT_EQ(scene_.count("waits longest"), 0);
  EXPECT_EQ(store_->get(first).state, JobState::cancelled);
}

TEST_P(Queue, GoesOnAfterTheServerEnded) {
  start_worker();
  const int64_t ran = add("ran", {{"slow", true}}), waited = add("waited");
  scene_.wait_for_run("ran");
  close();
  scene_.let_go();
  open();
  expect_made(ended(ran), "ran");
  expect_made(ended(waited), "waited");
  // Here it is begun again; elsewhere nobody noticed that the server was away.
  EXPECT_EQ(scene_.count("ran"), GetParam() == By::local ? 2 : 1);
  EXPECT_EQ(scene_.count("waited"), 1);
}

INSTANTIATE_TEST_SUITE_P(Both, Queue, testing::Values(By::local, By::nats), [](const auto& kind) { return kind.param == By::local ? "local" : "nats"; });

/// What only machines apart can do.
class RemoteMachines : public Queue {};

TEST_P(RemoteMachines, AnotherEngineIsNotAsked) {
  const int64_t id = add("mine");
  start_worker("another engine");
  std::this_thread::sleep_for(std::chrono::milliseconds(700));
  EXPECT_EQ(store_->get(id).state, JobState::queued);
  ASSERT_EQ(remote_->workers().size(), 1U);
  EXPECT_FALSE(remote_->usable(remote_->workers()[0]));
  start_worker();
  expect_made(ended(id), "mine");
}

TEST_P(RemoteMachines, AJobIsNotTakenFromAWorkerThatIsSlow) {
  start_worker();
  start_worker();
  const int64_t id = add("long", {{"slow", true}});
  scene_.wait_for_run("long");
  std::this_thread::sleep_for(std::chrono::duration<double>(2.5 * kLease));
  scene_.let_go();
  expect_made(ended(id), "long");
  EXPECT_EQ(scene_.count("long"), 1);
}

TEST_P(RemoteMachines, AWorkerThatStopsGivesItsJobBack) {
  start_worker();
  const int64_t id = add("given", {{"slow", true}});
  scene_.wait_for_run("given");
  stop_workers();
  scene_.let_go();
  start_worker();
  expect_made(ended(id, 10), "given");
  EXPECT_EQ(scene_.count("given"), 2);
}

TEST_P(RemoteMachines, ABrokerThatIsKilledForgetsNothing) {
  start_worker();
  start_worker();
  const int64_t ran = add("ran", {{"slow", true}});
  scene_.wait_for_run("ran");
  const int64_t waited = add("waited");
  nats_->kill();
  const int64_t later = add("later");
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  nats_->start();
  std::this_thread::sleep_for(std::chrono::duration<double>(1.5 * kLease));
  scene_.let_go();
  expect_made(ended(ran), "ran");
  expect_made(ended(waited), "waited");
  expect_made(ended(later), "later");
  EXPECT_EQ(scene_.count("ran"), 1) << "whoever takes it asks first whether somebody runs it";
}

TEST_P(RemoteMachines, BytesThatGotLostAreMadeAgain) {
  start_worker();
  const int64_t id = add("lost", {{"slow", true}});
  scene_.wait_for_run("lost");
  close();
  // The worker notes what it made once the server has the bytes; here they are gone when a server looks.
  const auto broker = value_or_throw(connect_broker({.url = nats_->url(), .credentials = {}, .name = "test"}));
  const std::string server = JobStore::open(folder_.path / "store").value()->note("server").get<std::string>();
  RemoteOutcome never;
  never.outputs = {{"text.txt", std::string(64, 'a'), 5}};
  ASSERT_TRUE(value_or_throw(broker->set_once("done." + server + "." + std::to_string(id), never.text())));
  scene_.let_go();
  open();
  expect_made(ended(id), "lost");
}

TEST_P(RemoteMachines, FilesNeedTheTokenOfTheirJob) {
  start_worker();
  const int64_t id = add("closed", {{"slow", true}});
  scene_.wait_for_run("closed");
  const Bytes bytes{'x'};
  EXPECT_EQ(remote_->bring(id, "", std::string(64, 'a'), bytes).error().code, ErrorCode::permission);
  EXPECT_EQ(remote_->bring(id, std::string(64, '0'), std::string(64, 'a'), bytes).error().code, ErrorCode::permission);
  EXPECT_EQ(remote_->file(id, std::string(64, '0'), std::string(64, 'a')).error().code, ErrorCode::permission);
}

INSTANTIATE_TEST_SUITE_P(Nats, RemoteMachines, testing::Values(By::nats), [](const auto&) { return "nats"; });

TEST(Brought, StaysUntilItsJobHasEnded) {
  TemporaryFolder folder;
  const Bytes wanted{'w'}, other{'o'}, earlier{'e'};
  const auto open = [&] { return value_or_throw(JobStore::open(folder.path / "store")); };
  const auto is_there = [&](const Bytes& bytes) { return fs::exists(JobStore::file_of(folder.path / "store", sha256_hex(bytes))); };
  auto store = open();
  store->add({{.recipe = "a"}, {.recipe = "b"}});
  store->start(1);
  store->start(2);
  value_or_throw(store->bring(1, sha256_hex(wanted), wanted));
  value_or_throw(store->bring(1, sha256_hex(earlier), earlier));
  value_or_throw(store->bring(2, sha256_hex(other), other));
  store.reset();  // as if it had been killed
  store = open();
  EXPECT_TRUE(is_there(wanted) && is_there(earlier) && is_there(other));
  store->finish(1, {{"w.txt", sha256_hex(wanted), 1}}, nullptr, 0);
  EXPECT_TRUE(store->cancel(2));
  store.reset();
  store = open();
  EXPECT_TRUE(is_there(wanted)) << "it is a result now";
  EXPECT_FALSE(is_there(earlier)) << "it is of a run that came to nothing";
  EXPECT_FALSE(is_there(other)) << "nobody needs it";
}

TEST(Messages, AreReadBackAndStrangeOnesRefused) {
  const RemoteJob job{
      .server = "0123456789abcdef", .id = 7, .recipe = "create", .fields = {{"prompt", "a fox"}}, .watched = true, .files = "http://h", .token = "t"};
  const auto again = RemoteJob::read(job.text());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->text(), job.text());
  EXPECT_EQ(again->name(), "0123456789abcdef.7");
  const RemotePlace place{"picture", "avx2-f32-2", "0123456789ab"};
  EXPECT_EQ(place.subject("a.b*>", job), "ptah.jobs.picture.avx2-f32-2.0123456789ab.a_b__.0123456789abcdef.7");
  EXPECT_EQ(place.subject("", job), "ptah.jobs.picture.avx2-f32-2.0123456789ab.nobody.0123456789abcdef.7");
  for (const std::string text : {"", "[]", "{}", "{\"version\":2}", "{\"version\":\"1\"}",
                                 R"({"version":1,"server":"../../etc","job":1,"recipe":"create","fields":{},"watched":false,"files":"","token":""})",
                                 R"({"version":1,"server":"0123456789abcdef","job":0,"recipe":"create","fields":{},"watched":false,"files":"","token":""})",
                                 R"({"version":1,"server":"0123456789abcdef","job":1,"recipe":"create","fields":[],"watched":false,"files":"","token":""})"})
    EXPECT_FALSE(RemoteJob::read(text)) << text;
  RemoteOutcome made;
  made.outputs = {{"a.png", std::string(64, 'a'), 5}};
  made.facts = {{"tokens", 3}};
  EXPECT_EQ(value_or_throw(RemoteOutcome::read(made.text())).text(), made.text());
  RemoteOutcome failed;
  failed.error = Error{ErrorCode::corrupt, "why"};
  EXPECT_EQ(value_or_throw(RemoteOutcome::read(failed.text())).error->message, "why");
  for (const char* name : {"../a.png", ".a", "a/b", ""}) {
    made.outputs[0].name = name;
    EXPECT_FALSE(RemoteOutcome::read(made.text())) << name;
  }
  made.outputs[0] = {"a.png", "zz", 5};
  EXPECT_FALSE(RemoteOutcome::read(made.text()));
  EXPECT_FALSE(RemoteOutcome::read(R"({"seconds":1,"error":{"code":99,"message":"x"}})"));
  EXPECT_FALSE(WorkerSeen::read(R"({"name":"a","path":"b","engine":"c","classes":["text"],"slots":100000,"busy":0})"));
  EXPECT_EQ(job_class("paint"), "paint");
  EXPECT_EQ(job_class("say"), "text");
  EXPECT_EQ(job_class("create"), "picture");
}

}  // namespace
}  // namespace ptah
