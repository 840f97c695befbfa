// Many requests to one language model at once: they decode together in one batch, each as it would alone.
#pragma once

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

#include "text/generation.h"

namespace ptah {

struct BatchRequest {
  std::vector<int32_t> prompt;
  GenerationOptions options;                        ///< lookup and draft do not count here
  std::function<void(std::string_view)> show = {};  ///< as in generate(); called on the engine's thread
  std::shared_ptr<const CancelToken> cancel = nullptr;
};

struct BatchLimits {
  int64_t cache_bytes = int64_t{1} << 30;  ///< keys and values of all that run; never exceeded
  int64_t at_once = 16;                    ///< requests that decode together
};

/// Serves requests in the order they come. Each holds the cache that its prompt and answer can need at most from its beginning to its end, so none is thrown
/// out on the way; those for which there is no room wait. Prompts are read a chunk at a time between the steps of the others. May be used from any thread.
class BatchEngine {
 public:
  /// Throws Failure: invalid_argument for limits below 1.
  BatchEngine(LoadedLanguageModel model, const BatchLimits& limits);
  /// Ends what waits and runs as cancelled.
  ~BatchEngine();
  BatchEngine(const BatchEngine&) = delete;
  BatchEngine& operator=(const BatchEngine&) = delete;

  /// The text and tokens are those of generate() with a cache of the same length, byte for byte, whatever else runs. Errors: invalid_argument (options, an
  /// empty prompt, tokens out of range, a context that is too short), over_budget (alone it needs more than cache_bytes), cancelled.
  std::future<Result<Generated>> submit(BatchRequest request);

  struct Load {
    int64_t waiting = 0, running = 0;
    int64_t cache_bytes = 0, most_cache_bytes = 0;  ///< now, and the most there ever was
  };
  Load load() const;

 private:
  struct Job;
  void work();
  void admit();
  void read_prompts();
  void decode();
  void finish(Job& job);
  void fail_job(Job& job, const Error& error);
  /// Does a part of a job; what it throws fails that job alone.
  void attempt(Job& job, const std::function<void()>& part);
  void remove_done();

  const LoadedLanguageModel model_;
  const BatchLimits limits_;
  mutable std::mutex mutex_;  ///< of everything below but what only the engine's thread touches: the jobs in running_
  std::condition_variable news_;
  std::deque<std::unique_ptr<Job>> waiting_;
  std::vector<std::unique_ptr<Job>> running_;
  Load load_;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace ptah
