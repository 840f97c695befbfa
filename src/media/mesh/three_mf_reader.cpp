#include <algorithm>

#include "media/mesh/format_readers.h"
#include "media/mesh/three_mf_model.h"
#include "media/mesh/xml_scan.h"
#include "media/zip_reader.h"

namespace ptah {

namespace {

using Model = ThreeMfModel;

constexpr size_t kMaxComponentDepth = 64, kMaxInstances = 1 << 16;

[[noreturn]] void broken(const std::string& why) { throw Failure({ErrorCode::corrupt, "3MF: " + why}); }

std::string plain_path(std::string path) {
  while (path.starts_with('/')) path.erase(0, 1);
  return path;
}

class PackageReader {
 public:
  PackageReader(ZipReader zip, SceneNotes* notes) : zip_(std::move(zip)), notes_(notes) {}

  MeshScene read(double& metres_per_unit) {
    const std::string root = root_path();
    const Model& model = part(root);
    metres_per_unit = model.metres_per_unit;
    for (const Model::Reference& item : model.items) place(item, root, identity4(), "", 1);
    if (scene_.meshes.empty()) broken("no triangles in what is to be built");
    return std::move(scene_);
  }

 private:
  /// The part that the package's relations call its model.
  std::string root_path() {
    if (zip_.has("_rels/.rels")) {
      const Bytes bytes = value_or_throw(zip_.read("_rels/.rels", kMaxMeshFileBytes));
      XmlScanner xml({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
      for (auto event = xml.next(); event != XmlScanner::Event::done; event = xml.next())
        if (event == XmlScanner::Event::begin && xml.name() == "Relationship" && xml.attribute("Type").ends_with("/3dmodel"))
          return plain_path(xml.text_attribute("Target"));
    }
    return "3D/3dmodel.model";
  }

  const Model& part(const std::string& path) {
    const auto found = parts_.find(path);
    if (found != parts_.end()) return found->second;
    if (!zip_.has(path)) broken(fmt::format("no part '{}'", path.substr(0, 200)));
    const Bytes bytes = value_or_throw(zip_.read(path, kMaxMeshFileBytes));
    return parts_.emplace(path, read_3mf_model({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, notes_)).first->second;
  }

  void place(const Model::Reference& what, const std::string& from, const Matrix4& above, const std::string& above_path, size_t depth) {
    if (depth > kMaxComponentDepth)
      throw Failure({ErrorCode::unsupported, fmt::format("3MF: components within each other more than {} deep", kMaxComponentDepth)});
    if (++instances_ > kMaxInstances) throw Failure({ErrorCode::over_budget, fmt::format("3MF: more than {} components", kMaxInstances)});
    const std::string path = what.path.empty() ? from : plain_path(what.path);
    const Model& model = part(path);
    const auto found = model.objects.find(what.object);
    if (found == model.objects.end()) broken(fmt::format("no object {}", what.object));
    const Model::Object& object = found->second;
    if (object.type == "support" || object.type == "solidsupport") {
      notes_.add("supports are left out");
      return;
    }
    const Matrix4 transform = above * what.transform;
    const std::string level = path_level(object.name, fmt::format("object {}", what.object));
    const std::string name = above_path.empty() ? level : fmt::format("{}/{}", above_path, level);
    add_mesh(model, object, path, transform, name);
    for (const Model::Reference& component : object.components) place(component, path, transform, name, depth + 1);
  }

  void add_mesh(const Model& model, const Model::Object& object, const std::string& part_path, const Matrix4& transform, const std::string& name) {
    if (object.faces.empty()) return;
    vertices_ += object.positions.size();
    triangles_ += object.faces.size();
    check_scene_size(vertices_, triangles_);
    std::vector<Vec3> positions;
    for (const Vec3& p : object.positions) positions.push_back(transformed(transform, p));
    const bool mirrored = determinant(transform) < 0;
    std::map<uint32_t, MeshBuilder> builders;
    for (const Model::Face& face : object.faces) {
      const auto group = model.groups.find(face.group);
      const bool none = group == model.groups.end();
      std::array<CornerKey, 3> corners;
      for (size_t i = 0; i < 3; ++i) {
        corners[i].position = face.corners[i];
        if (none || group->second.kind == Model::Kind::base) continue;
        const bool colour = group->second.kind == Model::Kind::colour;
        if (face.properties[i] >= (colour ? group->second.colours.size() : group->second.uvs.size()))
          broken(fmt::format("property {} of a group", face.properties[i]));
        (colour ? corners[i].colour : corners[i].uv) = face.properties[i];
      }
      if (mirrored) std::swap(corners[1], corners[2]);
      const uint32_t material = none ? default_material() : material_of(model, part_path, group->first, group->second, face.properties[0]);
      MeshBuilder& builder = builders.emplace(material, MeshBuilder(clip_steps_)).first->second;
      builder.face({&positions, none ? nullptr : &group->second.uvs, nullptr, none ? nullptr : &group->second.colours}, corners);
    }
    for (auto& [material, builder] : builders) scene_.meshes.push_back(builder.finish(name, material, kReadCrease));
  }

  uint32_t add_material(SceneMaterial material) {
    scene_.materials.push_back(std::move(material));
    return static_cast<uint32_t>(scene_.materials.size() - 1);
  }
  uint32_t default_material() {
    if (!default_) default_ = add_material({.name = "default"});
    return *default_;
  }

  /// Base materials are one each, groups of colours and textures one a group.
  uint32_t material_of(const Model& model, const std::string& part_path, uint32_t id, const Model::Group& group, uint32_t property) {
    const uint32_t index = group.kind == Model::Kind::base ? property : 0;
    const auto [found, added] = materials_.emplace(std::tuple(part_path, id, index), 0);
    if (!added) return found->second;
    SceneMaterial material;
    if (group.kind == Model::Kind::base) {
      if (property >= group.colours.size()) broken(fmt::format("base material {} of {}", property, group.colours.size()));
      material.name = group.names[property];
      material.base_color = group.colours[property];
    } else if (group.kind == Model::Kind::colour) {
      material.name = fmt::format("colours {}", id);
    } else {
      material.name = fmt::format("texture {}", id);
      if (const auto texture = model.textures.find(group.texture); texture != model.textures.end()) {
        material.base_color_texture = {image_of(plain_path(texture->second.path)), texture->second.wrap_u, texture->second.wrap_v};
      }
    }
    return found->second = add_material(material);
  }

  int32_t image_of(const std::string& path) {
    const auto [found, added] = images_.emplace(path, -1);
    if (!added) return found->second;
    auto bytes = zip_.read(path, kMaxMeshFileBytes);
    if (!bytes && bytes.error().code != ErrorCode::not_found) throw Failure(bytes.error());
    const std::string mime = bytes ? picture_mime(*bytes) : "";
    if (mime.empty()) {
      notes_.add(fmt::format("the texture '{}' cannot be read", path_level(path, "")));
      return -1;
    }
    scene_.images.push_back({"", mime, std::move(*bytes)});
    return found->second = static_cast<int32_t>(scene_.images.size() - 1);
  }

  ZipReader zip_;
  NoteList notes_;
  MeshScene scene_;
  std::map<std::string, Model> parts_;
  std::map<std::tuple<std::string, uint32_t, uint32_t>, uint32_t> materials_;
  std::map<std::string, int32_t> images_;
  std::optional<uint32_t> default_;
  size_t instances_ = 0, clip_steps_ = kMaxClipSteps, vertices_ = 0, triangles_ = 0;
};

}  // namespace

Result<MeshScene> decode_3mf(std::span<const uint8_t> bytes, double& metres_per_unit, SceneNotes* notes) {
  PTAH_TRY(ZipReader zip, ZipReader::open(bytes));
  return guard([&]() -> Result<MeshScene> { return PackageReader(std::move(zip), notes).read(metres_per_unit); });
}

}  // namespace ptah
