// Reflectance (render/reflectance.h) of several points at once, and directions that it scatters light in.
#if defined(PTAH_RENDER_TRACE_LOBES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef PTAH_RENDER_TRACE_LOBES_INL_H_
#undef PTAH_RENDER_TRACE_LOBES_INL_H_
#else
#define PTAH_RENDER_TRACE_LOBES_INL_H_
#endif

#include "render/trace/lanes-inl.h"
#include "render/trace/traced_tables.h"

HWY_BEFORE_NAMESPACE();
namespace ptah::HWY_NAMESPACE {
namespace {

/// What points are made of: SurfacePoint for each lane.
struct Points {
  V3 normal, geometric, albedo, emission;
  VF roughness, metallic, opacity, coverage, specular;
};

/// Scale and bias of split_sum().
struct SplitSums {
  VF scale, bias;
};
HWY_INLINE SplitSums split_sums(const SplitSumCell* cells, VF facing, VF roughness) {
  constexpr int kCells = static_cast<int>(kSplitSumSize) - 1;
  const DI di;
  const VF zero = hn::Zero(DF()), x = hn::Sqrt(hn::Min(hn::Max(facing, zero), splat(1))) * splat(kCells),
           y = hn::Min(hn::Max(roughness, zero), splat(1)) * splat(kCells);
  const VI x0 = hn::Min(hn::ConvertTo(di, x), hn::Set(di, kCells - 1)), y0 = hn::Min(hn::ConvertTo(di, y), hn::Set(di, kCells - 1));
  const VF u = x - hn::ConvertTo(DF(), x0), v = y - hn::ConvertTo(DF(), y0);
  HWY_ALIGN int32_t at[kLanes];
  hn::Store(hn::Add(hn::Mul(y0, hn::Set(di, kCells)), x0), di, at);
  const float* rows[kLanes];
  for (size_t i = 0; i < kLanes; ++i) rows[i] = cells[at[i]].corners;
  VF c[8];
  transposed(rows, c);
  const VF scale_top = madd(u, c[2] - c[0], c[0]), bias_top = madd(u, c[3] - c[1], c[1]), scale_low = madd(u, c[6] - c[4], c[4]),
           bias_low = madd(u, c[7] - c[5], c[5]);
  return {madd(v, scale_low - scale_top, scale_top), madd(v, bias_low - bias_top, bias_top)};
}

HWY_INLINE VF fifth(VF x) {
  const VF x2 = x * x;
  return x2 * x2 * x;
}

/// BRDF times cosine, and the probability density of directions that the surface itself gives.
struct Scattered {
  V3 response;
  VF pdf;
};

/// How points scatter light for one direction to the viewer.
struct Lobes {
  V3 view;  ///< in the frame of the normal
  V3 f0, gain, mirror, diffuse, through;
  VF f90, alpha;
  VF mirror_share, diffuse_share, through_share;  ///< probabilities
  VF masking;                                     ///< √(α² + (1 − α²) cos²) of the view

  HWY_INLINE Lobes(const Points& p, const V3& local_view, const SplitSumCell* cells, bool compensate) {
    const VF one = splat(1), facing = hn::Max(local_view.z, splat(1e-4F));
    view = {local_view.x, local_view.y, facing};
    const SplitSums table = split_sums(cells, facing, p.roughness);
    const VF single = hn::Max(splat(1e-3F), table.scale + table.bias), lost = compensate ? (one - single) / single : hn::Zero(DF());
    const VF plain = splat(0.04F) * p.specular, remains = (one - p.metallic), clear = one - p.coverage, matt = remains * p.opacity * p.coverage,
             open = remains * (one - p.opacity) * p.coverage;
    f90 = madd(remains, p.specular, p.metallic);
    const auto channel = [&](VF albedo, VF& f, VF& g, VF& m, VF& d, VF& t) HWY_ATTR {
      f = madd(albedo - plain, p.metallic, plain);
      g = madd(f, lost, one);
      m = hn::Min(one, madd(f, table.scale, f90 * table.bias) * g);
      const VF below = one - m;
      d = albedo * below * matt;
      t = madd(below, open, clear);
      g = g * p.coverage, m = m * p.coverage;
    };
    channel(p.albedo.x, f0.x, gain.x, mirror.x, diffuse.x, through.x);
    channel(p.albedo.y, f0.y, gain.y, mirror.y, diffuse.y, through.y);
    channel(p.albedo.z, f0.z, gain.z, mirror.z, diffuse.z, through.z);
    alpha = hn::Max(splat(kMinAlpha), p.roughness * p.roughness);
    masking = masking_of(facing);
    const VF a = luminance(mirror), b = luminance(diffuse), c = luminance(through), sum = a + b + c;
    const VF part = hn::IfThenElseZero(hn::Gt(sum, hn::Zero(DF())), one / sum);
    mirror_share = a * part, diffuse_share = b * part, through_share = c * part;
  }
  HWY_INLINE MF any() const { return hn::Gt(mirror_share + diffuse_share + through_share, hn::Zero(DF())); }

  /// For directions above the surface, in the frame of the normal.
  HWY_INLINE Scattered scattered(const V3& light) const {
    const VF matt = light.z * splat(1 / kPi);
    Scattered out{mul(diffuse, matt), diffuse_share * matt};
    if (none(hn::Gt(mirror_share, hn::Zero(DF())))) return out;
    const V3 half = unit_of(add(view, light));
    // sin² + cos² · α² without the cancellation of 1 + cos² · (α² − 1).
    const VF alpha2 = alpha * alpha, sine2 = hn::Max(hn::Zero(DF()), (splat(1) - half.z) * (splat(1) + half.z)), base = madd(half.z * half.z, alpha2, sine2);
    // GGX; with s(cos) = √(α² + (1 − α²) cos²), Smith's 1 + Λ + Λ' is (s / cos + s' / cos') / 2.
    const VF d = alpha2 / (splat(2 * kPi) * base * base);
    const VF shared = d / madd(masking, light.z, masking_of(light.z) * view.z), pdf = d / (view.z + masking);
    const VF fresnel = fifth(splat(1) - hn::Min(hn::Max(dot(view, half), hn::Zero(DF())), splat(1)));
    const VF weight = shared * light.z;
    const auto mirrored = [&](VF f, VF g, VF r) HWY_ATTR { return madd(madd(f90 - f, fresnel, f) * g, weight, r); };
    out.response = {mirrored(f0.x, gain.x, out.response.x), mirrored(f0.y, gain.y, out.response.y), mirrored(f0.z, gain.z, out.response.z)};
    out.pdf = madd(mirror_share, pdf, out.pdf);
    return out;
  }

  /// Directions by the microfacets that are seen (Dupuy and Benyoub 2023); may be below the surface.
  HWY_INLINE V3 sample_mirror(VF u, VF v) const {
    const V3 stretched = unit_of({view.x * alpha, view.y * alpha, view.z});
    const VF z = (splat(1) - v) * (splat(1) + stretched.z) - stretched.z, sine = hn::Sqrt(hn::Min(hn::Max(nmadd(z, z, splat(1)), hn::Zero(DF())), splat(1)));
    const SineCosine turn = of_turns(u);
    const V3 cap{madd(sine, turn.cosine, stretched.x), madd(sine, turn.sine, stretched.y), z + stretched.z};
    const V3 half = unit_of({cap.x * alpha, cap.y * alpha, hn::Max(cap.z, splat(1e-7F))});
    return sub(mul(half, splat(2) * dot(view, half)), view);
  }
  /// By the cosine with the normal.
  HWY_INLINE V3 sample_diffuse(VF u, VF v) const {
    const VF radius = hn::Sqrt(u);
    const SineCosine turn = of_turns(v);
    return {radius * turn.cosine, radius * turn.sine, hn::Sqrt(hn::Max(hn::Zero(DF()), splat(1) - u))};
  }

 private:
  HWY_INLINE VF masking_of(VF cosine) const {
    const VF alpha2 = alpha * alpha;
    return hn::Sqrt(madd(splat(1) - alpha2, cosine * cosine, alpha2));
  }
};

}  // namespace
}  // namespace ptah::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
