#include "geometry/isosurface.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace ptah {

namespace {

/// The six orders in which a path from corner (0,0,0) to (1,1,1) can take the axes; each is a tetrahedron. Corners are bit masks.
constexpr std::array<std::array<int, 4>, 6> kTetrahedra{{{0, 1, 3, 7}, {0, 3, 2, 7}, {0, 2, 6, 7}, {0, 6, 4, 7}, {0, 4, 5, 7}, {0, 5, 1, 7}}};

class Marcher {
 public:
  explicit Marcher(const Grid& grid) : grid_(grid), plane_(grid.nx * grid.ny), edges_(static_cast<size_t>(2 * plane_ * 7), kNone) {}

  Mesh run() {
    for (int64_t z = 0; z + 1 < grid_.nz; ++z) {
      std::fill_n(edges_.begin() + (z + 1) % 2 * plane_ * 7, plane_ * 7, kNone);
      for (int64_t y = 0; y + 1 < grid_.ny; ++y)
        for (int64_t x = 0; x + 1 < grid_.nx; ++x) cell(x, y, z);
    }
    return std::move(mesh_);
  }

 private:
  static constexpr uint32_t kNone = 0xFFFFFFFFU;

  void cell(int64_t x, int64_t y, int64_t z) {
    std::array<int64_t, 8> index{};
    int inside = 0;
    for (int c = 0; c < 8; ++c) {
      index[static_cast<size_t>(c)] = ((z + (c >> 2)) * grid_.ny + y + (c >> 1 & 1)) * grid_.nx + x + (c & 1);
      inside += grid_.values[static_cast<size_t>(index[static_cast<size_t>(c)])] > 0;
    }
    if (inside == 0 || inside == 8) return;
    for (const auto& tetrahedron : kTetrahedra) {
      std::array<int, 4> in{}, out{};
      int ins = 0, outs = 0, swaps = 0;
      for (const int c : tetrahedron) {  // inside corners first; moving one past an outside corner is a swap
        if (grid_.values[static_cast<size_t>(index[static_cast<size_t>(c)])] > 0) {
          in[static_cast<size_t>(ins++)] = c;
          swaps += outs;
        } else {
          out[static_cast<size_t>(outs++)] = c;
        }
      }
      if (ins == 0 || outs == 0) continue;
      const bool turned = swaps % 2 != 0;
      const auto edge = [&](int a, int b) { return vertex(index[static_cast<size_t>(a)], index[static_cast<size_t>(b)], a, b); };
      if (ins == 1) {
        add(edge(in[0], out[0]), edge(in[0], out[1]), edge(in[0], out[2]), turned);
      } else if (ins == 3) {
        add(edge(in[0], out[0]), edge(in[1], out[0]), edge(in[2], out[0]), turned);
      } else {
        const uint32_t a = edge(in[0], out[0]), b = edge(in[0], out[1]), c = edge(in[1], out[1]), d = edge(in[1], out[0]);
        add(a, b, c, turned);
        add(a, c, d, turned);
      }
    }
  }

  void add(uint32_t a, uint32_t b, uint32_t c, bool turned) {
    if (turned) std::swap(b, c);
    mesh_.triangles.push_back({a, b, c});
  }

  /// Edges run from the corner with fewer bits to the one with more; the difference is one of seven directions.
  uint32_t vertex(int64_t a, int64_t b, int corner_a, int corner_b) {
    if ((corner_a & corner_b) != corner_a) {
      std::swap(a, b);
      std::swap(corner_a, corner_b);
    }
    uint32_t& slot = edges_[static_cast<size_t>(a % (2 * plane_) * 7 + (corner_a ^ corner_b) - 1)];
    if (slot != kNone) return slot;
    const float from = grid_.values[static_cast<size_t>(a)], to = grid_.values[static_cast<size_t>(b)];
    const float t = std::clamp(from / (from - to), 0.02F, 0.98F);
    const auto place = [&](int64_t i) {
      const int64_t row = i / grid_.nx, layer = row / grid_.ny;
      return Vec3{static_cast<float>(i % grid_.nx), static_cast<float>(row % grid_.ny), static_cast<float>(layer)};
    };
    const Vec3 at = place(a) * (1 - t) + place(b) * t;
    slot = static_cast<uint32_t>(mesh_.positions.size());
    mesh_.positions.push_back(grid_.origin + at * grid_.cell);
    return slot;
  }

  const Grid& grid_;
  int64_t plane_;
  std::vector<uint32_t> edges_;  ///< of the points of two planes, which is as far as a cell reaches
  Mesh mesh_;
};

}  // namespace

Mesh isosurface(const Grid& grid) { return Marcher(grid).run(); }

}  // namespace ptah
