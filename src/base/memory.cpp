#include "base/memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <new>
#include <vector>

#include "base/parallel.h"

namespace ptah {

namespace {

struct Pool {
  std::mutex mutex;
  std::multimap<size_t, void*> free;
  size_t free_bytes = 0;
  MemoryAccount account;
  std::atomic<int64_t> flops{0};
  double kept_share = 0;
};

Pool& pool() {
  static Pool* const instance = new Pool;  // outlives every static tensor
  return *instance;
}

MemoryAccount& planned_account() {
  thread_local MemoryAccount account;
  return account;
}

constexpr size_t kSmall = size_t{1} << 16;

size_t rounded(size_t bytes) {
  const size_t unit = bytes < kSmall ? 64 : 4096;
  return std::max<size_t>(64, (bytes + unit - 1) / unit * unit);
}

void add(MemoryAccount& account, int64_t bytes) {
  account.live_bytes += bytes;
  account.peak_bytes = std::max(account.peak_bytes, account.live_bytes);
}

constexpr size_t kHuge = size_t{1} << 21;

/// Large blocks begin at a huge page and end where they end; the rest of their last huge page is nobody's.
void* system_allocate(size_t bytes) {
  if (bytes < kHuge) {
    void* data = std::aligned_alloc(64, bytes);
    if (!data) throw std::bad_alloc();
    return data;
  }
  void* mapped = ::mmap(nullptr, bytes + kHuge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  const auto begin = reinterpret_cast<uintptr_t>(mapped), data = (begin + kHuge - 1) / kHuge * kHuge;
  if (data > begin) ::munmap(mapped, data - begin);
  ::munmap(reinterpret_cast<void*>(data + bytes), begin + kHuge - data);
  ::madvise(reinterpret_cast<void*>(data), bytes, MADV_HUGEPAGE);
  return reinterpret_cast<void*>(data);
}

void system_free(void* data, size_t bytes) {
  if (bytes < kHuge)
    std::free(data);
  else
    ::munmap(data, bytes);
}

}  // namespace

MemoryAccount memory_account() {
  if (DryRun::active()) return planned_account();
  const std::lock_guard lock(pool().mutex);
  MemoryAccount account = pool().account;
  account.flops = pool().flops;
  return account;
}

void reset_memory_peak() {
  if (DryRun::active()) {
    planned_account().peak_bytes = planned_account().live_bytes;
    planned_account().flops = 0;
    return;
  }
  const std::lock_guard lock(pool().mutex);
  pool().account.peak_bytes = pool().account.live_bytes;
  pool().flops = 0;
}

void count_flops(int64_t flops) {
  if (DryRun::active())
    planned_account().flops += flops;
  else
    pool().flops += flops;
}

Block::Block(size_t bytes) : bytes_(bytes), capacity_(rounded(bytes)) {
  if (DryRun::active()) {
    planned_ = true;
    add(planned_account(), static_cast<int64_t>(capacity_));
    return;
  }
  Pool& p = pool();
  {
    const std::lock_guard lock(p.mutex);
    add(p.account, static_cast<int64_t>(capacity_));
    const auto found = p.free.lower_bound(capacity_);
    if (found != p.free.end() && found->first <= capacity_ + capacity_ / 8) {
      p.account.live_bytes += static_cast<int64_t>(found->first - capacity_);
      capacity_ = found->first;
      data_ = found->second;
      p.free_bytes -= capacity_;
      p.free.erase(found);
      return;
    }
  }
  data_ = system_allocate(capacity_);
}

Block::~Block() {
  if (planned_) {
    planned_account().live_bytes -= static_cast<int64_t>(capacity_);
    return;
  }
  Pool& p = pool();
  const std::lock_guard lock(p.mutex);
  p.account.live_bytes -= static_cast<int64_t>(capacity_);
  p.free.emplace(capacity_, data_);
  p.free_bytes += capacity_;
  const auto slack = static_cast<int64_t>(static_cast<double>(p.account.peak_bytes) * p.kept_share);
  const size_t max_free_bytes = static_cast<size_t>(std::max<int64_t>(p.account.peak_bytes + slack - p.account.live_bytes, 1 << 24));
  while (p.free_bytes > max_free_bytes) {
    const auto smallest = p.free.begin();
    p.free_bytes -= smallest->first;
    system_free(smallest->second, smallest->first);
    p.free.erase(smallest);
  }
}

void keep_free_blocks(double share) {
  const std::lock_guard lock(pool().mutex);
  pool().kept_share = share;
}

void release_free_blocks() {
  Pool& p = pool();
  const std::lock_guard lock(p.mutex);
  for (const auto& [bytes, data] : p.free) system_free(data, bytes);
  p.free.clear();
  p.free_bytes = 0;
}

}  // namespace ptah
