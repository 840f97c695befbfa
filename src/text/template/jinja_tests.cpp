// Tests: what stands behind `is`.
#include <algorithm>
#include <array>

#include "text/template/jinja_operations.h"

namespace ptah::jinja {

namespace {

constexpr std::array<View, 38> kTests{"odd",      "even",        "divisibleby", "defined", "undefined", "filter", "test",   "none",    "boolean",
                                      "false",    "true",        "integer",     "float",   "lower",     "upper",  "string", "mapping", "number",
                                      "sequence", "iterable",    "callable",    "sameas",  "escaped",   "in",     "eq",     "equalto", "ne",
                                      "gt",       "greaterthan", "ge",          "lt",      "lessthan",  "le"};
constexpr std::array<View, 7> kSigns{"==", "!=", ">", ">=", "<", "<=", ""};
/// jinja2 has these too.
constexpr std::array<View, 12> kOtherFilters{"attr", "filesizeformat", "format", "pprint", "random", "striptags", "urlencode", "urlize", "wordwrap", "xmlattr"};

struct TestCall {
  Budget& budget;
  const std::string& name;
  const Value& v;
  const Given& given;
  const Value& argument() const {
    if (given.plain.size() != 1 || !given.named.empty()) {
      if (!given.named.empty()) refuse(budget, fmt::format("the test '{}' with arguments by name", name));
      unfit(budget, fmt::format("the test '{}' takes one argument", name));
    }
    return given.plain[0];
  }
};

bool same_object(const TestCall& c) {
  const Value &a = c.v, &b = c.argument();
  if (a.held.index() != b.held.index()) return false;
  if (a.is<None>() || a.is<bool>()) return equal(c.budget, a, b);
  if (a.is<int64_t>() || a.is<double>() || a.text()) {
    if (!equal(c.budget, a, b)) return false;
    refuse(c.budget, "whether equal numbers or texts are the same object");
  }
  if (a.map() && a.map() == b.map()) return true;
  if (a.list() && a.list() == b.list()) return true;
  refuse(c.budget, "whether these are the same object");
}

/// Those of Python's comparisons; nothing if it is none.
std::optional<bool> compared(const TestCall& c) {
  const std::string& n = c.name;
  if (n == "eq" || n == "equalto" || n == "==") return equal(c.budget, c.v, c.argument());
  if (n == "ne" || n == "!=") return !equal(c.budget, c.v, c.argument());
  const bool greater = n == "gt" || n == "greaterthan" || n == ">", greater_equal = n == "ge" || n == ">=", less = n == "lt" || n == "lessthan" || n == "<",
             less_equal = n == "le" || n == "<=";
  if (!greater && !greater_equal && !less && !less_equal) return {};
  const int o = order(c.budget, c.v, c.argument(), greater ? ">" : greater_equal ? ">=" : less ? "<" : "<=");
  if (o == 2) return false;
  return greater ? o > 0 : greater_equal ? o >= 0 : less ? o < 0 : o <= 0;
}

bool divisible(const TestCall& c, const Value& by) {
  if (c.v.text()) refuse(c.budget, "formatting a text by %");
  const Value rest = binary(c.budget, "%", c.v, by);
  return equal(c.budget, rest, int64_t{0});
}

bool of_kind(const TestCall& c) {
  const std::string& n = c.name;
  const Value& v = c.v;
  if (!c.given.plain.empty() || !c.given.named.empty()) unfit(c.budget, fmt::format("the test '{}' takes no argument", n));
  const List* l = v.list();
  if (n == "defined") return !v.is<Undefined>();
  if (n == "undefined") return v.is<Undefined>();
  if (n == "none") return v.is<None>();
  if (n == "boolean") return v.is<bool>();
  if (n == "true") return v.is<bool>() && *v.as<bool>();
  if (n == "false") return v.is<bool>() && !*v.as<bool>();
  if (n == "integer") return v.is<int64_t>();
  if (n == "float") return v.is<double>();
  if (n == "number") return number_of(v).has_value();
  if (n == "string") return v.text();
  if (n == "mapping") return v.map();
  if (n == "iterable") return v.text() || l || v.map() || v.is<Undefined>() || v.is<Loop*>();
  if (n == "callable") {
    if (v.is<Loop*>() || v.is<Undefined>()) return true;  // both have a __call__
    return v.callable();
  }
  if (n == "escaped") return v.text() && v.text()->markup;
  if (n == "sequence") {
    if (v.is<Undefined>()) refuse(c.budget, "the test 'sequence' of what is undefined");
    return v.text() || v.map() || (l && (l->kind == List::list || l->kind == List::tuple || l->kind == List::group || l->kind == List::range));
  }
  if (n == "lower") return all_lower(text_of(c.budget, v));
  if (n == "upper") return all_upper(text_of(c.budget, v));
  if (n == "odd") return equal(c.budget, v.text() ? (divisible(c, int64_t{2}), Value()) : binary(c.budget, "%", v, int64_t{2}), int64_t{1});
  if (n == "even") return divisible(c, int64_t{2});
  refuse(c.budget, fmt::format("the test '{}'", n));
}

}  // namespace

bool is_test(View name) {
  return !name.empty() && (std::find(kTests.begin(), kTests.end(), name) != kTests.end() || std::find(kSigns.begin(), kSigns.end(), name) != kSigns.end());
}

bool tested(Budget& budget, const std::string& name, const Value& v, const Given& given) {
  budget.step();
  const TestCall c{budget, name, v, given};
  if (const auto out = compared(c)) return *out;
  if (name == "in") return contains(budget, c.argument(), v);
  if (name == "divisibleby") {
    if (given.plain.empty() && given.named.size() == 1 && given.named[0].first == "num") return divisible(c, given.named[0].second);
    return divisible(c, c.argument());
  }
  if (name == "sameas") return same_object(c);
  if (name == "filter" || name == "test") {
    if (!given.plain.empty() || !given.named.empty()) unfit(budget, fmt::format("the test '{}' takes no argument", name));
    const Text* t = v.text();
    if (!t) refuse(budget, fmt::format("the test '{}' of {}", name, type_name(v)));
    if (name == "filter" && std::find(kOtherFilters.begin(), kOtherFilters.end(), View(t->bytes)) != kOtherFilters.end())
      refuse(budget, fmt::format("the filter '{}'", t->bytes));
    return name == "filter" ? is_filter(t->bytes) : is_test(t->bytes);
  }
  return of_kind(c);
}

}  // namespace ptah::jinja
