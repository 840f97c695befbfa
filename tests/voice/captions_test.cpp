// Captions of words whose times are known.
#include "voice/captions.h"

#include <gtest/gtest.h>

namespace ptah {

namespace {

/// Words of half a second each.
std::vector<SpokenWord> words_every_half_second(const std::vector<std::pair<const char*, size_t>>& written) {
  std::vector<SpokenWord> out;
  for (const auto& [text, utterance] : written) {
    const double begin = static_cast<double>(out.size()) * 0.5;
    out.push_back({text, text, begin, begin + 0.4, {{"ə", begin, begin + 0.4}}, utterance});
  }
  return out;
}

}  // namespace

TEST(Captions, AreWebVttAndSubRip) {
  const auto words = words_every_half_second({{"Tom", 0}, {"&", 0}, {"Ann", 0}, {"left.", 0}, {"", 0}, {"Then", 1}, {"rain.", 1}});
  EXPECT_EQ(webvtt_of(words),
            "WEBVTT\n"
            "\n00:00:00.000 --> 00:00:02.400\nTom <00:00:00.500>&amp; <00:00:01.000>Ann <00:00:01.500>left.\n"
            "\n00:00:02.500 --> 00:00:03.400\nThen <00:00:03.000>rain.\n");
  EXPECT_EQ(srt_of(words),
            "1\n00:00:00,000 --> 00:00:02,400\nTom & Ann left.\n"
            "\n2\n00:00:02,500 --> 00:00:03,400\nThen rain.\n");
  const Json times = word_times(words, true);
  ASSERT_EQ(times.size(), 7U);
  EXPECT_EQ(
      times[1],
      (Json{{"word", "&"}, {"written", "&"}, {"begin", 0.5}, {"end", 0.9}, {"phonemes", Json::array({{{"phoneme", "ə"}, {"begin", 0.5}, {"end", 0.9}}})}}));
  EXPECT_FALSE(word_times(words, false)[0].contains("phonemes"));
}

TEST(Captions, LongSentencesAreParted) {
  std::vector<SpokenWord> words;
  for (int i = 0; i < 200; ++i) {
    const double begin = i * 0.25;
    words.push_back({"seven77", i % 50 == 49 ? "seven7." : "seven77", begin, begin + 0.2, {}, 0});
  }
  size_t next = 0;
  for (const Cue& cue : cues_of(words)) {
    EXPECT_EQ(cue.first, next) << "no word is left out";
    next = cue.last;
    EXPECT_DOUBLE_EQ(cue.begin, words[cue.first].begin);
    EXPECT_DOUBLE_EQ(cue.end, words[cue.last - 1].end);
    const std::string text = cue_text(words, cue);
    const size_t line = text.find('\n');
    EXPECT_LE(text.size(), 85U) << text;
    EXPECT_LE(std::max(line == std::string::npos ? text.size() : line, line == std::string::npos ? 0 : text.size() - line - 1), 46U) << text;
  }
  EXPECT_EQ(next, words.size());
}

}  // namespace ptah
