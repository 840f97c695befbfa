// Colour words: of pictures and of prompts.
#pragma once

#include <string>
#include <vector>

#include "media/image.h"

namespace ptah {

/// The colour word of a picture's main hue (red, orange, yellow, green, blue, purple, pink, brown), or black, white, gray; empty when it has none. The rule
/// that tools/data/pictures.py names colours by.
std::string main_colour(const Image& picture);

/// The picture in another colour, a word of main_colour's: its hues are turned so that the commonest becomes that colour, and drawn together if that is not
/// enough; for black, white, gray and for pictures without hues, saturation and value change. What is dark and what is pale stays so (eyes, outlines), alpha
/// stays. Unchanged if its main colour would not become that word.
Image turned_to(const Image& picture, const std::string& colour);

/// The one colour word among the words of a prompt, in small letters ("grey" counts as "gray"); empty if there is none or there are several.
std::string asked_colour(const std::vector<std::string>& words);

}  // namespace ptah
