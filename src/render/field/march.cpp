#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "render/field/march.cpp"
#include <hwy/foreach_target.h>

#include "render/field/march.h"

#include <algorithm>
#include <cmath>

#include <hwy/cache_control.h>

#include "tensor/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {

using DL = hn::CappedTag<float, 16>;
/// Vectors that hold a line.
constexpr size_t kLanesOfLine = hn::MaxLanes(DL()), kVectors = 16 / kLanesOfLine;

constexpr int kGroup = 8;           ///< places that are found before the first of them is read
constexpr int kMaxSteps = 1024;     ///< of a ray
constexpr float kMinSlope = 3e-5F;  ///< smaller records are left out

/// e^x as simd-inl.h has it, of one number.
HWY_INLINE float field_exp(float x) {
  x = std::min(std::max(x, -87.3F), 88.3F);
  const float whole = std::nearbyint(x * 1.44269504088896341F);
  const float r = (x - whole * 0.693359375F) + whole * 2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * (r * r) + (r + 1);
  const auto bits = static_cast<uint32_t>(static_cast<int32_t>(whole) + 127) << 23;
  float scale;
  __builtin_memcpy(&scale, &bits, 4);
  return p * scale;
}

/// A place in a cell.
struct FieldPlace {
  uint32_t slot, corner;
  float part[3];
};

/// Weights and lines of the corners of a cell.
struct FieldCorners {
  uint32_t line[8];
  float weight[8];
};

HWY_INLINE void corners_of(const FieldBlock& block, const FieldPlace& at, FieldCorners& out) {
  const uint32_t x = at.corner & 3, y = at.corner >> 2 & 3, z = at.corner >> 4;
  const uint32_t across[3] = {x == 3 ? 1U : 0U, y == 3 ? 2U : 0U, z == 3 ? 4U : 0U};
  const uint32_t xs[2] = {x, (x + 1) & 3}, ys[2] = {y * 4, ((y + 1) & 3) * 4}, zs[2] = {z * 16, ((z + 1) & 3) * 16};
  const float wx[2] = {1 - at.part[0], at.part[0]}, wy[2] = {1 - at.part[1], at.part[1]}, wz[2] = {1 - at.part[2], at.part[2]};
  for (uint32_t k = 0; k < 8; ++k) {
    const uint32_t i = k & 1, j = k >> 1 & 1, l = k >> 2;
    const uint32_t beyond = (i ? across[0] : 0) | (j ? across[1] : 0) | (l ? across[2] : 0);
    out.line[k] = static_cast<uint32_t>(block.beyond[beyond]) * 64 + xs[i] + ys[j] + zs[l];
    out.weight[k] = wx[i] * (wy[j] * wz[l]);
  }
}

/// The places of a ray in cells that are looked at, one after the other.
class FieldWalk {
 public:
  FieldWalk(const RadianceField& field, const FieldRay& ray) : blocks_(field.blocks().data()), table_(field.table().data()) {
    const FieldGrid& grid = field.grid();
    float begin = ray.from / grid.cell, end = ray.to / grid.cell;
    for (size_t k = 0; k < 3; ++k) {
      points_[k] = grid.points[k];
      origin_[k] = (ray.origin[k] - grid.origin[k]) / grid.cell;
      direction_[k] = std::abs(ray.direction[k]) < 1e-9F ? 1e-9F : ray.direction[k];
      inverse_[k] = 1 / direction_[k];
      const float a = (0 - origin_[k]) * inverse_[k], b = (static_cast<float>(points_[k] - 1) - origin_[k]) * inverse_[k];
      begin = std::max(begin, std::min(a, b));
      end = std::min(end, std::max(a, b));
    }
    begin_ = begin + ray.jitter * kFieldStep;
    steps_ = end > begin_ ? static_cast<int32_t>(std::min((end - begin_) / kFieldStep, 1e6F)) + 1 : 0;
    across_ = grid.blocks(0);
    deep_ = grid.blocks(1);
  }

  /// Up to kGroup places; how many.
  HWY_INLINE int find(FieldPlace* out) {
    int found = 0;
    while (step_ < steps_ && found < kGroup) {
      const float t = begin_ + static_cast<float>(step_) * kFieldStep;
      float at[3];
      int32_t cell[3];
      for (size_t k = 0; k < 3; ++k) {
        at[k] = origin_[k] + direction_[k] * t;
        cell[k] = std::min(std::max(static_cast<int32_t>(at[k]), 0), points_[k] - 2);
      }
      const int32_t slot =
          table_[(static_cast<size_t>(cell[2] >> 2) * static_cast<size_t>(deep_) + static_cast<size_t>(cell[1] >> 2)) * static_cast<size_t>(across_) +
                 static_cast<size_t>(cell[0] >> 2)];
      const uint64_t cells = slot < 0 ? 0 : blocks_[slot].cells;
      if (cells == 0) {
        skip(cell);
        continue;
      }
      ++step_;
      const auto corner = static_cast<uint32_t>((cell[2] & 3) * 16 + (cell[1] & 3) * 4 + (cell[0] & 3));
      if (!(cells >> corner & 1)) continue;
      FieldPlace& place = out[found++];
      place.slot = static_cast<uint32_t>(slot);
      place.corner = corner;
      for (size_t k = 0; k < 3; ++k) place.part[k] = std::min(std::max(at[k] - static_cast<float>(cell[k]), 0.0F), 1.0F);
    }
    return found;
  }

 private:
  /// To the first step behind the block.
  HWY_INLINE void skip(const int32_t* cell) {
    float leaves = 1e9F;
    for (size_t k = 0; k < 3; ++k) {
      const auto border = static_cast<float>((cell[k] & ~3) + (direction_[k] > 0 ? 4 : 0));
      leaves = std::min(leaves, (border - origin_[k]) * inverse_[k]);
    }
    const auto next = static_cast<int32_t>(std::min(std::max((leaves - begin_) / kFieldStep, 0.0F), 2e6F)) + 1;
    step_ = std::max(step_ + 1, next);
  }

  const FieldBlock* blocks_;
  const int32_t* table_;
  float origin_[3], direction_[3], inverse_[3];
  int32_t points_[3];
  int32_t across_ = 0, deep_ = 0;
  float begin_ = 0;
  int32_t step_ = 0, steps_ = 0;
};

/// Each of four numbers in the four lanes of its group, for a vector of a line.
HWY_INLINE hn::Vec<DL> in_groups(const float* four, size_t v) {
  const DL d;
#if HWY_TARGET == HWY_SCALAR
  return hn::Set(d, four[v / 4]);
#else
  HWY_ALIGN static constexpr int32_t kGroupOfLane[16] = {0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3};
  return hn::TableLookupLanes(hn::LoadDup128(d, four), hn::SetTableIndices(d, kGroupOfLane + v * kLanesOfLine));
#endif
}

/// The harmonics for each lane of a vector of a line: four for each colour, and 1, 0, 0, 0 for the density.
HWY_INLINE hn::Vec<DL> lane_harmonics(const float* basis, size_t v) {
  HWY_ALIGN static constexpr float kColour[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0},
                                   kDensity[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0};
  const DL d;
#if HWY_TARGET == HWY_SCALAR
  const auto each = hn::Set(d, basis[v % 4]);
#else
  const auto each = hn::LoadDup128(d, basis);
#endif
  return hn::MulAdd(each, hn::Load(d, kColour + v * kLanesOfLine), hn::Load(d, kDensity + v * kLanesOfLine));
}

/// A line between corners as a ray sees it: the sum of each group of four lanes times their harmonics, at the first lane of the group.
HWY_INLINE void seen_line(const FieldLine* lines, const FieldCorners& at, const float* basis, float* HWY_RESTRICT out) {
  const DL d;
  for (size_t v = 0; v < kVectors; ++v) {
    auto sum = hn::Mul(hn::Load(d, lines[at.line[0]].lane.data() + v * kLanesOfLine), hn::Set(d, at.weight[0]));
    for (size_t k = 1; k < 8; ++k) sum = hn::MulAdd(hn::Load(d, lines[at.line[k]].lane.data() + v * kLanesOfLine), hn::Set(d, at.weight[k]), sum);
    sum = hn::Mul(sum, lane_harmonics(basis, v));
#if HWY_TARGET != HWY_SCALAR
    sum = hn::Add(sum, hn::Shuffle2301(sum));
    sum = hn::Add(sum, hn::Shuffle1032(sum));
#endif
    hn::Store(sum, d, out + v * kLanesOfLine);
  }
#if HWY_TARGET == HWY_SCALAR
  for (size_t c = 0; c < 16; c += 4) out[c] = (out[c] + out[c + 1]) + (out[c + 2] + out[c + 3]);
#endif
}

/// What one step reads.
struct FieldReading {
  float colour[3];
  float depth;  ///< the optical one
  float alpha;
  bool full;  ///< the density is at its bound
};

HWY_INLINE FieldReading read_field(const FieldLine* lines, const FieldCorners& corners, const float* basis, float thickness) {
  HWY_ALIGN float sums[16];
  seen_line(lines, corners, basis, sums);
  FieldReading out;
  for (size_t c = 0; c < 3; ++c) out.colour[c] = 0.5F + sums[c * 4];
  out.full = sums[kDensityLane] > kMaxDensity;
  out.depth = field_exp(std::min(sums[kDensityLane], kMaxDensity)) * thickness;
  out.alpha = 1 - field_exp(-out.depth);
  return out;
}

/// The corners of places, on their way into the cache.
HWY_INLINE void prefetch_corners(const RadianceField& field, const FieldPlace* places, int count, FieldCorners* corners) {
  const FieldLine* lines = field.lines().data();
  for (int i = 0; i < count; ++i) {
    corners_of(field.blocks()[places[i].slot], places[i], corners[i]);
    for (const uint32_t line : corners[i].line) hwy::Prefetch(lines + line);
  }
}

void see_rays(const RadianceField& field, const FieldRay* rays, size_t count, FieldColour* out) {
  const FieldLine* lines = field.lines().data();
  const float thickness = field.thickness() * kFieldStep;
  for (size_t r = 0; r < count; ++r) {
    const auto basis = field_harmonics(rays[r].direction);
    FieldWalk walk(field, rays[r]);
    FieldPlace places[kGroup];
    FieldCorners corners[kGroup];
    float through = 1, sum[3] = {0, 0, 0};
    for (int found = walk.find(places); found > 0 && through >= kFieldEnd; found = walk.find(places)) {
      prefetch_corners(field, places, found, corners);
      for (int i = 0; i < found && through >= kFieldEnd; ++i) {
        const FieldReading seen = read_field(lines, corners[i], basis.data(), thickness);
        const float weight = through * seen.alpha;
        for (size_t c = 0; c < 3; ++c) sum[c] += weight * seen.colour[c];
        through *= 1 - seen.alpha;
      }
    }
    out[r] = {{sum[0], sum[1], sum[2]}, 1 - through};
  }
}

struct FieldVisit {
  FieldPlace place;
  FieldReading seen;
  float before;  ///< light that reaches it
};

/// The steps of a ray until nothing goes on; what goes on.
HWY_INLINE float gather(const RadianceField& field, const FieldRay& ray, const float* basis, FieldVisit* steps, int& count) {
  const FieldLine* lines = field.lines().data();
  const float thickness = field.thickness() * kFieldStep;
  FieldWalk walk(field, ray);
  FieldPlace places[kGroup];
  FieldCorners corners[kGroup];
  float through = 1;
  count = 0;
  for (int found = walk.find(places); found > 0 && through >= kFieldEnd; found = walk.find(places)) {
    prefetch_corners(field, places, found, corners);
    for (int i = 0; i < found && through >= kFieldEnd && count < kMaxSteps; ++i) {
      FieldVisit& step = steps[count++];
      step.place = places[i];
      step.seen = read_field(lines, corners[i], basis, thickness);
      step.before = through;
      through *= 1 - step.seen.alpha;
    }
  }
  return through;
}

double differentiate_rays(const RadianceField& field, const FieldRay* rays, const FieldTarget* targets, size_t count, float alpha_weight, uint32_t first,
                          std::vector<FieldRecord>& out) {
  std::vector<FieldVisit> steps(kMaxSteps);
  double loss = 0;
  for (size_t r = 0; r < count; ++r) {
    const auto basis = field_harmonics(rays[r].direction);
    int taken = 0;
    const float through = gather(field, rays[r], basis.data(), steps.data(), taken);
    float error[3], slope[3];
    for (size_t c = 0; c < 3; ++c) error[c] = through - targets[r].colour[c];
    for (int i = 0; i < taken; ++i)
      for (size_t c = 0; c < 3; ++c) error[c] += steps[i].before * steps[i].seen.alpha * steps[i].seen.colour[c];
    for (size_t c = 0; c < 3; ++c) slope[c] = 2 * error[c];
    const float missing = 1 - through - targets[r].alpha;
    loss += static_cast<double>((error[0] * error[0] + error[1] * error[1]) + error[2] * error[2]) + static_cast<double>(alpha_weight * missing * missing);
    const float by_alpha = 2 * alpha_weight * missing * through;
    // From behind: what is seen behind each step, along the slope.
    float behind = through * (slope[0] + slope[1] + slope[2]);
    for (int i = taken - 1; i >= 0; --i) {
      const FieldVisit& step = steps[i];
      const float weight = step.before * step.seen.alpha;
      const float own = (step.seen.colour[0] * slope[0] + step.seen.colour[1] * slope[1]) + step.seen.colour[2] * slope[2];
      FieldRecord record;
      record.slope = {weight * slope[0], weight * slope[1], weight * slope[2],
                      step.seen.full ? 0 : ((step.before - weight) * own - behind + by_alpha) * step.seen.depth};
      behind += weight * own;
      if (std::max({std::abs(record.slope[0]), std::abs(record.slope[1]), std::abs(record.slope[2]), std::abs(record.slope[3])}) < kMinSlope) continue;
      record.slot = step.place.slot;
      record.ray = static_cast<uint16_t>(first + r);
      record.corner = static_cast<uint16_t>(step.place.corner);
      record.part = {step.place.part[0], step.place.part[1], step.place.part[2]};
      out.push_back(record);
    }
  }
  return loss;
}

void add_records(const RadianceField& field, const FieldRecord* records, size_t count, const std::array<float, 4>* ray_harmonics, FieldLine* gradients,
                 uint64_t* touched) {
  const DL d;
  for (size_t r = 0; r < count; ++r) {
    const FieldRecord& record = records[r];
    const auto& basis = ray_harmonics[record.ray];
    hn::Vec<DL> by[kVectors];
    for (size_t v = 0; v < kVectors; ++v) by[v] = hn::Mul(in_groups(record.slope.data(), v), lane_harmonics(basis.data(), v));
    FieldCorners corners;
    const FieldPlace place{record.slot, record.corner, {record.part[0], record.part[1], record.part[2]}};
    corners_of(field.blocks()[record.slot], place, corners);
    for (size_t k = 0; k < 8; ++k) {
      float* line = gradients[corners.line[k]].lane.data();
      for (size_t v = 0; v < kVectors; ++v)
        hn::Store(hn::MulAdd(by[v], hn::Set(d, corners.weight[k]), hn::Load(d, line + v * kLanesOfLine)), d, line + v * kLanesOfLine);
      touched[corners.line[k] / 64] |= uint64_t{1} << (corners.line[k] % 64);
    }
  }
}

}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ptah {

HWY_EXPORT(see_rays);
HWY_EXPORT(differentiate_rays);
HWY_EXPORT(add_records);

void see(const RadianceField& field, std::span<const FieldRay> rays, FieldColour* out) { HWY_DYNAMIC_DISPATCH(see_rays)(field, rays.data(), rays.size(), out); }

double differentiate(const RadianceField& field, std::span<const FieldRay> rays, std::span<const FieldTarget> targets, float alpha_weight, uint32_t first,
                     std::vector<FieldRecord>& out) {
  return HWY_DYNAMIC_DISPATCH(differentiate_rays)(field, rays.data(), targets.data(), rays.size(), alpha_weight, first, out);
}

void add_gradients(const RadianceField& field, std::span<const FieldRecord> records, std::span<const std::array<float, 4>> ray_harmonics, FieldLine* gradients,
                   uint64_t* touched) {
  HWY_DYNAMIC_DISPATCH(add_records)(field, records.data(), records.size(), ray_harmonics.data(), gradients, touched);
}

}  // namespace ptah
#endif
