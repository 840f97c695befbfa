// Implicit solids become closed meshes that keep edges and corners.
#include "geometry/dual_contouring.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "base/parallel.h"
#include "geometry/contour/patches.h"
#include "tests/geometry/solids.h"

namespace ptah {
namespace {

using namespace testing_solids;
using Field = std::function<float(const Vec3&)>;

Field box_field(const Vec3& half) {
  return [half](const Vec3& p) {
    const Vec3 q{std::abs(p[0]) - half[0], std::abs(p[1]) - half[1], std::abs(p[2]) - half[2]};
    return length({std::max(q[0], 0.0F), std::max(q[1], 0.0F), std::max(q[2], 0.0F)}) + std::min(std::max({q[0], q[1], q[2]}), 0.0F);
  };
}
Field sphere_field(float radius) {
  return [radius](const Vec3& p) { return length(p) - radius; };
}
Field torus_field(float ring, float tube) {
  return [ring, tube](const Vec3& p) { return std::hypot(std::hypot(p[0], p[2]) - ring, p[1]) - tube; };
}
Field placed(Field field, const std::array<Vec3, 3>& axes, const Vec3& at) {
  return [field = std::move(field), axes, at](const Vec3& p) { return field({dot(axes[0], p - at), dot(axes[1], p - at), dot(axes[2], p - at)}); };
}
float blend(float a, float b, float width) {
  const float h = std::max(width - std::abs(a - b), 0.0F) / width;
  return std::min(a, b) - h * h * width / 4;
}

/// Boxes, spheres, tori and plates, added, blended, cut and intersected.
Field random_field(Random& random) {
  Field whole;
  const uint32_t count = 1 + random.below(6);
  for (uint32_t k = 0; k < count; ++k) {
    const auto size = [&] { return 0.08F + 0.4F * random.uniform(); };
    Field part;
    switch (random.below(4)) {
      case 0:
        part = box_field({size(), size(), size()});
        break;
      case 1:
        part = sphere_field(size());
        break;
      case 2:
        part = torus_field(0.2F + 0.3F * random.uniform(), 0.04F + 0.1F * random.uniform());
        break;
      default:
        part = box_field({size(), 0.01F + 0.02F * random.uniform(), size()});
        break;
    }
    const Vec3 at{random.uniform() - 0.5F, random.uniform() - 0.5F, random.uniform() - 0.5F};
    part = placed(part, random.below(3) ? random_rotation(random) : std::array<Vec3, 3>{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}, at);
    if (!whole) {
      whole = part;
      continue;
    }
    const float width = 0.02F + 0.2F * random.uniform();
    switch (random.below(4)) {
      case 0:
        whole = [whole, part](const Vec3& p) { return std::min(whole(p), part(p)); };
        break;
      case 1:
        whole = [whole, part, width](const Vec3& p) { return blend(whole(p), part(p), width); };
        break;
      case 2:
        whole = [whole, part](const Vec3& p) { return std::max(whole(p), -part(p)); };
        break;
      default:
        whole = [whole, part, width](const Vec3& p) { return -blend(-whole(p), part(p), width); };
        break;
    }
  }
  return whole;
}

ContourRequest request_of(Field field, int cells, float half = 1) {
  return {.distance = std::move(field), .gradient = {}, .box = {{-half, -half, -half}, {half, half, half}}, .cells = cells};
}

void expect_solid(const Mesh& mesh, const std::string& what) {
  if (mesh.triangles.empty()) return;
  const MeshReport report = inspect(mesh);
  EXPECT_TRUE(report.closed && report.manifold && report.oriented) << what;
  EXPECT_EQ(report.degenerate, 0) << what;
}

/// PTAH_CONTOUR_CASES=first:end runs other cases.
TEST(Contour, RandomSolidsAreTwoManifold) {
  uint64_t first = 0, end = 60;
  if (const char* cases = std::getenv("PTAH_CONTOUR_CASES")) {
    ASSERT_EQ(std::sscanf(cases, "%lu:%lu", &first, &end), 2);
  }
  int solids = 0;
  for (uint64_t seed = first; seed < end; ++seed) {
    Random random(seed, 5);
    const Field field = random_field(random);
    const auto mesh = contour(request_of(field, 24 + static_cast<int>(random.below(40)), 0.6F + 0.5F * random.uniform()));  // some reach the box
    ASSERT_TRUE(mesh.has_value());
    solids += !mesh->triangles.empty();
    expect_solid(*mesh, "seed " + std::to_string(seed));
    if (!mesh->triangles.empty()) {
      EXPECT_GT(inspect(*mesh).volume, 0) << seed;
    }
  }
  EXPECT_GT(solids, static_cast<int>(end - first) * 3 / 4);
}

TEST(Contour, ValuesWithoutSenseStillMakeTwoManifolds) {
  // Signs at random: all 256 cells and all pairs of doubtful faces.
  for (uint32_t seed = 0; seed < 4; ++seed) {
    const auto noise = [seed](const Vec3& p) {
      const auto key = [&](size_t k) { return static_cast<uint32_t>(std::lround(p[k] * 1e4F)); };
      return (philox4x32({key(0), key(1), key(2), seed}, {1, 2})[0] & 1 ? 1.0F : -1.0F) * 0.01F;
    };
    ContourRequest request = request_of(noise, 16);
    request.lipschitz = 1e6F;
    const auto mesh = contour(request);
    const MeshReport report = inspect(*mesh);
    EXPECT_GT(mesh->triangles.size(), 5000U);
    EXPECT_TRUE(report.closed && report.manifold && report.oriented);
  }
}

TEST(Contour, ABoundThatIsWrongLeavesNoHoles) {
  const Field sphere = sphere_field(0.7F);
  ContourRequest request = request_of([&](const Vec3& p) { return 2 * sphere(p); }, 64);  // falls twice as fast as said
  const auto mesh = contour(request);
  ASSERT_FALSE(mesh->triangles.empty());
  expect_solid(*mesh, "steep");
  EXPECT_NEAR(inspect(*mesh).volume, 4.0 / 3 * std::numbers::pi * 0.343, 0.01);
}

TEST(Contour, VerticesLieOnTheSurface) {
  const Field torus = torus_field(0.6F, 0.2F);
  const auto mesh = contour(request_of(torus, 48));
  for (const Vec3& p : mesh->positions) EXPECT_LT(std::abs(torus(p)), 1e-4F);
  EXPECT_EQ(inspect(*mesh).euler, 0);
  EXPECT_NEAR(inspect(*mesh).volume, 2 * std::numbers::pi * std::numbers::pi * 0.6 * 0.04, 0.01);
}

TEST(Contour, EdgesAndCornersAreKept) {
  Random random(4);
  const auto axes = random_rotation(random);
  const Vec3 half{0.41F, 0.3F, 0.23F};
  const Field box = placed(box_field(half), axes, {});
  const auto mesh = contour(request_of(box, 96, 0.6F));
  expect_solid(*mesh, "box");
  EXPECT_NEAR(inspect(*mesh).volume, 8 * half[0] * half[1] * half[2], 2e-4);
  const std::vector<Vec3> normals = vertex_normals(*mesh);
  std::vector<float> flattest(mesh->positions.size(), 1);
  for (const Triangle& t : mesh->triangles) {
    const Vec3 n = normalized(cross(mesh->positions[t[1]] - mesh->positions[t[0]], mesh->positions[t[2]] - mesh->positions[t[0]]));
    for (const uint32_t v : t) flattest[v] = std::min(flattest[v], dot(n, normals[v]));
  }
  const float diagonal = 1.2F * std::sqrt(3.0F);
  int bent = 0, off_edge = 0;
  for (size_t v = 0; v < normals.size(); ++v) {
    if (flattest[v] > 0.9F) continue;
    ++bent;
    const Vec3 p = mesh->positions[v];
    std::array<float, 3> off;
    for (size_t k = 0; k < 3; ++k) off[k] = std::abs(std::abs(dot(axes[k], p)) - half[k]);
    std::sort(off.begin(), off.end());
    off_edge += std::hypot(off[0], off[1]) > 1e-3F * diagonal;
  }
  EXPECT_GT(bent, 200);
  EXPECT_LE(off_edge, bent / 50);
}

TEST(Contour, GradientsMayBeGiven) {
  int asked = 0;
  ContourRequest request = request_of(sphere_field(0.5F), 16);
  request.gradient = [&](const Vec3& p) {
    ++asked;
    return p;
  };
  const int before = threads();
  set_threads(1);
  const auto mesh = contour(request);
  set_threads(before);
  EXPECT_GT(asked, 100);
  expect_solid(*mesh, "sphere");
}

TEST(Contour, SameBytesForAnyNumberOfThreads) {
  Random random(8, 5);
  const Field field = random_field(random);
  set_threads(1);
  const auto one = contour(request_of(field, 64));
  set_threads(3);
  const auto three = contour(request_of(field, 64));
  set_threads(0);
  EXPECT_EQ(one->positions, three->positions);
  EXPECT_EQ(one->triangles, three->triangles);
}

TEST(Contour, ASolidThatReachesTheBoxIsClosed) {
  const auto mesh = contour(request_of(sphere_field(1.3F), 32));
  expect_solid(*mesh, "cut sphere");
  const auto full = contour(request_of([](const Vec3&) { return -1.0F; }, 16));
  expect_solid(*full, "all inside");
  EXPECT_NEAR(inspect(*full).volume, 8, 0.05);
}

TEST(Contour, WhatItRefuses) {
  EXPECT_EQ(contour({}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(contour(request_of(sphere_field(1), 7)).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(contour(request_of(sphere_field(1), 513)).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(contour(request_of(sphere_field(1), 64, 0)).error().code, ErrorCode::invalid_argument);
  CancelToken cancel;
  cancel.cancel();
  EXPECT_EQ(contour(request_of(sphere_field(0.5F), 64), &cancel).error().code, ErrorCode::cancelled);
  EXPECT_TRUE(contour(request_of([](const Vec3&) { return 1.0F; }, 64))->triangles.empty());
}

TEST(CellPatches, BothCellsOfAFaceJoinItsCrossingsAlike) {
  const auto& table = detail::cell_patches();
  EXPECT_EQ(table[0].count, 0);
  EXPECT_EQ(table[1].count, 1);
  EXPECT_EQ(table[0b01101001].count, 4);  // four corners apart
  EXPECT_EQ(table[0b10000001].count, 2);
  for (int inside = 0; inside < 256; ++inside) {
    const auto crossed =
        std::count_if(table[static_cast<size_t>(inside)].of_edge.begin(), table[static_cast<size_t>(inside)].of_edge.end(), [](int8_t p) { return p >= 0; });
    EXPECT_GE(crossed, 3 * table[static_cast<size_t>(inside)].count) << inside;
  }
}

}  // namespace
}  // namespace ptah
