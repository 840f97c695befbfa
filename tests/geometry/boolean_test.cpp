// Exact booleans: closed two-manifold results of the right shape, whatever coincides.
#include "geometry/boolean.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "geometry/boolean/exact.h"
#include "tests/geometry/solids.h"

namespace ptah {
namespace {

using namespace testing_solids;

Mesh at(Mesh mesh, const Vec3& offset) {
  for (Vec3& p : mesh.positions) p = p + offset;
  return mesh;
}

/// What a reader makes of the mesh that knows positions alone.
Mesh joined(const Mesh& mesh) {
  std::map<Vec3, uint32_t> seen;
  std::vector<uint32_t> index;
  Mesh out;
  for (Vec3 p : mesh.positions) {
    for (float& x : p) x += 0.0F;  // −0 is 0
    const auto [found, added] = seen.emplace(p, static_cast<uint32_t>(out.positions.size()));
    if (added) out.positions.push_back(p);
    index.push_back(found->second);
  }
  for (const Triangle& t : mesh.triangles) out.triangles.push_back({index[t[0]], index[t[1]], index[t[2]]});
  return out;
}

double volume(const Mesh& mesh) {
  double sum = 0;
  for (const Triangle& t : mesh.triangles) {
    std::array<std::array<double, 3>, 3> p;
    for (size_t k = 0; k < 3; ++k) p[k] = {mesh.positions[t[k]][0], mesh.positions[t[k]][1], mesh.positions[t[k]][2]};
    sum += p[0][0] * (p[1][1] * p[2][2] - p[1][2] * p[2][1]) + p[0][1] * (p[1][2] * p[2][0] - p[1][0] * p[2][2]) +
           p[0][2] * (p[1][0] * p[2][1] - p[1][1] * p[2][0]);
  }
  return sum / 6;
}

/// Winding number by solid angles (van Oosterom and Strackee 1983): near a whole number unless the point is on the surface.
double winding(const Mesh& mesh, const Vec3& at) {
  double sum = 0;
  for (const Triangle& t : mesh.triangles) {
    std::array<std::array<double, 3>, 3> p;
    std::array<double, 3> length{};
    for (size_t k = 0; k < 3; ++k) {
      for (size_t i = 0; i < 3; ++i) p[k][i] = double{mesh.positions[t[k]][i]} - at[i];
      length[k] = std::sqrt(p[k][0] * p[k][0] + p[k][1] * p[k][1] + p[k][2] * p[k][2]);
    }
    const auto inner = [&](size_t a, size_t b) { return p[a][0] * p[b][0] + p[a][1] * p[b][1] + p[a][2] * p[b][2]; };
    const double triple = p[0][0] * (p[1][1] * p[2][2] - p[1][2] * p[2][1]) + p[0][1] * (p[1][2] * p[2][0] - p[1][0] * p[2][2]) +
                          p[0][2] * (p[1][0] * p[2][1] - p[1][1] * p[2][0]);
    sum += 2 * std::atan2(triple, length[0] * length[1] * length[2] + inner(0, 1) * length[2] + inner(1, 2) * length[0] + inner(2, 0) * length[1]);
  }
  return sum / (4 * std::numbers::pi);
}

double distance_to_plane_of_any(const Mesh& mesh, const Vec3& at) {
  double best = 1e30;
  for (const Triangle& t : mesh.triangles) {
    const Vec3 n = normalized(cross(mesh.positions[t[1]] - mesh.positions[t[0]], mesh.positions[t[2]] - mesh.positions[t[0]]));
    best = std::min(best, static_cast<double>(std::abs(dot(n, at - mesh.positions[t[0]]))));
  }
  return best;
}

void expect_solid(const Mesh& mesh, const std::string& what) {
  if (mesh.triangles.empty()) return;
  const MeshReport report = inspect(mesh), alone = inspect(joined(mesh));
  EXPECT_TRUE(report.closed && report.manifold && report.oriented) << what;
  EXPECT_EQ(report.degenerate, 0) << what;
  EXPECT_TRUE(alone.closed && alone.manifold && alone.oriented) << what << ", by position";
}

struct Case {
  std::vector<Mesh> operands;
  InsideRule rule;
  std::string name;
};

Case random_case(uint64_t seed) {
  Random random(seed, 77);
  Case out;
  const uint32_t count = 2 + random.below(11);
  for (uint32_t k = 0; k < count; ++k) out.operands.push_back(random_solid(random, seed % 2 == 0));
  const uint32_t mask = random.u32();
  switch (random.below(4)) {
    case 0:
      out.rule = in_any, out.name = "union";
      break;
    case 1:
      out.rule = in_first_only, out.name = "difference";
      break;
    case 2:
      out.rule = [](std::span<const uint8_t> inside) { return std::count(inside.begin(), inside.end(), 1) >= 2; };
      out.name = "in two";
      break;
    default:
      out.rule = [mask](std::span<const uint8_t> inside) {  // add or cut, one after the other
        bool solid = false;
        for (size_t k = 0; k < inside.size(); ++k)
          if (inside[k]) solid = k == 0 || (mask >> k & 1);
        return solid;
      };
      out.name = "add and cut";
  }
  out.name += " " + std::to_string(seed);
  return out;
}

void write_mesh(std::ofstream& file, const Mesh& mesh) {
  const std::array<uint32_t, 2> sizes{static_cast<uint32_t>(mesh.positions.size()), static_cast<uint32_t>(mesh.triangles.size())};
  file.write(reinterpret_cast<const char*>(sizes.data()), sizeof sizes);
  file.write(reinterpret_cast<const char*>(mesh.positions.data()), static_cast<std::streamsize>(mesh.positions.size() * sizeof(Vec3)));
  file.write(reinterpret_cast<const char*>(mesh.triangles.data()), static_cast<std::streamsize>(mesh.triangles.size() * sizeof(Triangle)));
}

/// PTAH_BOOLEAN_CASES=first:end runs other cases, PTAH_BOOLEAN_DUMP=file writes unions and differences for tools/check/booleans.
TEST(Boolean, RandomSolidsUnderRandomRules) {
  uint64_t first = 0, end = 400;
  if (const char* cases = std::getenv("PTAH_BOOLEAN_CASES")) {
    ASSERT_EQ(std::sscanf(cases, "%lu:%lu", &first, &end), 2);
  }
  std::ofstream dump;
  if (const char* path = std::getenv("PTAH_BOOLEAN_DUMP")) dump.open(path, std::ios::binary);
  int64_t points = 0;
  for (uint64_t seed = first; seed < end; ++seed) {
    const Case c = random_case(seed);
    const Result<BooleanResult> result = boolean_mesh(c.operands, c.rule);
    ASSERT_TRUE(result.has_value()) << c.name << ": " << result.error().message;
    ASSERT_EQ(result->source.size(), result->mesh.triangles.size());
    expect_solid(result->mesh, c.name);
    Random random(seed, 78);
    for (int k = 0; k < 20; ++k) {
      const Vec3 p{1.6F * random.uniform() - 0.8F, 1.6F * random.uniform() - 0.8F, 1.6F * random.uniform() - 0.8F};
      std::vector<uint8_t> inside;
      double nearest = 1e30;
      for (const Mesh& operand : c.operands) {
        nearest = std::min(nearest, distance_to_plane_of_any(operand, p));
        inside.push_back(winding(operand, p) > 0.5);
      }
      if (nearest < 1e-4) continue;
      ++points;
      EXPECT_NEAR(winding(result->mesh, p), c.rule(inside) ? 1 : 0, 0.01) << c.name;
    }
    const bool is_union = c.name.starts_with("union"), is_difference = c.name.starts_with("difference");
    if (dump.is_open() && (is_union || is_difference)) {
      const std::array<uint32_t, 3> head{static_cast<uint32_t>(seed), is_union ? 0U : 1U, static_cast<uint32_t>(c.operands.size())};
      dump.write(reinterpret_cast<const char*>(head.data()), sizeof head);
      for (const Mesh& operand : c.operands) write_mesh(dump, operand);
      write_mesh(dump, result->mesh);
    }
  }
  EXPECT_GT(points, static_cast<int64_t>(end - first) * 15);
}

TEST(Boolean, NearlyCoincidentSolids) {
  // Corners a step of the grid beside each other: slivers, holes and fins no wider than that.
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Case c = random_case(2 * seed);
    Random random(seed, 79);
    for (Mesh& operand : c.operands) {
      std::map<Vec3, Vec3> moved;  // corners at one place stay together
      for (Vec3& p : operand.positions) {
        const Vec3 to = p + Vec3{random.uniform() - 0.5F, random.uniform() - 0.5F, random.uniform() - 0.5F} * 4e-6F;
        p = moved.emplace(p, to).first->second;
      }
    }
    const Result<BooleanResult> result = boolean_mesh(c.operands, c.rule);
    ASSERT_TRUE(result.has_value()) << c.name << ": " << result.error().message;
    expect_solid(result->mesh, c.name);
  }
}

TEST(Boolean, VolumesObeyInclusionAndExclusion) {
  for (uint64_t seed = 0; seed < 40; ++seed) {
    Random random(seed, 3);
    const std::vector<Mesh> two{random_solid(random, seed % 2 == 0), random_solid(random, seed % 2 == 0)};
    const double both = volume(boolean_mesh(two, in_all)->mesh), any = volume(boolean_mesh(two, in_any)->mesh),
                 rest = volume(boolean_mesh(two, in_first_only)->mesh);
    EXPECT_NEAR(any + both, volume(two[0]) + volume(two[1]), 2e-5) << seed;
    EXPECT_NEAR(rest + both, volume(two[0]), 2e-5) << seed;
  }
}

TEST(Boolean, BoxesHaveTheFewestTriangles) {
  const Mesh cube = box({1, 1, 1});
  const std::vector<Mesh> corner{cube, at(cube, {0.5F, 0.5F, 0.5F})}, slot{cube, box({0.5F, 2, 0.5F})}, cavity{cube, box({0.5F, 0.5F, 0.5F})}, same{cube, cube};
  EXPECT_EQ(boolean_mesh(corner, in_first_only)->mesh.triangles.size(), 24U);  // 14 vertices
  EXPECT_EQ(boolean_mesh(corner, in_all)->mesh.triangles.size(), 12U);
  EXPECT_EQ(boolean_mesh(slot, in_first_only)->mesh.triangles.size(), 32U);  // 16 vertices and a hole
  EXPECT_EQ(inspect(boolean_mesh(slot, in_first_only)->mesh).euler, 0);
  const auto hollow = boolean_mesh(cavity, in_first_only);
  EXPECT_EQ(hollow->mesh.triangles.size(), 24U);
  EXPECT_NEAR(volume(hollow->mesh), 0.875, 1e-6);
  EXPECT_EQ(std::count(hollow->source.begin(), hollow->source.end(), 1U), 12);
  const auto once = boolean_mesh(same, in_any);
  EXPECT_EQ(once->mesh.triangles.size(), 12U);
  EXPECT_EQ(std::count(once->source.begin(), once->source.end(), 0U), 12) << "coincident surfaces are the first operand's";
  EXPECT_TRUE(boolean_mesh(same, in_first_only)->mesh.triangles.empty());
}

TEST(Boolean, ABoxOnATableLeavesAHoleInItsFace) {
  const std::vector<Mesh> parts{box({4, 1, 4}), at(box({1, 1, 1}), {0, 1, 0}), at(box({0.5F, 0.5F, 0.5F}), {1.25F, 0.75F, 1.25F})};
  const auto whole = boolean_mesh(parts, in_any);
  expect_solid(whole->mesh, "table");
  EXPECT_EQ(inspect(whole->mesh).bodies, 1);
  EXPECT_NEAR(volume(whole->mesh), 17.125, 1e-5);
}

TEST(Boolean, SolidsThatTouchAlongAnEdgeOrAtAVertexStayApart) {
  const Mesh cube = box({1, 1, 1});
  for (const Vec3& offset : {Vec3{1, 1, 0}, Vec3{1, 1, 1}, Vec3{1, 1, 0.5F}, Vec3{-1, 1, -1}}) {
    const std::vector<Mesh> two{cube, at(cube, offset)};
    const auto both = boolean_mesh(two, in_any);
    expect_solid(both->mesh, "two cubes");
    EXPECT_EQ(inspect(joined(both->mesh)).bodies, 2);
    EXPECT_NEAR(volume(both->mesh), 2, 5e-5);
  }
}

TEST(Boolean, AnEdgeWhereASolidTouchesItself) {
  // Two cubes that share an edge, and a bridge that joins them elsewhere: the edge has four faces of one body.
  const Mesh cube = box({1, 1, 1});
  const std::vector<Mesh> three{cube, at(cube, {1, 1, 0}), at(box({3, 3, 0.5F}), {0.5F, 0.5F, 0.75F}), at(box({3, 3, 0.5F}), {0.5F, 0.5F, -0.75F})};
  const auto whole = boolean_mesh(three, in_any);
  expect_solid(whole->mesh, "bridge");
  EXPECT_EQ(inspect(joined(whole->mesh)).bodies, 1);
  EXPECT_NEAR(volume(whole->mesh), 11, 1e-4);
}

TEST(Boolean, OperandsMayOverlapThemselves) {
  Mesh twice = box({1, 1, 1});
  const Mesh other = at(box({1, 1, 1}), {0.5F, 0.25F, 0});
  for (const Triangle& t : other.triangles) twice.triangles.push_back({t[0] + 8, t[1] + 8, t[2] + 8});
  twice.positions.insert(twice.positions.end(), other.positions.begin(), other.positions.end());
  const auto outline = boolean_mesh(std::vector<Mesh>{twice}, in_any);
  expect_solid(outline->mesh, "two shells");
  EXPECT_NEAR(volume(outline->mesh), 2 - 0.375, 1e-6);
}

TEST(Boolean, CoordinatesOfOperandsAreKept) {
  const std::vector<Mesh> two{at(box({0.3F, 0.7F, 0.1F}), {0.1F, 0.123F, 0}), at(box({0.2F, 0.2F, 0.2F}), {0.25F, 0.4F, 0.07F})};
  std::array<std::vector<float>, 3> known;
  for (const Mesh& mesh : two)
    for (const Vec3& p : mesh.positions)
      for (size_t i = 0; i < 3; ++i) known[i].push_back(p[i]);
  const auto rest = boolean_mesh(two, in_first_only);
  ASSERT_GT(rest->mesh.positions.size(), 8U);
  for (const Vec3& p : rest->mesh.positions)
    for (size_t i = 0; i < 3; ++i) EXPECT_TRUE(std::count(known[i].begin(), known[i].end(), p[i])) << p[i];
}

TEST(Boolean, WhatItRefuses) {
  Mesh open = box({1, 1, 1});
  open.triangles.pop_back();
  EXPECT_EQ(boolean_mesh(std::vector<Mesh>{open}, in_any).error().code, ErrorCode::invalid_argument);
  Mesh endless = box({1, 1, 1});
  endless.positions[3][1] = INFINITY;
  EXPECT_EQ(boolean_mesh(std::vector<Mesh>{endless}, in_any).error().code, ErrorCode::invalid_argument);
  Mesh wild = box({1, 1, 1});
  wild.triangles[0][2] = 8;
  EXPECT_EQ(boolean_mesh(std::vector<Mesh>{wild}, in_any).error().code, ErrorCode::invalid_argument);
  const std::vector<Mesh> two{sphere(1, 20, 20), at(sphere(1, 20, 20), {0.5F, 0.1F, 0})};
  EXPECT_EQ(boolean_mesh(two, [](std::span<const uint8_t> inside) { return !inside[0]; }).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(boolean_mesh(two, in_any, {.max_pairs = 10}).error().code, ErrorCode::over_budget);
  CancelToken cancel;
  cancel.cancel();
  EXPECT_EQ(boolean_mesh(two, in_any, {}, &cancel).error().code, ErrorCode::cancelled);
  EXPECT_TRUE(boolean_mesh({}, in_any)->mesh.triangles.empty());
}

TEST(Boolean, FlatVerticesGoIfAsked) {
  // A turned box's corners do not lie in one plane of the grid, and eight of them side by side leave edges all over the outline.
  Random random(9);
  Mesh eight;
  for (int k = 0; k < 8; ++k) {
    const Mesh part = at(box({1, 1, 1}), {k & 1 ? 1.0F : 0, k & 2 ? 1.0F : 0, k & 4 ? 1.0F : 0});
    for (const Triangle& t : part.triangles) {
      const auto base = static_cast<uint32_t>(eight.positions.size());
      eight.triangles.push_back({base + t[0], base + t[1], base + t[2]});
    }
    eight.positions.insert(eight.positions.end(), part.positions.begin(), part.positions.end());
  }
  place(eight, random_rotation(random), {});
  const auto plain = boolean_mesh(std::vector<Mesh>{eight}, in_any, {.simplify = false}), simple = boolean_mesh(std::vector<Mesh>{eight}, in_any);
  expect_solid(plain->mesh, "plain");
  expect_solid(simple->mesh, "simple");
  EXPECT_GE(plain->mesh.triangles.size(), 40U);
  EXPECT_EQ(simple->mesh.triangles.size(), 12U);
  EXPECT_NEAR(volume(simple->mesh), 8, 1e-4);
}

TEST(Exact, WideIntegersCountBeyondTheProcessors) {
  using detail::Int128;
  using W = detail::Wide<5>;
  const W a(static_cast<Int128>(1) << 100), b(-(static_cast<Int128>(1) << 90));
  EXPECT_EQ((a * b).sign(), -1);
  EXPECT_EQ((a * b + a * -b).sign(), 0);
  EXPECT_EQ((a * b + a * -b - W(Int128{1})).sign(), -1);
  EXPECT_EQ((a * b).approximate(), -std::exp2(190));
}

TEST(Exact, APointThatDoublesCannotTellFromAPlane) {
  using namespace detail;
  int turn = 0;
  const Plane a = plane_through({1, 0, 0}, {524287, 524286, 3}, {-7, 11, 524287}, turn),
              b = plane_through({0, 5, 1}, {524286, -524287, 9}, {3, 1, -524287}, turn),
              c = plane_through({9, 9, 8}, {-524287, 524283, 77}, {524281, 524287, 500000}, turn);
  const Point p = meet(a, b, c);
  EXPECT_EQ(side(a, p), 0);
  EXPECT_EQ(side(b, p), 0);
  EXPECT_EQ(side(c, p), 0);
  Point nudged = p;
  nudged.x[0] = nudged.x[0] + Wide<3>(Int128{1});  // 1/w of a step
  EXPECT_NE(side(a, nudged), 0);
  EXPECT_EQ(side(a, nudged), a.n[0] > 0 ? 1 : -1);
}

}  // namespace
}  // namespace ptah
