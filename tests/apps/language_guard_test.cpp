// Answers in another language are not shown, and what is said of answers is noted in rows that TRL reads.
#include "apps/companion/language_guard.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include "apps/companion/feedback_log.h"
#include "base/file.h"
#include "base/text.h"
#include "base/json.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

/// What is shown of an answer that comes word by word; "(stopped)" behind it if it was.
std::string shown(const std::string& language, const std::string& answer) {
  std::string out;
  LanguageGuard guard(language, [&](std::string_view news) { out += news; });
  for (size_t at = 0; at < answer.size(); at += 7)
    if (!guard.add(std::string_view(answer).substr(at, 7))) return out + "(stopped)";
  return guard.finish() ? out : out + "(stopped)";
}

TEST(AnswersInAnotherLanguage, AreStoppedBeforeAnythingIsShown) {
  const std::string german = "Ich bin ein Modell und ich kann dir bei vielen Fragen helfen, wenn du sie mir stellst. Was ist deine Frage?",
                    english = "Sure, I can help you with that, and it is easy.";
  EXPECT_EQ(shown("de", german), german);
  EXPECT_EQ(shown("en", german), "(stopped)");
  EXPECT_EQ(shown("", german), german) << "any language is right";
  EXPECT_EQ(shown("en", english), english);
  EXPECT_EQ(shown("de", english), "(stopped)") << "also a short one, at its end";
  EXPECT_EQ(shown("de", "Paris"), "Paris") << "a word tells nothing";
}

TEST(FeedbackLogs, HoldTheRowsThatTrlReads) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("ptah-log-{}", ::getpid());
  const FeedbackLog log(folder / "deep" / "feedback.jsonl");
  const std::vector<ChatMessage> talk{{"system", "Be brief."}, {"user", "Hi"}, {"assistant", "Hello!"}};
  EXPECT_EQ(log.thumb({{"user", "Hi"}}, true).error().code, ErrorCode::invalid_argument);
  ASSERT_TRUE(log.thumb(talk, false));
  ASSERT_TRUE(log.better(talk, "Hey!", "Hello!"));
  EXPECT_EQ(log.better(talk, "Hello!", "Hello!").error().code, ErrorCode::invalid_argument);
  const auto lines = lines_of(value_or_throw(read_text(log.file())));
  ASSERT_EQ(lines.size(), 2U);
  const Json thumb = Json::parse(lines[0]), pair = Json::parse(lines[1]);
  EXPECT_EQ(thumb["label"], false);
  EXPECT_EQ(thumb["completion"][0]["content"], "Hello!");
  EXPECT_EQ(thumb["prompt"].size(), 2U);
  EXPECT_EQ(pair["chosen"][0]["content"], "Hey!");
  EXPECT_EQ(pair["rejected"][0]["content"], "Hello!");
  EXPECT_EQ(pair["prompt"], thumb["prompt"]);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace ptah
