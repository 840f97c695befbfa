#include "shape/reconstruction/field_surface.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"

namespace ptah {

namespace {

constexpr int64_t kBlock = 4;  ///< cells of a block along each axis
constexpr float kFar = 100;    ///< levels are cut off there

class SurfaceSearch {
 public:
  SurfaceSearch(const LevelAt& level, float radius, int64_t resolution)
      : level_(level), points_(resolution), blocks_((resolution - 1 + kBlock - 1) / kBlock), known_(static_cast<size_t>(resolution * resolution * resolution)) {
    Grid& grid = out_.grid;
    grid.nx = grid.ny = grid.nz = resolution;
    grid.cell = 2 * radius / static_cast<float>(resolution - 1);
    grid.origin = {-radius, -radius, -radius};
    grid.values.assign(known_.size(), -1);
  }

  Result<SurfaceGrid> run(const ProgressCallback& progress, const CancelToken* cancel) {
    std::vector<size_t> asked;
    for (int64_t z = 0; z <= blocks_; ++z)
      for (int64_t y = 0; y <= blocks_; ++y)
        for (int64_t x = 0; x <= blocks_; ++x) asked.push_back(index(first(x), first(y), first(z)));
    PTAH_TRY_VOID(ask(asked, cancel));
    std::vector<char> queued(static_cast<size_t>(blocks_ * blocks_ * blocks_));
    std::vector<int64_t> wave;
    for (int64_t b = 0; b < static_cast<int64_t>(queued.size()); ++b)
      if (mixed(b, {0, 0, 0}, {1, 1, 1}, true)) wave.push_back(b), queued[static_cast<size_t>(b)] = 1;
    int64_t done = 0;
    const auto fill_from = wave.size();
    while (!wave.empty()) {
      PTAH_TRY_VOID(ask_blocks(wave, cancel));
      done += static_cast<int64_t>(wave.size());
      if (progress) progress({"surface", std::min(0.99, static_cast<double>(done) / static_cast<double>(fill_from + wave.size())), -1});
      wave = entered(wave, queued);
    }
    for (int64_t b = 0; b < static_cast<int64_t>(queued.size()); ++b)
      if (!queued[static_cast<size_t>(b)]) fill(b);
    close_border();
    return std::move(out_);
  }

 private:
  using Steps = std::array<int64_t, 3>;

  size_t index(int64_t x, int64_t y, int64_t z) const { return static_cast<size_t>((z * points_ + y) * points_ + x); }
  /// The first point of a block; of the one behind the last, the last point.
  int64_t first(int64_t block) const { return std::min(block * kBlock, points_ - 1); }
  Steps place(int64_t b) const { return {b % blocks_, b / blocks_ % blocks_, b / blocks_ / blocks_}; }

  /// All points of a block between two corners (in blocks, 0 or 1).
  template <class Visit>
  void points(int64_t b, const Steps& low, const Steps& high, const Visit& visit) const {
    const Steps at = place(b);
    Steps begin{}, end{};
    for (size_t k = 0; k < 3; ++k) begin[k] = first(at[k] + low[k]), end[k] = first(at[k] + high[k]);
    for (int64_t z = begin[2]; z <= end[2]; ++z)
      for (int64_t y = begin[1]; y <= end[1]; ++y)
        for (int64_t x = begin[0]; x <= end[0]; ++x) visit(index(x, y, z));
  }

  /// Whether the surface passes between the points of a block, or of a side of it.
  bool mixed(int64_t b, const Steps& low, const Steps& high, bool corners_only) const {
    bool in = false, out = false;
    const auto look = [&](size_t i) { (out_.grid.values[i] > 0 ? in : out) = true; };
    if (corners_only) {
      const Steps at = place(b);
      for (int64_t c = 0; c < 8; ++c) look(index(first(at[0] + (c & 1)), first(at[1] + (c >> 1 & 1)), first(at[2] + (c >> 2))));
    } else {
      points(b, low, high, look);
    }
    return in && out;
  }

  Result<void> ask_blocks(const std::vector<int64_t>& wave, const CancelToken* cancel) {
    std::vector<size_t> asked;
    for (const int64_t b : wave) {
      points(b, {0, 0, 0}, {1, 1, 1}, [&](size_t i) {
        if (known_[i]) return;
        known_[i] = 1;
        asked.push_back(i);
      });
      if (asked.size() < kSurfaceBatch) continue;
      PTAH_TRY_VOID(ask(asked, cancel));
      asked.clear();
    }
    return ask(asked, cancel);
  }

  Result<void> ask(const std::vector<size_t>& asked, const CancelToken* cancel) {
    std::vector<Vec3> at;
    for (size_t begin = 0; begin < asked.size(); begin += kSurfaceBatch) {
      if (cancel) PTAH_TRY_VOID(cancel->check());
      const size_t end = std::min(asked.size(), begin + kSurfaceBatch);
      at.clear();
      for (size_t i = begin; i < end; ++i) {
        const auto n = static_cast<int64_t>(asked[i]);
        at.push_back(out_.grid.origin +
                     Vec3{static_cast<float>(n % points_), static_cast<float>(n / points_ % points_), static_cast<float>(n / points_ / points_)} *
                         out_.grid.cell);
      }
      const std::vector<float> found = level_(at);
      for (size_t i = begin; i < end; ++i) {
        const float v = found[i - begin];
        out_.grid.values[asked[i]] = std::isnan(v) ? -kFar : std::clamp(v, -kFar, kFar);
        known_[asked[i]] = 1;
      }
      out_.evaluated += static_cast<int64_t>(end - begin);
    }
    return {};
  }

  /// Blocks beside those of a wave that the surface enters.
  std::vector<int64_t> entered(const std::vector<int64_t>& wave, std::vector<char>& queued) const {
    std::vector<int64_t> next;
    for (const int64_t b : wave)
      for (size_t axis = 0; axis < 3; ++axis)
        for (const int64_t side : {0, 1}) {
          Steps at = place(b), low{0, 0, 0}, high{1, 1, 1};
          at[axis] += side ? 1 : -1;
          if (at[axis] < 0 || at[axis] >= blocks_) continue;
          const int64_t beside = (at[2] * blocks_ + at[1]) * blocks_ + at[0];
          low[axis] = high[axis] = side;
          if (queued[static_cast<size_t>(beside)] || !mixed(b, low, high, false)) continue;
          queued[static_cast<size_t>(beside)] = 1;
          next.push_back(beside);
        }
    std::sort(next.begin(), next.end());
    return next;
  }

  void fill(int64_t b) {
    const Steps at = place(b);
    const float sign = out_.grid.values[index(first(at[0]), first(at[1]), first(at[2]))] > 0 ? 1.0F : -1.0F;
    points(b, {0, 0, 0}, {1, 1, 1}, [&](size_t i) {
      if (!known_[i]) out_.grid.values[i] = sign;
    });
  }

  void close_border() {
    const int64_t last = points_ - 1;
    for (int64_t a = 0; a < points_; ++a)
      for (int64_t b = 0; b < points_; ++b)
        for (const size_t i : {index(a, b, 0), index(a, b, last), index(a, 0, b), index(a, last, b), index(0, a, b), index(last, a, b)})
          out_.grid.values[i] = std::min(out_.grid.values[i], -0.01F);
  }

  const LevelAt& level_;
  int64_t points_, blocks_;
  std::vector<char> known_;
  SurfaceGrid out_;
};

}  // namespace

Result<SurfaceGrid> surface_grid(const LevelAt& level, float radius, int64_t resolution, const ProgressCallback& progress, const CancelToken* cancel) {
  if (resolution < 16 || resolution > 512) return fail(ErrorCode::invalid_argument, "a grid of {} points an edge; 16 to 512 are possible", resolution);
  return SurfaceSearch(level, radius, resolution).run(progress, cancel);
}

Result<Mesh> field_surface(const TriplaneField& field, int64_t resolution, const ProgressCallback& progress, const CancelToken* cancel) {
  const float threshold = field.config().before_activation(kSurfaceDensity);
  const auto level = [&](std::span<const Vec3> points) {
    const Tensor numbers = field.at(points);
    std::vector<float> out(points.size());
    for (size_t i = 0; i < out.size(); ++i) out[i] = numbers.data<float>()[i * 4] - threshold;
    return out;
  };
  PTAH_TRY(const SurfaceGrid found, surface_grid(level, field.radius(), resolution, progress, cancel));
  Mesh mesh = isosurface(found.grid);
  if (mesh.triangles.empty())
    return fail(ErrorCode::invalid_argument, "the model finds no object in the picture: its density is below {} everywhere", kSurfaceDensity);
  return mesh;
}

}  // namespace ptah
