// A scene as both renderers read it: one list of triangles, textures with their smaller copies, and what a point of a triangle is made of.
#pragma once

#include "render/reflectance.h"
#include "render/scene.h"

namespace ptah {

/// What the bytes of sRGB stand for.
const std::array<float, 256>& linear_table();

/// A picture at its size, half of it, and so on.
class Texture {
 public:
  Texture(const Image& picture, bool srgb);
  /// Linear, 0 to 1, bilinear, repeated beyond the edges; `detail` 0 is the picture itself, 1 half of it, rounded to whole sizes.
  std::array<float, 4> at(const Vec2& uv, float detail) const;
  const Image& picture() const { return levels_[0]; }
  /// Pixels of the picture.
  float area() const { return static_cast<float>(levels_[0].width * levels_[0].height); }

 private:
  bool srgb_;
  std::vector<Image> levels_;
};

/// What a point is made of.
struct SurfacePoint {
  Vec3 normal;     ///< as it is shaded, towards the viewer
  Vec3 geometric;  ///< of the triangle, towards the viewer
  Rgb albedo, emission;
  float roughness = 1, metallic = 0, opacity = 1;
  float coverage = 1;  ///< how much of the surface is there at all
  float specular = 1;
  /// `facing`: cosine between the normal and the direction to the viewer.
  Reflectance reflectance(float facing, bool compensate = true) const { return {albedo, roughness, metallic, opacity, facing, compensate, coverage, specular}; }
};

class SurfaceScene {
 public:
  struct Corner {
    std::array<uint32_t, 3> vertex;
    uint32_t material;
  };
  explicit SurfaceScene(const RenderScene& scene);

  size_t size() const { return triangles_.size(); }
  const Corner& triangle(size_t t) const { return triangles_[t]; }
  const std::vector<Corner>& triangles() const { return triangles_; }
  const std::vector<Vec3>& positions() const { return positions_; }
  const std::vector<Vec3>& normals() const { return normals_; }
  const std::vector<RenderMaterial>& materials() const { return materials_; }
  /// Whether a material is the same all over its surfaces: no textures, no tints.
  bool plain(size_t material) const { return plain_[material]; }
  const std::vector<Vec2>& uvs() const { return uvs_; }
  /// Of vertices, or none at all.
  const std::vector<std::array<float, 4>>& tints() const { return tints_; }
  /// A texture of colours or of numbers by its index in the scene; null for −1.
  const Texture* colours(int32_t index) const { return index < 0 ? nullptr : &colours_[static_cast<size_t>(as_colour_[static_cast<size_t>(index)])]; }
  const Texture* numbers(int32_t index) const { return index < 0 ? nullptr : &numbers_[static_cast<size_t>(as_number_[static_cast<size_t>(index)])]; }
  /// The ways in which u and v of a triangle grow by 1; both 0 where the texture has no area.
  std::array<Vec3, 2> texture_directions(const std::array<uint32_t, 3>& vertex) const;
  const RenderMaterial& material(size_t t) const { return materials_[triangles_[t].material]; }
  const Extent& extent() const { return extent_; }
  /// Whether light may go through a triangle.
  bool clear(size_t t) const { return clear_[triangles_[t].material]; }
  Vec3 position(size_t t, float u, float v) const { return mix(positions_, triangles_[t], u, v); }

  /// Barycentric u and v belong to corners 0 and 1; `view` is the direction to the viewer; `pixel_area`: how much of the triangle's own area a pixel covers, 0
  /// for the finest textures.
  SurfacePoint at(size_t t, float u, float v, const Vec3& view, float pixel_area = 0) const;

 private:
  template <class T>
  static T mix(const std::vector<T>& values, const Corner& c, float u, float v) {
    const T &a = values[c.vertex[0]], &b = values[c.vertex[1]], &d = values[c.vertex[2]];
    T out;
    for (size_t i = 0; i < out.size(); ++i) out[i] = a[i] * u + b[i] * v + d[i] * (1 - u - v);
    return out;
  }
  void add_textures(SurfacePoint& point, const Corner& corner, float u, float v, float pixel_area) const;
  Vec3 bumped(const Vec3& normal, const Corner& corner, const Texture& texture, const Vec2& uv, float detail, float scale) const;

  std::vector<RenderMaterial> materials_;
  std::vector<bool> clear_, plain_;         // of materials
  std::vector<Texture> colours_, numbers_;  // the same pictures as sRGB and as numbers; only those that are used so
  std::vector<int32_t> as_colour_, as_number_;
  std::vector<Vec3> positions_, normals_;
  std::vector<Vec2> uvs_;
  std::vector<std::array<float, 4>> tints_;  // of vertices; empty where no mesh has any
  std::vector<Corner> triangles_;
  Extent extent_;
};

}  // namespace ptah
