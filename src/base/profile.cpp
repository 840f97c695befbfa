#include "base/profile.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>

#include "base/memory.h"
#include "base/parallel.h"

namespace ptah {

namespace {

std::atomic<int> active{0};
std::mutex guarded;
std::map<std::string, ProfileEntry>& sums() {
  static std::map<std::string, ProfileEntry> all;
  return all;
}
thread_local int depth = 0;

int64_t now() { return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace

Profile::Profile() {
  const std::lock_guard lock(guarded);
  sums().clear();
  ++active;
}
Profile::~Profile() { --active; }

std::vector<ProfileEntry> Profile::entries() const {
  const std::lock_guard lock(guarded);
  std::vector<ProfileEntry> out;
  for (const auto& [kind, entry] : sums()) out.push_back(entry);
  std::sort(out.begin(), out.end(), [](const ProfileEntry& a, const ProfileEntry& b) { return a.seconds > b.seconds; });
  return out;
}

Operation::Operation(const char* kind) {
  if (active.load(std::memory_order_relaxed) == 0 || DryRun::active()) return;
  if (depth++ > 0) {
    kind_ = "";
    return;
  }
  kind_ = kind;
  flops_ = memory_account().flops;
  began_ = now();
}

Operation::~Operation() {
  if (!kind_) return;
  --depth;
  if (!*kind_) return;
  const double seconds = static_cast<double>(now() - began_) * 1e-9;
  const int64_t flops = memory_account().flops - flops_;
  const std::lock_guard lock(guarded);
  ProfileEntry& entry = sums()[kind_];
  entry.kind = kind_;
  ++entry.calls;
  entry.flops += flops;
  entry.seconds += seconds;
}

}  // namespace ptah
