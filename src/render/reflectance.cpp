#include "render/reflectance.h"

namespace ptah {

namespace {

float distribution(float cosine, float alpha) {
  // sin² + cos² · α² without the cancellation of 1 + cos² · (α² − 1).
  const float alpha2 = alpha * alpha, sine2 = std::max(0.0F, (1 - cosine) * (1 + cosine)), base = sine2 + cosine * cosine * alpha2;
  return alpha2 / (kPi * base * base);
}

/// Smith's Λ.
float lambda(float cosine, float alpha) {
  const float cosine2 = cosine * cosine, tangent2 = std::max(0.0F, 1 - cosine2) / std::max(cosine2, 1e-12F);
  return (std::sqrt(1 + alpha * alpha * tangent2) - 1) / 2;
}

float fifth(float x) {
  const float x2 = x * x;
  return x2 * x2 * x;
}

float radical_inverse(uint32_t bits) {
  bits = (bits << 16) | (bits >> 16);
  bits = ((bits & 0x55555555U) << 1) | ((bits & 0xAAAAAAAAU) >> 1);
  bits = ((bits & 0x33333333U) << 2) | ((bits & 0xCCCCCCCCU) >> 2);
  bits = ((bits & 0x0F0F0F0FU) << 4) | ((bits & 0xF0F0F0F0U) >> 4);
  bits = ((bits & 0x00FF00FFU) << 8) | ((bits & 0xFF00FF00U) >> 8);
  return static_cast<float>(bits >> 8) * 0x1p-24F;
}

constexpr size_t kTable = 32;
using Table = std::array<std::array<SplitSum, kTable>, kTable>;  // by roughness, then by the root of the cosine

SplitSum integrate(float facing, float roughness) {
  constexpr uint32_t kSamples = 256;
  const float alpha = alpha_of(roughness);
  const Vec3 view{std::sqrt(std::max(0.0F, 1 - facing * facing)), 0, facing};
  double scale = 0, bias = 0;
  for (uint32_t i = 0; i < kSamples; ++i) {
    const Vec3 half = sample_visible_normal(view, alpha, (static_cast<float>(i) + 0.5F) / kSamples, radical_inverse(i) + 0.5F / kSamples);
    const float towards = dot(view, half);
    const Vec3 light = half * (2 * towards) - view;
    if (light[2] <= 0) continue;
    const float seen = lambda(facing, alpha), lit = lambda(light[2], alpha);
    const float weight = (1 + seen) / (1 + seen + lit), fresnel = fifth(1 - std::clamp(towards, 0.0F, 1.0F));
    scale += (1 - fresnel) * weight;
    bias += fresnel * weight;
  }
  return {static_cast<float>(scale / kSamples), static_cast<float>(bias / kSamples)};
}

const Table& table() {
  static const Table filled = [] {
    Table out;
    for (size_t r = 0; r < kTable; ++r)
      for (size_t f = 0; f < kTable; ++f) {
        const float root = std::max(0.01F, static_cast<float>(f) / (kTable - 1));
        out[r][f] = integrate(root * root, static_cast<float>(r) / (kTable - 1));
      }
    return out;
  }();
  return filled;
}

}  // namespace

SplitSum split_sum(float facing, float roughness) {
  const float x = std::sqrt(std::clamp(facing, 0.0F, 1.0F)) * (kTable - 1), y = std::clamp(roughness, 0.0F, 1.0F) * (kTable - 1);
  const auto x0 = std::min<size_t>(static_cast<size_t>(x), kTable - 2), y0 = std::min<size_t>(static_cast<size_t>(y), kTable - 2);
  const float u = x - static_cast<float>(x0), v = y - static_cast<float>(y0);
  const Table& t = table();
  const SplitSum &a = t[y0][x0], &b = t[y0][x0 + 1], &c = t[y0 + 1][x0], &d = t[y0 + 1][x0 + 1];
  const float wa = (1 - u) * (1 - v), wb = u * (1 - v), wc = (1 - u) * v, wd = u * v;
  return {wa * a.scale + wb * b.scale + wc * c.scale + wd * d.scale, wa * a.bias + wb * b.bias + wc * c.bias + wd * d.bias};
}

Vec3 sample_visible_normal(const Vec3& view, float alpha, float u, float v) {
  const Vec3 stretched = unit_of(Vec3{view[0] * alpha, view[1] * alpha, view[2]});
  const float phi = 2 * kPi * u, z = (1 - v) * (1 + stretched[2]) - stretched[2], sine = std::sqrt(std::clamp(1 - z * z, 0.0F, 1.0F));
  const Vec3 cap{sine * std::cos(phi) + stretched[0], sine * std::sin(phi) + stretched[1], z + stretched[2]};
  return unit_of(Vec3{cap[0] * alpha, cap[1] * alpha, std::max(cap[2], 1e-7F)});
}

Reflectance::Mirrored Reflectance::mirrored(const Vec3& view, const Vec3& light) const {
  const Vec3 half = unit_of(view + light);
  const float alpha = alpha_of(roughness_), d = distribution(half[2], alpha), seen = lambda(view[2], alpha), lit = lambda(light[2], alpha);
  const float shared = d / ((1 + seen + lit) * 4 * std::max(1e-6F, view[2] * light[2]));
  const float fresnel = fifth(1 - std::clamp(dot(view, half), 0.0F, 1.0F));
  Mirrored out{{}, d / ((1 + seen) * 4 * std::max(1e-6F, view[2]))};
  for (size_t c = 0; c < 3; ++c) out.brdf[c] = (f0_[c] + (f90_ - f0_[c]) * fresnel) * shared * gain_[c];
  return out;
}

Vec3 Reflectance::sample_mirror(const Vec3& view, float u, float v) const {
  const Vec3 half = sample_visible_normal(view, alpha_of(roughness_), u, v);
  return half * (2 * dot(view, half)) - view;
}

}  // namespace ptah
