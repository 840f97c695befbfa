#include "weights/pickle.h"

#include <algorithm>

namespace ptah {

namespace {

using Span = std::span<const uint8_t>;
using Node = PickleNode;

constexpr StorageType kStorages[] = {{"FloatStorage", DType::f32, 4}, {"HalfStorage", DType::f16, 2}, {"BFloat16Storage", DType::bf16, 2},
                                     {"IntStorage", DType::i32, 4},   {"ByteStorage", DType::u8, 1},  {"DoubleStorage", {}, 8},
                                     {"LongStorage", {}, 8},          {"ShortStorage", {}, 2},        {"CharStorage", {}, 1},
                                     {"BoolStorage", {}, 1}};

[[noreturn]] void broken(const char* why) { throw Failure({ErrorCode::corrupt, fmt::format("PyTorch file: broken pickle ({})", why)}); }

int64_t integer_of(const Node* node) {
  if (node->kind != Node::integer || node->number < 0) broken("a tensor's numbers");
  return node->number;
}

std::vector<int64_t> integers_of(const Node* node) {
  if (node->kind != Node::list) broken("a tensor's shape");
  if (node->items.size() > 64) throw Failure({ErrorCode::unsupported, "PyTorch file: a tensor with too many axes"});
  std::vector<int64_t> out;
  for (const Node* item : node->items) out.push_back(integer_of(item));
  return out;
}

}  // namespace

Node* Pickle::read() {
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

std::span<const uint8_t> Pickle::take(uint64_t count) {
  if (count > bytes_.size() - at_) broken("it ends too early");
  const Span out = bytes_.subspan(at_, count);
  at_ += count;
  return out;
}

std::string_view Pickle::text(uint64_t count) {
  const Span s = take(count);
  return {reinterpret_cast<const char*>(s.data()), s.size()};
}

std::string_view Pickle::line() {
  const auto* begin = bytes_.data() + at_;
  const auto* end = static_cast<const uint8_t*>(std::memchr(begin, '\n', bytes_.size() - at_));
  if (!end) broken("a line without an end");
  const std::string_view out = text(static_cast<uint64_t>(end - begin));
  ++at_;
  return out;
}

Node* Pickle::made(Node::Kind kind) {
  budget_.take(sizeof(Node));
  nodes_.emplace_back();
  nodes_.back().kind = kind;
  return &nodes_.back();
}

void Pickle::push(Node* node) {
  hold(1);
  stack_.push_back(node);
}

/// Memory for so many places in a list; never given back, so that it bounds the work of moving them about too.
void Pickle::hold(size_t places) {
  budget_.step(static_cast<int64_t>(places));
  budget_.take(places * 2 * sizeof(Node*));
}

void Pickle::push_integer(int64_t value) {
  push(made(Node::integer));
  stack_.back()->number = value;
}

void Pickle::push_words(Node::Kind kind, std::string_view words) {
  push(made(kind));
  stack_.back()->words = words;
}

void Pickle::push_name(std::string_view module, std::string_view item) {
  budget_.take(module.size() + item.size() + sizeof(std::string));
  push_words(Node::name, kept_.emplace_back(std::string(module) + " " + std::string(item)));
}

void Pickle::push_long() {
  const Span digits = take(number<uint8_t>());
  if (digits.size() > 8) return push(made(Node::other));
  uint64_t value = digits.empty() || (digits.back() & 0x80) == 0 ? 0 : ~uint64_t{0};
  for (size_t i = digits.size(); i-- > 0;) value = value << 8 | digits[i];
  push_integer(static_cast<int64_t>(value));
}

/// ("storage", type, key, place, count)
void Pickle::push_storage(const Node* id) {
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

void Pickle::push_tuple(size_t count) {
  Node* tuple = made(Node::list);
  for (size_t i = 0; i < count; ++i) tuple->items.push_back(pop());
  std::reverse(tuple->items.begin(), tuple->items.end());
  push(tuple);
}

/// A list or dictionary of what lies above the mark.
void Pickle::push_items(Node::Kind kind) {
  Node* out = made(kind);
  out->items = pop_to_mark();
  if (kind == Node::dictionary && out->items.size() % 2) broken("a key without a value");
  push(out);
}

Node* Pickle::top() {
  if (stack_.empty() || (!marks_.empty() && stack_.size() <= marks_.back())) broken("nothing on the stack");
  return stack_.back();
}

Node* Pickle::pop() {
  Node* node = top();
  stack_.pop_back();
  return node;
}

std::vector<Node*> Pickle::pop_to_mark() {
  if (marks_.empty()) broken("no mark");
  hold(stack_.size() - marks_.back());
  std::vector<Node*> out(stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back()), stack_.end());
  stack_.resize(marks_.back());
  marks_.pop_back();
  return out;
}

void Pickle::add_to(Node::Kind kind, const std::vector<Node*>& items) {
  Node* to = top();
  if (to->kind != kind) {
    if (to->kind == Node::other) return;  // something that is not built here
    broken("items for what holds none");
  }
  if (kind == Node::dictionary && items.size() % 2) broken("a key without a value");
  hold(items.size());
  to->items.insert(to->items.end(), items.begin(), items.end());
}

void Pickle::remember(uint64_t where) {
  hold(4);
  memo_[where] = top();
}

void Pickle::recall(uint64_t where) {
  const auto found = memo_.find(where);
  if (found == memo_.end()) broken("it refers to what is not there");
  push(found->second);
}

void Pickle::call() {
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

/// An object's attributes are all that is kept of it; a dictionary's do not matter.
void Pickle::build() {
  const Node* state = pop();
  Node* object = top();
  if (object->kind != Node::other || state->kind != Node::dictionary) return;
  hold(state->items.size());
  copied_ += state->items.size();
  if (copied_ > bytes_.size()) broken("many objects of one state");
  object->kind = Node::dictionary;
  object->items = state->items;
}

/// Numbers and texts; false for another instruction.
bool Pickle::constant(uint8_t op) {
  switch (op) {
    case 'N':
      push(made(Node::other));
      return true;
    case 0x88:
    case 0x89:
      push_integer(op == 0x88);
      return true;
    case 'K':
      push_integer(number<uint8_t>());
      return true;
    case 'M':
      push_integer(number<uint16_t>());
      return true;
    case 'J':
      push_integer(number<int32_t>());
      return true;
    case 0x8a:  // LONG1
      push_long();
      return true;
    case 'X':
      push_words(Node::text, text(number<uint32_t>()));
      return true;
    case 0x8c:
      push_words(Node::text, text(number<uint8_t>()));
      return true;
    case 0x8d:
      push_words(Node::text, text(number<uint64_t>()));
      return true;
    case 'G':  // floats, strings and bytes: never part of what is wanted
      take(8);
      break;
    case 'T':
    case 'B':
      take(number<uint32_t>());
      break;
    case 'U':
    case 'C':
      take(number<uint8_t>());
      break;
    case 0x8e:
      take(number<uint64_t>());
      break;
    default:
      return false;
  }
  push(made(Node::other));
  return true;
}

/// Tuples, lists, dictionaries and sets; false for another instruction.
bool Pickle::collection(uint8_t op) {
  switch (op) {
    case ')':
      push_tuple(0);
      return true;
    case 0x85:
    case 0x86:
    case 0x87:
      push_tuple(static_cast<size_t>(op - 0x84));
      return true;
    case 't':
    case 'l':
      push_items(Node::list);
      return true;
    case ']':
      push(made(Node::list));
      return true;
    case '}':
      push(made(Node::dictionary));
      return true;
    case 'd':
      push_items(Node::dictionary);
      return true;
    case 0x8f:  // EMPTY_SET
      push(made(Node::other));
      return true;
    case 0x90:  // ADDITEMS
      pop_to_mark();
      return true;
    case 'a': {
      Node* item = pop();
      add_to(Node::list, {item});
      return true;
    }
    case 'e':
      add_to(Node::list, pop_to_mark());
      return true;
    case 's': {
      Node *value = pop(), *key = pop();
      add_to(Node::dictionary, {key, value});
      return true;
    }
    case 'u':
      add_to(Node::dictionary, pop_to_mark());
      return true;
    default:
      return false;
  }
}

void Pickle::step(uint8_t op) {
  if (constant(op) || collection(op)) return;
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
    case 'c': {
      const std::string_view module = line(), item = line();
      return push_name(module, item);
    }
    case 0x93: {  // STACK_GLOBAL
      const Node *item = pop(), *module = pop();
      if (item->kind != Node::text || module->kind != Node::text) broken("a name");
      return push_name(module->words, item->words);
    }
    case 'R':
    case 0x81:  // NEWOBJ
      return call();
    case 'b':
      return build();
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

}  // namespace ptah
