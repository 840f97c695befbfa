#include <cstring>

#include "media/mesh/format_readers.h"
#include "media/mesh/scan.h"
#include "media/mesh/scene_builder.h"

namespace ptah {

namespace {

[[noreturn]] void broken_stl(const std::string& why) { throw Failure({ErrorCode::corrupt, "STL: " + why}); }

/// Corners at the same place are one: an STL has no indices.
class Solid {
 public:
  void triangle(const std::array<Vec3, 3>& corners) {
    Triangle t{};
    for (size_t i = 0; i < 3; ++i) {
      // + 0 makes one of 0 and −0.
      const Vec3 p = corners[i] + Vec3{0, 0, 0};
      const auto [at, added] = seen_.emplace(p, static_cast<uint32_t>(mesh_.mesh.positions.size()));
      if (added) check_position(p), mesh_.mesh.positions.push_back(p);
      t[i] = at->second;
    }
    mesh_.mesh.triangles.push_back(t);
    check_scene_size(mesh_.mesh.positions.size(), mesh_.mesh.triangles.size());
  }
  bool empty() const { return mesh_.mesh.triangles.empty(); }
  SceneMesh finish(const std::string& path) {
    seen_.clear();
    SceneMesh out = std::move(mesh_);
    out.path = path;
    add_normals(out, kReadCrease);
    *this = Solid();
    return out;
  }

 private:
  struct Hash {
    size_t operator()(const Vec3& p) const {
      uint64_t h = 0;
      for (const float c : p) {
        uint32_t bits = 0;
        std::memcpy(&bits, &c, 4);
        h = (h ^ h >> 29 ^ bits) * 0x9E3779B97F4A7C15;
      }
      return static_cast<size_t>(h ^ h >> 32);
    }
  };
  SceneMesh mesh_;
  std::unordered_map<Vec3, uint32_t, Hash> seen_;
};

MeshScene scene_with_material() {
  MeshScene scene;
  scene.materials.push_back({.name = "default"});
  return scene;
}

MeshScene decode_binary(std::span<const uint8_t> bytes, NoteList& notes) {
  uint32_t count = 0;
  std::memcpy(&count, bytes.data() + 80, 4);
  if (bytes.size() > 84 + size_t{count} * 50) notes.add("bytes behind the last triangle are left out");
  Solid solid;
  bool coloured = false;
  for (uint32_t t = 0; t < count; ++t) {
    const uint8_t* at = bytes.data() + 84 + size_t{t} * 50;
    std::array<Vec3, 3> corners;
    std::memcpy(corners.data(), at + 12, 36);
    coloured = coloured || at[48] != 0 || at[49] != 0;
    solid.triangle(corners);
  }
  if (coloured) notes.add("colours in the triangles' attribute words are left out");
  if (solid.empty()) broken_stl("no triangles");
  MeshScene scene = scene_with_material();
  scene.meshes.push_back(solid.finish("solid"));
  return scene;
}

MeshScene decode_text(std::string_view text) {
  MeshScene scene = scene_with_material();
  Solid solid;
  std::string name = "solid";
  std::vector<Vec3> corners;
  const auto end_solid = [&] {
    if (!solid.empty()) scene.meshes.push_back(solid.finish(path_level(name, "solid")));
  };
  size_t at = 0, number = 0, triangles = 0, vertices = 0;
  while (at < text.size()) {
    std::string_view line = next_line(text, at);
    ++number;
    const std::string_view word = next_word(line);
    if (word == "solid") {
      end_solid();
      const std::string_view rest = line.substr(std::min(line.find_first_not_of(" \t"), line.size()));
      name = std::string(rest.substr(0, 256));
      continue;
    }
    if (word == "outer" || word == "facet") corners.clear();
    if (word != "vertex") continue;
    Vec3 p;
    for (float& c : p) {
      const auto value = float_of(next_word(line));
      if (!value) broken_stl(fmt::format("line {}: a vertex without three numbers", number));
      c = *value;
    }
    corners.push_back(p);
    if (corners.size() > 3) broken_stl(fmt::format("line {}: a facet of more than three corners", number));
    if (corners.size() == 3) solid.triangle({corners[0], corners[1], corners[2]});
  }
  end_solid();
  for (const SceneMesh& m : scene.meshes) triangles += m.mesh.triangles.size(), vertices += m.mesh.positions.size();
  check_scene_size(vertices, triangles);
  if (scene.meshes.empty()) broken_stl("no triangles");
  return scene;
}

}  // namespace

bool is_binary_stl(std::span<const uint8_t> bytes) {
  if (bytes.size() < 84) return false;
  uint32_t count = 0;
  std::memcpy(&count, bytes.data() + 80, 4);
  const size_t size = 84 + size_t{count} * 50;
  // Some programs begin a binary file with "solid" too: the length says what it is.
  return count > 0 && (size == bytes.size() || (size < bytes.size() && bytes.size() - size < 4096 && std::memchr(bytes.data(), 0, 84) != nullptr));
}

Result<MeshScene> decode_stl(std::span<const uint8_t> bytes, SceneNotes* notes) {
  return guard([&]() -> Result<MeshScene> {
    NoteList list(notes);
    if (is_binary_stl(bytes)) return decode_binary(bytes, list);
    return decode_text({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  });
}

}  // namespace ptah
