// What a recogniser hears, and what it may write. The network itself is compared with faster-whisper by bench/listen.py.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>

#include "base/file.h"
#include "media/sound/sound_rate.h"
#include "voice/listen/sound_features.h"
#include "voice/listen/sound_file.h"
#include "voice/listen/word_times.h"
#include "voice/listen/transcribe.h"
#include "weights/ctranslate2.h"
#include "weights/safetensors.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

std::vector<float> tone(double hertz, int64_t rate, size_t count) {
  std::vector<float> out(count);
  for (size_t i = 0; i < count; ++i)
    out[i] = 0.5F * static_cast<float>(std::sin(2 * 3.14159265358979 * hertz * static_cast<double>(i) / static_cast<double>(rate)));
  return out;
}

/// A file of CTranslate2, written as its own converter does.
class Ct2Writer {
 public:
  template <class T>
  Ct2Writer& number(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
    return *this;
  }
  Ct2Writer& text(const std::string& value) {
    number(static_cast<uint16_t>(value.size() + 1));
    bytes_ += value + '\0';
    return *this;
  }
  Ct2Writer& floats(const std::string& name, const std::vector<uint32_t>& shape, float height) {
    head(name, shape, 0);
    size_t elements = 1;
    for (const uint32_t extent : shape) elements *= extent;
    number(static_cast<uint32_t>(4 * elements));
    for (size_t i = 0; i < elements; ++i) number(height * static_cast<float>(std::sin(1.7 * static_cast<double>(i + name.size()))));
    return *this;
  }
  Ct2Writer& whole(const std::string& name, int16_t value) {
    head(name, {}, 2);
    return number(uint32_t{2}).number(value);
  }
  const std::string& bytes() const { return bytes_; }
  int count = 0;

 private:
  void head(const std::string& name, const std::vector<uint32_t>& shape, uint8_t kind) {
    ++count;
    text(name).number(static_cast<uint8_t>(shape.size()));
    for (const uint32_t extent : shape) number(extent);
    number(kind);
  }
  std::string bytes_;
};

constexpr uint32_t kSmallWidth = 8, kSmallMels = 80;
const std::vector<std::string> kPieces{"!",
                                       "\u0120a",
                                       "b",
                                       "c",
                                       "<|endoftext|>",
                                       "<|startoftranscript|>",
                                       "<|en|>",
                                       "<|de|>",
                                       "<|transcribe|>",
                                       "<|startofprev|>",
                                       "<|nocaptions|>",
                                       "<|notimestamps|>"};

Ct2Writer small_whisper_variables() {
  Ct2Writer w;
  const auto linear = [&](const std::string& name, uint32_t in, uint32_t out) {
    w.floats(name + "/weight", {out, in}, 0.3F).floats(name + "/bias", {out}, 0.1F);
  };
  const auto norm = [&](const std::string& name) { w.floats(name + "/gamma", {kSmallWidth}, 1).floats(name + "/beta", {kSmallWidth}, 0.1F); };
  w.floats("encoder/conv1/weight", {kSmallWidth, kSmallMels, 3}, 0.1F).floats("encoder/conv1/bias", {kSmallWidth}, 0.1F);
  w.floats("encoder/conv2/weight", {kSmallWidth, kSmallWidth, 3}, 0.3F).floats("encoder/conv2/bias", {kSmallWidth}, 0.1F);
  w.floats("encoder/position_encodings/encodings", {1500, kSmallWidth}, 0.5F).floats("decoder/position_encodings/encodings", {448, kSmallWidth}, 0.5F);
  w.floats("decoder/embeddings/weight", {static_cast<uint32_t>(kPieces.size()) + 1501, kSmallWidth}, 1);
  w.whole("encoder/num_heads", 2);
  for (const std::string side : {"encoder/", "decoder/"}) {
    const std::string layer = side + "layer_0/";
    linear(layer + "self_attention/linear_0", kSmallWidth, 3 * kSmallWidth);
    linear(layer + "self_attention/linear_1", kSmallWidth, kSmallWidth);
    norm(layer + "self_attention/layer_norm");
    linear(layer + "ffn/linear_0", kSmallWidth, 16);
    linear(layer + "ffn/linear_1", 16, kSmallWidth);
    norm(layer + "ffn/layer_norm");
    norm(side + "layer_norm");
  }
  linear("decoder/layer_0/attention/linear_0", kSmallWidth, kSmallWidth);
  linear("decoder/layer_0/attention/linear_1", kSmallWidth, 2 * kSmallWidth);
  linear("decoder/layer_0/attention/linear_2", kSmallWidth, kSmallWidth);
  norm("decoder/layer_0/attention/layer_norm");
  return w;
}

std::string whole_file(const Ct2Writer& variables) {
  Ct2Writer out;
  out.number(uint32_t{6}).text("WhisperSpec").number(uint32_t{3}).number(static_cast<uint32_t>(variables.count));
  Ct2Writer end;
  end.number(uint32_t{1}).text("decoder/projection/weight").text("decoder/embeddings/weight");
  return out.bytes() + variables.bytes() + end.bytes();
}

std::span<const uint8_t> seen(const std::string& text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

class SmallWhisper : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_);
    value_or_throw(write_file(folder_ / "model.bin", std::string_view(whole_file(small_whisper_variables()))));
    value_or_throw(write_file(folder_ / "config.json", std::string_view(R"({"lang_ids": [6, 7], "suppress_ids": [5, 8, 9, 10], "suppress_ids_begin": [4]})")));
    std::string vocabulary;
    for (const std::string& piece : kPieces) vocabulary += piece + "\n";
    for (int i = 0; i <= 1500; ++i) vocabulary += fmt::format("<|{:.2f}|>\n", i * 0.02);
    value_or_throw(write_file(folder_ / "vocabulary.txt", std::string_view(vocabulary)));
  }
  void TearDown() override { fs::remove_all(folder_); }
  const fs::path folder_ = fs::temp_directory_path() / fmt::format("ptah-whisper-{}", ::getpid());
};

}  // namespace

TEST(SoundFeatures, AnotherRateIsTheSameSound) {
  const auto up = resampled(tone(440, 16000, 8000), 16000, 24000), wanted = tone(440, 24000, 12000);
  ASSERT_EQ(up.size(), wanted.size());
  for (size_t i = 100; i + 100 < up.size(); ++i) ASSERT_NEAR(up[i], wanted[i], 2e-3) << i;
  const auto down = resampled(tone(440, 44100, 44100), 44100, 16000), low = tone(440, 16000, 16000);
  ASSERT_EQ(down.size(), low.size());
  for (size_t i = 100; i + 100 < down.size(); ++i) ASSERT_NEAR(down[i], low[i], 2e-3) << i;
  const auto high = resampled(tone(11000, 24000, 24000), 24000, 16000);
  for (size_t i = 100; i + 100 < high.size(); ++i) ASSERT_LT(std::abs(high[i]), 0.01) << "what the new rate cannot hold is gone";
  EXPECT_EQ(one_channel(std::vector<float>{1, 3, -1, 1}, 2), (std::vector<float>{2, 0}));
}

TEST(SoundFeatures, AreThoseOfFasterWhisper) {
  const TensorFile golden = value_or_throw(read_safetensors(fs::path(PTAH_SOURCE_DIR) / "tests" / "golden" / "voice" / "whisper_features.safetensors"));
  const auto sound = golden.tensors.at("sound").to_vector();
  const Tensor found = log_mel(sound, 80);
  const Tensor& wanted = golden.tensors.at("features");
  ASSERT_EQ(found.shape(), wanted.shape());
  const auto a = found.to_vector(), b = wanted.to_vector();
  for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 2e-4) << i;
}

TEST_F(SmallWhisper, WritesOneTokenAtATimeAsAllAtOnce) {
  const auto model = value_or_throw(WhisperModel::load(folder_));
  EXPECT_TRUE(model->several_languages());
  EXPECT_EQ(model->language("de"), 7);
  EXPECT_EQ(model->language("xx"), 0);
  EXPECT_EQ(model->text(std::vector<int32_t>{1, 2, 4, 12}), " ab");
  const Tensor encoded = model->encode(Tensor::full({WhisperModel::kFrames, kSmallMels}, 0.3F));
  EXPECT_EQ(encoded.shape(), (Shape{1, 1500, kSmallWidth}));
  const std::vector<int32_t> tokens{5, 6, 8, 12, 1};
  WhisperModel::Writer at_once(*model, encoded), one_by_one(*model, encoded);
  const auto whole = at_once.step(tokens).to_vector();
  std::vector<float> parts;
  for (const int32_t token : tokens) {
    const auto part = one_by_one.step({&token, 1}).to_vector();
    parts.insert(parts.end(), part.begin(), part.end());
  }
  ASSERT_EQ(whole.size(), parts.size());
  for (size_t i = 0; i < whole.size(); ++i) ASSERT_NEAR(whole[i], parts[i], 1e-4F) << i;

  const auto heard = value_or_throw(transcribe(*model, tone(300, 16000, 40000)));
  EXPECT_TRUE(heard.language == "en" || heard.language == "de");
  EXPECT_EQ(transcribe(*model, {}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(transcribe(*model, tone(300, 16000, 400), {.language = "xx"}).error().code, ErrorCode::invalid_argument);
  CancelToken token;
  token.cancel();
  EXPECT_EQ(transcribe(*model, tone(300, 16000, 400), {.cancel = &token}).error().code, ErrorCode::cancelled);
}

TEST_F(SmallWhisper, BrokenFilesAreRefused) {
  const std::string whole = whole_file(small_whisper_variables());
  EXPECT_TRUE(parse_ctranslate2(seen(whole)));
  for (size_t cut = 0; cut < whole.size(); cut += cut < 2000 ? 1 : 997)
    EXPECT_EQ(parse_ctranslate2(seen(whole.substr(0, cut))).error().code, ErrorCode::corrupt) << cut;
  EXPECT_EQ(parse_ctranslate2(seen(whole + "x")).error().code, ErrorCode::corrupt);
  value_or_throw(write_file(folder_ / "vocabulary.txt", std::string_view("a\nb\n")));
  EXPECT_EQ(WhisperModel::load(folder_).error().code, ErrorCode::mismatch);
}

TEST(Transcripts, TimesComeInPairsAndNeverGoBack) {
  WhisperTokens t;
  t.end = 4, t.start = 5, t.no_times = 11, t.first_time = 12;
  const auto next = [&](std::vector<int32_t> written, std::initializer_list<std::pair<int, float>> heights) {
    std::vector<float> logits(80, -5.0F);
    for (const auto& [token, height] : heights) logits[static_cast<size_t>(token)] = height;
    double ignored = 0;
    return detail::next_written(t, logits, written, ignored);
  };
  EXPECT_EQ(next({}, {{1, 9}, {20, 3}}), 20) << "a time goes first";
  EXPECT_EQ(next({}, {{12 + 51, 9}, {13, 3}}), 13) << "within the first second";
  EXPECT_EQ(next({20}, {{1, 3}, {25, 9}}), 1) << "one time at the beginning";
  EXPECT_EQ(next({20, 1}, {{15, 9}, {30, 8}}), 30) << "none that lies before";
  EXPECT_EQ(next({20, 1, 30}, {{2, 9}, {30, 3}}), 30) << "a second time, the same again is possible";
  EXPECT_EQ(next({20, 1, 30}, {{2, 9}, {4, 3}}), 4) << "or the end";
  EXPECT_EQ(next({20, 1}, {{11, 9}, {3, 8}}), 3) << "never the token that turns times off";
}

TEST(WordTimes, TheCheapestWayEntersEachRowWhereItsValleyBegins) {
  // Rows are tokens, columns moments: low where a token is heard.
  const std::vector<float> costs{0, 0, 9, 9, 9, 9,  //
                                 9, 9, 0, 9, 9, 9,  //
                                 9, 9, 9, 0, 0, 0};
  EXPECT_EQ(detail::cheapest_columns(costs, 3, 6), (std::vector<int64_t>{0, 2, 3}));
  EXPECT_EQ(detail::cheapest_columns({1, 1, 1}, 3, 1), (std::vector<int64_t>{0, 0, 0})) << "more tokens than moments";
  EXPECT_EQ(detail::cheapest_columns({1, 1, 1}, 1, 3), (std::vector<int64_t>{0}));
}

TEST(SpeechFiles, OtherFormatsAreRefusedWithAWayOut) {
  const auto refused = read_speech(Bytes{'I', 'D', '3', 4, 0, 0});
  EXPECT_EQ(refused.error().code, ErrorCode::unsupported);
  EXPECT_NE(refused.error().message.find("ffmpeg"), std::string::npos);
}

}  // namespace ptah
