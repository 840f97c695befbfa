// One view of a model from both sides: what a picture of it shows, and what the picture does not show, exactly.
#pragma once

#include "base/philox.h"
#include "render/environment.h"
#include "render/surface.h"

namespace ptah {

/// From where and in which light a model is seen. Degrees: about the vertical axis, from above, about the line of sight.
struct ViewChoice {
  float turn = 0, tilt = 0, roll = 0;
  std::shared_ptr<const Environment> light;
  float light_turn = 0;  ///< degrees about the vertical axis
  float exposure = 1;
  Rgb tint{1, 1, 1};  ///< factors on linear colours
};

/// Rows from the top. Depths are those of TwoSidedNetwork: half of what the longer edge spans is 1, and the mean of front and back is 0 over the whole object.
struct TwoSidedView {
  int64_t size = 0;
  std::vector<float> seen;         ///< premultiplied RGBA in [−1, 1]
  std::vector<float> cover;        ///< 0 to 1
  std::vector<float> front, back;  ///< depths where the cover is above 0
  std::vector<Rgb> front_colours;  ///< sRGB, 0 to 1, where the cover is above 0
  std::vector<Rgb> back_colours;   ///< the same of the back, lit as if it were in front
  double shift = 0;                ///< what was taken off all depths so that their mean is 0
};

/// The way from a model to a view: right, up and towards the viewer, in units of the depths (but for TwoSidedView::shift).
struct ViewFrame {
  std::array<Vec3, 3> axes{};
  Vec3 middle{};
  float scale = 1;
  Vec3 operator()(const Vec3& p) const;
};
ViewFrame view_frame(const SurfaceScene& model, const ViewChoice& choice);

/// Rasterised without perspective, 2 × 2 samples a pixel, with `margin` empty pixels at the longer edge; lit by the environment, without shadows. Nothing is
/// clear. The same for any number of threads.
TwoSidedView two_sided_view(const SurfaceScene& model, const ViewChoice& choice, int64_t size, int64_t margin);

/// The picture of a view.
Image picture_of(const TwoSidedView& view);

/// Whether a view says something: at least 2 % of it are covered, and it is no more than twice as deep as wide.
bool is_telling(const TwoSidedView& view);

}  // namespace ptah
