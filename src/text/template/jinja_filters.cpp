// Filters of one value: texts, numbers, JSON. Those of sequences are in jinja_sequences.cpp.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "text/template/jinja_operations.h"

namespace ptah::jinja {

namespace {

constexpr std::array<View, 52> kFilters{"abs",     "batch",   "capitalize", "center",      "count",    "d",          "default", "dictsort", "e",
                                        "escape",  "first",   "float",      "forceescape", "groupby",  "indent",     "int",     "items",    "join",
                                        "last",    "length",  "list",       "lower",       "map",      "max",        "min",     "reject",   "rejectattr",
                                        "replace", "reverse", "round",      "safe",        "select",   "selectattr", "slice",   "sort",     "string",
                                        "sum",     "title",   "tojson",     "trim",        "truncate", "unique",     "upper",   "wordcount"};

struct TextCall : FilterCall {
  /// soft_str(value), where a text marked safe would stay one.
  std::string plain() const {
    if (const Text* t = v.text(); t && t->markup) refuse(budget, fmt::format("the filter '{}' of a text marked safe", name));
    return text_of(budget, v);
  }
  int64_t integer(const std::optional<Value>& a, int64_t otherwise) const {
    if (!a) return otherwise;
    const auto out = integer_of(*a);
    if (!out) unfit(budget, fmt::format("the filter '{}' with {} for a number", name, type_name(*a)));
    return *out;
  }
};

Value escaped(const TextCall& c, bool again) {
  if (const Text* t = c.v.text(); t && t->markup && !again) return c.v;
  const std::string s = text_of(c.budget, c.v);
  TextBuilder out(c.budget);
  for (const char x : s) out.add(x == '&' ? "&amp;" : x == '<' ? "&lt;" : x == '>' ? "&gt;" : x == '\'' ? "&#39;" : x == '"' ? "&#34;" : View(&x, 1));
  return make_text(c.budget, out.take(), true);
}

Value replace_filter(const TextCall& c) {
  const Bound a = c.arguments({"s", "old", "new", "count"}, 3);
  const auto text = [&](const Value& v) { return make_text(c.budget, text_of(c.budget, v)); };
  Given given{{text(*a[1]), text(*a[2])}, {}};
  if (a[3] && !a[3]->is<None>()) given.plain.push_back(*a[3]);
  return method(c.budget, Callable{nullptr, nullptr, "replace", text(c.v), Budget::Charge(c.budget)}, given);
}

Value indented(const TextCall& c) {
  const Bound a = c.arguments({"width", "first", "blank"});
  if (!c.v.text()) unfit(c.budget, fmt::format("indent of {}", type_name(c.v)));
  const std::string s = c.plain();
  std::string pad;
  if (const Text* t = a[0] ? a[0]->text() : nullptr) {
    pad = t->bytes;
  } else {
    const int64_t width = std::max<int64_t>(0, c.integer(a[0], 4));
    if (width > 4096) refuse(c.budget, "an indent of more than 4096 blanks");
    pad.assign(static_cast<size_t>(width), ' ');
  }
  const bool first = a[1] && truthy(*a[1]), blank = a[2] && truthy(*a[2]);
  std::string ended = s;
  ended += '\n';
  TextBuilder out(c.budget);
  if (first) out.add(pad);
  const std::vector<View> lines = split_lines(ended);
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i) out.add("\n");
    if (i && (blank || !lines[i].empty())) out.add(pad);
    out.add(lines[i]);
  }
  return make_text(c.budget, out.take());
}

Value truncated(const TextCall& c) {
  const Bound a = c.arguments({"length", "killwords", "end", "leeway"});
  if (!c.v.text()) unfit(c.budget, fmt::format("truncate of {}", type_name(c.v)));
  const std::string s = c.plain(), end = a[2] ? text_of(c.budget, *a[2]) : "...";
  if (a[2] && !a[2]->text()) unfit(c.budget, "truncate with an end that is no text");
  const int64_t length = c.integer(a[0], 255), leeway = a[3] && a[3]->is<None>() ? 5 : c.integer(a[3], 5);
  const auto ends = static_cast<int64_t>(length_of(end));
  if (length < ends || leeway < 0) unfit(c.budget, "truncate to less than its end");
  if (leeway > (int64_t{1} << 40) || length > (int64_t{1} << 40) || static_cast<int64_t>(length_of(s)) <= length + leeway) return c.v;
  const View kept = View(s).substr(0, position_of(s, static_cast<size_t>(length - ends)));
  if (a[1] && truthy(*a[1])) return make_text(c.budget, fmt::format("{}{}", kept, end));
  const size_t blank = kept.rfind(' ');
  return make_text(c.budget, fmt::format("{}{}", kept.substr(0, blank), end));
}

Value wordcount(const TextCall& c) {
  (void)c.arguments({});
  int64_t words = 0;
  bool inside = false;
  for (const char x : c.plain()) {
    if (static_cast<uint8_t>(x) >= 0x80) refuse(c.budget, "wordcount beyond ASCII");
    const bool letter = std::isalnum(static_cast<unsigned char>(x)) != 0 || x == '_';
    words += letter && !inside;
    inside = letter;
  }
  return words;
}

Value to_json(const TextCall& c) {
  const Bound a = c.arguments({"ensure_ascii", "indent", "separators", "sort_keys"});
  JsonStyle style{a[0] && truthy(*a[0]), a[3] && truthy(*a[3]), {}, ", ", ": "};
  if (a[1] && !a[1]->is<None>()) {
    if (const Text* t = a[1]->text()) {
      style.indent = t->bytes;
    } else {
      const int64_t width = c.integer(a[1], 0);
      if (width > 256) refuse(c.budget, "tojson with an indent above 256");
      style.indent = std::string(static_cast<size_t>(std::max<int64_t>(width, 0)), ' ');
    }
    style.item_separator.assign(1, ',');
  }
  if (a[2] && !a[2]->is<None>()) {
    const List* l = a[2]->list();
    if (!l || l->all.size() != 2 || !l->all[0].text() || !l->all[1].text()) unfit(c.budget, "tojson needs two texts as separators");
    style.item_separator = l->all[0].text()->bytes;
    style.key_separator = l->all[1].text()->bytes;
  }
  TextBuilder out(c.budget);
  add_json(c.budget, c.v, style, out);
  return make_text(c.budget, out.take());
}

Value whole_of(const TextCall& c, double d, const Value& otherwise) {
  if (!std::isfinite(d)) return otherwise;
  if (std::abs(d) >= 9223372036854775808.0) refuse(c.budget, "an integer beyond 64 bits");
  return static_cast<int64_t>(d);
}

Value integer_filter(const TextCall& c) {
  const Bound a = c.arguments({"default", "base"});
  Value otherwise = a[0] ? *a[0] : Value(int64_t{0});
  if (const auto i = integer_of(c.v)) return *i;
  if (c.v.is<Undefined>()) unfit(c.budget, fmt::format("int of {}", type_name(c.v)));
  if (const auto* d = c.v.as<double>()) {
    if (std::isinf(*d)) unfit(c.budget, "int of infinity");  // Python raises OverflowError, which jinja2 does not catch there
    return whole_of(c, *d, otherwise);
  }
  const Text* t = c.v.text();
  if (!t) return otherwise;
  const auto base = a[1] ? integer_of(*a[1]) : std::optional<int64_t>(10);
  if (!base || !(*base == 0 || (*base >= 2 && *base <= 36))) refuse(c.budget, "int with this base");
  const ReadNumber whole = read_integer(t->bytes, *base), real = read_real(t->bytes);
  if (whole.refused) refuse(c.budget, whole.refused);
  if (whole.integer) return *whole.integer;
  if (real.refused) refuse(c.budget, real.refused);
  return real.real ? whole_of(c, *real.real, otherwise) : otherwise;
}

Value float_filter(const TextCall& c) {
  const Bound a = c.arguments({"default"});
  if (const auto d = number_of(c.v)) return *d;
  if (c.v.is<Undefined>()) unfit(c.budget, fmt::format("float of {}", type_name(c.v)));
  const Text* t = c.v.text();
  const ReadNumber real = t ? read_real(t->bytes) : ReadNumber{};
  if (real.refused) refuse(c.budget, real.refused);
  return real.real ? Value(*real.real) : a[0] ? *a[0] : Value(0.0);
}

Value rounded(const TextCall& c) {
  const Bound a = c.arguments({"precision", "method"});
  const std::string how = a[1] ? text_of(c.budget, *a[1]) : "common";
  if (how != "common" && how != "ceil" && how != "floor") unfit(c.budget, "round by another method than common, ceil or floor");
  const int64_t digits = c.integer(a[0], 0);
  const auto number = number_of(c.v);
  if (!number) unfit(c.budget, fmt::format("round of {}", type_name(c.v)));
  if (digits < 0 || digits > 300) refuse(c.budget, "round to this precision");
  if (how == "common") {
    if (const auto i = integer_of(c.v)) return *i;
    if (!std::isfinite(*number)) return *number;
    const std::string text = fmt::format("{:.{}f}", *number, digits);
    return read_real(text).real.value_or(0);
  }
  if (digits > 22) refuse(c.budget, "round to this precision");
  const double scale = std::pow(10.0, static_cast<double>(digits)), scaled = *number * scale;
  if (!std::isfinite(scaled)) unfit(c.budget, "round of what is not finite");
  const double whole = how == "ceil" ? std::ceil(scaled) : std::floor(scaled);
  if (std::abs(whole) > 9007199254740992.0 || (integer_of(c.v) && std::abs(*number) > 9007199254740992.0)) refuse(c.budget, "round beyond 2^53");
  return whole / scale + 0.0;
}

Value absolute(const TextCall& c) {
  (void)c.arguments({});
  if (const auto i = integer_of(c.v)) return *i < 0 ? negated(c.budget, *i) : Value(*i);
  if (const auto* d = c.v.as<double>()) return std::abs(*d);
  unfit(c.budget, fmt::format("abs of {}", type_name(c.v)));
}

Value length_filter(const TextCall& c) {
  (void)c.arguments({});
  if (const Text* t = c.v.text()) return static_cast<int64_t>(length_of(t->bytes));
  if (const Map* m = c.v.map()) return static_cast<int64_t>(m->all.size());
  if (const List* l = c.v.list(); l && l->kind != List::generator) return static_cast<int64_t>(l->all.size());
  if (c.v.is<Undefined>()) return int64_t{0};
  if (const auto* loop = c.v.as<Loop*>()) return static_cast<int64_t>((*loop)->items->all.size());
  unfit(c.budget, fmt::format("length of {}", type_name(c.v)));
}

Value by_default(const TextCall& c) {
  const Bound a = c.arguments({"default_value", "boolean"});
  const bool use = c.v.is<Undefined>() || (a[1] && truthy(*a[1]) && !truthy(c.v));
  return use ? (a[0] ? *a[0] : make_text(c.budget, "")) : c.v;
}

std::optional<Value> text_filter(const TextCall& c) {
  const std::string& name = c.name;
  if (name == "upper" || name == "lower" || name == "title" || name == "capitalize") {
    (void)c.arguments({});
    const std::string s = c.plain();
    const Budget::Charge charge(c.budget, 3 * s.size());
    c.budget.step(1 + static_cast<int64_t>(s.size() >> 6));
    return make_text(c.budget, name == "upper" ? upper(s) : name == "lower" ? lower(s) : name == "title" ? title_words(s) : capitalize(s));
  }
  if (name == "trim") {
    const Bound a = c.arguments({"chars"});
    const std::string s = c.plain();
    if (!a[0] || a[0]->is<None>()) return make_text(c.budget, std::string(strip(s, nullptr, true, true)));
    if (!a[0]->text()) unfit(c.budget, fmt::format("trim of {}", type_name(*a[0])));
    const View of = a[0]->text()->bytes;
    return make_text(c.budget, std::string(strip(s, &of, true, true)));
  }
  if (name == "string") {
    (void)c.arguments({});
    return c.v.text() ? c.v : make_text(c.budget, text_of(c.budget, c.v));
  }
  if (name == "safe") {
    (void)c.arguments({});
    return make_text(c.budget, text_of(c.budget, c.v), true);
  }
  if (name == "e" || name == "escape" || name == "forceescape") {
    (void)c.arguments({});
    return escaped(c, name == "forceescape");
  }
  if (name == "center") {
    const Bound a = c.arguments({"width"});
    const Given given{{a[0] ? *a[0] : Value(int64_t{80})}, {}};
    return method(c.budget, Callable{nullptr, nullptr, "center", make_text(c.budget, c.plain()), Budget::Charge(c.budget)}, given);
  }
  if (name == "indent") return indented(c);
  if (name == "truncate") return truncated(c);
  if (name == "wordcount") return wordcount(c);
  if (name == "replace") {
    if (const Text* t = c.v.text(); t && t->markup) refuse(c.budget, "replace of a text marked safe");
    Given shifted = c.given;
    shifted.plain.insert(shifted.plain.begin(), c.v);
    return replace_filter({c.budget, c.name, c.v, shifted});
  }
  return {};
}

}  // namespace

bool is_filter(View name) { return std::find(kFilters.begin(), kFilters.end(), name) != kFilters.end(); }

Value filtered(Budget& budget, const std::string& name, const Value& v, const Given& given) {
  budget.step();
  const TextCall c{budget, name, v, given};
  if (name == "default" || name == "d") return by_default(c);
  if (auto out = text_filter(c)) return std::move(*out);
  if (name == "length" || name == "count") return length_filter(c);
  if (name == "tojson") return to_json(c);
  if (name == "int") return integer_filter(c);
  if (name == "float") return float_filter(c);
  if (name == "round") return rounded(c);
  if (name == "abs") return absolute(c);
  if (auto out = filtered_sequence(budget, name, v, given)) return std::move(*out);
  refuse(budget, fmt::format("the filter '{}'", name));
}

}  // namespace ptah::jinja
