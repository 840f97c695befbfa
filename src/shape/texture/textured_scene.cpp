#include "shape/texture/textured_scene.h"

#include <algorithm>
#include <cmath>

#include "shape/scene.h"

namespace ptah {

namespace {

bool has_grain(SolidTexture texture) {
  return texture == SolidTexture::wood || texture == SolidTexture::planks || texture == SolidTexture::bark || texture == SolidTexture::brushed ||
         texture == SolidTexture::fur;
}

/// Courses of bricks and tiles go through from part to part.
bool goes_through(SolidTexture texture) { return texture == SolidTexture::brick || texture == SolidTexture::tiles || texture == SolidTexture::checker; }

/// The triangles of one mesh of the scene out of all, from `at` on.
void take_triangles(const AtlasMesh& mesh, size_t at, size_t count, bool with_tangents, SceneMesh& node) {
  std::vector<uint32_t> now(mesh.positions.size(), 0xFFFFFFFFU);
  node.mesh = {};
  node.uvs.clear();
  node.tangents.clear();
  node.colours.clear();
  node.polygons = {};
  for (size_t t = at; t < at + count; ++t) {
    Triangle made{};
    for (size_t c = 0; c < 3; ++c) {
      const uint32_t vertex = mesh.triangles[t][c];
      if (now[vertex] == 0xFFFFFFFFU) {
        now[vertex] = static_cast<uint32_t>(node.mesh.positions.size());
        node.mesh.positions.push_back(mesh.positions[vertex]);
        node.mesh.normals.push_back(mesh.normals[vertex]);
        node.uvs.push_back(mesh.uvs[vertex]);
        if (with_tangents) node.tangents.push_back(mesh.tangents[vertex]);
      }
      made[c] = now[vertex];
    }
    node.mesh.triangles.push_back(made);
  }
}

}  // namespace

BakedPart part_of(const LayeredMaterial& material, const std::vector<Vec3>& positions, size_t number) {
  BakedPart out{material, {}, 1};
  if (goes_through(material.base.texture) || positions.empty()) return out;
  Bounds bounds;
  for (const Vec3& p : positions) bounds.take(p);
  if (has_grain(material.base.texture)) {
    const Vec3 size = bounds.size();
    out.grain = static_cast<int>(std::max_element(size.begin(), size.end()) - size.begin());
    if (size[static_cast<size_t>(out.grain)] < 1.05F * size[1]) out.grain = 1;
  }
  const auto n = static_cast<float>(number);
  out.origin = bounds.centre() - Vec3{0.37F, 0.71F, 0.53F} * n;
  return out;
}

Result<void> add_maps(MeshScene& scene, const BakedMaps& maps) {
  const auto add = [&](const char* name, const Image& image) -> Result<void> {
    PTAH_TRY(Bytes bytes, encode_png(image));
    scene.images.push_back({name, "image/png", std::move(bytes)});
    return {};
  };
  PTAH_TRY_VOID(add("base color", maps.base_color));
  PTAH_TRY_VOID(add("metallic roughness", maps.metallic_roughness));
  if (maps.relief) PTAH_TRY_VOID(add("normal", maps.normal));
  if (maps.emissive) PTAH_TRY_VOID(add("emission", maps.emission));
  return {};
}

void show_maps(SceneMaterial& material, const BakedMaps& maps) {
  const auto texture = [](int32_t image) { return SceneTexture{image, TextureWrap::clamp, TextureWrap::clamp, false}; };
  material.base_color = {1, 1, 1, 1};
  material.roughness = material.metallic = 1;
  material.emission = {0, 0, 0};
  material.base_color_texture = texture(0);
  material.metallic_roughness_texture = texture(1);
  int32_t next = 2;
  if (maps.relief) material.normal_texture = texture(next++);
  if (maps.emissive) {
    material.emissive_texture = texture(next);
    material.emission = {1, 1, 1};
  }
}

Result<TexturedScene> textured_scene(const Assembly& assembly, const std::vector<Solid>& solids, int64_t texels, const ProgressCallback& progress,
                                     const CancelToken* cancel) {
  TexturedScene out;
  out.scene = glb_scene(assembly, solids);
  Mesh all;
  ShadedMesh drawn;
  std::vector<uint32_t> part;
  std::vector<BakedPart> parts;
  for (size_t i = 0; i < solids.size(); ++i) {
    const Mesh& mesh = solids[i].mesh;
    const ShadedMesh& shown = out.scene.meshes[i].mesh;
    const auto first = static_cast<uint32_t>(all.positions.size()), first_shown = static_cast<uint32_t>(drawn.positions.size());
    all.positions.insert(all.positions.end(), mesh.positions.begin(), mesh.positions.end());
    drawn.positions.insert(drawn.positions.end(), shown.positions.begin(), shown.positions.end());
    drawn.normals.insert(drawn.normals.end(), shown.normals.begin(), shown.normals.end());
    for (const auto& [a, b, c] : mesh.triangles) all.triangles.push_back({first + a, first + b, first + c});
    for (const auto& [a, b, c] : shown.triangles) drawn.triangles.push_back({first_shown + a, first_shown + b, first_shown + c});
    part.insert(part.end(), mesh.triangles.size(), static_cast<uint32_t>(i));
    parts.push_back(part_of({solids[i].material, {}, 1}, mesh.positions, i));
  }
  if (progress) progress({"unwrap", 0, -1});
  const int64_t margin = std::max<int64_t>(2, texels / 256);
  PTAH_TRY(out.uvs, unwrap(all, {.resolution = texels, .margin = margin, .join_equal_positions = false}, cancel));
  const AtlasMesh mesh = atlas_mesh(drawn, out.uvs);
  PTAH_TRY(out.maps, bake_maps(mesh, part, parts, texels, progress, cancel));

  // What is opaque is one material, what is not another.
  out.scene.materials.clear();
  std::array<int32_t, 2> made{-1, -1};
  size_t at = 0;
  for (size_t i = 0; i < solids.size(); ++i) {
    const bool clear = solids[i].material.opacity < 1;
    int32_t& index = made[clear ? 1 : 0];
    if (index < 0) {
      index = static_cast<int32_t>(out.scene.materials.size());
      SceneMaterial material;
      material.name = clear ? assembly.name + " clear" : assembly.name;
      show_maps(material, out.maps);
      if (clear) material.alpha_mode = AlphaMode::blend;
      out.scene.materials.push_back(std::move(material));
    }
    SceneMesh& node = out.scene.meshes[i];
    node.material = static_cast<uint32_t>(index);
    take_triangles(mesh, at, solids[i].mesh.triangles.size(), out.maps.relief, node);
    at += solids[i].mesh.triangles.size();
  }
  PTAH_TRY_VOID(add_maps(out.scene, out.maps));
  return out;
}

namespace {

/// Whether a mesh's own texture coordinates can carry maps of their own. Notes say why not, and what shares texels.
bool own_uvs_do(const MeshScene& scene, const AtlasMesh& all, std::vector<std::string>* notes) {
  const auto note = [&](std::string text) {
    if (notes) notes->push_back(std::move(text));
    return false;
  };
  for (const SceneMesh& m : scene.meshes)
    if (m.uvs.size() != m.mesh.positions.size()) return note("the mesh has no texture coordinates; it was unwrapped");
  for (const Vec2& uv : all.uvs)
    for (const float v : uv)
      if (!(v >= -1e-4F && v <= 1 + 1e-4F)) return note("the mesh's texture coordinates go beyond the texture; it was unwrapped again");
  double space = 0, flat = 0, plane = 0;
  for (const Triangle& t : all.triangles) {
    const Vec2 &a = all.uvs[t[0]], &b = all.uvs[t[1]], &c = all.uvs[t[2]];
    const auto area = static_cast<double>(length(cross(all.positions[t[1]] - all.positions[t[0]], all.positions[t[2]] - all.positions[t[0]]))) / 2;
    const double there =
        std::abs(static_cast<double>(b[0] - a[0]) * static_cast<double>(c[1] - a[1]) - static_cast<double>(c[0] - a[0]) * static_cast<double>(b[1] - a[1])) / 2;
    space += area;
    plane += there;
    if (there < 1e-9) flat += area;
  }
  if (flat > 0.01 * space) return note("the mesh's texture coordinates lie on points, as those of a palette; it was unwrapped again");
  constexpr int64_t kTexels = 512;
  int64_t inside = 0;
  texel_owners(all.uvs, all.triangles, kTexels, 0, inside);
  const double covered = static_cast<double>(inside) / static_cast<double>(kTexels * kTexels);
  if (covered < 0.02) return note(fmt::format("the mesh's texture coordinates use {:.1f} % of the texture; it was unwrapped again", covered * 100));
  const double shared = 1 - covered / plane;
  if (shared > 0.05)
    note(fmt::format("{:.0f} % of the mesh's texture coordinates lie on others, where the pattern is that of the first; unwrapped again each place has its own",
                     shared * 100));
  return true;
}

/// All meshes of a scene in one, for drawing.
AtlasMesh joined_for_drawing(const MeshScene& scene) {
  AtlasMesh out;
  for (const SceneMesh& m : scene.meshes) {
    const auto first = static_cast<uint32_t>(out.positions.size());
    out.positions.insert(out.positions.end(), m.mesh.positions.begin(), m.mesh.positions.end());
    out.normals.insert(out.normals.end(), m.mesh.normals.begin(), m.mesh.normals.end());
    out.uvs.insert(out.uvs.end(), m.uvs.begin(), m.uvs.end());
    for (const auto& [a, b, c] : m.mesh.triangles) out.triangles.push_back({first + a, first + b, first + c});
  }
  return out;
}

}  // namespace

Result<MeshAtlas> mesh_atlas(const MeshScene& mesh, const MeshTexturing& options, std::vector<std::string>* notes, const ProgressCallback& progress,
                             const CancelToken* cancel) {
  MeshAtlas out;
  AtlasMesh& all = out.mesh;
  all = joined_for_drawing(mesh);
  if (all.triangles.empty()) return fail(ErrorCode::invalid_argument, "a mesh without triangles");
  if (all.normals.size() != all.positions.size()) return fail(ErrorCode::invalid_argument, "a mesh without normals");
  if (!options.unwrap && own_uvs_do(mesh, all, notes)) {
    add_tangents(all);
    return out;
  }
  if (progress) progress({"unwrap", 0, -1});
  PTAH_TRY(out.uvs, unwrap({all.positions, all.triangles}, {.resolution = options.texels, .margin = std::max<int64_t>(2, options.texels / 256)}, cancel));
  all = atlas_mesh({all.positions, all.normals, all.triangles}, out.uvs);
  return out;
}

MeshScene on_atlas(const MeshScene& scene, const AtlasMesh& atlas, SceneMaterial material, bool with_tangents) {
  MeshScene out = scene;
  out.materials = {std::move(material)};
  out.images.clear();
  size_t at = 0;
  for (SceneMesh& node : out.meshes) {
    const size_t count = node.mesh.triangles.size();
    take_triangles(atlas, at, count, with_tangents, node);
    node.material = 0;
    at += count;
  }
  return out;
}

Result<TexturedScene> textured_mesh(const MeshScene& mesh, const LayeredMaterial& material, const MeshTexturing& options, std::vector<std::string>* notes,
                                    const ProgressCallback& progress, const CancelToken* cancel) {
  TexturedScene out;
  PTAH_TRY(MeshAtlas atlas, mesh_atlas(mesh, options, notes, progress, cancel));
  out.uvs = std::move(atlas.uvs);
  const AtlasMesh& all = atlas.mesh;
  BakedPart part{material, {}, 1, 1};
  part.material.base.scale *= options.scale;
  Bounds bounds;
  for (const Vec3& p : all.positions) bounds.take(p);
  const Vec3 size = bounds.size();
  const float longest = std::max({size[0], size[1], size[2]});
  if (longest > 0) part.unit = 1 / longest;
  if (has_grain(material.base.texture)) part.grain = static_cast<int>(std::max_element(size.begin(), size.end()) - size.begin());
  part.origin = bounds.centre();
  PTAH_TRY(out.maps, bake_maps(all, std::vector<uint32_t>(all.triangles.size(), 0), {part}, options.texels, progress, cancel));
  SceneMaterial shown;
  shown.name = material.base.name;
  show_maps(shown, out.maps);
  if (material.base.opacity < 1) shown.alpha_mode = AlphaMode::blend;
  out.scene = on_atlas(mesh, all, std::move(shown), out.maps.relief);
  PTAH_TRY_VOID(add_maps(out.scene, out.maps));
  return out;
}

}  // namespace ptah
