// What programs make of blends, metaballs and formulas.
#include <gtest/gtest.h>

#include <numbers>

#include "shape/program/evaluate.h"
#include "shape/program/openscad.h"

namespace ptah {
namespace {

ShapeProgram parsed(const std::string& text) { return value_or_throw(parse_shape(text)); }
Assembly made(const std::string& text) { return value_or_throw(run_shape(parsed("shape a\n" + text))); }
MeshReport whole_of(const std::string& text) {
  const MeshReport report = inspect(value_or_throw(whole_solid(made(text))).mesh);
  EXPECT_TRUE(report.closed && report.manifold && report.oriented) << text;
  EXPECT_EQ(report.degenerate, 0) << text;
  return report;
}
std::string error_of(const std::string& text) {
  const auto assembly = run_shape(parsed("shape a\n" + text));
  if (!assembly) return assembly.error().message;
  const auto solids = solids_of(*assembly);
  return solids ? "" : solids.error().message;
}

float low_of(const Mesh& mesh) {
  Bounds bounds;
  for (const Vec3& p : mesh.positions) bounds.take(p);
  return bounds.low[0];
}

constexpr const char* kPlate = "part plate = box(1, 0.1, 1)\n";

TEST(ShapeBlend, FillsTheSeam) {
  const double plain = whole_of(std::string(kPlate) + "part post = cylinder(0.1, 0.5) on plate").volume;
  const double blended = whole_of(std::string(kPlate) + "blend(0.08) part post = cylinder(0.1, 0.5) on plate").volume;
  // A quarter round of 0.08 about a post of 0.1 (Pappus): (1 - pi / 4) r² over a circle of 0.1 and 0.2234 r.
  const double round = (1 - std::numbers::pi / 4) * 0.0064 * 2 * std::numbers::pi * (0.1 + 0.2234 * 0.08);
  EXPECT_NEAR(blended - plain, round, 0.05 * round);
  EXPECT_GT(blended, whole_of(std::string(kPlate) + "blend(0.04) part post = cylinder(0.1, 0.5) on plate").volume + 0.5 * round);
}

TEST(ShapeBlend, OnlyTheBlendedPartGrows) {
  const Assembly a = made(std::string(kPlate) + "blend(0.08) part post = cylinder(0.1, 0.5) on plate is red");
  const auto solids = value_or_throw(solids_of(a));
  ASSERT_EQ(solids.size(), 2U);
  EXPECT_EQ(solids[0].mesh.positions, triangulated(a.parts[0].mesh).positions) << "the plate is as it was";
  EXPECT_GT(solids[1].mesh.triangles.size(), triangulated(a.parts[1].mesh).triangles.size());
  const WholeSolid whole = value_or_throw(whole_solid(a));
  EXPECT_LT(*std::max_element(whole.part.begin(), whole.part.end()), 2U) << "the fillet shows the post's material";
}

TEST(ShapeBlend, ActsOnWhatStandsBeforeItInItsBlock) {
  EXPECT_TRUE(value_or_throw(fillets_of(made("part post = cylinder(0.1, 0.5) at (0, 0.1, 0)\npart plate = box(1, 0.1, 1)"))).empty());
  EXPECT_EQ(value_or_throw(fillets_of(made(std::string(kPlate) + "blend(0.05) part leg = cylinder(0.05, 0.4) under plate corners(0.1)"))).size(), 4U);
  // A group blends as one: not within itself.
  const std::string group = "group post {\npart foot = cylinder(0.1, 0.1)\npart stem = cylinder(0.05, 0.4) on foot\n} on plate";
  EXPECT_EQ(value_or_throw(fillets_of(made(std::string(kPlate) + "blend(0.04) " + group))).size(), 1U);
  // And a blend within a group stays there, wherever the group goes.
  const auto inner = value_or_throw(fillets_of(made(
      std::string(kPlate) + "group post {\npart foot = cylinder(0.1, 0.1)\nblend(0.04) part stem = cylinder(0.05, 0.4) on foot\n} on plate repeat(2, 0.5)")));
  ASSERT_EQ(inner.size(), 2U);
  EXPECT_NEAR(low_of(inner[1].mesh) - low_of(inner[0].mesh), 0.5F, 1e-3F);
}

TEST(ShapeBlend, CutsBeforeItStayAndCutsBehindItCutIt) {
  const std::string hole = "cut part hole = cylinder(0.05, 1) at (0.14, -0.5, 0)\n", post = "blend(0.08) part post = cylinder(0.1, 0.5) at (0, 0.1, 0)\n";
  const Mesh before = value_or_throw(whole_solid(made(kPlate + hole + post))).mesh, behind = value_or_throw(whole_solid(made(kPlate + post + hole))).mesh;
  EXPECT_TRUE(inspect(before).manifold && inspect(behind).manifold);
  const auto solids = value_or_throw(solids_of(made(kPlate + post + hole)));
  EXPECT_LT(inspect(solids[1].mesh).volume, inspect(value_or_throw(solids_of(made(kPlate + post)))[1].mesh).volume - 1e-5) << "the fillet is cut too";
  EXPECT_EQ(inspect(behind).euler, 0) << "a hole through plate and fillet";
}

TEST(ShapeBlend, ScalesWithItsGroup) {
  const std::string inside = "part plate = box(1, 0.1, 1)\nblend(0.08) part post = cylinder(0.1, 0.5) on plate\n";
  const double one = whole_of(inside).volume;
  EXPECT_NEAR(whole_of("group all {\n" + inside + "} scale(2)").volume, 8 * one, 0.002 * 8 * one);
  EXPECT_NEAR(made("group all {\n" + inside + "} scale(2)").parts[1].blends[0].radius, 0.16F, 1e-5F);
}

TEST(ShapeBlend, SaysWhatIsNotPossible) {
  EXPECT_NE(error_of(std::string(kPlate) + "blend(0) part post = cylinder(0.1, 0.5) on plate").find("above 0"), std::string::npos);
  EXPECT_NE(error_of("part plate = box(10, 0.1, 10)\nblend(0.0001) part wall = box(10, 1, 0.1) on plate").find("'wall'"), std::string::npos);
}

TEST(ShapeBlend, OpenScadGetsPolyhedra) {
  const ShapeProgram program =
      parsed("shape a\nparam high = 0.5 in [0.1, 1]\npart plate = box(1, 0.1, 1)\nblend(0.08) part post = cylinder(0.1, high) on plate");
  ShapeOptions options;
  options.set["high"] = value_or_throw(parse_shape_expression("0.4"));
  const std::string scad = value_or_throw(openscad_of(program, options));
  EXPECT_NE(scad.find("blend (line 4) has no form in OpenSCAD"), std::string::npos);
  EXPECT_NE(scad.find("//   high = 0.4"), std::string::npos);
  EXPECT_NE(scad.find("polyhedron("), std::string::npos);
  const std::string plain = value_or_throw(openscad_of(parsed("shape a\npart plate = box(1, 0.1, 1)")));
  EXPECT_NE(plain.find("box_(w = 1, h = 0.1, d = 1"), std::string::npos) << "what has a form there keeps it";
}

TEST(ShapeImplicit, MetaballsAndFormulasArePrimitives) {
  for (const char* text : {"part blob = metaballs((0, 0, 0, 0.2), (0.25, 0.1, 0, 0.15)) is red", "part blob = algebraic(\"x^2 + y^2 + z^2 - 0.8\", 0.5)",
                           "part blob = algebraic(\"sin(6*x)*cos(6*y) + sin(6*y)*cos(6*z) + sin(6*z)*cos(6*x)\", 1, h = 0.5, range = 1, n = 24)"}) {
    const ShapeProgram program = parsed(std::string("shape a\n") + text);
    EXPECT_EQ(parsed(shape_text(program)), program);
    EXPECT_EQ(value_or_throw(shape_from_json(shape_json(program))), program);
    const Assembly a = value_or_throw(run_shape(program));
    EXPECT_NEAR(a.bounds().low[1], 0, 1e-6F) << text;
    EXPECT_TRUE(inspect(triangulated(a.parts[0].mesh)).manifold) << text;
    ShapeOptions fine;
    fine.detail = 2;
    if (std::string(text).find("n =") == std::string::npos) {
      EXPECT_GT(value_or_throw(run_shape(program, fine)).parts[0].mesh.faces.size(), 2 * a.parts[0].mesh.faces.size()) << text;
    }
  }
  // They take what other parts take.
  const MeshReport cut = whole_of("part blob = algebraic(\"x^2 + y^2 + z^2 - 1\", 1) at (0, 0.5, 0)\ncut part hole = cylinder(0.2, 3)");
  EXPECT_EQ(cut.euler, 0);
  whole_of("part floor = box(2, 0.1, 2)\nblend(0.05) part blob = metaballs((-0.2, 0, 0, 0.3), (0.2, 0, 0, 0.3)) rotate(y, 30) on floor sink(0.1)");
}

TEST(ShapeImplicit, SizesAreReal) {
  const Vec3 ball = made("part b = algebraic(\"x^2 + y^2 + z^2 - 1\", 0.5, n = 48)").bounds().size();
  for (const float edge : ball) EXPECT_NEAR(edge, 0.5F, 0.01F);
  const Vec3 half = made("part b = algebraic(\"x^2 + y^2 + z^2 - 1\", 0.5, range = 2, n = 48)").bounds().size();
  for (const float edge : half) EXPECT_NEAR(edge, 0.25F, 0.01F);
  const Vec3 slab = made("part b = algebraic(\"x^2 + y^2 + z^2 - 4\", 0.5, h = 0.1)").bounds().size();
  EXPECT_NEAR(slab[0], 0.5F, 0.01F) << "cut off at its box";
  EXPECT_NEAR(slab[1], 0.1F, 0.005F);
}

TEST(ShapeImplicit, WhatIsWrongIsSaid) {
  EXPECT_NE(error_of("part b = algebraic(1)").find("algebraic needs a formula"), std::string::npos);
  EXPECT_NE(error_of("part b = algebraic(\"x +\", 1)").find("formula: expected"), std::string::npos);
  EXPECT_NE(error_of("part b = algebraic(\"x^2 + 1\", 1)").find("nothing is inside"), std::string::npos);
  EXPECT_NE(error_of("part b = algebraic(\"x\")").find("needs w"), std::string::npos);
  EXPECT_NE(error_of("part b = box(\"x\", 1, 1)").find("takes numbers"), std::string::npos);
  EXPECT_NE(error_of("part b = metaballs()").find("at least 1 points"), std::string::npos);
  EXPECT_NE(error_of("part b = metaballs((0, 0, 0, -1))").find("above 0"), std::string::npos);
}

TEST(ShapeImplicit, TheirNamesRemainFree) {
  const Assembly a = made(
      "param metaballs = 0.2 in [0.1, 1]\nparam algebraic = yes of (yes, no)\npart blend_of = box(metaballs, 1, 1)\npart algebraic = box(1, 1, 1) on blend_of\n"
      "part metaballs = box(1, 1, 1) on algebraic");
  EXPECT_EQ(a.parts.size(), 3U);
}

}  // namespace
}  // namespace ptah
