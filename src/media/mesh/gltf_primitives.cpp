#include <algorithm>
#include <cmath>

#include "media/mesh/gltf_draco.h"
#include "media/mesh/gltf_parts.h"

namespace ptah {

namespace {

template <size_t N>
std::vector<std::array<float, N>> grouped(const std::vector<float>& values) {
  std::vector<std::array<float, N>> out(values.size() / N);
  for (size_t i = 0; i < out.size(); ++i)
    for (size_t c = 0; c < N; ++c) out[i][c] = values[i * N + c];
  return out;
}

std::vector<std::array<float, 4>> colours_of(const std::vector<float>& values, size_t components) {
  std::vector<std::array<float, 4>> out(values.size() / components, {0, 0, 0, 1});
  for (size_t i = 0; i < out.size(); ++i)
    for (size_t c = 0; c < components; ++c) out[i][c] = std::clamp(values[i * components + c], 0.0F, 1.0F);
  return out;
}

/// Triangles of a list (4), strip (5) or fan (6); those of a strip that repeat a vertex are its joints.
std::vector<Triangle> triangles_of(const std::vector<uint32_t>& indices, size_t mode) {
  std::vector<Triangle> out;
  if (mode == 4) {
    if (indices.size() % 3 != 0) gltf_broken(fmt::format("{} indices are no triangles", indices.size()));
    for (size_t i = 0; i + 2 < indices.size(); i += 3) out.push_back({indices[i], indices[i + 1], indices[i + 2]});
    return out;
  }
  for (size_t i = 0; i + 2 < indices.size(); ++i) {
    const Triangle t = mode == 6      ? Triangle{indices[0], indices[i + 1], indices[i + 2]}
                       : (i % 2) != 0 ? Triangle{indices[i + 1], indices[i], indices[i + 2]}
                                      : Triangle{indices[i], indices[i + 1], indices[i + 2]};
    if (t[0] != t[1] && t[1] != t[2] && t[2] != t[0]) out.push_back(t);
  }
  return out;
}

void transform_uvs(std::vector<Vec2>& uvs, const std::array<double, 6>& t) {
  if (t == UvUse().transform) return;
  for (Vec2& uv : uvs) {
    const double u = uv[0], v = uv[1];
    uv = {static_cast<float>(t[0] * u + t[1] * v + t[2]), static_cast<float>(t[3] * u + t[4] * v + t[5])};
  }
}

/// The attributes of accessors.
class Attributes {
 public:
  Attributes(const GltfDocument& document, const Json& primitive) : document_(document), list_(gltf_member(primitive, "attributes")) {}
  std::optional<size_t> find(const std::string& name) const { return gltf_index(list_, name.c_str()); }
  size_t components(size_t accessor) const { return document_.components(accessor); }
  std::vector<float> floats(size_t accessor, size_t components) const { return document_.floats(accessor, {components}); }
  std::vector<uint32_t> integers(size_t accessor, size_t components) const { return document_.integers(accessor, components); }

 private:
  const GltfDocument& document_;
  const Json& list_;
};

/// Whether all are finite. Exporters write normals of 0 / 0.
template <size_t N>
bool finite(const std::vector<std::array<float, N>>& values) {
  return std::all_of(values.begin(), values.end(),
                     [](const auto& value) { return std::all_of(value.begin(), value.end(), [](float c) { return std::isfinite(c); }); });
}
template <size_t N>
void make_finite(std::vector<std::array<float, N>>& values, const char* what, NoteList& notes) {
  if (finite(values)) return;
  notes.add(fmt::format("{} that are no finite numbers became 0", what));
  for (auto& value : values)
    for (float& c : value)
      if (!std::isfinite(c)) c = 0;
}

/// From accessors or from a Draco mesh.
template <class Source>
void fill(GltfPrimitive& out, const Source& source, size_t uv_set, NoteList& notes) {
  out.positions = grouped<3>(source.floats(*source.find("POSITION"), 3));
  if (!finite(out.positions)) gltf_broken("a position that is no finite number");
  if (const auto at = source.find("NORMAL")) out.normals = grouped<3>(source.floats(*at, 3));
  if (!finite(out.normals)) {
    notes.add("normals that are no finite numbers are made again");
    out.normals.clear();
  }
  if (const auto at = source.find(fmt::format("TEXCOORD_{}", uv_set))) out.uvs = grouped<2>(source.floats(*at, 2));
  if (const auto at = source.find("COLOR_0")) {
    const size_t components = source.components(*at);
    if (components != 3 && components != 4) gltf_broken(fmt::format("colours of {} components", components));
    out.colours = colours_of(source.floats(*at, components), components);
  }
  make_finite(out.uvs, "texture coordinates", notes);
  make_finite(out.colours, "colours", notes);
  const auto joints = source.find("JOINTS_0"), weights = source.find("WEIGHTS_0");
  if (joints && weights) {
    const auto all = source.integers(*joints, 4);
    for (size_t i = 0; i + 3 < all.size(); i += 4) out.joints.push_back({all[i], all[i + 1], all[i + 2], all[i + 3]});
    out.weights = grouped<4>(source.floats(*weights, 4));
    make_finite(out.weights, "weights", notes);
    if (source.find("JOINTS_1")) notes.add("more than four joints a vertex: the others are left out");
  }
}

void check(const GltfPrimitive& p) {
  const size_t vertices = p.positions.size();
  for (const size_t other : {p.normals.size(), p.uvs.size(), p.colours.size(), p.joints.size(), p.weights.size()})
    if (other != 0 && other != vertices) gltf_broken(fmt::format("a primitive of {} positions has an attribute of {} elements", vertices, other));
  for (const Triangle& t : p.triangles)
    for (const uint32_t v : t)
      if (v >= vertices) gltf_broken(fmt::format("index {} of {} vertices", v, vertices));
}

/// Unpacked elements that the file may not have paid for are counted before they are made.
void check_counts(const GltfDocument& document, const Attributes& source, const std::optional<size_t>& indices) {
  const auto position = source.find("POSITION");
  if (!position) gltf_broken("a primitive without positions");
  if (document.count(*position) > kMaxSceneVertices || (indices && document.count(*indices) > 3 * kMaxSceneTriangles))
    throw Failure({ErrorCode::over_budget, "glTF: more than 16 million vertices or 32 million triangles"});
}

}  // namespace

std::optional<GltfPrimitive> read_gltf_primitive(const GltfDocument& document, const Json& primitive, const std::vector<UvUse>& uses, NoteList& notes) {
  const size_t mode = gltf_index(primitive, "mode").value_or(4);
  if (mode > 6) gltf_broken(fmt::format("primitive mode {}", mode));
  if (mode < 4) {
    notes.add("points and lines are left out");
    return {};
  }
  GltfPrimitive out;
  out.material = gltf_index(primitive, "material");
  if (out.material && *out.material >= uses.size()) gltf_broken(fmt::format("material {} of {}", *out.material, uses.size()));
  const UvUse use = out.material ? uses[*out.material] : UvUse();
  if (!gltf_member(primitive, "targets").is_null()) notes.add("morph targets are left out");
  const Attributes accessors(document, primitive);
  const auto indices = gltf_index(primitive, "indices");
  check_counts(document, accessors, indices);
  if (const Json& draco = gltf_member(gltf_member(primitive, "extensions"), "KHR_draco_mesh_compression"); !draco.is_null()) {
    const DracoAttributes packed(document, draco);
    out.triangles = packed.triangles();
    fill(out, packed, use.set, notes);
  } else {
    fill(out, accessors, use.set, notes);
    std::vector<uint32_t> order;
    if (indices) {
      order = document.integers(*indices, 1);
    } else {
      order.resize(out.positions.size());
      for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    }
    out.triangles = triangles_of(order, mode);
  }
  check(out);
  transform_uvs(out.uvs, use.transform);
  return out;
}

}  // namespace ptah
