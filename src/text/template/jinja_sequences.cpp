// Filters of sequences and dictionaries.
#include <algorithm>
#include <cmath>

#include "text/template/jinja_operations.h"

namespace ptah::jinja {

namespace {

using Values = std::vector<Value>;

/// What `attribute=` names: the parts of each path, one path or several between commas. A path without parts is the item itself.
class Getter {
 public:
  Getter(Budget& budget, const std::optional<Value>& attribute, bool several, bool fold_case, std::optional<Value> otherwise = {})
      : budget_(budget), fold_case_(fold_case), otherwise_(std::move(otherwise)) {
    if (!attribute || attribute->is<None>()) {
      paths_.emplace_back();
      return;
    }
    const Text* t = attribute->text();
    if (!t) {
      paths_.push_back({*attribute});
      return;
    }
    const View comma = ",", dot = ".";
    for (const View path : several ? split(t->bytes, &comma, -1) : std::vector<View>{t->bytes}) {
      Values& parts = paths_.emplace_back();
      for (const View part : split(path, &dot, -1)) {
        const bool digits = !part.empty() && part.find_first_not_of("0123456789") == View::npos;
        if (digits && part.size() > 18) refuse(budget, "an attribute beyond 64 bits");
        for (size_t at = 0; at < part.size(); at += letter_at(part, at).bytes)
          if (static_cast<uint8_t>(part[at]) >= 0x80 && utf8_digit(part, at)) refuse(budget, "an attribute in digits beyond ASCII");
        parts.push_back(digits ? Value(*read_integer(part, 10).integer) : make_text(budget, std::string(part)));
      }
    }
  }

  size_t count() const { return paths_.size(); }
  Value get(const Value& from, size_t path = 0, bool fold = true) const {
    Value at = from;
    for (const Value& part : paths_[path]) {
      at = item(budget_, at, part);
      if (at.is<Undefined>() && otherwise_ && !otherwise_->is<None>()) at = *otherwise_;
    }
    const Text* t = at.text();
    return fold && fold_case_ && t ? make_text(budget_, lower(t->bytes)) : at;
  }
  Values keys(const Value& from) const {
    Values out;
    for (size_t i = 0; i < paths_.size(); ++i) out.push_back(get(from, i));
    return out;
  }

 private:
  static bool utf8_digit(View part, size_t at) {
    const ReadNumber n = read_integer(part.substr(at, letter_at(part, at).bytes), 10);
    return n.refused != nullptr;
  }

  Budget& budget_;
  bool fold_case_;
  std::optional<Value> otherwise_;
  std::vector<Values> paths_;
};

struct SequenceCall : FilterCall {
  Value generator(Values out) const { return make_list(budget, std::move(out), List::generator); }
  bool flag(const std::optional<Value>& a) const { return a && truthy(*a); }
};

/// NaN has no place in an order, and Python leaves one to chance.
void refuse_nan(Budget& budget, const Value& v) {
  if (const auto* d = v.as<double>(); d && std::isnan(*d)) refuse(budget, "an order with NaN");
  if (const List* l = v.list())
    for (const Value& each : l->all) refuse_nan(budget, each);
}

/// Sorts items by their keys, stably; `reverse` keeps the order of equals, as Python does.
Values sorted(Budget& budget, std::vector<std::pair<Values, Value>> items, bool reverse) {
  for (const auto& [keys, value] : items)
    for (const Value& key : keys) refuse_nan(budget, key);
  const auto less = [&](const auto& a, const auto& b) {
    for (size_t i = 0; i < a.first.size(); ++i)
      if (!equal(budget, a.first[i], b.first[i])) return order(budget, a.first[i], b.first[i]) < 0;
    return false;
  };
  if (reverse) std::reverse(items.begin(), items.end());
  std::stable_sort(items.begin(), items.end(), less);
  if (reverse) std::reverse(items.begin(), items.end());
  Values out;
  for (auto& [keys, value] : items) out.push_back(std::move(value));
  return out;
}

std::vector<std::pair<Values, Value>> keyed(Budget& budget, const std::vector<Value>& items, const Getter& getter) {
  std::vector<std::pair<Values, Value>> out;
  for (const Value& each : items) {
    budget.step();
    out.emplace_back(getter.keys(each), each);
  }
  return out;
}

Value sort_filter(const SequenceCall& c) {
  const Bound a = c.arguments({"reverse", "case_sensitive", "attribute"});
  const Getter getter(c.budget, a[2], true, !c.flag(a[1]));
  const auto items = iterate(c.budget, c.v);
  const Budget::Charge charge(c.budget, items->all.size() * (getter.count() + 3) * sizeof(Value));
  return make_list(c.budget, sorted(c.budget, keyed(c.budget, items->all, getter), c.flag(a[0])));
}

Value dictsort(const SequenceCall& c) {
  const Bound a = c.arguments({"case_sensitive", "by", "reverse"});
  const std::string by = a[1] ? text_of(c.budget, *a[1]) : "key";
  if (by != "key" && by != "value") unfit(c.budget, "dictsort by another thing than key or value");
  const Map* m = c.v.map();
  if (!m) unfit(c.budget, fmt::format("dictsort of {}", type_name(c.v)));
  const Budget::Charge charge(c.budget, m->all.size() * 4 * sizeof(Value));
  std::vector<std::pair<Values, Value>> items;
  for (const auto& [key, value] : m->all) {
    const Value& what = by == "key" ? key : value;
    const Text* t = c.flag(a[0]) ? nullptr : what.text();
    items.emplace_back(Values{t ? make_text(c.budget, lower(t->bytes)) : what}, make_list(c.budget, {key, value}, List::tuple));
  }
  // One key each, which Python compares by < alone: what is equal but has no order is an error.
  for (size_t i = 1; i < items.size(); ++i) (void)order(c.budget, items[i - 1].first[0], items[i].first[0]);
  return make_list(c.budget, sorted(c.budget, std::move(items), c.flag(a[2])));
}

Value groupby(const SequenceCall& c) {
  const Bound a = c.arguments({"attribute", "default", "case_sensitive"}, 1);
  const Getter getter(c.budget, a[0], false, !c.flag(a[2]), a[1]);
  const auto items = iterate(c.budget, c.v);
  const Budget::Charge charge(c.budget, items->all.size() * 6 * sizeof(Value));
  auto all = keyed(c.budget, items->all, getter);
  for (size_t i = 1; i < all.size(); ++i) (void)order(c.budget, all[i - 1].first[0], all[i].first[0]);
  Values out, group;
  const auto flush = [&] {
    if (group.empty()) return;
    const Value grouper = getter.get(group.front(), 0, false);
    out.push_back(make_list(c.budget, {grouper, make_list(c.budget, std::move(group))}, List::group));
    group.clear();
  };
  Value last;
  for (const Value& each : sorted(c.budget, std::move(all), false)) {
    const Value key = getter.get(each);
    if (!group.empty() && !equal(c.budget, key, last)) flush();
    last = key;
    group.push_back(each);
  }
  flush();
  return make_list(c.budget, std::move(out));
}

Value unique(const SequenceCall& c) {
  const Bound a = c.arguments({"case_sensitive", "attribute"});
  const Getter getter(c.budget, a[1], false, !c.flag(a[0]));
  Values out, seen;
  Budget::Charge charge(c.budget);
  const auto items = iterate(c.budget, c.v);
  for (const Value& each : items->all) {
    const Value key = getter.get(each);
    check_hashable(c.budget, key);
    if (std::any_of(seen.begin(), seen.end(), [&](const Value& known) { return equal(c.budget, known, key); })) continue;
    charge.grow(2 * sizeof(Value));
    seen.push_back(key);
    out.push_back(each);
  }
  return c.generator(std::move(out));
}

Value extreme(const SequenceCall& c) {
  const Bound a = c.arguments({"case_sensitive", "attribute"});
  const Getter getter(c.budget, a[1], false, !c.flag(a[0]));
  const auto items = iterate(c.budget, c.v);
  if (items->all.empty()) return undefined();
  const Value* best = &items->all[0];
  Value key = getter.get(*best);
  refuse_nan(c.budget, key);
  for (size_t i = 1; i < items->all.size(); ++i) {
    const Value next = getter.get(items->all[i]);
    refuse_nan(c.budget, next);
    const int o = order(c.budget, next, key, c.name == "min" ? "<" : ">");
    if (c.name == "min" ? o < 0 : o > 0) best = &items->all[i], key = next;
  }
  return *best;
}

Value sum(const SequenceCall& c) {
  const Bound a = c.arguments({"attribute", "start"});
  const Getter getter(c.budget, a[0], false, false);
  Value total = a[1] ? *a[1] : Value(int64_t{0});
  if (total.text()) unfit(c.budget, "sum of texts");
  const auto items = iterate(c.budget, c.v);
  for (const Value& each : items->all) total = binary(c.budget, "+", total, getter.get(each));
  return total;
}

Value join(const SequenceCall& c) {
  const Bound a = c.arguments({"d", "attribute"});
  const Getter getter(c.budget, a[1], false, false);
  const std::string by = a[0] ? text_of(c.budget, *a[0]) : "";
  TextBuilder out(c.budget);
  bool first = true;
  const auto items = iterate(c.budget, c.v);
  for (const Value& each : items->all) {
    if (!first) out.add(by);
    first = false;
    add_text(c.budget, getter.get(each), out);
  }
  return make_text(c.budget, out.take());
}

Value map_filter(const SequenceCall& c) {
  Values out;
  Budget::Charge charge(c.budget);
  const auto items = iterate(c.budget, c.v);
  const auto named = [&](const char* name) -> const Value* {
    for (const auto& [n, value] : c.given.named)
      if (n == name) return &value;
    return nullptr;
  };
  const bool by_attribute = c.given.plain.empty() && named("attribute");
  Given rest;
  std::string filter;
  if (by_attribute) {
    for (const auto& [n, value] : c.given.named)
      if (n != "attribute" && n != "default") unfit(c.budget, fmt::format("map has no argument '{}'", n));
  } else {
    if (c.given.plain.empty()) unfit(c.budget, "map needs a filter or an attribute");
    if (!c.given.plain[0].text()) unfit(c.budget, fmt::format("map with {} for a filter", type_name(c.given.plain[0])));
    filter = c.given.plain[0].text()->bytes;
    if (!is_filter(filter)) refuse(c.budget, fmt::format("the filter '{}'", filter));
    rest.plain.assign(c.given.plain.begin() + 1, c.given.plain.end());
    rest.named = c.given.named;
  }
  const Value* otherwise = named("default");
  const Getter getter(c.budget, by_attribute ? std::optional(*named("attribute")) : std::nullopt, false, false,
                      by_attribute && otherwise ? std::optional(*otherwise) : std::nullopt);
  for (const Value& each : items->all) {
    charge.grow(sizeof(Value));
    out.push_back(by_attribute ? getter.get(each) : filtered(c.budget, filter, each, rest));
  }
  return c.generator(std::move(out));
}

Value select(const SequenceCall& c) {
  const bool by_attribute = c.name.ends_with("attr"), wanted = c.name.starts_with("select");
  if (!truthy(c.v)) return c.generator({});
  size_t next = 0;
  const auto& plain = c.given.plain;
  if (by_attribute && plain.empty()) unfit(c.budget, fmt::format("{} needs an attribute", c.name));
  const Getter getter(c.budget, by_attribute ? std::optional(plain[next++]) : std::nullopt, false, false);
  std::string test;
  Given rest;
  if (next < plain.size()) {
    const Text* t = plain[next++].text();
    if (!t) unfit(c.budget, fmt::format("{} with {} for a test", c.name, type_name(plain[next - 1])));
    test = t->bytes;
    if (!is_test(test)) refuse(c.budget, fmt::format("the test '{}'", test));
    rest.plain.assign(plain.begin() + static_cast<std::ptrdiff_t>(next), plain.end());
    rest.named = c.given.named;
  }
  Values out;
  Budget::Charge charge(c.budget);
  const auto items = iterate(c.budget, c.v);
  for (const Value& each : items->all) {
    c.budget.step();
    const Value at = getter.get(each);
    if ((test.empty() ? truthy(at) : tested(c.budget, test, at, rest)) != wanted) continue;
    charge.grow(sizeof(Value));
    out.push_back(each);
  }
  return c.generator(std::move(out));
}

Value pieces(const SequenceCall& c) {
  const bool batch = c.name == "batch";
  const Bound a = c.arguments({batch ? "linecount" : "slices", "fill_with"}, 1);
  const auto count = integer_of(*a[0]);
  if (batch && count && *count <= 0) refuse(c.budget, "batches of nothing");
  if (!count || *count <= 0) unfit(c.budget, fmt::format("{} by what is no number above 0", c.name));
  const bool fill = a[1] && !a[1]->is<None>();
  const auto items = iterate(c.budget, c.v);
  const auto size = static_cast<int64_t>(items->all.size());
  Values out;
  Budget::Charge charge(c.budget);
  const auto piece = [&](int64_t begin, int64_t end, int64_t filled) {
    charge.grow(sizeof(Value) * static_cast<size_t>(1 + end - begin));
    Values part(items->all.begin() + begin, items->all.begin() + end);
    for (; filled > 0; --filled) {
      charge.grow(sizeof(Value));
      c.budget.step();
      part.push_back(*a[1]);
    }
    out.push_back(make_list(c.budget, std::move(part)));
  };
  if (batch) {
    for (int64_t at = 0; at < size; at += std::min(*count, size - at)) {
      const int64_t end = at + std::min(*count, size - at);
      piece(at, end, fill ? *count - (end - at) : 0);
    }
    return c.generator(std::move(out));
  }
  const int64_t each = size / *count, extra = size % *count;
  for (int64_t i = 0, at = 0; i < *count; ++i) {
    const int64_t end = at + each + (i < extra);
    piece(at, end, fill && i >= extra);
    at = end;
  }
  return c.generator(std::move(out));
}

Value end_of(const SequenceCall& c) {
  (void)c.arguments({});
  const List* l = c.v.list();
  if (c.name == "last" && l && l->kind == List::generator) unfit(c.budget, "last of a generator");
  const auto items = iterate(c.budget, c.v);
  if (c.v.is<Undefined>() && c.name == "last") unfit(c.budget, "last of what is undefined");
  if (items->all.empty()) return undefined(c.name);
  return c.name == "first" ? items->all.front() : items->all.back();
}

Value reversed(const SequenceCall& c) {
  (void)c.arguments({});
  if (const List* l = c.v.list(); l && l->kind == List::generator) refuse(c.budget, "reverse of a generator");
  if (c.v.is<Undefined>()) refuse(c.budget, "reverse of what is undefined");
  const auto items = iterate(c.budget, c.v);
  Values out(items->all.rbegin(), items->all.rend());
  if (!c.v.text()) return c.generator(std::move(out));
  if (c.v.text()->markup) refuse(c.budget, "reverse of a text marked safe");
  TextBuilder text(c.budget);
  for (const Value& each : out) text.add(each.text()->bytes);
  return make_text(c.budget, text.take());
}

Value pairs(const SequenceCall& c) {
  (void)c.arguments({});
  if (c.v.is<Undefined>()) return c.generator({});
  const Map* m = c.v.map();
  if (!m) unfit(c.budget, fmt::format("items of {}", type_name(c.v)));
  Values out;
  for (const auto& [key, value] : m->all) out.push_back(make_list(c.budget, {key, value}, List::tuple));
  return c.generator(std::move(out));
}

}  // namespace

std::optional<Value> filtered_sequence(Budget& budget, const std::string& name, const Value& v, const Given& given) {
  const SequenceCall c{budget, name, v, given};
  if (name == "list") {
    (void)c.arguments({});
    return make_list(budget, iterate(budget, v)->all);
  }
  if (name == "first" || name == "last") return end_of(c);
  if (name == "reverse") return reversed(c);
  if (name == "items") return pairs(c);
  if (name == "join") return join(c);
  if (name == "sum") return sum(c);
  if (name == "min" || name == "max") return extreme(c);
  if (name == "sort") return sort_filter(c);
  if (name == "dictsort") return dictsort(c);
  if (name == "groupby") return groupby(c);
  if (name == "unique") return unique(c);
  if (name == "map") return map_filter(c);
  if (name == "select" || name == "reject" || name == "selectattr" || name == "rejectattr") return select(c);
  if (name == "batch" || name == "slice") return pieces(c);
  return {};
}

}  // namespace ptah::jinja
