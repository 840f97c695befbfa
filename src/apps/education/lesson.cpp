#include "apps/education/lesson.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "apps/education/recall_items.h"
#include "apps/reading/quiz_solvers.h"
#include "base/philox.h"
#include "base/text.h"
#include "text/encode/bert.h"

namespace ptah {

namespace {

/// Statements of where in the text something stands, or of two things that have nothing to do with each other, teach nothing.
const std::set<std::string>& not_taught() {
  static const std::set<std::string> kinds{"told", "things"};
  return kinds;
}

/// What a wrong statement has exchanged.
const char* what_is_wrong(const std::string& kind) {
  static const std::map<std::string, const char*> kWrong{
      {"bound", "More and less are exchanged."}, {"dated", "Before and after are exchanged."}, {"order", "The order in time is turned round."},
      {"span", "More and less are exchanged."},  {"cause", "Cause and effect are exchanged."}, {"role", "It says this of somebody or something else."},
      {"pair", "The two are exchanged."},        {"opposite", "It says the opposite."}};
  const auto found = kWrong.find(kind);
  return found == kWrong.end() ? "The text says otherwise." : found->second;
}

std::string quoted_sentences(const std::vector<std::string>& sentences) {
  std::string out;
  for (const std::string& one : sentences) out += (out.empty() ? "“" : " … “") + one + "”";
  return out;
}

const char* bloom_of(const std::string& kind) {
  if (kind == "year" || kind == "number") return "remember";
  if (kind == "years" || kind == "sum" || kind == "difference") return "apply";
  if (kind == "first" || kind == "last" || kind == "sequence" || kind == "largest" || kind == "smallest") return "analyse";
  return kind == "count" ? "evaluate" : "understand";
}

std::string number_words(double value) { return value == std::floor(value) ? fmt::format("{}", static_cast<int64_t>(value)) : fmt::format("{:.1f}", value); }

/// Why each option of an item is right or wrong.
void explain_statements(const QuizItem& item, LessonItem& out) {
  for (size_t i = 0; i < item.options.size(); ++i) {
    const QuizBasis& basis = item.basis[i];
    const std::string says = " The text: " + quoted_sentences(basis.sentences);
    out.options[i].reason = (basis.right.empty() ? "True." : std::string("False. ") + what_is_wrong(basis.kind)) + says;
  }
  out.explanation =
      item.basis[0].right.empty() ? "Only this statement agrees with the text." : "Only this statement contradicts the text; true is: " + item.basis[0].right;
  out.sentences = item.basis[0].sentences;
}

void explain_count(const QuizItem& item, LessonItem& out) {
  size_t stand = 0;
  for (size_t i = 0; i < item.basis.size(); ++i) {
    const bool holds = item.basis[i].right.empty();
    stand += holds;
    out.explanation += fmt::format("{}{}) {} {}", i ? " " : "", i + 1, holds ? "true." : std::string("false. ") + what_is_wrong(item.basis[i].kind),
                                   quoted_sentences(item.basis[i].sentences));
    out.sentences.insert(out.sentences.end(), item.basis[i].sentences.begin(), item.basis[i].sentences.end());
  }
  static const char* const kNames[] = {"None", "One", "Two", "Three", "All four"};
  for (LessonOption& option : out.options) {
    const auto named = static_cast<size_t>(std::find(std::begin(kNames), std::end(kNames), option.text) - std::begin(kNames));
    option.reason = option.right    ? fmt::format("{} of the four agree with the text.", option.text)
                    : named > stand ? "This takes a false statement for a true one."
                                    : "This takes a true statement for a false one.";
  }
}

void explain_events(const QuizItem& item, LessonItem& out) {
  std::vector<std::string> told;
  for (const QuizBasis& basis : item.basis) {
    told.push_back(fmt::format("{}: {}", number_words(basis.value), quoted_sentences(basis.sentences)));
    out.sentences.insert(out.sentences.end(), basis.sentences.begin(), basis.sentences.end());
  }
  out.explanation = fmt::format("{}", fmt::join(told, " "));
  if (item.kind == "first" || item.kind == "last")
    for (size_t i = 0; i < item.options.size(); ++i)
      out.options[i].reason =
          i == 0 ? fmt::format("It was in {}; the others were {}.", number_words(item.basis[i].value), item.kind == "first" ? "later" : "earlier")
                 : fmt::format("It was in {}, {} than {}.", number_words(item.basis[i].value), item.kind == "first" ? "later" : "earlier",
                               number_words(item.basis[0].value));
  if (item.kind == "sequence") {
    std::map<char, double> years;  // by the letter in the question
    std::vector<QuizBasis> sorted = item.basis;
    std::sort(sorted.begin(), sorted.end(), [](const QuizBasis& a, const QuizBasis& b) { return a.value < b.value; });
    for (size_t i = 0; i < 3 && i < sorted.size(); ++i) years[item.options[0][i * 8]] = sorted[i].value;  // "A, then B, then C"
    for (LessonOption& option : out.options) {
      std::vector<std::string> order;
      for (size_t at = 0; at < option.text.size(); at += 8) order.push_back(number_words(years[option.text[at]]));
      option.reason = fmt::format("{}: {}.", option.right ? "The years in order" : "Out of order", fmt::join(order, ", "));
    }
  }
}

void explain_numbers(const QuizItem& item, LessonItem& out) {
  if (item.basis.size() != 2) return;
  const double a = item.basis[0].value, b = item.basis[1].value;
  const std::string x = number_words(std::max(a, b)), y = number_words(std::min(a, b));
  const double right = item.kind == "sum" ? a + b : std::abs(a - b);
  out.explanation = fmt::format("{} {} {} = {}. {} {}", x, item.kind == "sum" ? "+" : "−", y, number_words(right), quoted_sentences(item.basis[0].sentences),
                                quoted_sentences(item.basis[1].sentences));
  for (const QuizBasis& basis : item.basis) out.sentences.insert(out.sentences.end(), basis.sentences.begin(), basis.sentences.end());
  for (LessonOption& option : out.options) {
    std::string digits = option.text;
    std::erase(digits, ',');
    const double value = std::strtod(digits.c_str(), nullptr);
    const std::string done = fmt::format("{} {} {}", x, item.kind == "sum" ? "+" : "−", y);
    option.reason = option.right ? done + fmt::format(" = {}.", number_words(right))
                                 : fmt::format("{} is {}, which is {} {}.", done, number_words(right), number_words(std::abs(value - right)),
                                               value > right ? "less" : "more");
  }
}

void explain_compared(const QuizItem& item, LessonItem& out) {
  std::vector<std::string> told;
  for (size_t i = 0; i < item.options.size(); ++i) {
    out.options[i].reason = fmt::format("The number is {}.", number_words(item.basis[i].value));
    told.push_back(number_words(item.basis[i].value));
  }
  out.explanation = fmt::format("The numbers are {}; the {} is {}. {}", fmt::join(told, ", "), item.kind, told[0], quoted_sentences(item.basis[0].sentences));
  out.sentences = item.basis[0].sentences;
}

/// The options are those of the item, the right one first.
LessonItem explained(const QuizItem& item) {
  LessonItem out;
  out.kind = item.kind;
  out.bloom = bloom_of(item.kind);
  out.question = item.question;
  out.section = item.section + 1;
  for (size_t i = 0; i < item.options.size(); ++i) out.options.push_back({item.options[i], i == 0, ""});
  if (item.kind == "true" || item.kind == "false")
    explain_statements(item, out);
  else if (item.kind == "count")
    explain_count(item, out);
  else if (item.kind == "first" || item.kind == "last" || item.kind == "sequence")
    explain_events(item, out);
  else if (item.kind == "largest" || item.kind == "smallest")
    explain_compared(item, out);
  else
    explain_numbers(item, out);
  return out;
}

/// The mean chance of the bots of all families, and how much has to be read: 0 to 1.
Result<std::vector<double>> difficulties(const std::vector<QuizItem>& items, const Article& article, const std::shared_ptr<SentenceEncoder>& encoder) {
  std::vector<double> best(items.size(), 0);
  QuizSolvers solvers = text_solvers(article);
  if (encoder)
    for (auto& solver : embedding_solvers(article, encoder)) solvers.push_back(std::move(solver));
  std::map<std::string, std::pair<std::vector<double>, size_t>> families;
  for (const auto& solver : solvers) {
    PTAH_TRY(const auto chances, chances_of(*solver, items));
    auto& [sums, count] = families[solver->family];
    sums.resize(items.size());
    for (size_t i = 0; i < items.size(); ++i) sums[i] += chances[i];
    ++count;
  }
  for (size_t i = 0; i < items.size(); ++i) {
    double chance = 0;
    for (const auto& [family, of] : families) chance = std::max(chance, of.first[i] / static_cast<double>(of.second));
    size_t sentences = 0;
    for (const QuizBasis& basis : items[i].basis) sentences += basis.sentences.size();
    best[i] = std::clamp(0.6 * (1 - chance) + 0.4 * std::min(1.0, static_cast<double>(sentences) / 6), 0.0, 1.0);
  }
  return best;
}

template <class T>
void shuffle_list(std::vector<T>& list, Random& random) {
  for (size_t i = list.size(); i > 1; --i) std::swap(list[i - 1], list[random.below(static_cast<uint32_t>(i))]);
}

const char* level_of(double difficulty) { return difficulty < 0.45 ? "easy" : difficulty < 0.7 ? "medium" : "hard"; }

}  // namespace

Result<std::vector<LessonItem>> make_lesson(const Article& article, const LessonOptions& options, const std::shared_ptr<SentenceEncoder>& encoder) {
  for (const std::string& bloom : options.bloom)
    if (std::find(bloom_levels().begin(), bloom_levels().end(), bloom) == bloom_levels().end())
      return unknown_name("level of Bloom's taxonomy", bloom, bloom_levels());
  const std::vector<QuizItem> quiz = spread_items(make_items(article, options.seed, not_taught()), 2);
  PTAH_TRY(const std::vector<double> hard, difficulties(quiz, article, encoder));
  std::map<std::string, std::vector<LessonItem>> of_bloom;
  for (size_t i = 0; i < quiz.size(); ++i) {
    LessonItem item = explained(quiz[i]);
    item.difficulty = hard[i];
    of_bloom[item.bloom].push_back(std::move(item));
  }
  for (LessonItem& item : recall_items(article, options.seed)) of_bloom[item.bloom].push_back(std::move(item));
  Random random(options.seed, uint64_t{79} << 40);
  std::vector<LessonItem> out;
  std::map<std::string, size_t> next;
  for (auto& [bloom, items] : of_bloom) shuffle_list(items, random);
  for (bool more = true; more && static_cast<int64_t>(out.size()) < options.count;) {
    more = false;
    for (const std::string& bloom : bloom_levels()) {
      if (!options.bloom.empty() && std::find(options.bloom.begin(), options.bloom.end(), bloom) == options.bloom.end()) continue;
      std::vector<LessonItem>& items = of_bloom[bloom];
      size_t& at = next[bloom];
      while (at < items.size() && !options.level.empty() && options.level != level_of(items[at].difficulty)) ++at;
      if (at >= items.size() || static_cast<int64_t>(out.size()) >= options.count) continue;
      LessonItem item = std::move(items[at++]);
      item.level = level_of(item.difficulty);
      item.id = fmt::format("q{}", out.size() + 1);
      shuffle_list(item.options, random);
      out.push_back(std::move(item));
      more = true;
    }
  }
  if (out.empty()) return fail(ErrorCode::invalid_argument, "no such questions can be made of this text: it has too few dates, figures, names and causes");
  return out;
}

// ---- JSON --------------------------------------------------------------------------------------------------------------------------------------

Json to_json(const LessonItem& item) {
  Json options = Json::array();
  for (const LessonOption& option : item.options) options.push_back({{"text", option.text}, {"right", option.right}, {"reason", option.reason}});
  return {{"id", item.id},
          {"kind", item.kind},
          {"bloom", item.bloom},
          {"level", item.level},
          {"difficulty", std::round(item.difficulty * 1000) / 1000},
          {"question", item.question},
          {"options", options},
          {"explanation", item.explanation},
          {"place", {{"section", item.section}, {"sentences", item.sentences}}}};
}

Result<LessonItem> lesson_item(const Json& json) {
  try {
    LessonItem out;
    out.id = json.at("id").get<std::string>();
    out.kind = json.at("kind").get<std::string>();
    out.bloom = json.at("bloom").get<std::string>();
    out.level = json.at("level").get<std::string>();
    out.difficulty = value_of<double>(json.at("difficulty"));
    out.question = json.at("question").get<std::string>();
    out.explanation = json.at("explanation").get<std::string>();
    out.section = value_of<size_t>(json.at("place").at("section"));
    out.sentences = json.at("place").at("sentences").get<std::vector<std::string>>();
    for (const Json& option : json.at("options"))
      out.options.push_back({option.at("text").get<std::string>(), option.at("right").get<bool>(), option.at("reason").get<std::string>()});
    const auto right = std::count_if(out.options.begin(), out.options.end(), [](const LessonOption& o) { return o.right; });
    if (out.options.size() < 2 || right != 1)
      return fail(ErrorCode::corrupt, "{}: {} options, {} of them right; one of at least two has to be", out.id, out.options.size(), right);
    return out;
  } catch (const Json::exception& problem) {
    return fail(ErrorCode::corrupt, "a question: {}", problem.what());
  }
}

Json lesson_json(const std::string& title, const std::vector<LessonItem>& items) {
  Json list = Json::array();
  for (const LessonItem& item : items) list.push_back(to_json(item));
  return {{"format", "ptah lesson 1"}, {"title", title}, {"items", list}};
}

Result<Lesson> read_lesson(const Json& json) {
  if (text_at(json, "format") != "ptah lesson 1" || !json.value("items", Json()).is_array())
    return fail(ErrorCode::corrupt, "no lesson: `format` is not \"ptah lesson 1\"");
  Lesson out{text_at(json, "title"), {}};
  for (const Json& one : json["items"]) {
    PTAH_TRY(LessonItem item, lesson_item(one));
    out.items.push_back(std::move(item));
  }
  return out;
}

}  // namespace ptah
