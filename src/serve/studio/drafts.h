// What a request will be about, drawn at once beside the queue: for somebody who is still typing.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "jobs/worker.h"

namespace ptah {

/// One process of its own draws them, one after the other. Nothing is kept. For several threads.
class Drafts {
 public:
  static constexpr double kMaxSeconds = 20;    ///< what takes longer is no draft
  static constexpr double kOldSeconds = 0.25;  ///< a newer one of the same owner cancels one that has run for so long

  /// `budget_bytes`: of each, 0: none. The worker gives its memory back after `rest_seconds` without anything to do.
  Drafts(std::unique_ptr<JobWorker> worker, int64_t budget_bytes, double rest_seconds);
  ~Drafts();
  Drafts(const Drafts&) = delete;
  Drafts& operator=(const Drafts&) = delete;

  /// The bytes of the first file of a work with this ending ("png", "glb"). A newer draft of the same owner takes the place of one that waits. Errors:
  /// cancelled (by a newer one, or `gone`); over_budget (it takes too long); invalid_argument (no such file comes of it); those of the recipe.
  Result<Bytes> draw(const NewJob& asked, const std::string& ending, const std::string& owner, const CancelToken* gone);

 private:
  using Clock = std::chrono::steady_clock;
  void rest_when_idle();

  std::unique_ptr<JobWorker> worker_;
  const int64_t budget_bytes_;
  const std::chrono::duration<double> rest_;
  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t count_ = 0;
  std::map<std::string, uint64_t> newest_;  ///< by owner; only of those that wait or run
  bool busy_ = false, warm_ = false, stopping_ = false;
  std::string running_;  ///< whose
  std::shared_ptr<CancelToken> token_;
  Clock::time_point began_{};
  std::thread resting_;
};

}  // namespace ptah
