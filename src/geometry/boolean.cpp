#include "geometry/boolean.h"

#include <algorithm>
#include <cmath>

#include "geometry/boolean/arrangement.h"
#include "geometry/boolean/tidy.h"

namespace ptah {

bool in_any(std::span<const uint8_t> inside) {
  return std::any_of(inside.begin(), inside.end(), [](uint8_t in) { return in != 0; });
}
bool in_all(std::span<const uint8_t> inside) {
  return !inside.empty() && std::all_of(inside.begin(), inside.end(), [](uint8_t in) { return in != 0; });
}
bool in_first_only(std::span<const uint8_t> inside) { return !inside.empty() && inside[0] && !in_any(inside.subspan(1)); }

namespace detail {

/// A vertex of an operand is where it was; a new point has the operands' own coordinates where it lies on their axis-parallel planes.
static Vec3 position(const Soup& soup, const PointTable& points, uint32_t index) {
  if (index < soup.grid.size()) return soup.original[index];
  const Point& p = points[index];
  Vec3 out;
  for (size_t i = 0; i < 3; ++i) {
    out[i] = static_cast<float>((p.at[i] + soup.offset[i]) / soup.scale);
    const double whole = std::round(p.at[i]);
    if (std::abs(p.at[i] - whole) > 4 * kPointSlack) continue;
    const auto exact = Wide<3>(p.w) * Wide<3>(static_cast<Int128>(whole)) - p.x[i];
    if (exact.sign() != 0) continue;
    const auto known = soup.coordinate[i].find(static_cast<int32_t>(whole));
    if (known != soup.coordinate[i].end() && std::isfinite(known->second)) out[i] = known->second;
  }
  return out;
}

BooleanResult finish(const Soup& soup, const PointTable& points, const Surface& surface, const BooleanOptions& options) {
  BooleanResult out;
  out.mesh.triangles = surface.triangles;
  out.source = surface.source;
  float largest = 0;
  for (size_t v = 0; v < surface.point.size(); ++v) {
    Vec3 p = position(soup, points, surface.point[v]);
    if (surface.point_2[v] != ~uint32_t{0}) p = (p + position(soup, points, surface.point_2[v])) * 0.5F;
    out.mesh.positions.push_back(p);
    for (const float x : p) largest = std::max(largest, std::abs(x));
  }
  const auto step = static_cast<float>(1 / soup.scale);
  const float apart = std::max(2 * step, largest * 0x1p-21F);  // so that rounding to float keeps them apart
  Tidy tidy(out.mesh, out.source, std::max(2 * step, largest * 0x1p-23F));
  tidy.mend();
  if (options.simplify) tidy.simplify();
  for (int round = 0; round < 8 && tidy.separate(apart); ++round) tidy.mend();
  tidy.finish();
  return out;
}

}  // namespace detail

Result<BooleanResult> boolean_mesh(std::span<const Mesh> operands, const InsideRule& rule, const BooleanOptions& options, const CancelToken* cancel) {
  return guard([&]() -> Result<BooleanResult> {
    using namespace detail;
    PTAH_TRY(const Soup soup, make_soup(operands));
    PointTable points(soup.grid);
    const std::vector<Cut> cuts = find_cuts(soup, points, options.max_pairs, cancel);
    const Arrangement arrangement = arrange(soup, points, cuts, cancel);
    const Cells cells = classify(soup, points, arrangement, operands.size(), rule, cancel);
    const Surface surface = make_surface(soup, points, arrangement, cells);
    stop_if_cancelled(cancel);
    return finish(soup, points, surface, options);
  });
}

}  // namespace ptah
