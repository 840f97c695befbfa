// Files: read-only memory maps, whole reads with a limit, atomic writes (temporary file, fsync, rename).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace ptah {

using Bytes = std::vector<uint8_t>;

/// A file mapped read-only into memory for as long as the object lives.
class MappedFile {
 public:
  /// Errors: not_found, permission, io.
  static Result<std::shared_ptr<MappedFile>> open(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::span<const uint8_t> bytes() const { return {data_, size_}; }
  /// Tells the system that the bytes will not be read again soon (they stay readable).
  void forget() const;

 private:
  MappedFile() = default;
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
};

/// Tells the system that these bytes will not be read again soon, if they lie in a mapped file (they stay readable); else nothing happens.
void forget_mapped(const void* data, size_t bytes);

/// An environment variable; empty if it is not set.
std::string environment(const char* name);
/// Where what a user makes is kept: $XDG_DATA_HOME/ptah, else ~/.local/share/ptah; empty without a home.
std::filesystem::path user_data_folder();

/// Where what can be fetched again is kept: $PTAH_CACHE, else $XDG_CACHE_HOME/ptah, else ~/.cache/ptah; empty without a home.
std::filesystem::path user_cache_folder();
/// Where something that comes with the program may lie, likeliest first: the folder that an environment variable names and nowhere else, or `in_source` in
/// every folder above the running program, then `installed` beside the folder that it lies in.
std::vector<std::filesystem::path> shipped_folders(const char* variable, const std::string& in_source, const std::string& installed);

/// The whole file; corrupt if it is longer than most_bytes.
Result<Bytes> read_file(const std::filesystem::path& path, size_t most_bytes = size_t{1} << 31);
Result<std::string> read_text(const std::filesystem::path& path, size_t most_bytes = size_t{1} << 28);

/// Writes the parts one after the other so that the path holds either its old bytes or all the new ones, even after a crash.
/// `mode`: who may do what with a file that is new.
Result<void> write_file(const std::filesystem::path& path, const std::vector<std::span<const uint8_t>>& parts, unsigned mode = 0644);
Result<void> write_file(const std::filesystem::path& path, std::string_view text);
Result<void> write_file(const std::filesystem::path& path, std::span<const uint8_t> bytes);

inline std::span<const uint8_t> as_bytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

/// A folder that appears under its final name only when commit() is called; until then it is hidden and removed on failure.
class StagedFolder {
 public:
  static Result<StagedFolder> create(const std::filesystem::path& final_path);
  StagedFolder(StagedFolder&& other) noexcept;
  StagedFolder& operator=(StagedFolder&&) = delete;
  ~StagedFolder();
  const std::filesystem::path& path() const { return path_; }
  /// Renames to the final path (which must not exist, or be an empty folder).
  Result<void> commit();

 private:
  StagedFolder() = default;
  std::filesystem::path path_, final_;
};

}  // namespace ptah
