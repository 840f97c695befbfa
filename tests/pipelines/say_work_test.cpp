// Works of speech: files, facts, marks, what a field changes, and a model that is another one than the receipt says.
#include <gtest/gtest.h>
#include <unistd.h>

#include "media/label.h"
#include "media/wav.h"
#include "pipelines/recall/recall.h"
#include "pipelines/speech/say_work.h"
#include "tensor/device.h"
#include "tests/schema/round_trip.h"
#include "tests/voice/small_speech_model.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

class SayWork : public testing::Test {
 protected:
  void SetUp() override {
    make_small_speech_model(folder_);
    speaker_ = value_or_throw(Speaker::load(folder_));
  }
  void TearDown() override { fs::remove_all(folder_); }
  SayTask task() const { return {.text = "Hello, world.\n\nA fox!", .model = folder_.string()}; }

  const fs::path folder_ = fs::temp_directory_path() / fmt::format("ptah-say-{}", ::getpid());
  std::shared_ptr<const Speaker> speaker_;
};

}  // namespace

TEST_F(SayWork, IsASoundWithItsMarksAndTheTimesOfItsWords) {
  const Work work = value_or_throw(say_work(*speaker_, task()));
  const Bytes& wav = work.files.at("speech.wav");
  const WavSound sound = value_or_throw(decode_wav(wav));
  EXPECT_EQ(sound.rate, 24000);
  EXPECT_EQ(sound.channels, 1);
  EXPECT_NEAR(work.facts["seconds"].get<double>(), static_cast<double>(sound.samples.size()) / 24000, 1e-9);
  ASSERT_EQ(work.facts["words"].size(), 4U);
  EXPECT_EQ(work.facts["words"][3]["word"], "fox");
  EXPECT_EQ(claimed_source_term({reinterpret_cast<const char*>(wav.data()), wav.size()}), "trainedAlgorithmicMedia");
  EXPECT_FALSE(work.files.contains("captions.vtt"));
  EXPECT_TRUE(work.receipt["outputs"].contains("speech.wav"));
  EXPECT_EQ(work.receipt["models"].size(), 5U) << "the model, its configuration, the voices and two dictionaries";
  EXPECT_EQ(value_or_throw(say_work(*speaker_, task(), {}, nullptr, false)).files, (std::map<std::string, Bytes>{{"speech.wav", wav}}));
}

TEST_F(SayWork, EachFieldChangesIt) {
  const Work plain = value_or_throw(say_work(*speaker_, task()));
  const auto differs = [&](const char* field, auto change) {
    SayTask other = task();
    change(other);
    const Work work = value_or_throw(say_work(*speaker_, other));
    EXPECT_NE(value_or_throw(decode_wav(work.files.at("speech.wav"))).samples, value_or_throw(decode_wav(plain.files.at("speech.wav"))).samples) << field;
  };
  differs("speed", [](SayTask& t) { t.speed = 0.5F; });
  differs("pitch", [](SayTask& t) { t.pitch = 1.5F; });
  differs("energy", [](SayTask& t) { t.energy = 0.5F; });
  differs("lexicon", [](SayTask& t) { t.lexicon = "fox=wˈɜɹld"; });
  differs("pause", [](SayTask& t) { t.pause = 2; });
  differs("precision", [](SayTask& t) { t.precision = compute_dtype() == DType::bf16 ? "f32" : "bf16"; });
  SayTask captioned = task();
  captioned.captions = true;
  const Bytes captions = value_or_throw(say_work(*speaker_, captioned)).files.at("captions.vtt");
  EXPECT_NE(std::string(captions.begin(), captions.end()).find(">fox!"), std::string::npos);
  const Bytes lines = value_or_throw(say_work(*speaker_, captioned)).files.at("captions.srt");
  EXPECT_NE(std::string(lines.begin(), lines.end()).find("\nA fox!\n"), std::string::npos);
  const Bytes words = value_or_throw(say_work(*speaker_, captioned)).files.at("words.json");
  Json times = value_or_throw(parse_json({reinterpret_cast<const char*>(words.data()), words.size()}));
  for (Json& word : times) {
    EXPECT_EQ(word["phonemes"].back()["end"], word["end"]);
    word.erase("phonemes");
  }
  EXPECT_EQ(times, plain.facts["words"]);
}

TEST_F(SayWork, AReceiptNamesItsModel) {
  const Work work = value_or_throw(say_work(*speaker_, task()));
  EXPECT_EQ(value_or_throw(replay_say(*speaker_, task(), work.receipt)).files, work.files);
  value_or_throw(write_file(folder_ / "us_silver.json", std::string_view("{\"other\": \"ˈʌ\"}")));
  EXPECT_EQ(replay_say(*speaker_, task(), work.receipt).error().code, ErrorCode::mismatch);
}

TEST_F(SayWork, TheFieldsComeBackByTheirCommand) {
  Json values = test::other_values(say_schema());
  values["voice"] = "bf_emma:2+af_sky";
  values["lexicon"] = "Ptah=tˈɑ,\nGIF=ʤˈɪf # it's $HOME";
  const SayTask other = value_or_throw(say_schema().request(values));
  test::expect_same_by_command(say_schema(), other, say_schema().command_of(other));
  EXPECT_EQ(say_schema().complete({{"text", "  "}}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(say_schema().complete({{"text", "a"}, {"voice", "af_nobody"}}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(say_schema().complete({{"text", "a"}, {"speed", 3}}).error().code, ErrorCode::invalid_argument);
}

}  // namespace ptah
