// Checks of instructions: IFEval's own verdicts (tools/reference/instructions.py), what its checkers need models for, and hostile bytes.
#include "text/instructions/instructions.h"

#include <gtest/gtest.h>

#include <random>

#include "base/file.h"
#include "base/text.h"
#include "text/instructions/passages.h"

namespace ptah {
namespace {

TEST(Instructions, VerdictsAreThoseOfIfeval) {
  const std::string text = value_or_throw(read_text(std::filesystem::path(PTAH_SOURCE_DIR) / "tests" / "golden" / "instructions.jsonl"));
  size_t rows = 0;
  for (const std::string& line : lines_of(text)) {
    const Json row = value_or_throw(parse_json(line));
    const Instruction one = value_or_throw(Instruction::make(row[0].get<std::string>(), row[1]));
    EXPECT_EQ(one.kept(row[2].get<std::string>()), row[3].get<bool>()) << line;
    ++rows;
  }
  EXPECT_GT(rows, 400U);
}

bool kept(const char* kind, const Json& arguments, const char* answer) { return value_or_throw(Instruction::make(kind, arguments)).kept(answer); }

TEST(Instructions, SentencesAndCapitalWordsAreCounted) {
  const auto sentences = [](const char* text, int64_t n) {
    return kept("length_constraints:number_sentences", {{"relation", "at least"}, {"num_sentences", n}}, text) &&
           kept("length_constraints:number_sentences", {{"relation", "less than"}, {"num_sentences", n + 1}}, text);
  };
  EXPECT_TRUE(sentences("One. Two! Three?", 3));
  EXPECT_TRUE(sentences("It costs 3.50 at Dr. Who's, e.g. on Mondays.", 1));
  EXPECT_TRUE(sentences("No end mark", 1));
  EXPECT_TRUE(sentences("She said \"Go!\" Then she left... Really?!", 3));
  EXPECT_TRUE(sentences("你好。再见！", 2));
  EXPECT_TRUE(sentences("See example.com/a.b for more.", 1));
  const auto capitals = [](const char* text, int64_t n) {
    return kept("change_case:capital_word_frequency", {{"capital_relation", "at least"}, {"capital_frequency", n}}, text) &&
           kept("change_case:capital_word_frequency", {{"capital_relation", "less than"}, {"capital_frequency", n + 1}}, text);
  };
  EXPECT_TRUE(capitals("I saw NASA and the ÄRZTE, not Nasa. 42 X9!", 4));
  EXPECT_TRUE(kept("change_case:english_capital", Json::object(), "THE DOG AND THE CAT ARE IN THE HOUSE."));
  EXPECT_FALSE(kept("change_case:english_capital", Json::object(), "THE DOG AND THE CAT ARE IN THe HOUSE."));
  EXPECT_FALSE(kept("change_case:english_capital", Json::object(), "DER HUND UND DIE KATZE SIND NICHT IN DEM HAUS"));
  EXPECT_TRUE(kept("change_case:english_lowercase", Json::object(), "the dog, 42 times."));
  EXPECT_FALSE(kept("change_case:english_lowercase", Json::object(), "the Dog"));
}

TEST(Instructions, LanguagesAreTold) {
  const std::pair<const char*, const char*> texts[] = {
      {"kn", "ಹ್ಯಾಂಬರ್ಗರ್ ಒಂದು ಸ್ಯಾಂಡ್‌ವಿಚ್ ಆಗಿದೆ"},
      {"pa", "ਇਹ ਇੱਕ ਚੰਗਾ ਦਿਨ ਹੈ"},
      {"gu", "આ એક સારો દિવસ છે"},
      {"bn", "এটি একটি সুন্দর দিন"},
      {"ta", "இது ஒரு நல்ல நாள்"},
      {"te", "ఇది ఒక మంచి రోజు"},
      {"hi", "यह एक अच्छा दिन है और मैं खुश हूँ"},
      {"mr", "हा एक चांगला दिवस आहे आणि मी आनंदी आहे"},
      {"ne", "यो एक राम्रो दिन छ र म खुशी छु"},
      {"fa", "این یک روز خوب است و گل‌ها زیبا هستند"},
      {"ur", "یہ ایک اچھا دن ہے"},
      {"ar", "هذا يوم جميل جدا في المدينة"},
      {"ru", "Это был хороший день, и мы гуляли"},
      {"bg", "Това е добър ден и ние се разхождаме на брега"},
      {"uk", "Це гарний день і ми її любимо"},
      {"th", "วันนี้เป็นวันที่ดี"},
      {"ko", "오늘은 좋은 날입니다"},
      {"de", "Das ist ein guter Tag und wir sind nicht im Haus"},
      {"vi", "Hôm nay là một ngày đẹp và tôi không có việc của người khác"},
      {"fi", "Tänään on hyvä päivä ja se ei ole huono, mutta minä olen väsynyt"},
      {"sw", "Leo ni siku nzuri na watu wa mji huu wana furaha kwa hii kazi ya pamoja"},
      {"pt", "Hoje é um dia bom e você não está em casa com a sua mãe"},
      {"it", "Oggi è una bella giornata e non sono a casa con la mia amica"},
      {"en", "This is a good day and we are not at home"}};
  for (const auto& [code, text] : texts)
    for (const auto& [other, unused] : texts) {
      const bool found = kept("language:response_language", {{"language", other}}, text);
      if (std::string_view(code) == other) {
        EXPECT_TRUE(found) << code;
      } else {
        EXPECT_FALSE(found) << text << " is no " << other;
      }
    }
}

TEST(Instructions, JsonFollowsItsSchemaInAnyOrderOfProperties) {
  const Json schema = {{"type", "object"},
                       {"properties", {{"name", {{"type", "string"}}}, {"age", {{"type", "integer"}}}}},
                       {"required", {"name", "age"}},
                       {"additionalProperties", false}};
  EXPECT_TRUE(kept("json_schema", {{"schema", schema}}, " {\"name\": \"Ada\", \"age\": 36} "));
  EXPECT_TRUE(kept("json_schema", {{"schema", schema}}, "{\"age\": 36, \"name\": \"Ada\"}"));
  EXPECT_FALSE(kept("json_schema", {{"schema", schema}}, "{\"name\": \"Ada\"}"));
  EXPECT_FALSE(kept("json_schema", {{"schema", schema}}, "{\"name\": \"Ada\", \"age\": \"36\"}"));
  EXPECT_FALSE(kept("json_schema", {{"schema", schema}}, "Here it is: {\"name\": \"Ada\", \"age\": 36}"));
  EXPECT_FALSE(Instruction::make("json_schema", {{"schema", {{"type", "object"}, {"frobnicate", 1}}}}));
}

TEST(Instructions, WrongRowsAreRefusedByName) {
  EXPECT_EQ(Instruction::kinds().size(), 26U);
  const auto message = [](const char* kind, const Json& arguments) {
    const auto made = Instruction::make(kind, arguments);
    return made ? std::string("made") : made.error().message;
  };
  EXPECT_NE(message("punctuation:no_comm", Json::object()).find("punctuation:no_comma"), std::string::npos);
  EXPECT_NE(message("keywords:frequency", {{"keyword", "a"}, {"frequency", 2}}).find("relation"), std::string::npos);
  EXPECT_NE(message("keywords:frequency", {{"keyword", "a"}, {"frequency", 2}, {"relation", "more than"}}).find("at least"), std::string::npos);
  EXPECT_NE(message("punctuation:no_comma", {{"words", 3}}).find("words"), std::string::npos);
  EXPECT_EQ(message("punctuation:no_comma", {{"words", nullptr}}), "made") << "IFEval's rows say null for what they do not have";
  for (const char* row : {"[]", "{\"prompt\": 3}", "{\"prompt\": \"a\", \"instruction_id_list\": [\"punctuation:no_comma\"], \"kwargs\": []}",
                          "{\"prompt\": \"a\", \"instruction_id_list\": [3], \"kwargs\": [{}]}",
                          "{\"prompt\": \"a\", \"instruction_id_list\": {}, \"kwargs\": {}}", "nonsense"}) {
    const auto made = checked_requests(std::string("\n") + row, "file.jsonl");
    ASSERT_FALSE(made) << row;
    EXPECT_NE(made.error().message.find("file.jsonl:2"), std::string::npos) << made.error().message;
  }
  const auto two =
      checked_request({{"prompt", "a"}, {"instruction_id_list", {"punctuation:no_comma", "startend:quotation"}}, {"kwargs", {Json::object(), Json::object()}}});
  ASSERT_TRUE(two);
  EXPECT_EQ(two->share_kept("none"), 0.5);
  EXPECT_EQ(two->share_kept("\"none\""), 1);
  EXPECT_EQ(two->share_kept("  "), 0) << "an empty answer keeps to nothing";
}

TEST(Instructions, AnyBytesGetAVerdict) {
  std::mt19937 random(3);
  const std::string marks = "*\n\"<>[]{}().!?`P.S-SECTION 1\xC3\xA9\xF0\x9F\x98\x80\xFF\xC0 ";
  for (int i = 0; i < 400; ++i) {
    std::string text;
    for (size_t n = random() % 60; n-- > 0;) text += random() % 3 ? marks[random() % marks.size()] : static_cast<char>(random());
    for (const std::string& kind : Instruction::kinds()) {
      const Json all = {{"num_bullets", 1},
                        {"num_highlights", 1},
                        {"num_sections", 1},
                        {"section_spliter", "SECTION"},
                        {"num_placeholders", 1},
                        {"postscript_marker", "P.S."},
                        {"num_paragraphs", 1},
                        {"relation", "at least"},
                        {"num_words", 1},
                        {"nth_paragraph", 1},
                        {"first_word", "a"},
                        {"keywords", {"a"}},
                        {"forbidden_words", {"a"}},
                        {"keyword", "a"},
                        {"frequency", 1},
                        {"let_relation", "less than"},
                        {"letter", "a"},
                        {"let_frequency", 1},
                        {"end_phrase", "a"},
                        {"prompt_to_repeat", "a"},
                        {"language", i % 2 ? "hi" : "vi"},
                        {"capital_relation", "at least"},
                        {"capital_frequency", 1},
                        {"num_sentences", 1},
                        {"schema", {{"type", "object"}}}};
      Json own = Json::object();
      for (const auto& [key, value] : all.items()) {
        Json with = own;
        with[key] = value;
        // the kind says which arguments it has
        const auto tried = Instruction::make(kind, with);
        if (tried || tried.error().message.find("it has no") == std::string::npos) own = with;
      }
      const auto made = Instruction::make(kind, own);
      if (made) made->kept(text);
    }
  }
  EXPECT_EQ(word_runs("\xFF\xFE").size(), 0U);
  EXPECT_EQ(small_letters("ÄÖ\xFF"), "äö\xFF");
}

}  // namespace
}  // namespace ptah
