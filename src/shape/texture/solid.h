// Solid textures: materials as functions of the position in space, so that surfaces that cut through them have no seams.
#pragma once

#include "shape/material.h"
#include "geometry/mesh.h"

namespace ptah {

/// What a surface is made of at a place.
struct SurfaceSample {
  std::array<float, 3> albedo{};  ///< sRGB, 0 to 1
  float roughness = 0.6F, metallic = 0;
  float height = 0;                 ///< metres above the mean surface: what the normals follow
  std::array<float, 3> emission{};  ///< sRGB
};

/// Something on top: rust on bronze, snow on a roof.
struct SurfaceLayer {
  SolidTexture texture = SolidTexture::none;
  std::array<float, 3> albedo{};  ///< sRGB
  float roughness = 0.9F, metallic = 0;
  float amount = 0.5F;  ///< share of the surface, 0 to 1
  bool operator==(const SurfaceLayer&) const = default;
};

struct LayeredMaterial {
  Material base;
  std::vector<SurfaceLayer> layers;  ///< the first lies lowest
  float relief = 1;                  ///< factor on heights
  bool operator==(const LayeredMaterial&) const = default;
};

/// `p` in metres with the grain along y, `normal` of length 1 (snow lies on what looks up; joints of bricks show where they cross the surface), `footprint` in
/// metres: what is finer than that fades out. Wood has rings of 12 mm, a brick is 215 × 65 × 102 mm; Material::scale makes it coarser.
SurfaceSample sample_material(const LayeredMaterial& material, const Vec3& p, const Vec3& normal, float footprint);

/// Whether the material has one value everywhere.
bool uniform(const LayeredMaterial& material);

}  // namespace ptah
