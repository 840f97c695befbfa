#include "text/lm/prefix_cache.h"

#include <algorithm>
#include <functional>

namespace ptah {

namespace {

constexpr int64_t kChunk = KeyValueCache::kChunk;

std::vector<int32_t> chunk_at(const std::vector<int32_t>& tokens, int64_t begin) { return {tokens.begin() + begin, tokens.begin() + begin + kChunk}; }

/// By somebody beside the tree.
bool held(const KeyValueCache::LayerPages& pages) {
  return std::any_of(pages.begin(), pages.end(),
                     [](const auto& layer) { return std::any_of(layer.begin(), layer.end(), [](const auto& page) { return page.use_count() > 1; }); });
}

}  // namespace

PrefixCache::Found PrefixCache::find(const std::vector<int32_t>& tokens) {
  Found found;
  Node* at = &root_;
  const auto size = static_cast<int64_t>(tokens.size());
  for (++clock_; found.tokens + kChunk < size; found.tokens += kChunk) {
    const auto next = at->next.find(chunk_at(tokens, found.tokens));
    if (next == at->next.end()) break;
    at = next->second.get();
    at->used = clock_;
    found.pages.resize(at->pages.size());
    for (size_t l = 0; l < at->pages.size(); ++l) found.pages[l].insert(found.pages[l].end(), at->pages[l].begin(), at->pages[l].end());
  }
  return found;
}

bool PrefixCache::put(const std::vector<int32_t>& tokens, int64_t begin, KeyValueCache::LayerPages pages, int64_t page_bytes) {
  Node* at = &root_;
  for (int64_t i = 0; i < begin; i += kChunk) {
    const auto next = at->next.find(chunk_at(tokens, i));
    if (next == at->next.end()) return false;
    at = next->second.get();
  }
  auto fresh = std::make_unique<Node>();
  const auto [entry, is_new] = at->next.try_emplace(chunk_at(tokens, begin), std::move(fresh));
  if (!is_new) return false;
  auto& place = entry->second;
  place->used = ++clock_;
  for (const auto& layer : pages) place->bytes += static_cast<int64_t>(layer.size()) * page_bytes;
  bytes_ += place->bytes;
  place->pages = std::move(pages);
  return true;
}

bool PrefixCache::forget_one() {
  Node* parent = nullptr;
  const std::vector<int32_t>* key = nullptr;
  uint64_t oldest = UINT64_MAX;
  const std::function<void(Node&)> look = [&](Node& node) {
    for (auto& [chunk, child] : node.next) {
      look(*child);
      if (!child->next.empty() || child->used >= oldest || held(child->pages)) continue;
      parent = &node;
      key = &chunk;
      oldest = child->used;
    }
  };
  look(root_);
  if (!parent) return false;
  const auto gone = parent->next.find(*key);
  bytes_ -= gone->second->bytes;
  parent->next.erase(gone);
  return true;
}

}  // namespace ptah
