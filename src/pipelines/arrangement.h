// Prompts of several things, taken apart: each thing is drawn by itself, as the model knows it, and set in its place.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace ptah {

/// A thing of a prompt and the square it fills, in parts of the picture's edge.
struct ArrangedThing {
  std::string prompt;
  float left = 0, top = 0, edge = 1;
};

struct Arrangement {
  std::vector<ArrangedThing> things;  ///< one that fills the picture, or two to kMaxThings
  std::string prompt;                 ///< all of it, without the background it names
  std::string background;             ///< "#rrggbb" where the prompt names a background; else empty
};
inline constexpr size_t kMaxThings = 9;

/// Reads a prompt:
///   "a cat and a red apple", "a dog next to (beside, left of, right of) a car", "a key, a cup and a bell": side by side, where each begins with an article or
///   a number (so that "bow and arrow" and "black and white cat" stay what they are); "three owls", "2 cats", "a pair of boots": so many of one, each drawn
///   separately; "a fox on a blue background": a background of one colour, of eleven words for colours.
/// What is none of these, or asks for more than kMaxThings things, is one thing. `knows` says which words the model was trained on: it decides which form of a
/// plural is the singular.
Arrangement arranged(const std::string& prompt, const std::function<bool(const std::string&)>& knows);

}  // namespace ptah
