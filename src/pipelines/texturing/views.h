// What is seen of a mesh from where it is painted: triangles, depth, and the depth picture that a ControlNet takes.
#pragma once

#include "render/camera.h"
#include "shape/texture/bake.h"

namespace ptah {

/// Where a mesh is seen from, and what a prompt says of that: "front view".
struct PaintedView {
  Direction from;
  const char* words;
};
/// The first `count` of ten: the four sides, above, below, then the corners. Precondition: 6 to 10.
std::vector<PaintedView> painted_views(int64_t count);

/// What is seen at the middle of each pixel.
struct ViewSurface {
  int64_t width = 0, height = 0;
  std::vector<uint32_t> triangle;  ///< 0xFFFFFFFF where nothing is seen
  std::vector<float> depth;        ///< along the axis, in the units of the mesh; 0 where nothing is seen
  std::vector<Vec2> place;         ///< of the triangle's second and third corner how much
  size_t index(int64_t x, int64_t y) const { return static_cast<size_t>(y * width + x); }
};
/// Both sides of a triangle are seen. The same for any number of threads.
ViewSurface view_surface(const AtlasMesh& mesh, const Camera& camera, int64_t width, int64_t height);

/// Depth as the networks of Stable Diffusion learned it (MiDaS): inverse depth, near is white, black where nothing is seen. The farthest place of the mesh is
/// `farthest` bright, so that it differs from what lies behind.
Image depth_picture(const ViewSurface& seen, uint8_t farthest = 64);

}  // namespace ptah
