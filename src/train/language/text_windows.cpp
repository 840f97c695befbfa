#include "train/language/text_windows.h"

#include <algorithm>

namespace ptah {

NextTokens windows_at(std::span<const int32_t> tokens, const std::vector<int64_t>& starts, int64_t length) {
  const auto count = static_cast<int64_t>(starts.size()), all = static_cast<int64_t>(tokens.size());
  NextTokens out{Tensor::empty({count, length}, DType::i32), Tensor::empty({count, length}, DType::i32)};
  for (int64_t i = 0; i < count; ++i) {
    const int64_t start = starts[static_cast<size_t>(i)];
    PTAH_CHECK(start >= 0 && start + length < all, "a sequence of {} tokens at {} of {}", length, start, all);
    std::copy_n(tokens.begin() + start, length, out.ids.data<int32_t>() + i * length);
    std::copy_n(tokens.begin() + start + 1, length, out.targets.data<int32_t>() + i * length);
  }
  return out;
}

std::vector<int64_t> random_starts(std::span<const int32_t> tokens, int64_t count, int64_t length, Random& random) {
  const auto places = static_cast<uint32_t>(static_cast<int64_t>(tokens.size()) - length);
  std::vector<int64_t> out;
  for (int64_t i = 0; i < count; ++i) out.push_back(random.below(places));
  return out;
}

std::vector<int64_t> even_starts(std::span<const int32_t> tokens, int64_t length, int64_t max_tokens) {
  const auto all = static_cast<int64_t>(tokens.size());
  std::vector<int64_t> out;
  for (int64_t at = 0; at + length < all && (out.empty() || at + length <= max_tokens); at += length) out.push_back(at);
  return out;
}

}  // namespace ptah
