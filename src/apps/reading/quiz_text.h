// Sentences as makers of questions see them: words, names, numbers, years, where the predicate begins, and whether a sentence is understood alone.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "apps/reading/quiz.h"

namespace ptah {

struct QuizWord {
  std::string text;
  size_t at = 0;  ///< byte in its sentence
  size_t end() const { return at + text.size(); }
};
/// Runs of letters and digits; hyphens, apostrophes and the points of numbers belong to them.
std::vector<QuizWord> quiz_words(const std::string& text);

/// A word of grammar, or one so frequent that it tells nothing of what a text is about.
bool common_word(const std::string& word);
/// Whether a word can be the finite verb of a clause by its form: auxiliaries, irregular past tenses, words in -ed.
bool finite_verb(const std::string& word);
bool past_verb(const std::string& word);

/// A year as it is written: four digits from 1000 to 2099.
std::optional<int> year_of(const std::string& word);
/// A number in digits ("1,200", "3.5") or a word ("two" … "ninety"). Not: one, ordinals.
std::optional<double> number_of(const std::string& word);
/// A whole number as the text would write it: a word if `in_words` and there is one, commas if `commas`.
std::string written_number(int64_t value, bool in_words, bool commas);

/// Words [first, first + count) of a sentence.
struct WordRange {
  size_t first = 0, count = 0;
};

struct QuizSentence {
  std::string text;      ///< understood alone: a pronoun at its beginning is replaced by the name it means; without "However," and the like
  std::string original;  ///< as it stands in the article
  size_t section = 0, place = 0;
  std::vector<QuizWord> words;
  std::vector<WordRange> names;
  size_t predicate = 0;   ///< the finite verb that follows the subject; 0: not known
  bool named = false;     ///< the subject is a name
  bool resolved = false;  ///< a pronoun was replaced
  bool alone = false;     ///< nothing in it points to other sentences
  std::string name(const WordRange& range) const;
  /// The bytes of words [first, last).
  std::string between(size_t first, size_t last) const;
};

/// What kinds of things names stand for, as far as the text shows it.
enum class NameKind { person, place, other };

struct QuizText {
  std::vector<QuizSentence> sentences;
  std::map<std::string, NameKind> names;
  /// The first word made small unless it begins a name; without the point at the end.
  std::string clause(const std::string& sentence) const;
  /// Whether two names may mean the same: they share a word.
  static bool akin(const std::string& a, const std::string& b);
};
QuizText analyse(const Article& article);

/// "the cat sat." → "The cat sat."
std::string as_sentence(std::string clause);

}  // namespace ptah
