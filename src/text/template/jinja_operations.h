// What Python does with the values of a template: printing, comparing, arithmetic, attributes, filters, tests and methods.
#pragma once

#include "text/template/jinja_value.h"

namespace ptah::jinja {

bool truthy(const Value& v);
/// str(v) and repr(v), added to `out`. Refuses what prints an address.
void add_text(Budget& budget, const Value& v, TextBuilder& out, bool quote = false);
std::string text_of(Budget& budget, const Value& v);
/// The number that int, float and bool are.
std::optional<double> number_of(const Value& v);
std::optional<int64_t> integer_of(const Value& v);
/// a == b and the order of a and b (below 0, 0, above 0; 2: unordered, as NaN is). Order: unfit for types that Python does not compare.
bool equal(Budget& budget, const Value& a, const Value& b);
int order(Budget& budget, const Value& a, const Value& b, const char* sign = "<");
/// Whether it can be a key: unfit for lists and dictionaries, as Python raises TypeError.
void check_hashable(Budget& budget, const Value& v);
const Value* find(Budget& budget, const Map& map, const Value& key);
/// Sets or replaces.
void put(Budget& budget, std::vector<std::pair<Value, Value>>& map, const Value& key, Value value);
/// iter(v), whole. Errors: unfit for what has no items.
std::shared_ptr<const List> iterate(Budget& budget, const Value& v);
bool contains(Budget& budget, const Value& in, const Value& what);

/// Arithmetic, as in the template: + - * / // % ** ~.
Value binary(Budget& budget, View sign, const Value& a, const Value& b);
Value negated(Budget& budget, const Value& v);
Value sliced(Budget& budget, const Value& owner, const Value& first, const Value& last, const Value& step);
/// owner.name and owner[key], as the sandbox finds them.
Value attribute(Budget& budget, const Value& owner, const std::string& name);
Value item(Budget& budget, const Value& owner, const Value& key);

/// json.dumps, added to `out`.
struct JsonStyle {
  bool ascii = false, sorted = false;
  std::optional<std::string> indent;
  std::string item_separator, key_separator;
};
void add_json(Budget& budget, const Value& v, const JsonStyle& style, TextBuilder& out);

/// The filters and tests that are computed. Python's other ones are refused by name when the template is parsed.
bool is_filter(View name);
bool is_test(View name);
Value filtered(Budget& budget, const std::string& name, const Value& v, const Given& given);
bool tested(Budget& budget, const std::string& name, const Value& v, const Given& given);
/// The filters of sequences, called by filtered(); nothing if `name` is none of them.
std::optional<Value> filtered_sequence(Budget& budget, const std::string& name, const Value& v, const Given& given);
Value method(Budget& budget, const Callable& method, const Given& given);

/// range(…), and datetime.now().strftime(format): local time without a zone.
Value range_of(Budget& budget, const Given& given);
Value date_text(Budget& budget, const std::string& format);

/// Arguments bound to the names of parameters, as Python binds them: the first `required` must be there, the first `only_plain` have no names. Errors: unfit
/// for too many, unknown or doubled ones.
using Bound = std::vector<std::optional<Value>>;
Bound bound(Budget& budget, const std::string& of, const Given& given, const std::vector<const char*>& names, size_t required = 0, size_t only_plain = 0);

/// A filter's value and arguments.
struct FilterCall {
  Budget& budget;
  const std::string& name;
  const Value& v;
  const Given& given;

  Bound arguments(const std::vector<const char*>& names, size_t required = 0) const {
    return bound(budget, fmt::format("the filter '{}'", name), given, names, required);
  }
};

}  // namespace ptah::jinja
