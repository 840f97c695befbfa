#include "serve/studio/drafts.h"

#include "base/text.h"

namespace ptah {

namespace {

Error superseded() { return {ErrorCode::cancelled, "a newer draft took its place"}; }

}  // namespace

Drafts::Drafts(std::unique_ptr<JobWorker> worker, int64_t budget_bytes, double rest_seconds)
    : worker_(std::move(worker)), budget_bytes_(budget_bytes), rest_(rest_seconds), resting_([this] { rest_when_idle(); }) {}

Drafts::~Drafts() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (token_) token_->cancel();
  }
  changed_.notify_all();
  resting_.join();
}

Result<Bytes> Drafts::draw(const NewJob& asked, const std::string& ending, const std::string& owner, const CancelToken* gone) {
  std::unique_lock lock(mutex_);
  const uint64_t mine = newest_[owner] = ++count_;
  if (busy_ && running_ == owner && Clock::now() - began_ > std::chrono::duration<double>(kOldSeconds)) token_->cancel();
  changed_.notify_all();
  auto out = [&]() -> Result<Bytes> {
    while (busy_) {
      changed_.wait_for(lock, std::chrono::milliseconds(100));  // a client that leaves is seen then
      if (newest_[owner] != mine) return tl::unexpected(superseded());
      if (stopping_ || (gone && gone->cancelled())) return fail(ErrorCode::cancelled, "cancelled");
    }
    busy_ = warm_ = true;
    running_ = owner;
    began_ = Clock::now();
    token_ = std::make_shared<CancelToken>();
    const auto token = token_;
    lock.unlock();
    Job job;
    static_cast<NewJob&>(job) = asked;
    job.draft = ending;
    bool late = false;
    const auto look = [&](const Json&) {
      late = Clock::now() - began_ > std::chrono::duration<double>(kMaxSeconds);
      if (late || (gone && gone->cancelled())) token->cancel();
    };
    auto done = guard([&] { return worker_->run(job, budget_bytes_, look, token.get()); });
    // The worker that was told to stop by the draft before may have ended only now; another one is asked.
    if (!done && !worker_->alive() && !token->cancelled()) done = guard([&] { return worker_->run(job, budget_bytes_, look, token.get()); });
    lock.lock();
    busy_ = false;
    if (late) return fail(ErrorCode::over_budget, "a draft of this takes more than {} seconds; ask for the work itself", kMaxSeconds);
    if (!done && done.error().code == ErrorCode::cancelled) return tl::unexpected(superseded());
    if (!done) return tl::unexpected(done.error());
    PTAH_TRY(const std::string bytes, from_base64(text_at(done->facts, "draft")));
    return Bytes(bytes.begin(), bytes.end());
  }();
  if (const auto found = newest_.find(owner); found != newest_.end() && found->second == mine) newest_.erase(found);
  changed_.notify_all();
  return out;
}

void Drafts::rest_when_idle() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    changed_.wait_for(lock, std::max(rest_ / 4, std::chrono::duration<double>(0.1)));
    if (stopping_ || busy_ || !warm_ || Clock::now() - began_ < rest_) continue;
    worker_->rest();
    warm_ = false;
  }
}

}  // namespace ptah
