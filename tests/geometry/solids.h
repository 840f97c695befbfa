// Random closed solids for the tests of geometry.
#pragma once

#include <cmath>
#include <numbers>

#include "base/philox.h"
#include "geometry/mesh.h"

namespace ptah::testing_solids {

/// A grid of points closed round in u; poles where a row is a point are left to the caller to weld by position.
inline Mesh box(const Vec3& size) {
  Mesh m;
  for (int i = 0; i < 8; ++i) m.positions.push_back({(i & 1 ? 0.5F : -0.5F) * size[0], (i & 2 ? 0.5F : -0.5F) * size[1], (i & 4 ? 0.5F : -0.5F) * size[2]});
  m.triangles = {{0, 2, 3}, {0, 3, 1}, {4, 5, 7}, {4, 7, 6}, {0, 1, 5}, {0, 5, 4}, {2, 6, 7}, {2, 7, 3}, {0, 4, 6}, {0, 6, 2}, {1, 3, 7}, {1, 7, 5}};
  return m;
}

/// Turns a profile of (radius, height) from the lower to the upper pole about y.
inline Mesh lathe(const std::vector<Vec2>& profile, uint32_t around) {
  Mesh m;
  m.positions.push_back({0, profile.front()[1], 0});
  m.positions.push_back({0, profile.back()[1], 0});
  for (const Vec2& p : profile)
    for (uint32_t k = 0; k < around; ++k) {
      const double angle = 2 * std::numbers::pi * k / around;
      m.positions.push_back({static_cast<float>(p[0] * std::cos(angle)), p[1], static_cast<float>(p[0] * std::sin(angle))});
    }
  const auto at = [&](size_t row, uint32_t k) { return static_cast<uint32_t>(2 + row * around + k % around); };
  const size_t rows = profile.size();
  for (uint32_t k = 0; k < around; ++k) {
    m.triangles.push_back({0, at(0, k), at(0, k + 1)});
    m.triangles.push_back({1, at(rows - 1, k + 1), at(rows - 1, k)});
    for (size_t row = 0; row + 1 < rows; ++row) {
      m.triangles.push_back({at(row, k), at(row + 1, k), at(row + 1, k + 1)});
      m.triangles.push_back({at(row, k), at(row + 1, k + 1), at(row, k + 1)});
    }
  }
  return m;
}

inline Mesh cylinder(float radius, float height, uint32_t around) { return lathe({{radius, -height / 2}, {radius, height / 2}}, around); }
inline Mesh sphere(float radius, uint32_t around, uint32_t rows) {
  std::vector<Vec2> profile;
  for (uint32_t r = 1; r < rows; ++r) {
    const double angle = std::numbers::pi * r / rows;
    profile.push_back({static_cast<float>(radius * std::sin(angle)), static_cast<float>(-radius * std::cos(angle))});
  }
  Mesh m = lathe(profile, around);
  m.positions[0] = {0, -radius, 0};
  m.positions[1] = {0, radius, 0};
  return m;
}
inline Mesh cone(float radius, float height, uint32_t around) {
  Mesh m;
  m.positions = {{0, -height / 2, 0}, {0, height / 2, 0}};
  for (uint32_t k = 0; k < around; ++k) {
    const double angle = 2 * std::numbers::pi * k / around;
    m.positions.push_back({static_cast<float>(radius * std::cos(angle)), -height / 2, static_cast<float>(radius * std::sin(angle))});
  }
  for (uint32_t k = 0; k < around; ++k) {
    const uint32_t a = 2 + k, b = 2 + (k + 1) % around;
    m.triangles.push_back({0, a, b});
    m.triangles.push_back({1, b, a});
  }
  return m;
}
inline Mesh torus(float ring, float tube, uint32_t around, uint32_t section) {
  Mesh m;
  for (uint32_t i = 0; i < around; ++i)
    for (uint32_t j = 0; j < section; ++j) {
      const double u = 2 * std::numbers::pi * i / around, v = 2 * std::numbers::pi * j / section, r = ring + tube * std::cos(v);
      m.positions.push_back({static_cast<float>(r * std::cos(u)), static_cast<float>(tube * std::sin(v)), static_cast<float>(r * std::sin(u))});
    }
  const auto at = [&](uint32_t i, uint32_t j) { return (i % around) * section + j % section; };
  for (uint32_t i = 0; i < around; ++i)
    for (uint32_t j = 0; j < section; ++j) {
      m.triangles.push_back({at(i, j), at(i, j + 1), at(i + 1, j + 1)});
      m.triangles.push_back({at(i, j), at(i + 1, j + 1), at(i + 1, j)});
    }
  return m;
}
inline Mesh wedge(const Vec3& size) {
  Mesh m;
  const float x = size[0] / 2, y = size[1] / 2, z = size[2] / 2;
  m.positions = {{-x, -y, -z}, {x, -y, -z}, {-x, y, -z}, {-x, -y, z}, {x, -y, z}, {-x, y, z}};
  m.triangles = {{0, 2, 1}, {3, 4, 5}, {0, 1, 4}, {0, 4, 3}, {0, 3, 5}, {0, 5, 2}, {1, 2, 5}, {1, 5, 4}};
  return m;
}

inline void place(Mesh& m, const std::array<Vec3, 3>& axes, const Vec3& at) {
  for (Vec3& p : m.positions) p = axes[0] * p[0] + axes[1] * p[1] + axes[2] * p[2] + at;
}
inline std::array<Vec3, 3> random_rotation(Random& random) {
  const Vec3 a = normalized({random.normal(), random.normal(), random.normal()});
  const Vec3 b = normalized(cross(a, {random.normal(), random.normal(), random.normal()}));
  return {a, b, cross(a, b)};
}

/// A solid of a random kind; with `snapped`, its sizes and place are multiples of 1/8 and it stands along the axes.
inline Mesh random_solid(Random& random, bool snapped) {
  const auto number = [&](float low, float high) {
    const float x = low + (high - low) * random.uniform();
    return snapped ? std::max(0.125F, std::round(x * 8) / 8) : x;
  };
  const auto segments = [&] { return 3 + random.below(snapped ? 6 : 14); };
  Mesh m;
  switch (random.below(snapped ? 8 : 6)) {
    case 0:
      m = cylinder(number(0.1F, 0.5F), number(0.1F, 1), segments());
      break;
    case 1:
      m = sphere(number(0.2F, 0.6F), 3 + random.below(10), 3 + random.below(8));
      break;
    case 2:
      m = cone(number(0.1F, 0.6F), number(0.2F, 1), segments());
      break;
    case 3:
      m = torus(number(0.3F, 0.5F), 0.125F, segments(), 3 + random.below(6));
      break;
    case 4:
      m = wedge({number(0.1F, 1), number(0.1F, 1), number(0.1F, 1)});
      break;
    default:
      m = box({number(0.1F, 1), number(0.1F, 1), number(0.1F, 1)});
      break;
  }
  std::array<Vec3, 3> axes{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  if (!snapped && random.below(4)) {
    axes = random_rotation(random);
  } else if (const uint32_t turn = random.below(6); turn) {
    const std::array<Vec3, 3> e = axes;
    const uint32_t k = turn % 3;
    axes = {e[k], e[(k + 1) % 3], e[(k + 2) % 3]};
    if (turn >= 3) axes = {axes[0] * -1, axes[1] * -1, axes[2]};
  }
  const auto place_at = [&] {
    const float x = 0.8F * random.uniform() - 0.4F;
    return snapped ? std::round(x * 16) / 16 : x;
  };
  const Vec3 at{place_at(), place_at(), place_at()};
  place(m, axes, at);
  return m;
}

}  // namespace ptah::testing_solids
