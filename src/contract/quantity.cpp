#include "contract/quantity.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "contract/words/tokens.h"

namespace ptah {

namespace {

constexpr int64_t kMaxSeconds = int64_t{100} * 365 * 86400;
constexpr size_t kMaxDigits = 60;

struct TimeUnit {
  std::string_view name;
  int64_t seconds;
};
constexpr std::array<TimeUnit, 7> kTimeUnits{
    {{"second", 1}, {"minute", 60}, {"hour", 3600}, {"day", 86400}, {"week", 7 * 86400}, {"month", 30 * 86400}, {"year", 365 * 86400}}};

/// number · factor, if that is a whole number.
std::optional<int64_t> whole_product(const std::string& number, int64_t factor) {
  const size_t point = number.find('.');
  const std::string whole = number.substr(0, point), part = point == std::string::npos ? "" : number.substr(point + 1);
  if (whole.size() > 12 || part.size() > 9) return {};
  int64_t digits = 0, scale = 1;
  const std::string all = whole + part;
  if (std::from_chars(all.data(), all.data() + all.size(), digits).ec != std::errc()) return {};
  for (size_t i = 0; i < part.size(); ++i) scale *= 10;
  __extension__ using Wide = __int128;
  const Wide product = static_cast<Wide>(digits) * factor;
  if (product % scale != 0 || product / scale > INT64_MAX) return {};
  return static_cast<int64_t>(product / scale);
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar (H. Hinnant, chrono-compatible low-level date algorithms).
int64_t days_of_date(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2;
  const int64_t era = year / 400, of_era = year - era * 400;
  const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

}  // namespace

std::string Quantity::text() const {
  if (kind == QuantityKind::date || unit.empty()) return number;
  if (kind == QuantityKind::duration) return number + " " + unit + (number == "1" ? "" : "s");
  return number + " " + unit;
}

double Quantity::value() const {
  if (kind == QuantityKind::duration || kind == QuantityKind::date) {
    const auto seconds = seconds_of(*this);
    return seconds ? static_cast<double>(*seconds) : 1e18;
  }
  return std::strtod(number.c_str(), nullptr);
}

Result<std::string> plain_decimal(std::string_view digits, int shift) {
  std::string whole, part;
  bool point = false;
  for (const char c : digits) {
    if (c == '.' && !point) {
      point = true;
    } else if (c >= '0' && c <= '9') {
      (point ? part : whole) += c;
    } else if (c != ',' && c != '_' && c != '\'') {
      return fail(ErrorCode::invalid_argument, "'{}' is no number", digits);
    }
  }
  if ((whole + part).empty() || whole.size() + part.size() > kMaxDigits) return fail(ErrorCode::invalid_argument, "'{}' is no number", digits);
  for (; shift > 0; --shift) {
    whole += part.empty() ? '0' : part[0];
    if (!part.empty()) part.erase(0, 1);
  }
  for (; shift < 0; ++shift) {
    part.insert(part.begin(), whole.empty() ? '0' : whole.back());
    if (!whole.empty()) whole.pop_back();
  }
  while (!part.empty() && part.back() == '0') part.pop_back();
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
  if (whole.empty()) whole = "0";
  if (whole.size() + part.size() > kMaxDigits) return fail(ErrorCode::invalid_argument, "'{}' is too long a number", digits);
  return part.empty() ? whole : whole + "." + part;
}

Result<Quantity> parse_quantity(std::string_view text) {
  if (text.size() > 200) return fail(ErrorCode::invalid_argument, "a quantity of {} bytes", text.size());
  const auto tokens = contract_tokens(std::string(text));
  const ContractToken* found = nullptr;
  for (const ContractToken& token : tokens) {
    if (token.quantity && !found) {
      found = &token;
    } else if (token.quantity || token.lower != "tokens") {
      return fail(ErrorCode::invalid_argument, "'{}' is no quantity; 0.05 ETH, 30 days, 5 %, 1000 and 2027-03-01 are some", text);
    }
  }
  if (!found) return fail(ErrorCode::invalid_argument, "'{}' is no quantity; 0.05 ETH, 30 days, 5 %, 1000 and 2027-03-01 are some", text);
  return *found->quantity;
}

Result<int64_t> seconds_of(const Quantity& q) {
  if (q.kind == QuantityKind::date) {
    int year = 0, month = 0, day = 0;
    if (std::sscanf(q.number.c_str(), "%4d-%2d-%2d", &year, &month, &day) != 3)  // NOLINT(cert-err34-c): the form is checked where it is made
      return fail(ErrorCode::invalid_argument, "'{}' is no date", q.number);
    return days_of_date(year, month, day) * 86400;
  }
  for (const TimeUnit& unit : kTimeUnits)
    if (unit.name == q.unit) {
      const auto seconds = whole_product(q.number, unit.seconds);
      if (!seconds || *seconds > kMaxSeconds) return fail(ErrorCode::invalid_argument, "'{}' is no time in whole seconds below 100 years", q.text());
      return *seconds;
    }
  return fail(ErrorCode::invalid_argument, "'{}' is no time", q.text());
}

Result<int64_t> basis_points(const Quantity& share) {
  const auto points = whole_product(share.number, 100);
  if (!points) return fail(ErrorCode::invalid_argument, "'{}' is finer than a hundredth of a percent", share.text());
  return *points;
}

std::optional<int> known_decimals(std::string_view currency) {
  for (const char* name : {"USDC", "USDT", "EURC", "PYUSD"})
    if (currency == name) return 6;
  for (const char* name : {"ETH", "WETH", "DAI", "USDS", "LUSD", "FRAX", "XDAI"})
    if (currency == name) return 18;
  return {};
}

Result<std::string> amount_literal(const Quantity& amount, int decimals) {
  const size_t point = amount.number.find('.');
  const size_t places = point == std::string::npos ? 0 : amount.number.size() - point - 1;
  if (places > static_cast<size_t>(decimals))
    return fail(ErrorCode::invalid_argument, "'{}' has more places than the {} of its token", amount.text(), decimals);
  if (amount.unit == "ETH") return amount.number + " ether";
  return decimals == 0 ? amount.number : fmt::format("{}e{}", amount.number, decimals);
}

}  // namespace ptah
