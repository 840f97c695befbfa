#include "text/lm/cached_text.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "tensor/device.h"
#include "weights/safetensors.h"

namespace ptah {

namespace {

constexpr const char* kFormat = "ptah key-value cache 1";

/// Numbers that a model can have written.
bool all_finite(CacheType type, const CachedKeys& shape, const std::byte* page) {
  const int64_t row_bytes = shape.row_bytes(), rows = shape.page_bytes() / row_bytes;
  std::vector<float> row(static_cast<size_t>(shape.head_dim));
  for (int64_t r = 0; r < rows; ++r) {
    load_cached_row(type, page + r * row_bytes, shape.head_dim, row.data());
    if (!std::all_of(row.begin(), row.end(), [](float v) { return std::isfinite(v); })) return false;
  }
  return true;
}

}  // namespace

Result<void> save_cache(const std::filesystem::path& path, const std::vector<int32_t>& tokens, const KeyValueCache& cache, const std::string& model) {
  const int64_t kept = std::min(cache.length(), static_cast<int64_t>(tokens.size())) / KeyValueCache::kPage * KeyValueCache::kPage;
  if (kept == 0) return fail(ErrorCode::invalid_argument, "cache: fewer than {} tokens; nothing to keep", KeyValueCache::kPage);
  const auto pages = cache.share(0, kept);
  if (pages.empty()) return fail(ErrorCode::invalid_argument, "cache: its beginning has slid away");
  TensorFile file;
  Tensor ids = Tensor::empty({kept}, DType::i32);
  std::copy_n(tokens.begin(), kept, ids.data<int32_t>());
  file.tensors.emplace("tokens", ids);
  for (size_t l = 0; l < pages.size(); ++l) {
    const auto count = static_cast<int64_t>(pages[l].size()), bytes = cache.page_bytes();
    Tensor all = Tensor::empty({count, bytes}, DType::u8);
    for (int64_t i = 0; i < count; ++i) std::memcpy(all.data<uint8_t>() + i * bytes, pages[l][static_cast<size_t>(i)].get(), static_cast<size_t>(bytes));
    file.tensors.emplace(fmt::format("layer.{}", l), all);
  }
  file.metadata = {{"format", kFormat}, {"model", model}, {"type", std::string(name_of(cache.type()))}, {"numeric_path", numeric_path()}};
  return write_safetensors(path, file);
}

Result<CachedText> load_cache(const std::filesystem::path& path, const LanguageConfig& config, int64_t capacity, CacheType type, const std::string& model) {
  PTAH_TRY(const TensorFile file, read_safetensors(path));
  const auto said = [&](const char* key) {
    const auto found = file.metadata.find(key);
    return found == file.metadata.end() ? std::string() : found->second;
  };
  const auto bad = [&](const std::string& what) { return fail(ErrorCode::corrupt, "{}: {}", path.string(), what); };
  if (said("format") != kFormat) return bad("not a file of a language model's cache");
  if (said("model") != model) return fail(ErrorCode::mismatch, "{}: the cache of another model", path.string());
  if (said("type") != name_of(type)) return fail(ErrorCode::mismatch, "{}: a cache in {}; {} was asked for", path.string(), said("type"), name_of(type));
  if (said("numeric_path") != numeric_path())
    return fail(ErrorCode::mismatch, "{}: made on the numeric path {}; this is {}", path.string(), said("numeric_path"), numeric_path());
  const auto tokens = file.tensors.find("tokens");
  if (tokens == file.tensors.end() || tokens->second.dtype() != DType::i32 || tokens->second.rank() != 1) return bad("no tokens");
  const int64_t count = tokens->second.elements(), bytes = CachedKeys{type, nullptr, config.kv_heads, config.head_dim}.page_bytes();
  if (count == 0 || count % KeyValueCache::kPage) return bad(fmt::format("{} tokens", count));
  if (count > capacity) return fail(ErrorCode::invalid_argument, "{}: {} tokens; the cache holds {}", path.string(), count, capacity);
  CachedText out;
  out.tokens.assign(tokens->second.data<int32_t>(), tokens->second.data<int32_t>() + count);
  KeyValueCache::LayerPages pages;
  for (int64_t l = 0; l < config.layers; ++l) {
    const auto found = file.tensors.find(fmt::format("layer.{}", l));
    const Shape wanted{count / KeyValueCache::kPage, bytes};
    if (found == file.tensors.end() || found->second.dtype() != DType::u8 || found->second.shape() != wanted)
      return bad(fmt::format("layer {} is not there", l));
    pages.emplace_back();
    for (int64_t i = 0; i < count / KeyValueCache::kPage; ++i) {
      KeyValueCache::Page page = KeyValueCache::new_page(bytes);
      std::memcpy(page.get(), found->second.data<uint8_t>() + i * bytes, static_cast<size_t>(bytes));
      if (!all_finite(type, {type, nullptr, config.kv_heads, config.head_dim}, page.get())) return bad(fmt::format("layer {} holds numbers that are none", l));
      pages.back().push_back(std::move(page));
    }
  }
  out.cache = std::make_unique<KeyValueCache>(config, capacity, type);
  out.cache->append(pages);
  return out;
}

}  // namespace ptah
