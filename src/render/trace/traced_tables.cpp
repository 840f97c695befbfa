#include "render/trace/traced_tables.h"

#include <bit>

#include "base/parallel.h"

namespace ptah {

namespace {

MaterialRecord record_of(const RenderMaterial& m, bool plain) {
  MaterialRecord out{m.albedo, m.emission, m.roughness, m.metallic, m.opacity, 1, m.specular, plain ? ~0U : 0U};
  if (plain && m.alpha_cutoff >= 0) out.coverage = m.opacity >= m.alpha_cutoff ? 1 : 0, out.opacity = 1;
  for (float& value : out.emission) value *= out.coverage;
  return out;
}

std::vector<TriangleRecord> triangle_records(const SurfaceScene& surface) {
  std::vector<TriangleRecord> out(surface.size());
  parallel_for(static_cast<int64_t>(out.size()), 100, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const auto& [vertex, material] = surface.triangle(static_cast<size_t>(i));
      TriangleRecord& to = out[static_cast<size_t>(i)];
      for (size_t k = 0; k < 3; ++k) to.corners[k] = surface.positions()[vertex[k]], to.normals[k] = surface.normals()[vertex[k]];
      to.geometric = unit_of(cross(to.corners[1] - to.corners[0], to.corners[2] - to.corners[0]));
      to.material = material;
    }
  });
  return out;
}

TexturedRecord textured_record(const SurfaceScene& surface, const std::array<uint32_t, 3>& vertex) {
  const auto& [a, b, c] = vertex;
  const Vec2 &ua = surface.uvs()[a], &ub = surface.uvs()[b], &uc = surface.uvs()[c];
  const auto [along, down] = surface.texture_directions(vertex);
  TexturedRecord out{{ua[0], ua[1], ub[0], ub[1], uc[0], uc[1], along[0], along[1], along[2], down[0], down[1], down[2]}};
  for (size_t k = 0; k < 3; ++k)
    for (size_t i = 0; i < 4; ++i) out.numbers[12 + 4 * k + i] = surface.tints().empty() ? 1 : surface.tints()[vertex[k]][i];
  return out;
}

std::vector<SplitSumCell> split_sum_cells() {
  const SplitSumTable& table = split_sum_table();
  std::vector<SplitSumCell> out;
  for (size_t y = 0; y + 1 < table.size(); ++y)
    for (size_t x = 0; x + 1 < table.size(); ++x) {
      const SplitSum &a = table[y][x], &b = table[y][x + 1], &c = table[y + 1][x], &d = table[y + 1][x + 1];
      out.push_back({{a.scale, a.bias, b.scale, b.bias, c.scale, c.bias, d.scale, d.bias}});
    }
  return out;
}

}  // namespace

TracedTables::TracedTables(const SurfaceScene& scene, std::shared_ptr<const Environment> surroundings)
    : surface(scene),
      environment(std::move(surroundings)),
      rays(scene),
      triangles(triangle_records(scene)),
      split_sums(split_sum_cells()),
      linear(linear_table().data()) {
  for (size_t i = 0; i < scene.materials().size(); ++i) {
    materials.push_back(record_of(scene.materials()[i], scene.plain(i)));
    all_plain = all_plain && scene.plain(i);
  }
  if (!all_plain) add_textures();
  std::vector<double> sums{0};
  for (uint32_t t = 0; t < triangles.size(); ++t) {
    const auto& corners = triangles[t].corners;
    const float bright = luminance(scene.material(t).emission), area = length(cross(corners[1] - corners[0], corners[2] - corners[0])) / 2;
    if (!(bright > 0 && area > 0)) continue;
    emitters.triangles.push_back(t);
    sums.push_back(sums.back() + static_cast<double>(bright) * area);
  }
  for (const uint32_t t : emitters.triangles) triangles[t].density = static_cast<float>(luminance(scene.material(t).emission) / sums.back());
  emitters.sums.assign(sums.begin(), sums.end());
  append_guide(emitters.sums.data(), static_cast<int64_t>(emitters.triangles.size()), emitters.guide);
  environment_share = !environment ? 0 : emitters.empty() ? 1 : 0.5F;
}

void TracedTables::add_textures() {
  static constexpr std::array<uint8_t, 4> kWhite{255, 255, 255, 255};
  textures = {{kWhite.data(), 1, 1}};
  const auto index_of = [&](const Texture* texture) {
    if (!texture) return 0.0F;
    const Image& picture = texture->picture();
    textures.push_back({picture.rgba.data(), static_cast<float>(picture.width), static_cast<float>(picture.height)});
    return std::bit_cast<float>(static_cast<int32_t>(textures.size()) - 1);
  };
  for (const RenderMaterial& m : surface.materials())
    material_textures.push_back(
        {{index_of(surface.colours(m.albedo_texture)), index_of(surface.colours(m.emission_texture)), index_of(surface.numbers(m.roughness_texture)),
          index_of(surface.numbers(m.normal_texture)), m.normal_scale, m.alpha_cutoff}});
  textured.resize(triangles.size());
  parallel_for(static_cast<int64_t>(textured.size()), 100, [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) textured[i] = textured_record(surface, surface.triangle(i).vertex);
  });
}

}  // namespace ptah
