// Numbers with something beside them: units, money, months, clock times.
#include <algorithm>
#include <array>
#include <map>

#include "base/text.h"
#include "voice/english/normalise.h"
#include "voice/english/numbers.h"

namespace ptah::detail {

namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool all_digits(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), digit); }

constexpr std::array<const char*, 12> kMonths{"january", "february", "march",     "april",   "may",      "june",
                                              "july",    "august",   "september", "october", "november", "december"};

/// 1 to 12 for a month's name or its first letters ("Sept"); 0 for anything else.
size_t month_of(const std::string& word) {
  const std::string small = lower_case(word);
  for (size_t i = 0; i < kMonths.size(); ++i)
    if (small == kMonths[i] || (small.size() == 3 && i != 4 && std::string_view(kMonths[i]).starts_with(small)) || (i == 8 && small == "sept")) return i + 1;
  return 0;
}

struct Unit {
  const char *one, *many;
};
const std::map<std::string, Unit>& units() {
  static const std::map<std::string, Unit> table{{"km", {"kilometer", "kilometers"}},
                                                 {"m", {"meter", "meters"}},
                                                 {"cm", {"centimeter", "centimeters"}},
                                                 {"mm", {"millimeter", "millimeters"}},
                                                 {"kg", {"kilogram", "kilograms"}},
                                                 {"g", {"gram", "grams"}},
                                                 {"mg", {"milligram", "milligrams"}},
                                                 {"lb", {"pound", "pounds"}},
                                                 {"lbs", {"pound", "pounds"}},
                                                 {"oz", {"ounce", "ounces"}},
                                                 {"ft", {"foot", "feet"}},
                                                 {"in", {"inch", "inches"}},
                                                 {"yd", {"yard", "yards"}},
                                                 {"mi", {"mile", "miles"}},
                                                 {"l", {"liter", "liters"}},
                                                 {"L", {"liter", "liters"}},
                                                 {"ml", {"milliliter", "milliliters"}},
                                                 {"mL", {"milliliter", "milliliters"}},
                                                 {"mph", {"mile per hour", "miles per hour"}},
                                                 {"km/h", {"kilometer per hour", "kilometers per hour"}},
                                                 {"kph", {"kilometer per hour", "kilometers per hour"}},
                                                 {"m/s", {"meter per second", "meters per second"}},
                                                 {"s", {"second", "seconds"}},
                                                 {"sec", {"second", "seconds"}},
                                                 {"ms", {"millisecond", "milliseconds"}},
                                                 {"min", {"minute", "minutes"}},
                                                 {"h", {"hour", "hours"}},
                                                 {"hr", {"hour", "hours"}},
                                                 {"hrs", {"hour", "hours"}},
                                                 {"Hz", {"hertz", "hertz"}},
                                                 {"kHz", {"kilohertz", "kilohertz"}},
                                                 {"MHz", {"megahertz", "megahertz"}},
                                                 {"GHz", {"gigahertz", "gigahertz"}},
                                                 {"W", {"watt", "watts"}},
                                                 {"kW", {"kilowatt", "kilowatts"}},
                                                 {"kWh", {"kilowatt hour", "kilowatt hours"}},
                                                 {"V", {"volt", "volts"}},
                                                 {"B", {"byte", "bytes"}},
                                                 {"KB", {"kilobyte", "kilobytes"}},
                                                 {"kB", {"kilobyte", "kilobytes"}},
                                                 {"MB", {"megabyte", "megabytes"}},
                                                 {"GB", {"gigabyte", "gigabytes"}},
                                                 {"TB", {"terabyte", "terabytes"}},
                                                 {"dB", {"decibel", "decibels"}},
                                                 {"°", {"degree", "degrees"}},
                                                 {"°C", {"degree Celsius", "degrees Celsius"}},
                                                 {"°F", {"degree Fahrenheit", "degrees Fahrenheit"}},
                                                 {"%", {"percent", "percent"}},
                                                 {"m²", {"square meter", "square meters"}},
                                                 {"km²", {"square kilometer", "square kilometers"}},
                                                 {"m³", {"cubic meter", "cubic meters"}},
                                                 {"x", {"times", "times"}}};
  return table;
}
/// Units that are words or letters of their own stand for themselves unless a number is joined to them.
bool is_unit_apart(const std::string& word) { return word != "in" && word != "x" && word != "s" && word != "h" && word != "B" && units().contains(word); }

std::string counted(const std::string& number, const Unit& unit) {
  const auto words = number_words(number);
  return words ? *words + ' ' + (number == "1" ? unit.one : unit.many) : std::string();
}

/// "a m" and "p m", however they are written.
std::string half_of_day(const std::string& word) {
  std::string small = lower_case(word);
  std::erase(small, '.');
  return small == "am" ? "A M" : small == "pm" ? "P M" : "";
}

/// Hours and minutes: "10:30", "9:05:30".
std::string clock_words(const std::string& time, bool with_half) {
  const size_t colon = time.find(':'), second = time.find(':', colon + 1);
  const std::string hours = time.substr(0, colon), minutes = time.substr(colon + 1, second == std::string::npos ? second : second - colon - 1);
  const std::string seconds = second == std::string::npos ? "" : time.substr(second + 1);
  const auto h = whole_number(hours), m = whole_number(minutes);
  if (!h || !m || hours.size() > 2 || minutes.size() != 2 || *h > 24 || *m > 59) return {};
  std::string out = cardinal_words(*h);
  if (*m == 0 && seconds.empty()) return with_half ? out : *h > 12 || *h == 0 ? out + " hundred" : out + " o'clock";
  if (*m < 10) out += " oh";
  if (*m > 0 || !seconds.empty()) out += ' ' + cardinal_words(*m);
  const auto s = whole_number(seconds);
  if (!seconds.empty() && (!s || seconds.size() != 2 || *s > 59)) return {};
  return s ? out + " and " + cardinal_words(*s) + (*s == 1 ? " second" : " seconds") : out;
}

struct Currency {
  std::string_view sign;
  const char *one, *many, *cent, *cents;
};
constexpr std::array<Currency, 6> kCurrencies{{{"US$", "dollar", "dollars", "cent", "cents"},
                                               {"$", "dollar", "dollars", "cent", "cents"},
                                               {"€", "euro", "euros", "cent", "cents"},
                                               {"£", "pound", "pounds", "penny", "pence"},
                                               {"¥", "yen", "yen", "", ""},
                                               {"₹", "rupee", "rupees", "paisa", "paise"}}};

/// Names of currencies behind a number.
std::string currency_name(const std::string& word) {
  static const std::map<std::string, std::string> table{{"USD", "U S dollars"}, {"EUR", "euros"},        {"GBP", "pounds"},
                                                        {"JPY", "yen"},         {"CHF", "Swiss francs"}, {"INR", "rupees"}};
  const auto found = table.find(word);
  return found == table.end() ? "" : found->second;
}

std::string scale_word(const std::string& word) {
  static const std::map<std::string, std::string> table{{"k", "thousand"}, {"K", "thousand"}, {"m", "million"}, {"M", "million"},  {"mn", "million"},
                                                        {"bn", "billion"}, {"b", "billion"},  {"B", "billion"}, {"tn", "trillion"}};
  const auto found = table.find(word);
  return found == table.end() ? "" : found->second;
}

std::string money_words(const std::string& word, const std::string& after, size_t& used) {
  const bool minus = word.starts_with("-");
  if (word.size() > 2 && word.ends_with("¢"))
    if (const auto cents = number_words(word.substr(0, word.size() - 2))) return *cents + (*cents == "one" ? " cent" : " cents");
  if (const size_t cut = word.find_first_of("-/", 1); cut != std::string::npos && !minus && !digit(word[0])) {  // $15-$20, $5/month
    const std::string first = money_words(word.substr(0, cut), "", used), rest = word.substr(cut + 1);
    if (first.empty() || rest.empty()) return {};
    const bool letters = std::all_of(rest.begin(), rest.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); });
    if (word[cut] == '/') return letters ? first + " per " + rest : "";
    const std::string second =
        digit(rest[0]) ? money_words(word.substr(0, word.find_first_of("0123456789")) + rest, after, used) : money_words(rest, after, used);
    return second.empty() ? "" : first + " to " + second;
  }
  const std::string whole = minus ? word.substr(1) : word;
  for (const Currency& currency : kCurrencies) {
    if (!whole.starts_with(currency.sign)) continue;
    std::string number = whole.substr(currency.sign.size()), scale;
    const size_t end = number.find_first_not_of("0123456789.,");
    if (end != std::string::npos) scale = scale_word(number.substr(end)), number.erase(end);
    if (end != std::string::npos && scale.empty()) return {};
    const std::string next = lower_case(after);
    if (scale.empty() && (next == "thousand" || next == "million" || next == "billion" || next == "trillion")) scale = next, used = 1;
    const auto words = number_words(number);
    if (!words) return {};
    const std::string lead = minus ? "minus " : "";
    if (!scale.empty()) return lead + *words + ' ' + scale + ' ' + currency.many;
    const size_t point = number.find('.');
    if (point == std::string::npos || number.size() - point != 3 || !*currency.cent)
      return lead + *words + ' ' + (number == "1" ? currency.one : currency.many);
    const auto units = number_words(number.substr(0, point));
    const uint64_t cents = *whole_number(number.substr(point + 1));
    std::string out;
    if (units && (*units != "zero" || cents == 0)) out = *units + ' ' + (*units == "one" ? currency.one : currency.many);
    if (cents > 0) out += (out.empty() ? "" : " and ") + cardinal_words(cents) + ' ' + (cents == 1 ? currency.cent : currency.cents);
    return lead + out;
  }
  return {};
}

/// "2026-12-01" and "12/25/2026".
std::string date_words(const std::string& word) {
  std::array<std::string, 3> parts;
  size_t part = 0;
  char between = 0;
  for (const char c : word) {
    if (digit(c)) {
      parts[part] += c;
    } else {
      if ((c != '-' && c != '/' && c != '.') || (between && c != between) || ++part > 2) return {};
      between = c;
    }
  }
  if (part != 2) return {};
  const bool iso = parts[0].size() == 4 && between == '-', american = parts[2].size() == 4 && between == '/';
  if (!iso && !american) return {};
  const auto year = whole_number(iso ? parts[0] : parts[2]), month = whole_number(iso ? parts[1] : parts[0]), day = whole_number(iso ? parts[2] : parts[1]);
  if (!year || !month || !day || *month < 1 || *month > 12 || *day < 1 || *day > 31) return {};
  return fmt::format("{} {}, {}", kMonths[*month - 1], ordinal_words(*day), year_words(*year));
}

/// "1/2", "3/4", "24/7", "7/10".
std::string fraction_words(const std::string& word) {
  const size_t slash = word.find('/');
  if (slash == std::string::npos || !all_digits(word.substr(0, slash)) || !all_digits(word.substr(slash + 1))) return {};
  const auto over = whole_number(word.substr(0, slash)), under = whole_number(word.substr(slash + 1));
  if (!over || !under) return {};
  if (word == "24/7") return "twenty four seven";
  if (*under == 2 && *over == 1) return "one half";
  if (*under == 4) return cardinal_words(*over) + (*over == 1 ? " quarter" : " quarters");
  if (*under >= 3 && *under <= 10 && *over < *under) return cardinal_words(*over) + ' ' + ordinal_words(*under) + (*over == 1 ? "" : "s");
  return cardinal_words(*over) + " slash " + cardinal_words(*under);
}

/// A month and a day, and perhaps the year behind: "Dec 25", "December 25th".
std::string month_words(const std::string& word, const std::string& after, size_t& used) {
  const size_t month = month_of(word);
  if (month == 0 || after.empty() || !digit(after[0])) return {};
  const size_t end = after.find_first_not_of("0123456789");
  const std::string number = after.substr(0, end), rest = end == std::string::npos ? "" : after.substr(end);
  const auto day = whole_number(number);
  if (!day || *day < 1 || *day > 31 || number.size() > 2 || (!rest.empty() && rest != "st" && rest != "nd" && rest != "rd" && rest != "th")) return {};
  used = 1;
  return std::string(kMonths[month - 1]) + ' ' + ordinal_words(*day);
}

std::string ordinal_or_decade(const std::string& word) {
  const size_t end = word.find_first_not_of("0123456789,");
  if (end == 0 || end == std::string::npos) return {};
  std::string digits = word.substr(0, end), rest = word.substr(end);
  std::erase(digits, ',');
  const auto value = whole_number(digits);
  if (!value) return {};
  if (rest == "st" || rest == "nd" || rest == "rd" || rest == "th") return ordinal_words(*value);
  if (rest == "s" || rest == "'s") return plural_words(digits.size() == 4 ? year_words(*value) : cardinal_words(*value));
  return {};
}

/// Numbers joined by a dash: "1990-1995", "10–20"; telephone numbers are read digit by digit.
std::string range_words(const std::string& word) {
  const size_t dash = word.find('-');
  if (dash == 0 || dash == std::string::npos) return {};
  const std::string first = word.substr(0, dash), second = word.substr(dash + 1);
  if (second.find('-') != std::string::npos || (first.size() == 3 && second.size() == 4)) {
    if (!std::all_of(word.begin(), word.end(), [](char c) { return digit(c) || c == '-'; }) || word.back() == '-') return {};
    std::string out;
    for (size_t at = 0; at < word.size();) {
      const size_t end = std::min(word.find('-', at), word.size());
      out += (out.empty() ? "" : ", ") + digit_words(word.substr(at, end - at));
      at = end + 1;
    }
    return out;
  }
  // 9am-5pm, 5-10%
  const size_t unit_at = second.find_first_not_of("0123456789.,");
  if (unit_at != std::string::npos && unit_at > 0 && digit(first[0])) {
    const std::string unit = second.substr(unit_at), number = second.substr(0, unit_at);
    size_t ignored = 0;
    if (!half_of_day(unit).empty() || units().contains(unit)) {
      const std::string before = said_quantity(first, "", ignored), behind = said_quantity(second, "", ignored);
      if (!before.empty() && !behind.empty() && number_words(number)) return before + " to " + behind;
    }
    return {};
  }
  const auto a = number_words(first), b = number_words(second);
  if (!a || !b) return {};
  if (first == second && first.size() == 2) return *a + ' ' + *b;  // fifty fifty
  const auto year = [](const std::string& digits) { return digits.size() == 4 && (digits[0] == '1' || digits[0] == '2') && all_digits(digits); };
  if (year(first) && (year(second) || second.size() == 2))
    return year_words(*whole_number(first)) + " to " + (year(second) ? year_words(*whole_number(second)) : *b);
  return *a + " to " + *b;
}

}  // namespace

std::string one_of(const std::string& quantity) {
  const auto shortened = [&](std::string_view many, std::string_view one) {
    return quantity.size() > many.size() + 1 && quantity.ends_with(many) && quantity[quantity.size() - many.size() - 1] == ' '
               ? quantity.substr(0, quantity.size() - many.size()) + std::string(one)
               : std::string();
  };
  for (const Currency& currency : kCurrencies)
    if (std::string found = shortened(currency.many, currency.one); !found.empty()) return found;
  for (const auto& [sign, unit] : units())
    if (std::string found = shortened(unit.many, unit.one); !found.empty()) return found;
  return quantity;
}

std::string said_quantity(const std::string& word, const std::string& after, size_t& used) {
  if (std::string month = month_words(word, after, used); !month.empty()) return month;
  if (std::string money = money_words(word, after, used); !money.empty()) return money;
  const bool minus = (word.starts_with("-") && word.size() > 1) || word.starts_with("−"), plus = word.starts_with("+") && word.size() > 1;
  const std::string lead = minus ? "minus " : plus ? "plus " : "", number = minus || plus ? word.substr(word[0] == '-' || plus ? 1 : 3) : word;
  if (const auto unit = units().find(word); unit != units().end() && word.find('/') != std::string::npos) return unit->second.many;
  if (number.empty() || (!digit(number[0]) && number[0] != '.')) return {};
  if (number.find(':') != std::string::npos) {
    size_t end = number.find_first_not_of("0123456789:");
    const std::string half = end == std::string::npos ? half_of_day(after) : half_of_day(number.substr(end));
    if (end != std::string::npos && half.empty()) return {};
    const std::string clock = clock_words(number.substr(0, end), !half.empty());
    if (clock.empty()) {  // 16:9
      const size_t colon = number.find(':');
      const auto a = number_words(number.substr(0, colon)), b = number_words(number.substr(colon + 1));
      return a && b ? *a + " to " + *b : "";
    }
    if (end == std::string::npos && !half.empty()) used = 1;
    return half.empty() ? clock : clock + ' ' + half;
  }
  for (const std::string& found : {date_words(number), fraction_words(number), ordinal_or_decade(number), range_words(number)})
    if (!found.empty()) return lead + found;
  if (number.find('.') != number.rfind('.')) {  // a version, an address
    std::string out;
    for (size_t at = 0; at < number.size();) {
      const size_t end = std::min(number.find('.', at), number.size());
      const auto part = number_words(number.substr(at, end - at));
      if (!part) return {};
      out += (out.empty() ? "" : " point ") + *part;
      at = end + 1;
    }
    return out;
  }
  const size_t end = number.find_first_not_of("0123456789.,");
  if (end != std::string::npos) {
    const std::string digits = number.substr(0, end), rest = number.substr(end);
    if (rest == "K" && digits.size() == 1) return *number_words(digits) + " K";  // a 4K screen
    if (rest[0] == '\'' && all_digits(digits) && all_digits(rest.substr(1))) return *number_words(digits) + " foot " + *number_words(rest.substr(1));  // 5'10"
    if (const size_t dash = rest.find('-'); dash != std::string::npos && dash + 1 < rest.size()) {  // 1st-class
      const std::string ordinal = ordinal_or_decade(digits + rest.substr(0, dash));
      return ordinal.empty() ? "" : lead + ordinal + ' ' + rest.substr(dash + 1);
    }
    if (const auto unit = units().find(rest); unit != units().end()) return counted(digits, unit->second).empty() ? "" : lead + counted(digits, unit->second);
    const auto value = number_words(digits);
    if (value && !half_of_day(rest).empty()) return *value + ' ' + half_of_day(rest);
    if (value && !scale_word(rest).empty()) return lead + *value + ' ' + scale_word(rest);
    return {};
  }
  const auto words = number_words(number);
  if (!words) return {};
  if (const std::string part = fraction_words(after); !part.empty() && after.size() == 3 && all_digits(number)) {  // 1 1/2
    used = 1;
    return lead + *words + " and " + part;
  }
  if (const std::string name = currency_name(after); !name.empty()) {
    used = 1;
    return lead + *words + ' ' + name;
  }
  if (is_unit_apart(after)) {
    used = 1;
    return lead + counted(number, units().at(after));
  }
  if (!half_of_day(after).empty() && number.size() <= 2) {
    used = 1;
    return *words + ' ' + half_of_day(after);
  }
  if (month_of(after) > 0 && number.size() <= 2 && (after.size() > 3 || after == "May")) {
    used = 1;
    return "the " + ordinal_words(*whole_number(number)) + " of " + kMonths[month_of(after) - 1];
  }
  const auto value = whole_number(number);
  if (value && number.size() == 4 && *value >= 1100 && *value < 2100 && !minus && number.find(',') == std::string::npos) return year_words(*value);
  return lead + *words;
}

}  // namespace ptah::detail
