// English texts as they are said, and the phonemes of words.
#include "voice/english/reader.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/text.h"
#include "models/registry.h"
#include "tests/skip.h"
#include "voice/english/normalise.h"
#include "voice/english/numbers.h"

namespace ptah {

namespace {

std::shared_ptr<const EnglishLexicon> small_lexicon() {
  return value_or_throw(EnglishLexicon::parse(
      R"({"the": "ði", "cat": "kˈæt", "dog": "dˈɔɡ", "apple": "ˈæpᵊl", "house": "hˈWs", "start": "stˈɑɹt", "bake": "bˈAk", "stop": "stˈɑp", "need": "nˈid",
          "read": {"DEFAULT": "ɹˈid", "VBN": "ɹˈɛd", "VBP": "ɹˈɛd", "VBD": "ɹˈɛd"}, "boat": "bˈOt", "N": "ˈɛn", "G": "ʤˈi", "O": "ˈO", "happy": "hˈæpi", "used": "jˈuzd"})",
      R"({"cat": "wrong", "city": "sˈɪɾi"})", false));
}

}  // namespace

TEST(Numbers, AreSaidAsWords) {
  EXPECT_EQ(cardinal_words(0), "zero");
  EXPECT_EQ(cardinal_words(1000001), "one million one");
  EXPECT_EQ(cardinal_words(999999999999999999U),
            "nine hundred ninety nine quadrillion nine hundred ninety nine trillion nine hundred ninety nine billion "
            "nine hundred ninety nine million nine hundred ninety nine thousand nine hundred ninety nine");
  EXPECT_EQ(ordinal_words(1000), "one thousandth");
  EXPECT_EQ(ordinal_words(72), "seventy second");
  EXPECT_EQ(year_words(1066), "ten sixty six");
  EXPECT_EQ(number_words("1,2345"), std::nullopt);
  EXPECT_EQ(number_words("12,34"), std::nullopt);
  EXPECT_EQ(number_words("1.2.3"), std::nullopt);
  EXPECT_EQ(roman_value("XIV"), 14U);
  EXPECT_EQ(roman_value("IIX"), std::nullopt);
}

TEST(English, TextsAreSaidAsPeopleSayThem) {
  // Texts and what a reader makes of them, written before the program was asked; capitals do not matter.
  const std::string cases = value_or_throw(read_text(std::filesystem::path(PTAH_SOURCE_DIR) / "tests" / "golden" / "voice" / "normalise.txt"));
  size_t count = 0, right = 0;
  std::string wrong;
  for (size_t at = 0; at < cases.size();) {
    const size_t middle = cases.find('\t', at), end = cases.find('\n', at);
    const std::string written = cases.substr(at, middle - at), wanted = cases.substr(middle + 1, end - middle - 1), said = said_text(written);
    at = end + 1;
    ++count;
    if (lower_case(said) == lower_case(wanted))
      ++right;
    else
      wrong += fmt::format("{}\n  wanted {}\n  said   {}\n", written, wanted, said);
  }
  EXPECT_GE(count, 300U);
  RecordProperty("right", fmt::format("{} of {}", right, count));
  RecordProperty("wrong", wrong);
  EXPECT_GE(static_cast<double>(right), 0.98 * static_cast<double>(count)) << right << " of " << count << "\n" << wrong;
  EXPECT_EQ(said_text("# A heading\n\nA text"), "A heading. A text");
  const auto parts = said_parts("It cost $2.5 million, no less.");
  ASSERT_EQ(parts.size(), 5U);
  EXPECT_EQ(parts[2].written, "$2.5 million,");
  EXPECT_EQ(parts[2].said, "two point five million dollars,");
}

TEST(English, WordsHaveTheirPhonemes) {
  const auto lexicon = small_lexicon();
  const auto said = [&](const char* word, const WordContext& context = {}) { return lexicon->phonemes(word, context); };
  EXPECT_EQ(said("cat"), "kˈæt") << "the better dictionary goes before";
  EXPECT_EQ(said("Cat"), "kˈæt");
  EXPECT_EQ(said("cats"), "kˈæts");
  EXPECT_EQ(said("dogs"), "dˈɔɡz");
  EXPECT_EQ(said("houses"), "hˈWsᵻz");
  EXPECT_EQ(said("dog's"), "dˈɔɡz");
  EXPECT_EQ(said("cities"), "sˈɪɾiz");
  EXPECT_EQ(said("baked"), "bˈAkt");
  EXPECT_EQ(said("stopped"), "stˈɑpt");
  EXPECT_EQ(said("stopping"), "stˈɑpɪŋ");
  EXPECT_EQ(said("boating"), "bˈOɾɪŋ") << "a flap between vowels";
  EXPECT_EQ(said("needed"), "nˈidᵻd");
  EXPECT_EQ(said("doghouse"), "dˈɔɡhˌWs");
  EXPECT_EQ(said("NGO"), "ˌɛnʤˌiˈO");
  EXPECT_EQ(said("the", {.after = "cat", .vowel_follows = false, .ends = false}), "ðə");
  EXPECT_EQ(said("the", {.after = "apple", .vowel_follows = true, .ends = false}), "ði");
  EXPECT_EQ(said("read", {.before = "will", .ends = false}), "ɹˈid");
  EXPECT_EQ(said("read", {.before = "have", .ends = false}), "ɹˈɛd");
  EXPECT_EQ(said("used", {.after = "to", .ends = false}), "jˈust");
  for (const char* name : {"Zorblax", "Krakow", "quizzify", "café", "strength", "Tchaikovsky"}) EXPECT_FALSE(said(name).empty()) << name;
  EXPECT_EQ(spelled_phonemes("blip"), "blˈɪp");
  EXPECT_EQ(spelled_phonemes("snake"), "snˈAk");
  EXPECT_EQ(spelled_phonemes("philt"), "fˈɪlt");
}

TEST(English, TextsBecomeUtterances) {
  const auto lexicon = small_lexicon();
  const auto read = value_or_throw(read_english("The cat. The dog stopped, the cat [Xyz](/ɹˈɛd/)!\n\nApple?", *lexicon));
  ASSERT_EQ(read.size(), 2U) << "short sentences of a paragraph are said together";
  EXPECT_EQ(read[0].phonemes, "ðə kˈæt. ðə dˈɔɡ stˈɑpt, ðə kˈæt ɹˈɛd!");
  EXPECT_EQ(read[1].phonemes, "ˈæpᵊl?");
  EXPECT_TRUE(read[0].paragraph);
  ASSERT_EQ(read[0].words.size(), 8U);
  EXPECT_EQ(read[0].words[1].text, "cat");
  EXPECT_EQ(read[0].words[1].begin, 3U);
  EXPECT_EQ(read[0].words[1].end, 7U);
  EXPECT_EQ(read[0].words[7].text, "Xyz");
  EXPECT_EQ(read[0].words[7].written, "Xyz!");
  const auto money = value_or_throw(read_english("The $5 — cat.", *lexicon));
  std::string written;
  for (const ReadWord& word : money[0].words) written += (written.empty() || word.written.empty() ? "" : " ") + word.written;
  EXPECT_EQ(written, "The $5 — cat.") << "each part of the text once";
  EXPECT_EQ(money[0].words.size(), 4U);
  EXPECT_EQ(read_english("?!", *lexicon).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(read_english("\xff", *lexicon).error().code, ErrorCode::invalid_argument);
}

TEST(English, ALongFirstSentenceGoesAlone) {
  const auto lexicon = small_lexicon();
  const auto read = value_or_throw(read_english("The cat stopped the dog, the dog stopped the cat. The cat. The dog. The house.", *lexicon));
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].words.size(), 10U);
  EXPECT_EQ(read[1].words.size(), 6U);
}

TEST(English, NoWordOfALongTextIsLost) {
  const auto lexicon = small_lexicon();
  std::string text;
  size_t words = 0;
  for (int i = 0; i < 1000; ++i, words += 3) text += i % 97 == 96 ? "the cat stopped. " : i % 11 == 10 ? "the cat stopped, " : "the cat stopped ";
  for (const size_t limit : {size_t{40}, size_t{500}}) {
    const auto read = value_or_throw(read_english(text, *lexicon, limit));
    size_t found = 0;
    for (const Utterance& one : read) {
      EXPECT_LE(one.characters, limit);
      found += one.words.size();
      ASSERT_FALSE(one.words.empty());
      EXPECT_LE(one.words.back().end, one.characters);
    }
    EXPECT_EQ(found, words);
  }
}

TEST(English, TheDictionaryKnowsWhatPeopleWrite) {
  const auto home = pulled_models_folder();
  if (!home || !std::filesystem::exists(*home / "kokoro" / "us_gold.json")) PTAH_LEFT_OUT("models", "kokoro is not pulled");
  const auto lexicon = value_or_throw(EnglishLexicon::load(*home / "kokoro", false));
  const auto read = value_or_throw(read_english("The quick brown fox jumps over two lazy dogs, and it costs $5.", *lexicon));
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].phonemes, "ðə kwˈɪk bɹˈWn fˈɑks ʤˈʌmps ˈOvəɹ tˈu lˈAzi dˈɔɡz, ænd ɪt kˈɔsts fˈIv dˈɑləɹz.");
}

}  // namespace ptah
