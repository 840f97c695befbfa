#include "geometry/cloud/poisson.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "geometry/cloud/neighbours.h"
#include "geometry/cloud/poisson_grid.h"
#include "geometry/dual_contouring.h"

namespace ptah {

namespace {

constexpr size_t kMinPoints = 10, kAreaNeighbours = 9;
constexpr float kMargin = 0.1F;  ///< around the cloud, in its longest edge
constexpr int64_t kBlock = 16;   ///< cells along each edge are a multiple: four coarser grids
constexpr double kSolved = 1e-4;

/// A quadratic B-spline at the grid points around a place, `f` cells from the middle one.
std::array<float, 3> spline_weights(float f) { return {0.5F * (0.5F - f) * (0.5F - f), 0.75F - f * f, 0.5F * (0.5F + f) * (0.5F + f)}; }

/// The function between the grid points: quadratic B-splines, 0 beyond the border.
class Indicator {
 public:
  Indicator(GridLevel level, Vec3 origin, float cell, std::vector<float> values)
      : level_(std::move(level)), origin_(origin), cell_(cell), values_(std::move(values)) {}

  float value(const Vec3& p) const { return sample(p).first; }
  Vec3 gradient(const Vec3& p) const { return sample(p).second * (1 / cell_); }
  /// To the first order the distance to where the value is `level`, positive where it is less.
  float distance(const Vec3& p, float level) const {
    const auto [value, by_cells] = sample(p);
    const float farthest = 4 * cell_;
    return std::clamp((level - value) * cell_ / std::max(length(by_cells), 1e-12F), -farthest, farthest);
  }

 private:
  float at(int64_t x, int64_t y, int64_t z) const {
    const bool inside = x >= 0 && y >= 0 && z >= 0 && x < level_.size[0] && y < level_.size[1] && z < level_.size[2];
    return inside ? values_[static_cast<size_t>(level_.at(x, y, z))] : 0;
  }
  /// The value, and its derivatives by cells.
  std::pair<float, Vec3> sample(const Vec3& p) const {
    std::array<int64_t, 3> low{};
    std::array<std::array<float, 3>, 3> weight{}, slope{};
    for (size_t k = 0; k < 3; ++k) {
      const float g = (p[k] - origin_[k]) / cell_ - 1, nearest = std::round(g), f = g - nearest;  // grid point i stands at i + 1 cells
      low[k] = static_cast<int64_t>(nearest) - 1;
      weight[k] = spline_weights(f);
      slope[k] = {f - 0.5F, -2 * f, f + 0.5F};
    }
    float value = 0;
    Vec3 gradient{};
    for (size_t z = 0; z < 3; ++z)
      for (size_t y = 0; y < 3; ++y)
        for (size_t x = 0; x < 3; ++x) {
          const float v = at(low[0] + static_cast<int64_t>(x), low[1] + static_cast<int64_t>(y), low[2] + static_cast<int64_t>(z));
          value += v * weight[0][x] * weight[1][y] * weight[2][z];
          gradient = gradient +
                     Vec3{slope[0][x] * weight[1][y] * weight[2][z], weight[0][x] * slope[1][y] * weight[2][z], weight[0][x] * weight[1][y] * slope[2][z]} * v;
        }
    return {value, gradient};
  }

  GridLevel level_;
  Vec3 origin_;
  float cell_;
  std::vector<float> values_;
};

/// The area that each point stands for: that of a disc to its eighth neighbour, an eighth of it.
std::vector<float> areas_of(const std::vector<Vec3>& points) {
  std::vector<float> out(points.size());
  const PointGrid grid(points);
  parallel_for(static_cast<int64_t>(points.size()), 3000, [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      const Vec3 away = points[grid.nearest(points[i], kAreaNeighbours).back()] - points[i];
      out[i] = 3.14159265F * dot(away, away) / static_cast<float>(kAreaNeighbours - 1);
    }
  });
  return out;
}

class Reconstruction {
 public:
  Reconstruction(const std::vector<Vec3>& points, const std::vector<Vec3>& normals, const PoissonOptions& options)
      : points_(points), normals_(normals), options_(options) {
    const Box box = Box::of(points);
    const Vec3 size = box.high - box.low;
    const float longest = std::max({size[0], size[1], size[2]});
    cell_ = longest / static_cast<float>(options.cells);
    const auto margin = static_cast<int64_t>(std::ceil(kMargin * static_cast<float>(options.cells))) + 4;
    for (size_t k = 0; k < 3; ++k) {
      const int64_t wanted = static_cast<int64_t>(std::ceil(size[k] / cell_)) + 2 * margin;
      cells_[k] = (wanted + kBlock - 1) / kBlock * kBlock;
      level_.size[k] = cells_[k] - 1;
      origin_[k] = (box.low[k] + box.high[k]) / 2 - static_cast<float>(cells_[k]) * cell_ / 2;
    }
    level_.scale = 1;  // all in cells: lengths are divided by the edge of one
  }

  Result<Mesh> run(const CancelToken* cancel) {
    const std::vector<float> areas = areas_of(points_);
    if (cancel) PTAH_TRY_VOID(cancel->check());
    const GridPoints points = placed(areas);
    level_.diagonal = spread_weights(level_, points);
    std::vector<float> b(level_.diagonal.size());
    add_normals(areas, b);
    for (size_t i = 0; i < b.size(); ++i) b[i] += 0.5F * level_.diagonal[i];  // the value at the points is to be a half
    PTAH_TRY(std::vector<float> values, solve_screened(level_, points, b, kSolved, cancel));
    const Indicator indicator(level_, origin_, cell_, std::move(values));
    double sum = 0, weights = 0;
    for (size_t i = 0; i < points_.size(); ++i) {
      sum += static_cast<double>(areas[i]) * static_cast<double>(indicator.value(points_[i]));
      weights += static_cast<double>(areas[i]);
    }
    const auto level = static_cast<float>(sum / std::max(weights, 1e-30));
    ContourRequest request;
    request.distance = [&](const Vec3& p) { return indicator.distance(p, level); };
    request.gradient = [&](const Vec3& p) { return indicator.gradient(p) * -1.0F; };
    request.box = {origin_, origin_ + Vec3{static_cast<float>(cells_[0]), static_cast<float>(cells_[1]), static_cast<float>(cells_[2])} * cell_};
    request.cells = static_cast<int>(std::min<int64_t>(std::max({cells_[0], cells_[1], cells_[2]}), 512));
    request.lipschitz = 1e6F;  // unknown: every block is looked at
    return contour(request, cancel);
  }

 private:
  Vec3 in_cells(const Vec3& p) const { return (p - origin_) * (1 / cell_); }

  GridPoints placed(const std::vector<float>& areas) const {
    GridPoints out;
    out.plane.assign(static_cast<size_t>(cells_[2]) + 1, 0);
    std::vector<GridPoints::Point> all(points_.size());
    for (size_t i = 0; i < points_.size(); ++i) {
      const Vec3 g = in_cells(points_[i]);
      for (size_t k = 0; k < 3; ++k) {
        all[i].cell[k] = static_cast<int32_t>(std::clamp<int64_t>(static_cast<int64_t>(g[k]), 0, cells_[k] - 1));
        all[i].place[k] = g[k] - static_cast<float>(all[i].cell[k]);
      }
      all[i].weight = options_.screening * areas[i] / (cell_ * cell_);
      ++out.plane[static_cast<size_t>(all[i].cell[2]) + 1];
    }
    for (size_t z = 1; z < out.plane.size(); ++z) out.plane[z] += out.plane[z - 1];
    std::vector<size_t> next(out.plane.begin(), out.plane.end() - 1);
    out.points.resize(all.size());
    for (const GridPoints::Point& p : all) out.points[next[static_cast<size_t>(p.cell[2])]++] = p;
    return out;
  }

  /// The divergence of the normals' field, which is kept on the faces between grid points.
  void add_normals(const std::vector<float>& areas, std::vector<float>& b) const {
    for (size_t i = 0; i < points_.size(); ++i) {
      const float length_of = length(normals_[i]);
      if (!(length_of > 0)) continue;
      const Vec3 g = in_cells(points_[i]), n = normals_[i] * (areas[i] / (cell_ * cell_) / length_of);
      for (size_t axis = 0; axis < 3; ++axis) spread(g, axis, n[axis], b);
    }
  }
  /// One component of a normal: to the faces around it, by a quadratic B-spline; each adds to the point before it and takes from the one behind.
  void spread(const Vec3& g, size_t axis, float amount, std::vector<float>& b) const {
    std::array<int64_t, 3> low{};
    std::array<std::array<float, 3>, 3> weights{};
    for (size_t k = 0; k < 3; ++k) {
      const float at = k == axis ? g[k] - 0.5F : g[k], nearest = std::round(at), f = at - nearest;
      low[k] = static_cast<int64_t>(nearest) - 2;
      weights[k] = spline_weights(f);
    }
    for (size_t z = 0; z < 3; ++z)
      for (size_t y = 0; y < 3; ++y)
        for (size_t x = 0; x < 3; ++x) {
          const std::array<int64_t, 3> at{low[0] + static_cast<int64_t>(x), low[1] + static_cast<int64_t>(y), low[2] + static_cast<int64_t>(z)};
          std::array<int64_t, 3> behind = at;
          ++behind[axis];
          const float weight = weights[0][x] * weights[1][y] * weights[2][z];
          add(b, at, amount * weight);
          add(b, behind, -amount * weight);
        }
  }
  void add(std::vector<float>& b, const std::array<int64_t, 3>& at, float amount) const {
    for (size_t k = 0; k < 3; ++k)
      if (at[k] < 0 || at[k] >= level_.size[k]) return;
    b[static_cast<size_t>(level_.at(at[0], at[1], at[2]))] += amount;
  }

  const std::vector<Vec3>&points_, &normals_;
  const PoissonOptions& options_;
  float cell_ = 1;
  std::array<int64_t, 3> cells_{};
  Vec3 origin_{};
  GridLevel level_;
};

}  // namespace

Result<Mesh> poisson_surface(const std::vector<Vec3>& points, const std::vector<Vec3>& normals, const PoissonOptions& options, const CancelToken* cancel) {
  if (points.size() < kMinPoints) return fail(ErrorCode::invalid_argument, "a surface needs at least {} points", kMinPoints);
  if (points.size() != normals.size()) return fail(ErrorCode::invalid_argument, "{} points and {} normals", points.size(), normals.size());
  if (options.cells < 16 || options.cells > 512) return fail(ErrorCode::invalid_argument, "{} cells; 16 to 512 are possible", options.cells);
  if (!(options.screening >= 0 && options.screening <= 1000))
    return fail(ErrorCode::invalid_argument, "a screening of {}; 0 to 1000 are possible", options.screening);
  for (const auto* list : {&points, &normals})
    for (const Vec3& p : *list)
      if (!std::isfinite(p[0] + p[1] + p[2])) return fail(ErrorCode::invalid_argument, "a place or a normal that is no number");
  const Box box = Box::of(points);
  const Vec3 size = box.high - box.low;
  if (!(std::max({size[0], size[1], size[2]}) > 1e-6F)) return fail(ErrorCode::invalid_argument, "the points lie at one place");
  return Reconstruction(points, normals, options).run(cancel);
}

}  // namespace ptah
