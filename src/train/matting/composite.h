// Pictures whose cut is known exactly: things laid over backgrounds, with the light, blur and noise of photographs.
#pragma once

#include "base/philox.h"
#include "train/matting/matting_set.h"

namespace ptah {

/// One picture, as the network sees it: colours f32 [size · size · 3] in [−1, 1] (0 outside of the picture) and the coverage of the things [size · size].
struct Composite {
  int64_t size = 0;
  int64_t left = 0, top = 0, width = 0, height = 0;  ///< where the picture lies in the square
  std::vector<float> colours, cover;
};

/// What may be behind.
enum class Behind {
  anything,  ///< photographs, textures, rooms, gradients, clouds, things out of focus
  plain,     ///< one colour
};

/// One to three things of the pool over a background, everything at random: place, size, turn, colours, texture, shadow, light of the background on the edges,
/// blur behind, noise, JPEG. The coverage is the very alpha that the things are laid with.
Composite random_composite(const MattingPool& pool, int64_t size, Random& random, Behind behind = Behind::anything);

}  // namespace ptah
