#include "nn/key_value_cache.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <mutex>

#include "base/memory.h"
#include "base/parallel.h"
#include "base/text.h"
#include "tensor/device.h"

namespace ptah {

namespace {

constexpr int64_t pages_of(int64_t tokens) { return (tokens + KeyValueCache::kPage - 1) / KeyValueCache::kPage; }

int64_t bytes_of_page(const CacheLayout& layout, CacheType type) { return CachedKeys{type, nullptr, layout.kv_heads, layout.head_dim}.page_bytes(); }

/// Pages of one size out of large pieces of memory, which the system can map with few entries; a piece goes back when all its pages did. For all threads.
class PagePool {
 public:
  explicit PagePool(size_t page) : page_(page) {}
  /// Never destroyed: pages may outlive everything else. A plan has pools of its own, whose pages are counted and have no bytes.
  static PagePool& of(size_t page) {
    static std::mutex mutex;
    using Pools = std::map<size_t, std::unique_ptr<PagePool>>;
    static auto& real = *new Pools();
    thread_local Pools planned;
    if (DryRun::active()) return pool_in(planned, page);
    const std::lock_guard lock(mutex);
    return pool_in(real, page);
  }
  KeyValueCache::Page get() {
    const auto [at, owner] = take();
    return {at, [this, owner = owner](std::byte* page) { put(owner, page); }};  // not under the lock: if this throws, put() is called
  }

 private:
  struct Slab {
    explicit Slab(size_t bytes) : block(bytes) {}
    Block block;
    size_t pages = 0;
    std::vector<std::byte*> free;
  };
  template <class Pools>
  static PagePool& pool_in(Pools& pools, size_t page) {
    auto& pool = pools[page];
    if (!pool) pool = std::make_unique<PagePool>(page);
    return *pool;
  }
  std::pair<std::byte*, Slab*> take() {
    const std::lock_guard lock(mutex_);
    auto slab = std::find_if(slabs_.begin(), slabs_.end(), [](const auto& s) { return !s->free.empty(); });
    if (slab == slabs_.end()) {
      constexpr size_t kHuge = size_t{2} << 20;  // whole ones, so that the system maps all of it at once
      const size_t size = std::max(4 * kHuge, (page_ + kHuge - 1) / kHuge * kHuge), pages = size / page_;
      slabs_.push_back(std::make_unique<Slab>(size));
      slab = std::prev(slabs_.end());
      auto* data = static_cast<std::byte*>((*slab)->block.data());
      static std::byte planned;
      for (size_t i = pages; i-- > 0;) (*slab)->free.push_back(data ? data + i * page_ : &planned);
      (*slab)->pages = pages;
    }
    std::byte* at = (*slab)->free.back();
    (*slab)->free.pop_back();
    return {at, slab->get()};
  }
  void put(Slab* owner, std::byte* page) {
    const std::lock_guard lock(mutex_);
    owner->free.push_back(page);
    if (owner->free.size() == owner->pages) std::erase_if(slabs_, [&](const auto& slab) { return slab.get() == owner; });
  }
  std::mutex mutex_;
  size_t page_;
  std::vector<std::unique_ptr<Slab>> slabs_;
};

}  // namespace

KeyValueCache::Page KeyValueCache::new_page(int64_t bytes) { return PagePool::of(static_cast<size_t>(bytes)).get(); }

CacheType default_cache_type() { return compute_dtype() == DType::bf16 ? CacheType::bf16 : CacheType::f32; }

Result<CacheType> cache_type_of(const std::string& name) {
  if (name.empty()) return default_cache_type();
  const auto type = cache_type_by_name(name);
  if (!type) return unknown_name("kind of cache", name, "f32 bf16 q8");
  return *type;
}

KeyValueCache::KeyValueCache(const CacheLayout& layout, int64_t capacity, CacheType type, bool slide)
    : layout_(layout), capacity_(capacity), page_bytes_(bytes_of_page(layout, type)), type_(type), slide_(slide) {
  PTAH_CHECK(capacity > 0, "cache of {} tokens", capacity);
  if (type == CacheType::q8 && layout.head_dim % 32)
    throw Failure({ErrorCode::invalid_argument, fmt::format("a cache in 8 bits needs heads of multiples of 32; these have {}", layout.head_dim)});
  pages_.resize(layout.windowed.size());
  addresses_.resize(pages_.size());
}

int64_t KeyValueCache::bytes_for(const CacheLayout& layout, int64_t capacity, CacheType type, bool slide) {
  const int64_t all = pages_of(capacity);
  int64_t pages = 0;
  for (const bool windowed : layout.windowed)  // while a chunk is read the window before it is needed too; both may begin within a page
    pages += slide && windowed ? std::min(all, pages_of(layout.window + kRollback + kChunk) + 1) : all;
  return pages * bytes_of_page(layout, type);
}

int64_t KeyValueCache::bytes() const {
  int64_t pages = 0;
  for (const auto& layer : pages_) pages += std::count_if(layer.begin(), layer.end(), [](const Page& page) { return page != nullptr; });
  return pages * page_bytes_;
}

bool KeyValueCache::can_truncate(int64_t length) const {
  if (length < 0 || length > length_) return false;
  for (size_t l = 0; l < pages_.size() && length > 0; ++l) {
    const int64_t first = layout_.windowed[l] ? std::max<int64_t>(0, length + 1 - layout_.window) : 0;
    if (first < length && !pages_[l][static_cast<size_t>(first / kPage)]) return false;
  }
  return true;
}

void KeyValueCache::truncate(int64_t length) {
  if (!can_truncate(length))
    throw Failure({ErrorCode::invalid_argument, fmt::format("cache: {} of {} tokens cannot be kept alone; a window slid on", length, length_)});
  length_ = length;
  for (size_t l = 0; l < pages_.size(); ++l) {
    pages_[l].resize(static_cast<size_t>(pages_of(length)));
    renew_addresses(l);
  }
}

void KeyValueCache::renew_addresses(size_t l) {
  addresses_[l].resize(pages_[l].size());
  for (size_t i = 0; i < pages_[l].size(); ++i) addresses_[l][i] = pages_[l][i].get();
}

KeyValueCache::LayerPages KeyValueCache::share(int64_t begin, int64_t end) const {
  PTAH_CHECK(begin >= 0 && begin % kPage == 0 && end % kPage == 0 && begin <= end && end <= length_, "pages of [{}, {}) of {}", begin, end, length_);
  LayerPages out;
  for (const auto& layer : pages_) {
    out.emplace_back(layer.begin() + begin / kPage, layer.begin() + end / kPage);
    if (std::find(out.back().begin(), out.back().end(), nullptr) != out.back().end()) return {};
  }
  return out;
}

void KeyValueCache::append(const LayerPages& pages) {
  const int64_t more = pages.empty() ? 0 : static_cast<int64_t>(pages[0].size()) * kPage;
  bool fits = pages.size() == pages_.size() && length_ % kPage == 0 && length_ + more <= capacity_;
  for (const auto& layer : pages) {
    fits = fits && layer.size() == pages[0].size();
    for (const Page& page : layer) fits = fits && page;
  }
  if (!fits) throw Failure({ErrorCode::invalid_argument, fmt::format("cache: pages for {} tokens do not fit behind {} of {}", more, length_, capacity_)});
  for (size_t l = 0; l < pages_.size(); ++l) {
    pages_[l].resize(static_cast<size_t>(length_ / kPage));
    pages_[l].insert(pages_[l].end(), pages[l].begin(), pages[l].end());
    renew_addresses(l);
  }
  length_ += more;
}

void KeyValueCache::prepare(int64_t count) {
  PTAH_CHECK(length_ + count <= capacity_, "{} tokens behind {} of {}", count, length_, capacity_);
  const auto first = static_cast<size_t>(length_ / kPage), end = static_cast<size_t>(pages_of(length_ + count));
  for (size_t l = 0; l < pages_.size(); ++l) {
    auto& layer = pages_[l];
    if (slide_ && layout_.windowed[l]) {
      const int64_t gone = (length_ + 1 - layout_.window - kRollback) / kPage;  // whole pages before it
      for (int64_t i = gone - 1; i >= 0 && layer[static_cast<size_t>(i)]; --i) layer[static_cast<size_t>(i)].reset();
    }
    if (first < layer.size() && layer[first].use_count() > 1) {
      Page copy = new_page(page_bytes_);
      if (!DryRun::active()) std::memcpy(copy.get(), layer[first].get(), static_cast<size_t>(page_bytes_));
      layer[first] = std::move(copy);
    }
    while (layer.size() < end) layer.push_back(new_page(page_bytes_));
    renew_addresses(l);
  }
}

CachedKeys KeyValueCache::layer(int64_t index) const { return {type_, addresses_[static_cast<size_t>(index)].data(), layout_.kv_heads, layout_.head_dim}; }

void KeyValueCache::store(int64_t l, int64_t position, const float* key, const float* value) {
  if (DryRun::active()) return;
  const CachedKeys at = layer(l);
  std::byte* page = pages_[static_cast<size_t>(l)][static_cast<size_t>(position / kPage)].get();
  for (int64_t h = 0; h < layout_.kv_heads; ++h) {
    std::byte* row = page + at.offset(h, position);
    store_cached_row(type_, key + h * layout_.head_dim, layout_.head_dim, row);
    store_cached_row(type_, value + h * layout_.head_dim, layout_.head_dim, row + page_bytes_ / 2);
  }
}

}  // namespace ptah
