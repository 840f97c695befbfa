// How surfaces reflect: GGX with its masking (Walter 2007, Heitz 2014), the energy that single scattering loses given back (Turquin 2019), and below it a
// diffuse surface that gets what the mirror above it leaves. White surfaces reflect all light, at any roughness.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

#include "geometry/mesh.h"

namespace ptah {

using Rgb = std::array<float, 3>;

inline constexpr float kPi = std::numbers::pi_v<float>;

inline Rgb times(const Rgb& a, const Rgb& b) { return {a[0] * b[0], a[1] * b[1], a[2] * b[2]}; }
inline float luminance(const Rgb& c) { return 0.2126F * c[0] + 0.7152F * c[1] + 0.0722F * c[2]; }

/// As normalized(), for the paths' innermost loops.
inline Vec3 unit_of(const Vec3& a) {
  const float squared = dot(a, a);
  return squared > 0 ? a * (1 / std::sqrt(squared)) : a;
}

/// The least width of the distribution of microfacets: what is smoother is a mirror all the same.
inline constexpr float kMinAlpha = 0.002F;
inline float alpha_of(float roughness) { return std::max(kMinAlpha, roughness * roughness); }

/// What a smooth-to-rough mirror reflects of light from everywhere, for reflectance F0 straight on: F0 · scale + bias (single scattering, Schlick's Fresnel;
/// "split sum", Karis 2013).
struct SplitSum {
  float scale = 1, bias = 0;
};
/// `facing`: cosine of the angle between view and normal. From a table that is computed once, at first use (about 10 ms).
SplitSum split_sum(float facing, float roughness);
/// The table itself: by roughness, then by the root of the cosine, both from 0 to 1.
inline constexpr size_t kSplitSumSize = 32;
using SplitSumTable = std::array<std::array<SplitSum, kSplitSumSize>, kSplitSumSize>;
const SplitSumTable& split_sum_table();

/// A point of a surface, seen from one direction.
class Reflectance {
 public:
  Reflectance(const Rgb& albedo, float roughness, float metallic, float opacity, float facing, bool compensate = true, float coverage = 1, float specular = 1) {
    const SplitSum table = split_sum(std::max(facing, 1e-4F), roughness);
    const float single = std::max(1e-3F, table.scale + table.bias), f90 = specular + (1 - specular) * metallic;
    for (size_t c = 0; c < 3; ++c) {
      const float f0 = 0.04F * specular + (albedo[c] - 0.04F * specular) * metallic, gain = compensate ? 1 + f0 * (1 - single) / single : 1;
      single_[c] = f0 * table.scale + f90 * table.bias;
      mirror_[c] = std::min(1.0F, single_[c] * gain);
      const float below = (1 - metallic) * (1 - mirror_[c]);
      diffuse_[c] = albedo[c] * below * opacity;
      through_[c] = below * (1 - opacity) * coverage + 1 - coverage;
      for (float* share : {&single_[c], &mirror_[c], &diffuse_[c]}) *share *= coverage;
    }
  }
  /// Of light from everywhere: what the mirror reflects, by single scattering and in all; what the diffuse surface below it does; what goes straight through.
  const Rgb& single() const { return single_; }
  const Rgb& mirror() const { return mirror_; }
  const Rgb& diffuse() const { return diffuse_; }
  const Rgb& through() const { return through_; }

 private:
  Rgb single_, mirror_, diffuse_, through_;
};

/// Axes at right angles to a unit vector (Duff et al. 2017).
struct Frame {
  Vec3 tangent, bitangent, normal;
  explicit Frame(const Vec3& n) : normal(n) {
    const float sign = std::copysign(1.0F, n[2]), a = -1 / (sign + n[2]), b = n[0] * n[1] * a;
    tangent = {1 + sign * n[0] * n[0] * a, sign * b, -sign * n[0]};
    bitangent = {b, sign + n[1] * n[1] * a, -n[1]};
  }
  Vec3 in(const Vec3& v) const { return {dot(v, tangent), dot(v, bitangent), dot(v, normal)}; }
  Vec3 out(const Vec3& v) const { return tangent * v[0] + bitangent * v[1] + normal * v[2]; }
};

/// A microfacet's normal by those that are seen from `view`, in the frame of the normal (0, 0, 1).
Vec3 sample_visible_normal(const Vec3& view, float alpha, float u, float v);

}  // namespace ptah
