#include "geometry/field/field.h"

#include <cmath>

namespace ptah {

namespace {
constexpr int kCoarseCells = 24;
}

Field metaball_field(std::vector<Metaball> balls) {
  // (1 - 1 / k²)³ = 1/2 at the radius of a ball that stands alone.
  const float reach = 1 / std::sqrt(1 - std::cbrt(0.5F));
  return [balls = std::move(balls), reach](const Vec3& p) {
    FieldSample out{0.5F, {}};
    for (const Metaball& ball : balls) {
      const Vec3 from = p - ball.centre;
      const float scale = 1 / (ball.radius * reach * ball.radius * reach), left = 1 - dot(from, from) * scale;
      if (left <= 0) continue;
      out.value -= left * left * left;
      out.gradient = out.gradient + from * (6 * left * left * scale);
    }
    return out;
  };
}

namespace {

/// How far a point is beyond the nearest side of a box, and that side's normal.
FieldSample beyond(const Box& box, const Vec3& p) {
  FieldSample out{-1e30F, {}};
  for (size_t k = 0; k < 3; ++k)
    for (const float side : {-1.0F, 1.0F}) {
      const float here = side > 0 ? p[k] - box.high[k] : box.low[k] - p[k];
      if (here <= out.value) continue;
      out = {here, {}};
      out.gradient[k] = side;
    }
  return out;
}

}  // namespace

Result<Mesh> field_mesh(const Field& field, const Box& box, int cells, const CancelToken* cancel) {
  const Vec3 size = box.high - box.low;
  const float longest = std::max({size[0], size[1], size[2]});
  // To the first order a distance; where the field has no value nothing is. The box's sides cut it off.
  const auto at = [&](const Vec3& p) {
    const FieldSample side = beyond(box, p), here = field(p);
    const float slope = length(here.gradient);
    if (!std::isfinite(here.value) || !std::isfinite(slope)) return FieldSample{longest, side.gradient};
    const float distance = std::clamp(here.value / std::max(slope, 1e-12F), -longest, longest);
    return distance >= side.value ? FieldSample{distance, here.gradient} : side;
  };
  ContourRequest request;
  request.distance = [&at](const Vec3& p) { return at(p).value; };
  request.gradient = [&at](const Vec3& p) { return at(p).gradient; };
  request.lipschitz = 1e6F;  // unknown: every block is looked at
  const auto around = [&request](const Box& what, int count) {
    const Vec3 edges = what.high - what.low;
    const float margin = 1.5F * std::max({edges[0], edges[1], edges[2]}) / static_cast<float>(count);
    for (size_t k = 0; k < 3; ++k) request.box.low[k] = what.low[k] - margin, request.box.high[k] = what.high[k] + margin;
    request.cells = count;
  };
  // First coarsely, so that the cells are not spent on what is empty.
  around(box, std::min(cells, kCoarseCells));
  PTAH_TRY(const Mesh coarse, contour(request, cancel));
  around(coarse.triangles.empty() ? box : Box::of(coarse.positions), cells);
  return contour(request, cancel);
}

}  // namespace ptah
