#include "shape/texture/solid.h"

#include <algorithm>
#include <cmath>

#include "shape/texture/noise.h"
#include "shape/texture/patterns.h"

namespace ptah {

namespace texture {

std::array<float, 3> mix(const std::array<float, 3>& a, const std::array<float, 3>& b, float t) {
  return {a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t};
}

std::array<float, 3> lit(const std::array<float, 3>& colour, float factor) {
  return {std::clamp(colour[0] * factor, 0.0F, 1.0F), std::clamp(colour[1] * factor, 0.0F, 1.0F), std::clamp(colour[2] * factor, 0.0F, 1.0F)};
}

float ramp(float low, float high, float v) {
  const float t = std::clamp((v - low) / (high - low), 0.0F, 1.0F);
  return t * t * (3 - 2 * t);
}

float seen(float size, float footprint) { return std::clamp(1.5F - footprint / size, 0.0F, 1.0F); }

float bricks(const Spot& spot, const Vec3& size, float& id) {
  const float row = std::floor(spot.p[1] / size[1]);
  const float shift = std::fmod(std::abs(row), 2.0F) * 0.5F;
  const float x = spot.p[0] / size[0] + shift, z = spot.p[2] / size[2] + shift;
  const float ix = std::floor(x), iz = std::floor(z);
  id = cell_value(static_cast<int32_t>(ix), static_cast<int32_t>(row), static_cast<int32_t>(iz), 5);
  const std::array<float, 3> within{x - ix, spot.p[1] / size[1] - row, z - iz};
  float nearest = 1;
  for (size_t i = 0; i < 3; ++i)
    if (std::abs(spot.normal[i]) < 0.8F) nearest = std::min(nearest, std::min(within[i], 1 - within[i]) * size[i]);
  return nearest;
}

Pattern pattern_of(SolidTexture kind) {
  for (const auto& table : {mineral_pattern, grown_pattern, made_pattern})
    if (const Pattern found = table(kind)) return found;
  return nullptr;
}

float cover(SolidTexture kind, const Spot& spot, float amount) {
  const float patches = fractal(spot.p * 7, 5, spot.footprint * 7, 91) * 1.6F + 0.5F;  // about 0 to 1
  float lean = 0;
  if (kind == SolidTexture::snow) lean = spot.normal[1] * 1.3F - 0.35F;
  if (kind == SolidTexture::moss || kind == SolidTexture::dust) lean = spot.normal[1] * 0.45F;
  return ramp(-0.09F, 0.09F, patches + lean - (1 - amount));
}

}  // namespace texture

bool uniform(const LayeredMaterial& material) { return material.layers.empty() && texture::pattern_of(material.base.texture) == nullptr; }

SurfaceSample sample_material(const LayeredMaterial& material, const Vec3& p, const Vec3& normal, float footprint) {
  const Material& m = material.base;
  SurfaceSample out;
  out.albedo = m.albedo;
  out.roughness = m.roughness;
  out.metallic = m.metallic;
  out.emission = m.emission;
  const float scale = std::max(m.scale, 1e-6F);
  const texture::Spot spot{p * (1 / scale), normal, footprint / scale};
  if (const auto pattern = texture::pattern_of(m.texture)) pattern(spot, out);
  for (const SurfaceLayer& layer : material.layers) {
    const float share = texture::cover(layer.texture, spot, layer.amount);
    if (share <= 0) continue;
    SurfaceSample top;
    top.albedo = layer.albedo;
    top.roughness = layer.roughness;
    top.metallic = layer.metallic;
    if (const auto pattern = texture::pattern_of(layer.texture)) pattern(spot, top);
    const float thick = layer.texture == SolidTexture::snow ? 0.01F : layer.texture == SolidTexture::moss ? 0.004F : 0.0006F;
    out.albedo = texture::mix(out.albedo, top.albedo, share);
    out.emission = texture::mix(out.emission, top.emission, share);
    out.roughness += (top.roughness - out.roughness) * share;
    out.metallic += (top.metallic - out.metallic) * share;
    out.height += (top.height + thick - out.height * 0.5F) * share;
  }
  out.height *= scale * material.relief;
  out.roughness = std::clamp(out.roughness, 0.03F, 1.0F);
  out.metallic = std::clamp(out.metallic, 0.0F, 1.0F);
  return out;
}

}  // namespace ptah
