#include "render/field/hull.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"

namespace ptah {

namespace {

constexpr uint8_t kMinAlpha = 8;
constexpr int64_t kBoxResolution = 64;

/// How many pixels with alpha lie above and to the left of each corner.
class AlphaSums {
 public:
  explicit AlphaSums(const Image& picture) : width_(picture.width), height_(picture.height), sums_(static_cast<size_t>((width_ + 1) * (height_ + 1))) {
    for (int64_t y = 0; y < height_; ++y) {
      uint32_t row = 0;
      for (int64_t x = 0; x < width_; ++x) {
        row += picture.at(x, y)[3] >= kMinAlpha;
        at(x + 1, y + 1) = at(x + 1, y) + row;
      }
    }
  }

  /// Whether a square shows any alpha, or lies beyond the picture.
  bool any(float x, float y, float radius) const {
    const float left = std::max(0.0F, std::floor(x - radius)), right = std::min(static_cast<float>(width_), std::ceil(x + radius));
    const float top = std::max(0.0F, std::floor(y - radius)), bottom = std::min(static_cast<float>(height_), std::ceil(y + radius));
    if (!(left < right && top < bottom)) return true;
    const auto x0 = static_cast<int64_t>(left), x1 = static_cast<int64_t>(right), y0 = static_cast<int64_t>(top), y1 = static_cast<int64_t>(bottom);
    return at(x1, y1) + at(x0, y0) != at(x0, y1) + at(x1, y0);
  }

 private:
  uint32_t& at(int64_t x, int64_t y) { return sums_[static_cast<size_t>(y * (width_ + 1) + x)]; }
  uint32_t at(int64_t x, int64_t y) const { return sums_[static_cast<size_t>(y * (width_ + 1) + x)]; }
  int64_t width_, height_;
  std::vector<uint32_t> sums_;
};

void carve(const PosedPicture& picture, const FieldGrid& grid, FieldFlags& cells) {
  const AlphaSums sums(picture.picture);
  const PosedCamera& camera = picture.camera;
  const bool bent = camera.distortion != std::array<float, 4>{};
  const float radius = grid.cell * 0.87F, focal = std::max(camera.focal_x, camera.focal_y);
  // A lens moves what is seen by some pixels: there the hull is wider.
  const float margin = bent ? 0.02F * static_cast<float>(std::max(camera.width, camera.height)) : 1.0F;
  parallel_for(grid.points[2], int64_t{grid.points[0]} * grid.points[1] * 4, [&](int64_t begin, int64_t end) {
    for (auto z = static_cast<int32_t>(begin); z < end; ++z)
      for (int32_t y = 0; y < grid.points[1]; ++y)
        for (int32_t x = 0; x < grid.points[0]; ++x) {
          uint8_t& cell = cells[grid.point_index(x, y, z)];
          if (!cell) continue;
          const Vec3 seen = camera.project(grid.at(static_cast<float>(x) + 0.5F, static_cast<float>(y) + 0.5F, static_cast<float>(z) + 0.5F));
          if (seen[2] > 2 * radius && !sums.any(seen[0], seen[1], radius * focal / (seen[2] - radius) + margin)) cell = 0;
        }
  });
}

/// Where the axes of cameras come nearest to each other; nothing if they are parallel.
std::optional<Vec3> meeting_point(const std::vector<PosedPicture>& pictures) {
  std::array<std::array<double, 4>, 3> m{};
  for (const PosedPicture& p : pictures) {
    const Vec3 d = p.camera.forward;
    for (size_t r = 0; r < 3; ++r)
      for (size_t c = 0; c < 3; ++c) {
        const double value = (r == c ? 1.0 : 0.0) - static_cast<double>(d[r]) * d[c];
        m[r][c] += value;
        m[r][3] += value * p.camera.eye[c];
      }
  }
  for (size_t k = 0; k < 3; ++k) {
    size_t pivot = k;
    for (size_t r = k + 1; r < 3; ++r)
      if (std::abs(m[r][k]) > std::abs(m[pivot][k])) pivot = r;
    if (std::abs(m[pivot][k]) < 1e-3 * static_cast<double>(pictures.size())) return {};
    std::swap(m[k], m[pivot]);
    for (size_t r = 0; r < 3; ++r) {
      if (r == k) continue;
      const double by = m[r][k] / m[k][k];
      for (size_t c = k; c < 4; ++c) m[r][c] -= by * m[k][c];
    }
  }
  return Vec3{static_cast<float>(m[0][3] / m[0][0]), static_cast<float>(m[1][3] / m[1][1]), static_cast<float>(m[2][3] / m[2][2])};
}

}  // namespace

Result<FieldFlags> hull_cells(const PosedPictures& pictures, const FieldGrid& grid, const CancelToken* cancel) {
  FieldFlags cells(grid.point_count());
  for (int32_t z = 0; z + 1 < grid.points[2]; ++z)
    for (int32_t y = 0; y + 1 < grid.points[1]; ++y)
      for (int32_t x = 0; x + 1 < grid.points[0]; ++x) cells[grid.point_index(x, y, z)] = 1;
  if (!pictures.cut_out) return cells;
  for (const PosedPicture& picture : pictures.fitted) {
    if (cancel) PTAH_TRY_VOID(cancel->check());
    carve(picture, grid, cells);
  }
  return cells;
}

Result<FieldBox> box_of(const PosedPictures& pictures, const CancelToken* cancel) {
  const auto middle = meeting_point(pictures.fitted);
  if (!middle) return fail(ErrorCode::invalid_argument, "the cameras look in parallel: there is no place that they see from several sides");
  double half = 0;
  for (const PosedPicture& p : pictures.fitted) {
    const float wide = std::max(static_cast<float>(p.camera.width) / p.camera.focal_x, static_cast<float>(p.camera.height) / p.camera.focal_y) / 2;
    half += static_cast<double>(length(p.camera.eye - *middle)) * wide / static_cast<double>(pictures.fitted.size());
  }
  if (!(half > 1e-6)) return fail(ErrorCode::invalid_argument, "the cameras are all at one place");
  const auto reach = static_cast<float>(half);
  const FieldBox cube{*middle - Vec3{reach, reach, reach}, *middle + Vec3{reach, reach, reach}};
  if (!pictures.cut_out) return cube;
  const FieldGrid grid = FieldGrid::over(cube.low, cube.high, kBoxResolution);
  PTAH_TRY(const FieldFlags cells, hull_cells(pictures, grid, cancel));
  FieldBox out{cube.high, cube.low};
  for (int32_t z = 0; z < grid.points[2]; ++z)
    for (int32_t y = 0; y < grid.points[1]; ++y)
      for (int32_t x = 0; x < grid.points[0]; ++x) {
        if (!cells[grid.point_index(x, y, z)]) continue;
        const Vec3 low = grid.at(static_cast<float>(x), static_cast<float>(y), static_cast<float>(z)), high = low + Vec3{grid.cell, grid.cell, grid.cell};
        for (size_t k = 0; k < 3; ++k) out.low[k] = std::min(out.low[k], low[k]), out.high[k] = std::max(out.high[k], high[k]);
      }
  if (out.low[0] > out.high[0]) return fail(ErrorCode::invalid_argument, "no place is seen by all pictures: what they show does not fit their cameras");
  return out;
}

}  // namespace ptah
