// Small glTF files for tests, made number by number.
#pragma once

#include <cstring>

#include "base/json.h"
#include "media/mesh/gltf_reader.h"

namespace ptah {

struct GltfBuilder {
  Bytes body;
  Json json{{"asset", {{"version", "2.0"}}}, {"bufferViews", Json::array()}, {"accessors", Json::array()}, {"meshes", Json::array()}, {"nodes", Json::array()}};

  size_t view(const void* data, size_t bytes, size_t stride = 0) {
    while (body.size() % 4) body.push_back(0);
    json["bufferViews"].push_back({{"buffer", 0}, {"byteOffset", body.size()}, {"byteLength", bytes}});
    if (stride) json["bufferViews"].back()["byteStride"] = stride;
    const auto* from = static_cast<const uint8_t*>(data);
    body.insert(body.end(), from, from + bytes);
    return json["bufferViews"].size() - 1;
  }
  template <class T>
  size_t accessor(const std::vector<T>& values, int component, const char* type, size_t components, bool normalized = false) {
    const size_t index = view(values.data(), values.size() * sizeof(T));
    json["accessors"].push_back({{"bufferView", index}, {"componentType", component}, {"count", values.size() / components}, {"type", type}});
    if (normalized) json["accessors"].back()["normalized"] = true;
    return json["accessors"].size() - 1;
  }
  size_t positions(const std::vector<float>& values) { return accessor(values, 5126, "VEC3", 3); }
  /// A mesh of one primitive and a node for it.
  size_t node(const Json& primitive, Json more = Json::object()) {
    json["meshes"].push_back({{"primitives", {primitive}}});
    more["mesh"] = json["meshes"].size() - 1;
    json["nodes"].push_back(more);
    return json["nodes"].size() - 1;
  }
  Bytes glb() const {
    Json whole = json;
    if (!whole.contains("buffers")) whole["buffers"] = {{{"byteLength", body.size()}}};
    std::string text = whole.dump();
    while (text.size() % 4) text += ' ';
    Bytes padded = body, out;
    while (padded.size() % 4) padded.push_back(0);
    const auto put = [&](uint32_t value) {
      const auto* from = reinterpret_cast<const uint8_t*>(&value);
      out.insert(out.end(), from, from + 4);
    };
    for (const uint32_t word : {0x46546C67U, 2U, static_cast<uint32_t>(28 + text.size() + padded.size()), static_cast<uint32_t>(text.size()), 0x4E4F534AU})
      put(word);
    out.insert(out.end(), text.begin(), text.end());
    put(static_cast<uint32_t>(padded.size()));
    put(0x004E4942U);
    out.insert(out.end(), padded.begin(), padded.end());
    return out;
  }
};

/// A tetrahedron with a corner at 0 and three at 1, outward; its volume is 1/6.
inline const std::vector<float> kCorners{0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1};
inline const std::vector<uint16_t> kFaces{0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3};

inline GltfBuilder tetrahedron(const Json& node = Json::object()) {
  GltfBuilder out;
  const size_t positions = out.positions(kCorners), indices = out.accessor(kFaces, 5123, "SCALAR", 1);
  out.node({{"attributes", {{"POSITION", positions}}}, {"indices", indices}}, node);
  return out;
}

}  // namespace ptah
