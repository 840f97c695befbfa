// Where the thing on posed pictures can be.
#pragma once

#include "base/progress.h"
#include "render/field/posed_pictures.h"

namespace ptah {

struct FieldBox {
  Vec3 low{}, high{};
};

/// The cells that every picture that shows them has alpha in (the visual hull: Laurentini 1994); all cells if the pictures are not cut out. The same for any
/// number of threads. Errors: cancelled.
Result<FieldFlags> hull_cells(const PosedPictures& pictures, const FieldGrid& grid, const CancelToken* cancel = nullptr);

/// The box round what the cameras look at: of the hull, or if the pictures are not cut out, a cube as wide as they see where their axes meet.
/// Errors: invalid_argument (the axes do not meet; the hull is empty), cancelled.
Result<FieldBox> box_of(const PosedPictures& pictures, const CancelToken* cancel = nullptr);

}  // namespace ptah
