// What the readers of OBJ, PLY, STL and 3MF share: faces in, meshes of a scene out.
#pragma once

#include <map>
#include <set>
#include <unordered_map>

#include "media/mesh/limits.h"
#include "media/mesh/neighbour_files.h"
#include "media/mesh_scene.h"

namespace ptah {

/// Notes, each once.
class NoteList {
 public:
  explicit NoteList(SceneNotes* notes) : notes_(notes) {}
  void add(const std::string& note) {
    if (notes_ && notes_->size() < kMaxNotes && seen_.insert(note).second) notes_->push_back(note);
  }

 private:
  static constexpr size_t kMaxNotes = 100;
  SceneNotes* notes_;
  std::set<std::string> seen_;
};

/// image/png, image/jpeg or image/webp by the first bytes; else empty.
std::string picture_mime(std::span<const uint8_t> bytes);
/// One level of a path: no separator, nothing unprintable, at most 256 bytes; `usual` for an empty one.
std::string path_level(const std::string& name, const std::string& usual);

/// Where the attributes of a corner stand in the lists of a file.
struct CornerKey {
  static constexpr uint32_t kNone = ~uint32_t{0};
  uint32_t position = 0, uv = kNone, normal = kNone, colour = kNone;
  bool operator==(const CornerKey&) const = default;
};

/// Corners that are the same in everything are one vertex. Throws Failure for more than a scene may hold.
class MeshBuilder {
 public:
  struct Lists {
    const std::vector<Vec3>* positions;
    const std::vector<Vec2>* uvs = nullptr;
    const std::vector<Vec3>* normals = nullptr;
    const std::vector<std::array<float, 4>>* colours = nullptr;
  };
  /// `clip_steps`: what cutting polygons may still take (cut_polygon()), shared by the builders of a file.
  explicit MeshBuilder(size_t& clip_steps) : clip_steps_(&clip_steps) {}
  /// Keys are indices of these lists; who calls has checked them.
  void face(const Lists& lists, std::span<const CornerKey> corners);
  bool empty() const { return mesh_.mesh.triangles.empty(); }
  /// The mesh; normals that any corner lacks are made for all, uvs and colours that any corner lacks are dropped.
  SceneMesh finish(const std::string& path, uint32_t material, float crease);

 private:
  struct Hash {
    size_t operator()(const CornerKey& key) const;
  };
  size_t* clip_steps_;
  SceneMesh mesh_;
  std::unordered_map<CornerKey, uint32_t, Hash> seen_;
  std::vector<uint32_t> corners_;
  bool polygons_ = false, uvs_ = true, normals_ = true, colours_ = true;
};

/// What cutting the polygons of one file takes at most.
constexpr size_t kMaxClipSteps = size_t{1} << 31;
/// Faces that meet at more than this many degrees have an edge, where a file gives no normals.
constexpr float kReadCrease = 35;

/// Beyond 10⁹ the lengths of normals no longer fit into a float. Throws Failure (corrupt).
void check_position(const Vec3& position);
/// What a scene has read so far may not exceed its limits. Throws Failure.
void check_scene_size(size_t vertices, size_t triangles);

}  // namespace ptah
