// Methods of Python's str, dict, list and tuple, and of the loop.
#include <algorithm>

#include "text/tokenize/characters.h"
#include "text/template/jinja_operations.h"

namespace ptah::jinja {

namespace {

/// The arguments of one call, read as Python's C functions read theirs.
class Arguments {
 public:
  Arguments(Budget& budget, const std::string& of, const Given& given, const std::vector<const char*>& names, size_t required, size_t only_plain)
      : budget_(budget), of_(of), all_(bound(budget, of, given, names, required, only_plain)) {}

  bool has(size_t i) const { return all_[i].has_value(); }
  const Value& at(size_t i) const { return *all_[i]; }
  bool none(size_t i) const { return !all_[i] || all_[i]->is<None>(); }
  View text(size_t i) const {
    const Text* t = all_[i]->text();
    if (!t) unfit(budget_, fmt::format("{} of {}", of_, type_name(*all_[i])));
    if (t->markup) refuse(budget_, fmt::format("{} with a text marked safe", of_));
    return t->bytes;
  }
  int64_t integer(size_t i, int64_t otherwise) const {
    if (!all_[i]) return otherwise;
    const auto n = integer_of(*all_[i]);
    if (!n) unfit(budget_, fmt::format("{} with {} for a number", of_, type_name(*all_[i])));
    return *n;
  }
  int64_t whole_or_none(size_t i, int64_t otherwise) const { return none(i) ? otherwise : integer(i, otherwise); }

 private:
  Budget& budget_;
  const std::string& of_;
  Bound all_;
};

Value list_of(Budget& budget, const std::vector<View>& parts, List::Kind kind = List::list) {
  std::vector<Value> out;
  Budget::Charge charge(budget);
  for (const View part : parts) {
    charge.grow(sizeof(Value) + sizeof(View));
    out.push_back(make_text(budget, std::string(part)));
  }
  return make_list(budget, std::move(out), kind);
}

Value padded(Budget& budget, View s, int64_t width, View with, int64_t left, int64_t right) {
  (void)width;
  TextBuilder out(budget);
  for (int64_t i = 0; i < left; ++i) out.add(with);
  out.add(s);
  for (int64_t i = 0; i < right; ++i) out.add(with);
  return make_text(budget, out.take());
}

/// The part of a text between two indices of characters, as find(), count() and startswith() take them, and where it begins.
struct CallWindow {
  View part;
  int64_t begin;
  bool empty;  ///< begins past the end
};
CallWindow window(View s, int64_t begin, int64_t end) {
  const auto size = static_cast<int64_t>(length_of(s));
  const auto clamped = [&](int64_t v) { return v < 0 ? std::max<int64_t>(0, std::max(v, -size) + size) : v; };
  begin = clamped(begin);
  end = std::min(clamped(end), size);
  if (begin > end) return {{}, begin, true};
  const size_t from = position_of(s, static_cast<size_t>(begin));
  return {s.substr(from, position_of(s.substr(from), static_cast<size_t>(end - begin))), begin, false};
}

bool all_characters(View s, bool (*fits)(int32_t)) {
  for (size_t at = 0; at < s.size();) {
    const Letter l = letter_at(s, at);
    if (!fits(l.value)) return false;
    at += l.bytes;
  }
  return !s.empty();
}
bool is_alpha(int32_t c) { return class_of(c) == CharacterClass::letter; }
bool is_decimal(int32_t c) { return utf8proc_category(c) == UTF8PROC_CATEGORY_ND; }

std::optional<Value> text_search(Budget& budget, const std::string& name, View s, const Given& given) {
  if (name == "startswith" || name == "endswith") {
    const Arguments a(budget, name, given, {"prefix", "start", "end"}, 1, 3);
    const CallWindow w = window(s, a.whole_or_none(1, 0), a.whole_or_none(2, INT64_MAX));
    const auto fits = [&](View t) { return !w.empty && (name == "startswith" ? w.part.starts_with(t) : w.part.ends_with(t)); };
    const List* options = a.at(0).list();
    if (!options) return fits(a.text(0));
    if (options->kind != List::tuple && options->kind != List::group) unfit(budget, fmt::format("{} of {}", name, type_name(a.at(0))));
    for (const Value& each : options->all) {
      if (!each.text()) unfit(budget, fmt::format("{} of {}", name, type_name(each)));
      if (fits(each.text()->bytes)) return true;
    }
    return false;
  }
  if (name == "find" || name == "index" || name == "rfind" || name == "rindex" || name == "count") {
    const Arguments a(budget, name, given, {"sub", "start", "end"}, 1, 3);
    const View what = a.text(0);
    const CallWindow w = window(s, a.whole_or_none(1, 0), a.whole_or_none(2, INT64_MAX));
    if (name == "count") {
      if (w.empty) return int64_t{0};
      if (what.empty()) return static_cast<int64_t>(length_of(w.part)) + 1;
      int64_t found = 0;
      for (size_t at = find_in(w.part, what); at != View::npos; at = find_in(w.part, what, at + what.size())) {
        budget.step();
        ++found;
      }
      return found;
    }
    const size_t at = w.empty ? View::npos : name[0] == 'r' ? find_last_in(w.part, what) : find_in(w.part, what);
    if (at == View::npos && name.ends_with("index")) unfit(budget, fmt::format("'{}' is not in the text", what.substr(0, 60)));
    return at == View::npos ? int64_t{-1} : w.begin + static_cast<int64_t>(length_of(w.part.substr(0, at)));
  }
  return {};
}

std::optional<Value> text_parts(Budget& budget, const std::string& name, View s, const Given& given) {
  if (name == "split" || name == "rsplit") {
    const Arguments a(budget, name, given, {"sep", "maxsplit"}, 0, 0);
    const View by = a.none(0) ? View() : a.text(0);
    if (!a.none(0) && by.empty()) unfit(budget, "split by an empty text");
    const int64_t max = a.integer(1, -1);
    const Budget::Charge charge(budget, s.size() / std::max<size_t>(by.size() + 1, 2) * sizeof(View));
    return list_of(budget, name == "split" ? split(s, a.none(0) ? nullptr : &by, max) : split_from_right(s, a.none(0) ? nullptr : &by, max));
  }
  if (name == "splitlines") {
    const Arguments a(budget, name, given, {"keepends"}, 0, 0);
    return list_of(budget, split_lines(s, a.has(0) && truthy(a.at(0))));
  }
  if (name == "partition" || name == "rpartition") {
    const Arguments a(budget, name, given, {"sep"}, 1, 1);
    const View by = a.text(0);
    if (by.empty()) unfit(budget, "partition by an empty text");
    const size_t at = name == "partition" ? find_in(s, by) : find_last_in(s, by);
    if (at != View::npos) return list_of(budget, {s.substr(0, at), by, s.substr(at + by.size())}, List::tuple);
    return list_of(budget, name == "partition" ? std::vector<View>{s, {}, {}} : std::vector<View>{{}, {}, s}, List::tuple);
  }
  return {};
}

/// str.replace, where an empty text is found between all characters.
Value replaced(Budget& budget, View s, View from, View to, int64_t max) {
  TextBuilder out(budget);
  size_t at = 0;
  if (from.empty()) {
    for (; max != 0; --max) {
      out.add(to);
      if (at >= s.size()) break;
      const size_t bytes = letter_at(s, at).bytes;
      out.add(s.substr(at, bytes));
      at += bytes;
    }
    if (at < s.size()) out.add(s.substr(at));
    return make_text(budget, out.take());
  }
  for (; max != 0; --max) {
    const size_t found = find_in(s, from, at);
    if (found == View::npos) break;
    out.add(s.substr(at, found - at));
    out.add(to);
    at = found + from.size();
  }
  out.add(s.substr(at));
  return make_text(budget, out.take());
}

std::optional<Value> text_made(Budget& budget, const std::string& name, View s, const Given& given) {
  if (name == "strip" || name == "lstrip" || name == "rstrip") {
    const Arguments a(budget, name, given, {"chars"}, 0, 1);
    const View of = a.none(0) ? View() : a.text(0);
    return make_text(budget, std::string(strip(s, a.none(0) ? nullptr : &of, name != "rstrip", name != "lstrip")));
  }
  if (name == "replace") {
    const Arguments a(budget, name, given, {"old", "new", "count"}, 2, 3);
    return replaced(budget, s, a.text(0), a.text(1), a.integer(2, -1));
  }
  if (name == "removeprefix" || name == "removesuffix") {
    const Arguments a(budget, name, given, {"prefix"}, 1, 1);
    const View cut = a.text(0);
    if (name == "removeprefix" ? s.starts_with(cut) : s.ends_with(cut)) s = name == "removeprefix" ? s.substr(cut.size()) : s.substr(0, s.size() - cut.size());
    return make_text(budget, std::string(s));
  }
  if (name == "join") {
    const Arguments a(budget, name, given, {"iterable"}, 1, 1);
    TextBuilder out(budget);
    const auto items = iterate(budget, a.at(0));
    for (size_t i = 0; i < items->all.size(); ++i) {
      const Text* t = items->all[i].text();
      if (!t) unfit(budget, fmt::format("join of {}", type_name(items->all[i])));
      if (t->markup) refuse(budget, "join of a text marked safe");
      if (i) out.add(s);
      out.add(t->bytes);
    }
    return make_text(budget, out.take());
  }
  if (name == "center" || name == "ljust" || name == "rjust" || name == "zfill") {
    const bool zeros = name == "zfill";
    const Arguments a(budget, name, given, zeros ? std::vector<const char*>{"width"} : std::vector<const char*>{"width", "fillchar"}, 1, 2);
    const View with = zeros ? View("0") : a.has(1) ? a.text(1) : View(" ");
    if (length_of(with) != 1) unfit(budget, fmt::format("{} with more than one character", name));
    const int64_t width = a.integer(0, 0), missing = std::max<int64_t>(0, width - static_cast<int64_t>(length_of(s)));
    if (zeros && missing > 0 && !s.empty() && (s[0] == '-' || s[0] == '+')) {
      TextBuilder out(budget);
      out.add(s.substr(0, 1));
      for (int64_t i = 0; i < missing; ++i) out.add("0");
      out.add(s.substr(1));
      return make_text(budget, out.take());
    }
    const int64_t left = name == "ljust" ? 0 : name == "center" ? missing / 2 + (missing & width & 1) : missing;
    return padded(budget, s, width, with, left, missing - left);
  }
  return {};
}

Value text_method(Budget& budget, const std::string& name, View s, const Given& given) {
  budget.step(1 + static_cast<int64_t>(s.size() >> 6));
  if (auto out = text_search(budget, name, s, given)) return std::move(*out);
  if (auto out = text_parts(budget, name, s, given)) return std::move(*out);
  if (auto out = text_made(budget, name, s, given)) return std::move(*out);
  (void)bound(budget, name, given, {});
  const Budget::Charge charge(budget, 3 * s.size());
  if (name == "upper") return make_text(budget, upper(s));
  if (name == "lower") return make_text(budget, lower(s));
  if (name == "title") return make_text(budget, title(s));
  if (name == "capitalize") return make_text(budget, capitalize(s));
  if (name == "swapcase") return make_text(budget, swapcase(s));
  if (name == "casefold") {
    if (std::any_of(s.begin(), s.end(), [](char c) { return static_cast<uint8_t>(c) >= 0x80; })) refuse(budget, "casefold beyond ASCII");
    return make_text(budget, lower(s));
  }
  if (name == "islower") return all_lower(s);
  if (name == "isupper") return all_upper(s);
  if (name == "isspace") return all_characters(s, is_space);
  if (name == "isalpha") return all_characters(s, is_alpha);
  if (name == "isdecimal") return all_characters(s, is_decimal);
  if (name == "isascii") return std::all_of(s.begin(), s.end(), [](char c) { return static_cast<uint8_t>(c) < 0x80; });
  // isdigit, isalnum: what else Unicode calls a digit is not known here.
  if (std::any_of(s.begin(), s.end(), [](char c) { return static_cast<uint8_t>(c) >= 0x80; })) refuse(budget, fmt::format("'{}' beyond ASCII", name));
  if (name == "isdigit") return all_characters(s, is_decimal);
  return all_characters(s, [](int32_t c) { return is_alpha(c) || is_decimal(c); });
}

Value map_method(Budget& budget, const std::string& name, const Map& m, const Given& given) {
  if (name == "get") {
    const Arguments a(budget, name, given, {"key", "default"}, 1, 2);
    check_hashable(budget, a.at(0));
    const Value* found = find(budget, m, a.at(0));
    return found ? *found : a.has(1) ? a.at(1) : Value(None{});
  }
  (void)bound(budget, name, given, {});
  std::vector<Value> out;
  Budget::Charge charge(budget, m.all.size() * sizeof(Value));
  for (const auto& [key, value] : m.all) out.push_back(name == "items" ? make_list(budget, {key, value}, List::tuple) : name == "keys" ? key : value);
  return make_list(budget, std::move(out), name == "items" ? List::items : name == "keys" ? List::keys : List::values);
}

Value list_method(Budget& budget, const std::string& name, const List& l, const Given& given) {
  const Arguments a(budget, name, given, {"value", "start", "stop"}, 1, 3);
  if (name == "index" && (a.has(1) || a.has(2))) refuse(budget, "index with a start");
  if (name == "count" && a.has(1)) unfit(budget, "count takes 1 argument");
  int64_t count = 0;
  for (size_t i = 0; i < l.all.size(); ++i) {
    if (!equal(budget, l.all[i], a.at(0))) continue;
    if (name == "index") return static_cast<int64_t>(i);
    ++count;
  }
  if (name == "index") unfit(budget, "index of what is not in the list");
  return count;
}

Value loop_method(Budget& budget, const std::string& name, Loop& loop, const Given& given) {
  if (!given.named.empty()) unfit(budget, fmt::format("loop.{} has no arguments by name", name));
  if (name == "cycle") {
    if (given.plain.empty()) unfit(budget, "loop.cycle of nothing");
    return given.plain[static_cast<size_t>(loop.index0) % given.plain.size()];
  }
  const Value now = make_list(budget, given.plain, List::tuple);
  if (loop.changed && equal(budget, *loop.changed, now)) return false;
  loop.changed = now;
  return true;
}

}  // namespace

Value method(Budget& budget, const Callable& method, const Given& given) {
  if (const auto* loop = method.self.as<Loop*>()) return loop_method(budget, method.name, **loop, given);
  if (const Text* t = method.self.text()) return text_method(budget, method.name, t->bytes, given);
  if (const Map* m = method.self.map()) return map_method(budget, method.name, *m, given);
  return list_method(budget, method.name, *method.self.list(), given);
}

}  // namespace ptah::jinja
