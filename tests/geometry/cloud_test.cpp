// Point clouds: neighbours, normals, and the surfaces through them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "base/philox.h"
#include "geometry/cloud/neighbours.h"
#include "geometry/cloud/normals.h"
#include "geometry/cloud/poisson.h"

namespace ptah {
namespace {

/// Points on a ball of radius 1, evenly at random.
std::vector<Vec3> ball(size_t count) {
  Random random(7, 0, 0);
  std::vector<Vec3> out;
  while (out.size() < count) {
    const Vec3 p{2 * random.uniform() - 1, 2 * random.uniform() - 1, 2 * random.uniform() - 1};
    if (const float r = length(p); r > 0.1F && r <= 1) out.push_back(p * (1 / r));
  }
  return out;
}

TEST(PointGrid, FindsTheNearestAsLookingAtAllDoes) {
  Random random(1, 0, 0);
  std::vector<Vec3> points;
  for (int i = 0; i < 700; ++i) points.push_back({random.uniform(), random.uniform() * 0.2F, i % 3 ? 0.5F : random.uniform()});
  for (int i = 0; i < 20; ++i) points.push_back({0.5F, 0.1F, 0.5F});  // several at one place
  const PointGrid grid(points);
  for (int round = 0; round < 60; ++round) {
    const Vec3 place{3 * random.uniform() - 1, random.uniform(), 2 * random.uniform()};
    std::vector<std::pair<float, uint32_t>> all;
    for (uint32_t i = 0; i < points.size(); ++i) all.emplace_back(dot(points[i] - place, points[i] - place), i);
    std::sort(all.begin(), all.end());
    const auto found = grid.nearest(place, 9);
    ASSERT_EQ(found.size(), 9U);
    for (size_t i = 0; i < 9; ++i) EXPECT_EQ(found[i], all[i].second) << round;
  }
  EXPECT_EQ(grid.nearest({}, 5000).size(), points.size());
  EXPECT_TRUE(PointGrid({}).nearest({}, 3).empty());
}

TEST(CloudNormals, PointOutwards) {
  const std::vector<Vec3> points = ball(4000);
  const auto normals = value_or_throw(cloud_normals(points));
  for (size_t i = 0; i < points.size(); ++i) ASSERT_GT(dot(points[i], normals[i]), 0.98F) << i;
  CancelToken cancel;
  cancel.cancel();
  EXPECT_EQ(cloud_normals(points, 16, &cancel).error().code, ErrorCode::cancelled);
}

TEST(Poisson, ABallIsABallOnAnyNumberOfThreads) {
  const std::vector<Vec3> points = ball(20000);
  std::vector<Vec3> first;
  for (const int team : {1, 3}) {
    set_threads(team);
    const Mesh mesh = value_or_throw(poisson_surface(points, points, {.cells = 48}));
    const MeshReport report = inspect(mesh);
    EXPECT_TRUE(report.closed && report.manifold && report.oriented);
    EXPECT_EQ(report.bodies, 1);
    EXPECT_NEAR(report.volume, 4.18879, 0.02);
    for (const Vec3& p : mesh.positions) ASSERT_NEAR(length(p), 1, 0.004);  // a tenth of a cell
    if (first.empty()) first = mesh.positions;
    EXPECT_EQ(mesh.positions, first);
  }
  set_threads(0);
}

TEST(Poisson, HolesAreClosedAndDensityDoesNotMatter) {
  std::vector<Vec3> points;
  for (const Vec3& p : ball(20000))
    if (p[1] < 0.9F && (p[0] < 0 || points.size() % 4 == 0 || points.size() < 20)) points.push_back(p);  // a cap is missing
  for (const Vec3& p : ball(6000))
    if (p[1] < 0.9F) points.push_back(p);
  const Mesh mesh = value_or_throw(poisson_surface(points, points, {.cells = 40}));
  const MeshReport report = inspect(mesh);
  EXPECT_TRUE(report.closed && report.manifold && report.oriented);
  EXPECT_NEAR(report.volume, 4.18879, 0.2);
}

TEST(Poisson, RefusesWhatHasNoSurface) {
  const std::vector<Vec3> few(9, Vec3{1, 2, 3}), same(30, Vec3{1, 2, 3});
  EXPECT_EQ(poisson_surface(few, few).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(poisson_surface(same, same).error().code, ErrorCode::invalid_argument);
  std::vector<Vec3> points = ball(100);
  EXPECT_EQ(poisson_surface(points, {}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(poisson_surface(points, points, {.cells = 8}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(poisson_surface(points, points, {.screening = -1}).error().code, ErrorCode::invalid_argument);
  std::vector<Vec3> broken = points;
  broken[5][1] = NAN;
  EXPECT_EQ(poisson_surface(broken, points).error().code, ErrorCode::invalid_argument);
  CancelToken cancel;
  cancel.cancel();
  EXPECT_EQ(poisson_surface(points, points, {.cells = 32}, &cancel).error().code, ErrorCode::cancelled);
  // Whatever the normals are: no surface, or a closed one.
  std::vector<Vec3> nothing(points.size());
  const auto made = poisson_surface(points, nothing, {.cells = 16});
  EXPECT_TRUE(!made || made->triangles.empty() || inspect(*made).closed);
}

}  // namespace
}  // namespace ptah
