// English texts as they are said: numbers, money, dates, clock times, units, ordinals, Roman numerals, abbreviations and addresses become words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ptah {

/// A piece of a text between blanks, or several that are said as one ("$2.5 million").
struct SaidPart {
  std::string written;  ///< as it stands in the text
  std::string said;     ///< words that are in a dictionary, or at least look like words, with the punctuation around them
};
/// Each line break behind a blank line, and each heading's, ends a sentence.
std::vector<SaidPart> said_parts(const std::string& text);
/// All that is said, with a blank between the parts.
std::string said_text(const std::string& text);

namespace detail {
/// What one word of a text is said as, without what stands around it; empty if it is a word already. `before` and `after` are its neighbours, without their
/// punctuation; `used` is how many words behind it are part of what is said.
std::string said_word(const std::string& word, const std::string& before, const std::string& after, size_t& used);
/// A number with a unit, a month, money or the like. As said_word.
std::string said_quantity(const std::string& word, const std::string& after, size_t& used);
/// What is said of a number and its unit or money before the thing that it describes: "five dollars" → "five dollar".
std::string one_of(const std::string& quantity);
/// The word of an abbreviation that ends with a full stop ("Dr", without it); empty if there is none.
std::string said_abbreviation(const std::string& word, const std::string& before, const std::string& after);
}  // namespace detail

}  // namespace ptah
