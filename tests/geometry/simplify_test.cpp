// Fewer triangles keep what they are of: closedness, edges, lines between regions, distance.
#include "geometry/simplify.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "geometry/boolean.h"
#include "geometry/mesh_errors.h"
#include "geometry/primitives.h"
#include "tests/geometry/solids.h"

namespace ptah {
namespace {

LabelledMesh plain(Mesh mesh) {
  LabelledMesh out{std::move(mesh), {}};
  out.label.resize(out.mesh.triangles.size());
  return out;
}

void expect_solid(const Mesh& mesh, const std::string& what) {
  const MeshReport report = inspect(mesh);
  EXPECT_TRUE(report.closed && report.manifold && report.oriented) << what;
  EXPECT_EQ(report.degenerate, 0) << what;
}

double largest(const Mesh& a, const Mesh& b) {
  const MeshErrors e = value_or_throw(mesh_errors(a, b, {.samples = 20000, .grid = 4}));
  return e.largest / e.diagonal;
}

TEST(Simplify, RoundBodiesStayNear) {
  const Mesh ball = triangulated(ellipsoid_mesh(1, 1, 1, {.around = 140}));
  ASSERT_GT(ball.triangles.size(), 19000U);
  const LabelledMesh made = value_or_throw(simplify(plain(ball), 2000));
  EXPECT_LE(made.mesh.triangles.size(), 2000U);
  EXPECT_GT(made.mesh.triangles.size(), 1990U);
  expect_solid(made.mesh, "ball");
  const double error = largest(ball, made.mesh);
  EXPECT_LT(error, 0.0025) << "of the diagonal";
  EXPECT_GT(largest(ball, value_or_throw(simplify(plain(ball), 100)).mesh), 0.005) << "the measure sees coarser ones";
}

TEST(Simplify, FlatFacesAndSharpEdgesAreExact) {
  const Mesh fine = triangulated(box_mesh(1, 2, 3, {.along = 12}));
  const LabelledMesh made = value_or_throw(simplify(plain(fine), 12));
  EXPECT_EQ(made.mesh.triangles.size(), 12U);
  expect_solid(made.mesh, "box");
  EXPECT_NEAR(inspect(made.mesh).volume, 6, 1e-5);
  for (const Vec3& p : made.mesh.positions)
    EXPECT_TRUE(std::find(fine.positions.begin(), fine.positions.end(), p) != fine.positions.end()) << "corners stay to the bit";
}

TEST(Simplify, TheLineBetweenRegionsStays) {
  // A plate of 20 x 20 fields, the left half red and the right half blue.
  const Mesh block = triangulated(box_mesh(2, 0.5F, 2, {.along = 20}));
  LabelledMesh two = plain(block);
  for (size_t t = 0; t < two.label.size(); ++t) {
    float x = 0;
    for (const uint32_t v : block.triangles[t]) x += block.positions[v][0];
    two.label[t] = x > 0 ? 1 : 0;
  }
  const LabelledMesh made = value_or_throw(simplify(two, 40));
  EXPECT_LE(made.mesh.triangles.size(), 40U);
  expect_solid(made.mesh, "plate");
  double area[2] = {};
  for (size_t t = 0; t < made.label.size(); ++t) {
    const auto [a, b, c] = made.mesh.triangles[t];
    const auto& p = made.mesh.positions;
    area[made.label[t]] += static_cast<double>(length(cross(p[b] - p[a], p[c] - p[a]))) / 2;
    for (const uint32_t v : {a, b, c}) EXPECT_TRUE(made.label[t] ? p[v][0] > -1e-5F : p[v][0] < 1e-5F) << "no triangle crosses the line";
  }
  EXPECT_NEAR(area[0], 6, 1e-4);
  EXPECT_NEAR(area[1], 6, 1e-4);
}

TEST(Simplify, OpenSurfacesKeepTheirBorder) {
  Mesh sheet;
  for (int i = 0; i <= 20; ++i)
    for (int j = 0; j <= 20; ++j) sheet.positions.push_back({static_cast<float>(i) / 20, 0, static_cast<float>(j) / 20});
  for (uint32_t i = 0; i < 20; ++i)
    for (uint32_t j = 0; j < 20; ++j) {
      const uint32_t a = i * 21 + j, b = a + 21;
      sheet.triangles.push_back({a, a + 1, b + 1});
      sheet.triangles.push_back({a, b + 1, b});
    }
  const LabelledMesh made = value_or_throw(simplify(plain(sheet), 2));
  EXPECT_EQ(made.mesh.triangles.size(), 2U);
  EXPECT_LT(largest(sheet, made.mesh), 1e-6);
}

TEST(Simplify, WhatCannotGoStays) {
  Mesh two = testing_solids::box({1, 1, 1});
  Mesh other = two;
  for (Vec3& p : other.positions) p = p + Vec3{3, 0, 0};
  for (const auto& [a, b, c] : other.triangles) two.triangles.push_back({a + 8, b + 8, c + 8});
  two.positions.insert(two.positions.end(), other.positions.begin(), other.positions.end());
  const LabelledMesh made = value_or_throw(simplify(plain(two), 1));
  EXPECT_GE(made.mesh.triangles.size(), 8U) << "two bodies are no fewer than two tetrahedra";
  EXPECT_EQ(inspect(made.mesh).bodies, 2);
  expect_solid(made.mesh, "two");
  EXPECT_FALSE(simplify({two, {}}, 1));
  CancelToken token;
  token.cancel();
  const auto stopped = simplify(plain(two), 10, &token);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::cancelled);
}

TEST(Simplify, RandomSolidsStaySolid) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    Random random(seed);
    const std::array<Mesh, 3> operands{testing_solids::random_solid(random, seed % 2 == 0), testing_solids::random_solid(random, seed % 2 == 0),
                                       testing_solids::random_solid(random, false)};
    const BooleanResult whole = value_or_throw(boolean_mesh(operands, seed % 3 ? &in_any : &in_first_only));
    if (whole.mesh.triangles.empty()) continue;
    for (const size_t target : {whole.mesh.triangles.size() / 2, whole.mesh.triangles.size() / 5, size_t{4}}) {
      const LabelledMesh made = value_or_throw(simplify({whole.mesh, whole.source}, target));
      expect_solid(made.mesh, fmt::format("seed {} to {}", seed, target));
      std::map<uint32_t, int> before, after;
      for (const uint32_t label : whole.source) ++before[label];
      for (const uint32_t label : made.label) ++after[label];
      EXPECT_EQ(before.size(), after.size()) << "no region is lost; seed " << seed;
      EXPECT_EQ(inspect(made.mesh).euler, inspect(whole.mesh).euler) << "holes stay; seed " << seed;
    }
  }
}

TEST(Simplify, FansAtOneVertexBecomeTwo) {
  Mesh two;  // tetrahedra that share a corner
  two.positions = {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {-1, 0, 0}, {0, -1, 0}, {0, 0, -1}};
  for (const uint32_t k : {0U, 3U}) {
    const uint32_t a = 1 + k, b = 2 + k, c = 3 + k;
    two.triangles.push_back({0, b, a});
    two.triangles.push_back({0, a, c});
    two.triangles.push_back({0, c, b});
    two.triangles.push_back({a, b, c});
  }
  EXPECT_FALSE(inspect(two).manifold);
  separate_fans(two);
  EXPECT_EQ(two.positions.size(), 8U);
  EXPECT_TRUE(inspect(two).manifold);
}

}  // namespace
}  // namespace ptah
