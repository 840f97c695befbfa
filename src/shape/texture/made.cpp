#include <algorithm>
#include <cmath>
#include <numbers>

#include "shape/texture/noise.h"
#include "shape/texture/patterns.h"

namespace ptah::texture {

namespace {

/// A pattern in the plane, looked at along the three axes and mixed by how much the surface faces each.
template <class Plane>
float on_planes(const Spot& s, const Plane& plane) {
  std::array<float, 3> share{};
  float sum = 0;
  for (size_t i = 0; i < 3; ++i) {
    share[i] = std::pow(std::abs(s.normal[i]), 8.0F);
    sum += share[i];
  }
  float out = 0;
  for (size_t i = 0; i < 3; ++i)
    if (share[i] > 0.01F * sum) out += share[i] / sum * plane(s.p[(i + 1) % 3], s.p[(i + 2) % 3]);
  return out;
}

/// Threads over and under each other; 0 in the gaps, 1 on top.
float weave(float u, float v, float thread) {
  const float x = u / thread, y = v / thread;
  const bool over = (static_cast<int64_t>(std::floor(x)) + static_cast<int64_t>(std::floor(y))) % 2 == 0;
  const float a = std::sin((x - std::floor(x)) * std::numbers::pi_v<float>), b = std::sin((y - std::floor(y)) * std::numbers::pi_v<float>);
  return over ? a * (0.55F + 0.45F * b) : b * (0.55F + 0.45F * a);
}

void cloth(const Spot& s, SurfaceSample& out) {
  const float shown = seen(0.004F, s.footprint), top = on_planes(s, [](float u, float v) { return weave(u, v, 0.003F); });
  out.albedo = lit(out.albedo, 1 + shown * 0.45F * (top - 0.62F) + 0.08F * fractal(s.p * 12, 3, s.footprint * 12, 60));
  out.roughness = std::max(out.roughness, 0.85F);
  out.height = 0.0006F * top * shown;
}

void knit(const Spot& s, SurfaceSample& out) {
  const float shown = seen(0.01F, s.footprint);
  const float top = on_planes(s, [](float u, float v) {
    const float x = u / 0.009F, column = std::floor(x), within = std::abs(x - column - 0.5F) * 2, y = v / 0.008F + within * 0.7F;
    return (1 - within * within * 0.6F) * (0.4F + 0.6F * std::abs(std::sin(y * std::numbers::pi_v<float>)));
  });
  out.albedo = lit(out.albedo, 1 + shown * 0.6F * (top - 0.6F) + 0.06F * noise(s.p * 300, 61) * seen(0.003F, s.footprint));
  out.roughness = 0.97F;
  out.height = 0.002F * top * shown;
}

void carbon(const Spot& s, SurfaceSample& out) {
  const float top = on_planes(s, [](float u, float v) {
    const auto x = static_cast<int64_t>(std::floor(u / 0.004F)), y = static_cast<int64_t>(std::floor(v / 0.004F));
    return (((x + y) % 4) + 4) % 4 < 2 ? 1.0F : 0.0F;
  });
  out.albedo = lit(out.albedo, 0.7F + 0.8F * top);
  out.roughness = 0.22F + 0.12F * top;
}

void stripes(const Spot& s, SurfaceSample& out) {
  const float at = s.p[1] / 0.08F;
  const float dark = ramp(0.48F, 0.52F, std::abs(at - std::floor(at) - 0.5F) * 2);
  out.albedo = mix(out.albedo, {0.95F, 0.94F, 0.90F}, dark);
}

void checker(const Spot& s, SurfaceSample& out) {
  int64_t sum = 0;
  for (size_t i = 0; i < 3; ++i) sum += static_cast<int64_t>(std::floor(s.p[i] / 0.1F));
  if (sum % 2 != 0) out.albedo = {0.93F, 0.92F, 0.89F};
}

void camouflage(const Spot& s, SurfaceSample& out) {
  const std::array<float, 3> base = out.albedo;
  if (fractal(s.p * 6, 3, s.footprint * 6, 62) > 0.06F) out.albedo = lit(base, 0.62F);
  if (fractal(s.p * 6, 3, s.footprint * 6, 63) > 0.13F) out.albedo = {0.55F, 0.48F, 0.33F};
  if (fractal(s.p * 7, 3, s.footprint * 7, 64) > 0.2F) out.albedo = {0.13F, 0.13F, 0.11F};
}

void brushed(const Spot& s, SurfaceSample& out) {
  const float line = noise({s.p[0] * 5, s.p[1] * 700, s.p[2] * 700}, 65) * seen(0.002F, s.footprint), wide = noise({s.p[0] * 2, s.p[1] * 90, s.p[2] * 90}, 66);
  out.albedo = lit(out.albedo, 1 + 0.08F * line + 0.05F * wide);
  out.roughness += 0.1F * line + 0.06F * wide;
  out.height = 0.00006F * line;
}

void hammered(const Spot& s, SurfaceSample& out) {
  const Cells c = cells(s.p * 60, 67);
  const float dent = 1 - ramp(0.1F, 0.75F, c.first);
  out.albedo = lit(out.albedo, 1.02F - 0.08F * dent);
  out.roughness += 0.06F * (c.id - 0.5F);
  out.height = 0.0016F * std::min(c.first, 0.8F);
}

void rust(const Spot& s, SurfaceSample& out) {
  const float large = fractal(s.p * 8, 5, s.footprint * 8, 68), fine = fractal(s.p * 90, 3, s.footprint * 90, 69);
  const std::array<float, 3> dark{out.albedo[0] * 0.5F, out.albedo[1] * 0.42F, out.albedo[2] * 0.4F};
  const std::array<float, 3> bright{std::min(1.0F, out.albedo[0] * 1.45F), out.albedo[1] * 1.25F, out.albedo[2] * 0.8F};
  out.albedo = lit(large < 0 ? mix(out.albedo, dark, ramp(0, 0.3F, -large)) : mix(out.albedo, bright, ramp(0, 0.3F, large)), 1 + 0.35F * fine);
  out.roughness = 0.9F + 0.1F * fine;
  out.metallic *= 0.5F;
  out.height = 0.0012F * fine + 0.001F * large;
}

void patina(const Spot& s, SurfaceSample& out) {
  const float share = ramp(-0.12F, 0.12F, fractal(s.p * 7, 5, s.footprint * 7, 70) + 0.05F), fine = fractal(s.p * 70, 3, s.footprint * 70, 71);
  const std::array<float, 3> green{0.36F, 0.62F, 0.53F};
  out.albedo = mix(out.albedo, lit(green, 1 + 0.3F * fine), share);
  out.roughness += (0.8F - out.roughness) * share;
  out.metallic *= 1 - 0.85F * share;
  out.height = 0.0004F * fine * share;
}

void dust(const Spot& s, SurfaceSample& out) {
  out.albedo = lit(out.albedo, 1 + 0.15F * fractal(s.p * 50, 3, s.footprint * 50, 72));
  out.roughness = 0.97F;
}

/// A coat of paint: orange peel, and a little unevenness.
void paint(const Spot& s, SurfaceSample& out) {
  const float uneven = fractal(s.p * 5, 3, s.footprint * 5, 73);
  out.albedo = lit(out.albedo, 1 + 0.05F * uneven);
  out.roughness += 0.08F * uneven;
  out.height = 0.00008F * noise(s.p * 220, 74) * seen(0.005F, s.footprint);
}

}  // namespace

Pattern made_pattern(SolidTexture texture) {
  switch (texture) {
    case SolidTexture::cloth:
      return cloth;
    case SolidTexture::knit:
      return knit;
    case SolidTexture::carbon:
      return carbon;
    case SolidTexture::stripes:
      return stripes;
    case SolidTexture::checker:
      return checker;
    case SolidTexture::camouflage:
      return camouflage;
    case SolidTexture::brushed:
      return brushed;
    case SolidTexture::hammered:
      return hammered;
    case SolidTexture::rust:
      return rust;
    case SolidTexture::patina:
      return patina;
    case SolidTexture::dust:
      return dust;
    case SolidTexture::paint:
      return paint;
    default:
      return nullptr;
  }
}

}  // namespace ptah::texture
