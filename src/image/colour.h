// Colour words: of pictures and of prompts.
#pragma once

#include <string>
#include <vector>

#include "media/picture.h"

namespace ptah {

/// The colour word of a picture's main hue (red, orange, yellow, green, blue, purple, pink, brown), or black, white, gray; empty when it has none. The rule
/// that tools/data/pictures.py names colours by.
std::string main_colour(const Picture& picture);

/// The one colour word among the words of a prompt, in small letters ("grey" counts as "gray"); empty if there is none or there are several.
std::string asked_colour(const std::vector<std::string>& words);

}  // namespace ptah
