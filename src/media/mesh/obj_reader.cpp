#include <algorithm>

#include "base/text.h"
#include "media/glb_scene.h"
#include "media/mesh/format_readers.h"
#include "media/mesh/mtl_reader.h"
#include "media/mesh/scan.h"

namespace ptah {

namespace {

constexpr size_t kMaxMeshes = 65536;

class ObjReader {
 public:
  ObjReader(const NeighbourFiles& files, SceneNotes* notes) : notes_(notes), materials_(scene_, files, notes_) {}

  MeshScene read(std::string_view text) {
    // Faces may stand before the vertices that they name.
    walk(text, [&](std::string_view word, std::string_view line) { element(word, line); });
    if (!colours_.empty()) colours_.resize(positions_.size(), {1, 1, 1, 1});
    walk(text, [&](std::string_view word, std::string_view line) { statement(word, line); });
    for (Part& part : parts_)
      if (!part.builder.empty()) scene_.meshes.push_back(part.builder.finish(part.path, part.material, kReadCrease));
    if (scene_.meshes.empty()) broken("no faces");
    return std::move(scene_);
  }

 private:
  /// What one object and material hold.
  struct Part {
    std::string path;
    uint32_t material;
    MeshBuilder builder;
  };

  [[noreturn]] void broken(const std::string& why) const { throw Failure({ErrorCode::corrupt, fmt::format("OBJ: line {}: {}", number_, why)}); }

  template <class Visit>
  void walk(std::string_view text, const Visit& visit) {
    number_ = 0;
    std::string joined_line;
    for (size_t at = 0; at < text.size();) {
      std::string_view line = next_line(text, at);
      ++number_;
      if (line.ends_with('\\')) {  // goes on in the next line
        joined_line.assign(line.substr(0, line.size() - 1));
        while (at < text.size()) {
          line = next_line(text, at);
          ++number_;
          const bool more = line.ends_with('\\');
          joined_line += ' ';
          joined_line += line.substr(0, line.size() - (more ? 1 : 0));
          if (!more) break;
        }
        line = joined_line;
      }
      const std::string_view word = next_word(line);
      if (!word.empty() && word[0] != '#') visit(word, line);
    }
  }

  /// First the numbers.
  void element(std::string_view word, std::string_view line) {
    if (word == "v") {
      vertex(line);
    } else if (word == "vt") {
      const float u = component(line), v = float_of(next_word(line)).value_or(0);
      uvs_.push_back({u, 1 - v});
    } else if (word == "vn") {
      const float x = component(line), y = component(line), z = component(line);
      normals_.push_back(normalized({x, y, z}));
    }
  }

  /// Then what is made of them; negative indices count back from where they stand.
  void statement(std::string_view word, std::string_view line) {
    if (word == "v") {
      ++seen_positions_;
    } else if (word == "vt") {
      ++seen_uvs_;
    } else if (word == "vn") {
      ++seen_normals_;
    } else if (word == "f" || word == "fo") {
      face(line);
    } else if (word == "o") {
      object_ = path_level(std::string(trimmed(line)), "");
      group_.clear();
      part_ = nullptr;
    } else if (word == "g") {
      group_ = path_level(std::string(trimmed(line)), "");
      part_ = nullptr;
    } else if (word == "usemtl") {
      material_ = std::string(trimmed(line));
      part_ = nullptr;
    } else if (word == "mtllib") {
      materials_.read_library(std::string(trimmed(line)));
    } else if (word == "l" || word == "p" || word == "curv" || word == "surf") {
      notes_.add("points, lines and curves are left out");
    }
  }

  float component(std::string_view& line) const {
    const auto value = float_of(next_word(line));
    if (!value) broken("a number is missing, or is none");
    return *value;
  }

  void vertex(std::string_view line) {
    const float x = component(line), y = component(line), z = component(line);
    positions_.push_back({x, y, z});
    check_scene_size(positions_.size(), 0);
    // Three more numbers, or a weight and three, are a colour.
    std::array<float, 4> more{};
    size_t count = 0;
    for (; count < 4; ++count) {
      const auto value = float_of(next_word(line));
      if (!value) break;
      more[count] = *value;
    }
    if (count >= 3) {
      colours_.resize(positions_.size() - 1, {1, 1, 1, 1});
      std::array<float, 4> colour{0, 0, 0, 1};
      for (size_t c = 0; c < 3; ++c) colour[c] = linear_of(std::clamp(more[c + count - 3], 0.0F, 1.0F));
      colours_.push_back(colour);
    } else if (!colours_.empty()) {
      colours_.push_back({1, 1, 1, 1});
    }
  }

  /// An index of a list of `size`: from 1, or back from the last one that stands before it.
  uint32_t index(std::string_view word, size_t size, size_t seen) const {
    const auto value = integer_of(word);
    if (!value) broken(fmt::format("'{}' is no index", word.substr(0, 40)));
    const int64_t i = *value < 0 ? static_cast<int64_t>(seen) + *value : *value - 1;
    if (i < 0 || i >= static_cast<int64_t>(size)) broken(fmt::format("index {} of {}", *value, size));
    return static_cast<uint32_t>(i);
  }

  void face(std::string_view line) {
    corners_.clear();
    for (std::string_view word = next_word(line); !word.empty() && word[0] != '#'; word = next_word(line)) {
      CornerKey key;
      const size_t first = std::min(word.find('/'), word.size()), second = std::min(word.find('/', first + 1), word.size());
      key.position = index(word.substr(0, first), positions_.size(), seen_positions_);
      if (first + 1 < second) key.uv = index(word.substr(first + 1, second - first - 1), uvs_.size(), seen_uvs_);
      if (second + 1 < word.size()) key.normal = index(word.substr(second + 1), normals_.size(), seen_normals_);
      if (!colours_.empty()) key.colour = key.position;
      corners_.push_back(key);
    }
    if (corners_.size() < 3) {
      notes_.add("faces of fewer than three corners are left out");
      return;
    }
    part().builder.face({&positions_, &uvs_, &normals_, &colours_}, corners_);
    triangles_ += corners_.size() - 2;
    check_scene_size(0, triangles_);
  }

  /// Where faces go now.
  Part& part() {
    if (part_) return *part_;
    std::string path = object_;
    if (!group_.empty() && group_ != object_ && group_ != "default") path = path.empty() ? group_ : fmt::format("{}/{}", path, group_);
    if (path.empty()) path = "mesh";
    const uint32_t material = materials_.material(material_);
    const auto [found, added] = index_.emplace(std::pair(path, material), parts_.size());
    if (added) {
      if (parts_.size() >= kMaxMeshes) throw Failure({ErrorCode::over_budget, fmt::format("OBJ: more than {} groups and materials", kMaxMeshes)});
      parts_.push_back({path, material, MeshBuilder(clip_steps_)});
    }
    part_ = &parts_[found->second];
    return *part_;
  }

  MeshScene scene_;
  NoteList notes_;
  MtlReader materials_;
  size_t number_ = 0, clip_steps_ = kMaxClipSteps, triangles_ = 0;
  size_t seen_positions_ = 0, seen_uvs_ = 0, seen_normals_ = 0;
  std::vector<Vec3> positions_, normals_;
  std::vector<Vec2> uvs_;
  std::vector<std::array<float, 4>> colours_;
  std::vector<CornerKey> corners_;
  std::string object_, group_, material_;
  std::vector<Part> parts_;
  std::map<std::pair<std::string, uint32_t>, size_t> index_;
  Part* part_ = nullptr;
};

}  // namespace

Result<MeshScene> decode_obj(std::string_view text, const NeighbourFiles& files, SceneNotes* notes) {
  return guard([&]() -> Result<MeshScene> { return ObjReader(files, notes).read(text); });
}

}  // namespace ptah
