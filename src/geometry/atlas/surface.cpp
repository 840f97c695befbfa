#include "geometry/atlas/surface.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ptah::atlas {

namespace {

/// The first vertex of equal position, for each.
std::vector<uint32_t> joined_vertices(const std::vector<Vec3>& positions) {
  std::vector<uint32_t> order(positions.size()), first(positions.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return positions[a] != positions[b] ? positions[a] < positions[b] : a < b; });
  for (size_t i = 0; i < order.size(); ++i) first[order[i]] = i && positions[order[i]] == positions[order[i - 1]] ? first[order[i - 1]] : order[i];
  return first;
}

void find_opposites(Surface& surface) {
  const auto count = static_cast<uint32_t>(surface.triangles.size() * 3);
  struct Key {
    uint64_t edge;
    uint32_t half;
  };
  std::vector<Key> keys;
  keys.reserve(count);
  for (uint32_t h = 0; h < count; ++h) {
    if (surface.areas[h / 3] <= 0) continue;
    const uint64_t a = surface.start(h), b = surface.end(h);
    keys.push_back({std::min(a, b) << 32 | std::max(a, b), h});
  }
  std::sort(keys.begin(), keys.end(), [](const Key& a, const Key& b) { return a.edge != b.edge ? a.edge < b.edge : a.half < b.half; });
  surface.opposite.assign(count, kNone);
  surface.bend.assign(count, 2.0F);
  for (size_t at = 0; at < keys.size();) {
    size_t end = at;
    while (end < keys.size() && keys[end].edge == keys[at].edge) ++end;
    if (end - at == 2) {
      const uint32_t a = keys[at].half, b = keys[at + 1].half;
      if (surface.start(a) == surface.end(b) && a / 3 != b / 3) {
        surface.opposite[a] = b;
        surface.opposite[b] = a;
        surface.bend[a] = surface.bend[b] = 1 - dot(surface.normals[a / 3], surface.normals[b / 3]);
      }
    }
    at = end;
  }
}

}  // namespace

Result<Surface> surface_of(const Mesh& mesh, bool join_equal_positions) {
  Surface out;
  out.positions = mesh.positions;
  out.triangles = mesh.triangles;
  for (const Vec3& p : mesh.positions)
    for (const float v : p)
      if (!std::isfinite(v) || std::abs(v) > 1e15F) return fail(ErrorCode::invalid_argument, "a mesh with a position that is no number");
  for (const Triangle& t : mesh.triangles)
    for (const uint32_t v : t)
      if (v >= mesh.positions.size()) return fail(ErrorCode::invalid_argument, "a triangle with vertex {} of a mesh that has {}", v, mesh.positions.size());
  if (join_equal_positions) {
    const std::vector<uint32_t> first = joined_vertices(mesh.positions);
    for (Triangle& t : out.triangles)
      for (uint32_t& v : t) v = first[v];
  }
  out.normals.resize(out.triangles.size());
  out.areas.assign(out.triangles.size(), 0.0F);
  for (size_t t = 0; t < out.triangles.size(); ++t) {
    const auto& [a, b, c] = out.triangles[t];
    const Vec3 &p = out.positions[a], &q = out.positions[b], &r = out.positions[c];
    const Vec3 across = cross(q - p, r - p);
    const float twice = length(across), longest = std::max({length(q - p), length(r - q), length(p - r)});
    // Thinner than a thousandth of a percent of its length: there is nothing to see, and its angles are noise.
    if (a == b || b == c || c == a || !(twice > longest * longest * 1e-5F) || !(twice > 1e-30F)) continue;
    out.normals[t] = across * (1 / twice);
    out.areas[t] = twice / 2;
  }
  find_opposites(out);
  return out;
}

}  // namespace ptah::atlas
