#include "media/mesh/gltf_reader.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "media/mesh/gltf_parts.h"
#include "media/mesh_files.h"

namespace ptah {

namespace {

constexpr int kMaxJsonDepth = 128;

/// Extensions that a file may require because this reads them, or because what they add is only left out.
constexpr const char* kKnown[] = {"KHR_mesh_quantization", "KHR_draco_mesh_compression",      "KHR_texture_transform", "EXT_texture_webp",
                                  "KHR_materials_unlit",   "KHR_materials_emissive_strength", "KHR_lights_punctual",   "KHR_materials_transmission"};
constexpr const char* kLeftOut[] = {"animations", "cameras"};

void check_extensions(const GltfDocument& document, NoteList& notes) {
  const Json& required = gltf_member(document.json(), "extensionsRequired");
  if (required.is_array())
    for (const Json& name : required) {
      if (!name.is_string()) gltf_broken("extensionsRequired has what is no name");
      const std::string text = name.get<std::string>();
      if (text.starts_with("KHR_materials_")) continue;
      if (text == "EXT_meshopt_compression" || text == "KHR_meshopt_compression")
        throw Failure({ErrorCode::unsupported, fmt::format("glTF: compressed with {}, which cannot be read", text)});
      if (std::find(std::begin(kKnown), std::end(kKnown), text) == std::end(kKnown))
        throw Failure({ErrorCode::unsupported, fmt::format("glTF: the file requires {}, which cannot be read", text.substr(0, 100))});
    }
  for (const char* part : kLeftOut)
    if (document.size(part) > 0) notes.add(fmt::format("{} are left out", part));
  if (!gltf_member(gltf_member(document.json(), "extensions"), "KHR_lights_punctual").is_null()) notes.add("lights are left out");
}

/// The matrix of each joint in its resting pose.
std::vector<Matrix4> joint_matrices(const GltfDocument& document, const GltfNodes& nodes, size_t skin) {
  const Json &json = document.entry("skins", skin), &joints = gltf_member(json, "joints");
  if (!joints.is_array() || joints.size() > nodes.world.size()) gltf_broken("the joints of a skin");
  std::vector<float> inverse;
  if (const auto accessor = gltf_index(json, "inverseBindMatrices")) {
    inverse = document.floats(*accessor, {16});
    if (inverse.size() < joints.size() * 16) gltf_broken("a skin has fewer matrices than joints");
  }
  std::vector<Matrix4> out;
  for (size_t i = 0; i < joints.size(); ++i) {
    if (!joints[i].is_number_unsigned() || joints[i].get<size_t>() >= nodes.world.size()) gltf_broken("a joint that is no node");
    Matrix4 bind = identity4();
    if (!inverse.empty()) std::copy_n(inverse.begin() + static_cast<std::ptrdiff_t>(i * 16), 16, bind.begin());
    out.push_back(nodes.world[joints[i].get<size_t>()] * bind);
  }
  return out;
}

/// Normals turn with the cofactors of the matrix: its inverse transposed, times its determinant.
Vec3 turned(const Matrix4& m, const Vec3& n) {
  const auto c = [&](size_t i, size_t j) {
    const size_t i1 = (i + 1) % 3, i2 = (i + 2) % 3, j1 = (j + 1) % 3, j2 = (j + 2) % 3;
    return m[j1 * 4 + i1] * m[j2 * 4 + i2] - m[j2 * 4 + i1] * m[j1 * 4 + i2];
  };
  double out[3], size = 0;
  for (size_t row = 0; row < 3; ++row) {
    out[row] = 0;
    for (size_t column = 0; column < 3; ++column) out[row] += c(row, column) * static_cast<double>(n[column]);
    size += out[row] * out[row];
  }
  size = std::sqrt(size);
  if (size < 1e-30) return {0, 0, 1};
  return {static_cast<float>(out[0] / size), static_cast<float>(out[1] / size), static_cast<float>(out[2] / size)};
}

/// Of one vertex: the weighted sum of its joints' matrices.
Matrix4 skin_matrix(const std::vector<Matrix4>& joints, const std::array<uint32_t, 4>& which, const std::array<float, 4>& weights) {
  double sum = 0;
  for (const float w : weights) sum += static_cast<double>(w);
  if (sum < 1e-9) return joints.empty() ? identity4() : joints[0];
  Matrix4 out{};
  for (size_t k = 0; k < 4; ++k) {
    if (weights[k] == 0) continue;
    if (which[k] >= joints.size()) gltf_broken(fmt::format("joint {} of {}", which[k], joints.size()));
    for (size_t i = 0; i < 16; ++i) out[i] += joints[which[k]][i] * static_cast<double>(weights[k]) / sum;
  }
  return out;
}

class SceneReader {
 public:
  SceneReader(const GltfDocument& document, NoteList& notes) : document_(document), notes_(notes) {}

  MeshScene read() {
    check_extensions(document_, notes_);
    GltfMaterials materials = read_gltf_materials(document_, notes_);
    uses_ = std::move(materials.uvs);
    scene_.materials = std::move(materials.materials);
    scene_.images = std::move(materials.images);
    nodes_ = read_gltf_nodes(document_);
    scene_.name = nodes_.name;
    for (const GltfNode& node : nodes_.meshes) add_node(node);
    if (scene_.meshes.empty()) gltf_broken("no triangles in the scene");
    Json extras = gltf_member(gltf_member(document_.json(), "asset"), "extras");
    if (extras.is_object()) {
      extras.erase("ptah");
      if (!extras.empty()) scene_.extras = extras.dump(-1, ' ', false, Json::error_handler_t::replace);
    }
    return std::move(scene_);
  }

 private:
  void add_node(const GltfNode& node) {
    const Json &mesh = document_.entry("meshes", node.mesh), &list = gltf_member(mesh, "primitives");
    if (!list.is_array()) gltf_broken("a mesh without primitives");
    const Json& json = document_.entry("nodes", node.node);
    const Json& extras = gltf_member(json, "extras");
    const std::string text = extras.is_object() ? extras.dump(-1, ' ', false, Json::error_handler_t::replace) : "";
    extras_bytes_ += text.size();
    if (extras_bytes_ > kMaxMeshFileBytes) throw Failure({ErrorCode::over_budget, "glTF: more than 1 GiB of extras"});
    for (size_t i = 0; i < list.size(); ++i) {
      auto primitive = read_gltf_primitive(document_, list[i], uses_, notes_);
      if (!primitive || primitive->triangles.empty()) continue;
      SceneMesh out;
      out.path = list.size() == 1 ? node.path : fmt::format("{}/{}", node.path, i + 1);
      out.extras = text;
      out.material = material_of(primitive->material);
      place(node, *primitive);
      charge(*primitive);
      out.mesh = {std::move(primitive->positions), std::move(primitive->normals), std::move(primitive->triangles)};
      out.uvs = std::move(primitive->uvs);
      out.colours = std::move(primitive->colours);
      if (out.mesh.normals.empty()) add_normals(out, 0);  // glTF: flat where there are none
      scene_.meshes.push_back(std::move(out));
    }
  }

  void place(const GltfNode& node, GltfPrimitive& p) const {
    const Matrix4& world = nodes_.world[node.node];
    std::vector<Matrix4> joints;
    if (node.skin && !p.joints.empty()) joints = joint_matrices(document_, nodes_, *node.skin);
    for (size_t i = 0; i < p.positions.size(); ++i) {
      const Matrix4 m = joints.empty() ? world : skin_matrix(joints, p.joints[i], p.weights[i]);
      p.positions[i] = transformed(m, p.positions[i]);
      for (const float value : p.positions[i])
        if (!std::isfinite(value)) gltf_broken("a position that is not finite");
      if (!p.normals.empty()) p.normals[i] = determinant(m) < 0 ? turned(m, p.normals[i]) * -1 : turned(m, p.normals[i]);
    }
    if (joints.empty() && determinant(world) < 0)
      for (Triangle& t : p.triangles) std::swap(t[1], t[2]);
  }

  void charge(const GltfPrimitive& p) {
    vertices_ += p.normals.empty() ? 3 * p.triangles.size() : p.positions.size();
    triangles_ += p.triangles.size();
    if (vertices_ > kMaxSceneVertices || triangles_ > kMaxSceneTriangles)
      throw Failure({ErrorCode::over_budget, "glTF: more than 16 million vertices or 32 million triangles"});
  }

  uint32_t material_of(const std::optional<size_t>& given) {
    if (given) return static_cast<uint32_t>(*given);
    if (!default_) {
      default_ = static_cast<uint32_t>(scene_.materials.size());
      SceneMaterial usual;
      usual.name = "default";
      usual.metallic = 1;
      scene_.materials.push_back(usual);
    }
    return *default_;
  }

  const GltfDocument& document_;
  NoteList& notes_;
  GltfNodes nodes_;
  std::vector<UvUse> uses_;
  MeshScene scene_;
  std::optional<uint32_t> default_;
  size_t vertices_ = 0, triangles_ = 0, extras_bytes_ = 0;
};

Result<MeshScene> decode(std::string_view text, std::span<const uint8_t> body, const NeighbourFiles& files, SceneNotes* notes) {
  PTAH_TRY(Json json, parse_json(text, kMaxJsonDepth));
  return guard([&]() -> Result<MeshScene> {
    NoteList list(notes);
    const GltfDocument document(std::move(json), body, files);
    return SceneReader(document, list).read();
  });
}

}  // namespace

Result<MeshScene> decode_glb(std::span<const uint8_t> bytes, SceneNotes* notes) {
  PTAH_TRY(const std::string text, glb_json(bytes));
  std::span<const uint8_t> body;
  if (bytes.size() > 20 + text.size()) {
    PTAH_TRY(body, glb_body(bytes));
  }
  return decode(text, body, {}, notes);
}

Result<MeshScene> decode_gltf(std::string_view json, const NeighbourFiles& files, SceneNotes* notes) { return decode(json, {}, files, notes); }

}  // namespace ptah
