// Beginnings of texts that a language model has read: kept, so that the next request with the same beginning need not read it again.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "nn/key_value_cache.h"

namespace ptah {

/// A tree of chunks of KeyValueCache::kChunk tokens with their pages (as the radix tree of Zheng et al. 2023, "SGLang", in steps of a chunk, so that what
/// is read behind a kept beginning has the same bytes as without it). Not for several threads at once.
class PrefixCache {
 public:
  struct Found {
    int64_t tokens = 0;
    KeyValueCache::LayerPages pages;  ///< while somebody holds them they stay
  };
  /// The longest beginning that is kept, whole chunks and less than all of `tokens`.
  Found find(const std::vector<int32_t>& tokens);
  /// Keeps the chunk of `tokens` that begins at `begin`. False, and nothing is kept, if it is there already or what comes before it is not.
  bool put(const std::vector<int32_t>& tokens, int64_t begin, KeyValueCache::LayerPages pages, int64_t page_bytes);
  /// Forgets the chunk that was asked for longest ago, among those that nobody holds and nothing follows. False if there is none.
  bool forget_one();
  /// Of all pages kept.
  int64_t bytes() const { return bytes_; }

 private:
  struct Node {
    std::map<std::vector<int32_t>, std::unique_ptr<Node>> next;
    KeyValueCache::LayerPages pages;
    int64_t bytes = 0;
    uint64_t used = 0;
  };
  Node root_;
  int64_t bytes_ = 0;
  uint64_t clock_ = 0;
};

}  // namespace ptah
