#include <algorithm>
#include <cmath>

#include "shape/texture/noise.h"
#include "shape/texture/patterns.h"

namespace ptah::texture {

namespace {

/// Growth rings round an axis along y beside the piece, with fibres along it.
void timber(const Spot& s, const Vec3& pith, SurfaceSample& out) {
  const Vec3 q{s.p[0] + pith[0], s.p[1], s.p[2] + pith[2]};
  const Vec3 slow{q[0] * 5, q[1] * 1.2F, q[2] * 5};
  const float bend = fractal(slow, 3, s.footprint * 5, 40);
  const float radius = std::hypot(q[0] + 0.03F * bend, q[2] + 0.02F * noise(slow, 41)) / 0.012F + 0.5F * bend;
  const float ring = radius - std::floor(radius), late = ramp(0.25F, 0.85F, ring) * (1 - ramp(0.9F, 1.0F, ring)) * seen(0.012F, s.footprint);
  const float fibre = noise({q[0] * 260, q[1] * 7, q[2] * 260}, 42) * seen(0.004F, s.footprint);
  const float streak = noise({q[0] * 60, q[1] * 2.5F, q[2] * 60}, 43);
  const std::array<float, 3> dark{out.albedo[0] * 0.66F, out.albedo[1] * 0.60F, out.albedo[2] * 0.54F};
  out.albedo = lit(mix(lit(out.albedo, 1.06F), dark, 0.75F * late), 1 + 0.12F * fibre + 0.1F * streak);
  out.roughness += 0.06F * fibre - 0.08F * late;
  out.height = 0.00025F * fibre + 0.0002F * late;
}

void wood(const Spot& s, SurfaceSample& out) { timber(s, {0.11F, 0, 0.07F}, out); }

void planks(const Spot& s, SurfaceSample& out) {
  constexpr float kWide = 0.11F;
  const size_t across = std::abs(s.normal[0]) > std::abs(s.normal[2]) ? 2 : 0;
  const float at = s.p[across] / kWide, which = std::floor(at), within = at - which;
  const float hash = cell_value(static_cast<int32_t>(which), 3, static_cast<int32_t>(across), 44);
  const float ends = s.p[1] / 1.4F + hash * 3, piece = std::floor(ends);
  const float id = cell_value(static_cast<int32_t>(which), static_cast<int32_t>(piece), 0, 45);
  Spot board = s;
  board.p = s.p + Vec3{0.4F, 1.7F, 0.3F} * (id * 9);
  timber(board, {0.09F, 0, 0.06F}, out);
  const float gap = std::min({within, 1 - within, (ends - piece) * 12, (1 - ends + piece) * 12}) * kWide, face = ramp(0.0008F, 0.0025F, gap);
  out.albedo = lit(out.albedo, (0.85F + 0.3F * id) * (0.3F + 0.7F * face));
  out.height += 0.003F * ramp(0.0005F, 0.004F, gap);
}

void bark(const Spot& s, SurfaceSample& out) {
  const Vec3 bent = s.p + Vec3{0.02F, 0, 0.02F} * fractal(s.p * 12, 3, s.footprint * 12, 46);
  const Cells c = cells({bent[0] * 32, bent[1] * 9, bent[2] * 32}, 47);
  const float ridge = ramp(0, 0.45F, c.second - c.first), fine = fractal({s.p[0] * 120, s.p[1] * 50, s.p[2] * 120}, 3, s.footprint * 120, 48);
  out.albedo = lit(out.albedo, 0.45F + 0.55F * ridge + 0.25F * fine + 0.15F * (c.id - 0.5F));
  out.roughness = 0.95F;
  out.height = 0.008F * ridge + 0.0012F * fine;
}

void grass(const Spot& s, SurfaceSample& out) {
  const float lean = fractal(s.p * 9, 3, s.footprint * 9, 49);
  const float blade = noise({(s.p[0] + 0.02F * lean) * 240, s.p[1] * 30, (s.p[2] - 0.02F * lean) * 240}, 50) * seen(0.005F, s.footprint);
  const std::array<float, 3> dry{0.62F, 0.58F, 0.28F};
  out.albedo = lit(mix(out.albedo, dry, 0.5F * ramp(0.05F, 0.4F, lean)), 1 + 0.4F * blade + 0.15F * lean);
  out.roughness = 0.95F;
  out.height = 0.003F * blade;
}

void moss(const Spot& s, SurfaceSample& out) {
  const float clump = fractal(s.p * 35, 4, s.footprint * 35, 51), large = fractal(s.p * 5, 3, s.footprint * 5, 52);
  const std::array<float, 3> young{std::min(1.0F, out.albedo[0] * 1.5F), std::min(1.0F, out.albedo[1] * 1.3F), out.albedo[2] * 0.8F};
  out.albedo = lit(mix(out.albedo, young, ramp(-0.2F, 0.4F, large)), 1 + 0.6F * clump);
  out.roughness = 1;
  out.height = 0.005F * clump;
}

void leather(const Spot& s, SurfaceSample& out) {
  const Cells c = cells(s.p * 230 + Vec3{1, 1, 1} * (0.5F * noise(s.p * 60, 53)), 54);
  const float shown = seen(0.005F, s.footprint), groove = (1 - ramp(0.02F, 0.22F, c.second - c.first)) * shown;
  const float worn = fractal(s.p * 7, 4, s.footprint * 7, 55);
  out.albedo = lit(out.albedo, (1 - 0.35F * groove) * (1 + 0.25F * worn));
  out.roughness += 0.12F * groove - 0.15F * worn;
  out.height = -0.0004F * groove + 0.0003F * worn;
}

void scales(const Spot& s, SurfaceSample& out) {
  const Cells c = cells({s.p[0] * 42, s.p[1] * 30, s.p[2] * 42}, 56);
  const float gap = c.second - c.first;
  out.albedo = lit(out.albedo, (0.35F + 0.65F * ramp(0, 0.18F, gap)) * (0.8F + 0.4F * c.id));
  out.roughness = 0.35F + 0.3F * (1 - ramp(0, 0.2F, gap));
  out.height = 0.005F * (1 - c.first) * ramp(0, 0.2F, gap);
}

void fur(const Spot& s, SurfaceSample& out) {
  const float lean = fractal(s.p * 6, 3, s.footprint * 6, 57);
  const float hair = noise({(s.p[0] + 0.03F * lean) * 420, s.p[1] * 28, (s.p[2] + 0.03F * lean) * 420}, 58) * seen(0.003F, s.footprint);
  out.albedo = lit(out.albedo, 1 + 0.3F * hair + 0.25F * lean);
  out.roughness = 0.9F;
  out.height = 0.0015F * hair;
}

}  // namespace

Pattern grown_pattern(SolidTexture texture) {
  switch (texture) {
    case SolidTexture::wood:
      return wood;
    case SolidTexture::planks:
      return planks;
    case SolidTexture::bark:
      return bark;
    case SolidTexture::grass:
      return grass;
    case SolidTexture::moss:
      return moss;
    case SolidTexture::leather:
      return leather;
    case SolidTexture::scales:
      return scales;
    case SolidTexture::fur:
      return fur;
    default:
      return nullptr;
  }
}

}  // namespace ptah::texture
