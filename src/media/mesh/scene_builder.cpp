#include "media/mesh/scene_builder.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "media/mesh/polygons.h"

namespace ptah {

std::string picture_mime(std::span<const uint8_t> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.starts_with("\x89PNG")) return "image/png";
  if (text.starts_with("\xFF\xD8\xFF")) return "image/jpeg";
  if (text.starts_with("RIFF") && text.size() >= 12 && text.substr(8, 4) == "WEBP") return "image/webp";
  return {};
}

std::string path_level(const std::string& name, const std::string& usual) {
  std::string out = beginning(name, 256);
  if (invalid_utf8_at(out) != std::string::npos)
    for (char& c : out)
      if (static_cast<unsigned char>(c) >= 0x80) c = '_';
  for (char& c : out)
    if (c == '/' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '_';
  return out.empty() ? usual : out;
}

void check_scene_size(size_t vertices, size_t triangles) {
  if (vertices > kMaxSceneVertices || triangles > kMaxSceneTriangles)
    throw Failure({ErrorCode::over_budget, "the mesh has more than 16 million vertices or 32 million triangles"});
}

void check_position(const Vec3& position) {
  for (const float c : position)
    if (!(std::abs(c) <= 1e9F)) throw Failure({ErrorCode::corrupt, fmt::format("a position at {:g}; up to 1e9 is possible", c)});
}

size_t MeshBuilder::Hash::operator()(const CornerKey& key) const {
  uint64_t h = uint64_t{key.position} << 32 | key.uv;
  for (const uint64_t more : {uint64_t{key.normal} << 32 | key.colour, uint64_t{0}}) {
    h = (h ^ h >> 31) * 0x9E3779B97F4A7C15 + more;  // after splitmix64
    h = (h ^ h >> 29) * 0xBF58476D1CE4E5B9;
  }
  return static_cast<size_t>(h ^ h >> 32);
}

void MeshBuilder::face(const Lists& lists, std::span<const CornerKey> corners) {
  const size_t first = corners_.size();
  for (const CornerKey& key : corners) {
    const auto [at, added] = seen_.emplace(key, static_cast<uint32_t>(mesh_.mesh.positions.size()));
    corners_.push_back(at->second);
    if (!added) continue;
    check_position((*lists.positions)[key.position]);
    mesh_.mesh.positions.push_back((*lists.positions)[key.position]);
    uvs_ = uvs_ && lists.uvs && key.uv != CornerKey::kNone;
    normals_ = normals_ && lists.normals && key.normal != CornerKey::kNone;
    colours_ = colours_ && lists.colours && key.colour != CornerKey::kNone;
    if (uvs_) mesh_.uvs.push_back((*lists.uvs)[key.uv]);
    if (normals_) mesh_.mesh.normals.push_back((*lists.normals)[key.normal]);
    if (colours_) mesh_.colours.push_back((*lists.colours)[key.colour]);
  }
  polygons_ = polygons_ || corners.size() != 3;
  mesh_.polygons.sizes.push_back(static_cast<uint32_t>(corners.size()));
  cut_polygon(mesh_.mesh.positions, std::span<const uint32_t>(corners_).subspan(first), mesh_.mesh.triangles, *clip_steps_);
  check_scene_size(mesh_.mesh.positions.size(), mesh_.mesh.triangles.size());
}

SceneMesh MeshBuilder::finish(const std::string& path, uint32_t material, float crease) {
  seen_.clear();
  SceneMesh out = std::move(mesh_);
  out.path = path;
  out.material = material;
  if (polygons_)
    out.polygons.corners = std::move(corners_);
  else
    out.polygons = {};
  if (!uvs_) out.uvs.clear();
  if (!colours_) out.colours.clear();
  if (!normals_) {
    out.mesh.normals.clear();
    add_normals(out, crease);
  }
  *this = MeshBuilder(*clip_steps_);
  return out;
}

}  // namespace ptah
