// UV unwrap: charts without overlaps, folds or much stretch, packed with margins.
#include "geometry/atlas/unwrap.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <set>

#include "base/parallel.h"
#include "geometry/atlas/measure.h"
#include "geometry/primitives.h"

namespace ptah {
namespace {

constexpr int64_t kTexels = 512;

Mesh joined_meshes(std::initializer_list<Mesh> meshes) {
  Mesh out;
  for (const Mesh& m : meshes) {
    const auto first = static_cast<uint32_t>(out.positions.size());
    for (const Vec3& p : m.positions) out.positions.push_back(p + Vec3{static_cast<float>(first), 0, 0});
    for (const auto& [a, b, c] : m.triangles) out.triangles.push_back({first + a, first + b, first + c});
  }
  return out;
}

/// A surface that is curved both ways: a torus with waves.
Mesh wavy(int around = 48) {
  Mesh m = triangulated(torus_mesh(0.5F, 0.2F, {.around = around}));
  for (Vec3& p : m.positions) p[1] += 0.05F * std::sin(9 * p[0]) * std::cos(7 * p[2]);
  return m;
}

std::vector<std::pair<const char*, Mesh>> meshes() {
  std::vector<std::pair<const char*, Mesh>> out;
  out.emplace_back("box", triangulated(box_mesh(1, 2, 3)));
  out.emplace_back("rounded box", triangulated(rounded_box_mesh(1, 1, 1, 0.2F)));
  out.emplace_back("cylinder", triangulated(cylinder_mesh(0.3F, 0.3F, 1)));
  out.emplace_back("ball", triangulated(ellipsoid_mesh(1, 1, 1, {.around = 48})));
  out.emplace_back("torus", triangulated(torus_mesh(0.5F, 0.15F, {.around = 40})));
  out.emplace_back("wavy", wavy());
  out.emplace_back("several", joined_meshes({triangulated(box_mesh(1, 1, 1)), wavy(24), triangulated(prism_mesh(5, 0.4F, 0, 1))}));
  return out;
}

TEST(Unwrap, ChartsNeitherOverlapNorFoldNorStretch) {
  for (const auto& [name, mesh] : meshes()) {
    SCOPED_TRACE(name);
    const UvMap map = value_or_throw(unwrap(mesh, {.resolution = kTexels, .margin = 2}));
    const UvReport report = value_or_throw(measure_uv(mesh, map, kTexels));
    EXPECT_EQ(report.overlapping, 0);
    EXPECT_EQ(report.mirrored, 0);
    EXPECT_LE(report.stretch, 1.10);
    EXPECT_GE(report.stretch, 0.999);
    EXPECT_GT(report.density, 0.85) << "as many texels for a surface everywhere";
    EXPECT_GE(report.coverage, 0.5);
    ASSERT_EQ(map.triangles.size(), mesh.triangles.size());
    for (const Vec2& uv : map.uvs)
      for (const float v : uv) {
        EXPECT_GE(v, 0);
        EXPECT_LE(v, 1);
      }
  }
}

TEST(Unwrap, AFlatSheetIsOneChartAndABoxIsFew) {
  Mesh sheet;
  for (uint32_t y = 0; y < 9; ++y)
    for (uint32_t x = 0; x < 9; ++x) sheet.positions.push_back({static_cast<float>(x), static_cast<float>(y), 0});
  for (uint32_t y = 0; y < 8; ++y)
    for (uint32_t x = 0; x < 8; ++x) {
      const uint32_t a = y * 9 + x;
      sheet.triangles.push_back({a, a + 1, a + 10});
      sheet.triangles.push_back({a, a + 10, a + 9});
    }
  const UvMap map = value_or_throw(unwrap(sheet));
  EXPECT_EQ(map.charts, 1U);
  EXPECT_NEAR(value_or_throw(measure_uv(sheet, map, kTexels)).stretch, 1, 1e-3);
  const Mesh box = triangulated(box_mesh(1, 1, 1));
  EXPECT_LE(value_or_throw(unwrap(box)).charts, 6U);
}

TEST(Unwrap, MarginsLieBetweenCharts) {
  const Mesh mesh = joined_meshes({triangulated(box_mesh(1, 1, 1)), wavy(24)});
  constexpr int64_t kMargin = 6;
  const UvMap map = value_or_throw(unwrap(mesh, {.resolution = kTexels, .margin = kMargin}));
  std::vector<uint32_t> owner(kTexels * kTexels, ~0U);
  const auto edge = static_cast<float>(kTexels);
  for (size_t t = 0; t < map.triangles.size(); ++t)
    for (int i = 0; i <= 24; ++i)
      for (int j = 0; i + j <= 24; ++j) {
        const float b = static_cast<float>(i) / 24, c = static_cast<float>(j) / 24, a = 1 - b - c;
        Vec2 at{};
        for (size_t k = 0; k < 2; ++k) at[k] = a * map.uvs[map.triangles[t][0]][k] + b * map.uvs[map.triangles[t][1]][k] + c * map.uvs[map.triangles[t][2]][k];
        const auto x = std::min<int64_t>(kTexels - 1, static_cast<int64_t>(at[0] * edge)),
                   y = std::min<int64_t>(kTexels - 1, static_cast<int64_t>(at[1] * edge));
        owner[static_cast<size_t>(y * kTexels + x)] = map.chart[t];
      }
  int64_t near = 0;
  for (int64_t y = 0; y < kTexels; ++y)
    for (int64_t x = 0; x < kTexels; ++x)
      for (int64_t d = 1; d < kMargin - 1; ++d)
        for (const auto& [dx, dy] : {std::pair{d, int64_t{0}}, std::pair{int64_t{0}, d}}) {
          if (x + dx >= kTexels || y + dy >= kTexels) continue;
          const uint32_t a = owner[static_cast<size_t>(y * kTexels + x)], b = owner[static_cast<size_t>((y + dy) * kTexels + x + dx)];
          near += a != ~0U && b != ~0U && a != b;
        }
  EXPECT_EQ(near, 0);
}

TEST(Unwrap, IsTheSameForAnyNumberOfThreads) {
  const Mesh mesh = wavy();
  set_threads(1);
  const UvMap one = value_or_throw(unwrap(mesh));
  set_threads(3);
  const UvMap three = value_or_throw(unwrap(mesh));
  set_threads(0);
  EXPECT_EQ(one.uvs, three.uvs);
  EXPECT_EQ(one.triangles, three.triangles);
}

TEST(Unwrap, SoupAndDegenerateTrianglesHaveAPlace) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> at(-1, 1);
  Mesh soup;
  for (uint32_t i = 0; i < 60; ++i) {
    for (int k = 0; k < 3; ++k) soup.positions.push_back({at(random), at(random), at(random)});
    soup.triangles.push_back({3 * i, 3 * i + 1, 3 * i + 2});
  }
  soup.triangles.push_back({0, 0, 1});
  soup.triangles.push_back({0, 1, 2});  // a second one at the same place
  soup.triangles.push_back({0, 2, 1});  // and its back
  const UvMap map = value_or_throw(unwrap(soup, {.resolution = kTexels, .margin = 1}));
  const UvReport report = value_or_throw(measure_uv(soup, map, kTexels));
  EXPECT_EQ(report.overlapping, 0);
  EXPECT_EQ(report.mirrored, 0);
}

TEST(Unwrap, WhatCannotBeIsSaid) {
  const Mesh box = triangulated(box_mesh(1, 1, 1));
  EXPECT_EQ(unwrap({}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(unwrap({{{0, 0, 0}, {1, 0, 0}, {2, 0, 0}}, {{0, 1, 2}}}).error().code, ErrorCode::invalid_argument) << "no area";
  EXPECT_EQ(unwrap({{{0, 0, 0}}, {{0, 1, 2}}}).error().code, ErrorCode::invalid_argument) << "no such vertices";
  EXPECT_EQ(unwrap({{{0, 0, 0}, {1, 0, 0}, {0, std::nanf(""), 0}}, {{0, 1, 2}}}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(unwrap(box, {.resolution = 8}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(unwrap(box, {.resolution = 64, .margin = 20}).error().code, ErrorCode::invalid_argument);
  CancelToken token;
  token.cancel();
  EXPECT_EQ(unwrap(box, {}, &token).error().code, ErrorCode::cancelled);
}

TEST(Unwrap, TheReportSeesWhatIsWrong) {
  const Mesh box = triangulated(box_mesh(1, 1, 1));
  UvMap map = value_or_throw(unwrap(box));
  const UvReport good = value_or_throw(measure_uv(box, map, kTexels));
  UvMap mirrored = map;
  for (Vec2& uv : mirrored.uvs) uv[0] = 1 - uv[0];
  EXPECT_EQ(value_or_throw(measure_uv(box, mirrored, kTexels)).mirrored, 12);
  UvMap squeezed = map;
  for (Vec2& uv : squeezed.uvs) uv[0] *= 0.5F;
  EXPECT_GT(value_or_throw(measure_uv(box, squeezed, kTexels)).stretch, 1.1);
  EXPECT_NEAR(value_or_throw(measure_uv(box, squeezed, kTexels)).coverage, good.coverage / 2, 0.02);
  UvMap over = map;
  over.triangles[1] = over.triangles[0];
  EXPECT_GT(value_or_throw(measure_uv(box, over, kTexels)).overlapping, 100);
}

}  // namespace
}  // namespace ptah
