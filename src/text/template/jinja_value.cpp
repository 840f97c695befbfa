#include "text/template/jinja_operations.h"

#include <algorithm>
#include <cmath>

namespace ptah::jinja {

namespace {

/// What a shared object costs beside its contents.
constexpr size_t kObject = 64;

std::string shortened(View text) { return text.size() > 60 ? std::string(text.substr(0, position_of(text.substr(0, 240), 60))) + "…" : std::string(text); }

[[noreturn]] void stop(const Budget& budget, ErrorCode code, const std::string& what) {
  throw Failure({code, fmt::format("template line {}: {}", budget.line(), what)});
}

}  // namespace

void unfit(const Budget& budget, const std::string& what) { stop(budget, ErrorCode::corrupt, what); }
void refuse(const Budget& budget, const std::string& what) { stop(budget, ErrorCode::unsupported, what + " is not computed"); }

std::string type_name(const Value& v) {
  if (const auto* u = v.as<Undefined>()) return u->name ? fmt::format("'{}', which is undefined,", shortened(*u->name)) : "something undefined";
  if (v.is<None>()) return "None";
  if (v.is<bool>()) return "a boolean";
  if (v.is<int64_t>()) return "an integer";
  if (v.is<double>()) return "a float";
  if (const Text* t = v.text()) return t->markup ? "a text marked safe" : fmt::format("the text '{}'", shortened(t->bytes));
  if (const List* l = v.list()) {
    static constexpr const char* kNames[] = {"a list", "a tuple", "a group", "a range", "a view of keys", "a view of values", "a view of items", "a generator"};
    return kNames[l->kind];
  }
  if (v.map()) return "a dictionary";
  if (v.is<Namespace*>()) return "a namespace";
  return v.is<Loop*>() ? "the loop" : "a function";
}

Value undefined(std::string_view name) {
  if (name.empty()) return Undefined{};
  return Undefined{std::make_shared<const std::string>(name.substr(0, 64))};
}

Value make_text(Budget& budget, std::string text, bool markup) {
  budget.step(1 + static_cast<int64_t>(text.size() >> 8));
  Budget::Charge charge(budget, text.size() + kObject + sizeof(Text));
  return std::make_shared<const Text>(Text{std::move(text), markup, std::move(charge)});
}

namespace {

int depth_of(const Value& v) {
  if (const List* l = v.list()) return l->depth;
  if (const Map* m = v.map()) return m->depth;
  return 0;
}

}  // namespace

Value make_list(Budget& budget, std::vector<Value> items, List::Kind kind) {
  budget.step(1 + static_cast<int64_t>(items.size() >> 3));
  Budget::Charge charge(budget, items.size() * sizeof(Value) + kObject + sizeof(List));
  int depth = 0;
  for (const Value& v : items) depth = std::max(depth, depth_of(v));
  budget.check_depth(depth + 1);
  return std::make_shared<const List>(List{kind, std::move(items), depth + 1, std::move(charge)});
}

Value make_map(Budget& budget, std::vector<std::pair<Value, Value>> items) {
  budget.step(1 + static_cast<int64_t>(items.size() >> 3));
  Budget::Charge charge(budget, items.size() * 2 * sizeof(Value) + kObject + sizeof(Map));
  int depth = 0;
  for (const auto& [key, v] : items) depth = std::max({depth, depth_of(key), depth_of(v)});
  budget.check_depth(depth + 1);
  return std::make_shared<const Map>(Map{std::move(items), depth + 1, std::move(charge)});
}

Value from_json(Budget& budget, const OrderedJson& json) {
  const Budget::Level level(budget);
  switch (json.type()) {
    case OrderedJson::value_t::boolean:
      return json.get<bool>();
    case OrderedJson::value_t::number_unsigned:
      if (json.get<uint64_t>() > static_cast<uint64_t>(INT64_MAX)) refuse(budget, "an integer beyond 64 bits");
      return json.get<int64_t>();
    case OrderedJson::value_t::number_integer:
      return json.get<int64_t>();
    case OrderedJson::value_t::number_float:
      return json.get<double>();
    case OrderedJson::value_t::string:
      return make_text(budget, json.get<std::string>());
    case OrderedJson::value_t::array: {
      std::vector<Value> out;
      for (const auto& each : json) out.push_back(from_json(budget, each));
      return make_list(budget, std::move(out));
    }
    case OrderedJson::value_t::object: {
      std::vector<std::pair<Value, Value>> out;
      for (const auto& [key, each] : json.items()) out.emplace_back(make_text(budget, key), from_json(budget, each));
      return make_map(budget, std::move(out));
    }
    default:
      return None{};
  }
}

bool truthy(const Value& v) {
  if (v.is<Undefined>() || v.is<None>()) return false;
  if (const auto* b = v.as<bool>()) return *b;
  if (const auto* i = v.as<int64_t>()) return *i != 0;
  if (const auto* d = v.as<double>()) return *d != 0;
  if (const Text* t = v.text()) return !t->bytes.empty();
  if (const List* l = v.list()) return l->kind == List::generator || !l->all.empty();
  if (const Map* m = v.map()) return !m->all.empty();
  return true;
}

void add_text(Budget& budget, const Value& v, TextBuilder& out, bool quote) {
  budget.step();
  if (v.is<Undefined>()) return out.add(quote ? "Undefined" : "");
  if (v.is<None>()) return out.add("None");
  if (const auto* b = v.as<bool>()) return out.add(*b ? "True" : "False");
  if (const auto* i = v.as<int64_t>()) return out.add(std::to_string(*i));
  if (const auto* d = v.as<double>()) return out.add(real_text(*d));
  if (const Text* t = v.text()) {
    if (!quote) return out.add(t->bytes);
    if (t->markup) refuse(budget, "printing a text marked safe inside of a list");
    return out.add(repr_of(t->bytes));
  }
  if (const Map* m = v.map()) {
    out.add("{");
    for (size_t i = 0; i < m->all.size(); ++i) {
      if (i) out.add(", ");
      add_text(budget, m->all[i].first, out, true);
      out.add(": ");
      add_text(budget, m->all[i].second, out, true);
    }
    return out.add("}");
  }
  const List* l = v.list();
  if (!l || l->kind == List::generator) refuse(budget, "printing " + type_name(v));
  if (l->kind == List::range) return out.add(l->shown);
  const bool tuple = l->kind == List::tuple || l->kind == List::group;
  out.add(l->kind == List::keys ? "dict_keys([" : l->kind == List::values ? "dict_values([" : l->kind == List::items ? "dict_items([" : tuple ? "(" : "[");
  for (size_t i = 0; i < l->all.size(); ++i) {
    if (i) out.add(", ");
    add_text(budget, l->all[i], out, true);
  }
  out.add(tuple ? (l->all.size() == 1 ? ",)" : ")") : l->kind == List::list ? "]" : "])");
}

std::string text_of(Budget& budget, const Value& v) {
  TextBuilder out(budget);
  add_text(budget, v, out);
  return out.take();
}

std::optional<int64_t> integer_of(const Value& v) {
  if (const auto* i = v.as<int64_t>()) return *i;
  if (const auto* b = v.as<bool>()) return *b;
  return {};
}
std::optional<double> number_of(const Value& v) {
  if (const auto* d = v.as<double>()) return *d;
  if (const auto i = integer_of(v)) return static_cast<double>(*i);
  return {};
}

namespace {

/// Below 0, 0, above 0, or 2 if one is NaN; exact, also between integers and floats.
int order_of_numbers(const Value& a, const Value& b) {
  const auto i = integer_of(a), j = integer_of(b);
  if (i && j) return *i < *j ? -1 : *i > *j;
  const double x = *number_of(a), y = *number_of(b);
  if (std::isnan(x) || std::isnan(y)) return 2;
  if (!i && !j) return x < y ? -1 : x > y;
  if (j) return -order_of_numbers(b, a);
  // An integer and a float: the float's whole part fits or decides.
  if (y >= 9223372036854775808.0) return -1;
  if (y < -9223372036854775808.0) return 1;
  const double whole = std::floor(y);
  const auto k = static_cast<int64_t>(whole);
  if (*i != k) return *i < k ? -1 : 1;
  return y > whole ? -1 : 0;
}

bool is_tuple(const List& l) { return l.kind == List::tuple || l.kind == List::group; }
bool is_view(const List& l) { return l.kind == List::keys || l.kind == List::values || l.kind == List::items; }

}  // namespace

bool equal(Budget& budget, const Value& a, const Value& b) {
  budget.step();
  if (number_of(a) && number_of(b)) return order_of_numbers(a, b) == 0;
  if (a.held.index() != b.held.index()) return false;
  if (const Text* s = a.text()) {
    const Text* t = b.text();
    if (s == t) return true;
    budget.step(static_cast<int64_t>(std::min(s->bytes.size(), t->bytes.size()) >> 8));
    return s->bytes == t->bytes;
  }
  if (const List* l = a.list()) {
    const List* m = b.list();
    if (l == m) return true;
    if (is_view(*l) || is_view(*m)) refuse(budget, "comparing " + type_name(is_view(*l) ? a : b));
    if (l->kind == List::generator || m->kind == List::generator) return false;
    if ((is_tuple(*l) ? List::tuple : l->kind) != (is_tuple(*m) ? List::tuple : m->kind) || l->all.size() != m->all.size()) return false;
    for (size_t i = 0; i < l->all.size(); ++i)
      if (!equal(budget, l->all[i], m->all[i])) return false;
    return true;
  }
  if (const Map* m = a.map()) {
    const Map* n = b.map();
    if (m == n) return true;
    if (m->all.size() != n->all.size()) return false;
    for (const auto& [key, value] : m->all) {
      const Value* other = find(budget, *n, key);
      if (!other || !equal(budget, value, *other)) return false;
    }
    return true;
  }
  if (a.callable()) refuse(budget, "comparing functions");
  if (const auto* n = a.as<Namespace*>()) return *n == *b.as<Namespace*>();
  return true;  // None and None, undefined and undefined, the loop and itself
}

int order(Budget& budget, const Value& a, const Value& b, const char* sign) {
  budget.step();
  if (number_of(a) && number_of(b)) return order_of_numbers(a, b);
  const Text *s = a.text(), *t = b.text();
  if (s && t) {
    budget.step(static_cast<int64_t>(std::min(s->bytes.size(), t->bytes.size()) >> 8));
    const int c = s->bytes.compare(t->bytes);
    return c < 0 ? -1 : c > 0;
  }
  const List *l = a.list(), *m = b.list();
  if (l && m && ((l->kind == List::list && m->kind == List::list) || (is_tuple(*l) && is_tuple(*m)))) {
    for (size_t i = 0; i < std::min(l->all.size(), m->all.size()); ++i)
      if (!equal(budget, l->all[i], m->all[i])) return order(budget, l->all[i], m->all[i], sign);
    return l->all.size() < m->all.size() ? -1 : l->all.size() > m->all.size();
  }
  if (l && m && (is_view(*l) || is_view(*m))) refuse(budget, "comparing " + type_name(is_view(*l) ? a : b));
  unfit(budget, fmt::format("{} cannot be compared with {} by {}", type_name(a), type_name(b), sign));
}

void check_hashable(Budget& budget, const Value& v) {
  budget.step();
  if (const List* l = v.list(); l && is_tuple(*l)) {
    for (const Value& each : l->all) check_hashable(budget, each);
    return;
  }
  if (v.list() && v.list()->kind == List::generator) refuse(budget, "a generator as a key");
  if (v.list() || v.map()) unfit(budget, fmt::format("{} cannot be a key", type_name(v)));
  if (v.callable() || v.is<Namespace*>() || v.is<Loop*>()) refuse(budget, fmt::format("{} as a key", type_name(v)));
}

const Value* find(Budget& budget, const Map& map, const Value& key) {
  budget.step(1 + static_cast<int64_t>(map.all.size() >> 3));
  const Text* wanted = key.text();
  for (const auto& [name, value] : map.all) {
    if (wanted) {
      if (const Text* t = name.text(); t && t->bytes == wanted->bytes) return &value;
    } else if (!name.text() && equal(budget, name, key)) {
      return &value;
    }
  }
  return nullptr;
}

void put(Budget& budget, std::vector<std::pair<Value, Value>>& map, const Value& key, Value value) {
  check_hashable(budget, key);
  for (auto& [name, held] : map) {
    if (!equal(budget, name, key)) continue;
    held = std::move(value);
    return;
  }
  map.emplace_back(key, std::move(value));
}

std::shared_ptr<const List> iterate(Budget& budget, const Value& v) {
  if (const auto* p = v.as<std::shared_ptr<const List>>()) {
    if ((*p)->kind == List::generator) {
      if ((*p)->read) refuse(budget, "reading a generator twice");
      (*p)->read = true;
    }
    return *p;
  }
  std::vector<Value> out;
  Budget::Charge charge(budget);
  if (const Map* m = v.map()) {
    for (const auto& pair : m->all) out.push_back(pair.first);
  } else if (const Text* t = v.text()) {
    for (size_t at = 0; at < t->bytes.size();) {
      const size_t bytes = letter_at(t->bytes, at).bytes;
      charge.grow(2 * sizeof(Value));
      out.push_back(make_text(budget, t->bytes.substr(at, bytes)));
      at += bytes;
    }
  } else if (v.is<Loop*>()) {
    refuse(budget, "iterating the loop itself");
  } else if (!v.is<Undefined>()) {
    unfit(budget, fmt::format("{} cannot be iterated", type_name(v)));
  }
  return *make_list(budget, std::move(out)).as<std::shared_ptr<const List>>();
}

bool contains(Budget& budget, const Value& in, const Value& what) {
  if (const Text* t = in.text()) {
    const Text* s = what.text();
    if (!s) unfit(budget, fmt::format("{} in {}", type_name(what), type_name(in)));
    budget.step(1 + static_cast<int64_t>(t->bytes.size() >> 8));
    return find_in(t->bytes, s->bytes) != View::npos;
  }
  if (const Map* m = in.map()) {
    check_hashable(budget, what);
    return find(budget, *m, what) != nullptr;
  }
  if (const List* l = in.list(); l && l->kind == List::keys) check_hashable(budget, what);
  const auto items = iterate(budget, in);
  for (const Value& each : items->all)
    if (equal(budget, each, what)) return true;
  return false;
}

// ---- JSON

namespace {

void add_json_text(View text, bool ascii, TextBuilder& out) {
  std::string made = "\"";
  for (size_t at = 0; at < text.size();) {
    const Letter l = letter_at(text, at);
    const int32_t c = l.value;
    if (c == '"' || c == '\\')
      made += '\\', made += static_cast<char>(c);
    else if (c == '\n')
      made += "\\n";
    else if (c == '\r')
      made += "\\r";
    else if (c == '\t')
      made += "\\t";
    else if (c == '\b')
      made += "\\b";
    else if (c == '\f')
      made += "\\f";
    else if (c < 0x20 || (ascii && c >= 0x7F && c < 0x10000))
      made += fmt::format("\\u{:04x}", c);
    else if (ascii && c >= 0x10000)
      made += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + ((c - 0x10000) >> 10), 0xDC00 + ((c - 0x10000) & 0x3FF));
    else
      made += text.substr(at, l.bytes);
    at += l.bytes;
    if (made.size() > 4096) {
      out.add(made);
      made.clear();
    }
  }
  out.add(made + "\"");
}

std::string json_number(double d) { return std::isnan(d) ? "NaN" : std::isinf(d) ? (d < 0 ? "-Infinity" : "Infinity") : real_text(d); }

class JsonWriter {
 public:
  JsonWriter(Budget& budget, const JsonStyle& style, TextBuilder& out) : budget_(budget), style_(style), out_(out) {}

  void add(const Value& v, size_t depth) {
    budget_.step();
    if (v.is<None>()) return out_.add("null");
    if (const auto* b = v.as<bool>()) return out_.add(*b ? "true" : "false");
    if (const auto* i = v.as<int64_t>()) return out_.add(std::to_string(*i));
    if (const auto* d = v.as<double>()) return out_.add(json_number(*d));
    if (const Text* t = v.text()) return add_json_text(t->bytes, style_.ascii, out_);
    if (const Map* m = v.map()) return add_map(*m, depth);
    const List* l = v.list();
    if (!l || !(l->kind == List::list || l->kind == List::tuple || l->kind == List::group)) unfit(budget_, fmt::format("tojson of {}", type_name(v)));
    if (l->all.empty()) return out_.add("[]");
    out_.add("[");
    for (size_t i = 0; i < l->all.size(); ++i) {
      if (i) out_.add(style_.item_separator);
      newline(depth + 1);
      add(l->all[i], depth + 1);
    }
    newline(depth);
    out_.add("]");
  }

 private:
  void newline(size_t depth) {
    if (!style_.indent) return;
    out_.add("\n");
    for (size_t i = 0; i < depth; ++i) out_.add(*style_.indent);
  }
  void add_map(const Map& m, size_t depth) {
    if (m.all.empty()) return out_.add("{}");
    std::vector<const std::pair<Value, Value>*> items;
    for (const auto& each : m.all) items.push_back(&each);
    if (style_.sorted) {
      for (const auto* each : items)
        if (each->first.is<double>()) refuse(budget_, "sorting keys that are floats");
      std::stable_sort(items.begin(), items.end(), [&](const auto* a, const auto* b) { return order(budget_, a->first, b->first) < 0; });
    }
    out_.add("{");
    for (size_t i = 0; i < items.size(); ++i) {
      if (i) out_.add(style_.item_separator);
      newline(depth + 1);
      const Value& key = items[i]->first;
      if (const Text* t = key.text())
        add_json_text(t->bytes, style_.ascii, out_);
      else if (const auto* b = key.as<bool>())
        out_.add(*b ? "\"true\"" : "\"false\"");
      else if (key.is<None>())
        out_.add("\"null\"");
      else if (const auto* n = key.as<int64_t>())
        out_.add(fmt::format("\"{}\"", *n));
      else if (const auto* d = key.as<double>())
        out_.add(fmt::format("\"{}\"", json_number(*d)));
      else
        unfit(budget_, fmt::format("tojson of a key that is {}", type_name(key)));
      out_.add(style_.key_separator);
      add(items[i]->second, depth + 1);
    }
    newline(depth);
    out_.add("}");
  }

  Budget& budget_;
  const JsonStyle& style_;
  TextBuilder& out_;
};

}  // namespace

void add_json(Budget& budget, const Value& v, const JsonStyle& style, TextBuilder& out) { JsonWriter(budget, style, out).add(v, 0); }

// ---- arguments

Bound bound(Budget& budget, const std::string& of, const Given& given, const std::vector<const char*>& names, size_t required, size_t only_plain) {
  if (given.plain.size() > names.size()) unfit(budget, fmt::format("{} takes {} arguments at most; {} are given", of, names.size(), given.plain.size()));
  Bound out(names.size());
  for (size_t i = 0; i < given.plain.size(); ++i) out[i] = given.plain[i];
  for (const auto& [name, value] : given.named) {
    size_t at = std::min(only_plain, names.size());
    while (at < names.size() && name != names[at]) ++at;
    if (at == names.size()) unfit(budget, fmt::format("{} has no argument '{}'", of, name));
    if (out[at]) unfit(budget, fmt::format("{} gets '{}' twice", of, name));
    out[at] = value;
  }
  for (size_t i = 0; i < required; ++i)
    if (!out[i]) unfit(budget, fmt::format("{} needs '{}'", of, names[i]));
  return out;
}

}  // namespace ptah::jinja
