#include "work/place.h"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

#include "base/text.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

bool is_there(const fs::path& path) {
  std::error_code problem;
  return fs::exists(fs::symlink_status(path, problem));
}

}  // namespace

WorkPlace place_of_work(const fs::path& out, const std::string& name, bool several, bool replace) {
  const bool counted = out.empty() || several;  // the name is ours to choose
  return {counted ? (out.empty() ? fs::path("ptah-works") : out) / name : out, replace ? IfTaken::replace : counted ? IfTaken::count : IfTaken::refuse};
}

Result<void> can_make(const fs::path& path) {
  const fs::path parent = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const auto now = static_cast<uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  // A name that the next writer sweeps if this one is killed.
  const fs::path probe = parent / fmt::format(".{}.{}-{:016x}.part", beginning(path.filename().string(), 180), ::getpid(), now);
  if (::mkdir(probe.c_str(), 0700) != 0) return fail_errno("cannot write " + path.string());
  ::rmdir(probe.c_str());
  return {};
}

Result<void> can_write_work(const fs::path& out) {
  std::error_code problem;
  fs::path at = out.empty() ? fs::path("ptah-works") / "work" : out;
  if (!at.has_filename()) at = at.parent_path();  // "folder/"
  if (!out.empty() && is_there(at) && !(fs::is_directory(at, problem) && fs::is_empty(at, problem)))
    return fail(ErrorCode::invalid_argument, "{} exists already; choose another `out`", out.string());
  while (at.has_parent_path() && at.parent_path() != at && !is_there(at.parent_path())) at = at.parent_path();  // what is missing is made
  return can_make(at);
}

Result<void> check_place(const WorkPlace& place, const fs::path& out) {
  return place.if_taken == IfTaken::replace ? check_replaceable(place.folder) : can_write_work(out.empty() ? out : place.folder);
}

}  // namespace ptah
