// A surface with the colours of its field: texture coordinates and a picture.
#pragma once

#include "base/progress.h"
#include "media/image.h"
#include "shape/reconstruction/triplane_field.h"

namespace ptah {

inline constexpr int64_t kFieldTexels = 1024;

/// The mesh, in units of the field, with new texture coordinates (geometry/atlas) and a texture of `texels` an edge that shows what colour the field has there.
/// Errors: as unwrap; cancelled.
Result<TexturedMesh> field_textured(const TriplaneField& field, const Mesh& mesh, int64_t texels = kFieldTexels, const ProgressCallback& progress = {},
                                    const CancelToken* cancel = nullptr);

}  // namespace ptah
