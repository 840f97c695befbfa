// Images on a background.
#pragma once

#include <string>

#include "media/image.h"

namespace ptah {

/// The picture on a background: transparent (as it is), white, black or #rrggbb (checked before).
Image flattened(Image picture, const std::string& background);

}  // namespace ptah
