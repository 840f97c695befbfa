// Light from the surroundings (render/environment.h) for several directions at once.
#if defined(PTAH_RENDER_TRACE_LIGHTS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PTAH_RENDER_TRACE_LIGHTS_INL_H_
#undef PTAH_RENDER_TRACE_LIGHTS_INL_H_
#else
#define PTAH_RENDER_TRACE_LIGHTS_INL_H_
#endif

#include "render/environment.h"
#include "render/trace/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {
namespace {

HWY_INLINE VI whole(int64_t value) { return hn::Set(DI(), static_cast<int32_t>(value)); }

/// Which of `count` intervals hold u · the last border; the borders `sums` stand from `first` on, their `guide` (append_guide()) from `first_guide` on.
HWY_INLINE VI interval_of(const float* sums, VI first, const int32_t* guide, VI first_guide, int64_t count, VF u, VF target) {
  const DI di;
  const VI last = whole(count - 1), one = whole(1);
  const VI bucket = hn::Min(hn::ConvertTo(di, u * splat(static_cast<float>(count))), last);
  VI at = hn::GatherIndex(di, guide, hn::Add(first_guide, bucket));
  for (;;) {
    const VI next = hn::Add(at, one);
    const auto later = hn::And(hn::RebindMask(di, hn::Le(hn::GatherIndex(DF(), sums, hn::Add(first, next)), target)), hn::Lt(at, last));
    if (hn::AllFalse(di, later)) return at;
    at = hn::IfThenElse(later, next, at);
  }
}

/// Directions to the surroundings, what comes from there, and the probability density by solid angle.
struct SkySamples {
  V3 direction, radiance;
  VF pdf;
};

/// The surroundings.
class Sky {
 public:
  HWY_INLINE explicit Sky(const EnvironmentView& view) : map_(view) {}

  /// What comes from directions, and how likely sample() takes them.
  HWY_INLINE SkySamples seen(const V3& direction) const {
    const V3 d = to_map(direction);
    const VF across = madd(arc_tangent(d.x, hn::Neg(d.z)), splat(1 / (2 * kPi)), splat(0.5F)), down = arc_cosine(d.y) * splat(1 / kPi);
    const VI x = column_of(across * splat(static_cast<float>(map_.width))),
             y = hn::Min(hn::ConvertTo(DI(), down * splat(static_cast<float>(map_.height))), whole(map_.height - 1));
    const VI at = hn::Add(hn::Mul(y, whole(map_.width + 1)), x);
    const VF width = hn::GatherIndex(DF(), map_.column_sums + 1, at) - hn::GatherIndex(DF(), map_.column_sums, at);
    return {direction, look_up(across, down), width * splat(map_.density)};
  }

  /// Likelier where it is brighter.
  HWY_INLINE SkySamples sample(VF u, VF v) const {
    const DI di;
    const VF row_target = v * splat(map_.row_sums[map_.height]);
    const VI y = interval_of(map_.row_sums, hn::Zero(di), map_.row_guide, hn::Zero(di), map_.height, v, row_target), first = hn::Mul(y, whole(map_.width + 1));
    const VF below = within(map_.row_sums, y, row_target).part;
    const VF column_target = u * hn::GatherIndex(DF(), map_.column_sums, hn::Add(first, whole(map_.width)));
    const VI x = interval_of(map_.column_sums, first, map_.column_guide, hn::Mul(y, whole(map_.width)), map_.width, u, column_target);
    const Within beside = within(map_.column_sums, hn::Add(first, x), column_target);
    // Evenly by solid angle within the row.
    const VF top = hn::GatherIndex(DF(), map_.row_cosines, y), bottom = hn::GatherIndex(DF(), map_.row_cosines + 1, y);
    const VF height = madd(bottom - top, below, top), sine = hn::Sqrt(hn::Max(hn::Zero(DF()), nmadd(height, height, splat(1))));
    const VF across = (hn::ConvertTo(DF(), x) + beside.part) * splat(1 / static_cast<float>(map_.width));
    const SineCosine turn = of_turns(across - splat(0.5F));
    const V3 direction = from_map({sine * turn.sine, height, hn::Neg(sine * turn.cosine)});
    return {direction, look_up(across, arc_cosine(height) * splat(1 / kPi)), beside.width * splat(map_.density)};
  }

 private:
  struct Within {
    VF width, part;
  };
  /// Where in an interval a target lies, 0 to 1.
  HWY_INLINE static Within within(const float* sums, VI at, VF target) {
    const VF begin = hn::GatherIndex(DF(), sums, at), width = hn::GatherIndex(DF(), sums + 1, at) - begin;
    const VF part = hn::Min(hn::Max((target - begin) / width, hn::Zero(DF())), splat(0.9999999F));
    return {width, select(hn::Gt(width, hn::Zero(DF())), part, splat(0.5F))};
  }
  HWY_INLINE VI column_of(VF x) const { return hn::Min(hn::Max(hn::ConvertTo(DI(), x), hn::Zero(DI())), whole(map_.width - 1)); }
  HWY_INLINE V3 to_map(const V3& d) const {
    const VF s = splat(map_.sine), c = splat(map_.cosine);
    return {nmadd(d.z, s, d.x * c), d.y, madd(d.x, s, d.z * c)};
  }
  HWY_INLINE V3 from_map(const V3& d) const {
    const VF s = splat(map_.sine), c = splat(map_.cosine);
    return {madd(d.x, c, d.z * s), d.y, nmadd(d.x, s, d.z * c)};
  }
  /// Bilinear; wraps round sideways. Places are 0 to 1.
  HWY_INLINE V3 look_up(VF across, VF down) const {
    const DI di;
    const VF x = madd(across, splat(static_cast<float>(map_.width)), splat(-0.5F)),
             y = hn::Min(hn::Max(madd(down, splat(static_cast<float>(map_.height)), splat(-0.5F)), hn::Zero(DF())), splat(static_cast<float>(map_.height - 1)));
    const VF left = hn::Floor(x), above = hn::Floor(y), u = x - left, v = y - above;
    const VI column = hn::ConvertTo(di, left), last = whole(map_.width - 1), zero = hn::Zero(di);
    const VI x0 = hn::IfThenElse(hn::Lt(column, zero), last, hn::Min(column, last)), x1 = hn::IfThenElse(hn::Eq(x0, last), zero, hn::Add(x0, whole(1)));
    const VI y0 = hn::ConvertTo(di, above), y1 = hn::Min(hn::Add(y0, whole(1)), whole(map_.height - 1));
    const VI row0 = hn::Mul(y0, whole(map_.width)), row1 = hn::Mul(y1, whole(map_.width)), three = whole(3);
    const VI a = hn::Mul(hn::Add(row0, x0), three), b = hn::Mul(hn::Add(row0, x1), three), c = hn::Mul(hn::Add(row1, x0), three),
             d = hn::Mul(hn::Add(row1, x1), three);
    return {bilinear(0, a, b, c, d, u, v), bilinear(1, a, b, c, d, u, v), bilinear(2, a, b, c, d, u, v)};
  }
  HWY_INLINE VF bilinear(size_t channel, VI a, VI b, VI c, VI d, VF u, VF v) const {
    const float* from = map_.texels + channel;
    const VF pa = hn::GatherIndex(DF(), from, a), pb = hn::GatherIndex(DF(), from, b), pc = hn::GatherIndex(DF(), from, c), pd = hn::GatherIndex(DF(), from, d);
    const VF top = madd(pb - pa, u, pa), low = madd(pd - pc, u, pc);
    return madd(low - top, v, top);
  }

  EnvironmentView map_;
};

}  // namespace
}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
