// Aligned memory with an account: every byte that tensors, packed weights and scratch hold is counted, in real runs and in
// planned ones alike, so that a plan and a measurement speak of the same thing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace ptah {

/// What is held now and what was held at most, plus the floating-point operations asked for.
struct MemoryAccount {
  int64_t live_bytes = 0;
  int64_t peak_bytes = 0;
  int64_t flops = 0;
};

/// The account of this thread's running plan (under DryRun), else of the whole process.
MemoryAccount memory_account();
/// Forgets the peak (it becomes what is live) and the operations.
void reset_memory_peak();
void count_flops(int64_t flops);

/// 64-byte aligned block; recycled through a free list so that the steady state allocates nothing. Under DryRun it has a size
/// and no bytes (data() is null).
class Block {
 public:
  explicit Block(size_t bytes);
  ~Block();
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  void* data_ = nullptr;
  size_t bytes_ = 0;
  size_t capacity_ = 0;
  bool planned_ = false;
};

/// How much freed memory is kept beyond the peak, as a share of it (default 0). Trainers keep more, so that no step asks the system.
void keep_free_blocks(double share);

/// Gives the free list back to the system.
void release_free_blocks();

}  // namespace ptah
