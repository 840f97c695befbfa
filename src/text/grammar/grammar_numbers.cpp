// Numbers between bounds as a grammar over their digits.
#include <algorithm>

#include "text/grammar/grammar_builder.h"

namespace ptah {

namespace {

using Piece = GrammarBuilder::Piece;

/// Digits before and after the point together: so many a double tells apart, so that what is written between the bounds is read between them.
constexpr size_t kDigits = 15;
/// Digits of whole numbers as bounds: those of 64 bits.
constexpr size_t kWholeDigits = 20;

/// A bound of magnitude: digits before the point without leading zeros, and after it without trailing ones.
struct Limit {
  std::string whole = "0", fraction;
  bool strict = false;
};

class NumberCompiler {
 public:
  NumberCompiler(GrammarBuilder& b, const NumberRange& range) : b_(b), range_(range), digit_(b.characters({{'0', '9'}})) {}

  std::optional<Piece> run() {
    std::optional<Limit> minimum = limit(range_.minimum, range_.above), maximum = limit(range_.maximum, range_.below);
    const bool min_negative = range_.minimum && range_.minimum->front() == '-', max_negative = range_.maximum && range_.maximum->front() == '-';
    size_t wanted = 0, longest = 0;
    for (const auto* l : {&minimum, &maximum})
      if (*l) longest = std::max(longest, (*l)->whole.size()), wanted = range_.whole ? 0 : std::max(wanted, (*l)->fraction.size());
    const size_t max = wanted == 0 ? kWholeDigits : kDigits;
    if (longest + wanted > max) throw Failure({ErrorCode::unsupported, fmt::format("numbers of more than {} digits as bounds", max)});
    const size_t after = range_.whole ? 0 : std::max(wanted, std::min<size_t>(6, longest < kDigits ? kDigits - longest : 0));
    after_ = after;
    std::vector<Piece> choices;
    // From 0 on; magnitudes of those below 0, where the bounds change places.
    if (!max_negative)
      if (const auto piece = magnitudes(minimum && !min_negative ? *minimum : Limit{}, maximum)) choices.push_back(*piece);
    if (!minimum || min_negative) {
      Limit lower;
      lower.strict = true;
      if (const auto piece = magnitudes(max_negative ? *maximum : lower, minimum)) choices.push_back(b_.sequence({b_.literal("-"), *piece}));
    }
    if (choices.empty()) return {};
    return b_.choice(choices);
  }

 private:
  static std::optional<Limit> limit(const std::optional<std::string>& text, bool strict) {
    if (!text) return {};
    const std::string digits = text->substr(text->front() == '-' ? 1 : 0);
    const size_t point = std::min(digits.find('.'), digits.size());
    Limit out;
    out.whole = digits.substr(0, point);
    if (point < digits.size()) out.fraction = digits.substr(point + 1);
    while (!out.fraction.empty() && out.fraction.back() == '0') out.fraction.pop_back();
    out.strict = strict;
    return out;
  }

  Piece digits(size_t min_count, size_t max_count) { return b_.repeat(digit_, static_cast<int64_t>(min_count), static_cast<int64_t>(max_count)); }
  Piece one_of(char low, char high) { return b_.characters({{static_cast<uint32_t>(low), static_cast<uint32_t>(high)}}); }

  /// Digit strings of the same length from a to b.
  Piece same_length(const std::string& a, const std::string& b) {
    if (a.find_first_not_of('0') == std::string::npos && b.find_first_not_of('9') == std::string::npos) return digits(a.size(), a.size());
    if (a.front() == b.front()) {
      const Piece first = b_.literal(a.substr(0, 1));
      return a.size() == 1 ? first : b_.sequence({first, same_length(a.substr(1), b.substr(1))});
    }
    if (a.size() == 1) return one_of(a.front(), b.front());
    const size_t rest = a.size() - 1;
    std::vector<Piece> choices{b_.sequence({b_.literal(a.substr(0, 1)), same_length(a.substr(1), std::string(rest, '9'))})};
    if (b.front() - a.front() > 1)
      choices.push_back(b_.sequence({one_of(static_cast<char>(a.front() + 1), static_cast<char>(b.front() - 1)), digits(rest, rest)}));
    choices.push_back(b_.sequence({b_.literal(b.substr(0, 1)), same_length(std::string(rest, '0'), b.substr(1))}));
    return b_.choice(choices);
  }

  static bool before(const std::string& a, const std::string& b) { return a.size() != b.size() ? a.size() < b.size() : a < b; }

  /// Whole numbers without leading zeros from a to b; none if a > b.
  std::optional<Piece> wholes(std::string a, const std::string& b) {
    std::vector<Piece> choices;
    while (!before(b, a)) {
      const std::string end = a.size() < b.size() ? std::string(a.size(), '9') : b;
      choices.push_back(same_length(a, end));
      a = fmt::format("1{}", std::string(a.size(), '0'));
    }
    if (choices.empty()) return {};
    return b_.choice(choices);
  }

  static std::string next(std::string whole) {
    size_t at = whole.size();
    while (at > 0 && whole[at - 1] == '9') whole[--at] = '0';
    if (at == 0) return fmt::format("1{}", whole);
    ++whole[at - 1];
    return whole;
  }
  static std::string previous(std::string whole) {  // of 1 and above
    size_t at = whole.size();
    while (whole[at - 1] == '0') whole[--at] = '9';
    --whole[at - 1];
    if (whole.size() > 1 && whole.front() == '0') whole.erase(0, 1);
    return whole;
  }

  /// Whether digits may end here: what was not written counts as zeros.
  static bool may_end(const std::optional<Limit>& low, const std::optional<Limit>& high) {
    const bool above = !low || (low->fraction.empty() && !low->strict);
    return above && (!high || !high->strict || !high->fraction.empty());
  }

  /// Digits after the point, at least one of them if `some`, at most `left`, for a fraction between the bounds (their `fraction`s).
  std::optional<Piece> fraction(std::optional<Limit> low, const std::optional<Limit>& high, size_t left, bool some) {
    if (low && low->fraction.empty() && !low->strict) low.reset();
    if (!low && !high) {
      if (some && left == 0) return {};
      return digits(some ? 1 : 0, left);
    }
    std::vector<Piece> choices;
    if (!some && may_end(low, high)) choices.push_back(b_.literal(""));
    if (left > 0) {
      const auto first = [](const std::optional<Limit>& l, char otherwise) { return !l ? otherwise : l->fraction.empty() ? '0' : l->fraction.front(); };
      const auto rest = [](const std::optional<Limit>& l) {
        std::optional<Limit> out = l;
        if (out && !out->fraction.empty()) out->fraction.erase(0, 1);
        return out;
      };
      const char a = first(low, '0'), b = first(high, '9');
      const auto add = [&](char from, char to, const std::optional<Limit>& lower, const std::optional<Limit>& upper) {
        if (from > to) return;
        if (const auto more = fraction(lower, upper, left - 1, false)) choices.push_back(b_.sequence({one_of(from, to), *more}));
      };
      if (low && high && a == b) {
        add(a, a, rest(low), rest(high));
      } else {
        if (low) add(a, a, rest(low), {});
        add(static_cast<char>(a + (low ? 1 : 0)), static_cast<char>(b - (high ? 1 : 0)), {}, {});
        if (high) add(b, b, {}, rest(high));
      }
    }
    if (choices.empty()) return {};
    return b_.choice(choices);
  }

  void add_with_fraction(Piece whole, const std::optional<Limit>& low, const std::optional<Limit>& high, std::vector<Piece>& choices) {
    if (may_end(low, high)) choices.push_back(whole);
    if (after_ == 0) return;
    if (const auto more = fraction(low, high, after_, true)) choices.push_back(b_.sequence({whole, b_.literal("."), *more}));
  }

  /// Numbers without a sign from `low` to `high`; none if there is none.
  std::optional<Piece> magnitudes(Limit low, std::optional<Limit> high) {
    if (range_.whole) {  // to whole bounds that belong to the range
      if (low.strict || !low.fraction.empty()) low.whole = next(low.whole);
      if (high && high->strict && high->fraction.empty()) {
        if (high->whole == "0") return {};
        high->whole = previous(high->whole);
      }
      return wholes(low.whole, high ? high->whole : std::string(std::max(kDigits, low.whole.size()), '9'));
    }
    const std::string top = high ? high->whole : std::string(std::max(kDigits - after_, low.whole.size()), '9');
    if (before(top, low.whole)) return {};
    std::vector<Piece> choices;
    const bool same = high && high->whole == low.whole;
    add_with_fraction(b_.literal(low.whole), low, same ? high : std::nullopt, choices);
    if (!same) {
      const auto between = wholes(next(low.whole), high ? (high->whole == "0" ? "0" : previous(high->whole)) : top);
      if (between) add_with_fraction(*between, {}, {}, choices);
      if (high) add_with_fraction(b_.literal(high->whole), {}, high, choices);
    }
    if (choices.empty()) return {};
    return b_.choice(choices);
  }

  GrammarBuilder& b_;
  const NumberRange& range_;
  const Piece digit_;
  size_t after_ = 0;  ///< most digits after the point
};

}  // namespace

std::optional<GrammarBuilder::Piece> numbers_between(GrammarBuilder& builder, const NumberRange& range) { return NumberCompiler(builder, range).run(); }

}  // namespace ptah
