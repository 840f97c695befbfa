// From a solid to a surface with a picture on it: texture coordinates and the texture.
#pragma once

#include <span>

#include "geometry/mesh.h"
#include "media/image.h"

namespace ptah {

/// A mesh split at its texture seam, and where each vertex lies in the picture.
struct UvUnwrap {
  TexturedMesh mesh;         ///< positions as given; uvs in [0, 1]; no texture yet
  std::vector<Vec2> planar;  ///< of each vertex, in units of the picture's longer edge, (0, 0) at the upper left of its square
};

/// Two islands side by side in a 2:1 atlas, front (+Z) and back. A flow in the plane of the picture evens out how much surface lies on each texel (the map of
/// Moser 1965 between two densities, as in Gastner and Newman's cartograms, 2004), so that the steep rim gets texels from the flat middle; a flow
/// turns nothing over. A hemisphere comes out about as in Lambert's equal-area projection.
/// `mesh` has the picture's plane as x and y (y up) in pixels of a square grid of `size`, of which `margin` pixels on each side are empty. Surfaces that
/// stand upright reach from the plane z = 0 to about `wall` pixels. `sides`: of each triangle, 0 for the front and 1 for the back; without them normals decide.
UvUnwrap unwrap_uv(const Mesh& mesh, int64_t size, int64_t margin, float wall, std::span<const uint32_t> sides = {});

/// Paints the atlas, `edge` texels high, with the picture's colours: `inside` says which pixels surely show the object, the others take the colours
/// of the nearest such pixels; islands are dilated over the whole atlas. `back`: what the back shows, a picture of the same size as it were seen through the
/// object; without one it shows the picture too. Returns PNG bytes.
Result<Bytes> bake_texture(const UvUnwrap& unwrapped, const Image& picture, const std::vector<char>& inside, int64_t edge, const Image* back = nullptr);

/// Length on the surface for a unit of length in the texture, in the worst direction, relative to the mean over the whole mesh (L∞ stretch: Sander et al.
/// 2001); one value a triangle, with its share of the surface.
struct Stretch {
  float worst = 0, area_share = 0;
};
std::vector<Stretch> texture_stretch(const TexturedMesh& mesh);

}  // namespace ptah
