// Distances, overlaps and samples of surfaces are those that geometry says.
#include "geometry/mesh_errors.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "base/parallel.h"
#include "base/philox.h"
#include "geometry/primitives.h"
#include "geometry/winding.h"

namespace ptah {

namespace {

Mesh moved(Mesh mesh, const Vec3& by) {
  for (Vec3& p : mesh.positions) p = p + by;
  return mesh;
}
const Mesh kBox = triangulated(box_mesh(1, 1, 1));
Mesh sphere(float diameter, int around = 64) { return triangulated(ellipsoid_mesh(diameter, diameter, diameter, {.around = around})); }

}  // namespace

TEST(SurfaceSamples, LieOnTheSurfaceInProportionToItsArea) {
  Mesh mesh;  // a square of 4 m² and a triangle of 1 m² above it, and one without area
  mesh.positions = {{0, 0, 0}, {2, 0, 0}, {2, 0, -2}, {0, 0, -2}, {0, 1, 0}, {2, 1, 0}, {0, 1, -1}};
  mesh.triangles = {{0, 1, 2}, {0, 2, 3}, {0, 0, 1}, {4, 5, 6}};
  const SurfaceSamples s = sample_surface(mesh, 1000, 7);
  ASSERT_EQ(s.positions.size(), 1000);
  size_t above = 0, quarter = 0;
  for (size_t i = 0; i < 1000; ++i) {
    const auto [a, b, c] = mesh.triangles[s.triangles[i]];
    const Vec3 p = mesh.positions[a] * s.weights[i][0] + mesh.positions[b] * s.weights[i][1] + mesh.positions[c] * s.weights[i][2];
    EXPECT_LT(length(p - s.positions[i]), 1e-6F);
    EXPECT_LT(length(s.normals[i] - Vec3{0, 1, 0}), 1e-6F);
    above += s.positions[i][1] > 0.5F ? 1 : 0;
    quarter += s.positions[i][1] < 0.5F && s.positions[i][0] < 1 && s.positions[i][2] > -1 ? 1 : 0;
  }
  EXPECT_EQ(above, 200) << "one in each share of the area";
  EXPECT_NEAR(static_cast<double>(quarter), 200, 30) << "even within triangles";
  EXPECT_NE(sample_surface(mesh, 1000, 8).positions, s.positions);
  EXPECT_TRUE(sample_surface({mesh.positions, {{0, 0, 1}}}, 10, 0).positions.empty());
}

TEST(Winding, IsTheSolidAngle) {
  const Mesh ball = sphere(1);  // about (0, 0.5, 0)
  const WindingNumber fast(ball);
  Random random(3);
  double worst = 0;
  for (int i = 0; i < 2000; ++i) {
    const Vec3 p{random.uniform() * 2 - 1, random.uniform() * 2 - 0.5F, random.uniform() * 2 - 1};
    const float r = length(p - Vec3{0, 0.5F, 0});
    if (std::abs(r - 0.5F) < 0.01F) continue;
    worst = std::max(worst, std::abs(fast.at(p) - (r < 0.5F ? 1 : 0)));
  }
  EXPECT_LT(worst, 0.02);
  EXPECT_GT(worst, 0) << "dipoles are no triangles";
  Mesh open = kBox;  // without its lid
  std::erase_if(open.triangles,
                [&](const Triangle& t) { return open.positions[t[0]][1] == 1 && open.positions[t[1]][1] == 1 && open.positions[t[2]][1] == 1; });
  ASSERT_EQ(open.triangles.size(), 10);
  EXPECT_NEAR(WindingNumber(open).at({0, 0.5F, 0}), 5.0 / 6, 1e-6);
  Mesh inward = kBox;
  for (Triangle& t : inward.triangles) std::swap(t[0], t[1]);
  EXPECT_NEAR(WindingNumber(inward).at({0, 0.5F, 0}), -1, 1e-6);
  EXPECT_TRUE(WindingNumber(inward).inside({0, 0.5F, 0}));
}

TEST(MeshErrors, OfTheSameMeshAreNone) {
  const MeshErrors e = value_or_throw(mesh_errors(kBox, kBox));
  EXPECT_LT(e.largest, 1e-6);
  EXPECT_EQ(e.f_score, 1);
  EXPECT_NEAR(*e.normal_consistency, 1, 1e-6);
  EXPECT_EQ(*e.iou, 1);
  EXPECT_NEAR(e.diagonal, std::sqrt(3.0), 1e-6);
}

TEST(MeshErrors, OfShiftedBoxesAreThoseOfGeometry) {
  const MeshErrors e = value_or_throw(mesh_errors(kBox, moved(kBox, {0.25F, 0, 0})));
  EXPECT_NEAR(*e.iou, 0.75 / 1.25, 0.01);
  EXPECT_NEAR(e.largest, 0.25, 1e-3);
  // The left face is 0.25 from the other's; the right one lies within, as far from the other's four sides as those are, at most 0.25; a strip of the four
  // sides reaches to the left.
  const auto to_sides = [](double limit) {
    double sum = 0;
    const int n = 1000;
    for (int i = 0; i < n; ++i)
      for (int j = 0; j < n; ++j) {
        const double x = (i + 0.5) / n, y = (j + 0.5) / n;
        sum += std::min({x, 1 - x, y, 1 - y, limit});
      }
    return sum / n / n;
  };
  EXPECT_NEAR(e.chamfer, (0.25 + to_sides(0.25) + 4 * 0.25 * 0.125) / 6, 2e-3);
  EXPECT_NEAR(e.a_to_b, e.b_to_a, 2e-3) << "the two are mirror images";
  EXPECT_LT(e.f_score, 0.8);
  const MeshErrors loose = value_or_throw(mesh_errors(kBox, moved(kBox, {0.25F, 0, 0}), {.threshold = 0.2}));
  EXPECT_EQ(loose.f_score, 1);
}

TEST(MeshErrors, SpheresWithinEachOther) {
  const MeshErrors e = value_or_throw(mesh_errors(sphere(1, 96), moved(sphere(0.8F, 96), {0, 0.1F, 0}), {.samples = 20000}));
  EXPECT_NEAR(*e.iou, 0.512, 0.01);
  EXPECT_NEAR(e.chamfer, 0.1, 1e-3);
  EXPECT_GT(*e.normal_consistency, 0.99);
  const MeshErrors box = value_or_throw(mesh_errors(sphere(1), kBox));
  EXPECT_NEAR(*box.iou, std::numbers::pi / 6, 0.01);
  EXPECT_LT(*box.normal_consistency, 0.97);
}

TEST(MeshErrors, ArePointCloudsToo) {
  const SurfaceSamples s = sample_surface(kBox, 20000, 1);
  Mesh cloud{s.positions, {}};
  for (uint32_t i = 0; i < cloud.positions.size(); ++i) cloud.triangles.push_back({i, i, i});
  const MeshErrors e = value_or_throw(mesh_errors(kBox, cloud));
  EXPECT_LT(e.b_to_a, 1e-6);
  EXPECT_GT(e.a_to_b, 1e-3);
  EXPECT_LT(e.a_to_b, 0.01);
  EXPECT_FALSE(e.normal_consistency);
  EXPECT_FALSE(e.iou);
  EXPECT_FALSE(mesh_errors(kBox, {}));
}

TEST(MeshErrors, AreTheSameForEveryNumberOfThreads) {
  const Mesh other = moved(sphere(1), {0.1F, 0, 0});
  const auto run = [&](int count) {
    set_threads(count);
    const MeshErrors e = value_or_throw(mesh_errors(kBox, other, {.samples = 5000, .grid = 24}));
    set_threads(0);
    return std::array{e.chamfer, e.largest, e.f_score, *e.normal_consistency, *e.iou};
  };
  EXPECT_EQ(run(1), run(3));
}

}  // namespace ptah
