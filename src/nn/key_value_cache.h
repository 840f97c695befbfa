// What a decoder remembers of the tokens it has read: keys and values, in pages that several sequences can share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "tensor/decoder_ops.h"

namespace ptah {

/// What a cache has to know of a model.
struct CacheLayout {
  int64_t kv_heads = 1, head_dim = 0;
  int64_t window = 0;          ///< of the layers that see the last tokens only
  std::vector<bool> windowed;  ///< one entry a layer: whether it is one of those
};

/// What keys and values are kept in unless something else is asked for: the type that the machine computes in.
CacheType default_cache_type();
/// By its name (f32, bf16, q8); empty: the default. Errors: invalid_argument.
Result<CacheType> cache_type_of(const std::string& name);

/// Keys and values of one sequence. Memory comes in pages of kPage tokens and one layer each, as the sequence grows; pages that another sequence holds too are
/// copied before they are written to (Kwon et al. 2023, "PagedAttention").
class KeyValueCache {
 public:
  static constexpr int64_t kPage = kPagePositions;  ///< shorter ones cost a third of the speed of long texts: memory jumps too often
  static constexpr int64_t kChunk = 256;            ///< LanguageModel::read goes in chunks that begin at multiples of this
  using Page = std::shared_ptr<std::byte>;
  using LayerPages = std::vector<std::vector<Page>>;  ///< [layers][pages]
  /// Memory for a page of so many bytes, of whatever thread. In a plan it is counted and has no bytes.
  static Page new_page(int64_t bytes);

  /// `slide`: layers that see a window only give back pages that lie more than kRollback tokens before it.
  /// Errors (thrown as Failure): invalid_argument for q8 with heads that are no multiples of 32.
  KeyValueCache(const CacheLayout& layout, int64_t capacity, CacheType type, bool slide = false);
  /// The most that a cache of `capacity` tokens takes, whatever is read into it.
  static int64_t bytes_for(const CacheLayout& layout, int64_t capacity, CacheType type, bool slide = false);

  int64_t length() const { return length_; }
  int64_t capacity() const { return capacity_; }
  CacheType type() const { return type_; }
  /// Of the pages held, shared ones too.
  int64_t bytes() const;
  const CacheLayout& layout() const { return layout_; }
  int64_t page_bytes() const { return page_bytes_; }
  /// Whether truncate(length) is possible: what slid out of a window does not come back.
  bool can_truncate(int64_t length) const;
  /// Forgets all tokens from `length` on. Throws Failure: invalid_argument.
  void truncate(int64_t length);

  /// The pages of the tokens [begin, end), multiples of kPage within length(); empty if some slid away. Nothing is copied.
  LayerPages share(int64_t begin, int64_t end) const;
  /// Takes pages that share() of a cache of the same model and type gave; length() must be a multiple of kPage. Throws Failure: invalid_argument.
  void append(const LayerPages& pages);

  /// What follows is for the model that fills the cache.
  /// Makes the pages of the next `count` tokens writable. Throws Failure: over_budget when memory is short; the cache is as before then.
  void prepare(int64_t count);
  void advance(int64_t count) { length_ += count; }
  /// Of one layer; `pages` is valid until the cache changes.
  CachedKeys layer(int64_t index) const;
  /// key, value: f32 [kv_heads, head_dim].
  void store(int64_t layer, int64_t position, const float* key, const float* value);

  static constexpr int64_t kRollback = 64;

 private:
  CacheLayout layout_;
  int64_t capacity_, length_ = 0, page_bytes_;
  CacheType type_;
  bool slide_;
  LayerPages pages_;
  std::vector<std::vector<const std::byte*>> addresses_;  ///< of pages_
  void renew_addresses(size_t layer);
};

}  // namespace ptah
