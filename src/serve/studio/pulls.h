// Models that are being fetched, one thread each.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/progress.h"

namespace ptah {

/// How far a model is.
struct PullState {
  enum class Status { running, done, failed, cancelled };
  Status status = Status::running;
  int64_t bytes = 0, total = 0;  ///< of the file that is coming; 0: not known
  std::string message;           ///< why it failed
};
const char* name_of(PullState::Status status);

/// For several threads.
class ModelPulls {
 public:
  static constexpr size_t kMaxAtOnce = 2;
  explicit ModelPulls(std::filesystem::path folder) : folder_(std::move(folder)) {}
  ~ModelPulls();
  ModelPulls(const ModelPulls&) = delete;
  ModelPulls& operator=(const ModelPulls&) = delete;

  /// Begins to fetch a model by its name, or from "hf:OWNER/REPO[/FILE]" or an address. Errors: invalid_argument (it is being fetched; too many at once).
  Result<void> begin(const std::string& source, bool accept_terms);
  /// False if it is not being fetched.
  bool cancel(const std::string& source);
  /// By source; also of those that have ended, until they are begun again.
  std::map<std::string, PullState> states() const;

 private:
  struct Pull {
    PullState state;
    CancelToken token;
    std::thread thread;
  };
  void run(Pull& pull, const std::string& source, bool accept_terms);

  std::filesystem::path folder_;
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Pull>> pulls_;
};

}  // namespace ptah
