// Files: read-only memory maps, whole reads with a limit, atomic writes (temporary file, fsync, rename), names that are taken once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
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

/// The whole file; corrupt if it is longer than max_bytes.
Result<Bytes> read_file(const std::filesystem::path& path, size_t max_bytes = size_t{1} << 31);
Result<std::string> read_text(const std::filesystem::path& path, size_t max_bytes = size_t{1} << 28);

/// Writes the parts one after the other so that the path holds either its old bytes or all the new ones, even after a crash. The unfinished file beside it is
/// hidden, has a name that no other writer takes, and can be read by its owner only. `mode`: who may do what with a file that is new; one that is replaced
/// keeps its mode. A link is followed. Errors: not_found (no such folder), permission, no_space, io, invalid_argument for what is no regular file.
Result<void> write_file(const std::filesystem::path& path, const std::vector<std::span<const uint8_t>>& parts, unsigned mode = 0644);
Result<void> write_file(const std::filesystem::path& path, std::string_view text);
Result<void> write_file(const std::filesystem::path& path, std::span<const uint8_t> bytes);
/// The same for a name that must be free: of several processes that try at once, one succeeds. Errors: also invalid_argument if something is there.
Result<void> write_new_file(const std::filesystem::path& path, const std::vector<std::span<const uint8_t>>& parts, unsigned mode = 0644);
Result<void> write_new_file(const std::filesystem::path& path, std::string_view text);
Result<void> write_new_file(const std::filesystem::path& path, std::span<const uint8_t> bytes);
/// Renames a file or folder to a name that must be free. Errors: invalid_argument if something is there, whoever made it; permission, io.
Result<void> rename_new(const std::filesystem::path& from, const std::filesystem::path& to);

/// What names that were made or changed in a folder need to outlast a power cut; nothing on file systems that cannot do it. Errors: io, no_space.
Result<void> sync_folder(const std::filesystem::path& folder);
/// Makes a folder and those above it that are missing, on the disk when this returns. Errors: permission, no_space, io.
Result<void> make_folders(const std::filesystem::path& folder);
/// Removes what writers that were killed left unfinished in a folder. The first write of a process to a folder does this by itself.
void sweep_unfinished(const std::filesystem::path& folder);

/// Keeps other processes out of a folder that take the same lock; they wait. Freed when the object or the process ends.
class FolderLock {
 public:
  /// Errors: not_found, permission, io.
  static Result<FolderLock> take(const std::filesystem::path& folder);
  FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

inline std::span<const uint8_t> as_bytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

/// A folder that appears under its final name only when commit() is called; until then it is hidden and removed on failure.
class StagedFolder {
 public:
  /// Errors: permission, no_space, io.
  static Result<StagedFolder> create(const std::filesystem::path& final_path);
  StagedFolder(StagedFolder&& other) noexcept;
  StagedFolder& operator=(StagedFolder&&) = delete;
  ~StagedFolder();
  const std::filesystem::path& path() const { return path_; }
  const std::filesystem::path& final_path() const { return final_; }
  /// Renames to the final path. Errors: invalid_argument if something is there that is no empty folder; io.
  Result<void> commit();
  /// Renames to the final path, or with -2, -3 … behind it: the first name that is free. Returns it.
  Result<std::filesystem::path> commit_counted();
  /// Changes places with the folder at the final path in one step (none there: as commit()). Of the old folder the files named are removed; what else is in it
  /// moves into the new one. Errors: unsupported if the file system cannot exchange (nothing was changed), invalid_argument for what is no folder; io.
  Result<void> replace(const std::vector<std::string>& removable);

 private:
  StagedFolder() = default;
  std::filesystem::path path_, final_;
  int lock_ = -1;  ///< open and locked, so that nobody sweeps it
};

}  // namespace ptah
