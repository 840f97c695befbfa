// What a mouth does: closed for b, open for a, in time.
#include <gtest/gtest.h>

#include <algorithm>

#include "face/visemes.h"
#include "models/people.h"

namespace ptah {

namespace {

float at(const FaceTrack& track, const std::string& action, double time) {
  const auto column = static_cast<size_t>(std::find(track.actions.begin(), track.actions.end(), action) - track.actions.begin());
  if (column == track.actions.size()) return 0;
  const auto frame = static_cast<size_t>(
      std::min_element(track.times.begin(), track.times.end(),
                       [&](float a, float b) { return std::abs(static_cast<double>(a) - time) < std::abs(static_cast<double>(b) - time); }) -
      track.times.begin());
  return track.weights[frame * track.actions.size() + column];
}

const std::vector<MouthPhoneme> kAbba{{"ˈ", 0.1, 0.1}, {"ɑ", 0.1, 0.3}, {"b", 0.3, 0.36}, {"ɑ", 0.36, 0.6}};

}  // namespace

TEST(Visemes, OpenForVowelsAndCloseForB) {
  const FaceTrack track = speaking_face(kAbba, 1, 60, 1);
  ASSERT_EQ(track.times.size(), 61U);
  ASSERT_EQ(track.weights.size(), track.times.size() * track.actions.size());
  EXPECT_GT(at(track, "jawOpen", 0.2), 0.35F);
  EXPECT_LT(at(track, "jawOpen", 0.33), 0.12F) << "lips meet between the vowels";
  EXPECT_GT(at(track, "mouthPressLeft", 0.33), 0.2F);
  EXPECT_LT(at(track, "jawOpen", 0.95), 0.01F) << "silence";
}

TEST(Visemes, RoundLipsForU) {
  const FaceTrack track = speaking_face({{"u", 0.2, 0.5}}, 1, 30, 1);
  EXPECT_GT(at(track, "mouthPucker", 0.35), 0.5F);
  const FaceTrack glide = speaking_face({{"O", 0.2, 0.8}}, 1, 30, 1);  // əʊ ends as u
  EXPECT_GT(at(glide, "mouthPucker", 0.7), at(glide, "mouthPucker", 0.3) + 0.2F);
}

TEST(Visemes, EyesBlinkByTheSeed) {
  const FaceTrack one = speaking_face({}, 12, 30, 1), other = speaking_face({}, 12, 30, 2);
  float most = 0;
  for (const float time : one.times) most = std::max(most, at(one, "eyeBlinkLeft", static_cast<double>(time)));
  EXPECT_GT(most, 0.8F);
  EXPECT_NE(one.weights, other.weights);
  EXPECT_EQ(one.weights, speaking_face({}, 12, 30, 1).weights);
}

TEST(Visemes, NameOnlyArkitsActions) {
  for (const char* phoneme : {"p", "f", "θ", "t", "s", "ʃ", "k", "ɹ", "w", "i", "ɛ", "æ", "ə", "ɑ", "ɔ", "A", "I", "Y", "W", "O", "Q"})
    for (const bool second : {false, true}) {
      EXPECT_FALSE(mouth_shape(phoneme, second).empty()) << phoneme;
      for (const auto& [name, weight] : mouth_shape(phoneme, second)) {
        EXPECT_NE(std::find(kFaceActions.begin(), kFaceActions.end(), name), kFaceActions.end()) << name;
        EXPECT_GT(weight, 0);
        EXPECT_LE(weight, 1);
      }
    }
  EXPECT_TRUE(mouth_shape("?", false).empty());
}

}  // namespace ptah
