#include <algorithm>
#include <cmath>

#include "media/mesh/gltf_parts.h"

namespace ptah {

namespace {

constexpr size_t kMaxNodeDepth = 64, kMaxPathBytes = size_t{1} << 26;

std::string level_of(const Json& object, const std::string& usual) { return path_level(text_at(object, "name"), usual); }

Matrix4 local_matrix(const Json& node) {
  Matrix4 m = identity4();
  if (gltf_numbers(node, "matrix", m)) return m;
  double t[3] = {0, 0, 0}, q[4] = {0, 0, 0, 1}, s[3] = {1, 1, 1};
  gltf_numbers(node, "translation", t);
  gltf_numbers(node, "rotation", q);
  gltf_numbers(node, "scale", s);
  const double size = std::sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3]);
  if (size < 1e-9) gltf_broken("a rotation of length 0");
  for (double& value : q) value /= size;
  const auto [x, y, z, w] = q;
  const double r[9] = {1 - 2 * (y * y + z * z), 2 * (x * y + z * w),     2 * (x * z - y * w),  //
                       2 * (x * y - z * w),     1 - 2 * (x * x + z * z), 2 * (y * z + x * w),  //
                       2 * (x * z + y * w),     2 * (y * z - x * w),     1 - 2 * (x * x + y * y)};
  for (size_t column = 0; column < 3; ++column)
    for (size_t row = 0; row < 3; ++row) m[column * 4 + row] = r[column * 3 + row] * s[column];
  for (size_t row = 0; row < 3; ++row) m[12 + row] = t[row];
  return m;
}

/// Indices of a list that may be missing.
std::vector<size_t> indices_of(const Json& object, const char* key) {
  std::vector<size_t> out;
  const Json& list = gltf_member(object, key);
  if (list.is_null()) return out;
  if (!list.is_array()) gltf_broken(fmt::format("{} is no array", key));
  for (const Json& item : list) {
    if (!item.is_number_unsigned()) gltf_broken(fmt::format("{} has what is no index", key));
    out.push_back(item.get<size_t>());
  }
  return out;
}

/// The nodes that a scene begins with; all that are nobody's child without a scene.
std::vector<size_t> roots_of(const GltfDocument& document) {
  if (document.size("scenes") > 0) return indices_of(document.entry("scenes", gltf_index(document.json(), "scene").value_or(0)), "nodes");
  std::vector<char> child(document.size("nodes"));
  for (size_t i = 0; i < child.size(); ++i)
    for (const size_t c : indices_of(document.entry("nodes", i), "children"))
      if (c < child.size()) child[c] = 1;
  std::vector<size_t> out;
  for (size_t i = 0; i < child.size(); ++i)
    if (!child[i]) out.push_back(i);
  return out;
}

}  // namespace

Matrix4 identity4() { return {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1}; }

Matrix4 operator*(const Matrix4& a, const Matrix4& b) {
  Matrix4 out{};
  for (size_t column = 0; column < 4; ++column)
    for (size_t row = 0; row < 4; ++row)
      for (size_t k = 0; k < 4; ++k) out[column * 4 + row] += a[k * 4 + row] * b[column * 4 + k];
  return out;
}

Vec3 transformed(const Matrix4& m, const Vec3& p) {
  Vec3 out;
  for (size_t row = 0; row < 3; ++row)
    out[row] =
        static_cast<float>(m[row] * static_cast<double>(p[0]) + m[4 + row] * static_cast<double>(p[1]) + m[8 + row] * static_cast<double>(p[2]) + m[12 + row]);
  return out;
}

double determinant(const Matrix4& m) { return m[0] * (m[5] * m[10] - m[9] * m[6]) - m[4] * (m[1] * m[10] - m[9] * m[2]) + m[8] * (m[1] * m[6] - m[5] * m[2]); }

GltfNodes read_gltf_nodes(const GltfDocument& document) {
  struct Open {
    size_t node, depth;
    Matrix4 above;
    std::string path;
  };
  GltfNodes out;
  out.world.assign(document.size("nodes"), identity4());
  std::vector<char> seen(out.world.size());
  const std::vector<size_t> roots = roots_of(document);
  std::vector<Open> open;
  // A single root that only holds the others is the scene's name.
  const bool one_above = roots.size() == 1 && !gltf_index(document.entry("nodes", roots[0]), "mesh");
  if (one_above) out.name = level_of(document.entry("nodes", roots[0]), "");
  for (auto root = roots.rbegin(); root != roots.rend(); ++root) open.push_back({*root, 1, identity4(), ""});
  size_t path_bytes = 0;
  while (!open.empty()) {
    Open at = std::move(open.back());
    open.pop_back();
    const Json& node = document.entry("nodes", at.node);
    if (seen[at.node]++) gltf_broken(fmt::format("node {} stands in two places", at.node));
    if (at.depth > kMaxNodeDepth) throw Failure({ErrorCode::unsupported, fmt::format("glTF: nodes within each other more than {} deep", kMaxNodeDepth)});
    out.world[at.node] = at.above * local_matrix(node);
    std::string path = std::move(at.path);
    if (!(one_above && at.depth == 1)) path = fmt::format("{}{}{}", path, path.empty() ? "" : "/", level_of(node, fmt::format("node {}", at.node)));
    path_bytes += path.size();
    if (path_bytes > kMaxPathBytes) throw Failure({ErrorCode::over_budget, "glTF: more than 64 MiB of node names"});
    if (const auto mesh = gltf_index(node, "mesh")) {
      document.entry("meshes", *mesh);
      out.meshes.push_back({at.node, *mesh, path, gltf_index(node, "skin")});
    }
    const std::vector<size_t> children = indices_of(node, "children");
    for (auto child = children.rbegin(); child != children.rend(); ++child) open.push_back({*child, at.depth + 1, out.world[at.node], path});
    if (open.size() > 4 * out.world.size() + 4) gltf_broken("nodes that stand in several places");
  }
  return out;
}

}  // namespace ptah
