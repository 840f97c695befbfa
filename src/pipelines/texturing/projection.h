// Pictures of a mesh, put on its texture: what each view shows of it, and what no view shows.
#pragma once

#include "pipelines/texturing/views.h"

namespace ptah {

/// A texture that is painted view by view. Colours are mixed as sRGB bytes are.
class PaintedTexture {
 public:
  /// Precondition: the mesh outlives it.
  PaintedTexture(const AtlasMesh& mesh, int64_t texels);

  /// What is there so far, as the camera sees it: places that nothing was painted on yet have the mean of what was, and what is no mesh has `background`.
  Image shown(const ViewSurface& seen, uint8_t background = 128) const;
  /// White where the mesh is seen and is to be painted: nothing is there yet, or it was seen at a much flatter angle. Black elsewhere.
  Image to_paint(const ViewSurface& seen, const Camera& camera) const;
  /// Puts a picture of the view on all texels that it shows where `mask` is white (everywhere without one). The weight of a view is the cosine between the
  /// surface's normal and the direction to the eye, to the sixth power; what is seen flatter than at 80° is left out, and so is what lies behind other parts.
  void put(const Image& picture, const ViewSurface& seen, const Camera& camera, const Image* mask = nullptr);

  /// Share of the surface's texels that a view has painted.
  double coverage() const;
  /// The texture. What no view showed gets the colours that lie near it in space, so that seams do not show.
  Image finished() const;

 private:
  struct Texel {
    Vec3 position, normal;
    std::array<float, 3> sum{};
    float weight = 0, best = 0;  ///< of the views; the largest cosine
  };
  const Texel* texel_of(uint32_t triangle, const Vec2& place) const;
  std::array<float, 3> mean() const;

  const AtlasMesh& mesh_;
  int64_t size_, inside_ = 0;
  float footprint_ = 0;          ///< of a texel on the surface
  std::vector<int32_t> number_;  ///< of each place of the texture in `texels_`; −1 for none
  std::vector<Texel> texels_;
};

}  // namespace ptah
