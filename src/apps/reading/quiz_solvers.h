// Bots that take a quiz with the article open: what they get right is dropped, so that questions are not answered by finding a sentence.
#pragma once

#include <memory>

#include "apps/reading/quiz.h"

namespace ptah {

/// Says of an option how right it looks to a bot that has the article. Families: "string search", "TF-IDF", "MiniLM", "SmolLM2".
class QuizSolver {
 public:
  QuizSolver(std::string of_family, std::string own_name) : family(std::move(of_family)), name(std::move(own_name)) {}
  virtual ~QuizSolver() = default;
  /// Called once before the items are scored.
  virtual Result<void> prepare(const std::vector<QuizItem>& items);
  virtual Result<double> score(const std::string& question, const std::string& option) = 0;
  const std::string family, name;
};
using QuizSolvers = std::vector<std::unique_ptr<QuizSolver>>;

/// Statements that stand in the question itself, on lines that begin with "1) " or "A) ".
std::vector<std::string> listed_statements(const std::string& question);

/// String search: the longest run of words that option and article share, alone, by its share of the option, and with words such as "not …" left out; the
/// sentence that shares most words with question and option; where the option stands. TF-IDF: the likest sentence, pair of sentences and section, for the
/// option alone and with the question.
QuizSolvers text_solvers(const Article& article);
/// The likest sentence by the cosine of sentence vectors, for the option alone and with the question.
QuizSolvers embedding_solvers(const Article& article, std::shared_ptr<class SentenceEncoder> encoder);
/// How likely a language model finds the option after the section that looks most like it and the question; in all and by token.
QuizSolvers language_solvers(const Article& article, std::shared_ptr<struct LoadedLanguageModel> model);

/// How a bot would use a solver's scores, as it sees the questions: the option with the highest score; the lowest where the question asks for what is false; of
/// "how many are true" the number of statements that score above the median of all; of an order the one that the places in the article give. For each item the
/// chance that it picks the right option, ties shared evenly: the mean over all shuffles.
Result<std::vector<double>> chances_of(QuizSolver& solver, const std::vector<QuizItem>& items);

struct Filtered {
  std::vector<QuizItem> items;
  std::vector<std::pair<std::string, double>> dropped;  ///< by family: the share of the items it met
};
/// Drops each item on which the mean chance of a family's solvers is above 0.3 (chance is 0.2). Then, of each kind with eight items or more, those that a
/// single solver or its reverse (the lowest score for the highest) gets right, until it is right in at most 0.3 of the kind.
Result<Filtered> filter_items(const std::vector<QuizItem>& items, const QuizSolvers& solvers);

/// How often `needed` of `asked` items come out right, when they are drawn from a bank with these chances; exact.
double pass_chance(const std::vector<double>& chances, size_t asked = 8, size_t needed = 7);

}  // namespace ptah
