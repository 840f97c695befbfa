// Gaussian splats (Kerbl et al., "3D Gaussian Splatting", 2023) as files.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "geometry/mesh.h"

namespace ptah {

/// One Gaussian; metres, +y up.
struct Splat {
  Vec3 at{};
  std::array<float, 4> turn{0, 0, 0, 1};            ///< a quaternion of length 1: x, y, z, w
  Vec3 scale{};                                     ///< standard deviations along its own axes
  float opacity = 1;                                ///< 0 to 1
  std::array<std::array<float, 3>, 4> harmonics{};  ///< of red, green, blue: 1, y, z, x; sRGB less 0.5
};

/// The PLY of the first implementation (degree 1), as its scenes have it: +y down, +z to the front, logarithms of scales, logits of opacities.
/// Errors: invalid_argument (none, or numbers that are not finite).
Result<Bytes> encode_splat_ply(const std::vector<Splat>& splats);
/// GLB with KHR_gaussian_splatting: points with attributes for who knows the extension, coloured points for who does not. Errors: as encode_splat_ply().
Result<Bytes> encode_splat_glb(const std::vector<Splat>& splats);
/// Niantic's .spz, version 2 (degree 1): about a tenth of the PLY; positions in 24 bits, all else in 8 bits and less, gzipped; +y up. Errors: as
/// encode_splat_ply(); unsupported (more than ten million).
Result<Bytes> encode_splat_spz(const std::vector<Splat>& splats);

}  // namespace ptah
