// Fewer triangles of a surface whose regions stay apart.
#pragma once

#include <span>

#include "base/progress.h"
#include "geometry/mesh.h"

namespace ptah {

/// A mesh whose triangles belong to regions: parts, materials, charts of a texture.
struct LabelledMesh {
  Mesh mesh;
  std::vector<uint32_t> label;  ///< of each triangle
};

/// Quadric-error edge collapse (Garland and Heckbert 1997) down to at most `target` triangles, over all bodies of a mesh together. Sharp edges stay, as their
/// planes pull at every vertex; lines where regions meet, and the borders of open surfaces, collapse only along themselves, and no region is lost. Collapses
/// that would change the topology (the link condition) or turn a triangle over are left out: what is closed and two-manifold stays so. Vertices that stay have
/// their positions to the bit. Where several triangles cannot go, there are more than `target`.
/// Errors: invalid_argument (as many labels as triangles are needed), cancelled.
Result<LabelledMesh> simplify(const LabelledMesh& mesh, size_t target, const CancelToken* cancel = nullptr);

/// Vertices at which several fans of triangles meet become one vertex a fan, at the same place.
void separate_fans(Mesh& mesh);

}  // namespace ptah
