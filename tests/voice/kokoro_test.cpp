// Kokoro-82M against onnxruntime (tools/reference/kokoro.py). Needs `ptah pull kokoro`.
#include <gtest/gtest.h>

#include <cmath>

#include "models/registry.h"
#include "tests/skip.h"
#include "voice/speech_model.h"
#include "voice/voices.h"
#include "weights/safetensors.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

const fs::path kVoiceGolden = fs::path(PTAH_SOURCE_DIR) / "tests" / "golden" / "voice";

double correlation(const std::vector<float>& a, const std::vector<float>& b) {
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    ab += static_cast<double>(a[i]) * b[i], aa += static_cast<double>(a[i]) * a[i], bb += static_cast<double>(b[i]) * b[i];
  return ab / std::sqrt(aa * bb);
}

std::vector<std::string> sentences() {
  std::vector<std::string> out;
  for (std::string rest = value_or_throw(read_text(kVoiceGolden / "sentences.txt")); !rest.empty();) {
    const size_t end = rest.find('\n');
    out.push_back(rest.substr(0, end));
    rest.erase(0, end + 1);
  }
  return out;
}

}  // namespace

TEST(Kokoro, SaysWhatOnnxruntimeSays) {
  const auto home = pulled_models_folder();
  if (!home || !fs::exists(*home / "kokoro" / "voices.bin")) PTAH_LEFT_OUT("models", "kokoro is not pulled");
  const fs::path folder = *home / "kokoro";
  const auto model = value_or_throw(SpeechModel::load(folder));
  const auto voices = value_or_throw(Voices::load(folder));
  const TensorFile golden = value_or_throw(read_safetensors(kVoiceGolden / "kokoro.safetensors"));
  const auto texts = sentences();
  ASSERT_EQ(texts.size(), 40U);
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::vector<int32_t> tokens = value_or_throw(tokens_of(texts[i]));
    const std::vector<float> style = value_or_throw(voices.style("af_heart", tokens.size() - 2));
    const Prosody prosody = model->plan(tokens, style);
    const Tensor& wanted = golden.tensors.at(fmt::format("durations.{}", i));
    EXPECT_EQ(prosody.durations, std::vector<int64_t>(wanted.span<int32_t>().begin(), wanted.span<int32_t>().end())) << i << ": " << texts[i];
    if (i > 0) continue;
    const auto pitch = golden.tensors.at("pitch").to_vector();
    ASSERT_EQ(prosody.pitch.size(), pitch.size());
    for (size_t k = 0; k < pitch.size(); ++k) ASSERT_NEAR(prosody.pitch[k], pitch[k], 0.5F) << k;
    const auto sound = model->sound(prosody, style), reference = cast(golden.tensors.at("audio"), DType::f32).to_vector();
    ASSERT_EQ(sound.size(), reference.size());
    EXPECT_GE(correlation(sound, reference), 0.99);
  }
}

}  // namespace ptah
