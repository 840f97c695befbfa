#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "render/field/update.cpp"
#include <hwy/foreach_target.h>

#include "render/field/update.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "tensor/cpu/simd-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {

using DUpdate = hn::CappedTag<float, 16>;
constexpr size_t kUpdateLanes = hn::MaxLanes(DUpdate()), kUpdateVectors = 16 / kUpdateLanes;
constexpr size_t kKnownLane = 13;

/// How much of the mean of squares stays in a step, and what is added to its root.
constexpr float kKeep = 0.95F, kRootFloor = 1e-5F;

/// The lines of the blocks beside one: behind it along x, y and z, then before it; null where none is kept.
HWY_INLINE void find_beside(const RadianceField& field, const FieldBlock& block, const FieldLine** beside) {
  for (size_t side = 0; side < 6; ++side) {
    std::array<int32_t, 3> at{block.place[0], block.place[1], block.place[2]};
    const size_t axis = side % 3;
    at[axis] += side < 3 ? -1 : 1;
    const bool within = at[axis] >= 0 && at[axis] < field.grid().blocks(axis);
    const int32_t slot = within ? field.table()[field.grid().block_index(at[0], at[1], at[2])] : -1;
    beside[side] = slot < 0 ? nullptr : field.lines().data() + static_cast<size_t>(slot) * 64;
  }
}

void pull_slots(const RadianceField& field, const uint64_t* touched, size_t begin, size_t end, size_t turn, size_t turns, const float* weights,
                FieldLine* gradients) {
  const DUpdate d;
  for (size_t slot = begin; slot < end; ++slot) {
    if (slot % turns != turn || !touched[slot]) continue;
    const FieldLine* own = field.lines().data() + slot * 64;
    const FieldLine* beside[6];
    find_beside(field, field.blocks()[slot], beside);
    for (uint64_t left = touched[slot]; left; left &= left - 1) {
      const auto k = static_cast<size_t>(std::countr_zero(left));
      float* gradient = gradients[slot * 64 + k].lane.data();
      for (size_t side = 0; side < 6; ++side) {
        const size_t axis = side % 3, step = size_t{1} << (2 * axis), place = k >> (2 * axis) & 3;
        const bool leaves = place == (side < 3 ? 0U : 3U);
        if (leaves && !beside[side]) continue;
        const FieldLine* other = leaves ? beside[side] + (side < 3 ? k + 3 * step : k - 3 * step) : own + (side < 3 ? k - step : k + step);
        for (size_t v = 0; v < kUpdateVectors; ++v) {
          const size_t at = v * kUpdateLanes;
          const auto apart = hn::Sub(hn::Load(d, own[k].lane.data() + at), hn::Load(d, other->lane.data() + at));
          hn::Store(hn::MulAdd(apart, hn::Load(d, weights + at), hn::Load(d, gradient + at)), d, gradient + at);
        }
      }
    }
  }
}

void update_slots(FieldLine* lines, size_t begin, size_t end, const float* rates, FieldLine* gradients, FieldLine* squares, uint64_t* touched) {
  const DUpdate d;
  const auto keep = hn::Set(d, kKeep), take = hn::Set(d, 1 - kKeep), floor = hn::Set(d, kRootFloor), zero = hn::Zero(d);
  for (size_t slot = begin; slot < end; ++slot) {
    for (uint64_t left = touched[slot]; left; left &= left - 1) {
      const size_t index = slot * 64 + static_cast<size_t>(std::countr_zero(left));
      float* line = lines[index].lane.data();
      float* gradient = gradients[index].lane.data();
      float* square = squares[index].lane.data();
      const float known = square[kKnownLane] * kKeep + (1 - kKeep);
      const auto correct = hn::Set(d, 1 / known);
      for (size_t v = 0; v < kUpdateVectors; ++v) {
        const size_t at = v * kUpdateLanes;
        const auto g = hn::Load(d, gradient + at);
        const auto mean = hn::MulAdd(hn::Load(d, square + at), keep, hn::Mul(hn::Mul(g, g), take));
        hn::Store(mean, d, square + at);
        const auto step = hn::Div(hn::Mul(g, hn::Load(d, rates + at)), hn::Add(hn::Sqrt(hn::Mul(mean, correct)), floor));
        hn::Store(hn::Sub(hn::Load(d, line + at), step), d, line + at);
        hn::Store(zero, d, gradient + at);
      }
      square[kKnownLane] = known;
    }
    touched[slot] = 0;
  }
}

}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace ptah {

HWY_EXPORT(pull_slots);
HWY_EXPORT(update_slots);

void pull_together(const RadianceField& field, const uint64_t* touched, size_t begin, size_t end, size_t turn, size_t turns, float colour, float density,
                   FieldLine* gradients) {
  FieldLine weights;
  std::fill_n(weights.lane.begin(), kColourLanes, colour * static_cast<float>(turns));
  weights.lane[kDensityLane] = density * static_cast<float>(turns);
  HWY_DYNAMIC_DISPATCH(pull_slots)(field, touched, begin, end, turn, turns, weights.lane.data(), gradients);
}

void update_lines(RadianceField& field, size_t begin, size_t end, const FieldRates& rates, FieldLine* gradients, FieldLine* squares, uint64_t* touched) {
  FieldLine each;
  for (size_t i = 0; i < kColourLanes; ++i) each.lane[i] = i % 4 == 0 ? rates.colour : rates.shine;
  each.lane[kDensityLane] = rates.density;
  HWY_DYNAMIC_DISPATCH(update_slots)(field.lines().data(), begin, end, each.lane.data(), gradients, squares, touched);
}

}  // namespace ptah
#endif
