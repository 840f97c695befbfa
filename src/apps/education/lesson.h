// Questions for lessons, made of a text: what each asks of a learner, why its options are right or wrong, and where the text says so.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apps/reading/quiz.h"

namespace ptah {

struct LessonOption {
  std::string text;
  bool right = false;
  std::string reason;  ///< why it is right or wrong
};

struct LessonItem {
  std::string id;         ///< "q1"; the same text and seed give the same
  std::string kind;       ///< year, number, or a kind of QuizItem
  std::string bloom;      ///< remember, understand, apply, analyse or evaluate (Anderson and Krathwohl 2001)
  std::string level;      ///< easy, medium or hard
  double difficulty = 0;  ///< 0 to 1; an estimate, until learners have answered (item_statistics.h)
  std::string question;
  std::vector<LessonOption> options;  ///< in the order in which they are shown
  std::string explanation;
  size_t section = 0;                  ///< of the article, from 1
  std::vector<std::string> sentences;  ///< of the text, that the answer rests on
};

struct LessonOptions {
  uint64_t seed = 0;
  int64_t count = 20;
  std::vector<std::string> bloom;  ///< only these; empty: all
  std::string level;               ///< only this; empty: all
};

/// Questions about an article, as many as there are up to `count`; levels of Bloom's taxonomy take turns, and each fact is asked for at most twice. Items that
/// a bot answers with the article open are taken for easy: those that look things up are made here, the others are those of proof of read (quiz.h). With an
/// encoder its solvers judge too.
/// Errors: invalid_argument for a text of which no questions can be made, or an unknown level.
Result<std::vector<LessonItem>> make_lesson(const Article& article, const LessonOptions& options, const std::shared_ptr<class SentenceEncoder>& encoder);

inline const std::vector<std::string>& bloom_levels() {
  static const std::vector<std::string> out{"remember", "understand", "apply", "analyse", "evaluate"};
  return out;
}

Json to_json(const LessonItem& item);
/// Errors: corrupt.
Result<LessonItem> lesson_item(const Json& json);
/// {"format": "ptah lesson 1", "title", "items"}
Json lesson_json(const std::string& title, const std::vector<LessonItem>& items);
struct Lesson {
  std::string title;
  std::vector<LessonItem> items;
};
/// Errors: corrupt.
Result<Lesson> read_lesson(const Json& json);

}  // namespace ptah
