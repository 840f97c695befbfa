// SSML: what is said, in which manner, and what is refused.
#include "voice/english/markup.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "voice/english/reader.h"

namespace ptah {

TEST(Markup, PartsHaveTheirManner) {
  ASSERT_TRUE(is_markup("\n <speak>a</speak>"));
  EXPECT_FALSE(is_markup("speak < 3"));
  const auto parts = value_or_throw(parts_of_markup(
      "<?xml version=\"1.0\"?><speak><!-- a > b --><p>Tom &amp; Ann.</p><break time=\"500ms\"/>Say <prosody rate='slow' pitch='+2st' volume=\"-6dB\">this "
      "<voice name=\"bf_emma\">way</voice></prosody> <sub alias=\"et cetera\">etc.</sub></speak>"));
  ASSERT_EQ(parts.size(), 5U);
  EXPECT_EQ(parts[0].text, "Tom & Ann.");
  EXPECT_TRUE(parts[0].paragraph);
  EXPECT_EQ(trimmed(parts[1].text), "Say");
  EXPECT_DOUBLE_EQ(parts[1].silence, 0.5);
  EXPECT_EQ(trimmed(parts[2].text), "this");
  EXPECT_FLOAT_EQ(parts[2].speed, 0.75F);
  EXPECT_NEAR(parts[2].pitch, 1.1225, 1e-4);
  EXPECT_NEAR(parts[2].volume, 0.5012, 1e-4);
  EXPECT_EQ(parts[3].voice, "bf_emma");
  EXPECT_FLOAT_EQ(parts[3].speed, 0.75F) << "within the other manner";
  EXPECT_EQ(trimmed(parts[4].text), "et cetera");
  EXPECT_FLOAT_EQ(parts[4].speed, 1);
  EXPECT_EQ(parts[4].voice, "");
}

TEST(Markup, WordsAreSaidAsTheyAreMarked) {
  const auto text = [](const std::string& inner) { return std::string(trimmed(value_or_throw(parts_of_markup("<speak>" + inner + "</speak>")).at(0).text)); };
  EXPECT_EQ(text("a <phoneme alphabet=\"ipa\" ph=\"təˈmeɪtoʊ\">tomato</phoneme> b"), "a [tomato](/təˈmeɪtoʊ/) b");
  EXPECT_EQ(text("<say-as interpret-as=\"characters\">abc 12</say-as>"), "A B C one two");
  EXPECT_EQ(text("<say-as interpret-as=\"ordinal\">3</say-as> <emphasis>man</emphasis>"), "third man");
  EXPECT_EQ(text("<s>One</s><s>Two!</s>"), "One. Two!");
  EXPECT_EQ(text("&#65;&#x42; &lt;"), "AB <");
  EXPECT_EQ(short_phonemes("təˈmeɪtoʊ"), "təˈmAtO");
  EXPECT_EQ(short_phonemes("dʒɜr"), "ʤɜɹ");
}

TEST(Markup, WhatIsNotUnderstoodIsRefused) {
  for (const char* wrong :
       {"<speak>", "<speak>a</p></speak>", "a <speak>b</speak>", "<speak><audio src='x'/></speak>", "<speak><break time='2'/></speak>",
        "<speak><break time='99s'/></speak>", "<speak>&nope;</speak>", "<speak>&#0;</speak>", "<speak><prosody rate='9'>a</prosody></speak>",
        "<speak><p a>b</p></speak>", "<speak><p a=b>b</p></speak>", "<speak><say-as interpret-as='x'>a</say-as></speak>",
        "<speak><phoneme ph=''>a</phoneme></speak>", "<speak><speak>a</speak></speak>", "<speak>a<b"}) {
    const auto parts = parts_of_markup(wrong);
    ASSERT_FALSE(parts) << wrong;
    EXPECT_EQ(parts.error().code, ErrorCode::invalid_argument) << wrong;
  }
  std::string deep = "<speak>";
  for (int i = 0; i < 100; ++i) deep += "<p>";
  EXPECT_FALSE(parts_of_markup(deep));
}

TEST(Markup, WordsOfOnesOwn) {
  const UserLexicon words = value_or_throw(user_lexicon("Ptah=tˈɑ, Nguyen = wˈɪn\n# a remark\nGIF=dʒˈɪf # another\n"));
  EXPECT_EQ(words, (UserLexicon{{"Ptah", "tˈɑ"}, {"Nguyen", "wˈɪn"}, {"GIF", "ʤˈɪf"}}));
  EXPECT_FALSE(user_lexicon("Ptah"));
  EXPECT_FALSE(user_lexicon("two words=a"));
  EXPECT_FALSE(user_lexicon("x="));
}

}  // namespace ptah
