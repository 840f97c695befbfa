// What a grammar may cost: rules that can be empty, states without end, long chains of rules.
#include <gtest/gtest.h>

#include <ctime>
#include <functional>

#include "base/text.h"
#include "tests/sanitized.h"
#include "text/grammar/grammar.h"

using namespace ptah;

namespace {

std::string times(const std::string& text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

std::shared_ptr<const Grammar> compile(const std::string& grammar) { return value_or_throw(Grammar::from_gbnf(grammar)); }

/// What exponential time exceeds by far.
constexpr double kMaxSeconds = kSanitized ? 50 : 5;

/// Processor time of this process.
double seconds_of(const std::function<void()>& work) {
  const std::clock_t start = std::clock();
  work();
  return static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

/// Levels that each stand twice in the one above; the lowest is `last`.
std::string doubling(int levels, const std::string& last) {
  std::string out = "root ::= r0 \"!\"\n";
  for (int i = 0; i < levels; ++i) out += fmt::format("r{} ::= r{} r{}\n", i, i + 1, i + 1);
  return out + fmt::format("r{} ::= {}\n", levels, last);
}

}  // namespace

TEST(GrammarLimits, RulesThatCanBeEmptyDoNotMultiply) {
  // One after the other: each can be empty in two ways, so there are 2^count ways to read nothing.
  for (const int count : {20, 26, 1000}) {
    const double took = seconds_of([&] {
      GrammarAutomaton automaton(compile("root ::= " + times("a ", count) + "\"x\"\na ::= \"\" | \"\" | \"y\""));
      EXPECT_TRUE(automaton.matches("x"));
      EXPECT_TRUE(automaton.matches("yyyx"));
      EXPECT_TRUE(automaton.matches(times("y", 10) + "x"));
      EXPECT_FALSE(automaton.matches(times("y", count + 1) + "x"));
      EXPECT_FALSE(automaton.matches(""));
    });
    EXPECT_LT(took, kMaxSeconds) << count;
  }
  // One inside the other: 2^levels places, all of them empty.
  for (const int levels : {12, 24, 200}) {
    const double took = seconds_of([&] {
      GrammarAutomaton automaton(compile(doubling(levels, "\"\" | \"\"")));
      EXPECT_TRUE(automaton.matches("!"));
      EXPECT_FALSE(automaton.matches("!!"));
    });
    EXPECT_LT(took, kMaxSeconds) << levels;
  }
}

TEST(GrammarLimits, WaysThatDifferAreCounted) {
  // 2^8 places where a byte can stand are walked; 2^24 are refused, at once.
  GrammarAutomaton few(compile(doubling(8, "\"\" | \"x\"")));
  EXPECT_TRUE(few.matches("xxx!"));
  EXPECT_TRUE(few.matches(times("x", 256) + "!"));
  EXPECT_FALSE(few.matches(times("x", 257) + "!"));
  const double took = seconds_of([] {
    try {
      GrammarAutomaton many(compile(doubling(24, "\"\" | \"x\"")));
      ADD_FAILURE() << "16 million ways were walked";
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.error().code, ErrorCode::over_budget) << failure.error().message;
    }
  });
  EXPECT_LT(took, kMaxSeconds);
}

TEST(GrammarLimits, StatesAreCountedInBytes) {
  // After n letters a the automaton has to remember n places to come back to, along 2,000 ways: every state is larger than the one before.
  std::string grammar = "root ::= ";
  for (int i = 0; i < 2000; ++i) grammar += fmt::format("{}p \"{}\"", i ? " | " : "", i);
  GrammarAutomaton automaton(compile(grammar + "\np ::= \"a\" p \"b\" | \"\"\n"));
  Grammar::State state = automaton.start();
  try {
    for (int i = 0; i < 3000; ++i) state = automaton.next(state, 'a');
    ADD_FAILURE() << "36 GB of states were held";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.error().code, ErrorCode::over_budget);
    EXPECT_NE(failure.error().message.find("256 MiB"), std::string::npos) << failure.error().message;
  }
}

TEST(GrammarLimits, AChainOfRulesIsReadOnce) {
  std::string grammar = "root ::= r0\n";
  for (int i = 0; i < 20'000; ++i) grammar += fmt::format("r{} ::= \"a\" r{}\n", i, i + 1);
  const double took = seconds_of([&] {
    GrammarAutomaton automaton(compile(grammar + "r20000 ::= \"end\"\n"));
    EXPECT_EQ(automaton.shortest(automaton.start()), 20'003);
  });
  EXPECT_LT(took, kMaxSeconds);
}
