#include "geometry/primitives.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace ptah {
namespace {

/// Closed, two-manifold, outward, standing on y = 0; its volume is within `share` of `volume` (0: anything above 0).
void expect_solid(const PolygonMesh& polygons, double volume, double share, const char* name) {
  const Mesh mesh = triangulated(polygons);
  const MeshReport report = inspect(mesh);
  EXPECT_TRUE(report.closed && report.manifold && report.oriented) << name;
  EXPECT_EQ(report.degenerate, 0) << name;
  EXPECT_EQ(report.bodies, 1) << name;
  EXPECT_GT(report.volume, 0) << name;
  if (volume > 0) {
    EXPECT_NEAR(report.volume, volume, share * volume) << name;
  }
  float low = 1e9F;
  for (const Vec3& p : mesh.positions) low = std::min(low, p[1]);
  EXPECT_NEAR(low, 0, 1e-6) << name;
}

TEST(Primitives, AreClosedSolidsOfTheirVolume) {
  const double pi = std::numbers::pi;
  for (const Fineness fineness : {Fineness{8, 1}, Fineness{24, 1}, Fineness{32, 4}, Fineness{7, 2}}) {
    const double round = fineness.around < 10 ? 0.3 : 0.05;
    expect_solid(box_mesh(1, 2, 3, fineness), 6, 1e-5, "box");
    expect_solid(rounded_box_mesh(1, 2, 3, 0.2F, fineness), 0, 0, "rounded box");
    expect_solid(rounded_box_mesh(1, 1, 1, 0.5F, fineness), pi / 6, 4 * round, "rounded box that is a ball");
    expect_solid(cylinder_mesh(0.5F, 0.5F, 2, fineness), pi / 2, round, "cylinder");
    expect_solid(cylinder_mesh(0.5F, 0, 3, fineness), pi / 4, round, "cone");
    expect_solid(cylinder_mesh(0, 0.5F, 3, fineness), pi / 4, round, "cone on its tip");
    expect_solid(ellipsoid_mesh(1, 2, 3, fineness), pi, 2 * round, "ellipsoid");
    expect_solid(torus_mesh(1, 0.25F, fineness), 2 * pi * pi / 16, 3 * round, "torus");
    expect_solid(capsule_mesh(0.5F, 3, fineness), pi / 2 + pi / 6, 2 * round, "capsule");
    expect_solid(capsule_mesh(0.5F, 1, fineness), pi / 6, 3 * round, "capsule that is a ball");
    expect_solid(prism_mesh(6, 1, 1, 1, fineness), 1.5 * std::sqrt(3.0), 1e-5, "prism");
    expect_solid(prism_mesh(4, 1, 0, 3, fineness), 2, 1e-5, "pyramid");
    expect_solid(superquadric_mesh(1, 1, 1, 0.3F, 0.3F, fineness), 0, 0, "superquadric");
    const std::array<Vec2, 5> vase{{{0.2F, 0}, {0.4F, 0.3F}, {0.2F, 0.7F}, {0.3F, 1}, {0, 1.1F}}};
    expect_solid(lathe_mesh(vase, fineness), 0, 0, "lathe");
    const std::array<Vec2, 6> letter{{{0, 0}, {1, 0}, {1, 0.3F}, {0.3F, 0.3F}, {0.3F, 1}, {0, 1}}};
    expect_solid(value_or_throw(extrude_mesh(letter, 0.5F, fineness)), 0.255, 1e-5, "an L");
  }
  expect_solid(wedge_mesh(1, 2, 3), 3, 1e-5, "wedge");
  expect_solid(wedge_mesh(1, 2, 3, 1), 4, 1e-5, "wedge with a top");
  expect_solid(gable_mesh(1, 2, 3), 3, 1e-5, "gable");
  const std::vector<float> heights{1, 2, 1, 1, 3, 1};
  expect_solid(terrain_mesh(2, 1, heights, 2, 1), 0, 0, "terrain");
}

TEST(Primitives, TubesFollowTheirPaths) {
  const std::array<Vec3, 4> path{{{0, 0, 0}, {0, 1, 0}, {1, 1, 0}, {1, 1, 1}}};
  const auto smooth = smooth_path(path, false, 8);
  EXPECT_EQ(smooth.size(), 25U);
  EXPECT_LT(length(smooth[8] - path[1]), 1e-5F) << "goes through its points";
  for (const bool closed : {false, true}) {
    const MeshReport report = inspect(triangulated(sweep_mesh(smooth_path(path, closed, 8), 0.05F, 0.05F, closed)));
    EXPECT_TRUE(report.closed && report.manifold && report.oriented) << closed;
    EXPECT_EQ(report.euler, closed ? 0 : 2);
    EXPECT_GT(report.volume, 0);
  }
}

TEST(Primitives, OutlinesThatCrossThemselvesAreRefused) {
  const std::array<Vec2, 4> crossed{{{0, 0}, {1, 1}, {1, 0}, {0, 1}}};
  EXPECT_FALSE(extrude_mesh(crossed, 1));
  const std::array<Vec2, 3> flat{{{0, 0}, {1, 0}, {2, 0}}};
  EXPECT_FALSE(extrude_mesh(flat, 1));
}

}  // namespace
}  // namespace ptah
