// A small model with random weights says something: of the right length, the same for any number of threads, and it ends when it is cancelled.
#include "voice/speaker.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/parallel.h"
#include "tests/voice/small_speech_model.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

class SmallSpeaker : public testing::Test {
 protected:
  void SetUp() override { make_small_speech_model(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  const fs::path folder_ = fs::temp_directory_path() / fmt::format("ptah-speaker-{}", ::getpid());
};

}  // namespace

TEST_F(SmallSpeaker, SaysTheSameForAnyNumberOfThreads) {
  const auto speaker = value_or_throw(Speaker::load(folder_));
  const SpeakRequest request{.text = "Hello, world. A fox!\n\nHello.", .voice = "af_heart:2+am_adam"};
  const auto utterances = value_or_throw(speaker->read(request));
  ASSERT_EQ(utterances.size(), 2U);
  set_threads(1);
  const Speech one = speaker->say(request, utterances);
  set_threads(3);
  const Speech three = speaker->say(request, utterances);
  set_threads(0);
  EXPECT_EQ(one.samples, three.samples);
  ASSERT_EQ(one.words.size(), 5U);
  EXPECT_EQ(one.words[4].text, "Hello");
  for (size_t i = 1; i < one.words.size(); ++i) EXPECT_GE(one.words[i].begin, one.words[i - 1].end);
  EXPECT_LE(one.words.back().end, static_cast<double>(one.samples.size()) / 24000);
  ASSERT_EQ(one.words[0].phonemes.size(), 5U) << "h ə l ˈ O";
  EXPECT_EQ(one.words[0].phonemes[0].phoneme, "h");
  EXPECT_EQ(one.words[0].phonemes[0].begin, one.words[0].begin);
  EXPECT_EQ(one.words[0].phonemes.back().end, one.words[0].end);
  EXPECT_EQ(one.words[0].written, "Hello,");
  for (const float sample : one.samples) ASSERT_TRUE(std::isfinite(sample));
  std::vector<float> heard;
  std::vector<size_t> counts;
  const Speech told = speaker->say(request, utterances, nullptr, [&](size_t count, std::span<const float> sound) {
    counts.push_back(count);
    heard.insert(heard.end(), sound.begin(), sound.end());
  });
  EXPECT_EQ(heard, one.samples) << "what is heard on the way is the whole";
  EXPECT_EQ(counts, (std::vector<size_t>{1, 2}));
  EXPECT_TRUE(told.samples.empty());

  SpeakRequest slow = request;
  slow.how.speed = 0.5F;
  EXPECT_GT(speaker->say(slow, utterances).samples.size(), one.samples.size());
  SpeakRequest other = request;
  other.how.pitch = 1.3F;
  EXPECT_NE(speaker->say(other, utterances).samples, one.samples);
}

TEST_F(SmallSpeaker, MarkupChangesTheManner) {
  const auto speaker = value_or_throw(Speaker::load(folder_));
  const auto say = [&](const std::string& text, const UserLexicon& lexicon = {}) {
    const SpeakRequest request{.text = text, .lexicon = lexicon};
    return speaker->say(request, value_or_throw(speaker->read(request)));
  };
  const Speech plain = say("<speak>hello</speak>");
  EXPECT_EQ(plain.samples, say("hello").samples);
  const Speech late = say("<speak><break time=\"250ms\"/>hello</speak>");
  EXPECT_EQ(late.samples.size(), plain.samples.size() + 6000);
  EXPECT_NEAR(late.words[0].begin, plain.words[0].begin + 0.25, 1e-9);
  const Speech quiet = say("<speak><prosody volume=\"0.5\">hello</prosody></speak>");
  for (size_t i = 0; i < plain.samples.size(); ++i) ASSERT_FLOAT_EQ(quiet.samples[i], plain.samples[i] * 0.5F);
  EXPECT_GT(say("<speak><prosody rate=\"x-slow\">hello</prosody></speak>").samples.size(), plain.samples.size());
  EXPECT_NE(say("hello", {{"hello", "wˈɜɹld"}}).samples, plain.samples);
  EXPECT_EQ(say("hello", {{"hello", "wˈɜɹld"}}).samples, say("[hello](/wˈɜɹld/)").samples);
  const auto read = value_or_throw(speaker->read({.text = "<speak>hello <voice name=\"bf_emma\">world</voice> fox.</speak>"}));
  ASSERT_EQ(read.size(), 3U);
  EXPECT_TRUE(read[0].goes_on);
  EXPECT_EQ(read[1].voice, "bf_emma");
  EXPECT_FALSE(read[2].goes_on);
  EXPECT_EQ(speaker->read({.text = "<speak><voice name=\"nobody\">a</voice></speak>"}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(speaker->read({.text = "<speak> </speak>"}).error().code, ErrorCode::invalid_argument);
}

TEST_F(SmallSpeaker, RefusesWhatItCannotSayAndEndsWhenCancelled) {
  const auto speaker = value_or_throw(Speaker::load(folder_));
  EXPECT_EQ(speaker->read({.text = "hello", .voice = "af_hart"}).error().code, ErrorCode::invalid_argument);
  EXPECT_NE(speaker->read({.text = "hello", .voice = "af_hart"}).error().message.find("af_heart"), std::string::npos);
  EXPECT_EQ(speaker->read({.text = "hello", .voice = "jf_alpha"}).error().code, ErrorCode::unsupported);
  EXPECT_EQ(speaker->read({.text = "hello", .voice = "af_heart:0"}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(speaker->read({.text = " . "}).error().code, ErrorCode::invalid_argument);
  const std::vector<float> style(256, 0.0F);
  EXPECT_THROW((void)speaker->model().plan(std::vector<int32_t>{0, 500, 0}, style), Failure);
  EXPECT_THROW((void)speaker->model().plan(std::vector<int32_t>(513, 1), style), Failure);
  CancelToken token;
  token.cancel();
  const SpeakRequest request{.text = "hello"};
  EXPECT_THROW((void)speaker->say(request, value_or_throw(speaker->read(request)), &token), Failure);
}

TEST_F(SmallSpeaker, ABrokenModelIsNamed) {
  auto weights = SmallSpeechWeights::make();
  weights.erase("decoder.encode.conv1.weight");
  EXPECT_THROW(SpeechModel(std::move(weights), {.layers = 2, .heads = 2}), Failure);
  fs::resize_file(folder_ / "voices.bin", 1000);
  EXPECT_EQ(Speaker::load(folder_).error().code, ErrorCode::corrupt);
}

}  // namespace ptah
