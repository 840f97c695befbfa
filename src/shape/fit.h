// From a picture of somebody's to one that an object can be made of.
#pragma once

#include "media/picture.h"

namespace ptah {

/// What was cut out of a picture, or all of it where there is nothing to cut: one colour alone, fewer than 8 pixels an edge, or `whole_allowed`.
/// Errors: invalid_argument (nothing in it can be seen; nothing could be cut out of it), saying what to do.
Result<Picture> cut_for_object(const Picture& picture, bool whole_allowed);

/// The part of a picture that shows something, widened where it is thinner than a fortieth of its length: what is thinner would fall through the grid.
Picture cropped_for_object(const Picture& cut);

}  // namespace ptah
