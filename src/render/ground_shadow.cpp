#include "render/ground_shadow.h"

#include "base/parallel.h"
#include "render/trace/sampler.h"

namespace ptah {

namespace {

/// Averages of 2 · radius + 1 values, along one axis.
void blur(std::vector<float>& values, int64_t size, int64_t step, int64_t across, int64_t radius) {
  std::vector<float> line(static_cast<size_t>(size));
  for (int64_t row = 0; row < size; ++row) {
    float* first = values.data() + row * across;
    for (int64_t i = 0; i < size; ++i) {
      float sum = 0;
      for (int64_t k = -radius; k <= radius; ++k) sum += first[std::clamp<int64_t>(i + k, 0, size - 1) * step];
      line[static_cast<size_t>(i)] = sum / static_cast<float>(2 * radius + 1);
    }
    for (int64_t i = 0; i < size; ++i) first[i * step] = line[static_cast<size_t>(i)];
  }
}

}  // namespace

GroundShadow::GroundShadow(const SurfaceScene& surface, const RayScene& rays, const Environment& environment)
    : reached_(static_cast<size_t>(kSize * kSize), 1) {
  constexpr uint32_t kRays = 24;
  const Extent& extent = surface.extent();
  middle_x_ = extent.middle()[0], middle_z_ = extent.middle()[2];
  texel_ = extent.radius() * 5 / kSize;
  parallel_for(kSize, kSize * kRays * 100, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t z = row % 2 ? kSize - 1 - row / 2 : row / 2;
      for (int64_t x = 0; x < kSize; ++x) {
        PixelSampler random(1, static_cast<uint64_t>(z * kSize + x));
        float all = 0, reached = 0;
        for (uint32_t i = 0; i < kRays; ++i) {
          random.start(i);
          const auto [a, b] = random.two();
          const auto sample = environment.sample(a, b);
          if (sample.direction[1] <= 0 || !(sample.pdf > 0)) continue;
          const auto [dx, dz] = random.two();
          const Vec3 at{middle_x_ + (static_cast<float>(x) + dx - kSize / 2) * texel_, extent.low[1],
                        middle_z_ + (static_cast<float>(z) + dz - kSize / 2) * texel_};
          const float falls = luminance(sample.radiance) * sample.direction[1] / sample.pdf;
          all += falls;
          reached += falls * luminance(rays.open(off_surface(at, {0, 1, 0}), sample.direction, 1e30F));
        }
        if (all > 0) reached_[static_cast<size_t>(z * kSize + x)] = reached / all;
      }
    }
  });
  for (int pass = 0; pass < 2; ++pass) {
    blur(reached_, kSize, 1, kSize, 1);
    blur(reached_, kSize, kSize, 1, 1);
  }
}

float GroundShadow::reaching(float x, float z) const {
  const float column = (x - middle_x_) / texel_ + kSize / 2 - 0.5F, row = (z - middle_z_) / texel_ + kSize / 2 - 0.5F;
  if (!(column >= 0 && row >= 0 && column < kSize - 1 && row < kSize - 1)) return 1;
  const auto x0 = static_cast<int64_t>(column), z0 = static_cast<int64_t>(row);
  const float u = column - static_cast<float>(x0), v = row - static_cast<float>(z0);
  const float* at = reached_.data() + z0 * kSize + x0;
  const float here = (at[0] * (1 - u) + at[1] * u) * (1 - v) + (at[kSize] * (1 - u) + at[kSize + 1] * u) * v;
  // Towards the edge of the grid the shadow ends.
  const float edge = std::min({column, row, kSize - 1 - column, kSize - 1 - row}) / (kSize / 8), fade = std::clamp(edge, 0.0F, 1.0F);
  return 1 + (here - 1) * fade;
}

}  // namespace ptah
