// Surfaces cut finely and moved along their normals.
#include "geometry/displacement.h"

#include <gtest/gtest.h>

#include <cmath>

#include "geometry/boolean.h"
#include "geometry/bvh.h"
#include "geometry/primitives.h"
#include "tests/geometry/solids.h"

namespace ptah {
namespace {

void expect_solid(const Mesh& mesh, const std::string& what) {
  const MeshReport report = inspect(mesh);
  EXPECT_TRUE(report.closed && report.manifold && report.oriented) << what;
  EXPECT_EQ(report.degenerate, 0) << what;
}
float longest_edge(const Mesh& mesh) {
  float out = 0;
  for (const Triangle& t : mesh.triangles)
    for (size_t k = 0; k < 3; ++k) out = std::max(out, length(mesh.positions[t[(k + 1) % 3]] - mesh.positions[t[k]]));
  return out;
}
double area_of(const Mesh& mesh) {
  double out = 0;
  for (const auto& [a, b, c] : mesh.triangles)
    out += static_cast<double>(length(cross(mesh.positions[b] - mesh.positions[a], mesh.positions[c] - mesh.positions[a]))) / 2;
  return out;
}
Displacement by(float metres) {
  return [metres](const Vec3&) { return metres; };
}
double volume_of(const Mesh& solid, float metres, float edge = 0.05F) {
  const Mesh moved = value_or_throw(displaced(solid, by(metres), edge));
  expect_solid(moved, fmt::format("{}", metres));
  return inspect(moved).volume;
}

TEST(Subdivided, IsTheSameSurfaceWithShortEdges) {
  for (const Mesh& mesh : {testing_solids::box({1, 0.3F, 0.02F}), triangulated(cylinder_mesh(0.5F, 0.1F, 2, {32, 1})), triangulated(torus_mesh(0.5F, 0.2F))}) {
    const Mesh fine = value_or_throw(subdivided(mesh, 0.04F));
    expect_solid(fine, "fine");
    EXPECT_LE(longest_edge(fine), 0.04F);
    EXPECT_NEAR(inspect(fine).volume / inspect(mesh).volume, 1, 1e-4);
    EXPECT_NEAR(area_of(fine) / area_of(mesh), 1, 1e-4);
    EXPECT_EQ(inspect(fine).euler, inspect(mesh).euler);
  }
  const Mesh coarse = testing_solids::box({1, 1, 1});
  EXPECT_EQ(value_or_throw(subdivided(coarse, 2)).triangles.size(), coarse.triangles.size());
  EXPECT_EQ(subdivided(coarse, 1e-4F).error().code, ErrorCode::over_budget);
}

/// The thin triangles of long sides are not halved lengthwise and across alike: there would be ten times as many.
TEST(Subdivided, HasNoMoreTrianglesThanItNeeds) {
  for (const Mesh& mesh : {testing_solids::box({2, 0.1F, 0.1F}), triangulated(cylinder_mesh(0.5F, 0.2F, 2, {32, 1}))}) {
    const float edge = 0.03F;
    const auto count = static_cast<double>(value_or_throw(subdivided(mesh, edge)).triangles.size());
    const double equilateral = static_cast<double>(std::sqrt(3.0F) / 4 * edge * edge);
    EXPECT_LT(count, 4 * area_of(mesh) / equilateral);
  }
}

TEST(Displaced, FacesMoveByTheirDisplacement) {
  const Mesh box = testing_solids::box({1, 1, 1}), ball = triangulated(ellipsoid_mesh(1, 1, 1, {64, 1}));
  EXPECT_NEAR(volume_of(box, -0.1F), 0.8 * 0.8 * 0.8, 1e-4) << "sides pass each other at the edges and are trimmed there";
  // Outward the edges and corners follow along their own normals, so that they are less than mitred: between the rounded offset and the box.
  EXPECT_NEAR(volume_of(box, 0.1F), 1.66, 0.03);
  EXPECT_NEAR(std::cbrt(volume_of(ball, 0.1F) / volume_of(ball, 0)), 1.2, 0.005);
  EXPECT_NEAR(std::cbrt(volume_of(ball, -0.1F) / volume_of(ball, 0)), 0.8, 0.005);
}

TEST(Displaced, WhatOverlapsIsOneSolid) {
  // A groove that closes, and a wall whose sides pass each other.
  const std::array<Mesh, 2> parts{testing_solids::box({1, 1, 1}), testing_solids::box({0.1F, 2, 2})};
  Mesh groove = parts[1];
  for (Vec3& p : groove.positions) p[1] += 1;
  const Mesh grooved = value_or_throw(boolean_mesh(std::array{parts[0], groove}, &in_first_only)).mesh;
  EXPECT_GT(volume_of(grooved, 0.08F), volume_of(parts[0], 0.08F) - 0.01);
  EXPECT_LT(volume_of(grooved, -0.02F), 0.96 * 0.96 * 0.96 - 0.06);
  const auto waves = [](const Vec3& p) { return 0.2F * std::sin(9 * p[0]) * std::sin(9 * p[1] + 1) * std::sin(9 * p[2] + 2); };
  expect_solid(value_or_throw(displaced(grooved, waves, 0.03F)), "waves");
}

TEST(Displaced, NoDentGoesThrough) {
  // A tenth is left in the middle of a wall, a rod and a block.
  EXPECT_NEAR(volume_of(testing_solids::box({1, 0.1F, 1}), -0.2F, 2), 0.91 * 0.91 * 0.01, 1e-5);
  EXPECT_NEAR(volume_of(testing_solids::box({1, 0.1F, 0.1F}), -0.2F, 2), 0.91 * 0.01 * 0.01, 1e-6);
  EXPECT_NEAR(volume_of(testing_solids::box({1, 1, 1}), -3, 2), 1e-3, 1e-5);
  const Mesh needle = triangulated(cylinder_mesh(0.05F, 0, 1, {24, 1}));
  for (int seed = 0; seed < 8; ++seed) {
    const auto ripples = [seed](const Vec3& p) { return 0.03F * std::sin(80 * p[1] + static_cast<float>(seed)); };
    const Mesh rough = value_or_throw(displaced(needle, ripples, 0.01F));
    expect_solid(rough, fmt::format("{}", seed));
    EXPECT_EQ(inspect(rough).bodies, 1);
    EXPECT_GT(Box::of(rough.positions).high[1], 0.8F);
  }
}

TEST(Displaced, RimsAreNoDeeperThanWhatTheyJoin) {
  // The rim of a sheet has no groove that is deeper than the sheet is thick, and the edge of a knife none either.
  EXPECT_NEAR(volume_of(testing_solids::box({1, 0.1F, 1}), -0.2F, 0.1F), 0.9 * 0.9 * 0.01, 1e-3);
  const auto waves = [](const Vec3& p) { return 0.2F * std::sin(20 * p[0]) * std::cos(17 * p[2]); };
  EXPECT_EQ(inspect(value_or_throw(displaced(triangulated(wedge_mesh(1, 0.3F, 1)), waves, 0.03F))).bodies, 1);
}

TEST(Displaced, CrumbsAreLeftOutAndPiecesRefused) {
  // Dents that meet behind a corner; the more of it they cut off, the farther from the corner they are.
  const auto dents_beside = [](float from, float to) {
    return [from, to](const Vec3& p) {
      const float away = length(p - Vec3{0.5F, 0.5F, 0.5F});
      return away > from && away < to ? -0.4F : 0.0F;
    };
  };
  const Mesh box = testing_solids::box({1, 1, 1});
  const Mesh chipped = value_or_throw(displaced(box, dents_beside(0.12F, 0.5F), 0.03F));
  expect_solid(chipped, "chipped");
  EXPECT_EQ(inspect(chipped).bodies, 1);
  const auto broken = displaced(box, dents_beside(0.5F, 0.9F), 0.03F);
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().message.find("comes apart"), std::string::npos);
}

TEST(Displaced, WhatIsNoSolidIsRefused) {
  Mesh open = testing_solids::box({1, 1, 1});
  open.triangles.pop_back();
  EXPECT_EQ(displaced(open, by(0.1F), 0.1F).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace ptah
