// What a face does while it speaks: from the phonemes' times to weights of facial actions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ptah {

/// A phoneme (IPA with Kokoro's short forms for diphthongs) and when it sounds, in seconds.
struct MouthPhoneme {
  std::string phoneme;
  double begin = 0, end = 0;
};

struct FaceTrack {
  std::vector<std::string> actions;  ///< that move, by ARKit's names
  std::vector<float> times;          ///< seconds
  std::vector<float> weights;        ///< a row of actions.size() a frame
};

/// Mouth shapes run into each other, as neighbouring sounds do (a raised cosine a phoneme, after Cohen and Massaro 1993); lips close for p, b and m however
/// short they are. Eyes blink about every four seconds by the seed, brows go up a little at stressed syllables.
FaceTrack speaking_face(const std::vector<MouthPhoneme>& phonemes, double seconds, double frame_rate, uint64_t seed);

/// The mouth's shape of a phoneme: name and weight of each action; empty for silence and for what is no phoneme.
const std::vector<std::pair<std::string, float>>& mouth_shape(const std::string& phoneme, bool second_half);

}  // namespace ptah
