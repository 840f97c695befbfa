#include "geometry/field/blend.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"

namespace ptah {

namespace {

constexpr float kRunsOut = 0.96F;  // of the radius

/// Grooves narrower than 90° have smaller balls: one of radius / (1 + cosine of the angle) touches just as far from the other surface as `radius` says.
float ball_radius(float radius, const Vec3& normal_a, const Vec3& normal_b) { return radius / (1 + std::max(0.0F, -dot(normal_a, normal_b))); }

/// The shortest d with n · d ≥ α and m · d ≥ β; `longest` of it where there is none (between walls that face each other) or only a longer one.
Vec3 shortest(const Vec3& n, float alpha, const Vec3& m, float beta, float longest) {
  if (alpha <= 0 && beta <= 0) return {};
  const float cosine = dot(n, m);
  if (alpha > 0 && cosine * alpha >= beta) return n * alpha;
  if (beta > 0 && cosine * beta >= alpha) return m * beta;
  const float square = 1 - cosine * cosine;
  if (square < 1e-5F) return n * (cosine > 0 ? std::max(alpha, beta) : longest);
  const Vec3 d = n * ((alpha - cosine * beta) / square) + m * ((beta - cosine * alpha) / square);
  const float size = length(d);
  return size > longest ? d * (longest / size) : d;
}

struct Two {
  FieldSample a, b;
  const FieldSample& lower() const { return a.value <= b.value ? a : b; }
};

/// Whether a ball that touches only `own` has room beside the other solid.
bool has_room(const Vec3& point, const FieldSample& own, const Field& other, float ball, float radius) {
  const FieldSample at = other(point + own.gradient * (ball - own.value));
  return at.value >= 0.9999F * ball_radius(radius, own.gradient, at.gradient);
}

FieldSample blended(const Vec3& point, const Two& here, const Field& a, const Field& b, float radius) {
  const FieldSample lower = here.lower();
  float ball = ball_radius(radius, here.a.gradient, here.b.gradient);
  if (std::max(here.a.value, here.b.value) >= radius || lower.value >= ball) return lower;
  if (has_room(point, here.a, b, ball, radius) || has_room(point, here.b, a, ball, radius)) return lower;
  Two seen = here;
  Vec3 centre = point, way{};
  for (int round = 0; round < 8; ++round) {
    ball = ball_radius(radius, seen.a.gradient, seen.b.gradient);
    const Vec3 moved = centre - point;
    way = shortest(seen.a.gradient, ball - seen.a.value + dot(seen.a.gradient, moved), seen.b.gradient, ball - seen.b.value + dot(seen.b.gradient, moved),
                   3 * radius);
    const Vec3 next = point + way;
    const float step = length(next - centre);
    centre = next;
    if (step < 2e-4F * radius) break;
    seen = {a(centre), b(centre)};
  }
  const float size = length(way), value = ball - size;
  if (!(value < lower.value) || size < 1e-6F * radius) return lower;
  // Beside curved surfaces a ball may touch farther away: there the fillet runs out over the last of the radius.
  const float end = std::max(0.0F, (std::max(here.a.value, here.b.value) / radius - kRunsOut) / (1 - kRunsOut));
  return {value + (lower.value - value) * end * end, way * (1 / size)};
}

/// A part of a box with its cells along the longest edge.
struct Tile {
  Box box;
  int cells = 0;
};

/// Boxes of whole cells that overlap by four of them, so that what is contoured in them grows together.
Result<std::vector<Tile>> tiles_of(const Box& box, float step) {
  constexpr int kMaxCells = 480, kOverlap = 4, kMaxTiles = 64;
  std::array<int, 3> cells{}, count{};
  for (size_t k = 0; k < 3; ++k) {
    const float along = std::ceil((box.high[k] - box.low[k]) / step);
    if (!(along < 1e6F)) return fail(ErrorCode::over_budget, "cells of {:.3g} m are too small for a seam of {:.3g} m", step, box.high[k] - box.low[k]);
    cells[k] = std::max(8, static_cast<int>(along));
    count[k] = (cells[k] + kMaxCells - 1) / kMaxCells;
  }
  if (int64_t{count[0]} * count[1] * count[2] > kMaxTiles)
    return fail(ErrorCode::over_budget, "cells of {:.3g} m are too small for a seam of {:.3g} m", step,
                static_cast<float>(*std::max_element(cells.begin(), cells.end())) * step);
  std::vector<Tile> out;
  for (int z = 0; z < count[2]; ++z)
    for (int y = 0; y < count[1]; ++y)
      for (int x = 0; x < count[0]; ++x) {
        const std::array<int, 3> place{x, y, z};
        Tile tile;
        for (size_t k = 0; k < 3; ++k) {
          const int first = place[k] * kMaxCells, end = std::min(cells[k], first + kMaxCells + kOverlap);
          tile.box.low[k] = box.low[k] + static_cast<float>(first) * step;
          tile.box.high[k] = box.low[k] + static_cast<float>(end) * step;
          tile.cells = std::max(tile.cells, end - first);
        }
        out.push_back(tile);
      }
  return out;
}

}  // namespace

FieldSample blended(const Vec3& point, const Field& a, const Field& b, float radius) { return blended(point, {a(point), b(point)}, a, b, radius); }

Result<Mesh> fillet_mesh(const Field& a, const Box& box_a, const Field& b, const Box& box_b, float radius, float step, const CancelToken* cancel) {
  const float below = 1e-3F * radius, depth = std::max(0.5F * radius, 2 * step);
  Box box;
  for (size_t k = 0; k < 3; ++k) {
    box.low[k] = std::max(box_a.low[k], box_b.low[k]) - 1.1F * radius;
    box.high[k] = std::min(box_a.high[k], box_b.high[k]) + 1.1F * radius;
    if (!(box.high[k] > box.low[k])) return Mesh{};
  }
  // Off the solid the first of its bounds is enough for a lower bound of the distance; `exact` is the highest of all.
  const auto at = [&](const Vec3& p, bool exact = false) {
    const Two here{a(p), b(p)};
    FieldSample highest{-depth - here.a.value, here.a.gradient * -1};
    const auto also = [&](const FieldSample& other) {
      if (other.value > highest.value) highest = other;
    };
    also({-depth - here.b.value, here.b.gradient * -1});
    also({here.a.value - radius, here.a.gradient});
    also({here.b.value - radius, here.b.gradient});
    if ((highest.value > 0 && !exact) || here.lower().value + below <= highest.value) return highest;  // the blend is never above the lower
    FieldSample filled = blended(p, here, a, b, radius);
    filled.value += below;
    also(filled);
    return highest;
  };
  ContourRequest request;
  request.distance = [&at](const Vec3& p) { return at(p).value; };
  request.gradient = [&at](const Vec3& p) { return at(p).gradient; };
  Mesh out;
  PTAH_TRY(const std::vector<Tile> tiles, tiles_of(box, step));
  for (const Tile& tile : tiles) {
    request.box = tile.box;
    request.cells = tile.cells;
    PTAH_TRY(Mesh part, contour(request, cancel));
    // Where its edges are curved their vertices may stand out a little: back onto the surface.
    parallel_for(static_cast<int64_t>(part.positions.size()), 2000, [&](int64_t begin, int64_t end) {
      for (auto v = static_cast<size_t>(begin); v < static_cast<size_t>(end); ++v)
        for (int round = 0; round < 3; ++round) {
          const FieldSample here = at(part.positions[v], true);
          if (!(here.value > 0) || here.value > 0.2F * step) break;
          part.positions[v] = part.positions[v] - here.gradient * here.value;
        }
    });
    const auto base = static_cast<uint32_t>(out.positions.size());
    out.positions.insert(out.positions.end(), part.positions.begin(), part.positions.end());
    for (const auto& [i, j, k] : part.triangles) out.triangles.push_back({i + base, j + base, k + base});
  }
  return out;
}

}  // namespace ptah
