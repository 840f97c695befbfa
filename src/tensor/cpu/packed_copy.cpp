#include "tensor/cpu/packed_copy.h"

#include <mutex>
#include <unordered_map>

#include "base/file.h"
#include "tensor/cpu/dense.h"

namespace ptah {

namespace detail {

namespace {

std::mutex& packed_mutex() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

std::shared_ptr<Block> planned_copy(const Tensor& weight, size_t bytes, const Key& key) {
  thread_local std::unordered_map<std::string, std::weak_ptr<Block>> copies;
  Key name;
  name << reinterpret_cast<int64_t>(weight.body());
  std::weak_ptr<Block>& slot = copies[name.str() + key.str()];
  std::shared_ptr<Block> block = slot.lock();
  if (!block) {
    slot = block = std::make_shared<Block>(bytes);
    DryRun::keep(block);
  }
  return block;
}

std::shared_ptr<Block> find_copy(const Tensor& weight, const Key& key) {
  const Tensor::Body& body = *weight.body();
  const std::lock_guard lock(packed_mutex());
  for (const PackedCopy& copy : body.packed)
    if (copy.version == body.version && copy.key == key.str()) return copy.block;
  return nullptr;
}

std::shared_ptr<Block> keep_copy(const Tensor& weight, const Key& key, std::shared_ptr<Block> block) {
  Tensor::Body& body = *weight.body();
  if (body.constant && !body.lazy) forget_mapped(body.data, weight.bytes());
  const std::lock_guard lock(packed_mutex());
  for (PackedCopy& copy : body.packed)
    if (copy.key == key.str()) {
      copy.version = body.version;
      copy.block = block;
      return block;
    }
  body.packed.push_back({key.str(), body.version, block});
  return block;
}

}  // namespace detail

void forget_packed(const Tensor& weight) {
  if (DryRun::active()) return;
  const std::lock_guard lock(detail::packed_mutex());
  weight.body()->packed.clear();
}

}  // namespace ptah
