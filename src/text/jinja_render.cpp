#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>
#include <functional>
#include <map>
#include <variant>

#include "base/text.h"
#include "text/jinja_tree.h"

namespace ptah::jinja {

namespace {

constexpr size_t kMostText = 16 << 20;
constexpr int64_t kMostSteps = 10'000'000;
constexpr int kMostDepth = 200;

[[noreturn]] void unfit(int line, const std::string& what) { throw Failure({ErrorCode::corrupt, fmt::format("template line {}: {}", line, what)}); }
[[noreturn]] void unknown(int line, const std::string& what) { throw Failure({ErrorCode::unsupported, fmt::format("template line {}: {}", line, what)}); }

struct Value;
using List = std::vector<Value>;
using Map = std::vector<std::pair<std::string, Value>>;
struct Undefined {
  std::string name;
};
struct None {};
/// A macro, or a function or method of the language by name (then `self` is what it is called on).
struct Callable {
  const Node* macro = nullptr;
  std::string name;
  std::shared_ptr<Value> self;
};
/// jinja's namespace(): the one thing a loop can write to.
struct Namespace {
  std::map<std::string, Value> values;
};

struct Value {
  std::variant<Undefined, None, bool, int64_t, double, std::string, std::shared_ptr<List>, std::shared_ptr<Map>, std::shared_ptr<Namespace>, Callable> held;
  Value() = default;
  template <class T>
  requires(!std::is_same_v<std::decay_t<T>, Value>) Value(T&& value) : held(std::forward<T>(value)) {}  // NOLINT: values come from everywhere
  template <class T>
  const T* as() const {
    return std::get_if<T>(&held);
  }
  const List* list() const {
    const auto* p = as<std::shared_ptr<List>>();
    return p ? p->get() : nullptr;
  }
  const Map* map() const {
    const auto* p = as<std::shared_ptr<Map>>();
    return p ? p->get() : nullptr;
  }
};

Value make_list(List list) { return std::make_shared<List>(std::move(list)); }
Value make_map(Map map) { return std::make_shared<Map>(std::move(map)); }

Value from_json(const OrderedJson& json) {
  switch (json.type()) {
    case OrderedJson::value_t::boolean:
      return json.get<bool>();
    case OrderedJson::value_t::number_integer:
    case OrderedJson::value_t::number_unsigned:
      return json.get<int64_t>();
    case OrderedJson::value_t::number_float:
      return json.get<double>();
    case OrderedJson::value_t::string:
      return json.get<std::string>();
    case OrderedJson::value_t::array: {
      List out;
      for (const auto& item : json) out.push_back(from_json(item));
      return make_list(std::move(out));
    }
    case OrderedJson::value_t::object: {
      Map out;
      for (const auto& [key, item] : json.items()) out.emplace_back(key, from_json(item));
      return make_map(std::move(out));
    }
    default:
      return None{};
  }
}

bool truthy(const Value& v) {
  if (v.as<Undefined>() || v.as<None>()) return false;
  if (const auto* b = v.as<bool>()) return *b;
  if (const auto* i = v.as<int64_t>()) return *i != 0;
  if (const auto* d = v.as<double>()) return *d != 0;
  if (const auto* s = v.as<std::string>()) return !s->empty();
  if (const List* l = v.list()) return !l->empty();
  if (const Map* m = v.map()) return !m->empty();
  return true;
}

std::string python_real(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::string out = fmt::format("{}", value);
  if (out.find_first_of(".en") == std::string::npos) out += ".0";
  return out;
}

/// Python's repr of a text.
std::string python_quoted(const std::string& s) {
  const char quote = s.find('\'') != std::string::npos && s.find('"') == std::string::npos ? '"' : '\'';
  std::string out(1, quote);
  for (const char c : s) {
    if (c == quote || c == '\\')
      out += '\\', out += c;
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (c == '\r')
      out += "\\r";
    else
      out += c;
  }
  return out + quote;
}

std::string text_of(const Value& v, bool quoted = false) {
  if (v.as<Undefined>()) return "";
  if (v.as<None>()) return "None";
  if (const auto* b = v.as<bool>()) return *b ? "True" : "False";
  if (const auto* i = v.as<int64_t>()) return std::to_string(*i);
  if (const auto* d = v.as<double>()) return python_real(*d);
  if (const auto* s = v.as<std::string>()) return quoted ? python_quoted(*s) : *s;
  std::string out;
  if (const List* l = v.list()) {
    for (const Value& item : *l) out += fmt::format("{}{}", out.empty() ? "" : ", ", text_of(item, true));
    return fmt::format("[{}]", out);
  }
  if (const Map* m = v.map()) {
    for (const auto& [key, item] : *m) out += fmt::format("{}{}: {}", out.empty() ? "" : ", ", python_quoted(key), text_of(item, true));
    return fmt::format("{{{}}}", out);
  }
  return "<function>";
}

/// json.dumps with ensure_ascii off; indent < 0: on one line.
void dump_json(const Value& v, int64_t indent, int64_t depth, int line, std::string& out) {
  const auto newline = [&](int64_t d) {
    if (indent >= 0) out.append(1, '\n').append(static_cast<size_t>(indent * d), ' ');
  };
  if (depth > kMostDepth || out.size() > kMostText) unfit(line, "tojson of a value too large");
  if (v.as<Undefined>()) unfit(line, "tojson of an undefined value");
  if (v.as<None>()) {
    out += "null";
  } else if (const auto* b = v.as<bool>()) {
    out += *b ? "true" : "false";
  } else if (const auto* s = v.as<std::string>()) {
    out += Json(*s).dump(-1, ' ', false, Json::error_handler_t::replace);
  } else if (const List* l = v.list()) {
    out += '[';
    for (size_t i = 0; i < l->size(); ++i) {
      if (i) out += indent >= 0 ? "," : ", ";
      newline(depth + 1);
      dump_json((*l)[i], indent, depth + 1, line, out);
    }
    if (!l->empty()) newline(depth);
    out += ']';
  } else if (const Map* m = v.map()) {
    out += '{';
    for (size_t i = 0; i < m->size(); ++i) {
      if (i) out += indent >= 0 ? "," : ", ";
      newline(depth + 1);
      out += Json((*m)[i].first).dump(-1, ' ', false, Json::error_handler_t::replace) + ": ";
      dump_json((*m)[i].second, indent, depth + 1, line, out);
    }
    if (!m->empty()) newline(depth);
    out += '}';
  } else if (v.as<int64_t>() || v.as<double>()) {
    out += text_of(v);
  } else {
    unfit(line, "tojson of a function");
  }
}

std::optional<double> number_of(const Value& v) {
  if (const auto* i = v.as<int64_t>()) return static_cast<double>(*i);
  if (const auto* d = v.as<double>()) return *d;
  if (const auto* b = v.as<bool>()) return *b ? 1 : 0;
  return {};
}

bool equal(const Value& a, const Value& b) {
  const auto x = number_of(a), y = number_of(b);
  if (x || y) return x && y && *x == *y;
  if (a.held.index() != b.held.index()) return false;
  if (a.as<None>() || a.as<Undefined>()) return true;
  if (const auto* s = a.as<std::string>()) return *s == *b.as<std::string>();
  if (const List* l = a.list()) return std::equal(l->begin(), l->end(), b.list()->begin(), b.list()->end(), equal);
  if (const Map* m = a.map()) {
    if (m->size() != b.map()->size()) return false;
    for (const auto& [key, value] : *m) {
      const auto found = std::find_if(b.map()->begin(), b.map()->end(), [&, k = &key](const auto& item) { return item.first == *k; });
      if (found == b.map()->end() || !equal(value, found->second)) return false;
    }
    return true;
  }
  return false;
}

bool less(const Value& a, const Value& b, int line) {
  const auto x = number_of(a), y = number_of(b);
  if (x && y) return *x < *y;
  if (a.as<std::string>() && b.as<std::string>()) return *a.as<std::string>() < *b.as<std::string>();
  unfit(line, fmt::format("cannot compare {} and {}", text_of(a, true), text_of(b, true)));
}

const Value* find(const Map& map, const std::string& key) {
  for (const auto& [name, value] : map)
    if (name == key) return &value;
  return nullptr;
}

size_t characters(const std::string& s) {
  return static_cast<size_t>(std::count_if(s.begin(), s.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }));
}
/// Byte where character `index` begins.
size_t byte_of(const std::string& s, size_t index) {
  size_t at = 0;
  while (at < s.size() && index > 0) {
    ++at;
    while (at < s.size() && (static_cast<uint8_t>(s[at]) & 0xC0) == 0x80) ++at;
    --index;
  }
  return at;
}

constexpr const char* kBlank = " \t\n\r\v\f";
std::string stripped(const std::string& s, const std::string& what, bool left, bool right) {
  size_t begin = left ? s.find_first_not_of(what) : 0;
  if (begin == std::string::npos) return "";
  const size_t end = right ? s.find_last_not_of(what) : s.size() - 1;
  return end == std::string::npos ? "" : s.substr(begin, end + 1 - begin);
}

/// Letters of ASCII only.
std::string cased(std::string s, bool upper) {
  for (char& c : s)
    if (upper ? c >= 'a' && c <= 'z' : c >= 'A' && c <= 'Z') c = static_cast<char>(c ^ 32);
  return s;
}
std::string capitalized(const std::string& s) { return cased(s.substr(0, 1), true) + cased(s.substr(std::min<size_t>(1, s.size())), false); }
std::string titled(const std::string& s) {
  std::string out = cased(s, false);
  bool start = true;
  for (char& c : out) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (letter && start) c = cased(std::string(1, c), true)[0];
    start = !letter;
  }
  return out;
}

std::string replaced(const std::string& s, const std::string& from, const std::string& to, int64_t most) {
  if (from.empty()) return s;
  std::string out;
  size_t at = 0;
  while (most != 0) {
    const size_t found = s.find(from, at);
    if (found == std::string::npos) break;
    out += s.substr(at, found - at) + to;
    at = found + from.size();
    --most;
  }
  return out + s.substr(at);
}

List split(const std::string& s, const std::string* by, int64_t most) {
  List out;
  size_t at = 0;
  if (!by) {
    while (true) {
      at = s.find_first_not_of(kBlank, at);
      if (at == std::string::npos) return out;
      size_t end = s.find_first_of(kBlank, at);
      if (end == std::string::npos || most == 0) {
        out.push_back(most == 0 ? stripped(s.substr(at), kBlank, false, true) : s.substr(at));
        return out;
      }
      out.push_back(s.substr(at, end - at));
      --most;
      at = end;
    }
  }
  while (most != 0) {
    const size_t found = s.find(*by, at);
    if (found == std::string::npos) break;
    out.push_back(s.substr(at, found - at));
    at = found + by->size();
    --most;
  }
  out.push_back(s.substr(at));
  return out;
}

enum class Flow { on, broke, continued };

/// Arguments by position and by name.
struct Given {
  std::vector<Value> plain;
  std::vector<std::pair<std::string, Value>> named;
  const Value* get(size_t position, const char* name = nullptr) const {
    if (position < plain.size()) return &plain[position];
    if (name)
      for (const auto& [n, value] : named)
        if (n == name) return &value;
    return nullptr;
  }
};

class Renderer {
 public:
  explicit Renderer(const OrderedJson& variables) {
    scopes_.emplace_back();
    for (const auto& [name, value] : variables.items()) scopes_.back()[name] = from_json(value);
  }

  std::string run(const Node& tree) {
    statement(tree);
    return std::move(out_);
  }

 private:
  struct Deeper {
    int& depth;
    Deeper(int& d, int line) : depth(d) {
      if (++depth > kMostDepth) throw Failure({ErrorCode::over_budget, fmt::format("template line {}: nested too deeply", line)});
    }
    ~Deeper() { --depth; }
  };

  void count(int line) {
    if (++steps_ > kMostSteps || out_.size() > kMostText)
      throw Failure({ErrorCode::over_budget, fmt::format("template line {}: more than {} steps or {} bytes", line, kMostSteps, kMostText)});
  }

  // ---- statements

  Flow statement(const Node& n) {
    count(n.line);
    const Deeper deeper(depth_, n.line);
    switch (n.op) {
      case Op::body:
        for (const NodePtr& part : n.parts)
          if (const Flow flow = statement(*part); flow != Flow::on) return flow;
        return Flow::on;
      case Op::print:
        out_ += text_of(value(*n.parts[0]));
        return Flow::on;
      case Op::branch:
        for (size_t i = 0; i + 1 < n.parts.size(); i += 2)
          if (truthy(value(*n.parts[i]))) return statement(*n.parts[i + 1]);
        return n.parts.size() % 2 ? statement(*n.parts.back()) : Flow::on;
      case Op::loop:
        loop(n);
        return Flow::on;
      case Op::set:
        assign(*n.parts[0], value(*n.parts[1]));
        return Flow::on;
      case Op::set_block: {
        std::string held;
        std::swap(held, out_);
        const Flow flow = statement(*n.parts[1]);
        std::swap(held, out_);
        assign(*n.parts[0], held);
        return flow;
      }
      case Op::macro:
        scopes_.back()[n.name] = Callable{&n, n.name, nullptr};
        return Flow::on;
      case Op::break_loop:
        return Flow::broke;
      case Op::continue_loop:
        return Flow::continued;
      default:
        unfit(n.line, "an expression where a statement belongs");
    }
  }

  void assign(const Node& target, Value what) {
    if (target.op == Op::list) return unpack(target, what, target.line);
    if (target.op == Op::variable) {
      scopes_.back()[target.name] = std::move(what);
      return;
    }
    const Value owner = value(*target.parts[0]);
    const auto* space = owner.as<std::shared_ptr<Namespace>>();
    if (!space) unfit(target.line, "only attributes of a namespace can be set");
    (*space)->values[target.name] = std::move(what);
  }

  List items_of(const Value& v, int line) {
    if (const List* l = v.list()) return *l;
    List out;
    if (const Map* m = v.map()) {
      for (const auto& item : *m) out.push_back(item.first);
    } else if (const auto* s = v.as<std::string>()) {
      for (size_t at = 0; at < s->size();) {
        const size_t end = at + byte_of(s->substr(at, 8), 1);
        out.push_back(s->substr(at, end - at));
        at = end;
      }
    } else if (!v.as<Undefined>()) {
      unfit(line, fmt::format("{} cannot be walked through", text_of(v, true)));
    }
    return out;
  }

  void unpack(const Node& names, const Value& item, int line) {
    auto& scope = scopes_.back();
    if (names.parts.size() == 1) {
      scope[names.parts[0]->name] = item;
      return;
    }
    const List* l = item.list();
    if (!l || l->size() != names.parts.size()) unfit(line, fmt::format("{} names for {}", names.parts.size(), text_of(item, true)));
    for (size_t i = 0; i < l->size(); ++i) scope[names.parts[i]->name] = (*l)[i];
  }

  void loop(const Node& n) {
    List items = items_of(value(*n.parts[1]), n.line);
    if (n.parts[4]) {
      List kept;
      for (const Value& item : items) {
        scopes_.emplace_back();
        unpack(*n.parts[0], item, n.line);
        if (truthy(value(*n.parts[4]))) kept.push_back(item);
        scopes_.pop_back();
      }
      items = std::move(kept);
    }
    if (items.empty()) {
      if (n.parts[3]) (void)statement(*n.parts[3]);
      return;
    }
    const auto many = static_cast<int64_t>(items.size());
    for (int64_t i = 0; i < many; ++i) {
      const auto at = static_cast<size_t>(i);
      scopes_.emplace_back();
      unpack(*n.parts[0], items[at], n.line);
      Map about{{"index", i + 1}, {"index0", i},          {"first", i == 0},          {"last", i + 1 == many},
                {"length", many}, {"revindex", many - i}, {"revindex0", many - i - 1}};
      if (i > 0) about.emplace_back("previtem", items[at - 1]);
      if (i + 1 < many) about.emplace_back("nextitem", items[at + 1]);
      scopes_.back()["loop"] = make_map(std::move(about));
      const Flow flow = statement(*n.parts[2]);
      scopes_.pop_back();
      if (flow == Flow::broke) break;
    }
  }

  // ---- expressions

  Value value(const Node& n) {
    count(n.line);
    const Deeper deeper(depth_, n.line);
    switch (n.op) {
      case Op::text:
        return n.name;
      case Op::integer:
        return n.number;
      case Op::real:
        return n.real;
      case Op::boolean:
        return n.number != 0;
      case Op::none:
        return None{};
      case Op::variable:
        return variable(n.name);
      case Op::list: {
        List out;
        for (const NodePtr& part : n.parts) out.push_back(value(*part));
        return make_list(std::move(out));
      }
      case Op::map: {
        Map out;
        for (size_t i = 0; i < n.parts.size(); i += 2) {
          const Value key = value(*n.parts[i]);
          out.emplace_back(text_of(key), value(*n.parts[i + 1]));
        }
        return make_map(std::move(out));
      }
      case Op::attribute:
        return attribute(value(*n.parts[0]), n.name, n.line);
      case Op::index:
        return index(value(*n.parts[0]), value(*n.parts[1]), n.line);
      case Op::slice:
        return slice(n);
      case Op::call:
        return call(n);
      case Op::filter:
        return filter(n.name, value(*n.parts[0]), given(n), n.line);
      case Op::test:
        return test(n.name, value(*n.parts[0]), given(n), n.line);
      case Op::negate: {
        const Value v = value(*n.parts[0]);
        if (const auto* i = v.as<int64_t>()) return *i == INT64_MIN ? *i : -*i;
        if (const auto d = number_of(v)) return -*d;
        unfit(n.line, fmt::format("cannot negate {}", text_of(v, true)));
      }
      case Op::logical_not:
        return !truthy(value(*n.parts[0]));
      case Op::logical_and: {
        Value left = value(*n.parts[0]);
        return truthy(left) ? value(*n.parts[1]) : left;
      }
      case Op::logical_or: {
        Value left = value(*n.parts[0]);
        return truthy(left) ? left : value(*n.parts[1]);
      }
      case Op::binary:
        return binary(n.name, value(*n.parts[0]), value(*n.parts[1]), n.line);
      case Op::ternary:
        if (truthy(value(*n.parts[0]))) return value(*n.parts[1]);
        return n.parts[2] ? value(*n.parts[2]) : Value(Undefined{});
      default:
        unfit(n.line, "a statement where an expression belongs");
    }
  }

  Value variable(const std::string& name) {
    for (size_t i = scopes_.size(); i-- > 0;)
      if (const auto found = scopes_[i].find(name); found != scopes_[i].end()) return found->second;
    for (const char* function : {"raise_exception", "range", "namespace", "dict", "strftime_now", "list"})
      if (name == function) return Callable{nullptr, name, nullptr};
    return Undefined{name};
  }

  Value attribute(const Value& owner, const std::string& name, int line) {
    if (const auto* u = owner.as<Undefined>()) unfit(line, fmt::format("'{}' is undefined, so it has no '{}'", u->name, name));
    if (const Map* m = owner.map())
      if (const Value* found = find(*m, name)) return *found;
    if (const auto* space = owner.as<std::shared_ptr<Namespace>>()) {
      const auto found = (*space)->values.find(name);
      return found == (*space)->values.end() ? Value(Undefined{name}) : found->second;
    }
    static constexpr std::array<const char*, 14> kOfText{"strip", "lstrip", "rstrip",     "split",   "startswith", "endswith", "upper",
                                                         "lower", "title",  "capitalize", "replace", "join",       "find",     "count"};
    static constexpr std::array<const char*, 4> kOfMap{"items", "keys", "values", "get"};
    const auto method = [&](const auto& names) { return std::any_of(names.begin(), names.end(), [&](const char* known) { return name == known; }); };
    if ((owner.as<std::string>() && method(kOfText)) || (owner.map() && method(kOfMap))) return Callable{nullptr, name, std::make_shared<Value>(owner)};
    return Undefined{name};
  }

  Value index(const Value& owner, const Value& key, int line) {
    if (const auto* u = owner.as<Undefined>()) unfit(line, fmt::format("'{}' is undefined, so it has no items", u->name));
    if (const Map* m = owner.map()) {
      const Value* found = find(*m, text_of(key));
      return found ? *found : Value(Undefined{text_of(key)});
    }
    if (const auto* s = key.as<std::string>()) return attribute(owner, *s, line);
    const auto* at = key.as<int64_t>();
    if (!at) return Undefined{text_of(key)};
    if (const List* l = owner.list()) {
      const auto size = static_cast<int64_t>(l->size()), i = *at < 0 ? *at + size : *at;
      return i < 0 || i >= size ? Value(Undefined{text_of(key)}) : (*l)[static_cast<size_t>(i)];
    }
    if (const auto* s = owner.as<std::string>()) {
      const auto size = static_cast<int64_t>(characters(*s)), i = *at < 0 ? *at + size : *at;
      if (i < 0 || i >= size) return Undefined{text_of(key)};
      const size_t begin = byte_of(*s, static_cast<size_t>(i)), end = byte_of(*s, static_cast<size_t>(i) + 1);
      return s->substr(begin, end - begin);
    }
    return Undefined{text_of(key)};
  }

  Value slice(const Node& n) {
    const Value owner = value(*n.parts[0]);
    const auto bound = [&](size_t i) -> std::optional<int64_t> {
      if (!n.parts[i]) return {};
      const Value v = value(*n.parts[i]);
      if (v.as<None>()) return {};
      if (const auto* whole = v.as<int64_t>()) return *whole;
      unfit(n.line, "a slice by something that is no integer");
    };
    const auto first = bound(1), last = bound(2), by = bound(3);
    const int64_t step = by.value_or(1);
    if (step == 0) unfit(n.line, "a slice with step 0");
    const List* l = owner.list();
    const auto* s = owner.as<std::string>();
    if (!l && !s) unfit(n.line, fmt::format("{} cannot be sliced", text_of(owner, true)));
    const List items = items_of(owner, n.line);
    const auto size = static_cast<int64_t>(items.size());
    const auto clamped = [&](const std::optional<int64_t>& v, int64_t fallback) {
      if (!v) return fallback;
      const int64_t from_start = *v < 0 ? std::max<int64_t>(*v, -size - 1) + size : *v;
      return step > 0 ? std::clamp<int64_t>(from_start, 0, size) : std::clamp<int64_t>(from_start, -1, size - 1);
    };
    const int64_t begin = clamped(first, step > 0 ? 0 : size - 1), end = clamped(last, step > 0 ? size : -1);
    List out;
    for (int64_t i = begin; step > 0 ? i < end : i > end;) {
      out.push_back(items[static_cast<size_t>(i)]);
      if (std::abs(step) > size) break;
      i += step;
    }
    if (l) return make_list(std::move(out));
    std::string text;
    for (const Value& c : out) text += *c.as<std::string>();
    return text;
  }

  Value binary(const std::string& op, const Value& a, const Value& b, int line) {
    if (op == "==") return equal(a, b);
    if (op == "!=") return !equal(a, b);
    if (op == "<") return less(a, b, line);
    if (op == ">") return less(b, a, line);
    if (op == "<=") return !less(b, a, line);
    if (op == ">=") return !less(a, b, line);
    if (op == "in") return contains(b, a, line);
    if (op == "not in") return !contains(b, a, line);
    if (op == "~") return text_of(a) + text_of(b);
    const auto *s = a.as<std::string>(), *t = b.as<std::string>();
    if (op == "+" && s && t) return *s + *t;
    if (op == "+" && a.list() && b.list()) {
      List joined = *a.list();
      joined.insert(joined.end(), b.list()->begin(), b.list()->end());
      return make_list(std::move(joined));
    }
    if (op == "*" && s && b.as<int64_t>()) {
      const int64_t times = std::max<int64_t>(0, *b.as<int64_t>());
      if (!s->empty() && times > static_cast<int64_t>(kMostText / s->size()))
        throw Failure({ErrorCode::over_budget, fmt::format("template line {}: a text too long", line)});
      std::string out;
      for (int64_t i = 0; i < times; ++i) out += *s;
      return out;
    }
    const auto x = number_of(a), y = number_of(b);
    if (!x || !y) unfit(line, fmt::format("cannot compute {} {} {}", text_of(a, true), op, text_of(b, true)));
    const bool whole = !a.as<double>() && !b.as<double>();
    if ((op == "/" || op == "//" || op == "%") && *y == 0) unfit(line, "division by zero");
    if (op == "/") return *x / *y;
    if (whole) {
      const auto i = static_cast<int64_t>(*x), j = static_cast<int64_t>(*y);
      int64_t out = 0;
      if ((op == "+" && __builtin_add_overflow(i, j, &out)) || (op == "-" && __builtin_sub_overflow(i, j, &out)) ||
          (op == "*" && __builtin_mul_overflow(i, j, &out)))
        unfit(line, "a number too large");
      if (op == "//") out = static_cast<int64_t>(std::floor(*x / *y));
      if (op == "%") out = j == -1 ? 0 : ((i % j) + j) % j;
      return out;
    }
    if (op == "+") return *x + *y;
    if (op == "-") return *x - *y;
    if (op == "*") return *x * *y;
    if (op == "//") return std::floor(*x / *y);
    return *x - *y * std::floor(*x / *y);
  }

  bool contains(const Value& where, const Value& what, int line) {
    if (const List* l = where.list()) return std::any_of(l->begin(), l->end(), [&](const Value& item) { return equal(item, what); });
    if (const Map* m = where.map()) return what.as<std::string>() && find(*m, *what.as<std::string>());
    if (const auto* s = where.as<std::string>())
      if (const auto* part = what.as<std::string>()) return s->find(*part) != std::string::npos;
    if (const auto* u = where.as<Undefined>()) unfit(line, fmt::format("'{}' is undefined, so nothing is in it", u->name));
    unfit(line, fmt::format("cannot look for {} in {}", text_of(what, true), text_of(where, true)));
  }

  Given given(const Node& n) {
    Given out;
    for (const Argument& argument : n.arguments) {
      Value v = value(*argument.value);
      if (argument.name.empty())
        out.plain.push_back(std::move(v));
      else
        out.named.emplace_back(argument.name, std::move(v));
    }
    return out;
  }

  Value call(const Node& n) {
    const Value target = value(*n.parts[0]);
    const auto* callable = target.as<Callable>();
    if (!callable) {
      const auto* u = target.as<Undefined>();
      unknown(n.line, u ? fmt::format("there is no function or method '{}'", u->name) : fmt::format("{} cannot be called", text_of(target, true)));
    }
    const Given arguments = given(n);
    if (callable->macro) return call_macro(*callable->macro, arguments);
    if (callable->self) return callable->self->map() ? map_method(*callable, arguments) : text_method(*callable, arguments, n.line);
    return call_function(callable->name, arguments, n.line);
  }

  Value call_macro(const Node& macro, const Given& given) {
    // A macro sees what stands outside all loops, and its parameters.
    std::vector<std::map<std::string, Value>> held;
    std::swap(held, scopes_);
    scopes_.push_back(held[0]);
    scopes_.emplace_back();
    for (size_t i = 0; i < macro.arguments.size(); ++i) {
      const Argument& parameter = macro.arguments[i];
      const Value* found = given.get(i, parameter.name.c_str());
      scopes_.back()[parameter.name] = found ? *found : parameter.value ? value(*parameter.value) : Value(Undefined{parameter.name});
    }
    std::string text;
    std::swap(text, out_);
    (void)statement(*macro.parts[0]);
    std::swap(text, out_);
    std::swap(held, scopes_);
    return text;
  }

  Value call_function(const std::string& name, const Given& given, int line) {
    if (name == "raise_exception")
      throw Failure({ErrorCode::invalid_argument, fmt::format("chat template: {}", given.plain.empty() ? "" : text_of(given.plain[0]))});
    if (name == "namespace") {
      auto space = std::make_shared<Namespace>();
      for (const auto& [key, v] : given.named) space->values[key] = v;
      return space;
    }
    if (name == "dict") {
      Map out;
      for (const auto& [key, v] : given.named) out.emplace_back(key, v);
      return make_map(std::move(out));
    }
    if (name == "list") return make_list(given.plain.empty() ? List() : items_of(given.plain[0], line));
    if (name == "range") {
      int64_t bounds[3] = {0, 0, 1};
      for (size_t i = 0; i < given.plain.size(); ++i) {
        const auto* v = given.plain[i].as<int64_t>();
        if (!v || i > 2) unfit(line, "range of something that is no integer");
        bounds[i] = *v;
      }
      if (given.plain.size() == 1) bounds[1] = bounds[0], bounds[0] = 0;
      if (bounds[2] == 0) unfit(line, "range with step 0");
      List out;
      for (int64_t i = bounds[0]; bounds[2] > 0 ? i < bounds[1] : i > bounds[1]; i += bounds[2]) {
        count(line);
        out.push_back(i);
      }
      return make_list(std::move(out));
    }
    // strftime_now
    const auto* format = given.plain.empty() ? nullptr : given.plain[0].as<std::string>();
    if (!format) unfit(line, "strftime_now without a format");
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    localtime_r(&now, &parts);
    std::array<char, 256> buffer{};
    return std::string(buffer.data(), std::strftime(buffer.data(), buffer.size(), format->c_str(), &parts));
  }

  static Value map_method(const Callable& method, const Given& given) {
    const Map& m = *method.self->map();
    if (method.name == "get") {
      const Value* key = given.get(0);
      const Value* found = key ? find(m, text_of(*key)) : nullptr;
      return found ? *found : given.get(1) ? *given.get(1) : Value(None{});
    }
    List out;
    for (const auto& [key, item] : m) out.push_back(method.name == "items" ? make_list({key, item}) : method.name == "keys" ? Value(key) : item);
    return make_list(std::move(out));
  }

  Value text_method(const Callable& method, const Given& given, int line) {
    const std::string &s = *method.self->as<std::string>(), &name = method.name;
    const auto text = [&](size_t i) -> const std::string* {
      const Value* v = given.get(i);
      if (!v || v->as<None>()) return nullptr;
      const auto* t = v->as<std::string>();
      if (!t) unfit(line, fmt::format("{} of {}", name, text_of(*v, true)));
      return t;
    };
    const auto number = [&](size_t i, const char* by_name, int64_t fallback) {
      const Value* v = given.get(i, by_name);
      return v && v->as<int64_t>() ? *v->as<int64_t>() : fallback;
    };
    if (name == "strip" || name == "lstrip" || name == "rstrip") return stripped(s, text(0) ? *text(0) : kBlank, name != "rstrip", name != "lstrip");
    if (name == "split") {
      if (text(0) && text(0)->empty()) unfit(line, "split by an empty text");
      return make_list(split(s, text(0), number(1, "maxsplit", -1)));
    }
    if (name == "upper") return cased(s, true);
    if (name == "lower") return cased(s, false);
    if (name == "title") return titled(s);
    if (name == "capitalize") return capitalized(s);
    if (name == "join") return joined(given.plain.empty() ? Value(Undefined{}) : given.plain[0], s, line);
    if (name == "startswith" || name == "endswith") {
      List options;
      if (const Value* v = given.get(0)) options = v->list() ? *v->list() : List{*v};
      return std::any_of(options.begin(), options.end(), [&](const Value& v) {
        const auto* t = v.as<std::string>();
        return t && (name == "startswith" ? s.starts_with(*t) : s.ends_with(*t));
      });
    }
    if (!text(0)) unfit(line, fmt::format("{} without a text", name));
    if (name == "find") {
      const size_t at = s.find(*text(0));
      return at == std::string::npos ? int64_t{-1} : static_cast<int64_t>(characters(s.substr(0, at)));
    }
    if (name == "count") {
      if (text(0)->empty()) unfit(line, "count of an empty text");
      int64_t found = 0;
      for (size_t at = s.find(*text(0)); at != std::string::npos; at = s.find(*text(0), at + text(0)->size())) ++found;
      return found;
    }
    if (!text(1)) unfit(line, "replace needs two texts");
    return replaced(s, *text(0), *text(1), number(2, "count", -1));
  }

  std::string joined(const Value& items, const std::string& by, int line) {
    std::string out;
    bool first = true;
    for (const Value& item : items_of(items, line)) {
      if (!first) out += by;
      first = false;
      out += text_of(item);
    }
    return out;
  }

  Value filter(const std::string& name, const Value& v, const Given& given, int line) {
    const auto text_argument = [&](size_t i, const char* by_name, const std::string& fallback) {
      const Value* a = given.get(i, by_name);
      return a ? text_of(*a) : fallback;
    };
    if (name == "default" || name == "d") {
      const Value *fallback = given.get(0, "default_value"), *also_false = given.get(1, "boolean");
      const bool use = v.as<Undefined>() || (also_false && truthy(*also_false) && !truthy(v));
      return use ? (fallback ? *fallback : Value(std::string())) : v;
    }
    if (name == "trim") return stripped(text_of(v), text_argument(0, "chars", kBlank), true, true);
    if (name == "upper") return cased(text_of(v), true);
    if (name == "lower") return cased(text_of(v), false);
    if (name == "title") return titled(text_of(v));
    if (name == "capitalize") return capitalized(text_of(v));
    if (name == "string" || name == "safe") return text_of(v);
    if (name == "e")
      return replaced(replaced(replaced(replaced(replaced(text_of(v), "&", "&amp;", -1), "<", "&lt;", -1), ">", "&gt;", -1), "'", "&#39;", -1), "\"", "&#34;",
                      -1);
    if (name == "length" || name == "count") {
      if (const auto* s = v.as<std::string>()) return static_cast<int64_t>(characters(*s));
      return static_cast<int64_t>(items_of(v, line).size());
    }
    if (name == "join") return joined(v, text_argument(0, "d", ""), line);
    if (name == "replace") return replaced(text_of(v), text_argument(0, "old", ""), text_argument(1, "new", ""), -1);
    if (name == "tojson") {
      const Value* indent = given.get(0, "indent");
      std::string out;
      dump_json(v, indent && indent->as<int64_t>() ? std::clamp<int64_t>(*indent->as<int64_t>(), 0, 16) : -1, 0, line, out);
      return out;
    }
    if (name == "indent") {
      const Value *width = given.get(0, "width"), *first = given.get(1, "first");
      const std::string pad(static_cast<size_t>(width && width->as<int64_t>() ? std::clamp<int64_t>(*width->as<int64_t>(), 0, 64) : 4), ' ');
      const std::string s = text_of(v);
      std::string out = first && truthy(*first) ? pad : "";
      for (size_t i = 0; i < s.size(); ++i) {
        out += s[i];
        if (s[i] == '\n' && i + 1 < s.size() && s[i + 1] != '\n') out += pad;
      }
      return out;
    }
    if (name == "int" || name == "float") {
      auto number = number_of(v);
      if (const auto* s = v.as<std::string>()) {
        double parsed = 0;
        const std::string t = stripped(*s, kBlank, true, true);
        const auto [end, problem] = std::from_chars(t.data(), t.data() + t.size(), parsed);
        if (problem == std::errc() && end == t.data() + t.size()) number = parsed;
      }
      if (!number || !std::isfinite(*number) || std::abs(*number) > 9e15) number = 0;
      return name == "int" ? Value(static_cast<int64_t>(*number)) : Value(*number);
    }
    if (name == "abs" || name == "round") {
      const auto number = number_of(v);
      if (!number) unfit(line, fmt::format("{} of {}", name, text_of(v, true)));
      if (name == "round") return std::nearbyint(*number);
      if (const auto* i = v.as<int64_t>()) return std::abs(*i);
      return std::abs(*number);
    }
    if (name == "items" || name == "dictsort") {
      if (v.as<Undefined>()) return make_list({});
      if (!v.map()) unfit(line, fmt::format("{} of {}", name, text_of(v, true)));
      Map m = *v.map();
      if (name == "dictsort") std::stable_sort(m.begin(), m.end(), [](const auto& a, const auto& b) { return cased(a.first, false) < cased(b.first, false); });
      List out;
      for (const auto& [key, item] : m) out.push_back(make_list({key, item}));
      return make_list(std::move(out));
    }
    return list_filter(name, items_of(v, line), given, line, v.as<std::string>() != nullptr);
  }

  Value list_filter(const std::string& name, List items, const Given& given, int line, bool was_text) {
    if (name == "list") return make_list(std::move(items));
    if (name == "first") return items.empty() ? Value(Undefined{"first"}) : items.front();
    if (name == "last") return items.empty() ? Value(Undefined{"last"}) : items.back();
    if (name == "reverse") {
      std::reverse(items.begin(), items.end());
      return was_text ? Value(joined(make_list(std::move(items)), "", line)) : make_list(std::move(items));
    }
    if (name == "sum") {
      Value total = int64_t{0};
      for (const Value& item : items) total = binary("+", total, item, line);
      return total;
    }
    if (name == "min" || name == "max" || name == "sort") {
      std::stable_sort(items.begin(), items.end(), [&](const Value& a, const Value& b) { return less(a, b, line); });
      if (name == "sort") return make_list(std::move(items));
      return items.empty() ? Value(Undefined{name}) : name == "min" ? items.front() : items.back();
    }
    List out;
    if (name == "unique") {
      for (const Value& item : items)
        if (std::none_of(out.begin(), out.end(), [&](const Value& known) { return equal(known, item); })) out.push_back(item);
      return make_list(std::move(out));
    }
    if (name == "map") {
      const Value *by = given.get(1, "attribute"), *which = given.get(0);
      for (const auto& [n, a] : given.named)
        if (n == "attribute") by = &a;
      for (const Value& item : items) {
        if (by && !which) {
          Value at = item;
          for (const Value& step : split(text_of(*by), &kDot, -1)) at = attribute(at, text_of(step), line);
          out.push_back(at);
        } else if (which) {
          Given rest;
          rest.plain.assign(given.plain.begin() + 1, given.plain.end());
          rest.named = given.named;
          out.push_back(filter(text_of(*which), item, rest, line));
        } else {
          unfit(line, "map without a filter or an attribute");
        }
      }
      return make_list(std::move(out));
    }
    // select, reject, selectattr, rejectattr
    const bool by_attribute = name.ends_with("attr"), wanted = name.starts_with("select");
    size_t next = 0;
    const Value* which = by_attribute ? given.get(next++) : nullptr;
    if (by_attribute && !which) unfit(line, fmt::format("{} without an attribute", name));
    const Value* check = given.get(next++);
    Given rest;
    for (size_t i = next; i < given.plain.size(); ++i) rest.plain.push_back(given.plain[i]);
    for (const Value& item : items) {
      const Value at = which ? attribute(item, text_of(*which), line) : item;
      if ((check ? test(text_of(*check), at, rest, line) : truthy(at)) == wanted) out.push_back(item);
    }
    return make_list(std::move(out));
  }

  bool test(const std::string& name, const Value& v, const Given& given, int line) {
    const auto argument = [&]() -> const Value& {
      if (given.plain.empty()) unfit(line, fmt::format("the test '{}' needs a value", name));
      return given.plain[0];
    };
    const auto* i = v.as<int64_t>();
    if (name == "defined") return !v.as<Undefined>();
    if (name == "undefined") return v.as<Undefined>();
    if (name == "none") return v.as<None>();
    if (name == "string") return v.as<std::string>();
    if (name == "number") return number_of(v).has_value();
    if (name == "integer") return i;
    if (name == "float") return v.as<double>();
    if (name == "boolean") return v.as<bool>();
    if (name == "mapping") return v.map();
    if (name == "iterable" || name == "sequence") return v.list() || v.map() || v.as<std::string>();
    if (name == "true") return v.as<bool>() && *v.as<bool>();
    if (name == "false") return v.as<bool>() && !*v.as<bool>();
    if (name == "callable") return v.as<Callable>();
    if (name == "lower") return text_of(v) == cased(text_of(v), false);
    if (name == "upper") return text_of(v) == cased(text_of(v), true);
    if (name == "eq" || name == "equalto" || name == "==" || name == "sameas") return equal(v, argument());
    if (name == "ne") return !equal(v, argument());
    if (name == "gt") return less(argument(), v, line);
    if (name == "in") return contains(argument(), v, line);
    if (!i) unfit(line, fmt::format("the test '{}' of {}", name, text_of(v, true)));
    if (name == "odd") return *i % 2 != 0;
    if (name == "even") return *i % 2 == 0;
    if (name == "divisibleby") {
      const auto* by = argument().as<int64_t>();
      if (!by || *by == 0 || *by == -1) unfit(line, "divisibleby needs an integer above 0");
      return *i % *by == 0;
    }
    unknown(line, fmt::format("the test '{}' is not computed", name));
  }

  static inline const std::string kDot = ".";
  std::vector<std::map<std::string, Value>> scopes_;
  std::string out_;
  int64_t steps_ = 0;
  int depth_ = 0;
};

}  // namespace

std::string render(const Node& tree, const OrderedJson& variables) { return Renderer(variables).run(tree); }

}  // namespace ptah::jinja

namespace ptah {

struct JinjaTemplate::Tree {
  jinja::NodePtr root;
};

JinjaTemplate::JinjaTemplate(std::unique_ptr<Tree> tree) : tree_(std::move(tree)) {}
JinjaTemplate::~JinjaTemplate() = default;

Result<std::shared_ptr<const JinjaTemplate>> JinjaTemplate::parse(std::string_view text) {
  return guard([&]() -> Result<std::shared_ptr<const JinjaTemplate>> {
    if (const size_t bad = invalid_utf8_at(text); bad != std::string::npos) return fail(ErrorCode::corrupt, "template: not valid UTF-8 at byte {}", bad);
    auto tree = std::make_unique<Tree>();
    tree->root = jinja::parse(text);
    return std::shared_ptr<const JinjaTemplate>(new JinjaTemplate(std::move(tree)));
  });
}

Result<std::string> JinjaTemplate::render(const OrderedJson& variables) const {
  return guard([&]() -> Result<std::string> { return jinja::render(*tree_->root, variables); });
}

}  // namespace ptah
