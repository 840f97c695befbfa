#include "base/file.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <mutex>
#include <utility>

#include "base/descriptor.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// Opens a file for reading. Nothing waits at a pipe, and nothing but a regular file is read: a device has no end.
Result<Descriptor> open_regular(const fs::path& path, struct stat& info) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.get() < 0) return fail_errno("cannot open " + path.string());
  if (::fstat(file.get(), &info) != 0) return fail_errno("cannot stat " + path.string());
  if (!S_ISREG(info.st_mode)) return fail(ErrorCode::invalid_argument, "{} is not a regular file", path.string());
  return file;
}

/// Where files are mapped now: begin → size.
struct Mappings {
  std::mutex mutex;
  std::map<uintptr_t, size_t> ranges;
};
Mappings& mappings() {
  static Mappings* const all = new Mappings;  // outlives every static model that maps a file
  return *all;
}

}  // namespace

Result<std::shared_ptr<MappedFile>> MappedFile::open(const fs::path& path) {
  struct stat info {};
  PTAH_TRY(const Descriptor file, open_regular(path, info));
  std::shared_ptr<MappedFile> mapped(new MappedFile);
  mapped->size_ = static_cast<size_t>(info.st_size);
  if (mapped->size_ > 0) {
    void* data = ::mmap(nullptr, mapped->size_, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (data == MAP_FAILED) return fail_errno("cannot map " + path.string());
    mapped->data_ = static_cast<const uint8_t*>(data);
    const std::lock_guard lock(mappings().mutex);
    mappings().ranges[reinterpret_cast<uintptr_t>(data)] = mapped->size_;
  }
  return mapped;
}

MappedFile::~MappedFile() {
  if (!data_) return;
  {
    const std::lock_guard lock(mappings().mutex);
    mappings().ranges.erase(reinterpret_cast<uintptr_t>(data_));
  }
  ::munmap(const_cast<uint8_t*>(data_), size_);
}

void MappedFile::forget() const {
  if (data_) ::madvise(const_cast<uint8_t*>(data_), size_, MADV_DONTNEED);
}

void forget_mapped(const void* data, size_t bytes) {
  const auto begin = reinterpret_cast<uintptr_t>(data);
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const uintptr_t first = (begin + page - 1) / page * page, last = (begin + bytes) / page * page;
  if (first >= last) return;
  const std::lock_guard lock(mappings().mutex);
  auto found = mappings().ranges.upper_bound(begin);
  if (found == mappings().ranges.begin()) return;
  --found;
  if (begin + bytes <= found->first + found->second) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

fs::path user_data_folder() {
  if (const std::string data = environment("XDG_DATA_HOME"); !data.empty()) return fs::path(data) / "ptah";
  if (const std::string home = environment("HOME"); !home.empty()) return fs::path(home) / ".local" / "share" / "ptah";
  return {};
}

fs::path user_cache_folder() {
  if (const std::string cache = environment("PTAH_CACHE"); !cache.empty()) return fs::path(cache);
  if (const std::string cache = environment("XDG_CACHE_HOME"); !cache.empty()) return fs::path(cache) / "ptah";
  if (const std::string home = environment("HOME"); !home.empty()) return fs::path(home) / ".cache" / "ptah";
  return {};
}

namespace {
std::atomic<const char*> known_prefix{nullptr};

/// The program or shared library that this code is in.
fs::path own_binary() {
  Dl_info info{};
  std::error_code problem;
  if (::dladdr(reinterpret_cast<const void*>(&own_binary), &info) == 0 || !info.dli_fname) return {};
  return fs::canonical(info.dli_fname, problem);
}
}  // namespace

namespace detail {
bool installed_at(const char* prefix);  // include/ptah/engine.h calls it
}

bool detail::installed_at(const char* prefix) {
  known_prefix = prefix;
  return true;
}

std::vector<fs::path> shipped_folders(const char* variable, const std::string& in_source, const std::string& installed) {
  if (const std::string set = environment(variable); !set.empty()) return {set};
  std::vector<fs::path> out;
  std::error_code problem;
  const fs::path program = fs::read_symlink("/proc/self/exe", problem);
  for (fs::path at = program.parent_path(); at.has_relative_path(); at = at.parent_path()) out.push_back(at / in_source);
  out.push_back(program.parent_path().parent_path() / installed);
  // A program that links the library may lie anywhere: the library's own folders, and where its package was found.
  for (fs::path at = own_binary().parent_path(); at.has_relative_path(); at = at.parent_path()) {
    out.push_back(at / installed);
    out.push_back(at / in_source);
  }
  if (const char* prefix = known_prefix) out.push_back(fs::path(prefix) / installed);
  out.push_back(fs::path(PTAH_DEFAULT_PREFIX) / installed);
  return out;
}

Result<Bytes> read_file(const fs::path& path, size_t max_bytes) {
  struct stat info {};
  PTAH_TRY(const Descriptor file, open_regular(path, info));
  const auto size = static_cast<size_t>(info.st_size);
  if (size > max_bytes) return fail(ErrorCode::corrupt, "{} has {} bytes; at most {} are read", path.string(), size, max_bytes);
  Bytes out(size);
  for (size_t at = 0; at < size;) {
    const ssize_t count = ::read(file.get(), out.data() + at, size - at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail_errno("cannot read " + path.string());
    if (count == 0) return fail(ErrorCode::io, "{} became shorter while it was read", path.string());
    at += static_cast<size_t>(count);
  }
  return out;
}

Result<std::string> read_text(const fs::path& path, size_t max_bytes) {
  PTAH_TRY(const auto bytes, read_file(path, max_bytes));
  return std::string(bytes.begin(), bytes.end());
}

}  // namespace ptah
