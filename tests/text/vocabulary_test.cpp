// The picture model's words: pieces, synonyms, plurals.
#include "text/tokenize/vocabulary.h"

#include <gtest/gtest.h>

namespace ptah {

namespace {

Vocabulary animals() { return Vocabulary::learn({"a red fox", "a dog", "a glossy lady", "a wolf", "a knife", "a box", "a pin", "a church"}, 10); }

std::vector<int32_t> whole(const Vocabulary& vocabulary, std::initializer_list<const char*> words) {
  std::vector<int32_t> ids{Vocabulary::kStart};
  for (const char* word : words) ids.push_back(vocabulary.id(word));
  return ids;
}

}  // namespace

TEST(Vocabulary, ReadsWhatItWrote) {
  const Vocabulary learnt = animals();
  const auto read = Vocabulary::parse(learnt.text());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->text(), learnt.text());
  EXPECT_EQ(read->encode("A red-fox!", 8), whole(learnt, {"a", "red", "fox"}));
  EXPECT_FALSE(Vocabulary::parse("fox\n")) << "no special tokens";
  EXPECT_FALSE(Vocabulary::parse(learnt.text() + "fox\n")) << "twice";
}

TEST(Vocabulary, UnknownWordsAreCutIntoPieces) {
  const Vocabulary v = animals();
  const std::vector<int32_t> ids = v.encode("xylophone", 16);
  EXPECT_GT(ids.size(), 2U);
  EXPECT_FALSE(v.knows("xylophone"));
  EXPECT_EQ(v.meant("xylophone"), "");
  EXPECT_LE(v.encode(std::string(10000, 'x'), 16).size(), 16U);
}

TEST(Vocabulary, SynonymsStandForKnownWords) {
  Vocabulary v = animals();
  const std::vector<int32_t> pieces = v.encode("a beagle", 16);
  ASSERT_TRUE(v.add_synonyms("beagle dog\nvixen fox\n"));
  EXPECT_NE(v.encode("a beagle", 16), pieces);
  EXPECT_EQ(v.encode("a beagle", 16), whole(v, {"a", "dog"}));
  EXPECT_EQ(v.meant("beagle"), "dog");
  EXPECT_FALSE(v.knows("beagle"));
  EXPECT_EQ(v.synonyms(), "beagle dog\nvixen fox\n");
  EXPECT_EQ(v.text(), animals().text()) << "synonyms are no tokens";
}

TEST(Vocabulary, AWordThatFewCaptionsHoldCanStandForAnother) {
  Vocabulary v = animals();
  ASSERT_TRUE(v.knows("fox") && v.knows("dog"));
  ASSERT_TRUE(v.add_synonyms("fox dog\n"));
  EXPECT_EQ(v.meant("fox"), "dog");
  EXPECT_EQ(v.meant("foxes"), "dog");
  EXPECT_EQ(v.encode("a fox", 16), whole(v, {"a", "dog"}));
  EXPECT_EQ(v.meant("dog"), "");
}

TEST(Vocabulary, PluralsAreDrawnAsTheirSingular) {
  Vocabulary v = animals();
  ASSERT_TRUE(v.add_synonyms("beagle dog\n"));
  for (const auto& [plural, one] : {std::pair{"dogs", "dog"},
                                    {"foxes", "fox"},
                                    {"boxes", "box"},
                                    {"ladies", "lady"},
                                    {"wolves", "wolf"},
                                    {"knives", "knife"},
                                    {"churches", "church"},
                                    {"pins", "pin"},
                                    {"beagles", "dog"}})
    EXPECT_EQ(v.meant(plural), one) << plural;
  for (const char* none : {"dog", "s", "es", "glass", "dogss", "pines", "doges", ""}) EXPECT_EQ(v.meant(none), "") << none;
}

TEST(Vocabulary, BadSynonymsAreRefused) {
  for (const char* bad :
       {"beagle", "beagle cat\n", " dog\n", "beagle \n", "beagle dog\nbeagle fox\n", "a\n\n", "beagle dog fox\n", "beagle ##x\n", "beagle dog\ndog fox\n"}) {
    Vocabulary v = animals();
    const auto added = v.add_synonyms(bad);
    ASSERT_FALSE(added) << bad;
    EXPECT_EQ(added.error().code, ErrorCode::corrupt);
    EXPECT_NE(added.error().message.find("synonyms: "), std::string::npos) << added.error().message;
  }
}

}  // namespace ptah
