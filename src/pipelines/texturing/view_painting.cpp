#include "pipelines/texturing/view_painting.h"

#include <algorithm>

namespace ptah {

Result<PaintedMaps> paint_views(const AtlasMesh& mesh, const ViewPaintingOptions& options, const ViewPainter& painter, const ProgressCallback& progress,
                                const CancelToken* cancel) {
  if (options.views < 6 || options.views > 10) return fail(ErrorCode::invalid_argument, "{} views; 6 to 10 are possible", options.views);
  if (options.size < 64 || options.size > 2048 || options.texels < 16 || options.texels > 8192)
    return fail(ErrorCode::invalid_argument, "views of {} pixels on a texture of {} texels", options.size, options.texels);
  RenderScene scene;
  scene.meshes.push_back({{mesh.positions, mesh.normals, mesh.triangles}, 0});
  const std::vector<PaintedView> views = painted_views(options.views);
  std::vector<Direction> directions;
  for (const PaintedView& view : views) directions.push_back(view.from);
  const std::vector<Camera> cameras = Camera::round(scene, directions, options.size, options.size);
  PaintedTexture texture(mesh, options.texels);
  PaintedMaps out;
  for (size_t i = 0; i < views.size(); ++i) {
    if (cancel && cancel->cancelled()) return fail(ErrorCode::cancelled, "cancelled");
    if (progress) progress({"paint", static_cast<double>(i) / static_cast<double>(views.size()), -1});
    const ViewSurface seen = view_surface(mesh, cameras[i], options.size, options.size);
    Sources sources;
    sources.controls.push_back(depth_picture(seen));
    if (i > 0) {
      Image mask = texture.to_paint(seen, cameras[i]);
      int64_t white = 0;
      for (size_t k = 0; k < mask.rgba.size(); k += 4) white += mask.rgba[k] > 0;
      if (white * 500 < options.size * options.size) continue;  // less than 0.2 % of the picture is new
      sources.from = texture.shown(seen);
      sources.mask = std::move(mask);
    }
    PTAH_TRY(Image picture, painter(views[i], sources));
    if (picture.width != options.size || picture.height != options.size)
      return fail(ErrorCode::invalid_argument, "a view of {} × {} pixels, not {} × {}", picture.width, picture.height, options.size, options.size);
    texture.put(picture, seen, cameras[i], sources.mask ? &*sources.mask : nullptr);
    out.views.push_back(std::move(picture));
    ++out.painted;
  }
  out.coverage = texture.coverage();
  out.base_color = texture.finished();
  return out;
}

}  // namespace ptah
