// From a picture to a solid: inflation that never fails (after Baran and Lehtinen, "Notes on Inflating Curves", 2009).
#pragma once

#include "base/progress.h"
#include "geometry/mesh.h"
#include "media/image.h"
#include "pixels/object_mask.h"

namespace ptah {

enum class SolidKind { round, flat_back, slab };
Result<SolidKind> solid_by_name(std::string_view name);

struct InflateRequest {
  SolidKind solid = SolidKind::round;
  int64_t target_triangles = 20000;
  float size_mm = 100;        ///< longest edge of the object
  int64_t resolution = 0;     ///< cells along the longest edge; 0: as many as the triangles ask for
  float thickness = 1;        ///< factor on the depth
  bool slab_if_faint = true;  ///< make a slab of the whole picture where the mask has under 2 %; false: of transparent pictures take what there is
};

/// Height h inside the mask: (Δ − 1/L²)h = −4 with h = 0 on the outline, placed between pixels by the coverage; L = 0.35 of the object's
/// extent, or no screening for L = 0. Pixel units. Preconditioned conjugate gradients.
std::vector<float> thickness_field(const Mask& mask, float screening_length);

/// thickness_field() as round solids have it: L is 0.35 of the object's extent. Half the thickness of the solid is its square root.
std::vector<float> round_thickness(const Mask& mask);

/// Pixels of a picture that surely show the object of its mask: covered with all their neighbourhood, so that no background bleeds into a texture.
std::vector<char> surely_inside(const Image& picture, const Mask& mask);

/// The whole way: mask, thickness, implicit solid, mesh, UV, texture. Errors: invalid_argument for a bad request, cancelled.
Result<TexturedMesh> inflate(const Image& picture, const InflateRequest& request, const CancelToken* cancel = nullptr);

}  // namespace ptah
