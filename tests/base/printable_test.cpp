// Texts of strangers cannot be taken for what the program says.
#include "base/printable.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "base/text.h"

namespace ptah {
namespace {

/// What a terminal or a reader could mistake: everything that printable() has to hide.
bool safe_line(std::string_view text) {
  if (invalid_utf8_at(text) != std::string_view::npos) return false;
  for (size_t at = 0; at < text.size(); ++at) {
    const auto c = static_cast<unsigned char>(text[at]);
    const std::string_view two = text.substr(at, 2), three = text.substr(at, 3);
    if (c < 0x20 || c == 0x7F) return false;
    if (two >= "\xC2\x80" && two <= "\xC2\x9F") return false;
    if (two == "\xD8\x9C" || two == "\xC2\xAD") return false;                                                // Arabic letter mark, soft hyphen
    if (three >= "\xE2\x80\x8B" && three <= "\xE2\x80\x8F") return false;                                    // zero width, LRM, RLM
    if (three >= "\xE2\x80\xA8" && three <= "\xE2\x80\xAE") return false;                                    // separators, embeddings, overrides
    if (three >= "\xE2\x81\xA0" && three <= "\xE2\x81\xAF") return false;                                    // word joiner, isolates
    if (three == "\xEF\xBB\xBF") return false;                                                               // byte order mark
    if (text.substr(at, 4) >= "\xF3\xA0\x80\x80" && text.substr(at, 4) <= "\xF3\xA0\xBF\xBF") return false;  // tags
  }
  return true;
}

std::string hostile(std::mt19937& random) {
  static const std::vector<std::string> pieces{"\n",
                                               "\r",
                                               "\x1b[2J",
                                               "\x1b]0;x\x07",
                                               "\t",
                                               "\x7f",
                                               "\xc2\x9b"
                                               "31m",
                                               "\xc2\x85",
                                               "\xe2\x80\xa8",
                                               "\xe2\x80\xa9",
                                               "\xe2\x80\xae",
                                               "\xe2\x80\xaa",
                                               "\xe2\x81\xa6",
                                               "\xe2\x81\xa9",
                                               "\xe2\x80\x8e",
                                               "\xe2\x80\x8f",
                                               "\xd8\x9c",
                                               "\xe2\x80\x8b",
                                               "\xe2\x80\x8d",
                                               "\xef\xbb\xbf",
                                               "\xf3\xa0\x81\x81",
                                               "\xf3\xa0\x84\x80",
                                               "\xff",
                                               "\xc0\xaf",
                                               "\xed\xa0\x80",
                                               "\xf0\x9f",
                                               "\xf4\x90\x80\x80",
                                               "fox",
                                               "süß",
                                               "狐",
                                               "🦊",
                                               "\"",
                                               "'",
                                               "<b>",
                                               "&amp;",
                                               "\\n",
                                               "\nsigned by 0x0000000000000000000000000000000000000001, your key 'maker'\n",
                                               std::string(1, '\0')};
  std::string out;
  for (int i = static_cast<int>(random() % 12); i >= 0; --i)
    out += random() % 8 ? pieces[random() % pieces.size()] : std::string(1, static_cast<char>(random()));
  return out;
}

TEST(Printable, LeavesWordsOfEveryScriptAsTheyAre) {
  for (const std::string text : {"a fox, ein süßer 🦊", "赤い狐", "лиса", "ثعلب", "שועל", "❤️ 100 %", "C:\\new", ""}) EXPECT_EQ(printable(text), text);
}

TEST(Printable, ShowsWhatWouldNotBeSeen) {
  EXPECT_EQ(printable("a\nb\x1b[2Jc\x7f\r\t"), "a\\nb\\x1b[2Jc\\x7f\\r\\t");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m\xe2\x80\xaex"),
            "\\u{9b}31m\\u{202e}x")
      << "C1 and right-to-left override";
  EXPECT_EQ(printable("pass\xe2\x80\x8bword\xf3\xa0\x81\x81"), "pass\\u{200b}word\\u{e0041}") << "zero width and tags";
  EXPECT_EQ(printable("caf\xe9!"), "caf\\xe9!");
  EXPECT_EQ(printable("\xf0\x9f"), "\\xf0\\x9f");
  EXPECT_EQ(in_quotes("fox\" by \"Leica"), "\"fox\\\" by \\\"Leica\"");
}

TEST(Printable, CutsLongTextsAndSaysSo) {
  EXPECT_EQ(printable(std::string(5000, 'x'), 10), "xxxxxxx…");
  EXPECT_EQ(printable("0123456789", 10), "0123456789");
  EXPECT_LE(printable(std::string(5000, '\n'), 100).size(), 100U);
  EXPECT_EQ(printable("狐狐狐狐", 10), "狐狐…") << "no character is cut in two";
}

TEST(Printable, TenThousandHostileTextsStayOnOneLineAndMeanTheSameInJson) {
  std::mt19937 random(7);
  for (int i = 0; i < 10000; ++i) {
    const std::string text = hostile(random), line = printable(text);
    ASSERT_TRUE(safe_line(line)) << line;
    ASSERT_EQ(printable(line), line) << "twice is once";
    ASSERT_TRUE(safe_line(in_quotes(text)));
    const std::string dumped = nlohmann::json{{"title", text}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    const std::string json = printable_json(dumped);
    ASSERT_TRUE(safe_line(json)) << json;
    ASSERT_EQ(nlohmann::json::parse(json), nlohmann::json::parse(dumped));
    std::string several = printable_lines(text);
    for (char& c : several)
      if (c == '\n' || c == '\t') c = ' ';
    ASSERT_TRUE(safe_line(several));
  }
}

}  // namespace
}  // namespace ptah
