#include "geometry/simplify.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <queue>
#include <unordered_map>

#include "geometry/bvh.h"
#include "geometry/edge_collapse.h"
#include "geometry/quadric.h"

namespace ptah {

namespace {

/// How a vertex may move: anywhere, along the line of a border, or not at all; a locked one takes no part.
enum class Freedom : uint8_t { free, border, corner, locked };

/// What a collapse may do to a triangle.
struct Limits {
  float cosine;  ///< between its normals before and after, at least
  float height;  ///< twice its area over the square of its longest edge, at least, unless it was lower before
};
constexpr std::array<Limits, 3> kLimits{{{0.5F, 0.04F}, {0.2F, 0.004F}, {0.02F, 1e-5F}}};
constexpr size_t kMaxAround = 160;
constexpr double kBorderWeight = 4;

class Simplifier {
 public:
  explicit Simplifier(const LabelledMesh& mesh)
      : original_(mesh.mesh.positions),
        triangles_(mesh.mesh.triangles),
        label_(mesh.label),
        around_(original_.size()),
        quadrics_(original_.size()),
        versions_(original_.size()),
        freedom_(original_.size(), Freedom::free),
        moved_(original_.size()),
        mark_(original_.size()) {
    const Box box = Box::of(original_);
    centre_ = (box.low + box.high) * 0.5F;
    size_ = std::max(length(box.high - box.low), 1e-30F);
    for (const Vec3& p : original_) positions_.push_back((p - centre_) * (1 / size_));
    for (uint32_t t = 0; t < triangles_.size(); ++t)
      for (const uint32_t v : triangles_[t]) around_[v].push_back(t);
    for (const Triangle& t : triangles_) add_planes(t);
    for (uint32_t v = 0; v < around_.size(); ++v) freedom_[v] = freedom_of(v);
  }

  LabelledMesh run(size_t target, const CancelToken* cancel) {
    size_t left = triangles_.size();
    // What costs little comes first, whatever it does to the triangles' forms; a corner goes when nothing else can.
    for (const double dearest : {1e-6, 1e-5, 1e-4, 1e-3, std::numeric_limits<double>::infinity()})
      for (size_t level = 0; level < kLimits.size() && left > target;) {
        limits_ = kLimits[level];
        const size_t before = left;
        pass(left, target, dearest, cancel);
        if (before - left < before / 100 + 1) ++level;
      }
    return result();
  }

 private:
  void add_planes(const Triangle& t) {
    const Vec3 area = cross(positions_[t[1]] - positions_[t[0]], positions_[t[2]] - positions_[t[0]]), n = normalized(area);
    for (const uint32_t v : t) quadrics_[v].add_plane(n, -dot(n, positions_[t[0]]), length(area));
    for (size_t i = 0; i < 3; ++i) {
      const uint32_t a = t[i], b = t[(i + 1) % 3];
      if (!border(a, b)) continue;
      const Vec3 along = positions_[b] - positions_[a], across = normalized(cross(along, n));
      for (const uint32_t v : {a, b}) quadrics_[v].add_plane(across, -dot(across, positions_[a]), kBorderWeight * dot(along, along));
    }
  }

  /// Whether an edge lies between two regions or at the end of the surface.
  bool border(uint32_t a, uint32_t b) const {
    int count = 0;
    uint32_t label = 0;
    for (const uint32_t t : around_[a]) {
      const Triangle& tri = triangles_[t];
      if (tri[0] != b && tri[1] != b && tri[2] != b) continue;
      if (++count > 1 && label != label_[t]) return true;
      label = label_[t];
    }
    return count != 2;
  }

  /// A vertex whose triangles are not one fan is locked; else its borders decide.
  Freedom freedom_of(uint32_t v) {
    std::unordered_map<uint32_t, std::array<int, 2>> spokes;  // triangles that come to and go from a neighbour
    for (const uint32_t t : around_[v]) {
      const Triangle& tri = triangles_[t];
      const size_t i = tri[0] == v ? 0 : tri[1] == v ? 1 : 2;
      ++spokes[tri[(i + 1) % 3]][0];
      ++spokes[tri[(i + 2) % 3]][1];
    }
    int borders = 0, ends = 0;
    for (const auto& [other, uses] : spokes) {
      if (uses[0] > 1 || uses[1] > 1) return Freedom::locked;
      ends += uses[0] + uses[1] == 1;
      borders += border(v, other);
    }
    if (ends > 2) return Freedom::locked;
    return borders == 0 ? Freedom::free : borders == 2 ? Freedom::border : Freedom::corner;
  }

  std::optional<Vec3> place(uint32_t a, uint32_t b) const {
    const Freedom fa = freedom_[a], fb = freedom_[b];
    if (fa == Freedom::locked || fb == Freedom::locked || (fa == Freedom::corner && fb == Freedom::corner)) return {};
    if (fa >= Freedom::border && fb >= Freedom::border && !border(a, b)) return {};
    if (fa > fb) return positions_[a];
    if (fb > fa) return positions_[b];
    Quadric q = quadrics_[a];
    q += quadrics_[b];
    const Vec3 middle = (positions_[a] + positions_[b]) * 0.5F;
    Vec3 best = positions_[a], optimum{};
    double smallest_error = q.error(best);
    const auto take = [&](const Vec3& p) {
      if (const double error = q.error(p); error < smallest_error) smallest_error = error, best = p;
    };
    take(positions_[b]);
    take(middle);
    if (q.minimum(optimum) && length(optimum - middle) < 2 * length(positions_[a] - positions_[b])) take(optimum);
    return best;
  }

  void push(uint32_t a, uint32_t b) {
    if (a > b) std::swap(a, b);
    const auto to = place(a, b);
    if (!to) return;
    Quadric q = quadrics_[a];
    q += quadrics_[b];
    const float span = length(positions_[a] - positions_[b]);
    queue_.push({std::max(0.0, q.error(*to)) + 1e-9 * static_cast<double>(span) * span, a, b, versions_[a] + versions_[b]});
  }

  void pass(size_t& left, size_t target, double dearest, const CancelToken* cancel) {
    queue_ = {};
    for (const Triangle& t : triangles_)
      if (t[0] != t[1])
        for (size_t i = 0; i < 3; ++i) {
          const uint32_t a = t[i], b = t[(i + 1) % 3];
          if (a < b || border(a, b)) push(a, b);
        }
    for (size_t step = 0; left > target && !queue_.empty(); ++step) {
      if (cancel && step % 4096 == 0) stop_if_cancelled(cancel);
      const CollapseCandidate c = queue_.top();
      if (c.cost > dearest) break;
      queue_.pop();
      if (around_[c.a].empty() || around_[c.b].empty() || c.version != versions_[c.a] + versions_[c.b]) continue;
      const auto to = place(c.a, c.b);
      if (!to || !keeps_topology(c.a, c.b) || turns(c.a, c.b, *to) || turns(c.b, c.a, *to)) continue;
      left -= collapse(c.a, c.b, *to);
    }
  }

  bool has(uint32_t t, uint32_t v) const { return triangles_[t][0] == v || triangles_[t][1] == v || triangles_[t][2] == v; }
  bool joined(uint32_t v, uint32_t c, uint32_t d, uint32_t without) const {
    return std::any_of(around_[v].begin(), around_[v].end(), [&](uint32_t t) { return has(t, c) && has(t, d) && !has(t, without); });
  }

  /// The link condition (Dey et al. 1999): what both ends are next to is what their edge is next to. And no line between regions is lost.
  bool keeps_topology(uint32_t a, uint32_t b) {
    if (around_[a].size() + around_[b].size() > kMaxAround) return false;
    std::array<uint32_t, 2> apex{};
    size_t shared = 0;
    for (const uint32_t t : around_[a])
      if (has(t, b)) {
        if (shared == 2) return false;
        for (const uint32_t v : triangles_[t])
          if (v != a && v != b) apex[shared] = v;
        ++shared;
      }
    if (shared == 0) return false;
    ++round_;
    for (const uint32_t t : around_[a])
      for (const uint32_t v : triangles_[t]) mark_[v] = round_;
    size_t common = 0;
    for (const uint32_t t : around_[b])
      for (const uint32_t v : triangles_[t])
        if (v != a && v != b && mark_[v] == round_) {
          ++common;
          mark_[v] = 0;
        }
    if (common != shared) return false;
    if (shared == 2 && joined(a, apex[0], apex[1], b) && joined(b, apex[0], apex[1], a)) return false;
    for (size_t i = 0; i < shared; ++i) {
      if (border(a, apex[i]) && border(b, apex[i])) return false;
      if (around_[apex[i]].size() <= (freedom_[apex[i]] == Freedom::free ? 3U : 1U)) return false;
    }
    return true;
  }

  bool turns(uint32_t v, uint32_t other, const Vec3& to) const {
    for (const uint32_t t : around_[v]) {
      if (has(t, other)) continue;
      const Triangle& tri = triangles_[t];
      std::array<Vec3, 3> p{positions_[tri[0]], positions_[tri[1]], positions_[tri[2]]};
      const auto longest = [&] { return std::max({length(p[1] - p[0]), length(p[2] - p[1]), length(p[0] - p[2])}); };
      const Vec3 before = cross(p[1] - p[0], p[2] - p[0]);
      const float edge_before = longest(), height_before = length(before) / std::max(edge_before * edge_before, 1e-30F);
      for (size_t i = 0; i < 3; ++i)
        if (tri[i] == v) p[i] = to;
      const Vec3 after = cross(p[1] - p[0], p[2] - p[0]);
      const float edge = longest(), height = length(after) / std::max(edge * edge, 1e-30F);
      if (height < 2e-6F || (height < limits_.height && height < height_before)) return true;
      if (height_before > 1e-6F && dot(before, after) < limits_.cosine * length(before) * length(after)) return true;
    }
    return false;
  }

  size_t collapse(uint32_t a, uint32_t b, const Vec3& to) {
    if (to == positions_[b]) {
      original_[a] = original_[b];
      moved_[a] = moved_[b];
    } else if (to != positions_[a]) {
      moved_[a] = 1;
    }
    positions_[a] = to;
    freedom_[a] = std::max(freedom_[a], freedom_[b]);
    quadrics_[a] += quadrics_[b];
    const size_t gone = collapse_edge(triangles_, around_, a, b);
    ++versions_[a];
    ++round_;
    for (const uint32_t t : around_[a])
      for (const uint32_t v : triangles_[t])
        if (v != a && mark_[v] != round_) {
          mark_[v] = round_;
          near_.push_back(v);
        }
    for (const uint32_t v : near_) push(a, v);
    near_.clear();
    return gone;
  }

  LabelledMesh result() const {
    LabelledMesh out;
    constexpr uint32_t kNone = ~uint32_t{0};
    std::vector<uint32_t> index(positions_.size(), kNone);
    for (size_t t = 0; t < triangles_.size(); ++t) {
      if (triangles_[t][0] == triangles_[t][1]) continue;
      Triangle kept{};
      for (size_t i = 0; i < 3; ++i) {
        const uint32_t v = triangles_[t][i];
        if (index[v] == kNone) {
          index[v] = static_cast<uint32_t>(out.mesh.positions.size());
          out.mesh.positions.push_back(moved_[v] ? positions_[v] * size_ + centre_ : original_[v]);
        }
        kept[i] = index[v];
      }
      out.mesh.triangles.push_back(kept);
      out.label.push_back(label_[t]);
    }
    return out;
  }

  std::vector<Vec3> original_, positions_;  ///< as they came, and about the middle of the box in diagonals of it
  std::vector<Triangle> triangles_;
  std::vector<uint32_t> label_;
  std::vector<std::vector<uint32_t>> around_;
  std::vector<Quadric> quadrics_;
  std::vector<uint32_t> versions_;
  std::vector<Freedom> freedom_;
  std::vector<char> moved_;
  std::vector<uint32_t> mark_;
  std::priority_queue<CollapseCandidate> queue_;
  std::vector<uint32_t> near_;
  Limits limits_{};
  Vec3 centre_{};
  float size_ = 1;
  uint32_t round_ = 0;
};

}  // namespace

Result<LabelledMesh> simplify(const LabelledMesh& mesh, size_t target, const CancelToken* cancel) {
  if (mesh.label.size() != mesh.mesh.triangles.size())
    return fail(ErrorCode::invalid_argument, "{} labels for {} triangles", mesh.label.size(), mesh.mesh.triangles.size());
  if (mesh.mesh.triangles.size() <= target) return mesh;
  return guard([&]() -> Result<LabelledMesh> { return Simplifier(mesh).run(target, cancel); });
}

void separate_fans(Mesh& mesh) {
  // Corners of triangles as a forest: those of one vertex are joined across an edge that exactly two triangles have, in opposite directions.
  std::vector<uint32_t> parent(mesh.triangles.size() * 3);
  for (uint32_t i = 0; i < parent.size(); ++i) parent[i] = i;
  const auto root = [&](uint32_t i) {
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
  };
  std::unordered_map<uint64_t, std::vector<uint32_t>> edges;  // corners at which an edge begins
  for (uint32_t i = 0; i < parent.size(); ++i) {
    const uint32_t a = mesh.triangles[i / 3][i % 3], b = mesh.triangles[i / 3][(i + 1) % 3];
    edges[uint64_t{std::min(a, b)} << 32 | std::max(a, b)].push_back(i);
  }
  const auto after = [](uint32_t i) { return i / 3 * 3 + (i + 1) % 3; };
  for (const auto& [key, begins] : edges)
    for (size_t k = 1; k < begins.size(); ++k) {
      // Two triangles: a pair. More: every one with every other, which leaves the vertex whole and thus locked.
      const uint32_t i = begins[0], j = begins[k];
      const bool along = mesh.triangles[i / 3][i % 3] == mesh.triangles[j / 3][j % 3];
      parent[root(i)] = root(along ? j : after(j));
      parent[root(after(i))] = root(along ? after(j) : j);
    }
  std::unordered_map<uint32_t, uint32_t> vertex;  // of a root
  std::vector<char> taken(mesh.positions.size());
  for (uint32_t i = 0; i < parent.size(); ++i) {
    uint32_t& v = mesh.triangles[i / 3][i % 3];
    const auto [at, added] = vertex.emplace(root(i), v);
    if (added && taken[v]) {
      at->second = static_cast<uint32_t>(mesh.positions.size());
      mesh.positions.push_back(mesh.positions[v]);
    }
    taken[v] = 1;
    v = at->second;
  }
}

}  // namespace ptah
