// The colours that a scene shows, for formats without its materials.
#pragma once

#include <map>
#include <optional>

#include "media/glb_scene.h"
#include "media/image.h"
#include "media/mesh/scene_builder.h"

namespace ptah {

/// Linear RGBA: base colour times texture times colours of the vertices. The scene has to outlive it.
class SceneColours {
 public:
  /// Textures that cannot be decoded are white, with a note.
  SceneColours(const MeshScene& scene, NoteList& notes);
  /// At a point of a triangle, by the weights of its corners.
  std::array<float, 4> at(const SceneMesh& mesh, const Triangle& triangle, const Vec3& weights) const;
  /// At a vertex.
  std::array<float, 4> at(const SceneMesh& mesh, uint32_t vertex) const { return at(mesh, {vertex, vertex, vertex}, {1, 0, 0}); }
  /// Whether nothing is other than opaque white.
  bool plain() const { return plain_; }

 private:
  const MeshScene& scene_;
  std::map<int32_t, Image> pictures_;
  bool plain_ = true;
};

/// Linear, 0 to 1, as sRGB of 8 bits; the opacity stays.
std::array<uint8_t, 4> srgb8(const std::array<float, 4>& linear);

/// A picture as PNG or JPEG, and its ending; WebP becomes PNG. Errors: as decode_image.
struct PlainPicture {
  Bytes bytes;
  const char* ending;
};
Result<PlainPicture> png_or_jpeg(const SceneImage& image);

/// Checks that every mesh is complete. Errors: invalid_argument.
Result<void> check_scene(const MeshScene& scene);

}  // namespace ptah
