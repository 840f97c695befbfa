#include <algorithm>
#include <cmath>

#include "base/json.h"
#include "media/append_value.h"
#include "media/glb_container.h"
#include "media/splat/splat_checks.h"
#include "media/srgb.h"

namespace ptah {

namespace {

constexpr const char* kExtension = "KHR_gaussian_splatting";
constexpr int kFloats = 5126, kBytes = 5121, kPoints = 0, kVertexData = 34962;
constexpr float kFirstHarmonic = 0.28209479177387814F;

/// The binary chunk, with a view and an accessor a attribute.
struct SplatBody {
  Bytes data;
  Json views = Json::array(), accessors = Json::array(), attributes = Json::object();
  size_t count = 0;

  template <class Value>
  Json& add(const std::string& name, const char* type, int component, const Value& value_of) {
    const size_t begin = data.size();
    for (size_t i = 0; i < count; ++i) append_value(data, value_of(i));
    views.push_back({{"buffer", 0}, {"byteOffset", begin}, {"byteLength", data.size() - begin}, {"target", kVertexData}});
    accessors.push_back({{"bufferView", views.size() - 1}, {"componentType", component}, {"count", count}, {"type", type}});
    attributes[name] = accessors.size() - 1;
    return accessors.back();
  }
};

}  // namespace

Result<Bytes> encode_splat_glb(const std::vector<Splat>& splats) {
  PTAH_TRY_VOID(check_splats(splats));
  if (splats.size() > 20'000'000) return fail(ErrorCode::unsupported, "{} splats are more than a GLB holds", splats.size());
  SplatBody body;
  body.count = splats.size();
  const std::string prefix = std::string(kExtension) + ":";
  Json& position = body.add("POSITION", "VEC3", kFloats, [&](size_t i) { return splats[i].at; });
  Vec3 low = splats[0].at, high = low;
  for (const Splat& s : splats)
    for (size_t k = 0; k < 3; ++k) low[k] = std::min(low[k], s.at[k]), high[k] = std::max(high[k], s.at[k]);
  position["min"] = low;
  position["max"] = high;
  Json& colour = body.add("COLOR_0", "VEC4", kBytes, [&](size_t i) {
    std::array<uint8_t, 4> out{};
    for (size_t c = 0; c < 3; ++c) {
      const float srgb = std::clamp(0.5F + splats[i].harmonics[0][c] * kFirstHarmonic, 0.0F, 1.0F);
      out[c] = static_cast<uint8_t>(std::lround(linear_of(srgb) * 255));
    }
    out[3] = static_cast<uint8_t>(std::lround(std::clamp(splats[i].opacity, 0.0F, 1.0F) * 255));
    return out;
  });
  colour["normalized"] = true;
  body.add(prefix + "ROTATION", "VEC4", kFloats, [&](size_t i) { return splats[i].turn; });
  body.add(prefix + "SCALE", "VEC3", kFloats, [&](size_t i) { return splats[i].scale; });
  body.add(prefix + "OPACITY", "SCALAR", kFloats, [&](size_t i) { return splats[i].opacity; });
  body.add(prefix + "SH_DEGREE_0_COEF_0", "VEC3", kFloats, [&](size_t i) { return splats[i].harmonics[0]; });
  for (size_t k = 0; k < 3; ++k)
    body.add(fmt::format("{}SH_DEGREE_1_COEF_{}", prefix, k), "VEC3", kFloats, [&](size_t i) { return splats[i].harmonics[k + 1]; });
  const Json how{{"kernel", "ellipse"}, {"colorSpace", "srgb_rec709_display"}, {"projection", "perspective"}, {"sortingMethod", "cameraDistance"}};
  const Json primitive{{"mode", kPoints}, {"attributes", body.attributes}, {"extensions", {{kExtension, how}}}};
  const Json gltf{{"asset", {{"version", "2.0"}, {"generator", "Ptah"}}},
                  {"extensionsUsed", {kExtension}},
                  {"scene", 0},
                  {"scenes", {{{"nodes", {0}}}}},
                  {"nodes", {{{"name", "splats"}, {"mesh", 0}}}},
                  {"meshes", {{{"name", "splats"}, {"primitives", {primitive}}}}},
                  {"accessors", body.accessors},
                  {"bufferViews", body.views},
                  {"buffers", {{{"byteLength", body.data.size()}}}}};
  return glb_file(gltf, body.data);
}

}  // namespace ptah
