#include "render/surface.h"

#include <cmath>

#include "render/tone.h"

namespace ptah {

const std::array<float, 256>& linear_table() {
  static const std::array<float, 256> table = [] {
    std::array<float, 256> out{};
    for (size_t i = 0; i < out.size(); ++i) out[i] = linear_of_byte(static_cast<uint8_t>(i));
    return out;
  }();
  return table;
}

namespace {

constexpr int64_t kMaxTextureEdge = 2048;

Image half_of(const Image& picture, bool srgb) {
  Image out = make_image(std::max<int64_t>(1, picture.width / 2), std::max<int64_t>(1, picture.height / 2));
  const auto& linear = linear_table();
  for (int64_t y = 0; y < out.height; ++y)
    for (int64_t x = 0; x < out.width; ++x) {
      std::array<float, 4> sum{};
      for (int64_t i = 0; i < 4; ++i) {
        const uint8_t* from = picture.at(std::min(2 * x + i % 2, picture.width - 1), std::min(2 * y + i / 2, picture.height - 1));
        for (size_t c = 0; c < 4; ++c) sum[c] += srgb && c < 3 ? linear[from[c]] : static_cast<float>(from[c]) / 255;
      }
      for (size_t c = 0; c < 4; ++c) out.at(x, y)[c] = srgb && c < 3 ? srgb_byte(sum[c] / 4) : static_cast<uint8_t>(std::floor(sum[c] / 4 * 255 + 0.5F));
    }
  return out;
}

}  // namespace

Texture::Texture(const Image& picture, bool srgb) : srgb_(srgb), levels_{reduced(picture, kMaxTextureEdge)} {
  while (std::max(levels_.back().width, levels_.back().height) > 1) levels_.push_back(half_of(levels_.back(), srgb));
}

std::array<float, 4> Texture::at(const Vec2& uv, float detail) const {
  const auto level = static_cast<size_t>(std::clamp(detail + 0.5F, 0.0F, static_cast<float>(levels_.size()) - 1));
  const Image& image = levels_[level];
  const auto wrapped = [](float value, int64_t size) {
    const float whole = value - std::floor(value);
    return (std::isfinite(whole) ? whole : 0) * static_cast<float>(size) - 0.5F;
  };
  const float x = wrapped(uv[0], image.width), y = wrapped(uv[1], image.height), left = std::floor(x), above = std::floor(y), u = x - left, v = y - above;
  const auto repeated = [](float pixel, int64_t size) { return pixel < 0 ? size - 1 : std::min(static_cast<int64_t>(pixel), size - 1); };
  const int64_t x0 = repeated(left, image.width), y0 = repeated(above, image.height);
  const int64_t x1 = x0 + 1 == image.width ? 0 : x0 + 1, y1 = y0 + 1 == image.height ? 0 : y0 + 1;
  const std::array<const uint8_t*, 4> taps{image.at(x0, y0), image.at(x1, y0), image.at(x0, y1), image.at(x1, y1)};
  const std::array<float, 4> weights{(1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v};
  const auto& linear = linear_table();
  std::array<float, 4> out{};
  for (size_t i = 0; i < 4; ++i)
    for (size_t c = 0; c < 4; ++c) out[c] += weights[i] * (srgb_ && c < 3 ? linear[taps[i][c]] : static_cast<float>(taps[i][c]) / 255);
  return out;
}

SurfaceScene::SurfaceScene(const RenderScene& scene)
    : materials_(scene.materials), as_colour_(scene.textures.size(), -1), as_number_(scene.textures.size(), -1), extent_(extent_of(scene)) {
  const auto use = [&](int32_t texture, std::vector<Texture>& to, std::vector<int32_t>& index, bool srgb) {
    if (texture < 0 || index[static_cast<size_t>(texture)] >= 0) return;
    index[static_cast<size_t>(texture)] = static_cast<int32_t>(to.size());
    to.emplace_back(scene.textures[static_cast<size_t>(texture)], srgb);
  };
  for (const RenderMaterial& m : materials_) {
    use(m.albedo_texture, colours_, as_colour_, true);
    use(m.emission_texture, colours_, as_colour_, true);
    use(m.roughness_texture, numbers_, as_number_, false);
    use(m.normal_texture, numbers_, as_number_, false);
    bool holes = m.alpha_cutoff < 0 && m.opacity < 0.995F;
    if (m.albedo_texture >= 0 && m.alpha_cutoff != 0) {
      const Image& picture = scene.textures[static_cast<size_t>(m.albedo_texture)];
      for (size_t i = 3; i < picture.rgba.size() && !holes; i += 4) holes = picture.rgba[i] < 254;
    }
    clear_.push_back(holes);
    plain_.push_back(std::max({m.albedo_texture, m.emission_texture, m.roughness_texture, m.normal_texture}) < 0);
  }
  for (const RenderMesh& m : scene.meshes) {
    const auto base = static_cast<uint32_t>(positions_.size());
    positions_.insert(positions_.end(), m.mesh.positions.begin(), m.mesh.positions.end());
    normals_.insert(normals_.end(), m.mesh.normals.begin(), m.mesh.normals.end());
    uvs_.insert(uvs_.end(), m.uvs.begin(), m.uvs.end());
    uvs_.resize(positions_.size());
    if (!m.colours.empty()) tints_.resize(base, {1, 1, 1, 1}), tints_.insert(tints_.end(), m.colours.begin(), m.colours.end());
    if (!tints_.empty()) tints_.resize(positions_.size(), {1, 1, 1, 1});
    if (!m.colours.empty()) plain_[m.material] = false;
    for (const auto& colour : m.colours) clear_[m.material] = clear_[m.material] || (materials_[m.material].alpha_cutoff != 0 && colour[3] < 0.995F);
    for (const Triangle& t : m.mesh.triangles) triangles_.push_back({{t[0] + base, t[1] + base, t[2] + base}, m.material});
  }
}

std::array<Vec3, 2> SurfaceScene::texture_directions(const std::array<uint32_t, 3>& vertex) const {
  const auto [a, b, c] = vertex;
  const Vec3 e1 = positions_[b] - positions_[a], e2 = positions_[c] - positions_[a];
  const float du1 = uvs_[b][0] - uvs_[a][0], dv1 = uvs_[b][1] - uvs_[a][1], du2 = uvs_[c][0] - uvs_[a][0], dv2 = uvs_[c][1] - uvs_[a][1];
  const float area = du1 * dv2 - du2 * dv1;
  if (!(std::abs(area) >= 1e-20F)) return {};
  return {(e1 * dv2 - e2 * dv1) * (1 / area), (e2 * du1 - e1 * du2) * (1 / area)};
}

Vec3 SurfaceScene::bumped(const Vec3& normal, const Corner& corner, const Texture& texture, const Vec2& uv, float detail, float scale) const {
  const auto [along, down] = texture_directions(corner.vertex);
  if (!(dot(along, along) > 0)) return normal;
  const Vec3 tangent = normalized(along - normal * dot(normal, along));
  const Vec3 upwards = cross(normal, tangent) * (dot(cross(normal, tangent), down) > 0 ? -1.0F : 1.0F);  // v runs downwards
  const auto texel = texture.at(uv, detail);
  const Vec3 bump{(texel[0] * 2 - 1) * scale, (texel[1] * 2 - 1) * scale, std::max(0.05F, texel[2] * 2 - 1)};
  return normalized(tangent * bump[0] + upwards * bump[1] + normal * bump[2]);
}

void SurfaceScene::add_textures(SurfacePoint& out, const Corner& corner, float u, float v, float pixel_area) const {
  const RenderMaterial& m = materials_[corner.material];
  const auto& [a, b, c] = corner.vertex;
  const Vec2 uv = mix(uvs_, corner, u, v);
  const float du1 = uvs_[b][0] - uvs_[a][0], dv1 = uvs_[b][1] - uvs_[a][1], du2 = uvs_[c][0] - uvs_[a][0], dv2 = uvs_[c][1] - uvs_[a][1];
  const float area = std::abs(du1 * dv2 - du2 * dv1) * pixel_area;
  const auto detail = [&](const Texture& texture) { return area > 0 ? 0.5F * std::log2(std::max(1.0F, area * texture.area())) : 0; };
  const auto colour = [&](int32_t index) {
    const Texture& texture = colours_[static_cast<size_t>(as_colour_[static_cast<size_t>(index)])];
    return texture.at(uv, detail(texture));
  };
  const auto number = [&](int32_t index) -> const Texture& { return numbers_[static_cast<size_t>(as_number_[static_cast<size_t>(index)])]; };
  if (m.albedo_texture >= 0) {
    const auto texel = colour(m.albedo_texture);
    out.albedo = times(out.albedo, {texel[0], texel[1], texel[2]});
    out.coverage *= texel[3];
  }
  if (m.emission_texture >= 0) {
    const auto texel = colour(m.emission_texture);
    out.emission = times(out.emission, {texel[0], texel[1], texel[2]});
  }
  if (m.roughness_texture >= 0) {
    const auto texel = number(m.roughness_texture).at(uv, detail(number(m.roughness_texture)));
    out.roughness *= texel[1];
    out.metallic *= texel[2];
  }
  if (m.normal_texture >= 0) out.normal = bumped(out.normal, corner, number(m.normal_texture), uv, detail(number(m.normal_texture)), m.normal_scale);
}

SurfacePoint SurfaceScene::at(size_t t, float u, float v, const Vec3& view, float pixel_area) const {
  const Corner& corner = triangles_[t];
  const RenderMaterial& m = materials_[corner.material];
  const auto& [a, b, c] = corner.vertex;
  SurfacePoint out{.normal = unit_of(mix(normals_, corner, u, v)),
                   .geometric = unit_of(cross(positions_[b] - positions_[a], positions_[c] - positions_[a])),
                   .albedo = m.albedo,
                   .emission = m.emission,
                   .roughness = m.roughness,
                   .metallic = m.metallic,
                   .opacity = m.opacity,
                   .specular = m.specular};
  if (!tints_.empty()) {
    const auto tint = mix(tints_, corner, u, v);
    out.albedo = times(out.albedo, {tint[0], tint[1], tint[2]});
    out.coverage = tint[3];
  }
  if (std::max({m.albedo_texture, m.emission_texture, m.roughness_texture, m.normal_texture}) >= 0) add_textures(out, corner, u, v, pixel_area);
  if (m.alpha_cutoff >= 0) out.coverage = out.coverage * m.opacity >= m.alpha_cutoff ? 1 : 0, out.opacity = 1;
  for (float& value : out.emission) value *= out.coverage;
  if (dot(out.geometric, view) < 0) out.geometric = out.geometric * -1;
  if (dot(out.normal, out.geometric) < 0) out.normal = out.normal * -1;
  // A shading normal that turns away from the viewer is bent back to the edge.
  if (const float facing = dot(out.normal, view); facing < 1e-3F) out.normal = unit_of(out.normal + view * (1e-3F - facing));
  return out;
}

}  // namespace ptah
