// English texts as they are said, and the phonemes of words.
#include "voice/english/reader.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "models/registry.h"
#include "tests/skip.h"
#include "voice/english/normalise.h"
#include "voice/english/numbers.h"

namespace ptah {

namespace {

struct Case {
  const char *written, *said;
};

/// Texts and what a reader makes of them.
constexpr Case kCases[] = {
    {"I have 3 cats.", "I have three cats."},
    {"It took 1,234 days.", "It took one thousand two hundred thirty four days."},
    {"Pi is 3.14.", "Pi is three point one four."},
    {"It is -5 outside.", "It is minus five outside."},
    {"Agent 007", "Agent zero zero seven"},
    {"It costs $5.", "It costs five dollars."},
    {"It costs $1.", "It costs one dollar."},
    {"It costs $3.50.", "It costs three dollars and fifty cents."},
    {"only $0.99", "only ninety nine cents"},
    {"£12.01", "twelve pounds and one penny"},
    {"€1,000", "one thousand euros"},
    {"a $2.5 million house", "a two point five million dollars house"},
    {"$3bn", "three billion dollars"},
    {"¥500", "five hundred yen"},
    {"in 1984", "in nineteen eighty four"},
    {"in 1905", "in nineteen oh five"},
    {"in 2005", "in two thousand five"},
    {"in 2000", "in two thousand"},
    {"in 1900", "in nineteen hundred"},
    {"by 2026", "by twenty twenty six"},
    {"the 1980s", "the nineteen eighties"},
    {"the '90s", "the nineties"},
    {"from 1990-1995", "from nineteen ninety to nineteen ninety five"},
    {"pages 10–20", "pages ten to twenty"},
    {"the 1st, 2nd, 3rd and 4th", "the first, second, third and fourth"},
    {"the 21st century", "the twenty first century"},
    {"the 12th man", "the twelfth man"},
    {"the 40th time", "the fortieth time"},
    {"10:30 pm", "ten thirty P M"},
    {"at 10:30 p.m. we left", "at ten thirty P M we left"},
    {"at 9:05 today", "at nine oh five today"},
    {"at 8:00 sharp", "at eight o'clock sharp"},
    {"8:00 am", "eight A M"},
    {"5pm", "five P M"},
    {"14:45", "fourteen forty five"},
    {"on December 25", "on december twenty fifth"},
    {"on Dec. 25, 2026", "on december twenty fifth, twenty twenty six"},
    {"4 July 1776", "the fourth of july seventeen seventy six"},
    {"2026-12-01", "december first, twenty twenty six"},
    {"12/25/2026", "december twenty fifth, twenty twenty six"},
    {"5 kg of rice", "five kilograms of rice"},
    {"1 kg", "one kilogram"},
    {"20°C", "twenty degrees Celsius"},
    {"60 mph", "sixty miles per hour"},
    {"100 km/h", "one hundred kilometers per hour"},
    {"16GB of memory", "sixteen gigabytes of memory"},
    {"50%", "fifty percent"},
    {"12.5 %", "twelve point five percent"},
    {"1/2 cup", "one half cup"},
    {"3/4 full", "three quarters full"},
    {"2/3 of it", "two thirds of it"},
    {"open 24/7", "open twenty four seven"},
    {"version 1.2.3", "version one point two point three"},
    {"Dr. Smith", "Doctor Smith"},
    {"Baker St. is long", "Baker Street is long"},
    {"St. Peter", "Saint Peter"},
    {"Mr. and Mrs. Jones", "Mister and Missus Jones"},
    {"cats, dogs, etc. are here", "cats, dogs, et cetera are here"},
    {"fruit, e.g. apples", "fruit, for example apples"},
    {"i.e. nothing", "that is nothing"},
    {"the U.S. is large", "the U S is large"},
    {"No. 5", "Number five"},
    {"#1", "number one"},
    {"Henry VIII", "Henry the eighth"},
    {"World War II", "World War two"},
    {"Chapter IV", "Chapter four"},
    {"chapter I", "chapter one"},
    {"salt & pepper", "salt and pepper"},
    {"an MP3 file", "an MP three file"},
    {"see example.org/page", "see example dot org slash page"},
    {"write to ann@example.com.", "write to ann at example dot com."},
    {"https://www.example.com", "W W W dot example dot com"},
    {"call 555-1234", "call five five five, one two three four"},
    {"Wait... what?", "Wait… what?"},
    {"one - two", "one — two"},
    {"He said “yes”.", "He said “yes”."},
    {"# A heading\n\nA text", "A heading. A text"},
    {"the dogs' bowls", "the dogs' bowls"},
    {"It ended at 5 p.m.", "It ended at five P M."},
    {"Acme Inc. was sold.", "Acme Incorporated was sold."},
    {"1,000,000 people", "one million people"},
    {"0.5 liters", "zero point five liters"},
    {"7,5,3", "seven five three"},
};

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
  for (const Case& one : kCases) EXPECT_EQ(said_text(one.written), one.said) << one.written;
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
  EXPECT_EQ(read_english("?!", *lexicon).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(read_english("\xff", *lexicon).error().code, ErrorCode::invalid_argument);
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
