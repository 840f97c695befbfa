#include "media/morph/glb_morphs.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "media/glb_container.h"
#include "media/mesh/gltf_document.h"
#include "media/mesh_files.h"

namespace ptah {

namespace {

constexpr int kFloatComponents = 5126;

/// What a target does to the attributes of a primitive; empty where it does nothing.
struct PrimitiveMorph {
  std::vector<float> position, normal;
};
struct MorphedPrimitive {
  size_t index = 0;
  std::vector<float> position, normal;  ///< without any target
  std::vector<PrimitiveMorph> morphs;
};
struct MorphedMesh {
  size_t index = 0;
  std::vector<std::string> names;
  std::vector<float> resting;
  std::vector<MorphedPrimitive> primitives;
};

/// The binary chunk of a GLB whose JSON was read without errors; empty if there is none.
std::span<const uint8_t> binary_chunk(std::span<const uint8_t> glb) {
  const auto word = [&](size_t at) {
    uint32_t out = 0;
    std::memcpy(&out, glb.data() + at, 4);
    return static_cast<size_t>(out);
  };
  if (glb.size() < 20) return {};
  const size_t json = word(12), at = 20 + json;
  if (json > glb.size() || at + 8 > glb.size() || word(at + 4) != kGlbBinaryChunk || word(at) > glb.size() - at - 8) return {};
  return glb.subspan(at + 8, word(at));
}

std::vector<std::string> target_names(const Json& mesh) {
  std::vector<std::string> out;
  const Json& names = gltf_member(gltf_member(mesh, "extras"), "targetNames");
  if (!names.is_array()) return out;
  if (names.size() > kMaxMorphTargets)
    throw Failure(Error{ErrorCode::over_budget, fmt::format("a mesh of {} morph targets; {} are possible", names.size(), kMaxMorphTargets)});
  for (const Json& name : names) {
    if (!name.is_string()) gltf_broken("a morph target's name is no text");
    out.push_back(name.get<std::string>());
  }
  return out;
}

class ReadMorphs : public GlbMorphs {
 public:
  explicit ReadMorphs(Bytes glb) : glb_(std::move(glb)) {
    json_ = value_or_throw(parse_json(value_or_throw(glb_json(glb_))));
    const GltfDocument document(json_, binary_chunk(glb_), {});
    size_t numbers = 0;
    for (size_t m = 0; m < document.size("meshes"); ++m) read_mesh(document, m, numbers);
    if (names_.empty()) throw Failure(Error{ErrorCode::invalid_argument, "the GLB has no named morph targets (mesh.extras.targetNames)"});
  }

  const std::vector<std::string>& names() const override { return names_; }
  const std::map<std::string, float>& resting() const override { return resting_; }

  Result<Bytes> posed(const std::map<std::string, float>& weights) const override {
    return guard([&]() -> Result<Bytes> {
      Json json = json_;
      const auto body = binary_chunk(glb_);
      Bytes data(body.begin(), body.end());
      for (const MorphedMesh& mesh : meshes_) {
        Json& to = json["meshes"][mesh.index];
        for (const MorphedPrimitive& primitive : mesh.primitives) {
          std::vector<float> position = primitive.position, normal = primitive.normal;
          for (size_t i = 0; i < mesh.names.size(); ++i) {
            const auto found = weights.find(mesh.names[i]);
            const float weight = found == weights.end() ? mesh.resting[i] : found->second;
            add_scaled(position, primitive.morphs[i].position, weight);
            add_scaled(normal, primitive.morphs[i].normal, weight);
          }
          for (size_t v = 0; v + 2 < normal.size(); v += 3) {
            const float size = std::sqrt(normal[v] * normal[v] + normal[v + 1] * normal[v + 1] + normal[v + 2] * normal[v + 2]);
            for (size_t c = 0; c < 3; ++c) normal[v + c] = size > 1e-6F ? normal[v + c] / size : c == 1 ? 1.0F : 0.0F;
          }
          Json& into = to["primitives"][primitive.index];
          into["attributes"]["POSITION"] = add_vectors(json, data, position);
          if (!normal.empty()) into["attributes"]["NORMAL"] = add_vectors(json, data, normal);
          into.erase("targets");
        }
        to.erase("weights");
        to["extras"].erase("targetNames");
      }
      json["buffers"][0]["byteLength"] = data.size();
      return glb_file(json, data);
    });
  }

  Result<Bytes> animated(const MorphTrack& track, const std::string& name, const SceneExtras& extras) const override {
    return guard([&]() -> Result<Bytes> {
      const size_t frames = track.times.size(), width = track.names.size();
      if (frames == 0 || track.weights.size() != frames * width)
        return fail(ErrorCode::invalid_argument, "{} weights for {} frames of {} targets", track.weights.size(), frames, width);
      Json json = json_;
      if (json["asset"].contains("extras")) json["asset"].erase("extras");
      const auto body = binary_chunk(glb_);
      Bytes data(body.begin(), body.end());
      const size_t times = add_scalars(json, data, track.times, true);
      Json samplers = Json::array(), channels = Json::array();
      for (const MorphedMesh& mesh : meshes_) {
        std::vector<float> values;
        values.reserve(frames * mesh.names.size());
        std::vector<size_t> columns;
        for (const std::string& target : mesh.names)
          columns.push_back(static_cast<size_t>(std::find(track.names.begin(), track.names.end(), target) - track.names.begin()));
        for (size_t f = 0; f < frames; ++f)
          for (size_t i = 0; i < columns.size(); ++i) values.push_back(columns[i] < width ? track.weights[f * width + columns[i]] : mesh.resting[i]);
        samplers.push_back({{"input", times}, {"output", add_scalars(json, data, values, false)}, {"interpolation", "LINEAR"}});
        for (size_t n = 0; n < json["nodes"].size(); ++n)
          if (gltf_index(json["nodes"][n], "mesh") == mesh.index)
            channels.push_back({{"sampler", samplers.size() - 1}, {"target", {{"node", n}, {"path", "weights"}}}});
      }
      if (channels.empty()) return fail(ErrorCode::invalid_argument, "no node of the GLB has a mesh with morph targets");
      Json animations = gltf_member(json, "animations").is_array() ? json["animations"] : Json::array();
      animations.push_back({{"name", name}, {"samplers", samplers}, {"channels", channels}});
      json["animations"] = std::move(animations);
      json["buffers"][0]["byteLength"] = data.size();
      if (extras) {
        PTAH_TRY(const std::string text, extras(data, json.dump()));
        PTAH_TRY(json["asset"]["extras"], parse_json(text));
      }
      return glb_file(json, data);
    });
  }

 private:
  void read_mesh(const GltfDocument& document, size_t m, size_t& numbers) {
    const Json& mesh = document.entry("meshes", m);
    MorphedMesh out{m, target_names(mesh), {}, {}};
    if (out.names.empty()) return;
    out.resting.assign(out.names.size(), 0);
    if (const Json& weights = gltf_member(mesh, "weights"); weights.is_array())
      for (size_t i = 0; i < std::min(weights.size(), out.names.size()); ++i)
        if (weights[i].is_number() && std::isfinite(weights[i].get<double>())) out.resting[i] = weights[i].get<float>();
    const Json& primitives = gltf_member(mesh, "primitives");
    for (size_t p = 0; p < primitives.size(); ++p) {
      if (!primitives[p].is_object() || gltf_member(primitives[p], "extensions").contains("KHR_draco_mesh_compression"))
        throw Failure(Error{ErrorCode::unsupported, "the GLB's morph targets are compressed (Draco)"});
      MorphedPrimitive one;
      one.index = p;
      const Json& attributes = gltf_member(primitives[p], "attributes");
      const auto position = gltf_index(attributes, "POSITION"), normal = gltf_index(attributes, "NORMAL");
      if (!position) gltf_broken("a primitive without positions");
      one.position = checked(document.floats(*position, {3}), numbers);
      if (normal) one.normal = checked(document.floats(*normal, {3}), numbers);
      const Json& targets = gltf_member(primitives[p], "targets");
      if (targets.size() != out.names.size()) gltf_broken(fmt::format("{} morph targets with {} names", targets.size(), out.names.size()));
      for (const Json& target : targets) {
        PrimitiveMorph morph;
        if (const auto at = gltf_index(target, "POSITION")) morph.position = fitting(checked(document.floats(*at, {3}), numbers), one.position.size());
        if (const auto at = gltf_index(target, "NORMAL"); at && normal) morph.normal = fitting(checked(document.floats(*at, {3}), numbers), one.normal.size());
        one.morphs.push_back(std::move(morph));
      }
      out.primitives.push_back(std::move(one));
    }
    for (size_t i = 0; i < out.names.size(); ++i) {
      if (std::find(names_.begin(), names_.end(), out.names[i]) == names_.end()) names_.push_back(out.names[i]);
      resting_.emplace(out.names[i], out.resting[i]);
    }
    meshes_.push_back(std::move(out));
  }

  static std::vector<float> checked(std::vector<float> values, size_t& numbers) {
    numbers += values.size();
    if (numbers > kMaxMorphNumbers) throw Failure(Error{ErrorCode::over_budget, "the GLB's morph targets are too many"});
    if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); })) gltf_broken("a vertex is infinitely far away");
    return values;
  }
  static std::vector<float> fitting(std::vector<float> values, size_t size) {
    if (values.size() != size) gltf_broken("a morph target of another number of vertices than its mesh");
    if (std::all_of(values.begin(), values.end(), [](float v) { return v == 0; })) values.clear();
    return values;
  }
  static void add_scaled(std::vector<float>& to, const std::vector<float>& offsets, float weight) {
    if (weight == 0) return;
    for (size_t i = 0; i < offsets.size(); ++i) to[i] += offsets[i] * weight;
  }

  static size_t add_view(Json& json, Bytes& data, const std::vector<float>& values) {
    while (data.size() % 4) data.push_back(0);
    json["bufferViews"].push_back({{"buffer", 0}, {"byteOffset", data.size()}, {"byteLength", values.size() * sizeof(float)}});
    const auto* from = reinterpret_cast<const uint8_t*>(values.data());
    data.insert(data.end(), from, from + values.size() * sizeof(float));
    return json["bufferViews"].size() - 1;
  }
  static size_t add_vectors(Json& json, Bytes& data, const std::vector<float>& values) {
    Vec3 low{values.at(0), values.at(1), values.at(2)}, high = low;
    for (size_t i = 0; i < values.size(); ++i) low[i % 3] = std::min(low[i % 3], values[i]), high[i % 3] = std::max(high[i % 3], values[i]);
    json["accessors"].push_back({{"bufferView", add_view(json, data, values)},
                                 {"componentType", kFloatComponents},
                                 {"count", values.size() / 3},
                                 {"type", "VEC3"},
                                 {"min", low},
                                 {"max", high}});
    return json["accessors"].size() - 1;
  }
  static size_t add_scalars(Json& json, Bytes& data, const std::vector<float>& values, bool bounds) {
    Json accessor{{"bufferView", add_view(json, data, values)}, {"componentType", kFloatComponents}, {"count", values.size()}, {"type", "SCALAR"}};
    if (bounds) accessor["min"] = {values.front()}, accessor["max"] = {values.back()};
    json["accessors"].push_back(std::move(accessor));
    return json["accessors"].size() - 1;
  }

  Bytes glb_;
  Json json_;
  std::vector<MorphedMesh> meshes_;
  std::vector<std::string> names_;
  std::map<std::string, float> resting_;
};

}  // namespace

Result<std::shared_ptr<const GlbMorphs>> GlbMorphs::read(Bytes glb) {
  return guard([&]() -> Result<std::shared_ptr<const GlbMorphs>> { return std::make_shared<const ReadMorphs>(std::move(glb)); });
}

}  // namespace ptah
