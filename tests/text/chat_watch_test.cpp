// What keeps a chat in order: answers that repeat themselves are ended, answers in another language are not shown, languages are told apart.
#include <gtest/gtest.h>

#include "base/text.h"
#include "text/language_of.h"
#include "text/lm/repetition.h"

namespace ptah {
namespace {

/// After how many words a text loops, each word being a token; −1: never.
int looped_after(const std::vector<std::string>& words) {
  RepetitionWatch watch;
  std::map<std::string, int32_t> ids;
  int n = 0;
  for (const std::string& word : words) {
    ++n;
    if (watch.add(ids.emplace(word, static_cast<int32_t>(ids.size())).first->second, word + " ")) return n;
  }
  return -1;
}

std::vector<std::string> repeated(const std::vector<std::string>& words, int times) {
  std::vector<std::string> out;
  for (int i = 0; i < times; ++i) out.insert(out.end(), words.begin(), words.end());
  return out;
}

TEST(Repetition, TheSameWordsAgainAndAgainAreALoop) {
  EXPECT_EQ(looped_after(repeated({"no"}, 200)), 41);
  EXPECT_EQ(looped_after(repeated({"a", "b", "c", "d", "e"}, 200)), 45);
  std::vector<std::string> verse;
  for (int i = 0; i < 30; ++i) verse.push_back("w" + std::to_string(i));
  EXPECT_EQ(looped_after(repeated(verse, 2)), -1) << "a refrain";
  EXPECT_EQ(looped_after(repeated(verse, 5)), 90) << "three times";
  EXPECT_EQ(looped_after(repeated({"-"}, 30)), -1) << "a line of a table";
}

TEST(Repetition, SentencesThatDifferInNumbersOnlyAreALoop) {
  std::vector<std::string> list;
  for (int i = 1; i <= 9; ++i) {
    list.push_back(std::to_string(i) + ".");
    for (const char* word : {"Visit", "the", "famous", "museum", "of", "the", "city", "centre.\n"}) list.emplace_back(word);
  }
  EXPECT_EQ(looped_after(list), 4 * 9);
  list.clear();
  for (const char* thing : {"apples", "pears", "plums", "grapes", "cherries", "melons"})
    for (const char* word : {"Remember", "to", "buy", "some", "fresh", thing, "today.\n"}) list.emplace_back(word);
  EXPECT_EQ(looped_after(list), -1);
}

TEST(Languages, AreToldByTheirCommonWords) {
  const std::pair<const char*, const char*> known[] = {
      {"en", "Hello, my name is Ada and I live in Lisbon."},
      {"en", "I am Ruth, I am 71 years old and I like chess."},
      {"en", "I am Ella and I am a nurse."},
      {"en", "List exactly three fruits as a bullet list."},
      {"de", "Hallo, ich heiße Jonas und wohne in Bremen."},
      {"fr", "Bonjour, je m'appelle Claire et j'habite à Lyon."},
      {"es", "Hola, me llamo Pablo y vivo en Sevilla."},
      {"it", "Ciao, mi chiamo Marco e abito a Torino, dove sono nato."},
      {"pt", "Olá, o meu nome é Rita e não moro em Lisboa."},
      {"nl", "Hallo, ik woon in Utrecht en dit is mijn hond."},
      {"pl", "Cześć, jestem Anna i mieszkam w Krakowie."},
      {"ru", "Привет, меня зовут Ольга."},
      {"ja", "私はアナです。"},
      {"zh", "你好，我叫安娜。"},
      {"ko", "안녕하세요, 저는 아나입니다."},
      {"el", "Γεια σου, με λένε Άννα."},
  };
  for (const auto& [language, text] : known) EXPECT_EQ(language_of(text), language) << text;
  for (const char* unclear : {"", "Paris", "42", "OK!", "x = f(y);", "Mimi, Rex, Koko", "\xff\xfe"}) EXPECT_EQ(language_of(unclear), "") << unclear;
  EXPECT_EQ(own_name_of("de"), "Deutsch");
  EXPECT_EQ(own_name_of("xx"), "");
}

TEST(Languages, ALanguageThatIsSpokenOfIsNoticed) {
  for (const char* text : {"How do you say 'dog' in Spanish?", "Sag das bitte auf Englisch.", "Traduis en allemand !", "Translate: good morning"})
    EXPECT_TRUE(names_a_language(text)) << text;
  for (const char* text : {"Where did I put my shoes?", "I live in Spain.", ""}) EXPECT_FALSE(names_a_language(text)) << text;
}

}  // namespace
}  // namespace ptah
