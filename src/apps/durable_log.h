// Records that are on the disk before anybody hears of them.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <mutex>
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
  /// Returns when the record is on the disk. After an error nothing more is taken. Errors: io, no_space.
  Result<void> append(const Json& record);

 private:
  DurableLog() = default;
  Result<void> write_all(const std::string& text);
  int file_ = -1;
  std::mutex mutex_;
  std::condition_variable done_;
  std::string last_;               ///< hash of the last line
  std::string waiting_;            ///< lines that nobody writes yet
  uint64_t taken_ = 0, safe_ = 0;  ///< records, in all
  bool writing_ = false;
  std::optional<Error> broken_;
};

}  // namespace ptah
