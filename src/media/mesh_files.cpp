#include "media/mesh_files.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/json.h"
#include "media/append_value.h"
#include "media/glb_container.h"

namespace ptah {

namespace {

template <class T>
void append_all(Bytes& bytes, const std::vector<T>& values) {
  const auto* from = reinterpret_cast<const uint8_t*>(values.data());
  bytes.insert(bytes.end(), from, from + values.size() * sizeof(T));
}
void align4(Bytes& bytes) {
  while (bytes.size() % 4) bytes.push_back(0);
}

constexpr const char* kUnits = "; units: millimetres, +Y up";

}  // namespace

namespace {

/// What a GLB's JSON says of its binary chunk.
struct GlbShape {
  size_t vertices = 0, corners = 0, texture_bytes = 0;
  Vec3 low{}, high{};
  float metallic = 0, roughness = 0;
};

constexpr size_t aligned(size_t bytes) { return (bytes + 3) / 4 * 4; }
constexpr bool narrow(const GlbShape& shape) { return shape.vertices < 65535; }

/// The JSON of a GLB of ours: one textured mesh whose views lie one behind the other.
Json glb_document(const GlbShape& shape) {
  constexpr int kVertices = 34962, kIndices = 34963, kFloat = 5126, kShort = 5123, kInt = 5125;
  Json views = Json::array();
  size_t at = 0;
  const auto view = [&](size_t bytes, int target) {
    Json entry = {{"buffer", 0}, {"byteOffset", at}, {"byteLength", bytes}};
    if (target) entry["target"] = target;
    views.push_back(entry);
    at += aligned(bytes);
  };
  view(shape.vertices * sizeof(Vec3), kVertices);
  view(shape.vertices * sizeof(Vec3), kVertices);
  view(shape.vertices * sizeof(Vec2), kVertices);
  view(shape.corners * (narrow(shape) ? 2 : 4), kIndices);
  view(shape.texture_bytes, 0);
  return {{"asset", {{"version", "2.0"}, {"generator", "Ptah"}}},
          {"scene", 0},
          {"scenes", {{{"nodes", {0}}}}},
          {"nodes", {{{"mesh", 0}, {"name", "object"}}}},
          {"meshes", {{{"primitives", {{{"attributes", {{"POSITION", 0}, {"NORMAL", 1}, {"TEXCOORD_0", 2}}}, {"indices", 3}, {"material", 0}}}}}}},
          {"materials",
           {{{"name", "picture"},
             {"pbrMetallicRoughness", {{"baseColorTexture", {{"index", 0}}}, {"metallicFactor", shape.metallic}, {"roughnessFactor", shape.roughness}}}}}},
          {"textures", {{{"source", 0}, {"sampler", 0}}}},
          {"samplers", {{{"magFilter", 9729}, {"minFilter", 9987}, {"wrapS", 33071}, {"wrapT", 33071}}}},
          {"images", {{{"bufferView", 4}, {"mimeType", "image/png"}}}},
          {"accessors",
           {{{"bufferView", 0}, {"componentType", kFloat}, {"count", shape.vertices}, {"type", "VEC3"}, {"min", shape.low}, {"max", shape.high}},
            {{"bufferView", 1}, {"componentType", kFloat}, {"count", shape.vertices}, {"type", "VEC3"}},
            {{"bufferView", 2}, {"componentType", kFloat}, {"count", shape.vertices}, {"type", "VEC2"}},
            {{"bufferView", 3}, {"componentType", narrow(shape) ? kShort : kInt}, {"count", shape.corners}, {"type", "SCALAR"}}}},
          {"bufferViews", views},
          {"buffers", {{{"byteLength", at}}}}};
}

}  // namespace

Result<Bytes> encode_glb(const TexturedMesh& mesh, const GlbExtras& extras) {
  const size_t vertices = mesh.positions.size();
  if (vertices == 0 || mesh.normals.size() != vertices || mesh.uvs.size() != vertices || mesh.triangles.empty())
    return fail(ErrorCode::invalid_argument, "glb: mesh of {} vertices and {} triangles is not complete", vertices, mesh.triangles.size());
  GlbShape shape{vertices, mesh.triangles.size() * 3, mesh.texture_png.size(), mesh.positions[0], mesh.positions[0], mesh.metallic, mesh.roughness};
  for (const Vec3& p : mesh.positions)
    for (size_t i = 0; i < 3; ++i) shape.low[i] = std::min(shape.low[i], p[i]), shape.high[i] = std::max(shape.high[i], p[i]);
  Bytes data;
  append_all(data, mesh.positions);
  append_all(data, mesh.normals);
  append_all(data, mesh.uvs);
  for (const Triangle& t : mesh.triangles)
    for (const uint32_t v : t) {
      if (narrow(shape))
        append_value(data, static_cast<uint16_t>(v));
      else
        append_value(data, v);
    }
  align4(data);
  append_all(data, mesh.texture_png);
  align4(data);
  Json gltf = glb_document(shape);
  if (extras) {
    PTAH_TRY(const std::string text, extras(data));
    PTAH_TRY(gltf["asset"]["extras"], parse_json(text));
  }
  return glb_file(gltf, data);
}

Result<std::string> glb_json(std::span<const uint8_t> bytes) {
  const auto word = [&](size_t at) {
    uint32_t value = 0;
    std::memcpy(&value, bytes.data() + at, 4);
    return value;
  };
  if (bytes.size() < 20 || word(0) != kGlbMagic || word(4) != 2) return fail(ErrorCode::corrupt, "glb: not a glTF 2.0 binary file");
  if (word(8) != bytes.size()) return fail(ErrorCode::corrupt, "glb: header says {} bytes, file has {}", word(8), bytes.size());
  if (word(16) != kGlbJsonChunk || word(12) > bytes.size() - 20) return fail(ErrorCode::corrupt, "glb: broken JSON chunk");
  return std::string(reinterpret_cast<const char*>(bytes.data()) + 20, word(12));
}

Result<std::span<const uint8_t>> glb_body(std::span<const uint8_t> bytes) {
  PTAH_TRY(const std::string json, glb_json(bytes));
  const size_t at = 20 + json.size();
  if (bytes.size() < at + 8) return fail(ErrorCode::corrupt, "glb: no binary chunk");
  uint32_t head[2];
  std::memcpy(head, bytes.data() + at, 8);
  if (head[1] != kGlbBinaryChunk || head[0] != bytes.size() - at - 8) return fail(ErrorCode::corrupt, "glb: the second chunk is not binary, or not the last");
  return bytes.subspan(at + 8);
}

Result<std::string> foreign_part_of_glb(std::span<const uint8_t> bytes) {
  PTAH_TRY(const std::string text, glb_json(bytes));
  PTAH_TRY(const auto body, glb_body(bytes));
  PTAH_TRY(Json gltf, parse_json(text));
  if (!gltf.is_object()) return fail(ErrorCode::corrupt, "glb: the JSON is no object");
  if (Json& asset = gltf["asset"]; asset.is_object() && asset.contains("extras") && asset["extras"].is_object()) {
    asset["extras"].erase("ptah");
    if (asset["extras"].empty()) asset.erase("extras");
  }
  const auto count = [&](const char* pointer) -> size_t {
    const Json value = gltf.value(Json::json_pointer(pointer), Json());
    return value.is_number_unsigned() ? static_cast<size_t>(std::min<uint64_t>(value.get<uint64_t>(), body.size())) : 0;
  };
  const TexturedMesh usual;
  GlbShape shape{count("/accessors/0/count"), count("/accessors/3/count"), count("/bufferViews/4/byteLength"), {}, {}, usual.metallic, usual.roughness};
  if (shape.vertices == 0 || shape.vertices > body.size() / sizeof(Vec3)) return std::string("accessors");
  for (size_t i = 0; i < shape.vertices; ++i) {
    Vec3 p;
    std::memcpy(p.data(), body.data() + i * sizeof(Vec3), sizeof(Vec3));
    if (i == 0) shape.low = shape.high = p;
    for (size_t c = 0; c < 3; ++c) shape.low[c] = std::min(shape.low[c], p[c]), shape.high[c] = std::max(shape.high[c], p[c]);
  }
  const Json ours = glb_document(shape);
  if (ours["buffers"][0]["byteLength"] != body.size()) return std::string("buffers");
  for (const Json* document : std::initializer_list<const Json*>{&gltf, &ours})
    for (const auto& [key, value] : document->items())
      if (gltf.value(key, Json()) != ours.value(key, Json())) return key;
  return std::string();
}

ObjFiles encode_obj(const TexturedMesh& mesh, const std::string& name, bool millimetres) {
  ObjFiles files;
  files.obj = fmt::format("# Ptah{}\nmtllib {}.mtl\nusemtl picture\n", millimetres ? kUnits : "", name);
  const float scale = millimetres ? 1000 : 1;
  for (const Vec3& at : mesh.positions) {
    const Vec3 p = at * scale;
    files.obj += fmt::format("v {:.7g} {:.7g} {:.7g}\n", p[0], p[1], p[2]);
  }
  for (const Vec2& t : mesh.uvs) files.obj += fmt::format("vt {:.6g} {:.6g}\n", t[0], 1 - t[1]);
  for (const Vec3& n : mesh.normals) files.obj += fmt::format("vn {:.4g} {:.4g} {:.4g}\n", n[0], n[1], n[2]);
  for (const Triangle& t : mesh.triangles) files.obj += fmt::format("f {0}/{0}/{0} {1}/{1}/{1} {2}/{2}/{2}\n", t[0] + 1, t[1] + 1, t[2] + 1);
  files.mtl = fmt::format("newmtl picture\nKd 1 1 1\nNs 30\nillum 2\nmap_Kd {}.png\n", name);
  return files;
}

Bytes encode_ply(const TexturedMesh& mesh, bool millimetres) {
  const std::string header = fmt::format(
      "ply\nformat binary_little_endian 1.0\ncomment Ptah{}\nelement vertex {}\nproperty float x\nproperty float y\nproperty float z\nproperty float "
      "nx\nproperty "
      "float ny\nproperty float nz\nproperty float s\nproperty float t\nelement face {}\nproperty list uchar uint vertex_indices\nend_header\n",
      millimetres ? kUnits : "", mesh.positions.size(), mesh.triangles.size());
  Bytes out(header.begin(), header.end());
  for (size_t i = 0; i < mesh.positions.size(); ++i) {
    append_value(out, mesh.positions[i] * (millimetres ? 1000.0F : 1.0F));
    append_value(out, mesh.normals[i]);
    append_value(out, Vec2{mesh.uvs[i][0], 1 - mesh.uvs[i][1]});
  }
  for (const Triangle& t : mesh.triangles) {
    out.push_back(3);
    append_value(out, t);
  }
  return out;
}

Bytes encode_stl(const Mesh& mesh) {
  Bytes out(80, 0);
  std::memcpy(out.data(), "Ptah, millimetres", 17);
  append_value(out, static_cast<uint32_t>(mesh.triangles.size()));
  for (const Triangle& t : mesh.triangles) {
    const Vec3 a = mesh.positions[t[0]] * 1000, b = mesh.positions[t[1]] * 1000, c = mesh.positions[t[2]] * 1000;
    append_value(out, normalized(cross(b - a, c - a)));
    append_value(out, a);
    append_value(out, b);
    append_value(out, c);
    append_value(out, uint16_t{0});
  }
  return out;
}

}  // namespace ptah
