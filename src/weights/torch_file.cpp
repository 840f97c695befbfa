#include "weights/torch_file.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <deque>
#include <optional>
#include <unordered_map>

#include "base/budget.h"
#include "base/parallel.h"
#include "base/placeholder.h"
#include "tensor/ops.h"
#include "weights/gguf.h"

namespace ptah {

namespace {

using Span = std::span<const uint8_t>;

template <class T>
T number_at(Span bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(T));
  return value;
}

// ---- the archive

constexpr uint32_t kEndRecord = 0x06054b50, kEnd64Record = 0x06064b50, kEnd64Locator = 0x07064b50, kCentralRecord = 0x02014b50, kLocalRecord = 0x04034b50;
constexpr uint32_t kIn64 = 0xFFFFFFFF;

/// Entries of a ZIP archive by name, as they lie in it.
Result<std::map<std::string, Span>> zip_entries(Span bytes) {
  const auto broken = [](const char* why) { return fail(ErrorCode::corrupt, "PyTorch file: broken archive ({})", why); };
  if (bytes.size() < 22) return broken("too short");
  size_t end = bytes.size() - 22;
  const size_t least = end > 65535 ? end - 65535 : 0;
  while (number_at<uint32_t>(bytes, end) != kEndRecord) {
    if (end == least) return broken("no directory");
    --end;
  }
  uint64_t count = number_at<uint16_t>(bytes, end + 10), size = number_at<uint32_t>(bytes, end + 12), at = number_at<uint32_t>(bytes, end + 16);
  if (end >= 20 && number_at<uint32_t>(bytes, end - 20) == kEnd64Locator) {
    const auto where = number_at<uint64_t>(bytes, end - 12);
    if (where > bytes.size() || bytes.size() - where < 56 || number_at<uint32_t>(bytes, where) != kEnd64Record) return broken("directory of the long form");
    count = number_at<uint64_t>(bytes, where + 32), size = number_at<uint64_t>(bytes, where + 40), at = number_at<uint64_t>(bytes, where + 48);
  }
  if (at > bytes.size() || size > bytes.size() - at || count > size / 46) return broken("directory past the end");
  const Span directory = bytes.subspan(at, size);
  std::map<std::string, Span> out;
  size_t p = 0;
  for (uint64_t i = 0; i < count; ++i) {
    if (directory.size() - p < 46 || number_at<uint32_t>(directory, p) != kCentralRecord) return broken("directory entry");
    const auto flags = number_at<uint16_t>(directory, p + 8), method = number_at<uint16_t>(directory, p + 10);
    uint64_t packed = number_at<uint32_t>(directory, p + 20), whole = number_at<uint32_t>(directory, p + 24), local = number_at<uint32_t>(directory, p + 42);
    const size_t name_bytes = number_at<uint16_t>(directory, p + 28), extra_bytes = number_at<uint16_t>(directory, p + 30),
                 comment_bytes = number_at<uint16_t>(directory, p + 32);
    if (directory.size() - p - 46 < name_bytes + extra_bytes + comment_bytes) return broken("directory entry past the end");
    const std::string name(reinterpret_cast<const char*>(directory.data()) + p + 46, name_bytes);
    Span extra = directory.subspan(p + 46 + name_bytes, extra_bytes);
    while (extra.size() >= 4) {
      const size_t length = number_at<uint16_t>(extra, 2);
      if (extra.size() - 4 < length) return broken("extra field");
      if (number_at<uint16_t>(extra, 0) == 1) {  // numbers of 64 bits, in this order, of those that did not fit
        size_t q = 4;
        for (uint64_t* value : {&whole, &packed, &local})
          if (*value == kIn64) {
            if (q + 8 > 4 + length) return broken("extra field");
            *value = number_at<uint64_t>(extra, q);
            q += 8;
          }
      }
      extra = extra.subspan(4 + length);
    }
    if (method != 0 || packed != whole || (flags & 1) != 0)
      return fail(ErrorCode::unsupported, "PyTorch file: '{}' is compressed or encrypted; PyTorch writes neither", name.substr(0, 100));
    if (local > bytes.size() || bytes.size() - local < 30 || number_at<uint32_t>(bytes, local) != kLocalRecord) return broken("entry");
    const uint64_t begin = local + 30 + number_at<uint16_t>(bytes, local + 26) + number_at<uint16_t>(bytes, local + 28);
    if (begin > bytes.size() || whole > bytes.size() - begin) return broken("entry past the end");
    if (!out.emplace(name, bytes.subspan(begin, whole)).second) return broken("two entries of one name");
    p += 46 + name_bytes + extra_bytes + comment_bytes;
  }
  return out;
}

// ---- the pickle

struct StorageType {
  const char* name;
  std::optional<DType> type;
  size_t bytes;
};
constexpr StorageType kStorages[] = {{"FloatStorage", DType::f32, 4}, {"HalfStorage", DType::f16, 2}, {"BFloat16Storage", DType::bf16, 2},
                                     {"IntStorage", DType::i32, 4},   {"ByteStorage", DType::u8, 1},  {"DoubleStorage", {}, 8},
                                     {"LongStorage", {}, 8},          {"ShortStorage", {}, 2},        {"CharStorage", {}, 1},
                                     {"BoolStorage", {}, 1}};

/// One value of the tree. Nodes live in one list, so that neither depth nor circles hurt.
struct Node {
  enum Kind { other, integer, text, list, dictionary, name, storage, tensor } kind = other;
  int64_t number = 0;           ///< integer
  std::string_view words = {};  ///< text; name ("module name"); storage: its key in the archive
  std::vector<Node*> items;     ///< list (tuples too); dictionary: keys and values in turn
  const StorageType* type = nullptr;
  Node* of = nullptr;  ///< tensor: its storage
  int64_t offset = 0;  ///< tensor
  std::vector<int64_t> shape, strides;
};

class Pickle {
 public:
  explicit Pickle(Span bytes) : bytes_(bytes) {}
  /// How many bytes were read.
  size_t consumed() const { return at_; }
  /// The kinds of all storages that were met with, by their keys.
  const std::map<std::string_view, const StorageType*>& storages() const { return storages_; }

  /// One value. Throws Failure (corrupt, unsupported).
  Node* read() {
    stack_.clear();
    marks_.clear();
    memo_.clear();
    while (true) {
      budget_.step();
      const uint8_t op = take(1)[0];
      if (op == '.') return pop();
      step(op);
    }
  }

 private:
  [[noreturn]] static void broken(const char* why) { throw Failure({ErrorCode::corrupt, fmt::format("PyTorch file: broken pickle ({})", why)}); }

  Span take(uint64_t count) {
    if (count > bytes_.size() - at_) broken("it ends too early");
    const Span out = bytes_.subspan(at_, count);
    at_ += count;
    return out;
  }
  template <class T>
  T number() {
    return number_at<T>(take(sizeof(T)), 0);
  }
  std::string_view text(uint64_t count) {
    const Span s = take(count);
    return {reinterpret_cast<const char*>(s.data()), s.size()};
  }
  std::string_view line() {
    const auto* begin = bytes_.data() + at_;
    const auto* end = static_cast<const uint8_t*>(std::memchr(begin, '\n', bytes_.size() - at_));
    if (!end) broken("a line without an end");
    const std::string_view out = text(static_cast<uint64_t>(end - begin));
    ++at_;
    return out;
  }

  Node* made(Node::Kind kind) {
    budget_.take(sizeof(Node));
    nodes_.emplace_back();
    nodes_.back().kind = kind;
    return &nodes_.back();
  }
  void push(Node* node) {
    hold(1);
    stack_.push_back(node);
  }
  /// Memory for so many places in a list; never given back, so that it bounds the work of moving them about too.
  void hold(size_t places) {
    budget_.step(static_cast<int64_t>(places));
    budget_.take(places * 2 * sizeof(Node*));
  }
  void push_integer(int64_t value) {
    push(made(Node::integer));
    stack_.back()->number = value;
  }
  void push_words(Node::Kind kind, std::string_view words) {
    push(made(kind));
    stack_.back()->words = words;
  }
  Node* top() {
    if (stack_.empty() || (!marks_.empty() && stack_.size() <= marks_.back())) broken("nothing on the stack");
    return stack_.back();
  }
  Node* pop() {
    Node* node = top();
    stack_.pop_back();
    return node;
  }
  std::vector<Node*> pop_to_mark() {
    if (marks_.empty()) broken("no mark");
    hold(stack_.size() - marks_.back());
    std::vector<Node*> out(stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back()), stack_.end());
    stack_.resize(marks_.back());
    marks_.pop_back();
    return out;
  }
  void push_tuple(size_t count) {
    Node* tuple = made(Node::list);
    for (size_t i = 0; i < count; ++i) tuple->items.push_back(pop());
    std::reverse(tuple->items.begin(), tuple->items.end());
    push(tuple);
  }
  void add_to(Node::Kind kind, const std::vector<Node*>& items) {
    Node* to = top();
    if (to->kind != kind) {
      if (to->kind == Node::other) return;  // something that is not built here
      broken("items for what holds none");
    }
    if (kind == Node::dictionary && items.size() % 2) broken("a key without a value");
    hold(items.size());
    to->items.insert(to->items.end(), items.begin(), items.end());
  }
  void remember(uint64_t where) {
    hold(4);
    memo_[where] = top();
  }
  void recall(uint64_t where) {
    const auto found = memo_.find(where);
    if (found == memo_.end()) broken("it refers to what is not there");
    push(found->second);
  }

  static int64_t integer_of(const Node* node) {
    if (node->kind != Node::integer || node->number < 0) broken("a tensor's numbers");
    return node->number;
  }
  static std::vector<int64_t> integers_of(const Node* node) {
    if (node->kind != Node::list) broken("a tensor's shape");
    if (node->items.size() > 64) throw Failure({ErrorCode::unsupported, "PyTorch file: a tensor with too many axes"});
    std::vector<int64_t> out;
    for (const Node* item : node->items) out.push_back(integer_of(item));
    return out;
  }

  /// ("storage", type, key, place, count)
  void push_storage(const Node* id) {
    if (id->kind != Node::list || id->items.size() < 5 || id->items[1]->kind != Node::name || id->items[2]->kind != Node::text) broken("a storage");
    const std::string_view full = id->items[1]->words;
    const std::string_view kind = full.substr(full.find(' ') + 1);
    Node* out = made(Node::storage);
    for (const StorageType& type : kStorages)
      if (kind == type.name) out->type = &type;
    if (!out->type) throw Failure({ErrorCode::unsupported, fmt::format("PyTorch file: numbers of the kind '{}'", full.substr(0, 100))});
    out->words = id->items[2]->words;
    storages_.emplace(out->words, out->type);
    push(out);
  }

  void call() {
    const Node* arguments = pop();
    Node* callee = pop();
    const bool named = callee->kind == Node::name && arguments->kind == Node::list;
    if (named && callee->words == "torch._utils _rebuild_tensor_v2") {
      if (arguments->items.size() < 4 || arguments->items[0]->kind != Node::storage) broken("a tensor");
      Node* out = made(Node::tensor);
      out->of = arguments->items[0];
      out->offset = integer_of(arguments->items[1]);
      out->shape = integers_of(arguments->items[2]);
      out->strides = integers_of(arguments->items[3]);
      if (out->shape.size() != out->strides.size()) broken("a tensor's strides");
      return push(out);
    }
    if (named && callee->words == "torch._utils _rebuild_parameter" && !arguments->items.empty()) return push(arguments->items[0]);
    push(made(named && callee->words == "collections OrderedDict" ? Node::dictionary : Node::other));
  }

  void step(uint8_t op) {
    switch (op) {
      case 0x80:  // PROTO
        if (number<uint8_t>() > 5) broken("protocol");
        return;
      case 0x95:  // FRAME
        (void)number<uint64_t>();
        return;
      case '(':
        return marks_.push_back(stack_.size());
      case '0':
        pop();
        return;
      case '1':
        pop_to_mark();
        return;
      case '2':
        return push(top());
      case 'N':
        return push(made(Node::other));
      case 0x88:
      case 0x89:
        return push_integer(op == 0x88);
      case 'K':
        return push_integer(number<uint8_t>());
      case 'M':
        return push_integer(number<uint16_t>());
      case 'J':
        return push_integer(number<int32_t>());
      case 0x8a: {  // LONG1
        const Span digits = take(number<uint8_t>());
        if (digits.size() > 8) return push(made(Node::other));
        uint64_t value = digits.empty() || (digits.back() & 0x80) == 0 ? 0 : ~uint64_t{0};
        for (size_t i = digits.size(); i-- > 0;) value = value << 8 | digits[i];
        return push_integer(static_cast<int64_t>(value));
      }
      case 'G':
        take(8);
        return push(made(Node::other));
      case 'X':
        return push_words(Node::text, text(number<uint32_t>()));
      case 0x8c:
        return push_words(Node::text, text(number<uint8_t>()));
      case 0x8d:
        return push_words(Node::text, text(number<uint64_t>()));
      case 'T':  // strings and bytes: never part of what is wanted
      case 'B':
        take(number<uint32_t>());
        return push(made(Node::other));
      case 'U':
      case 'C':
        take(number<uint8_t>());
        return push(made(Node::other));
      case 0x8e:
        take(number<uint64_t>());
        return push(made(Node::other));
      case ')':
        return push_tuple(0);
      case 0x85:
      case 0x86:
      case 0x87:
        return push_tuple(static_cast<size_t>(op - 0x84));
      case 't':
      case 'l': {
        Node* list = made(Node::list);
        list->items = pop_to_mark();
        return push(list);
      }
      case ']':
        return push(made(Node::list));
      case '}':
        return push(made(Node::dictionary));
      case 'd': {
        Node* dictionary = made(Node::dictionary);
        dictionary->items = pop_to_mark();
        if (dictionary->items.size() % 2) broken("a key without a value");
        return push(dictionary);
      }
      case 0x8f:  // EMPTY_SET
        return push(made(Node::other));
      case 0x90:  // ADDITEMS
        pop_to_mark();
        return;
      case 'a': {
        Node* item = pop();
        return add_to(Node::list, {item});
      }
      case 'e':
        return add_to(Node::list, pop_to_mark());
      case 's': {
        Node *value = pop(), *key = pop();
        return add_to(Node::dictionary, {key, value});
      }
      case 'u':
        return add_to(Node::dictionary, pop_to_mark());
      case 'c': {
        const std::string_view module = line(), item = line();
        budget_.take(module.size() + item.size() + sizeof(std::string));
        return push_words(Node::name, kept_.emplace_back(std::string(module) + " " + std::string(item)));
      }
      case 0x93: {  // STACK_GLOBAL
        const Node *item = pop(), *module = pop();
        if (item->kind != Node::text || module->kind != Node::text) broken("a name");
        budget_.take(module->words.size() + item->words.size() + sizeof(std::string));
        return push_words(Node::name, kept_.emplace_back(std::string(module->words) + " " + std::string(item->words)));
      }
      case 'R':
      case 0x81:  // NEWOBJ
        return call();
      case 'b': {  // BUILD: an object's attributes are all that is kept of it; a dictionary's do not matter
        const Node* state = pop();
        Node* object = top();
        if (object->kind == Node::other && state->kind == Node::dictionary) {
          hold(state->items.size());
          copied_ += state->items.size();
          if (copied_ > bytes_.size()) broken("many objects of one state");
          object->kind = Node::dictionary;
          object->items = state->items;
        }
        return;
      }
      case 'Q':
        return push_storage(pop());
      case 'q':
        return remember(number<uint8_t>());
      case 'r':
        return remember(number<uint32_t>());
      case 0x94:
        return remember(memo_.size());
      case 'h':
        return recall(number<uint8_t>());
      case 'j':
        return recall(number<uint32_t>());
      default:
        throw Failure({ErrorCode::unsupported, fmt::format("PyTorch file: a pickle with the instruction 0x{:02x}", op)});
    }
  }

  /// The tree of a file with a hundred thousand tensors takes a tenth of this.
  static constexpr Budget::Limits kLimits{.bytes = size_t{256} << 20, .depth = 100, .steps = 100'000'000, .seconds = 60};
  Budget budget_{"PyTorch file", kLimits};
  Span bytes_;
  size_t at_ = 0, copied_ = 0;
  std::deque<Node> nodes_;
  std::deque<std::string> kept_;
  std::vector<Node*> stack_;
  std::vector<size_t> marks_;
  std::unordered_map<uint64_t, Node*> memo_;
  std::map<std::string_view, const StorageType*> storages_;
};

// ---- from the tree to tensors

class Harvest {
 public:
  Harvest(const std::map<std::string, Span>& entries, std::string folder, std::shared_ptr<const void> owner, size_t file_bytes)
      : entries_(entries), folder_(std::move(folder)), owner_(std::move(owner)), most_copied_(static_cast<int64_t>(file_bytes) * 2 + (int64_t{64} << 20)) {}

  TensorFile take(const Node* root) {
    if (root->kind != Node::dictionary) throw Failure({ErrorCode::unsupported, "PyTorch file: no dictionary of tensors, but something else"});
    for (size_t i = 0; i < root->items.size(); i += 2)
      if (root->items[i]->kind == Node::text && root->items[i]->words == "state_dict" && root->items[i + 1]->kind == Node::dictionary) {
        walk(root->items[i + 1], "", 0);
        return std::move(file_);
      }
    walk(root, "", 0);
    return std::move(file_);
  }

 private:
  void walk(const Node* tree, const std::string& prefix, int depth) {
    constexpr int kMostDepth = 4;
    constexpr size_t kMostTensors = 100000, kMostName = 1024;
    budget_.step(static_cast<int64_t>(tree->items.size()));
    for (size_t i = 0; i < tree->items.size(); i += 2) {
      const Node *key = tree->items[i], *value = tree->items[i + 1];
      if (key->kind != Node::text) continue;
      if (value->kind != Node::tensor && value->kind != Node::dictionary) continue;
      const std::string name = prefix + std::string(key->words);
      if (++seen_ > kMostTensors || name.size() > kMostName) throw Failure({ErrorCode::corrupt, "PyTorch file: too many tensors, or a name too long"});
      if (value->kind == Node::tensor)
        add(name, *value);
      else if (depth < kMostDepth)
        walk(value, key->words == "_parameters" ? prefix : name + ".", depth + 1);  // of a module: its tensors are called by the module's name
    }
  }

  void add(const std::string& name, const Node& tensor) {
    const auto broken = [&](const char* why) { return Failure({ErrorCode::corrupt, fmt::format("PyTorch file: tensor '{}' {}", name, why)}); };
    if (file_.tensors.contains(name) || file_.skipped.contains(name)) throw broken("is there twice");
    const StorageType& type = *tensor.of->type;
    if (!type.type) {
      file_.skipped.emplace(name, type.name);
      return;
    }
    const auto found = entries_.find(folder_ + "data/" + std::string(tensor.of->words));
    if (found == entries_.end()) throw broken("has no numbers in the archive");
    if (tensor.shape.size() > Shape::kMostDims) throw broken("has too many axes");
    const int64_t held = static_cast<int64_t>(found->second.size() / type.bytes);
    int64_t elements = 1, last = tensor.offset;
    const bool nothing = std::find(tensor.shape.begin(), tensor.shape.end(), 0) != tensor.shape.end();
    if (nothing) elements = 0;
    for (size_t axis = 0; !nothing && axis < tensor.shape.size(); ++axis) {
      const int64_t extent = tensor.shape[axis];
      if (elements > held / extent) throw broken("is larger than its numbers");  // strides of zero are not met with in files
      elements *= extent;
      if (extent > 1) {
        if (tensor.strides[axis] > (held - std::min(last, held)) / (extent - 1)) throw broken("reaches past its numbers");
        last += (extent - 1) * tensor.strides[axis];
      }
    }
    if (elements > 0 && last >= held) throw broken("reaches past its numbers");
    const Shape shape{std::span<const int64_t>(tensor.shape)};
    bool dense = true;
    for (int64_t axis = static_cast<int64_t>(tensor.shape.size()) - 1, step = 1; axis >= 0; --axis) {
      dense = dense && (tensor.shape[static_cast<size_t>(axis)] == 1 || tensor.strides[static_cast<size_t>(axis)] == step);
      step *= tensor.shape[static_cast<size_t>(axis)];
    }
    const uint8_t* data = found->second.data() + static_cast<size_t>(elements > 0 ? tensor.offset : 0) * type.bytes;
    if (elements == 0 || (dense && reinterpret_cast<uintptr_t>(data) % type.bytes == 0)) {
      file_.tensors.emplace(name, Tensor::wrap(shape, *type.type, data, owner_));
      return;
    }
    copied_ += elements * static_cast<int64_t>(type.bytes);
    if (copied_ > most_copied_) throw broken("is one of too many that do not lie in order");
    Tensor copy = Tensor::empty(shape, *type.type);
    auto* to = static_cast<uint8_t*>(copy.raw());
    std::vector<int64_t> index(tensor.shape.size(), 0);
    for (int64_t i = 0; to && i < elements; ++i) {
      int64_t from = 0;
      for (size_t axis = 0; axis < index.size(); ++axis) from += index[axis] * tensor.strides[axis];
      std::memcpy(to + static_cast<size_t>(i) * type.bytes, data + static_cast<size_t>(from) * type.bytes, type.bytes);
      for (size_t axis = index.size(); axis-- > 0;) {
        if (++index[axis] < tensor.shape[axis]) break;
        index[axis] = 0;
      }
    }
    file_.tensors.emplace(name, std::move(copy));
  }

  const std::map<std::string, Span>& entries_;
  std::string folder_;
  std::shared_ptr<const void> owner_;
  TensorFile file_;
  Budget budget_{"PyTorch file", {.steps = 50'000'000, .seconds = 60}};  ///< dictionaries within one another may share their parts
  size_t seen_ = 0;
  int64_t copied_ = 0, most_copied_;  ///< tensors that do not lie in order: each number of the file twice, so that no small file grows large
};

/// A GGUF file's tensors as others see them; quantised ones in bf16.
Result<TensorFile> widened(const GgufFile& file) {
  TensorFile out;
  for (const auto& [name, tensor] : file.tensors) {
    // Some converters flatten what has more than two axes and keep the shape beside it.
    const auto kept = file.get<std::vector<int64_t>>("comfy.gguf.orig_shape." + name, {});
    const std::vector<int64_t>& dims = kept.empty() ? tensor.shape : kept;
    const BlockMatrix& m = tensor.matrix;
    int64_t elements = 1;
    for (const int64_t extent : dims)
      if (extent < 0 || (extent > 0 && elements > m.rows * m.columns / extent))
        elements = -1;
      else
        elements *= extent;
    if (elements != m.rows * m.columns || dims.size() > Shape::kMostDims)
      return fail(ErrorCode::corrupt, "gguf: tensor '{}' has another number of elements than its shape", name);
    const Shape shape{std::span<const int64_t>(dims)};
    const std::optional<DType> plain = m.type == BlockType::f32    ? std::optional(DType::f32)
                                       : m.type == BlockType::f16  ? std::optional(DType::f16)
                                       : m.type == BlockType::bf16 ? std::optional(DType::bf16)
                                                                   : std::nullopt;
    if (plain) {
      out.tensors.emplace(name, Tensor::wrap(shape, *plain, m.data, m.owner));
      continue;
    }
    out.tensors.emplace(name, Tensor::lazy(shape, DType::bf16, [m, shape] {
                          Tensor wide = Tensor::empty(shape, DType::bf16);
                          parallel_for(m.rows, m.columns, [&](int64_t begin, int64_t end) {
                            for (int64_t row = begin; row < end; ++row) dequantize(m.type, m.row(row), m.columns, wide.data<bf16>() + row * m.columns);
                          });
                          return wide;
                        }));
  }
  return out;
}

/// The bf16 numbers that bytes of an 8-bit float stand for, exactly: of 4 exponent bits ("E4M3", which knows no infinity), or of 5 (the upper half of an f16).
std::array<bf16, 256> numbers_of_8_bits(bool five_exponent_bits) {
  std::array<bf16, 256> out{};
  for (int byte = 0; byte < 256; ++byte) {
    const int bits = five_exponent_bits ? 2 : 3, exponent = (byte & 0x7F) >> bits, fraction = byte & ((1 << bits) - 1), bias = five_exponent_bits ? 15 : 7;
    float value = std::ldexp(static_cast<float>(fraction + (exponent ? 1 << bits : 0)), std::max(exponent, 1) - bias - bits);
    if (five_exponent_bits && exponent == 31) value = fraction ? NAN : INFINITY;
    if (!five_exponent_bits && (byte & 0x7F) == 0x7F) value = NAN;
    out[static_cast<size_t>(byte)] = to_bf16(byte & 0x80 ? -value : value);
  }
  return out;
}

/// Puts the tensors of 8-bit floats among the others, in bf16 once they are used; a number "….scale_weight" beside a "….weight" multiplies it (as ComfyUI's
/// "scaled" files have it).
Result<void> widen_8_bits(TensorFile& file) {
  static const std::array<bf16, 256> four = numbers_of_8_bits(false), five = numbers_of_8_bits(true);
  for (const auto& [name, bytes] : file.bytes) {
    const bool wide = file.skipped.at(name) == "F8_E5M2";
    float by = 1;
    if (const auto scale = file.tensors.find(name.ends_with(".weight") ? name.substr(0, name.size() - 6) + "scale_weight" : ""); scale != file.tensors.end()) {
      if (scale->second.elements() != 1)
        return fail(ErrorCode::unsupported, "'{}' of shape {}; one number is known", scale->first, scale->second.shape().str());
      by = cast(scale->second, DType::f32).item();
    }
    file.tensors.emplace(name, Tensor::lazy(bytes.shape(), DType::bf16, [bytes = bytes, wide, by] {
                           Tensor out = Tensor::empty(bytes.shape(), DType::bf16);
                           const auto& table = wide ? five : four;
                           parallel_for(out.elements(), 4, [&](int64_t begin, int64_t end) {
                             for (int64_t i = begin; i < end; ++i) {
                               const bf16 number = table[std::as_const(bytes).data<uint8_t>()[i]];
                               out.data<bf16>()[i] = by == 1 ? number : to_bf16(to_float(number) * by);
                             }
                           });
                           return out;
                         }));
    file.skipped.erase(name);
  }
  if (!file.bytes.empty())
    std::erase_if(file.tensors,
                  [](const auto& item) { return item.first.ends_with("scale_weight") || item.first.ends_with("scale_input") || item.first == "scaled_fp8"; });
  file.bytes.clear();
  return {};
}

constexpr std::string_view kOldBeginning("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.",
                                         15);  ///< a pickle of the number that marks PyTorch's files before 1.6

/// Those are five pickles (the mark, a version, the system, the tree, the storages' keys), then each storage's number of elements and its numbers.
TensorFile old_file(Span bytes, std::shared_ptr<const void> owner) {
  Pickle pickle(bytes);
  for (int i = 0; i < 3; ++i) (void)pickle.read();
  const Node* root = pickle.read();
  const Node* keys = pickle.read();
  if (keys->kind != Node::list) throw Failure({ErrorCode::corrupt, "PyTorch file: no list of storages"});
  std::map<std::string, Span> entries;
  Span rest = bytes.subspan(pickle.consumed());
  for (const Node* key : keys->items) {
    const auto type = key->kind == Node::text ? pickle.storages().find(key->words) : pickle.storages().end();
    if (type == pickle.storages().end()) throw Failure({ErrorCode::corrupt, "PyTorch file: a storage that no tensor has"});
    const uint64_t count = rest.size() >= 8 ? number_at<uint64_t>(rest, 0) : ~uint64_t{0};
    if (count > (rest.size() - std::min<size_t>(8, rest.size())) / type->second->bytes) throw Failure({ErrorCode::corrupt, "PyTorch file: it ends too early"});
    const size_t length = count * type->second->bytes;
    entries["data/" + std::string(key->words)] = rest.subspan(8, length);
    rest = rest.subspan(8 + length);
  }
  return Harvest(entries, "", std::move(owner), bytes.size()).take(root);
}

}  // namespace

Result<TensorFile> parse_torch_file(std::span<const uint8_t> bytes, std::shared_ptr<const void> owner) {
  if (const std::string instead = placeholder_in(bytes); !instead.empty()) return fail(ErrorCode::corrupt, "PyTorch file: {}", instead);
  return guard([&]() -> Result<TensorFile> {
    if (bytes.size() > kOldBeginning.size() && std::memcmp(bytes.data(), kOldBeginning.data(), kOldBeginning.size()) == 0) return old_file(bytes, owner);
    PTAH_TRY(const auto entries, zip_entries(bytes));
    for (const auto& [name, content] : entries) {
      if (name != "data.pkl" && !name.ends_with("/data.pkl")) continue;
      Pickle pickle(content);
      const Node* root = pickle.read();
      return Harvest(entries, name.substr(0, name.size() - 8), owner, bytes.size()).take(root);
    }
    return fail(ErrorCode::unsupported, "PyTorch file: an archive without data.pkl");
  });
}

Result<TensorFile> read_tensor_file(const std::filesystem::path& path) {
  PTAH_TRY(const auto mapped, MappedFile::open(path));
  const auto bytes = mapped->bytes();
  const auto begins = [&](std::string_view magic) { return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0; };
  if (begins("GGUF")) {
    PTAH_TRY(const GgufFile file, read_gguf(path));
    return widened(file);
  }
  Result<TensorFile> file = TensorFile{};
  if (begins("PK\x03\x04") || begins(kOldBeginning))
    file = parse_torch_file(bytes, mapped);
  else
    file = parse_safetensors(bytes, mapped);
  if (file)
    if (const auto widened = widen_8_bits(*file); !widened) file = fail(widened.error().code, "{}", widened.error().message);
  if (!file) return fail(file.error().code, "{}: {}", path.string(), file.error().message);
  return file;
}

}  // namespace ptah
