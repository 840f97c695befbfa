// Operators, attributes, items and slices of a template's values.
#include <algorithm>
#include <array>
#include <cmath>

#include "text/template/jinja_operations.h"

namespace ptah::jinja {

namespace {

constexpr const char* kLarge = "an integer beyond 64 bits";

[[noreturn]] void no_operator(Budget& budget, View sign, const Value& a, const Value& b) {
  unfit(budget, fmt::format("{} {} {}", type_name(a), sign, type_name(b)));
}

int64_t power(Budget& budget, int64_t base, int64_t exponent) {
  int64_t out = 1;
  while (exponent > 0) {
    if ((exponent & 1) != 0 && __builtin_mul_overflow(out, base, &out)) refuse(budget, kLarge);
    exponent >>= 1;
    if (exponent > 0 && __builtin_mul_overflow(base, base, &base)) refuse(budget, kLarge);
  }
  return out;
}

/// Both integers: exact, or refused.
Value whole_numbers(Budget& budget, View sign, int64_t a, int64_t b) {
  int64_t out = 0;
  if (sign == "+" || sign == "-" || sign == "*") {
    const bool over = sign == "+" ? __builtin_add_overflow(a, b, &out) : sign == "-" ? __builtin_sub_overflow(a, b, &out) : __builtin_mul_overflow(a, b, &out);
    if (over) refuse(budget, kLarge);
    return out;
  }
  if (sign == "**") {
    if (b >= 0) return power(budget, a, b);
    if (a == 0) unfit(budget, "0 to a negative power");
    return std::pow(static_cast<double>(a), static_cast<double>(b));
  }
  if (b == 0) unfit(budget, "a division by 0");
  if (sign == "/") {
    constexpr int64_t kExact = int64_t{1} << 53;
    if (std::max(std::abs(static_cast<double>(a)), std::abs(static_cast<double>(b))) > static_cast<double>(kExact))
      refuse(budget, "a division of integers beyond 2^53");
    return static_cast<double>(a) / static_cast<double>(b);
  }
  if (b == -1) {
    if (a == INT64_MIN) refuse(budget, kLarge);
    return sign == "%" ? int64_t{0} : -a;
  }
  const int64_t rest = a % b, up = rest != 0 && (rest < 0) != (b < 0);
  return sign == "%" ? rest + up * b : a / b - up;
}

Value real_numbers(Budget& budget, View sign, double a, double b) {
  if (sign == "+") return a + b;
  if (sign == "-") return a - b;
  if (sign == "*") return a * b;
  if (sign == "**") {
    if (a == 0 && b < 0) unfit(budget, "0 to a negative power");
    const double out = std::pow(a, b);
    if (a < 0 && std::isfinite(a) && std::isfinite(b) && b != std::floor(b)) refuse(budget, "a complex number");
    if (std::isinf(out) && std::isfinite(a) && std::isfinite(b)) unfit(budget, "a power too large for a float");
    return out;
  }
  if (b == 0) unfit(budget, "a division by 0");
  if (sign == "/") return a / b;
  // Floor division as Python does it: from the remainder, so that a == (a // b) * b + a % b.
  double rest = std::fmod(a, b), quotient = (a - rest) / b;
  if (rest != 0) {
    if ((b < 0) != (rest < 0)) rest += b, quotient -= 1;
  } else {
    rest = std::copysign(0.0, b);
  }
  if (sign == "%") return rest;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double whole = std::floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
}

Value repeated(Budget& budget, const Value& what, int64_t times) {
  const auto count = static_cast<size_t>(std::max<int64_t>(times, 0));
  if (const Text* t = what.text()) {
    TextBuilder out(budget);
    if (!t->bytes.empty() && count > (size_t{1} << 40) / t->bytes.size()) budget.take(size_t{1} << 40);
    for (size_t i = 0; i < count && !t->bytes.empty(); ++i) out.add(t->bytes);
    return make_text(budget, out.take());
  }
  const List& l = *what.list();
  std::vector<Value> out;
  Budget::Charge charge(budget);
  for (size_t i = 0; i < count && !l.all.empty(); ++i) {
    charge.grow(l.all.size() * sizeof(Value));
    budget.step(1 + static_cast<int64_t>(l.all.size() >> 3));
    out.insert(out.end(), l.all.begin(), l.all.end());
  }
  return make_list(budget, std::move(out), l.kind);
}

bool repeats(const Value& v) {
  const List* l = v.list();
  return v.text() || (l && (l->kind == List::list || l->kind == List::tuple));
}

}  // namespace

Value binary(Budget& budget, View sign, const Value& a, const Value& b) {
  const auto i = integer_of(a), j = integer_of(b);
  if (i && j) return whole_numbers(budget, sign, *i, *j);
  if (const auto x = number_of(a), y = number_of(b); x && y) return real_numbers(budget, sign, *x, *y);
  const Text *s = a.text(), *t = b.text();
  if ((s && s->markup) || (t && t->markup)) refuse(budget, fmt::format("'{}' with a text marked safe", sign));
  if (sign == "%" && s) refuse(budget, "formatting a text by %");
  const List *l = a.list(), *m = b.list();
  if (sign == "+") {
    if (s && t) {
      TextBuilder out(budget);
      out.add(s->bytes);
      out.add(t->bytes);
      return make_text(budget, out.take());
    }
    const auto tuple = [](const List& x) { return x.kind == List::tuple || x.kind == List::group; };
    if (l && m && ((l->kind == List::list && m->kind == List::list) || (tuple(*l) && tuple(*m)))) {
      const Budget::Charge charge(budget, (l->all.size() + m->all.size()) * sizeof(Value));
      std::vector<Value> out;
      out.reserve(l->all.size() + m->all.size());
      out.insert(out.end(), l->all.begin(), l->all.end());
      out.insert(out.end(), m->all.begin(), m->all.end());
      return make_list(budget, std::move(out), tuple(*l) ? List::tuple : List::list);
    }
  }
  if (sign == "*" && repeats(a) && j) return repeated(budget, a, *j);
  if (sign == "*" && repeats(b) && i) return repeated(budget, b, *i);
  const auto view = [](const List* x) { return x && (x->kind == List::keys || x->kind == List::items); };
  if (view(l) || view(m)) refuse(budget, fmt::format("'{}' of views", sign));
  no_operator(budget, sign, a, b);
}

Value negated(Budget& budget, const Value& v) {
  if (const auto i = integer_of(v)) {
    if (*i == INT64_MIN) refuse(budget, kLarge);
    return -*i;
  }
  if (const auto* d = v.as<double>()) return -*d;
  unfit(budget, fmt::format("cannot negate {}", type_name(v)));
}

Value sliced(Budget& budget, const Value& owner, const Value& first, const Value& last, const Value& by) {
  const Text* t = owner.text();
  const List* l = owner.list();
  if (owner.is<Undefined>()) unfit(budget, fmt::format("{} has no items", type_name(owner)));
  if (!t && !(l && (l->kind == List::list || l->kind == List::tuple || l->kind == List::group || l->kind == List::range)))
    unfit(budget, fmt::format("{} cannot be sliced", type_name(owner)));
  if (l && l->kind == List::range) refuse(budget, "a slice of a range");
  if (t && t->markup) refuse(budget, "a slice of a text marked safe");
  bool fits = true;
  const auto whole = [&](const Value& v) -> std::optional<int64_t> {
    if (v.is<None>()) return {};
    const auto out = integer_of(v);
    fits = fits && out;
    return out;
  };
  const auto begin = whole(first), end = whole(last), step = whole(by);
  if (!fits) unfit(budget, "a slice by what is no integer");
  const int64_t stride = step.value_or(1), size = static_cast<int64_t>(t ? length_of(t->bytes) : l->all.size());
  if (stride == 0) unfit(budget, "a slice with step 0");
  const auto clamped = [&](const std::optional<int64_t>& v, int64_t otherwise) {
    if (!v) return otherwise;
    const int64_t from_start = *v < 0 ? std::max<int64_t>(*v, -size - 1) + size : *v;
    return stride > 0 ? std::clamp<int64_t>(from_start, 0, size) : std::clamp<int64_t>(from_start, -1, size - 1);
  };
  const int64_t from = clamped(begin, stride > 0 ? 0 : size - 1), to = clamped(end, stride > 0 ? size : -1);
  if (t && stride == 1) {
    budget.step(1 + static_cast<int64_t>(t->bytes.size() >> 8));
    const size_t at = position_of(t->bytes, static_cast<size_t>(from));
    return make_text(budget, t->bytes.substr(at, position_of(View(t->bytes).substr(at), static_cast<size_t>(std::max<int64_t>(to - from, 0)))));
  }
  const auto items = iterate(budget, owner);
  Budget::Charge charge(budget);
  std::vector<Value> out;
  for (int64_t at = from; stride > 0 ? at < to : at > to;) {
    budget.step();
    charge.grow(sizeof(Value));
    out.push_back(items->all[static_cast<size_t>(at)]);
    if (__builtin_add_overflow(at, stride, &at)) break;
  }
  if (!t) return make_list(budget, std::move(out), l->kind == List::list ? List::list : List::tuple);
  std::string joined;
  for (const Value& each : out) joined += each.text()->bytes;
  return make_text(budget, std::move(joined));
}

// ---- attributes and items

namespace {

using Names = std::initializer_list<View>;

bool has(Names names, View name) { return std::find(names.begin(), names.end(), name) != names.end(); }

/// What Python's objects of this kind have by name: methods that are computed, and the rest, which is refused.
struct Attributes {
  Names computed, refused;
};
const Attributes* attributes_of(const Value& v) {
  static const Attributes kText{
      {"capitalize",   "casefold",     "center",  "count",    "endswith", "find",  "index",      "isalnum", "isalpha", "isascii",
       "isdecimal",    "isdigit",      "islower", "isspace",  "isupper",  "join",  "ljust",      "lower",   "lstrip",  "partition",
       "removeprefix", "removesuffix", "replace", "rfind",    "rindex",   "rjust", "rpartition", "rsplit",  "rstrip",  "split",
       "splitlines",   "startswith",   "strip",   "swapcase", "title",    "upper", "zfill"},
      {"encode", "expandtabs", "format", "format_map", "isidentifier", "isnumeric", "isprintable", "istitle", "maketrans", "translate"}};
  static const Attributes kMap{{"get", "items", "keys", "values"}, {"clear", "copy", "fromkeys", "pop", "popitem", "setdefault", "update"}};
  static const Attributes kList{{"count", "index"}, {"append", "clear", "copy", "extend", "insert", "pop", "remove", "reverse", "sort"}};
  static const Attributes kTuple{{"count", "index"}, {}};
  static const Attributes kRange{{"count", "index"}, {"start", "stop", "step"}};
  static const Attributes kKeys{{}, {"isdisjoint", "mapping"}};
  static const Attributes kGenerator{{}, {"send", "throw", "close", "gi_code", "gi_frame", "gi_running", "gi_yieldfrom", "gi_suspended"}};
  static const Attributes kInteger{
      {}, {"as_integer_ratio", "bit_count", "bit_length", "conjugate", "denominator", "from_bytes", "imag", "numerator", "real", "to_bytes"}};
  static const Attributes kReal{{}, {"as_integer_ratio", "conjugate", "fromhex", "hex", "imag", "is_integer", "real"}};
  static const Attributes kNone{{}, {}};
  if (v.text()) return &kText;
  if (v.map()) return &kMap;
  if (v.is<bool>() || v.is<int64_t>()) return &kInteger;
  if (v.is<double>()) return &kReal;
  if (const List* l = v.list()) {
    switch (l->kind) {
      case List::list:
        return &kList;
      case List::tuple:
      case List::group:
        return &kTuple;
      case List::range:
        return &kRange;
      case List::generator:
        return &kGenerator;
      default:
        return &kKeys;
    }
  }
  return &kNone;
}

Value method_of(Budget& budget, const Value& owner, const std::string& name) {
  Budget::Charge charge(budget, sizeof(Callable) + name.size() + 64);
  return std::make_shared<const Callable>(Callable{nullptr, nullptr, name, owner, std::move(charge)});
}

std::optional<Value> loop_attribute(Budget& budget, const Value& owner, const std::string& name) {
  const Loop& loop = **owner.as<Loop*>();
  const auto length = static_cast<int64_t>(loop.items->all.size()), i = loop.index0;
  if (name == "index") return i + 1;
  if (name == "index0") return i;
  if (name == "revindex") return length - i;
  if (name == "revindex0") return length - i - 1;
  if (name == "first") return i == 0;
  if (name == "last") return i + 1 == length;
  if (name == "length") return length;
  if (name == "depth") return int64_t{1};  // of recursive loops
  if (name == "depth0") return int64_t{0};
  if (name == "previtem") return i > 0 ? loop.items->all[static_cast<size_t>(i) - 1] : undefined(name);
  if (name == "nextitem") return i + 1 < length ? loop.items->all[static_cast<size_t>(i) + 1] : undefined(name);
  if (name == "cycle" || name == "changed") return method_of(budget, owner, name);
  if (name.starts_with("_")) refuse(budget, fmt::format("the attribute '{}'", name));
  return {};
}

/// What getattr() finds; nothing if it raises AttributeError.
std::optional<Value> own_attribute(Budget& budget, const Value& owner, const std::string& name) {
  if (const auto* space = owner.as<Namespace*>()) {
    for (const auto& [key, value] : (*space)->all)
      if (key == name) return value;
    if (name.starts_with("__") || name == "_Namespace__attrs") refuse(budget, fmt::format("the attribute '{}'", name));
    return {};
  }
  if (owner.is<Loop*>()) return loop_attribute(budget, owner, name);
  if (name.starts_with("__")) refuse(budget, fmt::format("the attribute '{}'", name));
  if (const List* l = owner.list(); l && l->kind == List::group) {
    if (name == "grouper") return l->all[0];
    if (name == "list") return l->all[1];
    if (name.starts_with("_")) refuse(budget, fmt::format("the attribute '{}'", name));
  }
  if (const Callable* c = owner.callable()) refuse(budget, fmt::format("the attribute '{}' of a function", c->name));
  const Attributes& known = *attributes_of(owner);
  if (has(known.refused, name)) refuse(budget, fmt::format("'{}' of {}", name, type_name(owner)));
  if (!has(known.computed, name)) return {};
  if (const Text* t = owner.text(); t && t->markup) refuse(budget, fmt::format("'{}' of a text marked safe", name));
  return method_of(budget, owner, name);
}

/// What owner[key] finds; nothing if it raises TypeError or LookupError.
std::optional<Value> own_item(Budget& budget, const Value& owner, const Value& key) {
  if (const Map* m = owner.map()) {
    if (key.list() || key.map()) {
      if (!key.list() || (key.list()->kind != List::tuple && key.list()->kind != List::group)) return {};
      check_hashable(budget, key);
    }
    const Value* found = find(budget, *m, key);
    return found ? std::optional(*found) : std::nullopt;
  }
  const auto at = integer_of(key);
  if (!at) return {};
  const List* l = owner.list();
  if (l && (l->kind == List::list || l->kind == List::tuple || l->kind == List::group || l->kind == List::range)) {
    const auto size = static_cast<int64_t>(l->all.size());
    const int64_t i = *at < 0 ? *at + size : *at;
    if (i < 0 || i >= size) return {};
    return l->all[static_cast<size_t>(i)];
  }
  if (const Text* t = owner.text()) {
    budget.step(1 + static_cast<int64_t>(t->bytes.size() >> 8));
    const auto size = static_cast<int64_t>(length_of(t->bytes));
    const int64_t i = *at < 0 ? *at + size : *at;
    if (i < 0 || i >= size) return {};
    const size_t begin = position_of(t->bytes, static_cast<size_t>(i));
    if (t->markup) refuse(budget, "an index of a text marked safe");
    return make_text(budget, t->bytes.substr(begin, letter_at(t->bytes, begin).bytes));
  }
  return {};
}

}  // namespace

Value attribute(Budget& budget, const Value& owner, const std::string& name) {
  if (owner.is<Undefined>()) unfit(budget, fmt::format("{} has no '{}'", type_name(owner), name));
  if (auto found = own_attribute(budget, owner, name)) return std::move(*found);
  if (owner.map())
    if (auto found = own_item(budget, owner, make_text(budget, name))) return std::move(*found);
  return undefined(name);
}

Value item(Budget& budget, const Value& owner, const Value& key) {
  if (owner.is<Undefined>()) unfit(budget, fmt::format("{} has no items", type_name(owner)));
  if (owner.callable()) refuse(budget, "an index of a function");
  if (auto found = own_item(budget, owner, key)) return std::move(*found);
  const Text* name = key.text();
  if (!name) return undefined(key.is<int64_t>() ? std::to_string(*key.as<int64_t>()) : "");
  if (auto found = own_attribute(budget, owner, name->bytes)) return std::move(*found);
  return undefined(name->bytes);
}

}  // namespace ptah::jinja
