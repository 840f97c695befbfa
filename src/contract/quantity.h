// Amounts, times and shares as a specification of a contract has them: exact decimals with a unit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace ptah {

/// What a quantity measures.
enum class QuantityKind : uint8_t {
  count,     ///< "500", also an amount of the contract's own tokens
  money,     ///< "0.03 ETH", "25 USDC"
  duration,  ///< "30 days"
  share,     ///< "2.5 %"
  date,      ///< "2027-03-01", midnight UTC
};

/// A decimal number and its unit. Two of the same meaning may be written differently: "1 week", "7 days".
struct Quantity {
  QuantityKind kind = QuantityKind::count;
  std::string number;  ///< digits, perhaps a point; no sign, separators or useless zeros. Of a date: "2027-03-01"
  std::string unit;    ///< "ETH", "USDC"; "second" … "year"; "%"; empty
  bool operator==(const Quantity&) const = default;
  /// "0.03 ETH", "30 days", "1 year", "2.5 %", "500".
  std::string text() const;
  /// For comparisons. Money and counts in units, times and dates in seconds, shares in percent.
  double value() const;
};

/// Digits with a point or not, separators out and useless zeros off; `shift` moves the point to the right ("1.5", 6 → "1500000"). Errors: invalid_argument
/// for what is no number, or one of more than 60 digits.
Result<std::string> plain_decimal(std::string_view digits, int shift = 0);

/// Reads one quantity as text() writes it, and as people do ("1.5 million tokens", "0.05 ether", "two weeks", "1 March 2027"). Errors: invalid_argument.
Result<Quantity> parse_quantity(std::string_view text);

/// A month has 30 days here and a year 365. Errors: invalid_argument for a part of a second, and for more than 100 years.
Result<int64_t> seconds_of(const Quantity& duration_or_date);
/// In hundredths of a percent. Errors: invalid_argument for finer ones.
Result<int64_t> basis_points(const Quantity& share);
/// The decimals of a currency that everybody means ("USDC" 6, "DAI" 18); none for others.
std::optional<int> known_decimals(std::string_view currency);
/// Solidity's literal of an amount: "0.03 ether", "25e6". Errors: invalid_argument for more places than the token has.
Result<std::string> amount_literal(const Quantity& amount, int decimals);

}  // namespace ptah
