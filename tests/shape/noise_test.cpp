// What programs make of noise on their parts.
#include <gtest/gtest.h>

#include "base/parallel.h"
#include "base/philox.h"
#include "geometry/boolean.h"
#include "geometry/field/mesh_distance.h"
#include "shape/program/evaluate.h"
#include "shape/program/openscad.h"
#include "shape/texture/noise.h"
#include "tests/sanitized.h"

namespace ptah {
namespace {

ShapeProgram parsed(const std::string& text) { return value_or_throw(parse_shape("shape a\n" + text)); }
Assembly made(const std::string& text, float detail = 1) {
  ShapeOptions options;
  options.detail = detail;
  return value_or_throw(run_shape(parsed(text), options));
}
Mesh mesh_of(const std::string& text) { return triangulated(made(text).parts[0].mesh); }
std::string error_of(const std::string& text) {
  const auto assembly = run_shape(parsed(text));
  return assembly ? "" : assembly.error().message;
}
void expect_solid(const Mesh& mesh, const std::string& what) {
  const MeshReport report = inspect(mesh);
  EXPECT_TRUE(report.closed && report.manifold && report.oriented) << what;
  EXPECT_EQ(report.degenerate, 0) << what;
  EXPECT_GT(report.volume, 0) << what;
}
/// The farthest that a mesh lies outside a solid and inside it.
std::pair<float, float> reach(const Mesh& mesh, const Mesh& solid) {
  const MeshDistance to(solid);
  std::pair<float, float> out;
  for (const Vec3& p : mesh.positions) {
    const float distance = to.at(p).value;
    out = {std::max(out.first, distance), std::max(out.second, -distance)};
  }
  return out;
}

TEST(ShapeNoise, IsReadAndWritten) {
  for (const char* text : {"part p = sphere(0.5) noise(0.05, 0.3)", "part p = sphere(0.5) noise(5 cm, scale = 30 cm, seed = 4, n = 20) at (0, 1, 0) is red"}) {
    const ShapeProgram program = parsed(text);
    EXPECT_EQ(value_or_throw(parse_shape(shape_text(program))), program);
    EXPECT_EQ(value_or_throw(shape_from_json(shape_json(program))), program);
    EXPECT_EQ(program.statements[0].modifiers[0].word, "noise");
  }
}

TEST(ShapeNoise, MovesTheSurfaceInAndOutByItsHeight) {
  const Mesh ball = mesh_of("part p = sphere(0.5)");
  for (const float height : {0.02F, 0.06F}) {
    Mesh rough = mesh_of(fmt::format("part p = sphere(0.5) noise({}, 0.25)", height));
    expect_solid(rough, fmt::format("{}", height));
    const Box box = Box::of(rough.positions);
    EXPECT_NEAR(box.low[1], 0, 1e-6F) << "it stands";
    // It was raised as far as its lowest bump reached below: lowered again, all of it is near the ball.
    float best = 1;
    std::pair<float, float> at;
    for (int i = -20; i <= 20; ++i) {
      Mesh moved = rough;
      for (Vec3& p : moved.positions) p[1] += height * static_cast<float>(i) / 20;
      const auto here = reach(moved, ball);
      if (std::max(here.first, here.second) < best) best = std::max(here.first, here.second), at = here;
    }
    EXPECT_LE(best, 1.02F * height);
    EXPECT_GT(std::min(at.first, at.second), 0.3F * height) << "outward and inward";
  }
}

TEST(ShapeNoise, DependsOnItsSeedItsScaleAndNothingElse) {
  const auto positions = [](const std::string& noise) { return mesh_of("part p = ellipsoid(1, 0.8, 0.6) " + noise).positions; };
  const auto plain = positions("noise(0.05, 0.3)");
  EXPECT_EQ(plain, positions("noise(height = 0.05, scale = 0.3, seed = 1)"));
  EXPECT_NE(plain, positions("noise(0.05, 0.3, 2)"));
  EXPECT_NE(plain, positions("noise(0.05, 0.4)"));
  EXPECT_NE(plain, positions("noise(0.04, 0.3)"));
  for (const int threads : {1, 3}) {
    set_threads(threads);
    EXPECT_EQ(plain, positions("noise(0.05, 0.3)")) << threads << " threads";
  }
  set_threads(0);
  // Copies are alike; a loop makes others.
  const Assembly row = made("part p = sphere(0.2) noise(0.02, 0.1) repeat(2, 1)\nfor i = 1 to 2 {\n  part q = sphere(0.2) noise(0.02, 0.1, i) at (0, 0, 1)\n}");
  const auto volume = [&](size_t i) { return inspect(triangulated(row.parts[i].mesh)).volume; };
  EXPECT_NEAR(volume(0), volume(1), 1e-6);
  EXPECT_GT(std::abs(volume(2) - volume(3)), 1e-5);
}

TEST(ShapeNoise, CellsFollowTheDetailTheScaleAndN) {
  const auto triangles = [](const std::string& noise, float detail = 1) { return made("part p = sphere(0.5) " + noise, detail).parts[0].mesh.faces.size(); };
  const size_t usual = triangles("noise(0.05, 0.3)");
  EXPECT_GT(triangles("noise(0.05, 0.3)", 2), 3 * usual);
  EXPECT_GT(triangles("noise(0.02, 0.1)"), 2 * usual);
  EXPECT_LT(2 * triangles("noise(0.05, 0.3, n = 16)"), usual);
}

const std::vector<std::string>& primitives() {
  static const std::vector<std::string> out{"box(1, 1, 1)",
                                            "box(1, 0.6, 0.4, r = 0.1)",
                                            "cylinder(0.5, 1, top = 0.7, wall = 0.2)",
                                            "cylinder(0.5, 1, top = 0.2)",
                                            "pipe(0.5, 0.25, 1)",
                                            "cone(0.5, 1)",
                                            "sphere(0.5)",
                                            "ellipsoid(1, 2, 0.5)",
                                            "torus(0.5, 0.2)",
                                            "capsule(0.2, 1)",
                                            "wedge(1, 1, 1, top = 0.2)",
                                            "wedge(1, 0.5, 1)",
                                            "gable(1, 1, 1)",
                                            "prism(5, 0.5, 1)",
                                            "pyramid(1, 1, d = 0.5)",
                                            "lathe((0.3, 0), (0.5, 0.2), (0.2, 1), (0, 1.2))",
                                            "extrude((0, 0), (1, 0), (1, 1), (0.5, 0.4), (0, 1), d = 0.3)",
                                            "sweep((0, 0, 0), (0, 1, 0), (1, 1, 0), r = 0.15, end = 0.1)",
                                            "superquadric(1, 1, 1, 0.3, 1.5)",
                                            "terrain(2, 2, 0.5, base = 0.3)",
                                            "metaballs((0, 0, 0, 0.2), (0.25, 0.1, 0, 0.15))",
                                            "algebraic(\"x^2 + 2 * y^2 + z^4 - 0.5\", 1, h = 2)",
                                            "sphere(0.5) shell(0.15)",
                                            "box(0.5, 1, 0.4) twist(60) bend(30)"};
  return out;
}

/// Up to noise as steep as it can be. PTAH_NOISE_SEEDS says how many seeds.
TEST(ShapeNoise, EveryPrimitiveStaysASolid) {
  const char* asked = std::getenv("PTAH_NOISE_SEEDS");
  const int seeds = asked ? std::atoi(asked) : 1;
  std::vector<std::string> noises{"noise(0.2, 0.2, n = 32"};
  if (asked) noises.insert(noises.end(), {"noise(0.04, 0.15, n = 48", "noise(0.01, 0.1"});
  for (size_t i = 0; i < primitives().size(); i += kSanitized ? 6 : 1) {
    const std::string& call = primitives()[i];
    const int64_t bodies = inspect(mesh_of("part p = " + call)).bodies;
    for (const std::string& noise : noises)
      for (int seed = 0; seed < seeds; ++seed) {
        const std::string text = fmt::format("part p = {} {}, seed = {})", call, noise, seed);
        const Mesh mesh = mesh_of(text);
        expect_solid(mesh, text);
        EXPECT_EQ(inspect(mesh).bodies, bodies) << text;
        // What does not cross itself is what its own union is.
        EXPECT_NEAR(inspect(value_or_throw(boolean_mesh({&mesh, 1}, &in_any)).mesh).volume / inspect(mesh).volume, 1, 1e-4) << text;
      }
  }
}

TEST(ShapeNoise, RoughPartsAreCutBlendedAndJoined) {
  const Assembly a = made(
      "part ground = box(1, 0.2, 1) noise(0.02, 0.15)\nblend(0.05) part rock = sphere(0.25) noise(0.05, 0.25, 7) noise(0.01, 0.06) on ground sink(0.1) is "
      "stone\n"
      "cut part hole = cylinder(0.05, 1) noise(0.01, 0.08) at (0.3, -0.2, 0.3)");
  for (const Solid& solid : value_or_throw(solids_of(a))) expect_solid(solid.mesh, solid.label);
  expect_solid(value_or_throw(whole_solid(a)).mesh, "whole");
}

TEST(ShapeNoise, WhatIsNotPossibleIsSaid) {
  EXPECT_NE(error_of("part p = sphere(0.5) noise(0.4, 0.3)").find("on a scale of 0.3 m no more than that"), std::string::npos);
  EXPECT_NE(error_of("part p = sphere(0.5) noise(0, 0.3)").find("above 0"), std::string::npos);
  EXPECT_NE(error_of("part p = sphere(0.5) noise(0.05)").find("noise needs scale"), std::string::npos);
  EXPECT_NE(error_of("part p = sphere(0.5) noise(0.001, 0.005)").find("0.02344 m or more"), std::string::npos);
  EXPECT_NE(error_of("part p = sphere(0.5) noise(0.05, 0.3, 1.5)").find("seed of noise is 1.5"), std::string::npos);
  EXPECT_NE(error_of("part p = sphere(0.5) noise(0.05, 0.3, n = 4)").find("8 to 128"), std::string::npos);
  EXPECT_NE(error_of("part p = sphere(0.5) noise(0.05, 0.3, size = 4)").find("unknown argument of noise"), std::string::npos);
  EXPECT_NE(error_of("group g {\n  part p = sphere(0.1)\n} noise(0.01, 0.1)").find("works on parts"), std::string::npos);
}

TEST(ShapeNoise, SheetsAndRodsStayWhole) {
  for (const char* text : {"part p = box(1, 0.002, 1) noise(0.1, 0.2)", "part p = pipe(0.5, 0.49, 1) noise(0.1, 0.2)",
                           "part p = cylinder(0.01, 1) noise(0.05, 0.1)", "part p = cone(0.1, 1) noise(0.05, 0.1)"}) {
    expect_solid(mesh_of(text), text);
    EXPECT_EQ(inspect(mesh_of(text)).bodies, 1) << text;
  }
}

TEST(ShapeNoise, ItsHeightIsABound) {
  float highest = 0;
  Random random(5);
  for (int i = 0; i < 300000; ++i) {
    const Vec3 p{64 * random.uniform(), 64 * random.uniform(), 64 * random.uniform()};
    highest = std::max(highest, std::abs(texture::noise(p, 3)));
  }
  EXPECT_LT(highest, 1.0362F);
  EXPECT_GT(highest, 0.8F);
}

TEST(ShapeNoise, OpenScadGetsPolyhedra) {
  const std::string scad = value_or_throw(openscad_of(parsed("part p = box(1, 1, 1) noise(0.05, 0.3)")));
  EXPECT_NE(scad.find("noise (line 2) has no form in OpenSCAD"), std::string::npos);
  EXPECT_NE(scad.find("polyhedron("), std::string::npos);
}

TEST(ShapeNoise, ItsNameRemainsFree) {
  const Assembly a = made("param noise = 0.2 in [0.1, 1]\npart base = box(noise, 1, 1)\ngroup noise {\n  part noise = box(1, 1, 1)\n} on base");
  EXPECT_EQ(a.parts[1].label, "noise/noise");
}

}  // namespace
}  // namespace ptah
