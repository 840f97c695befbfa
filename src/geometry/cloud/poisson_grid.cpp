#include "geometry/cloud/poisson_grid.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"

namespace ptah {

namespace {

using Values = std::vector<float>;
constexpr int kSmoothings = 2, kCoarseSmoothings = 24, kMaxSolverSteps = 60;
constexpr float kDamping = 0.8F;
constexpr int64_t kMinCoarse = 7;

template <class Body>
void for_planes(const GridLevel& g, const Body& body) {
  parallel_for(g.size[2], g.size[0] * g.size[1] * 8, [&](int64_t begin, int64_t end) {
    for (int64_t z = begin; z < end; ++z) body(z);
  });
}

/// The sum of a value's six neighbours.
float beside(const GridLevel& g, const Values& x, int64_t i, int64_t cx, int64_t cy, int64_t cz) {
  const int64_t row = g.size[0], plane = g.size[0] * g.size[1];
  const auto value = [&](bool inside, int64_t at) { return inside ? x[static_cast<size_t>(at)] : 0.0F; };
  return value(cx > 0, i - 1) + value(cx + 1 < g.size[0], i + 1) + value(cy > 0, i - row) + value(cy + 1 < g.size[1], i + row) + value(cz > 0, i - plane) +
         value(cz + 1 < g.size[2], i + plane);
}

/// visit(place, value, neighbours' sum) of each grid point.
template <class Visit>
void sweep(const GridLevel& g, const Values& x, const Visit& visit) {
  for_planes(g, [&](int64_t z) {
    for (int64_t y = 0; y < g.size[1]; ++y)
      for (int64_t cx = 0; cx < g.size[0]; ++cx) {
        const int64_t i = g.at(cx, y, z);
        visit(static_cast<size_t>(i), x[static_cast<size_t>(i)], beside(g, x, i, cx, y, z));
      }
  });
}

/// x of damped Jacobi steps from x.
void smooth_values(const GridLevel& g, const Values& b, Values& x, int steps) {
  Values next(x.size());
  for (int step = 0; step < steps; ++step) {
    sweep(g, x, [&](size_t i, float own, float sum) {
      const float diagonal = 6 * g.scale + g.diagonal[i];
      next[i] = own + kDamping * (b[i] + g.scale * sum - diagonal * own) / diagonal;
    });
    std::swap(x, next);
  }
}

/// The eight corners of a point's cell: visit(place, weight). Cell c lies between the grid points c - 1 and c; those beyond the border are left out.
template <class Visit>
void corners(const GridLevel& g, const GridPoints::Point& p, int64_t dz, const Visit& visit) {
  const int64_t z = p.cell[2] - 1 + dz;
  if (z < 0 || z >= g.size[2]) return;
  const float wz = dz ? p.place[2] : 1 - p.place[2];
  for (int64_t k = 0; k < 4; ++k) {
    const int64_t x = p.cell[0] - 1 + (k & 1), y = p.cell[1] - 1 + (k >> 1);
    if (x < 0 || x >= g.size[0] || y < 0 || y >= g.size[1]) continue;
    visit(static_cast<size_t>(g.at(x, y, z)), wz * ((k & 1) ? p.place[0] : 1 - p.place[0]) * ((k >> 1) ? p.place[1] : 1 - p.place[1]));
  }
}

/// Adds value(point) · weight to the grid points around each point, plane by plane.
template <class Value>
void scatter(const GridLevel& g, const GridPoints& points, Values& to, const Value& value) {
  for_planes(g, [&](int64_t z) {
    for (const int64_t dz : {1, 0}) {  // of the cells below the plane, and above it
      const int64_t plane = z + 1 - dz;
      if (plane + 1 >= static_cast<int64_t>(points.plane.size())) continue;
      for (size_t i = points.plane[static_cast<size_t>(plane)]; i < points.plane[static_cast<size_t>(plane) + 1]; ++i)
        corners(g, points.points[i], dz, [&](size_t at, float weight) { to[at] += weight * value(i); });
    }
  });
}

/// scale · L · x + Jᵀ · W · J · x.
void multiply(const GridLevel& g, const GridPoints& points, const Values& x, Values& out, Values& read) {
  sweep(g, x, [&](size_t i, float own, float sum) { out[i] = g.scale * (6 * own - sum); });
  parallel_for(static_cast<int64_t>(points.points.size()), 40, [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      float sum = 0;
      for (const int64_t dz : {0, 1}) corners(g, points.points[i], dz, [&](size_t at, float weight) { sum += weight * x[at]; });
      read[i] = sum * points.points[i].weight;
    }
  });
  scatter(g, points, out, [&](size_t i) { return read[i]; });
}

double product(const GridLevel& g, const Values& a, const Values& b) {
  std::vector<double> sums(static_cast<size_t>(g.size[2]));
  const auto plane = static_cast<size_t>(g.size[0] * g.size[1]);
  for_planes(g, [&](int64_t z) {
    double sum = 0;
    for (size_t i = static_cast<size_t>(z) * plane; i < static_cast<size_t>(z + 1) * plane; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    sums[static_cast<size_t>(z)] = sum;
  });
  double out = 0;
  for (const double sum : sums) out += sum;
  return out;
}

/// Multigrid on levels whose points lie at the odd places of the finer one.
class Cycle {
 public:
  explicit Cycle(GridLevel fine) {
    levels_.push_back(std::move(fine));
    while (true) {
      const GridLevel& f = levels_.back();
      if (std::any_of(f.size.begin(), f.size.end(), [](int64_t n) { return n < 2 * kMinCoarse + 1 || n % 2 == 0; })) break;
      GridLevel c;
      for (size_t k = 0; k < 3; ++k) c.size[k] = (f.size[k] - 1) / 2;
      c.scale = 2 * f.scale;
      c.diagonal = restricted(f, c, f.diagonal);
      levels_.push_back(std::move(c));
    }
  }

  Values run(const Values& b, size_t level = 0) const {
    const GridLevel& g = levels_[level];
    Values x(b.size());
    const bool last = level + 1 == levels_.size();
    smooth_values(g, b, x, last ? kCoarseSmoothings : kSmoothings);
    if (last) return x;
    Values residual(b.size());
    sweep(g, x, [&](size_t i, float own, float sum) { residual[i] = b[i] - (6 * g.scale + g.diagonal[i]) * own + g.scale * sum; });
    add_prolonged(levels_[level + 1], g, run(restricted(g, levels_[level + 1], residual), level + 1), x);
    smooth_values(g, b, x, kSmoothings);
    return x;
  }

 private:
  /// The transposed of linear interpolation.
  static Values restricted(const GridLevel& f, const GridLevel& c, const Values& x) {
    Values out(static_cast<size_t>(c.count()));
    constexpr std::array<float, 3> kWeight{0.5F, 1, 0.5F};
    for_planes(c, [&](int64_t z) {
      for (int64_t y = 0; y < c.size[1]; ++y)
        for (int64_t i = 0; i < c.size[0]; ++i) {
          float sum = 0;
          for (int64_t dz = 0; dz < 3; ++dz)
            for (int64_t dy = 0; dy < 3; ++dy)
              for (int64_t dx = 0; dx < 3; ++dx)
                sum += kWeight[static_cast<size_t>(dx)] * kWeight[static_cast<size_t>(dy)] * kWeight[static_cast<size_t>(dz)] *
                       x[static_cast<size_t>(f.at(2 * i + dx, 2 * y + dy, 2 * z + dz))];
          out[static_cast<size_t>(c.at(i, y, z))] = sum;
        }
    });
    return out;
  }

  static void add_prolonged(const GridLevel& c, const GridLevel& f, const Values& x, Values& to) {
    // Of a fine place the one or two coarse ones.
    const auto sources = [](int64_t at, int64_t size, std::array<int64_t, 2>& from) {
      if (at % 2) return from[0] = at / 2, 1;
      int count = 0;
      if (at > 0) from[static_cast<size_t>(count++)] = at / 2 - 1;
      if (at / 2 < size) from[static_cast<size_t>(count++)] = at / 2;
      return count;
    };
    for_planes(f, [&](int64_t z) {
      std::array<int64_t, 2> zs{}, ys{}, xs{};
      const int nz = sources(z, c.size[2], zs);
      for (int64_t y = 0; y < f.size[1]; ++y) {
        const int ny = sources(y, c.size[1], ys);
        for (int64_t i = 0; i < f.size[0]; ++i) {
          const int nx = sources(i, c.size[0], xs);
          float sum = 0;
          for (int a = 0; a < nz; ++a)
            for (int b = 0; b < ny; ++b)
              for (int d = 0; d < nx; ++d)
                sum += x[static_cast<size_t>(c.at(xs[static_cast<size_t>(d)], ys[static_cast<size_t>(b)], zs[static_cast<size_t>(a)]))];
          to[static_cast<size_t>(f.at(i, y, z))] += sum * (z % 2 ? 1 : 0.5F) * (y % 2 ? 1 : 0.5F) * (i % 2 ? 1 : 0.5F);
        }
      }
    });
  }

  std::vector<GridLevel> levels_;
};

}  // namespace

std::vector<float> spread_weights(const GridLevel& level, const GridPoints& points) {
  Values out(static_cast<size_t>(level.count()));
  scatter(level, points, out, [&](size_t i) { return points.points[i].weight; });
  return out;
}

Result<std::vector<float>> solve_screened(const GridLevel& fine, const GridPoints& points, const std::vector<float>& b, double relative,
                                          const CancelToken* cancel) {
  const Cycle cycle(fine);
  Values x(b.size()), r = b, out(b.size()), read(points.points.size());
  const double begin = product(fine, r, r);
  Values z = cycle.run(r), p = z;
  double rz = product(fine, r, z);
  for (int step = 0; step < kMaxSolverSteps && product(fine, r, r) > relative * relative * begin; ++step) {
    if (cancel) PTAH_TRY_VOID(cancel->check());
    multiply(fine, points, p, out, read);
    const double curvature = product(fine, p, out);
    if (!(curvature > 0)) break;
    const auto along = static_cast<float>(rz / curvature);
    for_planes(fine, [&](int64_t plane) {
      for (int64_t i = fine.at(0, 0, plane); i < fine.at(0, 0, plane + 1); ++i) {
        x[static_cast<size_t>(i)] += along * p[static_cast<size_t>(i)];
        r[static_cast<size_t>(i)] -= along * out[static_cast<size_t>(i)];
      }
    });
    z = cycle.run(r);
    const double next = product(fine, r, z);
    const auto keep = static_cast<float>(next / rz);
    rz = next;
    for_planes(fine, [&](int64_t plane) {
      for (int64_t i = fine.at(0, 0, plane); i < fine.at(0, 0, plane + 1); ++i)
        p[static_cast<size_t>(i)] = z[static_cast<size_t>(i)] + keep * p[static_cast<size_t>(i)];
    });
  }
  return x;
}

}  // namespace ptah
