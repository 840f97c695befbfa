// Pictures put together from single ones, with the captions that say so: two things side by side, several of a kind, coloured grounds.
#pragma once

#include <string>

#include "base/philox.h"
#include "train/picker.h"
#include "train/picture_set.h"

namespace ptah {

struct Composition {
  Tensor picture;  ///< f32 [size, size, 4], premultiplied RGBA in [−1, 1]
  std::string caption;
  bool defined() const { return picture.defined(); }
};

/// Draws the things with `picker` and arranges them: two of different concepts side by side ("a cat and a red apple", "a dog next to a car"), two to five of
/// one ("three owls"), or one or two on a ground of one colour ("a fox on a blue background"). Everything follows from `random`. Undefined when no picture
/// drawn has a name that can be counted (a plain one of at most three words).
Composition compose_pictures(const PictureSet& set, const PicturePicker& picker, Random& random);

/// The English plural of a thing's name: of its last word, or of the one before "of" ("slice of pizza": "slices of pizza").
std::string plural_of(const std::string& thing);

}  // namespace ptah
