// Hulls hold every point, and nothing less would.
#include "geometry/convex_hull.h"

#include <gtest/gtest.h>

#include <cmath>

#include "geometry/pair_triangles.h"
#include "geometry/primitives.h"
#include "tests/geometry/solids.h"

namespace ptah {
namespace {

/// How far, over the size of the box, the points stand out of the hull, and whether it is closed.
double expect_hull(const Mesh& hull, std::span<const Vec3> points, const std::string& what) {
  const MeshReport report = inspect(hull);
  EXPECT_TRUE(report.closed && report.manifold && report.oriented) << what;
  EXPECT_EQ(report.euler, 2) << what;
  EXPECT_GT(report.volume, 0) << what;
  for (const Vec3& p : hull.positions) EXPECT_TRUE(std::find(points.begin(), points.end(), p) != points.end()) << what << ": vertices are points";
  double worst = 0;
  for (const Triangle& t : hull.triangles) {
    std::array<std::array<double, 3>, 3> c{};
    for (size_t i = 0; i < 3; ++i)
      for (size_t k = 0; k < 3; ++k) c[i][k] = hull.positions[t[i]][k];
    const auto minus = [](const auto& a, const auto& b) { return std::array<double, 3>{a[0] - b[0], a[1] - b[1], a[2] - b[2]}; };
    const auto u = minus(c[1], c[0]), v = minus(c[2], c[0]);
    const std::array<double, 3> n{u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]};
    const double size = std::sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
    for (const Vec3& p : points) {
      const auto d = minus(p, c[0]);
      worst = std::max(worst, (d[0] * n[0] + d[1] * n[1] + d[2] * n[2]) / size);
    }
  }
  return worst;
}

TEST(ConvexHull, HoldsEveryPoint) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Random random(seed);
    std::vector<Vec3> points;
    const bool coarse = seed % 2 == 0;  // on a grid of few steps: many points in one plane and on one line
    for (uint32_t i = 0; i < 200; ++i) {
      Vec3 p{random.normal(), random.normal() * 0.5F, random.normal() * 2};
      if (coarse)
        for (float& x : p) x = std::round(x * 2) / 2;
      points.push_back(p + Vec3{10, 0, -3});
    }
    const Mesh hull = value_or_throw(convex_hull(points));
    EXPECT_LT(expect_hull(hull, points, fmt::format("seed {}", seed)), 1e-7) << seed;
    EXPECT_EQ(inspect(hull).degenerate, 0);
  }
}

TEST(ConvexHull, IsTheSmallest) {
  const Mesh box = testing_solids::box({1, 2, 3});
  std::vector<Vec3> points = box.positions;
  for (int i = 0; i < 9; ++i)  // on edges, on faces and inside: none is a corner
    points.push_back({0.5F, 1, static_cast<float>(i) / 4 - 1}), points.push_back({0.1F, static_cast<float>(i) / 9, 1.5F}), points.push_back({0, 0, 0.1F});
  const Mesh hull = value_or_throw(convex_hull(points));
  EXPECT_EQ(hull.positions.size(), 8U);
  EXPECT_EQ(hull.triangles.size(), 12U);
  EXPECT_NEAR(inspect(hull).volume, 6, 1e-5);
  const Mesh ball = triangulated(ellipsoid_mesh(1, 1, 1, {.around = 64}));
  EXPECT_NEAR(inspect(value_or_throw(convex_hull(ball.positions))).volume / inspect(ball).volume, 1, 1e-4) << "a convex body is its own hull";
  EXPECT_LT(expect_hull(value_or_throw(convex_hull(ball.positions)), ball.positions, "ball"), 1e-7);
}

TEST(ConvexHull, IsTheSameWhateverTheOrder) {
  Random random(5);
  std::vector<Vec3> points;
  for (int i = 0; i < 500; ++i) points.push_back({random.normal(), random.normal(), random.normal()});
  const Mesh hull = value_or_throw(convex_hull(points));
  std::reverse(points.begin(), points.end());
  const Mesh other = value_or_throw(convex_hull(points));
  EXPECT_EQ(hull.positions, other.positions);
  EXPECT_EQ(hull.triangles, other.triangles);
}

TEST(ConvexHull, SaysWhatHasNone) {
  EXPECT_EQ(convex_hull({}).error().code, ErrorCode::invalid_argument);
  std::vector<Vec3> flat;
  for (int i = 0; i < 20; ++i) flat.push_back({static_cast<float>(i % 5), static_cast<float>(i / 5), 1});
  EXPECT_NE(convex_hull(flat).error().message.find("one plane"), std::string::npos);
  EXPECT_FALSE(convex_hull(std::vector<Vec3>(10, {1, 2, 3})));
  flat.push_back({NAN, 0, 0});
  EXPECT_NE(convex_hull(flat).error().message.find("not finite"), std::string::npos);
}

TEST(PairTriangles, ABoxHasSixQuads) {
  const Mesh box = testing_solids::box({1, 2, 3});
  const Faces faces = paired(box.positions, box.triangles);
  EXPECT_EQ(faces.size(), 6U);
  PolygonMesh made{box.positions, {}};
  for (const auto& [a, b, c, d] : faces) {
    EXPECT_NE(c, d);
    made.quad(a, b, c, d);
  }
  const MeshReport report = inspect(triangulated(made));
  EXPECT_TRUE(report.manifold);
  EXPECT_NEAR(report.volume, 6, 1e-5);
}

TEST(PairTriangles, LeavesWhatIsBentOrHollow) {
  // A roof of two triangles at a right angle; and an arrowhead, whose quad would have a corner of more than 180 degrees.
  const std::vector<Vec3> roof{{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  EXPECT_EQ(paired(roof, std::vector<Triangle>{{0, 1, 2}, {0, 3, 1}}).size(), 2U);
  const std::vector<Vec3> flat{{0, 0, 0}, {1, 0, 0}, {1, 1, 0}, {0, 1, 0}};
  EXPECT_EQ(paired(flat, std::vector<Triangle>{{0, 1, 2}, {0, 2, 3}}).size(), 1U);
  const std::vector<Vec3> arrow{{0, 0, 0}, {2, 1, 0}, {0.5F, 1, 0}, {0, 3, 0}};
  EXPECT_EQ(paired(arrow, std::vector<Triangle>{{0, 1, 2}, {0, 2, 3}}).size(), 2U);
}

}  // namespace
}  // namespace ptah
