// Texts of other languages: clauses, the alphabet, words with their phonemes; by a stand-in for espeak-ng, which need not be installed.
#include "voice/foreign/espeak_reader.h"

#include <gtest/gtest.h>

#include "voice/voices.h"

namespace ptah {
namespace {

/// Each word as it is written, in small letters: enough to see which words are said.
Result<std::string> spelled(const std::string& clause) {
  std::string out;
  for (const char c : clause) out += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return out + "\n";
}

TEST(ForeignText, HasItsClausesWordsAndMarks) {
  const auto read = value_or_throw(read_foreign("Hola, mundo. Son 1.500 pesos!\n\nAdios", spelled));
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].phonemes, "hola, mundo. son 1.500 pesos!");
  EXPECT_TRUE(read[0].paragraph);
  ASSERT_EQ(read[0].words.size(), 5U);
  EXPECT_EQ(read[0].words[0].text, "Hola");
  EXPECT_EQ(read[0].words[0].written, "Hola,");
  EXPECT_EQ(read[1].words[0].text, "Adios");
  for (const Utterance& one : read) {
    const auto tokens = value_or_throw(tokens_of(one.phonemes));
    EXPECT_EQ(tokens.size(), one.characters + 2) << "characters are those that the network has: " << one.phonemes;
    for (const ReadWord& word : one.words) EXPECT_LE(word.end, one.characters);
  }
}

TEST(ForeignText, NoWordIsLostInLongOnes) {
  std::string text;
  for (int i = 0; i < 500; ++i) text += i % 90 == 89 ? "uno. " : "palabra ";
  const auto read = value_or_throw(read_foreign(text, spelled, 100));
  size_t words = 0;
  for (const Utterance& one : read) {
    EXPECT_LE(one.characters, 101U);
    words += one.words.size();
  }
  EXPECT_EQ(words, 500U);
}

TEST(ForeignText, AClauseOfOtherNumbersOfWordsIsOneWord) {
  const auto read =
      value_or_throw(read_foreign("Son 25 pesos.", [](const std::string&) -> Result<std::string> { return std::string("son bˈeɪnte sˈinko pˈesos"); }));
  ASSERT_EQ(read[0].words.size(), 1U);
  EXPECT_EQ(read[0].words[0].text, "Son 25 pesos");
  EXPECT_EQ(read[0].words[0].end + 1, read[0].characters) << "all of it, but the point";
}

TEST(ForeignText, TheAlphabetIsTheNetworks) {
  EXPECT_EQ(short_espeak_phonemes("t^ʃˈiko (en)wˈe^ɪ(es) d^ʒ-a\n"), "ʧˈiko wˈA ʤa");
  EXPECT_EQ(espeak_language('f'), "fr-fr");
  EXPECT_EQ(espeak_language('j'), "");
  EXPECT_EQ(read_foreign(" \n ", spelled).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(read_foreign("a\xFF", spelled).error().code, ErrorCode::invalid_argument);
  const auto none = read_foreign("a", [](const std::string&) -> Result<std::string> { return fail(ErrorCode::not_found, "gone"); });
  EXPECT_EQ(none.error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace ptah
