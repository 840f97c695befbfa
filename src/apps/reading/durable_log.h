// Records that are on the disk before anybody hears of them.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"

namespace ptah {

/// A file of JSON lines that only grows; each line holds the hash of what stands before it, so that a changed or missing line is seen. Calls at the same time
/// share one write and one fdatasync.
class DurableLog {
 public:
  /// Opens or begins it; `records` gets what stands in it. A last line that was cut while it was written is taken off. Errors: corrupt (a changed line), busy
  /// (another process has it open: invalid_argument), io.
  static Result<std::unique_ptr<DurableLog>> open(const std::filesystem::path& file, std::vector<Json>& records);
  ~DurableLog();
  DurableLog(const DurableLog&) = delete;
  /// Returns when the record is on the disk. After an error the file is as before the call, and a later call is tried again: a disk that was full for a while
  /// needs no restart. Errors: io, no_space.
  Result<void> append(const Json& record);

 private:
  DurableLog() = default;
  /// Records that are written together.
  struct Batch {
    std::vector<std::string> texts;
    bool done = false;
    std::optional<Error> error;
  };
  Result<void> write_all(const std::string& text);
  Result<void> write_batch(const Batch& batch);  ///< one thread at a time
  int file_ = -1;
  std::mutex mutex_;
  std::condition_variable done_;
  std::shared_ptr<Batch> next_;  ///< that nobody writes yet
  bool writing_ = false;
  // Of the thread that writes:
  std::string last_;   ///< hash of the last line on the disk
  int64_t safe_ = 0;   ///< bytes up to its end
  bool torn_ = false;  ///< the file may be longer
};

}  // namespace ptah
