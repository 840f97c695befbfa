// The questions of an article as `ptah read publish` and `ptah read odds` make them.
#pragma once

#include "apps/reading/quiz_solvers.h"
#include "cli/commands/commands.h"

namespace ptah::cli {

struct QuestionOptions {
  std::string solver;          ///< a language model that answers without the article
  std::string seed;            ///< empty: by chance, unless the command measures
  std::string models = "all";  ///< that may drop questions, if they have been pulled: all, minilm, none
};
void add_question_options(CLI::App& command, QuestionOptions& o);

struct Questions {
  Article article;
  std::vector<QuizItem> items;
  size_t made = 0;
  std::vector<std::pair<std::string, double>> dropped;  ///< by family of solvers
};
/// Makes items, drops what solvers answer (string search and TF-IDF; MiniLM and SmolLM2 where they have been pulled), and says so.
Result<Questions> questions_of(const std::string& file, const QuestionOptions& o);
/// The table of docs/reading.md.
Result<void> print_odds(const std::vector<std::string>& files, const QuestionOptions& o, bool details);

}  // namespace ptah::cli
