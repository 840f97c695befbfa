// Which language a text is in, by its script and its commonest words.
#pragma once

#include <string>
#include <string_view>

namespace ptah {

/// ISO 639-1: en, de, fr, es, it, pt, nl, sv, pl or tr by common words and letters; ru (any Cyrillic), el, zh, ja, ko, ar, he, hi, th by script. Empty where
/// the text does not say: names, code, few words, or two languages alike.
std::string language_of(std::string_view text);

/// Its name in the language itself ("Deutsch"), or empty.
std::string_view own_name_of(std::string_view language);

/// Whether a text speaks of a language ("say it in French", "auf Deutsch"): then the answer may be in another one than the question.
bool names_a_language(std::string_view text);

}  // namespace ptah
