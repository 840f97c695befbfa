// Copies of weights in the layouts of kernels, kept with the weight and made once for each version of its numbers.
#pragma once

#include <memory>
#include <string>

#include "base/memory.h"
#include "base/parallel.h"
#include "tensor/tensor.h"

namespace ptah::detail {

/// A name made of numbers.
class Key {
 public:
  Key& operator<<(int64_t value) {
    text_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  const std::string& str() const { return text_; }

 private:
  std::string text_;
};

/// A plan counts each packed copy once and forgets it when the dry run ends, whatever real copies exist.
std::shared_ptr<Block> planned_copy(const Tensor& weight, size_t bytes, const Key& key);

/// The copy of that name of the present numbers; null if there is none.
std::shared_ptr<Block> find_copy(const Tensor& weight, const Key& key);

/// Keeps a copy with the weight, in place of one of that name.
std::shared_ptr<Block> keep_copy(const Tensor& weight, const Key& key, std::shared_ptr<Block> block);

/// The copy of a weight called `key`, of `bytes` that `fill` writes; a plan only counts it.
template <class Fill>
std::shared_ptr<Block> filled_copy(const Tensor& weight, const Key& key, size_t bytes, const Fill& fill) {
  if (DryRun::active()) return planned_copy(weight, bytes, key);
  if (auto found = find_copy(weight, key)) return found;
  auto block = std::make_shared<Block>(bytes);
  fill(block->data());
  return keep_copy(weight, key, std::move(block));
}

}  // namespace ptah::detail
