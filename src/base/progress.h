// Progress reports and cancellation, the same for every job.
#pragma once

#include <atomic>
#include <functional>
#include <string_view>

#include "base/error.h"

namespace ptah {

struct Progress {
  std::string_view stage;   ///< what is being done, e.g. "draw"
  double fraction = 0;      ///< of the whole job, 0 to 1
  double seconds_left = 0;  ///< estimate; negative while unknown
};

/// Called on the job's own thread; must be quick.
using ProgressCallback = std::function<void(const Progress&)>;

/// Set from any thread or signal handler; a job looks at it between steps.
class CancelToken {
 public:
  CancelToken() = default;
  /// Cancelled too when `above` is, which must live longer (or be null).
  explicit CancelToken(const CancelToken* above) : above_(above) {}
  void cancel() { flag_.store(true, std::memory_order_relaxed); }
  bool cancelled() const { return flag_.load(std::memory_order_relaxed) || (above_ && above_->cancelled()); }
  Result<void> check() const {
    if (cancelled()) return fail(ErrorCode::cancelled, "cancelled");
    return {};
  }

 private:
  std::atomic<bool> flag_{false};
  const CancelToken* above_ = nullptr;
};

/// Throws Failure (cancelled) if there is a token and it is cancelled.
inline void stop_if_cancelled(const CancelToken* cancel) {
  if (cancel) value_or_throw(cancel->check());
}

}  // namespace ptah
