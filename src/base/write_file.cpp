#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <set>

#include "base/descriptor.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/sha256.h"
#include "base/text.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kUnfinished = ".part", kReplaced = ".replaced";
constexpr size_t kRandomDigits = 16;
constexpr size_t kMaxNamePart = 180;  ///< bytes of a hidden name that are taken from the final one; most file systems allow 255 in all

/// ".NAME.PROCESS-RANDOM.part": nobody else takes it, and a later process knows it as unfinished.
std::string hidden_name(const fs::path& path, std::string_view ending) {
  std::array<uint8_t, kRandomDigits / 2> random{};
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) throw Failure({ErrorCode::io, "the system gives no random bytes"});
  return fmt::format(".{}.{}-{}{}", beginning(path.filename().string(), kMaxNamePart), ::getpid(), hex(random), ending);
}

bool is_unfinished(std::string_view name) {
  if (!name.starts_with('.') || !name.ends_with(kUnfinished)) return false;
  name.remove_suffix(kUnfinished.size());
  if (name.size() < kRandomDigits + 4) return false;
  const std::string_view random = name.substr(name.size() - kRandomDigits);
  name.remove_suffix(kRandomDigits);
  if (!is_hex(random, kRandomDigits) || name.back() != '-') return false;
  name.remove_suffix(1);
  const size_t digits = name.find_last_not_of("0123456789");
  return digits != std::string_view::npos && digits > 0 && digits + 1 < name.size() && name[digits] == '.';
}

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

/// Why nothing can be made at `path`: the folder is missing, is none, or cannot be written to.
tl::unexpected<Error> cannot_create(const fs::path& path) {
  const int number = errno;
  const std::string folder = folder_of(path).string();
  std::error_code problem;
  if (number == ENOENT || number == ENOTDIR) {
    const char* what = fs::exists(folder, problem) ? "is no folder" : "does not exist";
    return fail(ErrorCode::not_found, "cannot create {}: the folder {} {}", path.string(), folder, what);
  }
  errno = number;
  if (number == EACCES || number == EPERM || number == EROFS)
    return fail_errno(fmt::format("cannot create {}: the folder {} cannot be written to", path.string(), folder));
  return fail_errno("cannot create " + path.string());
}

tl::unexpected<Error> exists_already(const fs::path& path) { return fail(ErrorCode::invalid_argument, "{} exists already", path.string()); }

/// What new files may be, from /proc: asking by umask() would change it for other threads.
unsigned umask_of_process() {
  unsigned mask = 022;
  const Descriptor status(::open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  char text[512];
  const ssize_t size = status.get() < 0 ? -1 : ::read(status.get(), text, sizeof(text) - 1);
  if (size <= 0) return mask;
  text[size] = 0;
  if (const char* at = std::strstr(text, "Umask:")) mask = static_cast<unsigned>(std::strtoul(at + 6, nullptr, 8));
  return mask;
}

/// The mode of a file that is written: what is to be private stays so, whatever the one it replaces is.
unsigned mode_of(const struct stat* replaced, unsigned mode) {
  if (!replaced) return mode & ~umask_of_process();
  const unsigned old = replaced->st_mode & 07777;
  return (mode & 077) == 0 ? old & ~077U : old;
}

Result<void> write_all(int descriptor, std::span<const uint8_t> bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno("cannot write " + path.string());
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return {};
}

/// Locks what was just made; false if a sweeper was faster and it is gone.
bool lock_new(int descriptor) {
  while (::flock(descriptor, LOCK_EX) != 0)
    if (errno != EINTR) return true;  // a file system without locks
  struct stat info {};
  return ::fstat(descriptor, &info) == 0 && info.st_nlink > 0;
}

/// A hidden file beside the final one, removed unless it was renamed.
class UnfinishedFile {
 public:
  static Result<UnfinishedFile> create(const fs::path& final_path) {
    for (int attempt = 0;; ++attempt) {
      UnfinishedFile out(folder_of(final_path) / hidden_name(final_path, kUnfinished));
      out.file_ = ::open(out.path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
      if (out.file_ < 0) {
        out.path_.clear();
        if (errno == EEXIST && attempt < 8) continue;
        return cannot_create(final_path);
      }
      if (lock_new(out.file_)) return out;
      if (attempt >= 8) return fail(ErrorCode::io, "cannot create {}: something removes it again and again", final_path.string());
    }
  }
  UnfinishedFile(UnfinishedFile&& other) noexcept : path_(std::exchange(other.path_, {})), file_(std::exchange(other.file_, -1)) {}
  UnfinishedFile& operator=(UnfinishedFile&&) = delete;
  ~UnfinishedFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
    if (file_ >= 0) ::close(file_);  // and the lock with it
  }
  Result<void> fill(const std::vector<std::span<const uint8_t>>& parts, unsigned mode, const fs::path& final_path) const {
    for (const auto& bytes : parts) PTAH_TRY_VOID(write_all(file_, bytes, final_path));
    if (mode != 0600 && ::fchmod(file_, mode) != 0 && errno != EPERM && errno != ENOTSUP) return fail_errno("cannot set the mode of " + final_path.string());
    if (::fsync(file_) != 0) return fail_errno("cannot flush " + final_path.string());
    return {};
  }
  const fs::path& path() const { return path_; }
  void renamed() { path_.clear(); }

 private:
  explicit UnfinishedFile(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
  int file_ = -1;
};

void remove_unfinished(const fs::path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0 || info.st_uid != ::geteuid() || !(S_ISREG(info.st_mode) || S_ISDIR(info.st_mode))) return;
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.get() < 0 || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return;  // its writer lives
  std::error_code ignored;
  if (S_ISDIR(info.st_mode))
    fs::remove_all(path, ignored);
  else
    ::unlink(path.c_str());
}

void sweep_once(const fs::path& folder) {
  static std::mutex mutex;
  static std::set<fs::path> swept;
  static pid_t owner = 0;
  std::error_code problem;
  const fs::path whole = fs::absolute(folder, problem);
  {
    const std::lock_guard lock(mutex);
    if (std::exchange(owner, ::getpid()) != ::getpid()) swept.clear();  // a child of a process that swept
    if (!swept.insert(whole).second) return;
  }
  sweep_unfinished(folder);
}

/// A folder's path without a slash at its end; links are followed.
fs::path plain_folder(const fs::path& path) {
  std::error_code problem;
  if (fs::is_directory(path, problem)) {
    fs::path real = fs::canonical(path, problem);
    if (!problem && (fs::is_symlink(path, problem) || path.filename().empty() || path.filename() == "." || path.filename() == "..")) return real;
  }
  return path.has_filename() ? path : path.parent_path();
}

}  // namespace

Result<void> sync_folder(const fs::path& folder) {
  const Descriptor directory(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::fsync(directory.get()) == 0) return {};
  if (errno == EINVAL || errno == ENOTSUP || errno == EROFS) return {};
  return fail_errno("cannot flush the folder " + folder.string());
}

void sweep_unfinished(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code problem;
  for (fs::directory_iterator at(folder.empty() ? fs::path(".") : folder, problem), end; !problem && at != end; at.increment(problem))
    if (is_unfinished(at->path().filename().string())) found.push_back(at->path());
  for (const fs::path& path : found) remove_unfinished(path);
}

Result<void> rename_new(const fs::path& from, const fs::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return sync_folder(folder_of(to));
  if (errno == EEXIST) return exists_already(to);
  if (errno != EINVAL && errno != ENOSYS && errno != ENOTSUP) return fail_errno("cannot rename to " + to.string());
  // File systems that do not know it: the name is taken by what fails if it is there.
  std::error_code problem;
  if (fs::is_directory(fs::symlink_status(from, problem))) {
    if (::mkdir(to.c_str(), 0700) != 0) return errno == EEXIST ? exists_already(to) : cannot_create(to);
    if (::rename(from.c_str(), to.c_str()) != 0) {
      const int number = errno;
      ::rmdir(to.c_str());
      errno = number;
      return fail_errno("cannot rename to " + to.string());
    }
    return sync_folder(folder_of(to));
  }
  if (::link(from.c_str(), to.c_str()) == 0) {
    ::unlink(from.c_str());
    return sync_folder(folder_of(to));
  }
  if (errno == EEXIST) return exists_already(to);
  if (errno != EPERM && errno != ENOTSUP && errno != ENOSYS && errno != EMLINK) return fail_errno("cannot rename to " + to.string());
  const Descriptor taken(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (taken.get() < 0) return errno == EEXIST ? exists_already(to) : cannot_create(to);
  if (::rename(from.c_str(), to.c_str()) != 0) return fail_errno("cannot rename to " + to.string());
  return sync_folder(folder_of(to));
}

Result<void> write_new_file(const fs::path& path, const std::vector<std::span<const uint8_t>>& parts, unsigned mode) {
  if (!path.has_filename()) return fail(ErrorCode::invalid_argument, "'{}' is no name of a file", path.string());
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0) return exists_already(path);  // before much is written; what counts comes at the end
  sweep_once(folder_of(path));
  PTAH_TRY(UnfinishedFile file, UnfinishedFile::create(path));
  PTAH_TRY_VOID(file.fill(parts, mode & ~umask_of_process(), path));
  PTAH_TRY_VOID(rename_new(file.path(), path));
  file.renamed();
  return {};
}

Result<void> write_file(const fs::path& named, const std::vector<std::span<const uint8_t>>& parts, unsigned mode) {
  if (!named.has_filename()) return fail(ErrorCode::invalid_argument, "'{}' is no name of a file", named.string());
  std::error_code problem;
  fs::path path = named;
  if (fs::is_symlink(named, problem)) {
    path = fs::weakly_canonical(named, problem);
    if (problem) return fail(ErrorCode::io, "cannot follow the link {}: {}", named.string(), problem.message());
  }
  struct stat info {};
  const bool there = ::lstat(path.c_str(), &info) == 0;
  if (there && !S_ISREG(info.st_mode)) return fail(ErrorCode::invalid_argument, "cannot write {}: it is no regular file", named.string());
  sweep_once(folder_of(path));
  PTAH_TRY(UnfinishedFile file, UnfinishedFile::create(path));
  PTAH_TRY_VOID(file.fill(parts, mode_of(there ? &info : nullptr, mode), path));
  if (::rename(file.path().c_str(), path.c_str()) != 0) return fail_errno("cannot rename to " + path.string());
  file.renamed();
  return sync_folder(folder_of(path));
}

Result<void> write_file(const fs::path& path, std::string_view text) { return write_file(path, {as_bytes(text)}); }
Result<void> write_file(const fs::path& path, std::span<const uint8_t> bytes) { return write_file(path, std::vector<std::span<const uint8_t>>{bytes}); }
Result<void> write_new_file(const fs::path& path, std::string_view text) { return write_new_file(path, {as_bytes(text)}); }
Result<void> write_new_file(const fs::path& path, std::span<const uint8_t> bytes) { return write_new_file(path, std::vector<std::span<const uint8_t>>{bytes}); }

Result<void> make_folders(const fs::path& folder) {
  std::error_code problem;
  if (folder.empty() || fs::is_directory(folder, problem)) return {};
  if (folder.has_parent_path() && folder.parent_path() != folder) PTAH_TRY_VOID(make_folders(folder.parent_path()));
  if (!folder.has_filename()) return {};  // "a/" is "a"
  if (::mkdir(folder.c_str(), 0755) != 0) {
    if (errno != EEXIST) return cannot_create(folder);
    if (!fs::is_directory(folder, problem)) return fail(ErrorCode::invalid_argument, "cannot create the folder {}: a file has this name", folder.string());
    return {};
  }
  return sync_folder(folder_of(folder));
}

Result<FolderLock> FolderLock::take(const fs::path& folder) {
  FolderLock lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (lock.descriptor_ < 0) return fail_errno("cannot open the folder " + folder.string());
  while (::flock(lock.descriptor_, LOCK_EX) != 0)
    if (errno != EINTR) return fail_errno("cannot lock the folder " + folder.string());
  return lock;
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<StagedFolder> StagedFolder::create(const fs::path& final_path) {
  StagedFolder folder;
  folder.final_ = plain_folder(final_path);
  if (folder.final_.filename().empty() || folder.final_.filename() == "." || folder.final_.filename() == "..")
    return fail(ErrorCode::invalid_argument, "'{}' is no name of a new folder", final_path.string());
  if (std::error_code problem; fs::equivalent(folder.final_, ".", problem))
    return fail(ErrorCode::invalid_argument, "{} is the folder this runs in; name a new one", final_path.string());
  const fs::path parent = folder_of(folder.final_);
  PTAH_TRY_VOID(make_folders(parent));
  sweep_once(parent);
  for (int attempt = 0; attempt < 8; ++attempt) {
    fs::path path = parent / hidden_name(folder.final_, kUnfinished);
    if (::mkdir(path.c_str(), 0755) != 0) return cannot_create(final_path);
    folder.path_ = std::move(path);
    folder.lock_ = ::open(folder.path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder.lock_ < 0) continue;  // a sweeper was faster
    if (lock_new(folder.lock_)) return folder;
    ::close(std::exchange(folder.lock_, -1));
  }
  return fail(ErrorCode::io, "cannot create {}: something removes it again and again", final_path.string());
}

StagedFolder::StagedFolder(StagedFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})), final_(std::move(other.final_)), lock_(std::exchange(other.lock_, -1)) {}

StagedFolder::~StagedFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
  if (lock_ >= 0) ::close(lock_);
}

Result<void> StagedFolder::commit() {
  PTAH_TRY_VOID(sync_folder(path_));
  std::error_code problem;
  if (fs::is_directory(fs::symlink_status(final_, problem))) {  // an empty one gives way, another one does not
    if (::rename(path_.c_str(), final_.c_str()) != 0) {
      if (errno == ENOTEMPTY || errno == EEXIST) return fail(ErrorCode::invalid_argument, "{} exists already and is not empty", final_.string());
      return fail_errno("cannot rename to " + final_.string());
    }
    path_.clear();
    return sync_folder(folder_of(final_));
  }
  PTAH_TRY_VOID(rename_new(path_, final_));
  path_.clear();
  return {};
}

Result<fs::path> StagedFolder::commit_counted() {
  PTAH_TRY_VOID(sync_folder(path_));
  for (int64_t number = 1;; ++number) {
    const fs::path name = number == 1 ? final_ : fs::path(fmt::format("{}-{}", final_.string(), number));
    struct stat info {};
    if (::lstat(name.c_str(), &info) == 0) continue;
    if (const auto renamed = rename_new(path_, name); renamed) {
      path_.clear();
      return name;
    } else if (::lstat(name.c_str(), &info) != 0) {
      return tl::unexpected(renamed.error());
    }
  }
}

Result<void> StagedFolder::replace(const std::vector<std::string>& removable) {
  std::error_code problem;
  const auto there = fs::symlink_status(final_, problem);
  if (!fs::exists(there)) return commit();
  if (!fs::is_directory(there)) return fail(ErrorCode::invalid_argument, "{} is no folder", final_.string());
  PTAH_TRY_VOID(sync_folder(path_));
  // From now on it is not swept: it holds the old folder in a moment.
  const fs::path aside = folder_of(final_) / hidden_name(final_, kReplaced);
  PTAH_TRY_VOID(rename_new(path_, aside));
  path_ = aside;
  if (::renameat2(AT_FDCWD, aside.c_str(), AT_FDCWD, final_.c_str(), RENAME_EXCHANGE) != 0) {
    if (errno == EINVAL || errno == ENOSYS || errno == ENOTSUP || errno == EXDEV)
      return fail(ErrorCode::unsupported, "the file system of {} cannot exchange two folders in one step; choose another name, or move the old one away",
                  final_.string());
    return fail_errno("cannot replace " + final_.string());
  }
  path_.clear();  // what is there now is not ours to remove as a whole
  PTAH_TRY_VOID(sync_folder(folder_of(final_)));
  for (const std::string& name : removable) ::unlink((aside / name).c_str());
  std::vector<fs::path> others;
  for (fs::directory_iterator at(aside, problem), end; !problem && at != end; at.increment(problem)) others.push_back(at->path());
  for (const fs::path& other : others) (void)rename_new(other, final_ / other.filename());
  if (::rmdir(aside.c_str()) != 0) return fail(ErrorCode::io, "{} was replaced; what else was in it is kept in {}", final_.string(), aside.string());
  return sync_folder(folder_of(final_));
}

}  // namespace ptah
