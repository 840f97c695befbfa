// The mark in speech: found after what files and networks do to sound, not found where there is none; and the compressed files themselves.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "base/philox.h"
#include "media/label.h"
#include "media/sound/sound_encoder.h"
#include "media/sound/sound_rate.h"
#include "media/sound/sound_watermark.h"

namespace ptah {
namespace {

/// Something like a voice: harmonics of a gliding pitch under moving formants, syllables with gaps between them, and breath.
std::vector<float> babble(double seconds, uint64_t seed) {
  Random random(seed);
  std::vector<float> out(static_cast<size_t>(seconds * kMarkedRate));
  double phase = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    const double t = static_cast<double>(i) / kMarkedRate, pitch = 130 + 30 * std::sin(2.1 * t + static_cast<double>(seed));
    phase += 2 * std::numbers::pi * pitch / kMarkedRate;
    const double open = std::max(0.0, std::sin(2 * std::numbers::pi * 2.7 * t)), first = 600 + 250 * std::sin(5 * t), second = 1700 + 500 * std::sin(3.3 * t);
    double sum = 0;
    for (int k = 1; k <= 40; ++k) {
      const double hertz = k * pitch;
      sum += std::sin(k * phase) * (1 / (1 + std::pow((hertz - first) / 200, 2)) + 0.5 / (1 + std::pow((hertz - second) / 300, 2)) + 0.01);
    }
    out[i] = static_cast<float>(0.15 * open * (sum + 0.05 * static_cast<double>(random.normal())));
  }
  return out;
}

std::vector<float> marked(std::span<const float> sound, size_t piece) {
  SoundMarker marker;
  std::vector<float> out;
  for (; !sound.empty(); sound = sound.subspan(std::min(piece, sound.size()))) marker.add(sound.first(std::min(piece, sound.size())), out);
  marker.end(out);
  return out;
}

double decibels(std::span<const float> sound, std::span<const float> other) {
  double power = 0, difference = 0;
  for (size_t i = 0; i < sound.size(); ++i)
    power += std::pow(sound[i], 2), difference += std::pow(static_cast<double>(sound[i]) - static_cast<double>(other[i]), 2);
  return 10 * std::log10(power / difference);
}

/// A file of it, added in pieces.
Bytes encoded(std::span<const float> sound, const char* format, size_t piece, const std::string& label = "") {
  const auto encoder = value_or_throw(sound_encoder(format, kMarkedRate, label));
  Bytes file;
  for (; !sound.empty(); sound = sound.subspan(std::min(piece, sound.size()))) encoder->add(sound.first(std::min(piece, sound.size())), file);
  encoder->end(file);
  return file;
}

TEST(SoundMark, IsQuietAndTheSameInWhateverPiecesTheSoundComes) {
  const auto sound = babble(3, 1);
  const auto whole = marked(sound, sound.size());
  ASSERT_EQ(whole.size(), sound.size());
  for (const size_t piece : {size_t{1}, size_t{777}, size_t{24000}}) EXPECT_EQ(marked(sound, piece), whole) << piece;
  EXPECT_GT(decibels(sound, whole), 24);
  EXPECT_LT(decibels(sound, whole), 40) << "there is no mark";
  for (const size_t few : {size_t{0}, size_t{1}, size_t{511}, size_t{1024}}) EXPECT_EQ(marked(std::span(sound).first(few), 100).size(), few);
}

TEST(SoundMark, IsFoundAtAnyPlaceRateAndLoudnessAndAfterOpus) {
  const auto sound = babble(7, 2), with = marked(sound, 24000);
  const auto part = [](const std::vector<float>& x, size_t from) { return std::span(x).subspan(from, 5 * kMarkedRate); };
  for (const size_t from : {size_t{0}, size_t{1}, size_t{20011}}) {
    EXPECT_TRUE(find_sound_mark(part(with, from), kMarkedRate).found()) << from;
    EXPECT_FALSE(find_sound_mark(part(sound, from), kMarkedRate).found()) << from;
  }
  EXPECT_TRUE(find_sound_mark(resampled(part(with, 4321), kMarkedRate, 16000), 16000).found());
  EXPECT_FALSE(find_sound_mark(resampled(part(sound, 4321), kMarkedRate, 16000), 16000).found());
  auto quiet = with;
  for (float& sample : quiet) sample *= 0.05F;
  EXPECT_TRUE(find_sound_mark(part(quiet, 99), kMarkedRate).found());
  for (const auto* one : {&with, &sound}) {
    const OpusSound heard = value_or_throw(decode_opus(encoded(*one, "opus", 24000), 60));
    EXPECT_EQ(find_sound_mark(heard.samples, 48000).found(), one == &with);
  }
  EXPECT_EQ(find_sound_mark(std::vector<float>(5 * kMarkedRate, 0.0F), kMarkedRate).strength, 0) << "silence";
  EXPECT_EQ(find_sound_mark(std::span(with).first(100), kMarkedRate).strength, 0) << "too short";
}

TEST(SoundFiles, OpusHoldsAsMuchSoundAsWentInAndTheLabel) {
  const auto sound = babble(1.337, 3);
  const std::string label = generated_label("sha256:ab", false);
  const Bytes file = encoded(sound, "opus", 5000, label);
  EXPECT_EQ(file, encoded(sound, "opus", 17, label)) << "the same in whatever pieces it comes";
  EXPECT_LT(file.size(), 12000U);
  EXPECT_EQ(claimed_source_term({reinterpret_cast<const char*>(file.data()), file.size()}), "trainedAlgorithmicMedia");
  const OpusSound heard = value_or_throw(decode_opus(file, 60));
  EXPECT_EQ(heard.channels, 1);
  ASSERT_EQ(heard.samples.size(), 2 * sound.size());
  const auto back = resampled(heard.samples, 48000, kMarkedRate);
  const auto alike = [&](size_t later) {
    double same = 0, ours = 0, theirs = 0;
    for (size_t i = 0; i + later < back.size(); ++i)
      same += sound[i] * back[i + later], ours += sound[i] * sound[i], theirs += back[i + later] * back[i + later];
    return same / std::sqrt(ours * theirs);
  };
  EXPECT_GT(alike(0), 0.9) << "shifted, or another sound";
  EXPECT_LT(alike(12), 0.9) << "half a millisecond is seen";
  EXPECT_LT(value_or_throw(decode_opus(file, 0.5)).samples.size(), 48000U);
  EXPECT_EQ(value_or_throw(decode_opus(file, 60, 16000)).samples.size(), sound.size() * 2 / 3);
  EXPECT_NEAR(opus_seconds(file), 1.337, 0.01);
  EXPECT_EQ(opus_seconds(Bytes(100, 7)), 0);
}

TEST(SoundFiles, Mp3HasItsLabelAndWholeFrames) {
  const auto sound = babble(1, 4);
  const std::string label = generated_label("sha256:ab", false);
  const Bytes file = encoded(sound, "mp3", 5000, label);
  EXPECT_EQ(claimed_source_term({reinterpret_cast<const char*>(file.data()), file.size()}), "trainedAlgorithmicMedia");
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  ASSERT_TRUE(text.starts_with("ID3\x04"));
  size_t at = 10 + (size_t{file[6]} << 21 | size_t{file[7]} << 14 | size_t{file[8]} << 7 | size_t{file[9]}), frames = 0;
  for (; at < file.size(); ++frames) {  // 64 kbit/s at 24,000 samples a second: frames of 576 samples are 192 bytes
    ASSERT_EQ(file[at], 0xFF) << at;
    ASSERT_EQ(file[at + 1] & 0xFE, 0xF2) << "MPEG-2, layer III";
    at += 192;
  }
  EXPECT_EQ(at, file.size());
  EXPECT_GE(frames * 576, sound.size());
}

TEST(SoundFiles, WhatIsNoneIsRefused) {
  EXPECT_EQ(sound_encoder("flac", 24000, "").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(sound_encoder("mp3", 24001, "").error().code, ErrorCode::invalid_argument);
  const Bytes file = encoded(babble(4, 5), "opus", 5000);
  EXPECT_EQ(decode_opus(Bytes{1, 2, 3}, 60).error().code, ErrorCode::unsupported);
  for (size_t length = 0; length < std::min<size_t>(file.size(), 120); ++length) EXPECT_FALSE(decode_opus(std::span(file).first(length), 60)) << length;
  EXPECT_LE(value_or_throw(decode_opus(std::span(file).first(file.size() / 2), 60)).samples.size(), 3U * 48000) << "cut off: what is whole of it";
  Bytes other = file;
  other[28] = 'X';  // of "OpusHead"; the page's checksum does not hold either
  EXPECT_FALSE(decode_opus(other, 60));
}

}  // namespace
}  // namespace ptah
