#include "media/mesh/mesh_reader.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/text.h"
#include "media/mesh/format_readers.h"
#include "media/mesh/gltf_reader.h"
#include "media/mesh/scan.h"

namespace ptah {

namespace {

using Span = std::span<const uint8_t>;

constexpr MeshFormat kFormats[] = {
    {"glb", "glTF 2.0 binary", true, true, 1, false},
    {"gltf", "glTF 2.0", true, false, 1, false},
    {"obj", "Wavefront OBJ with MTL", true, true, 1, false},
    {"ply", "Stanford PLY", true, true, 1, false},
    {"stl", "STL", true, true, 0.001, true},
    {"3mf", "3D Manufacturing Format", true, true, 0.001, true},
    {"usdz", "Universal Scene Description, zipped", false, true, 1, false},
};

std::string_view as_text(Span bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

bool begins(Span bytes, std::string_view magic) { return as_text(bytes).starts_with(magic); }

const MeshFormat* format(std::string_view name) {
  return std::find_if(std::begin(kFormats), std::end(kFormats), [&](const MeshFormat& f) { return name == f.name; });
}

/// Whether the first statements of a text are those of an OBJ.
bool is_obj(std::string_view text) {
  constexpr std::string_view kWords[] = {"v", "vt", "vn", "vp", "f", "o", "g", "s", "usemtl", "mtllib", "l", "p"};
  size_t at = 0, known = 0;
  bool goes_on = false;
  for (int i = 0; i < 10000 && at < text.size() && known < 3; ++i) {
    std::string_view line = next_line(text, at);
    const bool begun = std::exchange(goes_on, line.ends_with('\\'));
    const std::string_view word = next_word(line);
    if (begun || word.empty() || word[0] == '#') continue;
    if (std::find(std::begin(kWords), std::end(kWords), word) == std::end(kWords)) return false;
    ++known;
  }
  return known == 3;
}

/// y up, in metres.
void bring_home(MeshScene& scene, double metres_per_unit, bool z_up) {
  const auto scale = static_cast<float>(metres_per_unit);
  for (SceneMesh& m : scene.meshes) {
    for (Vec3& p : m.mesh.positions) {
      if (z_up) p = {p[0], p[2], -p[1]};
      if (scale != 1) p = p * scale;
    }
    if (z_up)
      for (Vec3& n : m.mesh.normals) n = {n[0], n[2], -n[1]};
  }
}

bool has_textures(const SceneMaterial& m) {
  return m.base_color_texture.image >= 0 || m.metallic_roughness_texture.image >= 0 || m.normal_texture.image >= 0 || m.occlusion_texture.image >= 0 ||
         m.emissive_texture.image >= 0;
}

/// A mesh without texture coordinates gets its material without the textures.
void take_textures_off(MeshScene& scene) {
  std::map<uint32_t, uint32_t> plain;
  for (SceneMesh& m : scene.meshes) {
    if (!m.uvs.empty() || !has_textures(scene.materials[m.material])) continue;
    const auto [found, added] = plain.emplace(m.material, static_cast<uint32_t>(scene.materials.size()));
    if (added) {
      SceneMaterial copy = scene.materials[m.material];
      copy.base_color_texture = copy.metallic_roughness_texture = copy.normal_texture = copy.occlusion_texture = copy.emissive_texture = {};
      scene.materials.push_back(std::move(copy));
    }
    m.material = found->second;
  }
}

}  // namespace

std::span<const MeshFormat> mesh_formats() { return kFormats; }

Result<const MeshFormat*> find_mesh_format(std::string_view name) {
  const std::string plain = lower_case(std::string(name.starts_with('.') ? name.substr(1) : name));
  if (const MeshFormat* found = format(plain); found != std::end(kFormats)) return found;
  std::vector<std::string> known;
  for (const MeshFormat& f : kFormats) known.emplace_back(f.name);
  return unknown_name("mesh format", plain, known);
}

const MeshFormat* mesh_format_of(Span bytes) {
  if (begins(bytes, "glTF")) return format("glb");
  const std::string_view head = trimmed(as_text(bytes.first(std::min<size_t>(bytes.size(), 4096))));
  if (head.starts_with('{') || head.starts_with("\xEF\xBB\xBF{")) return format("gltf");
  if (begins(bytes, "ply") && bytes.size() > 3 && (bytes[3] == '\n' || bytes[3] == '\r')) return format("ply");
  if (begins(bytes, "PK\x03\x04"))
    return format(as_text(bytes.first(std::min<size_t>(bytes.size(), 256))).find(".usd") == std::string_view::npos ? "3mf" : "usdz");
  if (is_binary_stl(bytes) || (head.starts_with("solid") && head.find("facet") != std::string_view::npos)) return format("stl");
  return is_obj(as_text(bytes)) ? format("obj") : nullptr;
}

namespace {

/// The name in a path ("a/toy_LOD2/wheel") up to an ending, and what stands before that name; nothing without the ending.
std::optional<std::string> up_to_ending(const std::string& path, const std::string& ending) {
  for (size_t begin = 0; begin <= path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view name = std::string_view(path).substr(begin, end - begin);
    if (name.size() > ending.size() && name.ends_with(ending)) return path.substr(0, end - ending.size());
    begin = end + 1;
  }
  return std::nullopt;
}

/// Leaves out what viewers do not show at once: coarser levels of detail, and bodies for simulations.
void leave_one_level(MeshScene& scene, SceneNotes* notes) {
  std::set<std::string> finest;
  for (const SceneMesh& m : scene.meshes)
    if (const auto name = up_to_ending(m.path, "_LOD0")) finest.insert(*name);
  bool levels = false, colliders = false;
  std::vector<SceneMesh> kept;
  for (SceneMesh& m : scene.meshes) {
    bool coarser = false;
    for (char k = '1'; k <= '9' && !coarser && !finest.empty(); ++k) {
      const auto name = up_to_ending(m.path, std::string("_LOD") + k);
      coarser = name && finest.contains(*name);
    }
    const bool collider = !coarser && up_to_ending(m.path, "_collider").has_value();
    levels = levels || coarser;
    colliders = colliders || collider;
    if (!coarser && !collider) kept.push_back(std::move(m));
  }
  if (kept.empty()) return;  // nothing was moved away: whatever is there is a collider
  scene.meshes = std::move(kept);
  if (notes && levels) notes->push_back("coarser levels of detail (NAME_LOD1 and on) are left out");
  if (notes && colliders) notes->push_back("bodies for simulations (NAME_collider) are left out");
}

}  // namespace

Result<MeshScene> decode_mesh_scene(Span bytes, const NeighbourFiles& files, const MeshReadOptions& options, SceneNotes* notes) {
  const MeshFormat* found = mesh_format_of(bytes);
  if (!found || !found->reads)
    return fail(ErrorCode::unsupported, "{}; glb, gltf, obj, ply, stl and 3mf can be read", found ? found->long_name : "no known format of meshes");
  if (const double unit = options.metres_per_unit.value_or(1); !(unit > 0 && unit <= 1e6))
    return fail(ErrorCode::invalid_argument, "a unit of {} metres", unit);
  const std::string_view name = found->name, text = as_text(bytes);
  double unit = found->metres_per_unit;
  Result<MeshScene> scene = name == "glb"    ? decode_glb(bytes, notes)
                            : name == "gltf" ? decode_gltf(plain_text(std::string(text)), files, notes)
                            : name == "obj"  ? decode_obj(text, files, notes)
                            : name == "ply"  ? decode_ply(bytes, files, notes)
                            : name == "stl"  ? decode_stl(bytes, notes)
                                             : decode_3mf(bytes, unit, notes);
  if (!scene) return scene;
  if (name == "obj" || name == "ply")
    if (const double stated = stated_unit(text.substr(0, 512)); stated > 0) unit = stated;
  if (!options.all_levels) leave_one_level(*scene, notes);
  take_textures_off(*scene);
  bring_home(*scene, options.metres_per_unit.value_or(unit), options.z_up.value_or(found->z_up));
  return scene;
}

Result<MeshScene> read_mesh_scene(const std::filesystem::path& path, const MeshReadOptions& options, SceneNotes* notes) {
  PTAH_TRY(const Bytes bytes, read_file(path, kMaxMeshFileBytes));
  auto scene = decode_mesh_scene(bytes, files_below(path.parent_path()), options, notes);
  if (!scene) return fail(scene.error().code, "{}: {}", path.string(), scene.error().message);
  if (scene->name.empty()) scene->name = path.stem().string();
  return scene;
}

}  // namespace ptah
