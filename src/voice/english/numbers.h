// English words for numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ptah {

/// "one hundred twenty three"; below 10^18, others as their digits.
std::string cardinal_words(uint64_t number);
/// "twenty third"
std::string ordinal_words(uint64_t number);
/// "nineteen eighty four", "two thousand five", "twenty ten"
std::string year_words(uint64_t year);
/// Each digit by itself: "zero zero seven"; what is no digit is left out.
std::string digit_words(std::string_view digits);
/// Digits with commas between thousands and perhaps a point: "1,234.5" → "one thousand two hundred thirty four point five". Nothing for anything else.
std::optional<std::string> number_words(std::string_view number);
/// The value of a Roman numeral in capitals, in its usual form; nothing for anything else.
std::optional<uint64_t> roman_value(std::string_view numeral);
/// A number word's plural: "eighties", "sixes".
std::string plural_words(std::string words);

/// Digits without commas as a number; nothing if there is anything else, or if they are more than 18.
std::optional<uint64_t> whole_number(std::string_view digits);

}  // namespace ptah
