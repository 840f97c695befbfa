// Statements about an article whose truth follows from it, each with a false twin made of the same words.
#pragma once

#include "apps/reading/quiz_text.h"
#include "base/philox.h"

namespace ptah {

/// Two statements that differ in who stands where, in "more" and "fewer", or in what came first: a solver that counts words sees no difference.
struct Twins {
  std::string kind;  ///< bound, dated, order, span, cause, role, pair, opposite
  std::string right, wrong;
  std::vector<size_t> sentences;  ///< what has to be read to tell them apart
  size_t section = 0;
};

/// What happened in a year; the clause does not tell the year.
struct QuizEvent {
  size_t sentence = 0;
  int year = 0;
  std::string clause;
};
/// A sentence with one plain number of things: "… 48 wooden cups …".
struct QuizFigure {
  size_t sentence = 0;
  double value = 0;
  WordRange words;   ///< the number
  std::string unit;  ///< the noun that is counted
  bool approximate = false;
};

std::vector<QuizEvent> events_of(const QuizText& text);
std::vector<QuizFigure> figures_of(const QuizText& text);
/// The sentence with the number (and "about" and the like before it) replaced.
std::string with_number(const QuizSentence& s, const QuizFigure& figure, const std::string& other);
/// Shortened where a subordinate clause begins, if what is left is a clause. Without the point at the end.
std::string shortened(const std::string& sentence);

std::vector<Twins> twins_of(const QuizText& text, Random& random);
/// Statements with a word's opposite: "did not fall" for "rose".
std::vector<Twins> opposites_of(const QuizText& text, Random& random);
/// Causes told from effects.
std::vector<Twins> causes_of(const QuizText& text);

}  // namespace ptah
