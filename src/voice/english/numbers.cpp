#include "voice/english/numbers.h"

#include <algorithm>
#include <array>

namespace ptah {

namespace {

constexpr std::array<const char*, 20> kSmall{"zero", "one",    "two",    "three",    "four",     "five",    "six",     "seven",     "eight",    "nine",
                                             "ten",  "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
constexpr std::array<const char*, 10> kTens{"", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"};
constexpr std::array<const char*, 6> kThousands{"", "thousand", "million", "billion", "trillion", "quadrillion"};

void append_word(std::string& out, std::string_view word) {
  if (!out.empty()) out += ' ';
  out += word;
}

std::string below_thousand(uint64_t n) {
  std::string out;
  if (n >= 100) append_word(out, kSmall[n / 100]), append_word(out, "hundred"), n %= 100;
  if (n >= 20) append_word(out, kTens[n / 10]), n = n % 10 == 0 ? 0 : n % 10;
  if (n > 0) append_word(out, kSmall[n]);
  return out;
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::optional<uint64_t> whole_number(std::string_view digits) {
  if (!is_digits(digits) || digits.size() > 18) return std::nullopt;
  uint64_t out = 0;
  for (const char c : digits) out = out * 10 + static_cast<uint64_t>(c - '0');
  return out;
}

std::string digit_words(std::string_view digits) {
  std::string out;
  for (const char c : digits)
    if (c >= '0' && c <= '9') append_word(out, kSmall[static_cast<size_t>(c - '0')]);
  return out;
}

std::string cardinal_words(uint64_t number) {
  if (number == 0) return kSmall[0];
  if (number >= 1000000000000000000U) return digit_words(std::to_string(number));
  std::string out;
  for (size_t group = kThousands.size(); group-- > 0;) {
    uint64_t unit = 1;
    for (size_t i = 0; i < group; ++i) unit *= 1000;
    const uint64_t part = number / unit % 1000;
    if (part == 0) continue;
    append_word(out, below_thousand(part));
    if (group > 0) append_word(out, kThousands[group]);
  }
  return out;
}

std::string ordinal_words(uint64_t number) {
  std::string out = cardinal_words(number);
  const size_t space = out.rfind(' ');
  std::string last = space == std::string::npos ? out : out.substr(space + 1);
  out.erase(out.size() - last.size());
  constexpr std::array<std::array<const char*, 2>, 7> kOdd{
      {{"one", "first"}, {"two", "second"}, {"three", "third"}, {"five", "fifth"}, {"eight", "eighth"}, {"nine", "ninth"}, {"twelve", "twelfth"}}};
  const auto found = std::find_if(kOdd.begin(), kOdd.end(), [&](const auto& pair) { return last == pair[0]; });
  if (found != kOdd.end()) return out + (*found)[1];
  if (last.ends_with("y")) last.replace(last.size() - 1, 1, "ie");
  return out + last + "th";
}

std::string year_words(uint64_t year) {
  const uint64_t century = year / 100, rest = year % 100;
  if (year < 1000 || year > 9999 || (year >= 2000 && year < 2010) || (rest == 0 && century % 10 == 0)) return cardinal_words(year);
  const std::string head = below_thousand(century);
  if (rest == 0) return head + " hundred";
  return head + (rest < 10 ? " oh " : " ") + below_thousand(rest);
}

std::optional<std::string> number_words(std::string_view number) {
  const size_t point = number.find('.');
  const std::string_view head = number.substr(0, point), tail = point == std::string_view::npos ? std::string_view() : number.substr(point + 1);
  if (point != std::string_view::npos && !is_digits(tail)) return std::nullopt;
  std::string digits;
  for (size_t i = 0; i < head.size(); ++i) {
    if (head[i] != ',') {
      digits += head[i];
      continue;
    }
    // A comma stands before each third digit from the end and nowhere else.
    if (i == 0 || (head.size() - i) % 4 != 0) return std::nullopt;
  }
  if (head.find(',') != std::string_view::npos && (digits.size() < 4 || head.size() - digits.size() != (digits.size() - 1) / 3)) return std::nullopt;
  if (head.empty() && tail.empty()) return std::nullopt;
  if (!head.empty() && !is_digits(digits)) return std::nullopt;
  std::string out;
  if (digits.size() > 1 && digits[0] == '0')
    out = digit_words(digits);
  else if (const auto value = whole_number(digits))
    out = cardinal_words(*value);
  else
    out = digit_words(digits);
  if (!tail.empty()) append_word(out, "point"), append_word(out, digit_words(tail));
  return out;
}

std::optional<uint64_t> roman_value(std::string_view numeral) {
  constexpr std::array<std::pair<std::string_view, uint64_t>, 13> kParts{
      {{"M", 1000}, {"CM", 900}, {"D", 500}, {"CD", 400}, {"C", 100}, {"XC", 90}, {"L", 50}, {"XL", 40}, {"X", 10}, {"IX", 9}, {"V", 5}, {"IV", 4}, {"I", 1}}};
  uint64_t out = 0;
  std::string_view rest = numeral;
  for (const auto& [letters, value] : kParts)
    for (int i = 0; i < (letters.size() == 1 && value != 5 && value != 50 && value != 500 ? 3 : 1) && rest.starts_with(letters); ++i)
      out += value, rest.remove_prefix(letters.size());
  if (numeral.empty() || !rest.empty()) return std::nullopt;
  return out;
}

std::string plural_words(std::string words) {
  if (words.ends_with("y")) return words.replace(words.size() - 1, 1, "ies");
  return words + (words.ends_with("x") ? "es" : "s");
}

}  // namespace ptah
