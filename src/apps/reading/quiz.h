// Questions about a text, made of the text itself.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"

namespace ptah {

/// An article as it is read: a title and sections of some paragraphs each.
struct Article {
  std::string title;
  std::vector<std::string> sections;
};
/// Markdown in: headings begin sections, long ones are cut at paragraphs (about 150 words each); code, tables, links' addresses and pictures are left out.
/// Errors: invalid_argument for a text without two sections of sentences.
Result<Article> parse_article(const std::string& markdown);
std::vector<std::string> sentences_of(const std::string& section);

constexpr size_t kOptions = 5;

/// What an option, or a statement or event that a question lists, rests on.
struct QuizBasis {
  std::string kind;                    ///< of the statement (quiz_statements.h), "event" or "figure"
  std::vector<std::string> sentences;  ///< of the article
  std::string right;                   ///< what is true instead of it; empty if it is true itself
  double value = 0;                    ///< the year of an event, the number of a figure
};

struct QuizItem {
  std::string kind;  ///< true, false, count, first, last, sequence, years, largest, smallest, sum, difference; older banks: cloze, who, number, order, stands
  std::string question;
  std::vector<std::string> options;  ///< kOptions of them, the right one first
  size_t section = 0;                ///< where one of the facts stands
  std::vector<uint32_t> facts{};     ///< what it asks about, for spread_items(); not kept in files
  std::vector<QuizBasis> basis{};    ///< of each option, or of each thing that the question lists; not kept in files
};
/// Candidates for a bank: statements to be judged, events to be put in order, figures to be compared and added up. What is right never stands in the text as
/// it stands in the item, and the wrong options are made of the same words: quiz_statements.h. The same text and seed give the same items. Statements of the
/// kinds `without` are left out.
std::vector<QuizItem> make_items(const Article& article, uint64_t seed, const std::set<std::string>& without = {});

/// A bank of items: each fact at most `uses` times; kinds take turns, so that none uses up the facts of the others. In the order of `items`.
std::vector<QuizItem> spread_items(const std::vector<QuizItem>& items, size_t uses = 5);

/// Answers an item: the place of its option. `options` come in any order.
using Solver = std::function<Result<size_t>(const std::string& question, const std::vector<std::string>& options)>;
/// Guesses without the article, by what shows in the item alone: words that question and option share, how long options are, how much an option shares with the
/// others.
Solver plain_solver();

/// The share of items that a solver gets right, and the items it did not.
struct Solved {
  double share = 0;
  std::vector<QuizItem> unsolved;
};
Result<Solved> solve(const std::vector<QuizItem>& items, const Solver& solver, uint64_t seed);

Json to_json(const QuizItem& item);
Result<QuizItem> quiz_item(const Json& json);

}  // namespace ptah
