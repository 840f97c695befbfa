// From a picture to a solid: inflation that never fails (after Baran and Lehtinen, "Notes on Inflating Curves", 2009).
#pragma once

#include "base/progress.h"
#include "media/mesh.h"
#include "media/picture.h"
#include "shape/isosurface.h"

namespace ptah {

enum class Solid { round, flat_back, slab };
Result<Solid> solid_by_name(std::string_view name);

struct InflateRequest {
  Solid solid = Solid::round;
  int64_t target_triangles = 20000;
  float size_mm = 100;        ///< longest edge of the object
  int64_t resolution = 0;     ///< cells along the longest edge; 0: as many as the triangles ask for
  float thickness = 1;        ///< factor on the depth
  bool slab_if_faint = true;  ///< make a slab of the whole picture where the mask has under 2 %; false: of transparent pictures take what there is
};

/// Empty pixels round a mask.
inline constexpr int64_t kMaskMargin = 2;

/// Coverage of the object on a square grid, 0 to 1, rows from the top; kMaskMargin empty pixels all round.
struct Mask {
  int64_t size = 0;
  std::vector<float> cover;
  float at(int64_t x, int64_t y) const { return cover[static_cast<size_t>(y * size + x)]; }
  float& at(int64_t x, int64_t y) { return cover[static_cast<size_t>(y * size + x)]; }
};

/// The alpha channel at `size` pixels, or for an opaque picture what the least cut parts from its border's colours in Lab (enclosed parts in those colours
/// belong to the object). Components under 1 % of the object and holes under 0.3 % go. Under 2 % or over 98 % foreground: a rounded slab of the whole picture.
/// `slab_if_faint`: see InflateRequest.
Mask object_mask(const Picture& picture, int64_t size, bool slab_if_faint = true);

/// An opaque picture with an alpha channel that leaves out what is reached from its border through the border's colour (as object_mask does); a picture that
/// has transparency already comes back as it is.
Picture cut_out(const Picture& picture);

/// Height h inside the mask: (Δ − 1/L²)h = −4 with h = 0 on the outline, placed between pixels by the coverage; L = 0.35 of the object's
/// extent, or no screening for L = 0. Pixel units. Preconditioned conjugate gradients.
std::vector<float> thickness_field(const Mask& mask, float screening_length);

/// The whole way: mask, thickness, implicit solid, mesh, UV, texture. Errors: invalid_argument for a bad request, cancelled.
Result<TexturedMesh> inflate(const Picture& picture, const InflateRequest& request, const CancelToken* cancel = nullptr);

}  // namespace ptah
