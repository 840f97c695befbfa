#include "render/reflectance.h"

namespace ptah {

namespace {

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

}  // namespace

const SplitSumTable& split_sum_table() {
  static const SplitSumTable filled = [] {
    SplitSumTable out;
    for (size_t r = 0; r < kSplitSumSize; ++r)
      for (size_t f = 0; f < kSplitSumSize; ++f) {
        const float root = std::max(0.01F, static_cast<float>(f) / (kSplitSumSize - 1));
        out[r][f] = integrate(root * root, static_cast<float>(r) / (kSplitSumSize - 1));
      }
    return out;
  }();
  return filled;
}

SplitSum split_sum(float facing, float roughness) {
  const float x = std::sqrt(std::clamp(facing, 0.0F, 1.0F)) * (kSplitSumSize - 1), y = std::clamp(roughness, 0.0F, 1.0F) * (kSplitSumSize - 1);
  const auto x0 = std::min<size_t>(static_cast<size_t>(x), kSplitSumSize - 2), y0 = std::min<size_t>(static_cast<size_t>(y), kSplitSumSize - 2);
  const float u = x - static_cast<float>(x0), v = y - static_cast<float>(y0);
  const SplitSumTable& t = split_sum_table();
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

}  // namespace ptah
