// Words, sentences, lines and paragraphs of answers, as the checks of instructions count them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ptah {

/// Runs of letters, digits and low lines of any script.
std::vector<std::string_view> word_runs(std::string_view text);
/// What stands between blanks, less marks around it.
std::vector<std::string_view> bare_words(std::string_view text);
/// How many sentences there are: a text without an end mark is one.
size_t count_sentences(std::string_view text);
std::vector<std::string_view> split_lines(std::string_view text);
/// What stands between the places where `mark` stands; one more than marks.
std::vector<std::string_view> split_at(std::string_view text, std::string_view mark);
/// Small letters of every script; bytes that are no UTF-8 stay.
std::string small_letters(std::string_view text);
/// Whether there are letters with cases and all are capital, or small.
bool all_capital(std::string_view text);
bool all_small(std::string_view text);
/// How often `part` stands in `text`, without overlaps, letter case aside; with `whole`, only where no letter, digit or low line is beside it.
size_t count_of(std::string_view text, std::string_view part, bool whole);

}  // namespace ptah
