#include "geometry/atlas/cluster.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <queue>

#include "base/parallel.h"

namespace ptah::atlas {

namespace {

struct Cluster {
  std::array<double, 3> sum{};  ///< of area vectors
  double area = 0, border = 0;
  uint32_t version = 0;
  std::vector<std::pair<uint32_t, double>> neighbours;  ///< and the length of what they share
  double disunity() const { return area - std::sqrt(sum[0] * sum[0] + sum[1] * sum[1] + sum[2] * sum[2]); }
};

struct Candidate {
  double cost;
  uint32_t a, b, version_a, version_b;
  bool operator<(const Candidate& other) const {  // the cheapest is on top
    if (cost != other.cost) return cost > other.cost;
    return a != other.a ? a > other.a : b > other.b;
  }
};

class Clusters {
 public:
  Clusters(const Surface& s, double unity) : surface_(s), unity_(unity), clusters_(s.triangles.size()), into_(s.triangles.size()) {
    for (uint32_t f = 0; f < clusters_.size(); ++f) {
      into_[f] = f;
      Cluster& c = clusters_[f];
      c.area = static_cast<double>(s.areas[f]);
      for (size_t k = 0; k < 3; ++k) c.sum[k] = static_cast<double>(s.normals[f][k]) * c.area;
      for (uint32_t h = 3 * f; h < 3 * f + 3; ++h) {
        const auto length = static_cast<double>(s.edge_length(h));
        c.border += length;
        if (s.opposite[h] != kNone) c.neighbours.emplace_back(s.opposite[h] / 3, length);
      }
    }
    for (uint32_t f = 0; f < clusters_.size(); ++f)
      for (const auto& [other, length] : clusters_[f].neighbours)
        if (f < other) offer(f, other, length);
  }

  std::vector<uint32_t> run(uint32_t& count) {
    while (!queue_.empty()) {
      const Candidate best = queue_.top();
      queue_.pop();
      if (clusters_[best.a].version == best.version_a && clusters_[best.b].version == best.version_b) merge(best.a, best.b);
    }
    std::vector<uint32_t> number(clusters_.size(), kNone), out(clusters_.size(), kNone);
    count = 0;
    for (uint32_t f = 0; f < out.size(); ++f) {
      if (surface_.areas[f] <= 0) continue;
      uint32_t root = f;
      while (into_[root] != root) root = into_[root] = into_[into_[root]];
      if (number[root] == kNone) number[root] = count++;
      out[f] = number[root];
    }
    return out;
  }

 private:
  void offer(uint32_t a, uint32_t b, double shared) {
    const Cluster &x = clusters_[a], &y = clusters_[b];
    Cluster both;
    for (size_t k = 0; k < 3; ++k) both.sum[k] = x.sum[k] + y.sum[k];
    both.area = x.area + y.area;
    const double border = x.border + y.border - 2 * shared;
    if (both.disunity() > (1 - unity_) * both.area) return;
    // Ward's: how much disagreement is added; round pieces are preferred.
    const double added = std::max(0.0, both.disunity() - x.disunity() - y.disunity()) + 1e-4 * both.area;
    queue_.push({added * (0.3 + border * border / (4 * std::numbers::pi * both.area)), std::min(a, b), std::max(a, b), a < b ? x.version : y.version,
                 a < b ? y.version : x.version});
  }

  void merge(uint32_t a, uint32_t b) {
    if (clusters_[a].neighbours.size() < clusters_[b].neighbours.size()) std::swap(a, b);
    Cluster &x = clusters_[a], &y = clusters_[b];
    into_[b] = a;
    ++x.version;
    y.version = kNone;
    for (size_t k = 0; k < 3; ++k) x.sum[k] += y.sum[k];
    x.area += y.area;
    x.border += y.border;
    for (const auto& [other, length] : x.neighbours)
      if (other == b) x.border -= 2 * length;
    auto all = std::move(x.neighbours);
    for (const auto& [other, length] : y.neighbours) {
      all.emplace_back(other, length);
      if (other == a) continue;
      for (auto& [third, ignored] : clusters_[other].neighbours)
        if (third == b) third = a;
    }
    y.neighbours = {};
    std::sort(all.begin(), all.end());
    x.neighbours.clear();
    for (const auto& [other, length] : all) {
      if (other == a || other == b) continue;
      if (!x.neighbours.empty() && x.neighbours.back().first == other)
        x.neighbours.back().second += length;
      else
        x.neighbours.emplace_back(other, length);
    }
    for (const auto& [other, length] : x.neighbours) {
      unite(clusters_[other].neighbours, a, length);
      offer(a, other, length);
    }
  }

  /// One entry for a neighbour that had become two.
  static void unite(std::vector<std::pair<uint32_t, double>>& list, uint32_t a, double length) {
    bool found = false;
    std::erase_if(list, [&](auto& entry) {
      if (entry.first != a) return false;
      if (found) return true;
      found = true;
      entry.second = length;
      return false;
    });
  }

  const Surface& surface_;
  double unity_;
  std::vector<Cluster> clusters_;
  std::vector<uint32_t> into_;
  std::priority_queue<Candidate> queue_;
};

constexpr int kSmoothings = 4, kSpread = 4;

/// Shares of clusters that have spread to a face, the largest three.
struct Shares {
  std::array<uint32_t, 3> label{kNone, kNone, kNone};
  std::array<float, 3> share{};
  void add(uint32_t which, float much) {
    size_t smallest = 0;
    for (size_t i = 0; i < 3; ++i) {
      if (label[i] == which) {
        share[i] += much;
        return;
      }
      if (share[i] < share[smallest]) smallest = i;
    }
    if (share[smallest] >= much) return;
    label[smallest] = which;
    share[smallest] = much;
  }
  bool pure() const { return share[1] == 0 && share[2] == 0; }
};

/// Straightens the borders of clusters: their indicator functions diffuse for some steps, little over bent edges, and each face goes to the largest (Merriman,
/// Bence and Osher 1992).
void smooth(const Surface& s, std::vector<uint32_t>& label) {
  std::vector<Shares> now(label.size()), next;
  for (size_t f = 0; f < label.size(); ++f)
    if (label[f] != kNone) now[f].add(label[f], 1);
  std::vector<float> flow(s.opposite.size(), 0);
  for (uint32_t h = 0; h < flow.size(); ++h)
    if (s.opposite[h] != kNone) flow[h] = std::exp(-12 * std::max(0.0F, s.bend[h]));
  for (int step = 0; step < kSpread; ++step) {
    next = now;
    parallel_for(static_cast<int64_t>(label.size()), 40, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const auto f = static_cast<uint32_t>(i);
        bool still = now[f].pure();
        for (uint32_t h = 3 * f; still && h < 3 * f + 3; ++h) {
          if (s.opposite[h] == kNone) continue;
          const Shares& other = now[s.opposite[h] / 3];
          still = other.pure() && other.label[0] == now[f].label[0];
        }
        if (still) continue;
        Shares made;
        for (size_t k = 0; k < 3; ++k) made.add(now[f].label[k], now[f].share[k] * 0.25F);
        for (uint32_t h = 3 * f; h < 3 * f + 3; ++h) {
          const float part = 0.25F * flow[h];
          const Shares& from = s.opposite[h] == kNone ? now[f] : now[s.opposite[h] / 3];
          for (size_t k = 0; k < 3; ++k) {
            if (part > 0) made.add(from.label[k], from.share[k] * part);
            made.add(now[f].label[k], now[f].share[k] * (0.25F - part));
          }
        }
        next[f] = made;
      }
    });
    std::swap(now, next);
  }
  for (size_t f = 0; f < label.size(); ++f) {
    if (label[f] == kNone) continue;
    size_t best = 0;
    for (size_t k = 1; k < 3; ++k)
      if (now[f].share[k] > now[f].share[best] || (now[f].share[k] == now[f].share[best] && now[f].label[k] < now[f].label[best])) best = k;
    if (now[f].label[best] != kNone) label[f] = now[f].label[best];
  }
}

constexpr float kHard = 0.18F;  // Surface::bend of edges that borders keep to

/// Takes teeth off the borders: a triangle with two sides at one other cluster goes over to it, which makes the border shorter. Hard edges stay borders.
void straighten(const Surface& s, std::vector<uint32_t>& label) {
  for (int sweep = 0; sweep < 6; ++sweep) {
    size_t moved = 0;
    for (uint32_t f = 0; f < label.size(); ++f) {
      if (label[f] == kNone) continue;
      std::array<uint32_t, 3> across{kNone, kNone, kNone};
      for (uint32_t k = 0; k < 3; ++k) {
        const uint32_t h = 3 * f + k, other = s.opposite[h];
        if (other != kNone && s.bend[h] < kHard && label[other / 3] != label[f]) across[k] = label[other / 3];
      }
      for (size_t k = 0; k < 3; ++k) {
        if (across[k] == kNone || across[k] != across[(k + 1) % 3]) continue;
        label[f] = across[k];
        ++moved;
        break;
      }
    }
    if (moved == 0) return;
  }
}

/// Connected faces of one label, numbered.
std::vector<uint32_t> components(const Surface& s, const std::vector<uint32_t>& label, uint32_t& count) {
  std::vector<uint32_t> out(label.size(), kNone), stack;
  count = 0;
  for (uint32_t first = 0; first < label.size(); ++first) {
    if (label[first] == kNone || out[first] != kNone) continue;
    stack.assign(1, first);
    out[first] = count;
    while (!stack.empty()) {
      const uint32_t f = stack.back();
      stack.pop_back();
      for (uint32_t h = 3 * f; h < 3 * f + 3; ++h) {
        if (s.opposite[h] == kNone) continue;
        const uint32_t other = s.opposite[h] / 3;
        if (out[other] != kNone || label[other] != label[f]) continue;
        out[other] = count;
        stack.push_back(other);
      }
    }
    ++count;
  }
  return out;
}

}  // namespace

std::vector<uint32_t> cluster_faces(const Surface& surface, double unity, uint32_t& count) {
  std::vector<uint32_t> out = Clusters(surface, unity).run(count);
  for (int round = 0; round < kSmoothings; ++round) smooth(surface, out);
  straighten(surface, out);
  return components(surface, out, count);
}

std::vector<char> halves_of(const Surface& s, const std::vector<uint32_t>& faces, const std::vector<uint32_t>& chart, uint32_t id,
                            const std::vector<uint32_t>& place) {
  Vec3 mean{};
  for (const uint32_t f : faces) mean = mean + s.normals[f] * s.areas[f];
  mean = normalized(mean);
  const auto farthest = [&](const Vec3& from, float tie) {
    uint32_t best = 0;
    float smallest = 1e30F;
    for (uint32_t i = 0; i < faces.size(); ++i)
      if (const float value = dot(s.normals[faces[i]], from) + tie * static_cast<float>(i == 0); value < smallest) smallest = value, best = i;
    return best;
  };
  const uint32_t first = farthest(mean, 0);
  uint32_t second = farthest(s.normals[faces[first]], 0);
  if (second == first) second = first ? 0 : 1;
  std::vector<char> side(faces.size(), 2);
  struct Step {
    float cost;
    uint32_t face;
    char side;
    bool operator<(const Step& other) const { return cost != other.cost ? cost > other.cost : face > other.face; }
  };
  std::priority_queue<Step> queue;
  queue.push({0, first, 0});
  queue.push({0, second, 1});
  const std::array<Vec3, 2> seed{s.normals[faces[first]], s.normals[faces[second]]};
  const float scale = std::sqrt(s.areas[faces[first]] + 1e-30F);
  while (!queue.empty()) {
    const Step step = queue.top();
    queue.pop();
    if (side[step.face] != 2) continue;
    side[step.face] = step.side;
    for (uint32_t h = 3 * faces[step.face]; h < 3 * faces[step.face] + 3; ++h) {
      if (s.opposite[h] == kNone || chart[s.opposite[h] / 3] != id) continue;
      const uint32_t next = place[s.opposite[h] / 3];
      if (side[next] != 2) continue;
      const float turn = 1 - dot(s.normals[faces[next]], seed[static_cast<uint8_t>(step.side)]);
      queue.push({step.cost + turn + 0.05F * s.edge_length(h) / scale, next, step.side});
    }
  }
  for (char& v : side) v = v == 1 ? 1 : 0;
  return side;
}

}  // namespace ptah::atlas
