// A traced scene as the lanes of the path tracer read it: records that one lane loads in a row.
#pragma once

#include <vector>

#include "render/environment.h"
#include "render/surface.h"
#include "render/trace/rays.h"

namespace ptah {

/// Four neighbours of the table of split_sum(): scale and bias at (y, x), (y, x + 1), (y + 1, x), (y + 1, x + 1).
struct SplitSumCell {
  float corners[8];
};

/// A triangle: three groups of eight numbers.
struct TriangleRecord {
  Vec3 corners[3], normals[3];
  Vec3 geometric;  ///< of length 1, by the order of the corners
  uint32_t material;
  float density;  ///< of samples of what glows, by area; 0 for what does not
  float unused = 0;
};
static_assert(sizeof(TriangleRecord) == 24 * sizeof(float));

/// A material: two groups of eight numbers.
struct MaterialRecord {
  Rgb albedo, emission;
  float roughness, metallic;
  float opacity, coverage, specular;  ///< of what is plain, alpha cut off already
  uint32_t plain;                     ///< all bits set: the same all over the surface; 0: MaterialTextures says more
  float unused[4] = {};
};
static_assert(sizeof(MaterialRecord) == 16 * sizeof(float));

/// A picture at its full size.
struct TextureView {
  const uint8_t* rgba;
  float width, height;
};

/// Of triangles of what is not plain: texture coordinates of the corners, the directions in which u and v grow (0 where they do not), tints of the corners.
struct TexturedRecord {
  float numbers[24];
};

/// Indices of textures of albedo, emission, roughness and normals, as the bits of whole numbers, 0 for none; the scale of normals; the alpha cutoff.
struct MaterialTextures {
  float numbers[8];
};

/// Triangles that glow, likelier the more they send out.
struct EmitterTable {
  std::vector<uint32_t> triangles;
  std::vector<float> sums;  ///< cumulative, one more than triangles
  std::vector<int32_t> guide;
  bool empty() const { return triangles.empty(); }
};

struct TracedTables {
  TracedTables(const SurfaceScene& scene, std::shared_ptr<const Environment> surroundings);

  const SurfaceScene& surface;
  std::shared_ptr<const Environment> environment;  ///< none: only what glows gives light
  RayScene rays;
  std::vector<TriangleRecord> triangles;
  std::vector<MaterialRecord> materials;
  std::vector<SplitSumCell> split_sums;
  std::vector<TexturedRecord> textured;             ///< none where all is plain
  std::vector<MaterialTextures> material_textures;  ///< none where all is plain
  std::vector<TextureView> textures;                ///< the first one is white
  const float* linear;                              ///< what the 256 bytes of sRGB stand for
  EmitterTable emitters;
  bool all_plain = true;        ///< no material has textures or tints
  float environment_share = 0;  ///< of the samples of light

 private:
  void add_textures();
};

}  // namespace ptah
