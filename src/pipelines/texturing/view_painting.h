// A mesh painted view by view by something that paints pictures after depth.
#pragma once

#include "pipelines/texturing/projection.h"
#include "work/sources.h"

namespace ptah {

struct ViewPaintingOptions {
  int64_t views = 8;      ///< 6 to 10
  int64_t size = 512;     ///< edge of the pictures in pixels
  int64_t texels = 1024;  ///< edge of the texture
};

/// Paints one view. `words` says from where it is seen. `sources.controls` has the depth picture; but for the first view, `sources.from` is what is painted
/// already and `sources.mask` is white where it is to be painted. The picture has the size of the depth picture.
using ViewPainter = std::function<Result<Image>(const PaintedView& view, const Sources& sources)>;

struct PaintedMaps {
  Image base_color;
  double coverage = 0;       ///< share of the texels that some view showed
  int64_t painted = 0;       ///< views; those that show nothing new are left out
  std::vector<Image> views;  ///< as they were painted
};

/// View after view, in the order of painted_views(): the depth is drawn, the view is painted where it shows what is new or was seen flatly before, and is put
/// on the texture. What no view shows is filled from what lies near it. (After Richardson et al. 2023, "TEXTure".) Errors: invalid_argument (views, sizes);
/// those of the painter; cancelled.
Result<PaintedMaps> paint_views(const AtlasMesh& mesh, const ViewPaintingOptions& options, const ViewPainter& painter, const ProgressCallback& progress = {},
                                const CancelToken* cancel = nullptr);

}  // namespace ptah
