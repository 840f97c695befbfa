#include "geometry/decimate.h"

#include "geometry/edge_collapse.h"
#include "geometry/quadric.h"

#include <algorithm>
#include <cmath>
#include <queue>

namespace ptah {

namespace {

class Decimator {
 public:
  explicit Decimator(const Mesh& mesh)
      : positions_(mesh.positions),
        triangles_(mesh.triangles),
        around_(mesh.positions.size()),
        quadrics_(mesh.positions.size()),
        versions_(mesh.positions.size(), 0) {
    for (auto& list : around_) list.reserve(12);
    for (uint32_t t = 0; t < triangles_.size(); ++t) {
      const Triangle& tri = triangles_[t];
      const Vec3 area = cross(positions_[tri[1]] - positions_[tri[0]], positions_[tri[2]] - positions_[tri[0]]);
      const Vec3 n = normalized(area);
      for (const uint32_t v : tri) {
        around_[v].push_back(t);
        quadrics_[v].add_plane(n, -dot(n, positions_[tri[0]]), length(area));
      }
    }
    for (const Triangle& tri : triangles_)
      for (size_t i = 0; i < 3; ++i)
        if (tri[i] < tri[(i + 1) % 3]) push(tri[i], tri[(i + 1) % 3]);
  }

  Mesh run(size_t target) {
    size_t left = triangles_.size();
    while (left > target && !queue_.empty()) {
      const CollapseCandidate c = queue_.top();
      queue_.pop();
      if (around_[c.a].empty() || around_[c.b].empty() || c.version != versions_[c.a] + versions_[c.b]) continue;
      const Vec3 to = place(c.a, c.b);
      if (!allowed(c.a, c.b) || turns(c.a, c.b, to) || turns(c.b, c.a, to)) continue;
      left -= collapse(c.a, c.b, to);
    }
    Mesh out;
    std::vector<uint32_t> index(positions_.size(), 0xFFFFFFFFU);
    for (const Triangle& tri : triangles_) {
      if (tri[0] == tri[1]) continue;
      Triangle kept{};
      for (size_t i = 0; i < 3; ++i) {
        uint32_t& slot = index[tri[i]];
        if (slot == 0xFFFFFFFFU) {
          slot = static_cast<uint32_t>(out.positions.size());
          out.positions.push_back(positions_[tri[i]]);
        }
        kept[i] = slot;
      }
      out.triangles.push_back(kept);
    }
    return out;
  }

 private:
  Vec3 place(uint32_t a, uint32_t b) const {
    Quadric q = quadrics_[a];
    q += quadrics_[b];
    const Vec3 middle = (positions_[a] + positions_[b]) * 0.5F;
    Vec3 best{};
    const float span = length(positions_[a] - positions_[b]);
    if (q.minimum(best) && length(best - middle) < 2 * span) return best;
    return middle;
  }

  void push(uint32_t a, uint32_t b) {
    if (a > b) std::swap(a, b);
    Quadric q = quadrics_[a];
    q += quadrics_[b];
    const float span = length(positions_[a] - positions_[b]);
    // A small price on length keeps flat parts even.
    queue_.push({std::max(0.0, q.error(place(a, b))) + 1e-9 * static_cast<double>(span) * span, a, b, versions_[a] + versions_[b]});
  }

  /// Vertices that share a triangle with v. On a closed surface each of them is the next one after v in exactly one of those triangles.
  void neighbours(uint32_t v, std::vector<uint32_t>& out) const {
    out.clear();
    for (const uint32_t t : around_[v]) {
      const Triangle& tri = triangles_[t];
      out.push_back(tri[0] == v ? tri[1] : tri[1] == v ? tri[2] : tri[0]);
    }
  }

  /// Link condition of a closed surface: the edge's ends have exactly two common neighbours; a tetrahedron is left alone.
  bool allowed(uint32_t a, uint32_t b) {
    const size_t both = around_[a].size() + around_[b].size();
    if (both <= 7 || both >= 26) return false;
    neighbours(a, near_a_);
    neighbours(b, near_b_);
    size_t common = 0;
    for (const uint32_t v : near_b_) common += std::find(near_a_.begin(), near_a_.end(), v) != near_a_.end();
    return common == 2;
  }

  bool turns(uint32_t v, uint32_t other, const Vec3& to) const {
    for (const uint32_t t : around_[v]) {
      const Triangle& tri = triangles_[t];
      if (tri[0] == other || tri[1] == other || tri[2] == other) continue;
      std::array<Vec3, 3> p{positions_[tri[0]], positions_[tri[1]], positions_[tri[2]]};
      const Vec3 before = cross(p[1] - p[0], p[2] - p[0]);
      for (size_t i = 0; i < 3; ++i)
        if (tri[i] == v) p[i] = to;
      const Vec3 after = cross(p[1] - p[0], p[2] - p[0]);
      if (dot(before, after) < 0.3F * length(before) * length(after)) return true;
      const float longest = std::max({length(p[1] - p[0]), length(p[2] - p[1]), length(p[0] - p[2])});
      if (length(after) < 0.02F * longest * longest) return true;
    }
    return false;
  }

  size_t collapse(uint32_t a, uint32_t b, const Vec3& to) {
    positions_[a] = to;
    quadrics_[a] += quadrics_[b];
    const size_t gone = collapse_edge(triangles_, around_, a, b);
    ++versions_[a];
    neighbours(a, near_a_);
    for (const uint32_t v : near_a_) push(a, v);
    return gone;
  }

  std::vector<Vec3> positions_;
  std::vector<Triangle> triangles_;
  std::vector<std::vector<uint32_t>> around_;
  std::vector<Quadric> quadrics_;
  std::vector<uint32_t> versions_;
  std::priority_queue<CollapseCandidate> queue_;
  std::vector<uint32_t> near_a_, near_b_;  ///< scratch
};

}  // namespace

Mesh decimate(const Mesh& mesh, size_t target) { return mesh.triangles.size() <= target ? mesh : Decimator(mesh).run(target); }

void smooth(Mesh& mesh, int rounds) {
  std::vector<Vec3> sums(mesh.positions.size());
  std::vector<float> counts(mesh.positions.size());
  for (int step = 0; step < 2 * rounds; ++step) {
    std::fill(sums.begin(), sums.end(), Vec3{0, 0, 0});
    std::fill(counts.begin(), counts.end(), 0.0F);
    for (const Triangle& t : mesh.triangles)
      for (size_t i = 0; i < 3; ++i) {  // every edge is seen from both of its triangles: once in each direction
        sums[t[i]] = sums[t[i]] + mesh.positions[t[(i + 1) % 3]];
        counts[t[i]] += 1;
      }
    const float factor = step % 2 == 0 ? 0.5F : -0.53F;
    for (size_t v = 0; v < mesh.positions.size(); ++v)
      if (counts[v] > 0) mesh.positions[v] = mesh.positions[v] + (sums[v] * (1 / counts[v]) - mesh.positions[v]) * factor;
  }
}

}  // namespace ptah
