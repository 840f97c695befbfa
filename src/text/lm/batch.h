// Many requests to one language model at once: they decode together in one batch, each as it would alone.
#pragma once

#include <condition_variable>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

#include "text/lm/generation.h"
#include "text/lm/prefix_cache.h"

namespace ptah {

struct BatchRequest {
  std::vector<int32_t> prompt;
  GenerationOptions options;                        ///< lookup and draft do not count here
  std::function<void(std::string_view)> show = {};  ///< as in generate(); called on the engine's thread
  std::shared_ptr<const CancelToken> cancel = nullptr;
};

struct BatchLimits {
  int64_t cache_bytes = int64_t{1} << 30;       ///< keys and values of all that run, and of beginnings that are kept, in pages; never exceeded
  int64_t at_once = 16;                         ///< requests that decode together
  CacheType cache_type = default_cache_type();  ///< q8: half the bytes of bf16
  bool keep_beginnings = true;                  ///< of prompts, in whole chunks, for later requests that begin alike
};

/// Serves requests in the order they come. For each there is room for what its prompt and answer can need at most from its beginning to its end, so none is
/// thrown out on the way; those for which there is no room wait, after kept beginnings that nobody uses were forgotten, the oldest first. Prompts are read a
/// chunk at a time between the steps of the others; what an earlier prompt began with is not read again. May be used from any thread.
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
    int64_t cache_bytes = 0, max_cache_bytes = 0;  ///< reserved and kept now, and the most there ever was
    int64_t kept_bytes = 0;                        ///< of these: beginnings of prompts
    int64_t reused_tokens = 0;                     ///< of prompts, not read again
  };
  Load load() const;

 private:
  struct Job;
  void work();
  void admit();
  /// Room for a job within the budget, if need be by forgetting beginnings.
  bool make_room(Job& job);
  void keep_beginning(Job& job);
  void count_bytes();  ///< with the mutex held
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
  PrefixCache beginnings_;  ///< the engine's thread's alone
  Load load_;
  bool closing_ = false;
  std::thread thread_;
};

}  // namespace ptah
