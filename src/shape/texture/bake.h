// Solid textures as pictures on an atlas: base colour, metallic-roughness and normals.
#pragma once

#include "base/progress.h"
#include "geometry/atlas/unwrap.h"
#include "geometry/normals.h"
#include "media/image.h"
#include "shape/texture/solid.h"

namespace ptah {

/// A mesh as it is drawn: vertices split where normals or texture coordinates are.
struct AtlasMesh {
  std::vector<Vec3> positions, normals;
  std::vector<Vec2> uvs;
  std::vector<std::array<float, 4>> tangents;  ///< along growing u, at right angles to the normal; the texture's up is the normal × this × the fourth, 1 or -1
  std::vector<Triangle> triangles;
};
/// Precondition: both have the same triangles.
AtlasMesh atlas_mesh(const ShadedMesh& mesh, const UvMap& map);
/// The tangents for a mesh that has texture coordinates.
void add_tangents(AtlasMesh& mesh);

/// How a material lies in space: its pattern has the grain along `grain` (0 x, 1 y, 2 z) and begins at `origin`.
struct BakedPart {
  LayeredMaterial material;
  Vec3 origin{};
  int grain = 1;
  float unit = 1;  ///< metres of the pattern for a unit of the mesh
};

struct BakedMaps {
  Image base_color;          ///< sRGB; alpha is the material's opacity
  Image metallic_roughness;  ///< red 255 (occlusion), green roughness, blue metallic
  Image normal;              ///< tangent space, green up
  Image emission;            ///< sRGB
  bool emissive = false, relief = false;
  double coverage = 0;  ///< share of the texels that lie on the surface
};

/// Every texel on the surface, and `kBakedRings` texels round each chart, show the material at their place in space (beyond a chart's border its plane goes
/// on), so that neither bilinear reading nor the next mip levels show what lies beyond; all others have the mean. `part_of` is the part of each triangle.
/// Errors: invalid_argument (a size outside 16 to 8192, other counts), cancelled.
inline constexpr int kBakedRings = 10;
Result<BakedMaps> bake_maps(const AtlasMesh& mesh, const std::vector<uint32_t>& part_of, const std::vector<BakedPart>& parts, int64_t size,
                            const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr);

/// For each texel the triangle it shows, 0xFFFFFFFF where it shows none: those whose middle lies in it, then `rings` more. `inside` counts the former.
std::vector<uint32_t> texel_owners(const std::vector<Vec2>& uvs, const std::vector<Triangle>& triangles, int64_t size, int rings, int64_t& inside);

}  // namespace ptah
