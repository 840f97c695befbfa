// Questions about articles: what is right follows from the text, and bots that search the text do not find it.
#include "apps/reading/quiz.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>

#include "apps/reading/quiz_solvers.h"
#include "apps/reading/quiz_statements.h"
#include "apps/reading/reading.h"
#include "base/file.h"
#include "base/text.h"

namespace ptah {

namespace {

namespace fs = std::filesystem;

const fs::path kData = fs::path(PTAH_SOURCE_DIR) / "tests" / "data";

Article article(const std::string& name) { return value_or_throw(parse_article(value_or_throw(read_text(kData / "articles" / (name + ".md"))))); }

constexpr std::array kArticles{"history", "biology", "news", "howto", "biography", "economics", "story", "law", "technology", "travel"};

/// Each made once for all tests.
const std::vector<QuizItem>& bank_of(const Article& a) {
  static std::map<std::string, std::vector<QuizItem>> known;
  const auto [at, fresh] = known.try_emplace(a.title);
  if (fresh) at->second = spread_items(value_or_throw(filter_items(make_items(a, 1), text_solvers(a))).items);
  return at->second;
}

std::string whole(const Article& a) {
  std::string out;
  for (const std::string& section : a.sections) out += lower_case(section) + "\n";
  return out;
}

/// The bot that passed: put the option into the gap, search the article, take what stands there, the first if several do.
double six_line_bot(const std::string& text, const QuizItem& item) {
  std::vector<size_t> places;
  for (const std::string& option : item.options) {
    const size_t gap = item.question.find("_____"), from = item.question.find("? ");
    const bool filled = gap != std::string::npos && from != std::string::npos;
    places.push_back(text.find(lower_case(filled ? item.question.substr(from + 2, gap - from - 2) + option + item.question.substr(gap + 5) : option)));
  }
  const size_t best = *std::min_element(places.begin(), places.end());
  return places[0] == best ? 1.0 / static_cast<double>(std::count(places.begin(), places.end(), best)) : 0;
}

std::vector<double> six_line_bot(const std::string& text, const std::vector<QuizItem>& items) {
  std::vector<double> out;
  for (const QuizItem& item : items) out.push_back(six_line_bot(text, item));
  return out;
}

std::vector<std::string> sorted_words(const std::string& text) {
  std::vector<std::string> out;
  for (const QuizWord& word : quiz_words(lower_case(text))) out.push_back(word.text);
  std::sort(out.begin(), out.end());
  return out;
}

constexpr const char* kShort = R"(# Five dates

In 1701 the harbour was built by Anna Keller. The mill burnt down in 1755. In 1820 the town bought a clock with 12 bells. Otto Brandt founded the school in 1862.

## Later

The bridge fell into the river in 1899 because the ice broke its piers. The prices were lower than in the city, so many families moved to the town.

Anna Keller planted 40 lime trees along the harbour. She lived in the tower for 30 years. The tower was destroyed in 1911.
)";

}  // namespace

TEST(Quiz, SentencesEndWhereTheyEnd) {
  EXPECT_FALSE(parse_article("# Title\n\nToo short."));
  EXPECT_FALSE(parse_article(""));
  EXPECT_FALSE(parse_article(std::string(10, '\0')));
  EXPECT_EQ(sentences_of("Mr. A. Hale paid 3.5 marks. \"Why?\" she asked. It rained!\n\nThe end").size(), 4U);
}

TEST(Quiz, TheBotThatPassedOldQuestionsFailsOnNewOnes) {
  const Json old = value_or_throw(parse_json(value_or_throw(read_text(kData / "old_article" / "bank.json"))));
  std::vector<QuizItem> items;
  for (const Json& json : old["items"]) items.push_back(value_or_throw(quiz_item(json)));
  const Article varn = value_or_throw(parse_article(value_or_throw(read_text(fs::path(PTAH_SOURCE_DIR) / "tests" / "data" / "article.md"))));
  EXPECT_GE(pass_chance(six_line_bot(whole(varn), items)), 0.9) << "the questions that were drained";
  EXPECT_LE(pass_chance(six_line_bot(whole(varn), bank_of(varn))), 0.01);
  for (const char* name : kArticles) {
    const Article a = article(name);
    EXPECT_LE(pass_chance(six_line_bot(whole(a), bank_of(a))), 0.01) << name;
  }
}

TEST(Quiz, SearchAndRetrievalPassAtMostOneSessionInAHundred) {
  for (const char* name : kArticles) {
    const Article a = article(name);
    const std::vector<QuizItem> all = make_items(a, 1), bank = bank_of(a);
    EXPECT_GE(bank.size(), 48U) << name;
    for (const auto& solver : text_solvers(a)) {
      EXPECT_LE(pass_chance(value_or_throw(chances_of(*solver, bank))), 0.01) << name << ", " << solver->family << ", " << solver->name;
      if (solver->name != "places") {
        EXPECT_LE(pass_chance(value_or_throw(chances_of(*solver, all))), 0.01) << "even before anything was dropped: " << name << ", " << solver->name;
      }
    }
    EXPECT_GE(pass_chance(std::vector<double>(bank.size(), 0.95)), 0.94) << "readers";
  }
}

TEST(Quiz, TheOldQuestionsWouldAllBeDropped) {
  const Article a = value_or_throw(parse_article(value_or_throw(read_text(fs::path(PTAH_SOURCE_DIR) / "tests" / "data" / "article.md"))));
  const std::vector<std::string> sentences = sentences_of(a.sections[0]);
  std::vector<QuizItem> items;
  for (const std::string& s : sentences) {
    QuizItem item{"stands", "Which sentence stands in the article just so?", {s}, 0, {}};
    for (const char* word : {"seldom", "hardly", "twice", "quietly"}) item.options.push_back(s.substr(0, s.find(' ')) + " " + word + s.substr(s.find(' ')));
    items.push_back(item);
  }
  ASSERT_GE(items.size(), 4U);
  EXPECT_TRUE(value_or_throw(filter_items(items, text_solvers(a))).items.empty());
}

TEST(Quiz, StatementsDifferFromTheirTwinsInOrderOnly) {
  size_t same = 0;
  for (const char* name : kArticles) {
    const QuizText text = analyse(article(name));
    Random random(1);
    for (const Twins& t : twins_of(text, random)) {
      EXPECT_NE(t.right, t.wrong);
      if (t.kind == "opposite") continue;
      std::vector<std::string> right = sorted_words(t.right), wrong = sorted_words(t.wrong), difference;
      std::set_symmetric_difference(right.begin(), right.end(), wrong.begin(), wrong.end(), std::back_inserter(difference));
      for (const std::string& word : difference)
        EXPECT_TRUE(word == "more" || word == "less" || word == "fewer" || word == "before" || word == "after") << t.right << "\n" << t.wrong;
      same += difference.empty();
    }
  }
  EXPECT_GT(same, 500U);
}

TEST(Quiz, WhatIsRightFollowsFromTheText) {
  const Article a = value_or_throw(parse_article(kShort));
  const QuizText text = analyse(a);
  const auto events = events_of(text);
  ASSERT_EQ(events.size(), 6U);
  EXPECT_EQ(events[0].clause, "the harbour was built by Anna Keller");
  EXPECT_EQ(events[0].year, 1701);
  const auto year = [&](const std::string& clause) {
    for (const QuizEvent& e : events)
      if (lower_case(as_sentence(e.clause)) == lower_case(clause)) return e.year;
    ADD_FAILURE() << clause;
    return 0;
  };
  std::map<std::string, int> kinds;
  for (const QuizItem& item : make_items(a, 1)) {
    ++kinds[item.kind];
    EXPECT_EQ(item.options.size(), kOptions);
    EXPECT_FALSE(item.facts.empty());
    const auto lines = listed_statements(item.question);
    for (size_t i = 1; (item.kind == "first" || item.kind == "last") && i < kOptions; ++i) {
      EXPECT_EQ(year(item.options[0]) < year(item.options[i]), item.kind == "first");
    }
    if (item.kind == "years") {
      EXPECT_EQ(std::stoi(item.options[0]), std::abs(year(lines[0]) - year(lines[1])));
    }
    if (item.kind == "sequence") {
      const auto at = [&](size_t i) { return year(lines[static_cast<size_t>(item.options[0][i] - 'A')]); };
      EXPECT_LT(at(0), at(8)) << item.question << item.options[0];
      EXPECT_LT(at(8), at(16));
    }
  }
  EXPECT_GE(kinds.size(), 6U);
  Random random(1);
  std::set<std::string> right, wrong;
  for (const Twins& t : twins_of(text, random)) right.insert(t.right), wrong.insert(t.wrong);
  EXPECT_TRUE(right.contains("The ice broke its piers. That is why the bridge fell into the river in 1899.") || right.size() > 20);
  for (const std::string& r : right) EXPECT_FALSE(wrong.contains(r)) << r;
  // "She" is Anna Keller: the number is asked of her by name.
  EXPECT_TRUE(std::any_of(right.begin(), right.end(), [](const std::string& r) { return r.starts_with("Anna Keller lived in the tower for "); }));
}

TEST(Quiz, TheSameTextAndSeedGiveTheSameItems) {
  const Article a = article("law");
  const auto one = make_items(a, 5), two = make_items(a, 5), other = make_items(a, 6);
  ASSERT_EQ(one.size(), two.size());
  for (size_t i = 0; i < one.size(); ++i) EXPECT_EQ(to_json(one[i]), to_json(two[i]));
  EXPECT_NE(to_json(one[0]), to_json(other[0]));
  EXPECT_EQ(spread_items(one).size(), spread_items(two).size());
}

TEST(Quiz, NoFactIsAskedTooOften) {
  std::map<uint32_t, size_t> uses;
  for (const QuizItem& item : spread_items(make_items(article("travel"), 1), 3))
    for (const uint32_t fact : item.facts) ++uses[fact];
  EXPECT_FALSE(uses.empty());
  for (const auto& [fact, count] : uses) EXPECT_LE(count, 3U);
}

TEST(Quiz, ChancesOfSessionsAreExact) {
  const double p = 0.9;
  EXPECT_NEAR(pass_chance(std::vector<double>(40, p)), 8 * std::pow(p, 7) * (1 - p) + std::pow(p, 8), 1e-12);
  std::vector<double> half(16, 0.0);
  std::fill(half.begin(), half.begin() + 8, 1.0);
  EXPECT_NEAR(pass_chance(half), (8.0 * 8 + 1) / 12870, 1e-12) << "7 or 8 of the eight that are known, of all ways to draw 8 of 16";
  EXPECT_EQ(pass_chance(std::vector<double>(7, 1.0)), 0);
}

TEST(Quiz, ATextThatGivesTooFewIsRefusedWithTheReason) {
  const Article a = value_or_throw(parse_article(kShort));
  const fs::path folder = fs::temp_directory_path() / fmt::format("ptah-quiz-{}", getpid());
  const auto refused = check_publication(std::vector<QuizItem>(31), ReadingTerms{}, folder);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("31 questions"), std::string::npos);
  EXPECT_NE(refused.error().message.find("longer text"), std::string::npos) << refused.error().message;
  EXPECT_FALSE(fs::exists(folder));
}

TEST(Quiz, HostileTextsAreRead) {
  for (const std::string& text :
       {std::string(20000, 'A'), std::string("# T\n\n") + std::string(5000, '.') + " A b c d e f g h i j k l m n.\n\n# U\n\nA b c d e f g h i j k l m n o p.",
        std::string("# T\n\nIn 1999 \xE2\x80 x y z a b c d e f g h. In 2000 1999.\n\n# U\n\nThe 9999999999999999 is 3 is 4 5 6 7 8 9 10 11 12 13 14.")}) {
    const auto a = parse_article(text);
    if (a) make_items(*a, 1);
  }
}

}  // namespace ptah
