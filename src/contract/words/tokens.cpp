#include "contract/words/tokens.h"

#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"

namespace ptah {

namespace {

bool word_byte(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80; }
bool digit_byte(char c) { return c >= '0' && c <= '9'; }
bool hex_byte(char c) { return digit_byte(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

struct NumberWord {
  std::string_view word;
  int value;
};
constexpr std::array<NumberWord, 33> kNumberWords{{{"zero", 0},      {"one", 1},       {"two", 2},       {"three", 3},    {"four", 4},      {"five", 5},
                                                   {"six", 6},       {"seven", 7},     {"eight", 8},     {"nine", 9},     {"ten", 10},      {"eleven", 11},
                                                   {"twelve", 12},   {"thirteen", 13}, {"fourteen", 14}, {"fifteen", 15}, {"sixteen", 16},  {"seventeen", 17},
                                                   {"eighteen", 18}, {"nineteen", 19}, {"twenty", 20},   {"thirty", 30},  {"forty", 40},    {"fifty", 50},
                                                   {"sixty", 60},    {"seventy", 70},  {"eighty", 80},   {"ninety", 90},  {"hundred", 100}, {"both", 2},
                                                   {"once", 1},      {"twice", 2},     {"dozen", 12}}};

std::optional<int> number_word(std::string_view word) {
  for (const NumberWord& known : kNumberWords)
    if (known.word == word) return known.value;
  return {};
}

/// By how many places a word moves the point.
std::optional<int> magnitude(std::string_view word) {
  if (word == "k" || word == "thousand" || word == "thousands") return 3;
  if (word == "m" || word == "mn" || word == "mio" || word == "million" || word == "millions") return 6;
  if (word == "b" || word == "bn" || word == "billion" || word == "billions") return 9;
  if (word == "hundred") return 2;
  return {};
}

/// The unit of time of a word, with how many of it the word means: "fortnight" is 2 weeks.
std::optional<std::pair<std::string, int>> time_unit(std::string_view word) {
  static const std::map<std::string_view, std::pair<std::string, int>> kUnits{
      {"second", {"second", 1}}, {"seconds", {"second", 1}}, {"sec", {"second", 1}},      {"secs", {"second", 1}},    {"s", {"second", 1}},
      {"minute", {"minute", 1}}, {"minutes", {"minute", 1}}, {"min", {"minute", 1}},      {"mins", {"minute", 1}},    {"hour", {"hour", 1}},
      {"hours", {"hour", 1}},    {"hr", {"hour", 1}},        {"hrs", {"hour", 1}},        {"h", {"hour", 1}},         {"day", {"day", 1}},
      {"days", {"day", 1}},      {"d", {"day", 1}},          {"week", {"week", 1}},       {"weeks", {"week", 1}},     {"wk", {"week", 1}},
      {"wks", {"week", 1}},      {"fortnight", {"week", 2}}, {"fortnights", {"week", 2}}, {"month", {"month", 1}},    {"months", {"month", 1}},
      {"mo", {"month", 1}},      {"mos", {"month", 1}},      {"quarter", {"month", 3}},   {"quarters", {"month", 3}}, {"year", {"year", 1}},
      {"years", {"year", 1}},    {"yr", {"year", 1}},        {"yrs", {"year", 1}},        {"decade", {"year", 10}}};
  const auto found = kUnits.find(word);
  return found == kUnits.end() ? std::nullopt : std::optional(found->second);
}

/// How often an adverb says: "weekly".
std::optional<std::pair<std::string, int>> how_often(std::string_view word) {
  if (word == "daily") return std::pair<std::string, int>{"day", 1};
  if (word == "hourly") return std::pair<std::string, int>{"hour", 1};
  if (word == "weekly") return std::pair<std::string, int>{"week", 1};
  if (word == "fortnightly" || word == "biweekly") return std::pair<std::string, int>{"week", 2};
  if (word == "monthly") return std::pair<std::string, int>{"month", 1};
  if (word == "quarterly") return std::pair<std::string, int>{"month", 3};
  if (word == "yearly" || word == "annual" || word == "annually") return std::pair<std::string, int>{"year", 1};
  return {};
}

/// The currency that a word means, and by how many places its unit is below it: gwei.
std::optional<std::pair<std::string, int>> currency(const std::string& text) {
  const std::string word = lower_case(text);
  if (word == "eth" || word == "ether" || word == "ethers" || word == "eths" || word == "ethereum") return std::pair<std::string, int>{"ETH", 0};
  if (word == "gwei") return std::pair<std::string, int>{"ETH", -9};
  if (word == "wei") return std::pair<std::string, int>{"ETH", -18};
  for (const char* token : {"usdc", "usdt", "dai", "weth", "eurc", "pyusd", "usds", "lusd", "frax", "xdai", "wbtc"}) {
    std::string capital = token;
    std::transform(capital.begin(), capital.end(), capital.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    if (word == token) return std::pair<std::string, int>{capital, 0};
  }
  if (word == "dollar" || word == "dollars" || word == "usd" || word == "bucks") return std::pair<std::string, int>{"USD", 0};
  if (word == "euro" || word == "euros" || word == "eur") return std::pair<std::string, int>{"EUR", 0};
  return {};
}

std::optional<int> month_number(std::string_view word) {
  constexpr std::array<std::string_view, 12> kMonths{"january", "february", "march",     "april",   "may",      "june",
                                                     "july",    "august",   "september", "october", "november", "december"};
  for (size_t i = 0; i < kMonths.size(); ++i)
    if (word == kMonths[i] || (word.size() == 3 && word == kMonths[i].substr(0, 3))) return static_cast<int>(i) + 1;
  return {};
}

/// Words, numbers and signs, as they stand.
std::vector<ContractToken> raw_tokens(const std::string& words) {
  std::vector<ContractToken> out;
  const std::string text = beginning(words, kMaxContractWords);
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
      ++i;
      continue;
    }
    ContractToken token;
    token.begin = i;
    const std::string_view rest = std::string_view(text).substr(i);
    const std::string_view open = c == '"' ? "\"" : rest.starts_with("“") ? "“" : rest.starts_with("«") ? "«" : "";
    if (!open.empty()) {
      const std::string_view close = open == "\"" ? "\"" : open == "“" ? "”" : "»";
      const size_t end = text.find(close, i + open.size());
      if (end != std::string::npos && end - i <= 200) {
        token.quoted = true;
        token.text = text.substr(i + open.size(), end - i - open.size());
        // A comma before the mark belongs to the sentence.
        while (!token.text.empty() && (token.text.back() == ',' || token.text.back() == '.')) token.text.pop_back();
        i = end + close.size();
      } else {
        i += open.size();
        continue;
      }
    } else if (rest.starts_with("0x") || rest.starts_with("0X")) {
      size_t end = i + 2;
      while (end < text.size() && hex_byte(text[end])) ++end;
      token.address = end - i == 42;
      token.text = text.substr(i, end - i);
      i = end;
    } else if (digit_byte(c)) {
      size_t end = i;
      // 2027-03-01
      if (rest.size() >= 10 && rest[4] == '-' && rest[7] == '-' &&
          std::all_of(rest.begin(), rest.begin() + 10, [](char d) { return digit_byte(d) || d == '-'; })) {
        end = i + 10;
      } else {
        while (end < text.size() && (digit_byte(text[end]) || ((text[end] == ',' || text[end] == '.' || text[end] == '_' || text[end] == '\'') &&
                                                               end + 1 < text.size() && digit_byte(text[end + 1]))))
          ++end;
      }
      token.text = text.substr(i, end - i);
      i = end;
    } else if (word_byte(c)) {
      size_t end = i;
      while (end < text.size() && (word_byte(text[end]) || digit_byte(text[end]) || (text[end] == '\'' && end + 1 < text.size() && word_byte(text[end + 1]))))
        ++end;
      token.text = text.substr(i, end - i);
      i = end;
    } else {
      token.text = text.substr(i++, 1);
    }
    token.end = i;
    token.lower = lower_case(token.text);
    out.push_back(std::move(token));
  }
  return out;
}

/// Takes quantities out of raw tokens, one after the other.
class QuantityReader {
 public:
  explicit QuantityReader(std::vector<ContractToken> tokens) : in_(std::move(tokens)) {}

  std::vector<ContractToken> read() {
    while (at_ < in_.size()) {
      if (!date() && !pair() && !fraction() && !number() && !time_word()) out_.push_back(std::move(in_[at_++]));
    }
    nouns();
    return std::move(out_);
  }

 private:
  const std::string& lower(size_t i) const {
    static const std::string none;
    return i < in_.size() && !in_[i].quoted ? in_[i].lower : none;
  }
  bool is_digits(size_t i) const {
    return i < in_.size() && !in_[i].quoted && !in_[i].address && !in_[i].text.empty() && digit_byte(in_[i].text[0]) && !in_[i].text.starts_with("0x") &&
           !in_[i].text.starts_with("0X");
  }
  bool touches(size_t i) const { return i > 0 && i < in_.size() && in_[i - 1].end == in_[i].begin; }

  void put(Quantity quantity, size_t end, bool soft = false, bool each = false) {
    ContractToken token;
    token.begin = in_[at_].begin;
    token.end = in_[end - 1].end;
    for (size_t i = at_; i < end; ++i) token.text += (i > at_ && in_[i].begin != in_[i - 1].end ? " " : "") + in_[i].text;
    token.lower = lower_case(token.text);
    token.quantity = std::move(quantity);
    token.soft = soft;
    token.each = each;
    out_.push_back(std::move(token));
    at_ = end;
  }

  bool put_date(int year, int month, int day, size_t end) {
    if (year < 1970 || year > 2999 || month < 1 || month > 12 || day < 1 || day > 31) return false;
    put({QuantityKind::date, fmt::format("{:04}-{:02}-{:02}", year, month, day), ""}, end);
    return true;
  }
  /// A whole number of at most four digits; −1 if there is none.
  int small(size_t i) const {
    if (!is_digits(i) || in_[i].text.size() > 4 || in_[i].text.find_first_not_of("0123456789") != std::string::npos) return -1;
    return std::stoi(in_[i].text);
  }
  bool date() {
    if (is_digits(at_) && in_[at_].text.size() == 10 && in_[at_].text[4] == '-') {
      const std::string& t = in_[at_].text;
      return put_date(std::stoi(t.substr(0, 4)), std::stoi(t.substr(5, 2)), std::stoi(t.substr(8, 2)), at_ + 1);
    }
    // 1 March 2027; 1st of March, 2027
    if (const int day = small(at_); day > 0) {
      size_t i = at_ + 1;
      if (touches(i) && (lower(i) == "st" || lower(i) == "nd" || lower(i) == "rd" || lower(i) == "th")) ++i;
      if (lower(i) == "of") ++i;
      const auto month = month_number(lower(i));
      if (!month) return false;
      if (lower(++i) == ",") ++i;
      return small(i) > 31 && put_date(small(i), *month, day, i + 1);
    }
    // March 1, 2027
    if (const auto month = month_number(lower(at_))) {
      size_t i = at_ + 1;
      const int day = small(i++);
      if (touches(i) && (lower(i) == "st" || lower(i) == "nd" || lower(i) == "rd" || lower(i) == "th")) ++i;
      if (lower(i) == ",") ++i;
      return day > 0 && small(i) > 31 && put_date(small(i), *month, day, i + 1);
    }
    return false;
  }

  /// "2-of-3", "2 of 3", "two out of the three": two tokens, the first with the noun "of".
  bool pair() {
    const auto first = whole(at_);
    if (!first) return false;
    size_t i = first->second;
    if (lower(i) == "-" || lower(i) == "/") ++i;
    // 40/35/25 are shares.
    if (lower(i - 1) == "/" && (lower(i + 1) == "/" || (at_ > 0 && lower(at_ - 1) == "/"))) return false;
    if (lower(i) == "out") ++i;
    if (lower(i) == "of") {
      ++i;
    } else if (lower(i - 1) != "/") {
      return false;
    }
    while (lower(i) == "-" || lower(i) == "the" || lower(i) == "our" || lower(i) == "their") ++i;
    const auto second = whole(i);
    // "10 of 5 USDC": the second number may have a unit of its own.
    if (!second || time_unit(lower(second->second)) || lower(second->second) == "%" || currency(lower(second->second))) return false;
    if (lower(i) == "one") return false;  // "no more than 3 of one print"
    const size_t end = second->second;
    const std::string a = first->first, b = second->first;
    put({QuantityKind::count, a, ""}, i);
    out_.back().noun = "of";
    put({QuantityKind::count, b, ""}, end);
    return true;
  }
  /// A plain whole number and where it ends.
  std::optional<std::pair<std::string, size_t>> whole(size_t i) const {
    if (is_digits(i) && in_[i].text.find_first_not_of("0123456789") == std::string::npos) return std::pair{plain_decimal(in_[i].text).value_or("0"), i + 1};
    if (const auto word = number_word(lower(i)); word && *word < 100 && lower(i) != "once" && lower(i) != "both")
      return std::pair{std::to_string(*word), i + 1};
    return {};
  }

  /// Half, a quarter, a third: shares; "half a year" is a time.
  bool fraction() {
    size_t i = at_;
    if (lower(i) == "a" || lower(i) == "one") ++i;
    const bool half = lower(i) == "half", quarter = lower(i) == "quarter";
    if (!half && !quarter) return false;
    // "a quarter of an hour"
    if (lower(i + 1) == "of" && (lower(i + 2) == "an" || lower(i + 2) == "a") && lower(i + 3) == "hour") {
      put({QuantityKind::duration, half ? "30" : "15", "minute"}, i + 4);
      return true;
    }
    size_t next = i + 1;
    if (half && (lower(next) == "a" || lower(next) == "an" || time_unit(lower(next)))) {
      if (lower(next) == "a" || lower(next) == "an") ++next;
      if (const auto unit = time_unit(lower(next))) {
        put(unit->first == "year" ? Quantity{QuantityKind::duration, "6", "month"}
                                  : Quantity{QuantityKind::duration, unit->second == 1 ? "0.5" : "1", unit->first},
            next + 1);
        return true;
      }
    }
    if (quarter && i == at_) return false;  // "per quarter" is a time
    if (quarter && at_ > 0 &&
        (lower(at_ - 1) == "per" || lower(at_ - 1) == "every" || out_.empty() ? false
                                                                              : out_.back().quantity && out_.back().quantity->kind == QuantityKind::money))
      return false;
    put({QuantityKind::share, half ? "50" : "25", "%"}, i + 1);
    return true;
  }

  /// Digits or number words, then what they count.
  bool number() {
    size_t i = at_;
    std::string digits;
    bool from_word = false;
    const std::string sign = lower(i);
    const bool dollars = sign == "$";
    if (dollars) ++i;
    if (is_digits(i)) {
      // 1.234.567 and 1,234 are one number; "1,5" is left as it is read: 15 would be wrong, so a comma needs three digits behind it.
      digits = in_[i++].text;
      if (!grouped(digits)) return false;
    } else if (!dollars) {
      const auto value = word_number(i);
      if (!value) return false;
      digits = std::to_string(*value);
      from_word = true;
    } else {
      return false;
    }
    int shift = 0;
    for (auto more = magnitude(lower(i)); more && (lower(i).size() > 2 || touches(i) || i > at_); more = magnitude(lower(i))) {
      // "5 m" alone is no million: a letter has to touch its number.
      if (lower(i).size() <= 2 && !touches(i)) break;
      shift += *more;
      ++i;
    }
    const auto number = plain_decimal(digits, shift);
    if (!number) return false;
    if (dollars) {
      put({QuantityKind::money, *number, "USD"}, i);
      return true;
    }
    return unit(*number, i, from_word);
  }
  bool unit(const std::string& number, size_t i, bool from_word) {
    size_t next = i;
    if (lower(next) == "-" && time_unit(lower(next + 1))) ++next;  // 14-day
    if (lower(next) == "full" || lower(next) == "whole" || lower(next) == "more" || lower(next) == "calendar" || lower(next) == "business") {
      if (time_unit(lower(next + 1))) ++next;
    }
    if (const auto time = time_unit(lower(next)); time && (lower(next).size() > 2 || touches(next) || lower(next).size() == 2)) {
      const auto scaled = time->second == 1 ? Result<std::string>(number) : times(number, time->second);
      put({QuantityKind::duration, scaled.value_or(number), time->first}, next + 1, false, every_before());
      return true;
    }
    if (lower(i) == "%" || lower(i) == "percent" || lower(i) == "pct") {
      put({QuantityKind::share, number, "%"}, i + 1);
      return true;
    }
    if (lower(i) == "per" && lower(i + 1) == "cent") {
      put({QuantityKind::share, number, "%"}, i + 2);
      return true;
    }
    if (lower(i) == "bps" || lower(i) == "bp" || (lower(i) == "basis" && lower(i + 1).starts_with("point"))) {
      put({QuantityKind::share, plain_decimal(number, -2).value_or(number), "%"}, i + (lower(i) == "basis" ? 2 : 1));
      return true;
    }
    if (i < in_.size() && !in_[i].quoted) {
      if (const auto money = currency(in_[i].text)) {
        put({QuantityKind::money, plain_decimal(number, money->second).value_or(number), money->first}, i + 1);
        return true;
      }
    }
    put({QuantityKind::count, number, ""}, i, from_word && number == "1");
    return true;
  }
  static Result<std::string> times(const std::string& number, int factor) {
    if (number.find('.') != std::string::npos || number.size() > 12) return fail(ErrorCode::invalid_argument, "no whole number");
    return std::to_string(std::stoll(number) * factor);
  }
  /// Whether a comma in a number stands before three digits each time.
  static bool grouped(const std::string& digits) {
    for (size_t i = digits.find(','); i != std::string::npos; i = digits.find(',', i + 1)) {
      const size_t end = std::min(digits.find_first_of(",.", i + 1), digits.size());
      if (end - i != 4) return false;
    }
    return std::count(digits.begin(), digits.end(), '.') <= 1;
  }
  bool every_before() const {
    if (out_.empty()) return false;
    const std::string& word = out_.back().lower;
    return word == "every" || word == "per" || word == "each" || word == "/";
  }
  /// "twenty five", "two hundred and fifty", "a dozen"; moves `i` behind it.
  std::optional<int64_t> word_number(size_t& i) const {
    size_t j = i;
    if ((lower(j) == "a" || lower(j) == "an") &&
        (lower(j + 1) == "hundred" || lower(j + 1) == "thousand" || lower(j + 1) == "million" || lower(j + 1) == "dozen")) {
      i = lower(j + 1) == "dozen" || lower(j + 1) == "hundred" ? j + 2 : j + 1;
      return lower(j + 1) == "dozen" ? 12 : lower(j + 1) == "hundred" ? 100 : 1;
    }
    int64_t value = 0;
    bool any = false;
    while (j < in_.size()) {
      const auto word = number_word(lower(j));
      if (!word) {
        if (any && lower(j) == "and" && value % 100 == 0 && value > 0 && number_word(lower(j + 1)) && value >= 100) {
          ++j;
          continue;
        }
        if (any && lower(j) == "-" && number_word(lower(j + 1))) {
          ++j;
          continue;
        }
        break;
      }
      if (*word == 100 && any && value > 0 && value < 100) {
        value *= 100;
      } else if (any && (value % 100 == 0 ? value < 100 : !(value % 10 == 0 && *word < 10 && value % 100 >= 20))) {
        break;
      } else if (*word == 100 && !any) {
        value = 100;
      } else {
        value += *word;
      }
      any = true;
      ++j;
    }
    if (!any || lower(i) == "once" || lower(i) == "twice" || lower(i) == "hundred") return {};
    i = j;
    return value;
  }

  /// "a year", "per month", "daily": a time without a number.
  bool time_word() {
    if (const auto often = how_often(lower(at_))) {
      put({QuantityKind::duration, std::to_string(often->second), often->first}, at_ + 1, true, true);
      return true;
    }
    const std::string& before = lower(at_);
    const auto unit = time_unit(lower(at_ + 1));
    if (!unit || lower(at_ + 1).size() < 3) return false;
    if (before != "a" && before != "an" && before != "per" && before != "each" && before != "every" && before != "/") return false;
    const bool each = before != "an" && (before != "a" || after_amount());
    put({QuantityKind::duration, std::to_string(unit->second), unit->first}, at_ + 2, each, each);
    return true;
  }
  /// "5 USDC a month", "10 tokens a week": an amount, perhaps with its noun, stands just before.
  bool after_amount() const {
    for (size_t back = 1; back <= 2 && back <= out_.size(); ++back) {
      const ContractToken& token = out_[out_.size() - back];
      if (token.quantity) return token.quantity->kind != QuantityKind::duration && token.quantity->kind != QuantityKind::date;
      if (!token.is_word()) return false;
    }
    return false;
  }

  /// What each number stands before.
  void nouns() {
    for (size_t i = 0; i < out_.size(); ++i) {
      if (!out_[i].quantity || !out_[i].noun.empty()) continue;
      for (size_t j = i + 1; j < out_.size() && j <= i + 3 && out_[j].is_word(); ++j) out_[i].noun += (out_[i].noun.empty() ? "" : " ") + out_[j].lower;
    }
  }

  std::vector<ContractToken> in_, out_;
  size_t at_ = 0;
};

}  // namespace

std::vector<ContractToken> contract_tokens(const std::string& words) { return QuantityReader(raw_tokens(words)).read(); }

}  // namespace ptah
