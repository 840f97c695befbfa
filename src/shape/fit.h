// From a picture of somebody's to one that an object can be made of.
#pragma once

#include "media/image.h"

namespace ptah {

/// What was cut out of a picture, or all of it where there is nothing to cut: one colour alone, fewer than 8 pixels an edge, or `whole_allowed`.
/// Errors: invalid_argument (nothing in it can be seen; nothing could be cut out of it), saying what to do.
Result<Image> cut_for_object(const Image& picture, bool whole_allowed);
/// The same of a cut that somebody else made of the picture (opaque where nothing could be cut out).
Result<Image> checked_cut(const Image& picture, Image cut, bool whole_allowed);

/// The part of a picture that shows something, widened where it is thinner than a fortieth of its length: what is thinner would fall through the grid.
Image cropped_for_object(const Image& cut);

}  // namespace ptah
