#include "media/glb_scene.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "base/json.h"
#include "media/glb_container.h"

namespace ptah {

namespace {

constexpr int kVertices = 34962, kIndices = 34963, kFloat = 5126, kShort = 5123, kInt = 5125;

/// The binary chunk, its views and accessors, as meshes are added.
struct Body {
  Bytes data;
  Json views = Json::array(), accessors = Json::array();

  template <class T>
  size_t add(const std::vector<T>& values, int target) {
    const size_t bytes = values.size() * sizeof(T);
    views.push_back({{"buffer", 0}, {"byteOffset", data.size()}, {"byteLength", bytes}});
    if (target != 0) views.back()["target"] = target;
    const auto* from = reinterpret_cast<const uint8_t*>(values.data());
    data.insert(data.end(), from, from + bytes);
    while (data.size() % 4) data.push_back(0);
    return views.size() - 1;
  }
  template <size_t N>
  size_t floats(const std::vector<std::array<float, N>>& values, const char* type) {
    accessors.push_back({{"bufferView", add(values, kVertices)}, {"componentType", kFloat}, {"count", values.size()}, {"type", type}});
    return accessors.size() - 1;
  }
  size_t vectors(const std::vector<Vec3>& values, bool bounds) {
    Json accessor{{"bufferView", add(values, kVertices)}, {"componentType", kFloat}, {"count", values.size()}, {"type", "VEC3"}};
    if (bounds) {
      Vec3 low = values[0], high = values[0];
      for (const Vec3& p : values)
        for (size_t i = 0; i < 3; ++i) low[i] = std::min(low[i], p[i]), high[i] = std::max(high[i], p[i]);
      accessor["min"] = low;
      accessor["max"] = high;
    }
    accessors.push_back(accessor);
    return accessors.size() - 1;
  }
  /// Numbers of vertices, as narrow as they may be: a view, and the type of its components.
  std::pair<size_t, int> numbers(const std::vector<uint32_t>& vertices, size_t count) {
    if (count > 65535) return {add(vertices, 0), kInt};
    return {add(std::vector<uint16_t>(vertices.begin(), vertices.end()), 0), kShort};
  }
  /// Vectors of which all but some are 0.
  size_t sparse(size_t count, const std::vector<Vec3>& values, const std::pair<size_t, int>& vertices, bool bounds) {
    Json accessor{{"componentType", kFloat}, {"count", count}, {"type", "VEC3"}};
    Vec3 low{}, high{};
    if (!values.empty()) {
      if (values.size() == count) low = high = values[0];
      for (const Vec3& p : values)
        for (size_t i = 0; i < 3; ++i) low[i] = std::min(low[i], p[i]), high[i] = std::max(high[i], p[i]);
      accessor["sparse"] = {{"count", values.size()},
                            {"indices", {{"bufferView", vertices.first}, {"componentType", vertices.second}}},
                            {"values", {{"bufferView", add(values, 0)}}}};
    }
    if (bounds) accessor["min"] = low, accessor["max"] = high;
    accessors.push_back(accessor);
    return accessors.size() - 1;
  }
  size_t indices(const std::vector<Triangle>& triangles, size_t vertices) {
    Json accessor{{"count", triangles.size() * 3}, {"type", "SCALAR"}};
    if (vertices < 65535) {
      std::vector<uint16_t> narrow;
      for (const Triangle& t : triangles)
        for (const uint32_t v : t) narrow.push_back(static_cast<uint16_t>(v));
      accessor["bufferView"] = add(narrow, kIndices);
      accessor["componentType"] = kShort;
    } else {
      accessor["bufferView"] = add(triangles, kIndices);
      accessor["componentType"] = kInt;
    }
    accessors.push_back(accessor);
    return accessors.size() - 1;
  }
};

/// The pictures, and each pair of a picture and a sampler once.
class Textures {
 public:
  void add_images(const std::vector<SceneImage>& scene_images, Body& body) {
    for (const SceneImage& image : scene_images) {
      body.views.push_back({{"buffer", 0}, {"byteOffset", body.data.size()}, {"byteLength", image.bytes.size()}});
      body.data.insert(body.data.end(), image.bytes.begin(), image.bytes.end());
      while (body.data.size() % 4) body.data.push_back(0);
      images.push_back({{"bufferView", body.views.size() - 1}, {"mimeType", image.mime}});
      if (!image.name.empty()) images.back()["name"] = image.name;
    }
  }
  void put(Json& material, const char* key, const SceneTexture& texture, const Json& more = Json::object()) {
    if (texture.image < 0) return;
    material[key] = more;
    material[key]["index"] = index_of(texture);
  }
  Json textures = Json::array(), samplers = Json::array(), images = Json::array();
  bool webp = false;

 private:
  size_t index_of(const SceneTexture& texture) {
    const auto found = std::find(seen_.begin(), seen_.end(), texture);
    if (found != seen_.end()) return static_cast<size_t>(found - seen_.begin());
    seen_.push_back(texture);
    constexpr int kNearest = 9728, kLinear = 9729, kMipNearest = 9984, kMipLinear = 9987;
    const auto wrap = [](TextureWrap how) { return how == TextureWrap::clamp ? 33071 : how == TextureWrap::mirror ? 33648 : 10497; };
    samplers.push_back({{"magFilter", texture.nearest ? kNearest : kLinear},
                        {"minFilter", texture.nearest ? kMipNearest : kMipLinear},
                        {"wrapS", wrap(texture.wrap_u)},
                        {"wrapT", wrap(texture.wrap_v)}});
    Json entry{{"sampler", samplers.size() - 1}};
    if (images[static_cast<size_t>(texture.image)]["mimeType"] == "image/webp") {
      entry["extensions"]["EXT_texture_webp"]["source"] = texture.image;
      webp = true;
    } else {
      entry["source"] = texture.image;
    }
    textures.push_back(entry);
    return textures.size() - 1;
  }
  std::vector<SceneTexture> seen_;
};

/// Whether all that the scene refers to is there.
Result<void> check_scene(const MeshScene& scene) {
  if (scene.meshes.empty()) return fail(ErrorCode::invalid_argument, "glb: a scene without meshes");
  for (const SceneMesh& m : scene.meshes) {
    const size_t vertices = m.mesh.positions.size();
    if (vertices == 0 || m.mesh.triangles.empty() || m.mesh.normals.size() != vertices || m.material >= scene.materials.size() ||
        (!m.uvs.empty() && m.uvs.size() != vertices) || (!m.tangents.empty() && m.tangents.size() != vertices) ||
        (!m.colours.empty() && m.colours.size() != vertices))
      return fail(ErrorCode::invalid_argument, "glb: the mesh '{}' is not complete", m.path);
  }
  for (const SceneMaterial& m : scene.materials)
    for (const SceneTexture* t : {&m.base_color_texture, &m.metallic_roughness_texture, &m.normal_texture, &m.occlusion_texture, &m.emissive_texture})
      if (t->image >= static_cast<int64_t>(scene.images.size()))
        return fail(ErrorCode::invalid_argument, "glb: the material '{}' has no picture {}", m.name, t->image);
  return {};
}

Json material_json(const SceneMaterial& m, Textures& textures) {
  Json out{{"name", m.name}, {"pbrMetallicRoughness", {{"baseColorFactor", m.base_color}, {"metallicFactor", m.metallic}, {"roughnessFactor", m.roughness}}}};
  Json& pbr = out["pbrMetallicRoughness"];
  textures.put(pbr, "baseColorTexture", m.base_color_texture);
  textures.put(pbr, "metallicRoughnessTexture", m.metallic_roughness_texture);
  textures.put(out, "normalTexture", m.normal_texture, m.normal_scale == 1 ? Json::object() : Json{{"scale", m.normal_scale}});
  textures.put(out, "occlusionTexture", m.occlusion_texture);
  textures.put(out, "emissiveTexture", m.emissive_texture);
  if (m.base_color[3] < 1 || m.alpha_mode == AlphaMode::blend) {
    out["alphaMode"] = "BLEND";
  } else if (m.alpha_mode == AlphaMode::mask) {
    out["alphaMode"] = "MASK";
    out["alphaCutoff"] = m.alpha_cutoff;
  }
  if (m.double_sided) out["doubleSided"] = true;
  if (m.emission_strength != 1) out["extensions"]["KHR_materials_emissive_strength"]["emissiveStrength"] = m.emission_strength;
  if (m.transmission > 0) out["extensions"]["KHR_materials_transmission"]["transmissionFactor"] = m.transmission;
  if (m.emission != std::array<float, 3>{0, 0, 0}) out["emissiveFactor"] = m.emission;
  return out;
}

/// Nodes by path; each is written once, behind what is within it.
class Nodes {
 public:
  explicit Nodes(const std::string& name) { nodes_.push_back({{"name", name}}); }
  void add(const std::string& path, size_t mesh, const Json& extras) {
    size_t above = 0;
    for (size_t at = 0; at < path.size();) {
      const size_t end = std::min(path.find('/', at), path.size());
      const std::string whole = path.substr(0, end), own = path.substr(at, end - at);
      const bool leaf = end == path.size();
      const auto found = leaf ? groups_.end() : groups_.find(whole);
      if (found != groups_.end()) {
        above = found->second;
      } else {
        nodes_.push_back({{"name", own}});
        const size_t index = nodes_.size() - 1;
        nodes_[above]["children"].push_back(index);
        if (!leaf) {
          groups_[whole] = index;
        } else {
          nodes_[index]["mesh"] = mesh;
          if (!extras.is_null()) nodes_[index]["extras"] = extras;
        }
        above = index;
      }
      at = end + 1;
    }
  }
  Json json() const { return nodes_; }

 private:
  Json nodes_ = Json::array();
  std::map<std::string, size_t> groups_;
};

constexpr int kMaxExtrasDepth = 64;

}  // namespace

Result<std::string> scene_document(std::span<const uint8_t> glb) {
  PTAH_TRY(const std::string text, glb_json(glb));
  PTAH_TRY(Json json, parse_json(text));
  if (json.contains("asset") && json["asset"].is_object() && json["asset"].contains("extras") && json["asset"]["extras"].is_object()) {
    json["asset"]["extras"].erase("ptah");
    if (json["asset"]["extras"].empty()) json["asset"].erase("extras");
  }
  return json.dump();
}

namespace {

Json primitive_json(const SceneMesh& m, Body& body) {
  Json attributes{{"POSITION", body.vectors(m.mesh.positions, true)}, {"NORMAL", body.vectors(m.mesh.normals, false)}};
  if (!m.uvs.empty()) attributes["TEXCOORD_0"] = body.floats(m.uvs, "VEC2");
  if (!m.tangents.empty()) attributes["TANGENT"] = body.floats(m.tangents, "VEC4");
  if (!m.colours.empty()) attributes["COLOR_0"] = body.floats(m.colours, "VEC4");
  return {{"attributes", attributes}, {"indices", body.indices(m.mesh.triangles, m.mesh.positions.size())}, {"material", m.material}};
}

Result<Json> extras_json(const std::string& text) {
  if (text.empty()) return Json();
  return parse_json(text, kMaxExtrasDepth);
}

/// The file of nodes, meshes and lights that are written already.
Result<Bytes> glb_with(const MeshScene& scene, Body& body, const Json& nodes, const Json& meshes, const Json& lights, const SceneExtras& extras) {
  Textures textures;
  textures.add_images(scene.images, body);
  Json materials = Json::array();
  for (const SceneMaterial& m : scene.materials) materials.push_back(material_json(m, textures));
  Json gltf{{"asset", {{"version", "2.0"}, {"generator", "Ptah"}}},
            {"scene", 0},
            {"scenes", {{{"nodes", {0}}}}},
            {"nodes", nodes},
            {"meshes", meshes},
            {"materials", materials},
            {"accessors", body.accessors},
            {"bufferViews", body.views},
            {"buffers", {{{"byteLength", body.data.size()}}}}};
  if (!textures.images.empty()) gltf["images"] = textures.images;
  if (!textures.textures.empty()) gltf["textures"] = textures.textures, gltf["samplers"] = textures.samplers;
  Json used = Json::array();
  if (textures.webp) used.push_back("EXT_texture_webp");
  if (std::any_of(scene.materials.begin(), scene.materials.end(), [](const SceneMaterial& m) { return m.emission_strength != 1; }))
    used.push_back("KHR_materials_emissive_strength");
  if (std::any_of(scene.materials.begin(), scene.materials.end(), [](const SceneMaterial& m) { return m.transmission > 0; }))
    used.push_back("KHR_materials_transmission");
  if (!lights.empty()) {
    used.push_back("KHR_lights_punctual");
    gltf["extensions"]["KHR_lights_punctual"]["lights"] = lights;
  }
  if (!used.empty()) gltf["extensionsUsed"] = used;
  if (textures.webp) gltf["extensionsRequired"] = {"EXT_texture_webp"};
  if (extras) {
    PTAH_TRY(const std::string text, extras(body.data, gltf.dump()));
    PTAH_TRY(gltf["asset"]["extras"], parse_json(text));
  } else if (!scene.extras.empty()) {
    PTAH_TRY(gltf["asset"]["extras"], parse_json(scene.extras, kMaxExtrasDepth));
  }
  return glb_file(gltf, body.data);
}

}  // namespace

Result<Bytes> encode_glb(const GlbScene& scene, const SceneExtras& extras) {
  PTAH_TRY_VOID(check_scene(scene));
  Body body;
  Nodes nodes(scene.name);
  Json meshes = Json::array();
  for (const SceneMesh& m : scene.meshes) {
    meshes.push_back({{"name", m.path}, {"primitives", {primitive_json(m, body)}}});
    PTAH_TRY(const Json own, extras_json(m.extras));
    nodes.add(m.path, meshes.size() - 1, own);
  }
  return glb_with(scene, body, nodes.json(), meshes, Json::array(), extras);
}

namespace {

Result<void> check_morphs(const MorphedScene& scene) {
  if (scene.morphs.size() != scene.scene.meshes.size())
    return fail(ErrorCode::invalid_argument, "glb: morph targets of {} meshes; the scene has {}", scene.morphs.size(), scene.scene.meshes.size());
  for (size_t m = 0; m < scene.morphs.size(); ++m)
    for (const SceneMorph& morph : scene.morphs[m]) {
      bool sound = morph.positions.size() == morph.vertices.size() && (morph.normals.empty() || morph.normals.size() == morph.vertices.size());
      for (size_t i = 0; i < morph.vertices.size(); ++i)
        sound &= morph.vertices[i] < scene.scene.meshes[m].mesh.positions.size() && (i == 0 || morph.vertices[i] > morph.vertices[i - 1]);
      if (!sound) return fail(ErrorCode::invalid_argument, "glb: the morph target '{}' of '{}' is not complete", morph.name, scene.scene.meshes[m].path);
    }
  return {};
}

/// A mesh with its targets; either all of a mesh's targets have normals or none.
Json morphed_mesh(const SceneMesh& mesh, const std::vector<SceneMorph>& morphs, Body& body) {
  Json primitive = primitive_json(mesh, body), names = Json::array(), weights = Json::array(), targets = Json::array();
  const size_t count = mesh.mesh.positions.size();
  const bool normals = std::any_of(morphs.begin(), morphs.end(), [](const SceneMorph& m) { return !m.normals.empty(); });
  for (const SceneMorph& morph : morphs) {
    const auto vertices = morph.vertices.empty() ? std::pair<size_t, int>{} : body.numbers(morph.vertices, count);
    Json target{{"POSITION", body.sparse(count, morph.positions, vertices, true)}};
    if (normals) target["NORMAL"] = body.sparse(count, morph.normals, vertices, false);
    targets.push_back(std::move(target));
    names.push_back(morph.name);
    weights.push_back(morph.weight);
  }
  if (!morphs.empty()) primitive["targets"] = std::move(targets);
  Json out{{"name", mesh.path}, {"primitives", {std::move(primitive)}}};
  if (!morphs.empty()) out["weights"] = std::move(weights), out["extras"] = {{"targetNames", std::move(names)}};
  return out;
}

}  // namespace

Result<Bytes> encode_glb(const MorphedScene& scene, const SceneExtras& extras) {
  PTAH_TRY_VOID(check_scene(scene.scene));
  PTAH_TRY_VOID(check_morphs(scene));
  Body body;
  Nodes nodes(scene.scene.name);
  Json meshes = Json::array();
  for (size_t i = 0; i < scene.scene.meshes.size(); ++i) {
    meshes.push_back(morphed_mesh(scene.scene.meshes[i], scene.morphs[i], body));
    PTAH_TRY(const Json own, extras_json(scene.scene.meshes[i].extras));
    nodes.add(scene.scene.meshes[i].path, i, own);
  }
  return glb_with(scene.scene, body, nodes.json(), meshes, Json::array(), extras);
}

MeshScene posed(const MorphedScene& scene) {
  MeshScene out = scene.scene;
  for (size_t m = 0; m < std::min(out.meshes.size(), scene.morphs.size()); ++m) {
    ShadedMesh& mesh = out.meshes[m].mesh;
    for (const SceneMorph& morph : scene.morphs[m]) {
      if (morph.weight == 0) continue;
      for (size_t i = 0; i < morph.vertices.size(); ++i) {
        const uint32_t v = morph.vertices[i];
        mesh.positions[v] = mesh.positions[v] + morph.positions[i] * morph.weight;
        if (!morph.normals.empty()) mesh.normals[v] = mesh.normals[v] + morph.normals[i] * morph.weight;
      }
    }
    for (Vec3& normal : mesh.normals) normal = length(normal) > 1e-6F ? normalized(normal) : Vec3{0, 1, 0};
  }
  return out;
}

Result<Bytes> encode_glb(const InstancedScene& scene, const SceneExtras& extras) {
  PTAH_TRY_VOID(check_scene(scene.scene));
  Body body;
  Json primitives = Json::array(), meshes = Json::array(), lights = Json::array(), nodes = Json::array({{{"name", scene.scene.name}}});
  for (const SceneMesh& m : scene.scene.meshes) primitives.push_back(primitive_json(m, body));
  std::map<std::vector<uint32_t>, size_t> written;
  const auto place = [&](Json node, const Vec3& at) {
    if (at != Vec3{}) node["translation"] = at;
    nodes.push_back(std::move(node));
    nodes[0]["children"].push_back(nodes.size() - 1);
  };
  for (const SceneInstance& instance : scene.instances) {
    if (instance.meshes.empty() || std::any_of(instance.meshes.begin(), instance.meshes.end(), [&](uint32_t m) { return m >= primitives.size(); }))
      return fail(ErrorCode::invalid_argument, "glb: '{}' is made of meshes that are not there", instance.path);
    const auto [found, fresh] = written.emplace(instance.meshes, meshes.size());
    if (fresh) {
      Json parts = Json::array();
      for (const uint32_t m : instance.meshes) parts.push_back(primitives[m]);
      meshes.push_back({{"name", scene.scene.meshes[instance.meshes[0]].path}, {"primitives", parts}});
    }
    Json node{{"name", instance.path}, {"mesh", found->second}};
    if (instance.turn != 0) {
      const double half = static_cast<double>(instance.turn) * 3.14159265358979323846 / 360;
      node["rotation"] = {0, static_cast<float>(std::sin(half)), 0, static_cast<float>(std::cos(half))};
    }
    PTAH_TRY(const Json own, extras_json(instance.extras));
    if (!own.is_null()) node["extras"] = own;
    place(std::move(node), instance.at);
  }
  for (const SceneLight& light : scene.lights) {
    lights.push_back({{"name", light.name}, {"type", "point"}, {"color", light.colour}, {"intensity", light.candela}});
    place({{"name", light.name}, {"extensions", {{"KHR_lights_punctual", {{"light", lights.size() - 1}}}}}}, light.at);
  }
  return glb_with(scene.scene, body, nodes, meshes, lights, extras);
}

}  // namespace ptah
