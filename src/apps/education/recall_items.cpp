#include "apps/education/recall_items.h"

#include <algorithm>
#include <cmath>

#include "apps/reading/quiz_statements.h"

namespace ptah {

namespace {

constexpr size_t kWrong = 3;  ///< options besides the right one
constexpr double kRecallDifficulty = 0.25;

LessonItem recall_item(const char* kind, std::string question, const QuizSentence& sentence, const std::string& right) {
  LessonItem out;
  out.kind = kind;
  out.bloom = "remember";
  out.difficulty = kRecallDifficulty;
  out.question = std::move(question);
  out.section = sentence.section + 1;
  out.sentences = {sentence.original};
  out.explanation = "The text: “" + sentence.original + "”";
  out.options.push_back({right, true, "The text says so."});
  return out;
}

void year_items(const QuizText& text, Random& random, std::vector<LessonItem>& out) {
  const std::vector<QuizEvent> events = events_of(text);
  for (const QuizEvent& event : events) {
    LessonItem item = recall_item("year", "In which year was this, according to the text? " + as_sentence(event.clause), text.sentences[event.sentence],
                                  fmt::format("{}", event.year));
    std::vector<QuizEvent> others;
    for (const QuizEvent& other : events)
      if (other.year != event.year && std::none_of(others.begin(), others.end(), [&](const QuizEvent& o) { return o.year == other.year; }))
        others.push_back(other);
    for (size_t i = others.size(); i > 1; --i) std::swap(others[i - 1], others[random.below(static_cast<uint32_t>(i))]);
    if (others.size() < kWrong) continue;
    for (size_t i = 0; i < kWrong; ++i)
      item.options.push_back({fmt::format("{}", others[i].year), false, "This is the year of something else: " + as_sentence(others[i].clause)});
    out.push_back(std::move(item));
  }
}

void number_items(const QuizText& text, Random& random, std::vector<LessonItem>& out) {
  std::vector<QuizFigure> figures;
  for (const QuizFigure& f : figures_of(text))
    if (f.value == std::floor(f.value) && f.value < 1e12) figures.push_back(f);
  const auto written = [](const QuizFigure& f) { return written_number(static_cast<int64_t>(f.value), false, f.value >= 10000); };
  for (const QuizFigure& figure : figures) {
    const QuizSentence& sentence = text.sentences[figure.sentence];
    const std::string gap = as_sentence(shortened(with_number(sentence, figure, "…")));
    if (gap.find("…") == std::string::npos) continue;
    LessonItem item = recall_item("number", "Which number is missing (…)? " + gap, sentence, written(figure));
    std::vector<QuizFigure> others;
    for (const QuizFigure& other : figures)
      if (other.value != figure.value && other.sentence != figure.sentence && other.value > figure.value / 20 && other.value < figure.value * 20 &&
          std::none_of(others.begin(), others.end(), [&](const QuizFigure& o) { return o.value == other.value; }))
        others.push_back(other);
    for (size_t i = others.size(); i > 1; --i) std::swap(others[i - 1], others[random.below(static_cast<uint32_t>(i))]);
    if (others.size() < kWrong) continue;
    for (size_t i = 0; i < kWrong; ++i)
      item.options.push_back({written(others[i]), false, "This number belongs elsewhere: “" + text.sentences[others[i].sentence].original + "”"});
    out.push_back(std::move(item));
  }
}

}  // namespace

std::vector<LessonItem> recall_items(const Article& article, uint64_t seed) {
  const QuizText text = analyse(article);
  Random random(seed, uint64_t{80} << 40);
  std::vector<LessonItem> out;
  year_items(text, random, out);
  number_items(text, random, out);
  return out;
}

}  // namespace ptah
