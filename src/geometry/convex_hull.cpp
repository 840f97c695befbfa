#include "geometry/convex_hull.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "geometry/bvh.h"

namespace ptah {

namespace {

__extension__ typedef __int128 Int128;
using Place = std::array<int64_t, 3>;  ///< on the grid, 0 to 2^30

constexpr int kBits = 30;
constexpr int64_t kMaxDecisions = 4'000'000'000;
constexpr uint32_t kNone = ~uint32_t{0};

Place operator-(const Place& a, const Place& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }
/// Components below 2^62.
Place cross(const Place& a, const Place& b) { return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]}; }
Int128 dot(const Place& a, const Place& b) {
  Int128 sum = 0;
  for (size_t i = 0; i < 3; ++i) sum += static_cast<Int128>(a[i]) * b[i];
  return sum;
}

struct Face {
  std::array<uint32_t, 3> corner{};
  std::array<uint32_t, 3> beside{};  ///< the face across the edge from corner i to the next
  Place normal{};
  std::vector<uint32_t> outside;  ///< points in front of this face and of no earlier one
  bool gone = false;
};

class Quickhull {
 public:
  Quickhull(std::vector<Place> places, const CancelToken* cancel) : at_(std::move(places)), cancel_(cancel) {}

  bool run() {
    if (!begin()) return false;
    std::vector<uint32_t> open{0, 1, 2, 3};
    while (!open.empty()) {
      const uint32_t f = open.back();
      if (faces_[f].gone || faces_[f].outside.empty()) {
        open.pop_back();
        continue;
      }
      if (cancel_) stop_if_cancelled(cancel_);
      const size_t before = faces_.size();
      add(f, furthest(f));
      for (size_t i = before; i < faces_.size(); ++i) open.push_back(static_cast<uint32_t>(i));
    }
    return true;
  }
  const std::vector<Face>& faces() const { return faces_; }

 private:
  /// Above 0 where a point lies in front of a face.
  Int128 height(const Face& f, uint32_t p) {
    if (++decisions_ > kMaxDecisions) throw Failure({ErrorCode::over_budget, "the convex hull takes more than 4000000000 decisions"});
    return dot(f.normal, at_[p] - at_[f.corner[0]]);
  }

  /// The furthest point of those in front; of several the last by its coordinates, which is a corner of the hull.
  uint32_t furthest(uint32_t f) {
    uint32_t best = kNone;
    Int128 largest = 0;
    for (const uint32_t p : faces_[f].outside) {
      const Int128 here = height(faces_[f], p);
      if (here > largest || (here == largest && best != kNone && at_[p] > at_[best])) largest = here, best = p;
    }
    return best;
  }

  template <class Measure>
  uint32_t extreme(const Measure& measure) const {
    uint32_t best = 0;
    Int128 largest = measure(0);
    for (uint32_t p = 1; p < at_.size(); ++p) {
      const Int128 here = measure(p);
      if (here > largest || (here == largest && at_[p] > at_[best])) largest = here, best = p;
    }
    return best;
  }

  /// Four corners that are not in one plane.
  bool begin() {
    if (at_.size() < 4) return false;
    const auto [low, high] = std::minmax_element(at_.begin(), at_.end());
    const auto a = static_cast<uint32_t>(low - at_.begin()), b = static_cast<uint32_t>(high - at_.begin());
    uint32_t c = kNone;
    for (size_t axis = 0; axis < 3 && c == kNone; ++axis) {
      Place along{};
      along[axis] = 1;
      const Place across = cross(at_[b] - at_[a], along);
      for (const int sign : {1, -1}) {
        const uint32_t p = extreme([&](uint32_t i) { return sign * dot(across, at_[i] - at_[a]); });
        if (c == kNone && dot(across, at_[p] - at_[a]) != 0) c = p;
      }
    }
    if (c == kNone) return false;
    const Place normal = cross(at_[b] - at_[a], at_[c] - at_[a]);
    uint32_t d = extreme([&](uint32_t i) { return dot(normal, at_[i] - at_[a]); });
    std::array<uint32_t, 3> base{a, b, c};
    if (dot(normal, at_[d] - at_[a]) > 0) {
      std::swap(base[1], base[2]);
    } else {
      d = extreme([&](uint32_t i) { return -dot(normal, at_[i] - at_[a]); });
      if (dot(normal, at_[d] - at_[a]) == 0) return false;
    }
    // The base looks away from d; the others stand on its edges.
    make({base[0], base[1], base[2]}, {1, 2, 3});
    for (size_t i = 0; i < 3; ++i) {
      const auto before = static_cast<uint32_t>(1 + (i + 2) % 3), after = static_cast<uint32_t>(1 + (i + 1) % 3);
      make({base[(i + 1) % 3], base[i], d}, {0, before, after});
    }
    std::vector<uint32_t> all;
    for (uint32_t p = 0; p < at_.size(); ++p)
      if (p != a && p != b && p != c && p != d) all.push_back(p);
    share(all, 0);
    return true;
  }

  void make(const std::array<uint32_t, 3>& corner, const std::array<uint32_t, 3>& beside) {
    faces_.push_back({corner, beside, cross(at_[corner[1]] - at_[corner[0]], at_[corner[2]] - at_[corner[0]]), {}, false});
  }

  /// Each point to the first face, from `first` on, that it is in front of; what is in front of none is inside.
  void share(const std::vector<uint32_t>& points, size_t first) {
    for (const uint32_t p : points)
      for (size_t f = first; f < faces_.size(); ++f)
        if (height(faces_[f], p) > 0) {
          faces_[f].outside.push_back(p);
          break;
        }
  }

  /// A new corner: the faces that it sees go, and a cone of new ones stands on their rim, which is one closed line.
  void add(uint32_t start, uint32_t p) {
    std::vector<uint32_t> seen{start}, points;
    faces_[start].gone = true;
    struct Rim {
      uint32_t from, to, face;
    };
    std::vector<Rim> rim;
    for (size_t i = 0; i < seen.size(); ++i) {
      const Face here = faces_[seen[i]];
      points.insert(points.end(), here.outside.begin(), here.outside.end());
      for (size_t k = 0; k < 3; ++k) {
        Face& other = faces_[here.beside[k]];
        if (other.gone) continue;
        if (height(other, p) > 0) {
          other.gone = true;
          seen.push_back(here.beside[k]);
        } else {
          rim.push_back({here.corner[k], here.corner[(k + 1) % 3], here.beside[k]});
        }
      }
      faces_[seen[i]].outside = {};
    }
    // An edge may have been met before the face behind it was found to go.
    std::erase_if(rim, [&](const Rim& r) { return faces_[r.face].gone; });
    const size_t first = faces_.size();
    std::unordered_map<uint32_t, uint32_t> from;  // the new face on the rim's edge that begins there
    for (size_t i = 0; i < rim.size(); ++i) from[rim[i].from] = static_cast<uint32_t>(first + i);
    for (size_t i = 0; i < rim.size(); ++i) {
      const auto [a, b, face] = rim[i];
      make({a, b, p}, {face, from.at(b), kNone});
      Face& other = faces_[face];
      for (size_t k = 0; k < 3; ++k)
        if (other.corner[k] == b && other.corner[(k + 1) % 3] == a) other.beside[k] = static_cast<uint32_t>(first + i);
    }
    for (size_t i = 0; i < rim.size(); ++i) faces_[from.at(rim[i].to)].beside[2] = static_cast<uint32_t>(first + i);
    std::erase(points, p);
    share(points, first);
  }

  std::vector<Place> at_;
  std::vector<Face> faces_;
  const CancelToken* cancel_;
  int64_t decisions_ = 0;
};

}  // namespace

Result<Mesh> convex_hull(std::span<const Vec3> points, const CancelToken* cancel) {
  return guard([&]() -> Result<Mesh> {
    for (const Vec3& p : points)
      if (!std::isfinite(p[0]) || !std::isfinite(p[1]) || !std::isfinite(p[2])) return fail(ErrorCode::invalid_argument, "a point is not finite");
    if (points.empty()) return fail(ErrorCode::invalid_argument, "no points have no convex hull");
    const Box box = Box::of(points);
    double edge = 0;
    for (size_t i = 0; i < 3; ++i) edge = std::max(edge, static_cast<double>(box.high[i]) - static_cast<double>(box.low[i]));
    const double scale = edge > 0 ? std::ldexp(1.0, kBits - 1 - std::ilogb(edge)) : 0;
    std::vector<std::pair<Place, uint32_t>> sorted;
    for (uint32_t v = 0; v < points.size(); ++v) {
      Place place{};
      for (size_t i = 0; i < 3; ++i) place[i] = std::llround((static_cast<double>(points[v][i]) - static_cast<double>(box.low[i])) * scale);
      sorted.emplace_back(place, v);
    }
    std::sort(sorted.begin(), sorted.end());
    sorted.erase(std::unique(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first == b.first; }), sorted.end());
    std::vector<Place> places;
    for (const auto& [place, v] : sorted) places.push_back(place);
    Quickhull hull(std::move(places), cancel);
    if (!hull.run()) return fail(ErrorCode::invalid_argument, "all points lie in one plane: they have no convex hull with a volume");
    Mesh out;
    std::vector<uint32_t> index(sorted.size(), kNone);
    for (const Face& f : hull.faces()) {
      if (f.gone) continue;
      Triangle t{};
      for (size_t i = 0; i < 3; ++i) {
        uint32_t& slot = index[f.corner[i]];
        if (slot == kNone) {
          slot = static_cast<uint32_t>(out.positions.size());
          out.positions.push_back(points[sorted[f.corner[i]].second]);
        }
        t[i] = slot;
      }
      out.triangles.push_back(t);
    }
    return out;
  });
}

}  // namespace ptah
