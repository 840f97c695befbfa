#include <algorithm>
#include <cmath>

#include "shape/texture/noise.h"
#include "shape/texture/patterns.h"

namespace ptah::texture {

namespace {

void stone(const Spot& s, SurfaceSample& out) {
  const float large = fractal(s.p * 6, 4, s.footprint * 6, 1), fine = fractal(s.p * 60, 3, s.footprint * 60, 2);
  out.albedo = lit(out.albedo, 1 + 0.35F * large + 0.2F * fine);
  const float crack = std::abs(noise(s.p * 4 + Vec3{1, 1, 1} * large, 3));
  const float depth = 1 - ramp(0, 0.05F, crack);
  out.albedo = lit(out.albedo, 1 - 0.3F * depth);
  out.roughness += 0.06F * fine;
  out.height = 0.004F * large + 0.0012F * fine - 0.002F * depth;
}

void granite(const Spot& s, SurfaceSample& out) {
  const float shown = seen(0.006F, s.footprint);
  const Cells coarse = cells(s.p * 180, 4);
  const float tone = coarse.id < 0.2F ? 0.45F : coarse.id < 0.55F ? 0.85F : coarse.id < 0.85F ? 1.15F : 1.45F;
  out.albedo = lit(out.albedo, 1 + (tone - 0.97F) * shown + 0.15F * fractal(s.p * 20, 3, s.footprint * 20, 5));
  out.roughness += 0.05F * (tone - 1) * shown;
  out.height = 0.0002F * (coarse.id - 0.5F) * shown;
}

void marble(const Spot& s, SurfaceSample& out) {
  const Vec3 warp{fractal(s.p * 3, 4, 0, 6), fractal(s.p * 3, 4, 0, 7), fractal(s.p * 3, 4, 0, 8)};
  const float vein = std::exp(-14 * std::abs(noise(s.p * 4 + warp * 1.8F, 9))), thin = std::exp(-26 * std::abs(noise(s.p * 11 + warp * 3, 10)));
  const std::array<float, 3> dark{out.albedo[0] * 0.45F, out.albedo[1] * 0.46F, out.albedo[2] * 0.5F};
  out.albedo = lit(mix(out.albedo, dark, std::min(1.0F, 0.75F * vein + 0.35F * thin)), 1 + 0.07F * warp[0]);
}

void brick(const Spot& s, SurfaceSample& out) {
  float id = 0;
  const float rough = fractal(s.p * 40, 3, s.footprint * 40, 11);
  Spot bent = s;
  bent.p = s.p + Vec3{0.002F, 0.002F, 0.002F} * rough;
  const float joint = bricks(bent, {0.225F, 0.075F, 0.1125F}, id), face = ramp(0.004F, 0.007F, joint);
  const std::array<float, 3> fired = lit(out.albedo, 0.78F + 0.44F * id + 0.25F * rough), mortar{0.72F, 0.70F, 0.66F};
  out.albedo = mix(lit(mortar, 1 + 0.2F * rough), fired, face);
  out.roughness = 0.92F;
  out.metallic *= face;
  out.height = 0.006F * ramp(0.003F, 0.009F, joint) + 0.0012F * rough;
}

void cobble(const Spot& s, SurfaceSample& out) {
  const float rough = fractal(s.p * 50, 3, s.footprint * 50, 12);
  const Cells c = cells(s.p * 11 + Vec3{1, 1, 1} * (0.15F * rough), 13);
  const float gap = c.second - c.first, face = ramp(0.05F, 0.16F, gap);
  out.albedo = mix(lit(out.albedo, 0.35F), lit(out.albedo, 0.8F + 0.4F * c.id + 0.2F * rough), face);
  out.roughness = std::max(0.7F, out.roughness + 0.05F * rough);
  out.height = 0.018F * ramp(0, 0.5F, gap) + 0.001F * rough;
}

void gravel(const Spot& s, SurfaceSample& out) {
  const Cells c = cells(s.p * 45, 14);
  const float gap = c.second - c.first;
  out.albedo = lit(out.albedo, (0.4F + 0.6F * ramp(0, 0.2F, gap)) * (0.7F + 0.6F * c.id));
  out.roughness = 0.9F;
  out.height = 0.004F * ramp(0, 0.5F, gap);
}

void tiles(const Spot& s, SurfaceSample& out) {
  constexpr float kEdge = 0.1F;
  float nearest = 1;
  std::array<int32_t, 3> which{};
  for (size_t i = 0; i < 3; ++i) {
    const float at = s.p[i] / kEdge, cell = std::floor(at);
    if (std::abs(s.normal[i]) >= 0.8F) continue;
    which[i] = static_cast<int32_t>(cell);
    nearest = std::min(nearest, std::min(at - cell, 1 - at + cell) * kEdge);
  }
  const float face = ramp(0.0015F, 0.003F, nearest), id = cell_value(which[0], which[1], which[2], 15);
  const std::array<float, 3> grout{0.55F, 0.54F, 0.52F};
  out.albedo = mix(grout, lit(out.albedo, 0.95F + 0.1F * id), face);
  out.roughness = 0.85F + (out.roughness - 0.85F) * face;
  out.metallic *= face;
  out.height = 0.0025F * ramp(0.001F, 0.005F, nearest);
}

void terrazzo(const Spot& s, SurfaceSample& out) {
  const Cells c = cells(s.p * 55, 16);
  const float chip = ramp(0.08F, 0.12F, c.second - c.first) * (c.id > 0.35F ? 1.0F : 0.0F) * seen(0.018F, s.footprint);
  const std::array<std::array<float, 3>, 4> colours{{{0.35F, 0.33F, 0.32F}, {0.72F, 0.45F, 0.35F}, {0.92F, 0.90F, 0.86F}, {0.55F, 0.62F, 0.58F}}};
  const auto which = static_cast<size_t>(c.id * 3997) % 4;
  out.albedo = mix(lit(out.albedo, 1 + 0.05F * noise(s.p * 90, 17)), colours[which], chip);
}

void concrete(const Spot& s, SurfaceSample& out) {
  const float large = fractal(s.p * 3, 4, s.footprint * 3, 18), fine = fractal(s.p * 120, 2, s.footprint * 120, 19);
  const Cells c = cells(s.p * 30, 20);
  const float pit = (1 - ramp(0.06F, 0.14F, c.first)) * (c.id > 0.6F ? 1.0F : 0.0F) * seen(0.006F, s.footprint);
  out.albedo = lit(out.albedo, 1 + 0.22F * large + 0.12F * fine - 0.3F * pit);
  out.height = 0.0006F * fine - 0.0025F * pit;
}

void sand(const Spot& s, SurfaceSample& out) {
  const float ripple = std::sin((s.p[0] + 0.35F * s.p[2] + 0.05F * fractal(s.p * 5, 3, s.footprint * 5, 21)) * 90) * seen(0.035F, s.footprint);
  const float grain = noise(s.p * 700, 22) * seen(0.002F, s.footprint);
  out.albedo = lit(out.albedo, 1 + 0.06F * ripple + 0.12F * grain + 0.1F * fractal(s.p * 8, 3, s.footprint * 8, 23));
  out.roughness = 0.95F;
  out.height = 0.003F * ripple + 0.0003F * grain;
}

void mud(const Spot& s, SurfaceSample& out) {
  const float wet = fractal(s.p * 4, 4, s.footprint * 4, 24);
  const Cells c = cells(s.p * 9 + Vec3{1, 1, 1} * (0.3F * wet), 25);
  const float crack = 1 - ramp(0.02F, 0.07F, c.second - c.first);
  out.albedo = lit(out.albedo, (1 + 0.4F * wet) * (1 - 0.6F * crack));
  out.roughness = 0.85F + 0.3F * wet;
  out.height = 0.004F * fractal(s.p * 30, 3, s.footprint * 30, 26) - 0.006F * crack;
}

void lava(const Spot& s, SurfaceSample& out) {
  const float warp = fractal(s.p * 6, 4, s.footprint * 6, 27);
  const Cells c = cells(s.p * 8 + Vec3{1, 1, 1} * (0.8F * warp), 28);
  const float gap = c.second - c.first, heat = 1 - ramp(0.02F, 0.22F + 0.25F * warp, gap), core = 1 - ramp(0, 0.07F, gap);
  const std::array<float, 3> crust{0.09F, 0.07F, 0.07F}, glow{0.95F, 0.28F, 0.04F}, bright{1, 0.85F, 0.30F};
  const float rough = fractal(s.p * 40, 3, s.footprint * 40, 29);
  out.emission = lit(mix(glow, bright, core), heat);
  out.albedo = mix(lit(crust, 1 + 0.8F * rough), lit(glow, 0.6F), heat);
  out.roughness = 0.95F - 0.3F * heat;
  out.height = 0.012F * ramp(0, 0.4F, gap) + 0.003F * rough;
}

void ice(const Spot& s, SurfaceSample& out) {
  const Vec3 warp{fractal(s.p * 5, 3, 0, 30), fractal(s.p * 5, 3, 0, 31), fractal(s.p * 5, 3, 0, 32)};
  const float crack = std::exp(-30 * std::abs(noise(s.p * 6 + warp, 33))), cloud = ramp(-0.1F, 0.4F, fractal(s.p * 4, 4, s.footprint * 4, 34));
  out.albedo = mix(out.albedo, {0.95F, 0.98F, 1.0F}, std::min(1.0F, 0.7F * crack + 0.45F * cloud));
  out.roughness += 0.25F * cloud;
  out.height = 0.0015F * fractal(s.p * 18, 3, s.footprint * 18, 35) - 0.001F * crack;
}

void snow(const Spot& s, SurfaceSample& out) {
  const float drift = fractal(s.p * 9, 4, s.footprint * 9, 36), spark = cells(s.p * 500, 37).id > 0.985F ? seen(0.002F, s.footprint) : 0;
  out.albedo = lit(out.albedo, 0.98F + 0.06F * drift);
  out.roughness = 0.75F - 0.5F * spark;
  out.height = 0.006F * drift + 0.0006F * noise(s.p * 160, 38) * seen(0.006F, s.footprint);
}

}  // namespace

Pattern mineral_pattern(SolidTexture texture) {
  switch (texture) {
    case SolidTexture::stone:
      return stone;
    case SolidTexture::granite:
      return granite;
    case SolidTexture::marble:
      return marble;
    case SolidTexture::brick:
      return brick;
    case SolidTexture::cobble:
      return cobble;
    case SolidTexture::gravel:
      return gravel;
    case SolidTexture::tiles:
      return tiles;
    case SolidTexture::terrazzo:
      return terrazzo;
    case SolidTexture::concrete:
      return concrete;
    case SolidTexture::sand:
      return sand;
    case SolidTexture::mud:
      return mud;
    case SolidTexture::lava:
      return lava;
    case SolidTexture::ice:
      return ice;
    case SolidTexture::snow:
      return snow;
    default:
      return nullptr;
  }
}

}  // namespace ptah::texture
