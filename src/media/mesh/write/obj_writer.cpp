#include "media/mesh/write/writers.h"
#include "media/obj_scene.h"

namespace ptah {

namespace {

class ObjWriter {
 public:
  ObjWriter(const MeshScene& scene, const std::string& name, NoteList& notes, bool millimetres)
      : scene_(scene), name_(name), notes_(notes), millimetres_(millimetres) {}

  Result<MeshFiles> write() {
    obj_ = fmt::format("# Ptah; units: {}, +Y up\nmtllib {}.mtl\n", millimetres_ ? "millimetres" : "metres", name_);
    name_materials();
    for (const SceneMesh& mesh : scene_.meshes) put(mesh);
    for (size_t i = 0; i < scene_.materials.size(); ++i) PTAH_TRY_VOID(put(scene_.materials[i], names_[i]));
    files_[name_ + ".obj"] = Bytes(obj_.begin(), obj_.end());
    files_[name_ + ".mtl"] = Bytes(mtl_.begin(), mtl_.end());
    return std::move(files_);
  }

 private:
  void name_materials() {
    std::set<std::string> seen;
    for (const SceneMaterial& m : scene_.materials) {
      std::string name = obj_name(m.name.empty() ? "material" : m.name);
      for (int i = 2; !seen.insert(name).second; ++i) name = fmt::format("{}_{}", obj_name(m.name), i);
      names_.push_back(name);
    }
  }

  void put(const SceneMesh& mesh) {
    const size_t slash = mesh.path.find('/');
    obj_ += fmt::format("o {}\n", obj_name(mesh.path.substr(0, slash)));
    if (slash != std::string::npos) obj_ += fmt::format("g {}\n", obj_name(mesh.path.substr(slash + 1)));
    obj_ += fmt::format("usemtl {}\n", names_[mesh.material]);
    for (size_t i = 0; i < mesh.mesh.positions.size(); ++i) {
      const Vec3 p = mesh.mesh.positions[i] * (millimetres_ ? 1000.0F : 1.0F);
      obj_ += fmt::format("v {} {} {}", p[0], p[1], p[2]);
      if (!mesh.colours.empty())
        obj_ += fmt::format(" {:.6g} {:.6g} {:.6g}", srgb_of(mesh.colours[i][0]), srgb_of(mesh.colours[i][1]), srgb_of(mesh.colours[i][2]));
      obj_ += '\n';
    }
    for (const Vec2& t : mesh.uvs) obj_ += fmt::format("vt {} {}\n", t[0], 1 - t[1]);
    for (const Vec3& n : mesh.mesh.normals) obj_ += fmt::format("vn {:.6g} {:.6g} {:.6g}\n", n[0], n[1], n[2]);
    each_face(mesh, [&](std::span<const uint32_t> corners) {
      obj_ += 'f';
      for (const uint32_t v : corners) {
        obj_ += fmt::format(" {}/", v + vertices_);
        if (!mesh.uvs.empty()) obj_ += fmt::format("{}", v + uvs_);
        obj_ += fmt::format("/{}", v + vertices_);
      }
      obj_ += '\n';
    });
    vertices_ += mesh.mesh.positions.size();
    uvs_ += mesh.uvs.size();
  }

  Result<void> put(const SceneMaterial& m, const std::string& name) {
    const auto srgb = [](float c) { return srgb_of(c); };
    mtl_ += fmt::format("newmtl {}\nKd {:.6g} {:.6g} {:.6g}\nd {:.6g}\nPr {:.6g}\nPm {:.6g}\nKe {:.6g} {:.6g} {:.6g}\n", name, srgb(m.base_color[0]),
                        srgb(m.base_color[1]), srgb(m.base_color[2]), m.opacity(), m.roughness, m.metallic, srgb(m.emission[0]), srgb(m.emission[1]),
                        srgb(m.emission[2]));
    PTAH_TRY_VOID(put("map_Kd", m.base_color_texture));
    PTAH_TRY_VOID(put("map_Ke", m.emissive_texture));
    PTAH_TRY_VOID(put("norm", m.normal_texture));
    if (m.metallic_roughness_texture.image >= 0 || m.occlusion_texture.image >= 0)
      notes_.add("textures of roughness, metalness and occlusion are left out: MTL has no place for them");
    if (m.double_sided || m.alpha_mode == AlphaMode::mask) notes_.add("OBJ does not say which materials are double-sided or cut out by their texture");
    mtl_ += '\n';
    return {};
  }

  Result<void> put(const char* word, const SceneTexture& texture) {
    if (texture.image < 0) return {};
    std::string& file = textures_[texture.image];
    if (file.empty()) {
      PTAH_TRY(PlainPicture picture, png_or_jpeg(scene_.images.at(static_cast<size_t>(texture.image))));
      file = fmt::format("{}-{}.{}", name_, textures_.size(), picture.ending);
      files_[file] = std::move(picture.bytes);
    }
    const bool clamped = texture.wrap_u == TextureWrap::clamp && texture.wrap_v == TextureWrap::clamp;
    mtl_ += fmt::format("{}{} {}\n", word, clamped ? " -clamp on" : "", file);
    return {};
  }

  const MeshScene& scene_;
  const std::string& name_;
  NoteList& notes_;
  bool millimetres_;
  MeshFiles files_;
  std::string obj_, mtl_;
  std::vector<std::string> names_;
  std::map<int32_t, std::string> textures_;
  size_t vertices_ = 1, uvs_ = 1;
};

}  // namespace

Result<MeshFiles> write_obj(const MeshScene& scene, const std::string& name, NoteList& notes, const MeshWriteOptions& options) {
  return ObjWriter(scene, name, notes, options.millimetres).write();
}

}  // namespace ptah
