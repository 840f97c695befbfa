// What has the queued jobs of a store done: workers of this program (runner.h), or of other machines (remote/remote_queue.h). One test suite is for both
// (tests/jobs/queue_test.cpp).
#pragma once

#include <cstdint>

#include "base/error.h"

namespace ptah {

/// run() is for one thread, the rest for any.
class JobQueue {
 public:
  virtual ~JobQueue() = default;
  /// Until none is queued, or until it is cancelled. What a recipe refuses fails its job and no other one. A job whose workers end with it is done by others,
  /// and fails when it has ended so many that it must be the reason. Errors: cancelled; those of the store.
  virtual Result<void> run() = 0;
  /// There may be a new job.
  virtual void wake() = 0;
  /// Cancels a job that is queued or running: it ends within one step or token. False if it has ended.
  virtual bool cancel(int64_t id) = 0;
};

}  // namespace ptah
