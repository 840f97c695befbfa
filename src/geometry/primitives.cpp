#include "geometry/primitives.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace ptah {

namespace {

constexpr float kPi = std::numbers::pi_v<float>;

uint32_t add(PolygonMesh& mesh, float x, float y, float z) {
  mesh.positions.push_back({x, y, z});
  return static_cast<uint32_t>(mesh.positions.size() - 1);
}

/// Cosine and sine of a part of a turn, exact at quarters, so that opposite vertices mirror each other.
std::array<float, 2> turn(int part, int parts) {
  part = ((part % parts) + parts) % parts;
  if (part * 4 % parts == 0) {
    static constexpr std::array<std::array<float, 2>, 4> kQuarters{{{1, 0}, {0, 1}, {-1, 0}, {0, -1}}};
    return kQuarters[static_cast<size_t>(part * 4 / parts)];
  }
  const double angle = 2 * std::numbers::pi * part / parts;
  return {static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))};
}

/// Rings of equal length joined by quads; the first and last are closed by `close_*`.
struct Rings {
  PolygonMesh mesh;
  int around;
  std::vector<uint32_t> last;

  explicit Rings(int n) : around(std::max(3, n)) {}

  std::vector<uint32_t> ring(float radius_x, float radius_z, float y) {
    std::vector<uint32_t> out;
    for (int i = 0; i < around; ++i) {
      const auto [c, s] = turn(i, around);
      out.push_back(add(mesh, radius_x * s, y, radius_z * c));
    }
    return out;
  }
  /// From `last` up to a ring above it.
  void join(const std::vector<uint32_t>& next) {
    for (size_t i = 0; i < next.size(); ++i) {
      const size_t j = (i + 1) % next.size();
      mesh.quad(last[i], last[j], next[j], next[i]);
    }
    last = next;
  }
  void fan_from_below(uint32_t pole, const std::vector<uint32_t>& next) {
    for (size_t i = 0; i < next.size(); ++i) mesh.triangle(pole, next[(i + 1) % next.size()], next[i]);
    last = next;
  }
  void fan_to_above(uint32_t pole) {
    for (size_t i = 0; i < last.size(); ++i) mesh.triangle(last[i], last[(i + 1) % last.size()], pole);
  }
};

/// A flat convex polygon as a strip of quads; seen from where it runs counter-clockwise.
void close_flat(PolygonMesh& mesh, const std::vector<uint32_t>& ring) {
  const size_t n = ring.size();
  size_t low = 0, high = n - 1;
  while (high - low >= 3) {
    mesh.quad(ring[low], ring[low + 1], ring[high - 1], ring[high]);
    ++low, --high;
  }
  if (high - low == 2) mesh.triangle(ring[low], ring[low + 1], ring[high]);
}

std::vector<uint32_t> reversed(std::vector<uint32_t> ring) {
  std::reverse(ring.begin(), ring.end());
  return ring;
}

double signed_area(std::span<const Vec2> outline) {
  double area = 0;
  for (size_t i = 0; i < outline.size(); ++i) {
    const Vec2 a = outline[i], b = outline[(i + 1) % outline.size()];
    area += static_cast<double>(a[0]) * b[1] - static_cast<double>(b[0]) * a[1];
  }
  return area / 2;
}

double side_of(const Vec2& a, const Vec2& b, const Vec2& p) {
  return (static_cast<double>(b[0]) - a[0]) * (static_cast<double>(p[1]) - a[1]) - (static_cast<double>(b[1]) - a[1]) * (static_cast<double>(p[0]) - a[0]);
}

bool edges_cross(const Vec2& a, const Vec2& b, const Vec2& c, const Vec2& d) {
  return (side_of(a, b, c) > 0) != (side_of(a, b, d) > 0) && (side_of(c, d, a) > 0) != (side_of(c, d, b) > 0);
}

/// Ears cut off a simple counter-clockwise polygon: triples of its indices.
std::vector<std::array<uint32_t, 3>> ears(std::span<const Vec2> outline) {
  std::vector<uint32_t> left(outline.size());
  for (uint32_t i = 0; i < left.size(); ++i) left[i] = i;
  std::vector<std::array<uint32_t, 3>> out;
  const auto is_ear = [&](size_t i) {
    const uint32_t a = left[(i + left.size() - 1) % left.size()], b = left[i], c = left[(i + 1) % left.size()];
    if (side_of(outline[a], outline[b], outline[c]) <= 0) return false;
    return std::none_of(left.begin(), left.end(), [&](uint32_t p) {
      if (p == a || p == b || p == c) return false;
      return side_of(outline[a], outline[b], outline[p]) >= 0 && side_of(outline[b], outline[c], outline[p]) >= 0 &&
             side_of(outline[c], outline[a], outline[p]) >= 0;
    });
  };
  while (left.size() > 3) {
    size_t best = left.size();
    for (size_t i = 0; i < left.size() && best == left.size(); ++i)
      if (is_ear(i)) best = i;
    if (best == left.size()) best = 0;  // only points in one line are left, or rounding: any corner will do
    const size_t n = left.size();
    out.push_back({left[(best + n - 1) % n], left[best], left[(best + 1) % n]});
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(best));
  }
  if (left.size() == 3) out.push_back({left[0], left[1], left[2]});
  return out;
}

float signed_power(float base, float exponent) { return std::copysign(std::pow(std::abs(base), exponent), base); }

}  // namespace

Mesh triangulated(const PolygonMesh& mesh) {
  Mesh out{mesh.positions, {}};
  const auto apart = [&](uint32_t a, uint32_t b) {
    const Vec3 d = mesh.positions[a] - mesh.positions[b];
    return dot(d, d);
  };
  for (const auto& [a, b, c, d] : mesh.faces) {
    if (c == d) {
      out.triangles.push_back({a, b, c});
    } else if (apart(a, c) <= apart(b, d)) {
      out.triangles.push_back({a, b, c});
      out.triangles.push_back({a, c, d});
    } else {
      out.triangles.push_back({a, b, d});
      out.triangles.push_back({b, c, d});
    }
  }
  return out;
}

PolygonMesh box_mesh(float width, float height, float depth, const Fineness& fineness) {
  const std::array<Vec2, 4> outline{{{-width / 2, 0}, {width / 2, 0}, {width / 2, height}, {-width / 2, height}}};
  if (fineness.along <= 1) {
    PolygonMesh mesh;
    for (const float z : {depth / 2, -depth / 2})
      for (const Vec2& p : outline) add(mesh, p[0], p[1], z);
    mesh.quad(0, 1, 2, 3);
    mesh.quad(5, 4, 7, 6);
    for (uint32_t i = 0; i < 4; ++i) mesh.quad(i, i + 4, (i + 1) % 4 + 4, (i + 1) % 4);
    return mesh;
  }
  // Cut along all three directions: vertices of the surface of a grid of n × n × n cells.
  const int n = fineness.along;
  PolygonMesh mesh;
  std::vector<uint32_t> index(static_cast<size_t>((n + 1) * (n + 1) * (n + 1)), ~0U);
  const auto vertex = [&](int x, int y, int z) {
    uint32_t& slot = index[static_cast<size_t>((z * (n + 1) + y) * (n + 1) + x)];
    const auto part = [n](int i) { return static_cast<float>(i) / static_cast<float>(n); };
    if (slot == ~0U) slot = add(mesh, width * (part(x) - 0.5F), height * part(y), depth * (part(z) - 0.5F));
    return slot;
  };
  for (int a = 0; a < n; ++a)
    for (int b = 0; b < n; ++b) {
      mesh.quad(vertex(a, b, n), vertex(a + 1, b, n), vertex(a + 1, b + 1, n), vertex(a, b + 1, n));
      mesh.quad(vertex(a + 1, b, 0), vertex(a, b, 0), vertex(a, b + 1, 0), vertex(a + 1, b + 1, 0));
      mesh.quad(vertex(n, a, b + 1), vertex(n, a, b), vertex(n, a + 1, b), vertex(n, a + 1, b + 1));
      mesh.quad(vertex(0, a, b), vertex(0, a, b + 1), vertex(0, a + 1, b + 1), vertex(0, a + 1, b));
      mesh.quad(vertex(a, n, b + 1), vertex(a + 1, n, b + 1), vertex(a + 1, n, b), vertex(a, n, b));
      mesh.quad(vertex(a, 0, b), vertex(a + 1, 0, b), vertex(a + 1, 0, b + 1), vertex(a, 0, b + 1));
    }
  return mesh;
}

PolygonMesh rounded_box_mesh(float width, float height, float depth, float radius, const Fineness& fineness) {
  const float r = std::min(radius, std::min({width, height, depth}) * 0.4999F);
  const int k = std::max(2, fineness.around / 8);  // parts of a quarter turn
  PolygonMesh mesh;
  // A sphere in degrees of latitude, pulled apart at the equator and at four meridians.
  const auto corner = [&](int quadrant, float y, float ring, int part) {
    const auto [c, s] = turn(quadrant * k + part, 4 * k);
    static constexpr std::array<Vec2, 4> kSigns{{{1, 1}, {1, -1}, {-1, -1}, {-1, 1}}};
    const Vec2 sign = kSigns[static_cast<size_t>(quadrant)];
    return add(mesh, sign[0] * (width / 2 - r) + r * ring * s, y, sign[1] * (depth / 2 - r) + r * ring * c);
  };
  std::vector<std::vector<uint32_t>> rows;
  for (int half = 0; half < 2; ++half)
    for (int step = half == 0 ? 0 : 0; step <= k; ++step) {
      const int latitude = half == 0 ? step - k : step;  // −k … 0, then 0 … k
      const auto [c, s] = turn(latitude, 4 * k);
      const float y = half == 0 ? r + r * s : height - r + r * s;
      std::vector<uint32_t> row;
      const bool pole = latitude == -k || latitude == k;
      for (int quadrant = 0; quadrant < 4; ++quadrant)
        for (int part = 0; part <= k; ++part) {
          if (pole && part > 0)
            row.push_back(row.back());
          else
            row.push_back(corner(quadrant, y, pole ? 0 : c, part));
        }
      rows.push_back(std::move(row));
    }
  for (size_t row = 0; row + 1 < rows.size(); ++row)
    for (size_t i = 0; i < rows[row].size(); ++i) {
      const size_t j = (i + 1) % rows[row].size();
      const uint32_t a = rows[row][i], b = rows[row][j], c = rows[row + 1][j], d = rows[row + 1][i];
      if (a == b)
        mesh.triangle(a, c, d);
      else if (c == d)
        mesh.triangle(a, b, c);
      else
        mesh.quad(a, b, c, d);
    }
  const auto cap = [&](const std::vector<uint32_t>& row, bool top) {
    const auto step = static_cast<size_t>(k + 1);
    std::vector<uint32_t> corners{row[0], row[step], row[2 * step], row[3 * step]};
    if (top)
      mesh.quad(corners[0], corners[1], corners[2], corners[3]);
    else
      mesh.quad(corners[3], corners[2], corners[1], corners[0]);
  };
  cap(rows.front(), false);
  cap(rows.back(), true);
  return mesh;
}

PolygonMesh lathe_mesh(std::span<const Vec2> profile, const Fineness& fineness) {
  Rings rings(fineness.around);
  const bool pole_below = profile.front()[0] <= 0, pole_above = profile.back()[0] <= 0;
  size_t at = 0;
  if (pole_below) {
    const uint32_t pole = add(rings.mesh, 0, profile[0][1], 0);
    rings.fan_from_below(pole, rings.ring(profile[1][0], profile[1][0], profile[1][1]));
    at = 2;
  } else {
    rings.last = rings.ring(profile[0][0], profile[0][0], profile[0][1]);
    close_flat(rings.mesh, reversed(rings.last));
    at = 1;
  }
  for (; at + (pole_above ? 1 : 0) < profile.size(); ++at) {
    const Vec2 from = profile[at - 1], to = profile[at];
    for (int part = 1; part <= fineness.along; ++part) {
      const float t = static_cast<float>(part) / static_cast<float>(fineness.along);
      const float radius = from[0] + (to[0] - from[0]) * t, y = from[1] + (to[1] - from[1]) * t;
      rings.join(rings.ring(radius, radius, y));
    }
  }
  if (pole_above)
    rings.fan_to_above(add(rings.mesh, 0, profile.back()[1], 0));
  else
    close_flat(rings.mesh, rings.last);
  return rings.mesh;
}

PolygonMesh cylinder_mesh(float radius, float top_radius, float height, const Fineness& fineness) {
  const std::array<Vec2, 2> profile{{{radius, 0}, {top_radius, height}}};
  return lathe_mesh(profile, fineness);
}

PolygonMesh ellipsoid_mesh(float width, float height, float depth, const Fineness& fineness) {
  Rings rings(fineness.around);
  const int rows = std::max(2, fineness.around / 2);
  const uint32_t below = add(rings.mesh, 0, 0, 0);
  for (int row = 1; row < rows; ++row) {
    const auto [c, s] = turn(row, 2 * rows);
    auto ring = rings.ring(width / 2 * s, depth / 2 * s, height / 2 * (1 - c));
    if (row == 1)
      rings.fan_from_below(below, ring);
    else
      rings.join(ring);
  }
  rings.fan_to_above(add(rings.mesh, 0, height, 0));
  return rings.mesh;
}

PolygonMesh torus_mesh(float radius, float tube, const Fineness& fineness) {
  PolygonMesh mesh;
  const int around = std::max(3, fineness.around), across = std::max(4, (fineness.around / 2 + 3) / 4 * 4);  // in fours, so that it lies on y = 0
  for (int i = 0; i < around; ++i) {
    const auto [c, s] = turn(i, around);
    for (int j = 0; j < across; ++j) {
      const auto [u, v] = turn(j, across);
      add(mesh, (radius + tube * u) * s, tube + tube * v, (radius + tube * u) * c);
    }
  }
  const auto at = [&](int i, int j) { return static_cast<uint32_t>((i % around) * across + j % across); };
  for (int i = 0; i < around; ++i)
    for (int j = 0; j < across; ++j) mesh.quad(at(i, j), at(i + 1, j), at(i + 1, j + 1), at(i, j + 1));
  return mesh;
}

PolygonMesh capsule_mesh(float radius, float height, const Fineness& fineness) {
  Rings rings(fineness.around);
  const int quarter = std::max(2, fineness.around / 4);
  const float straight = std::max(0.0F, height - 2 * radius);
  const uint32_t below = add(rings.mesh, 0, 0, 0);
  bool first = true;
  for (int half = 0; half < 2; ++half)
    for (int step = half == 0 ? 1 : 0; step <= (half == 0 ? quarter : quarter - 1); ++step) {
      if (half == 1 && step == 0 && straight <= 0) continue;
      const auto [c, s] = turn(half == 0 ? step - quarter : step, 4 * quarter);
      auto ring = rings.ring(radius * c, radius * c, radius + radius * s + (half == 1 ? straight : 0));
      if (first)
        rings.fan_from_below(below, ring);
      else
        rings.join(ring);
      first = false;
    }
  rings.fan_to_above(add(rings.mesh, 0, 2 * radius + straight, 0));
  return rings.mesh;
}

PolygonMesh wedge_mesh(float width, float height, float depth, float top) {
  PolygonMesh mesh;
  const float x = width / 2, front = depth / 2, back = -depth / 2, edge = back + top;
  add(mesh, -x, 0, front), add(mesh, x, 0, front), add(mesh, x, 0, back), add(mesh, -x, 0, back);
  if (top <= 0) {
    add(mesh, x, height, back), add(mesh, -x, height, back);
    mesh.quad(3, 2, 1, 0);
    mesh.quad(0, 1, 4, 5);
    mesh.quad(2, 3, 5, 4);
    mesh.triangle(1, 2, 4);
    mesh.triangle(3, 0, 5);
    return mesh;
  }
  add(mesh, -x, height, edge), add(mesh, x, height, edge), add(mesh, x, height, back), add(mesh, -x, height, back);
  mesh.quad(3, 2, 1, 0);
  mesh.quad(4, 5, 6, 7);
  for (uint32_t i = 0; i < 4; ++i) mesh.quad(i, (i + 1) % 4, (i + 1) % 4 + 4, i + 4);
  return mesh;
}

PolygonMesh gable_mesh(float width, float height, float depth) {
  PolygonMesh mesh;
  for (const float z : {depth / 2, -depth / 2}) add(mesh, -width / 2, 0, z), add(mesh, width / 2, 0, z), add(mesh, 0, height, z);
  mesh.triangle(0, 1, 2);
  mesh.triangle(4, 3, 5);
  mesh.quad(1, 0, 3, 4);
  mesh.quad(1, 4, 5, 2);
  mesh.quad(3, 0, 2, 5);
  return mesh;
}

PolygonMesh prism_mesh(int sides, float radius, float top, float height, const Fineness& fineness) {
  // An even number stands with a flat side towards +z: turned by half a side.
  const float phase = sides % 2 == 0 ? kPi / static_cast<float>(sides) : 0;
  Rings rings(sides);
  const auto ring = [&](float r, float y) {
    std::vector<uint32_t> out;
    for (int i = 0; i < sides; ++i) {
      const float angle = 2 * kPi * static_cast<float>(i) / static_cast<float>(sides) + phase;
      out.push_back(add(rings.mesh, r * std::sin(angle), y, r * std::cos(angle)));
    }
    return out;
  };
  rings.last = ring(radius, 0);
  close_flat(rings.mesh, reversed(rings.last));
  const int parts = fineness.along;
  for (int part = 1; part <= parts; ++part) {
    const float t = static_cast<float>(part) / static_cast<float>(parts), r = radius + (top - radius) * t;
    if (part == parts && top <= 0)
      rings.fan_to_above(add(rings.mesh, 0, height, 0));
    else
      rings.join(ring(r, height * t));
  }
  if (top > 0) close_flat(rings.mesh, rings.last);
  return rings.mesh;
}

Result<PolygonMesh> extrude_mesh(std::span<const Vec2> given, float depth, const Fineness& fineness) {
  std::vector<Vec2> outline;
  for (const Vec2& p : given)
    if (outline.empty() || p != outline.back()) outline.push_back(p);
  if (outline.size() > 1 && outline.front() == outline.back()) outline.pop_back();
  if (outline.size() < 3) return fail(ErrorCode::invalid_argument, "an outline of {} different points; at least 3 are needed", outline.size());
  const double area = signed_area(outline);
  if (area < 0) std::reverse(outline.begin(), outline.end());
  const size_t n = outline.size();
  double extent = 0;
  for (const Vec2& p : outline) extent = std::max({extent, std::abs(static_cast<double>(p[0])), std::abs(static_cast<double>(p[1]))});
  if (std::abs(area) < 1e-9 * extent * extent) return fail(ErrorCode::invalid_argument, "the outline encloses nothing");
  for (size_t i = 0; i < n; ++i)
    for (size_t j = i + 2; j < n; ++j)
      if (!(i == 0 && j == n - 1) && edges_cross(outline[i], outline[(i + 1) % n], outline[j], outline[(j + 1) % n]))
        return fail(ErrorCode::invalid_argument, "edges {} and {} of the outline cross each other", i + 1, j + 1);
  PolygonMesh mesh;
  const int parts = std::max(1, fineness.along);
  for (int part = 0; part <= parts; ++part)
    for (const Vec2& p : outline) add(mesh, p[0], p[1], depth / 2 - depth * static_cast<float>(part) / static_cast<float>(parts));
  const auto at = [&](int part, size_t i) { return static_cast<uint32_t>(static_cast<size_t>(part) * n + i % n); };
  for (int part = 0; part < parts; ++part)
    for (size_t i = 0; i < n; ++i) mesh.quad(at(part + 1, i), at(part + 1, i + 1), at(part, i + 1), at(part, i));
  for (const auto& [a, b, c] : ears(outline)) {
    mesh.triangle(at(0, a), at(0, b), at(0, c));
    mesh.triangle(at(parts, c), at(parts, b), at(parts, a));
  }
  return mesh;
}

namespace {

/// Directions across a path that turn as little as possible (parallel transport); for a closed one the twist that is left is shared out.
std::vector<std::array<Vec3, 2>> frames_of(std::span<const Vec3> path, bool closed) {
  const size_t n = path.size();
  std::vector<Vec3> tangents(n);
  for (size_t i = 0; i < n; ++i) {
    const Vec3 before = closed || i > 0 ? path[(i + n - 1) % n] : path[i], after = closed || i + 1 < n ? path[(i + 1) % n] : path[i];
    tangents[i] = normalized(after - before);
  }
  Vec3 normal = std::abs(tangents[0][1]) < 0.9F ? Vec3{0, 1, 0} : Vec3{0, 0, 1};
  std::vector<std::array<Vec3, 2>> out(n);
  for (size_t i = 0; i < n; ++i) {
    normal = normal - tangents[i] * dot(normal, tangents[i]);
    if (length(normal) < 1e-4F) normal = cross(tangents[i], std::abs(tangents[i][0]) < 0.9F ? Vec3{1, 0, 0} : Vec3{0, 0, 1});
    normal = normalized(normal);
    out[i] = {normal, cross(tangents[i], normal)};
  }
  if (closed) {
    const Vec3 end = normalized(out.back()[0] - tangents[0] * dot(out.back()[0], tangents[0]));
    const float twist = std::atan2(dot(end, out[0][1]), dot(end, out[0][0]));
    for (size_t i = 0; i < n; ++i) {
      const float angle = -twist * static_cast<float>(i) / static_cast<float>(n), c = std::cos(angle), s = std::sin(angle);
      out[i] = {out[i][0] * c + out[i][1] * s, out[i][1] * c - out[i][0] * s};
    }
  }
  return out;
}

}  // namespace

PolygonMesh sweep_mesh(std::span<const Vec3> path, float radius, float end_radius, bool closed, const Fineness& fineness) {
  const auto frames = frames_of(path, closed);
  const int around = std::max(3, fineness.around / 2);
  Rings rings(around);
  std::vector<uint32_t> first;
  for (size_t i = 0; i < path.size(); ++i) {
    const float t = closed ? 0 : static_cast<float>(i) / static_cast<float>(path.size() - 1), r = radius + (end_radius - radius) * t;
    std::vector<uint32_t> ring;
    for (int j = 0; j < around; ++j) {
      const auto [c, s] = turn(j, around);
      const Vec3 p = path[i] + frames[i][0] * (r * c) + frames[i][1] * (r * s);
      ring.push_back(add(rings.mesh, p[0], p[1], p[2]));
    }
    if (i == 0) {
      first = rings.last = ring;
      if (!closed) close_flat(rings.mesh, reversed(ring));
    } else {
      rings.join(ring);
    }
  }
  if (closed)
    rings.join(first);
  else
    close_flat(rings.mesh, rings.last);
  return rings.mesh;
}

PolygonMesh superquadric_mesh(float width, float height, float depth, float e1, float e2, const Fineness& fineness) {
  PolygonMesh mesh = ellipsoid_mesh(2, 2, 2, fineness);
  for (Vec3& p : mesh.positions) {
    const float y = p[1] - 1, ring = std::sqrt(std::max(0.0F, p[0] * p[0] + p[2] * p[2]));
    const float across = signed_power(ring, e1);
    const float s = ring > 1e-6F ? p[0] / ring : 0, c = ring > 1e-6F ? p[2] / ring : 1;
    const float x = ring > 1e-6F ? across * signed_power(s, e2) : 0, z = ring > 1e-6F ? across * signed_power(c, e2) : 0;
    p = {x * width / 2, (signed_power(y, e1) + 1) * height / 2, z * depth / 2};
  }
  return mesh;
}

PolygonMesh terrain_mesh(float width, float depth, std::span<const float> heights, int nx, int nz) {
  PolygonMesh mesh;
  const auto place = [](float extent, int i, int n) { return extent * (static_cast<float>(i) / static_cast<float>(n) - 0.5F); };
  for (int layer = 0; layer < 2; ++layer)
    for (int z = 0; z <= nz; ++z)
      for (int x = 0; x <= nx; ++x) add(mesh, place(width, x, nx), layer == 0 ? heights[static_cast<size_t>(z * (nx + 1) + x)] : 0, place(depth, z, nz));
  const auto at = [&](int layer, int x, int z) { return static_cast<uint32_t>(layer * (nx + 1) * (nz + 1) + z * (nx + 1) + x); };
  for (int z = 0; z < nz; ++z)
    for (int x = 0; x < nx; ++x) {
      mesh.quad(at(0, x, z), at(0, x, z + 1), at(0, x + 1, z + 1), at(0, x + 1, z));
      mesh.quad(at(1, x, z), at(1, x + 1, z), at(1, x + 1, z + 1), at(1, x, z + 1));
    }
  for (int x = 0; x < nx; ++x) {
    mesh.quad(at(1, x, nz), at(1, x + 1, nz), at(0, x + 1, nz), at(0, x, nz));
    mesh.quad(at(1, x + 1, 0), at(1, x, 0), at(0, x, 0), at(0, x + 1, 0));
  }
  for (int z = 0; z < nz; ++z) {
    mesh.quad(at(1, nx, z + 1), at(1, nx, z), at(0, nx, z), at(0, nx, z + 1));
    mesh.quad(at(1, 0, z), at(1, 0, z + 1), at(0, 0, z + 1), at(0, 0, z));
  }
  return mesh;
}

std::vector<Vec3> smooth_path(std::span<const Vec3> points, bool closed, int parts) {
  const auto n = static_cast<int>(points.size());
  std::vector<Vec3> out;
  const auto at = [&](int i) {
    if (closed) return points[static_cast<size_t>((i % n + n) % n)];
    if (i < 0) return points[0] * 2 - points[1];
    if (i >= n) return points[static_cast<size_t>(n - 1)] * 2 - points[static_cast<size_t>(n - 2)];
    return points[static_cast<size_t>(i)];
  };
  const auto knot = [](float t, const Vec3& a, const Vec3& b) { return t + std::max(1e-4F, std::sqrt(length(b - a))); };
  for (int i = 0; i < (closed ? n : n - 1); ++i) {
    const Vec3 p0 = at(i - 1), p1 = at(i), p2 = at(i + 1), p3 = at(i + 2);
    const float t0 = 0, t1 = knot(t0, p0, p1), t2 = knot(t1, p1, p2), t3 = knot(t2, p2, p3);
    for (int part = 0; part < parts; ++part) {
      const float t = t1 + (t2 - t1) * static_cast<float>(part) / static_cast<float>(parts);
      const auto mix = [t](const Vec3& a, const Vec3& b, float ta, float tb) { return a * ((tb - t) / (tb - ta)) + b * ((t - ta) / (tb - ta)); };
      const Vec3 a1 = mix(p0, p1, t0, t1), a2 = mix(p1, p2, t1, t2), a3 = mix(p2, p3, t2, t3);
      out.push_back(mix(mix(a1, a2, t0, t2), mix(a2, a3, t1, t3), t1, t2));
    }
  }
  if (!closed) out.push_back(points.back());
  return out;
}

}  // namespace ptah
