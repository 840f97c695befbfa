// A word written into a picture, for everybody to see that a machine made or changed it.
#pragma once

#include <string>

#include "media/image.h"

namespace ptah {

/// Capital letters A to Z and blanks on a dark strip in the lower left corner; letters are a fortieth of the picture's height, at least 7 pixels. Other
/// characters are left out.
Image visibly_labelled(Image picture, const std::string& text);

}  // namespace ptah
