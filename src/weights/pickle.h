// Python's pickle as PyTorch writes it: a machine with a stack that can build nothing but numbers, texts, lists, dictionaries and tensors. Whatever else a
// pickle names stays a name and is never called. https://docs.python.org/3/library/pickletools.html
#pragma once

#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/budget.h"
#include "tensor/dtype.h"

namespace ptah {

/// A number of the byte order of all these files, at any address. `bytes` must reach so far.
template <class T>
T number_at(std::span<const uint8_t> bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

/// A kind of PyTorch's storages; no type: nothing here computes with it.
struct StorageType {
  const char* name;
  std::optional<DType> type;
  size_t bytes;  ///< of an element
};

/// One value of the tree. Nodes live in one list, so that neither depth nor circles hurt.
struct PickleNode {
  enum Kind { other, integer, text, list, dictionary, name, storage, tensor } kind = other;
  int64_t number = 0;              ///< integer
  std::string_view words = {};     ///< text; name ("module name"); storage: its key in the archive
  std::vector<PickleNode*> items;  ///< list (tuples too); dictionary: keys and values in turn
  const StorageType* type = nullptr;
  PickleNode* of = nullptr;  ///< tensor: its storage
  int64_t offset = 0;        ///< tensor
  std::vector<int64_t> shape, strides;
};

/// Reads one pickle after the other from `bytes`, which must outlive it, as must it the nodes it returns.
class Pickle {
 public:
  using Node = PickleNode;
  explicit Pickle(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  /// How many bytes were read.
  size_t consumed() const { return at_; }
  /// The kinds of all storages that were met with, by their keys.
  const std::map<std::string_view, const StorageType*>& storages() const { return storages_; }
  /// One value. Throws Failure (corrupt, unsupported, over_budget).
  Node* read();

 private:
  std::span<const uint8_t> take(uint64_t count);
  template <class T>
  T number() {
    return number_at<T>(take(sizeof(T)), 0);
  }
  std::string_view text(uint64_t count);
  std::string_view line();

  Node* made(Node::Kind kind);
  void push(Node* node);
  void hold(size_t places);
  void push_integer(int64_t value);
  void push_words(Node::Kind kind, std::string_view words);
  void push_name(std::string_view module, std::string_view item);
  void push_long();
  void push_storage(const Node* id);
  void push_tuple(size_t count);
  void push_items(Node::Kind kind);
  Node* top();
  Node* pop();
  std::vector<Node*> pop_to_mark();
  void add_to(Node::Kind kind, const std::vector<Node*>& items);
  void build();
  void call();
  void remember(uint64_t where);
  void recall(uint64_t where);
  bool constant(uint8_t op);
  bool collection(uint8_t op);
  void step(uint8_t op);

  /// The tree of a file with a hundred thousand tensors takes a tenth of this.
  static constexpr Budget::Limits kLimits{.bytes = size_t{256} << 20, .depth = 100, .steps = 100'000'000, .seconds = 60};
  Budget budget_{"PyTorch file", kLimits};
  std::span<const uint8_t> bytes_;
  size_t at_ = 0, copied_ = 0;
  std::deque<Node> nodes_;
  std::deque<std::string> kept_;
  std::vector<Node*> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint64_t, Node*> memo_;
  std::map<std::string_view, const StorageType*> storages_;
};

}  // namespace ptah
