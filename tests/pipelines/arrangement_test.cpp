// Prompts of several things, taken apart.
#include "pipelines/arrangement.h"

#include <gtest/gtest.h>

#include <set>

#include "base/philox.h"

namespace ptah {

namespace {

Arrangement read(const std::string& prompt) {
  static const std::set<std::string> known{"cat",   "dog",  "owl", "berry", "box",   "knife", "tomato", "glasses",
                                           "glass", "star", "cup", "key",   "slice", "bus",   "house",  "bench"};
  return arranged(prompt, [](const std::string& word) { return known.contains(word); });
}

/// The things from left to right (then from top to bottom), with bars between.
std::string things(const std::string& prompt) {
  std::string out;
  for (const ArrangedThing& thing : read(prompt).things) out += (out.empty() ? "" : " | ") + thing.prompt;
  return out;
}

}  // namespace

TEST(Arrangement, ThingsSideBySideAreToldApart) {
  EXPECT_EQ(things("a cat and a red apple"), "a cat | a red apple");
  EXPECT_EQ(things("A dog next to the car."), "a dog | the car");
  EXPECT_EQ(things("a cat to the left of a dog"), "a cat | a dog");
  EXPECT_EQ(things("a cat to the right of a dog"), "a dog | a cat");
  EXPECT_EQ(things("a key, a cup of tea and two stars"), "a key | a cup of tea | a star | a star");
  EXPECT_EQ(things("a key, a cup, and a star"), "a key | a cup | a star");
  EXPECT_EQ(things("a slice of pizza beside an owl"), "a slice of pizza | an owl");
  const Arrangement pair = read("a cat and a dog");
  EXPECT_LT(pair.things[0].left + pair.things[0].edge, 0.51F);
  EXPECT_GE(pair.things[1].left, 0.5F);
}

TEST(Arrangement, TwoStandSideBySide) {
  const Arrangement two = read("two owls");
  EXPECT_EQ(two.things[0].top, two.things[1].top);
  EXPECT_GE(two.things[1].left, 0.5F);
}

TEST(Arrangement, OneThingStaysAsItIsWritten) {
  for (const char* prompt : {"a red fox", "bow and arrow", "a black and white cat", "Salt & Pepper, please", "an owl with a hat and a cane",
                             "a wizard holding a staff, a book and a cup", "", "and", "a cat and", "and a cat", "a man and woman", "three", "2", "a pair of",
                             "ten owls", "a left arrow", ",", "a cat,", "a house by the sea"}) {
    const Arrangement made = read(prompt);
    ASSERT_EQ(made.things.size(), 1U) << prompt;
    EXPECT_EQ(made.things[0].prompt, prompt);
    EXPECT_EQ(made.things[0].edge, 1) << prompt;
    EXPECT_EQ(made.background, "");
  }
  EXPECT_EQ(read("five cats and five dogs").things.size(), 1U) << "more than nine";
}

TEST(Arrangement, NumbersOfThings) {
  EXPECT_EQ(things("two owls"), "an owl | an owl");
  EXPECT_EQ(things("3 red berries"), "a red berry | a red berry | a red berry");
  EXPECT_EQ(things("two boxes"), "a box | a box");
  EXPECT_EQ(things("two knives"), "a knife | a knife");
  EXPECT_EQ(things("two tomatoes"), "a tomato | a tomato");
  EXPECT_EQ(things("two buses"), "a bus | a bus");
  EXPECT_EQ(things("two benches"), "a bench | a bench");
  EXPECT_EQ(things("two slices of pizza"), "a slice of pizza | a slice of pizza");
  EXPECT_EQ(things("a pair of stars"), "a star | a star");
  EXPECT_EQ(things("two sheep"), "sheep | sheep");
  EXPECT_EQ(things("two zorgs"), "a zorgs | a zorgs") << "nobody knows its singular";
  EXPECT_EQ(things("two mice"), "a mouse | a mouse");
  for (const auto& [prompt, count] : {std::pair{"two owls", 2},
                                      {"three owls", 3},
                                      {"four owls", 4},
                                      {"five owls", 5},
                                      {"six owls", 6},
                                      {"seven owls", 7},
                                      {"eight owls", 8},
                                      {"nine owls", 9},
                                      {"two cats and three dogs", 5},
                                      {"a cat, two dogs and six owls", 9}}) {
    const Arrangement made = read(prompt);
    ASSERT_EQ(made.things.size(), static_cast<size_t>(count)) << prompt;
    for (size_t i = 0; i < made.things.size(); ++i) {
      const ArrangedThing& a = made.things[i];
      EXPECT_TRUE(a.left >= -1e-5F && a.top >= -1e-5F && a.left + a.edge <= 1.00001F && a.top + a.edge <= 1.00001F) << prompt << " " << i;
      EXPECT_GE(a.edge, 0.15F) << prompt;
      for (size_t j = 0; j < i; ++j) {
        const ArrangedThing& b = made.things[j];
        EXPECT_TRUE(a.left >= b.left + b.edge || b.left >= a.left + a.edge || a.top >= b.top + b.edge || b.top >= a.top + a.edge)
            << prompt << ": " << j << " and " << i << " overlap";
      }
    }
  }
}

TEST(Arrangement, GroundsOfOneColour) {
  for (const char* prompt : {"a fox on a blue background", "a fox on blue background", "a fox, blue background", "a fox in front of a blue backdrop",
                             "a fox against a plain blue ground"}) {
    EXPECT_EQ(read(prompt).background, "#3a78e0") << prompt;
    EXPECT_EQ(things(prompt), "a fox") << prompt;
  }
  EXPECT_EQ(read("a cat and a dog on a black background").background, "#121214");
  EXPECT_EQ(things("a cat and a dog on a black background"), "a cat | a dog");
  EXPECT_EQ(read("a cat and a dog on a black background").prompt, "a cat and a dog") << "what a drawing to start from is redrawn by";
  EXPECT_EQ(read("A cat and a dog.").prompt, "A cat and a dog.");
  for (const char* prompt :
       {"a fox on a sunny background", "blue background", "a blue background", "on a blue background", "a fox in the background", "background"})
    EXPECT_EQ(read(prompt).background, "") << prompt;
}

TEST(Arrangement, AnyWordsAreSurvived) {
  const char* words[] = {"a",    "an",    "the", "and", "cat",  "owls",       ",",    "two",  "9",    "next", "to",
                         "left", "right", "of",  "on",  "blue", "background", "with", "pair", "\xFF", "s",    "ies"};
  Random random(3);
  for (int i = 0; i < 20000; ++i) {
    std::string prompt;
    for (uint32_t n = random.below(14); n > 0; --n) prompt += std::string(words[random.below(std::size(words))]) + " ";
    const Arrangement made = read(prompt);
    ASSERT_GE(made.things.size(), 1U) << prompt;
    ASSERT_LE(made.things.size(), kMaxThings) << prompt;
  }
}

}  // namespace ptah
