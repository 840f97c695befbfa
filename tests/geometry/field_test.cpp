// Fields: distances to meshes, blends, metaballs and formulas, with their gradients.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "base/philox.h"
#include "geometry/boolean.h"
#include "geometry/field/blend.h"
#include "geometry/field/formula.h"
#include "geometry/field/mesh_distance.h"
#include "geometry/primitives.h"

namespace ptah {
namespace {

Mesh moved(const PolygonMesh& made, const Vec3& by) {
  Mesh mesh = triangulated(made);
  for (Vec3& p : mesh.positions) p = p + by;
  return mesh;
}
Vec3 random_point(Random& random, float half) {
  Vec3 p;
  for (float& x : p) x = half * (2 * random.uniform() - 1);
  return p;
}
/// How far a gradient is from central differences; a step across an edge of the field is not looked at.
float gradient_error(const Field& field, const Vec3& p, float step) {
  const FieldSample here = field(p);
  Vec3 wanted{}, beside{};
  for (size_t k = 0; k < 3; ++k) {
    Vec3 low = p, high = p;
    low[k] -= step, high[k] += step;
    wanted[k] = (field(high).value - field(low).value) / (2 * step);
    beside[k] = length(field(high).gradient - field(low).gradient);
  }
  if (std::max({beside[0], beside[1], beside[2]}) > 0.2F * std::max(1.0F, length(here.gradient))) return 0;
  return length(wanted - here.gradient) / std::max(1.0F, length(here.gradient));
}

/// Two solids and what fills the seam between them.
struct Blend {
  Mesh a, b;
  MeshDistance to_a, to_b;
  float radius;
  Blend(Mesh one, Mesh other, float r) : a(std::move(one)), b(std::move(other)), to_a(a), to_b(b), radius(r) {}
  Field field_a() const {
    return [this](const Vec3& p) { return to_a.at(p); };
  }
  Field field_b() const {
    return [this](const Vec3& p) { return to_b.at(p); };
  }
  FieldSample at(const Vec3& p) const { return blended(p, field_a(), field_b(), radius); }
  Mesh fillet(float cells = 4) const {
    return value_or_throw(fillet_mesh(field_a(), Box::of(a.positions), field_b(), Box::of(b.positions), radius, radius / cells));
  }
  Mesh whole() const { return value_or_throw(boolean_mesh(std::array{a, b, fillet()}, &in_any)).mesh; }
  Mesh plain() const { return value_or_throw(boolean_mesh(std::array{a, b}, &in_any)).mesh; }
};

TEST(Fields, TheDistanceToAMeshIsExactAndSigned) {
  const MeshDistance box(moved(box_mesh(1, 0.6F, 0.4F), {0, -0.3F, 0}));
  Random random(1);
  int inside = 0;
  for (int i = 0; i < 2000; ++i) {
    const Vec3 p = random_point(random, 1);
    const Vec3 q{std::abs(p[0]) - 0.5F, std::abs(p[1]) - 0.3F, std::abs(p[2]) - 0.2F};
    const float wanted = length({std::max(q[0], 0.0F), std::max(q[1], 0.0F), std::max(q[2], 0.0F)}) + std::min(std::max({q[0], q[1], q[2]}), 0.0F);
    const FieldSample here = box.at(p);
    inside += wanted < 0;
    EXPECT_NEAR(here.value, wanted, 1e-5F);
    EXPECT_NEAR(length(here.gradient), 1, 1e-4F);
    EXPECT_LT(gradient_error([&](const Vec3& x) { return box.at(x); }, p, 1e-3F), 0.02F);
  }
  EXPECT_GT(inside, 30);
  EXPECT_NEAR(box.at({0.5F, 0, 0}).gradient[0], 1, 1e-6F) << "on the surface: its normal";
  const Mesh ring = triangulated(torus_mesh(0.5F, 0.2F, {32, 1}));
  const MeshDistance torus(ring);
  for (int i = 0; i < 500; ++i) {
    const Vec3 p = random_point(random, 0.8F);
    EXPECT_NEAR(torus.at(p).value, std::hypot(std::hypot(p[0], p[2]) - 0.5F, p[1] - 0.2F) - 0.2F, 0.02F) << "a mesh of 32 segments";
  }
}

TEST(Fields, ABlendIsTheRoundOfABallThatTouchesBoth) {
  // A wall on a floor: the fillet is a quarter of a circle about (0.1, 0.1).
  const Blend corner(moved(box_mesh(2, 1, 2), {0, -1, 0}), moved(box_mesh(1, 1, 2), {-0.5F, 0, 0}), 0.1F);
  for (int i = 1; i < 20; ++i) {
    const float angle = std::numbers::pi_v<float> / 2 * static_cast<float>(i) / 20;
    const Vec3 out{-std::cos(angle), -std::sin(angle), 0};
    const FieldSample here = corner.at(Vec3{0.1F, 0.1F, 0} + out * 0.1F);
    EXPECT_NEAR(here.value, 0, 1e-5F);
    EXPECT_NEAR(dot(here.gradient, out), -1, 1e-4F);
  }
  EXPECT_EQ(corner.at({0.1F, 0.01F, 0}).value, corner.to_a.at({0.1F, 0.01F, 0}).value) << "a radius away nothing changes";
  EXPECT_LT(corner.at({0.09F, 0.0001F, 0}).value, corner.to_a.at({0.09F, 0.0001F, 0}).value) << "nearer it does";
  // In a groove of 45° the fillet touches the floor where the wall is a radius away, not farther.
  Mesh wedge{{{0, 0, -1}, {2, 2, -1}, {-2, 2, -1}, {-2, 0, -1}, {0, 0, 1}, {2, 2, 1}, {-2, 2, 1}, {-2, 0, 1}},
             {{0, 2, 1}, {0, 3, 2}, {4, 5, 6}, {4, 6, 7}, {0, 1, 5}, {0, 5, 4}, {1, 2, 6}, {1, 6, 5}, {2, 3, 7}, {2, 7, 6}, {3, 0, 4}, {3, 4, 7}}};
  ASSERT_GT(inspect(wedge).volume, 0);
  const Blend groove(moved(box_mesh(4, 1, 2), {0, -1, 0}), wedge, 0.1F);
  const float touch = 0.1F * std::numbers::sqrt2_v<float>;
  EXPECT_LT(groove.at({0.97F * touch, 0, 0}).value, -1e-6F);
  EXPECT_NEAR(groove.at({1.03F * touch, 0, 0}).value, 0, 1e-6F);
}

TEST(Fields, ABlendIsADistanceAndNeverAboveEither) {
  const Blend two(moved(cylinder_mesh(0.2F, 0.2F, 0.6F), {}), moved(box_mesh(0.8F, 0.2F, 0.3F), {0.2F, 0.2F, 0}), 0.15F);
  Random random(2);
  int filled = 0;
  for (int i = 0; i < 4000; ++i) {
    const Vec3 p = random_point(random, 0.5F), q = p + random_point(random, 0.02F);
    const FieldSample here = two.at(p);
    const float lower = std::min(two.to_a.at(p).value, two.to_b.at(p).value);
    EXPECT_LE(here.value, lower);
    filled += here.value < 0 && lower > 0;
    EXPECT_NEAR(length(here.gradient), 1, 1e-3F);
    if (lower > 0) {
      EXPECT_LE(std::abs(here.value - two.at(q).value), 1.6F * length(p - q) + 1e-4F);
    }
  }
  EXPECT_GT(filled, 5);
}

TEST(Fields, FlatSidesAndEdgesAwayFromTheSeamStayExact) {
  const Mesh plate = moved(box_mesh(1, 0.1F, 1), {});
  for (const auto& [name, other] : std::vector<std::pair<const char*, Mesh>>{{"a post in the middle", moved(cylinder_mesh(0.1F, 0.1F, 0.5F), {0, 0.1F, 0})},
                                                                             {"flush with two sides", moved(box_mesh(0.2F, 0.5F, 0.2F), {0.4F, 0.1F, 0.4F})},
                                                                             {"sunk, and flush with one", moved(box_mesh(0.2F, 0.5F, 0.2F), {0, 0, 0.4F})}}) {
    const Blend blend(plate, other, 0.08F);
    const Mesh whole = blend.whole(), plain = blend.plain();
    const MeshReport report = inspect(whole);
    EXPECT_TRUE(report.closed && report.manifold && report.oriented) << name;
    EXPECT_EQ(report.degenerate, 0) << name;
    EXPECT_EQ(report.bodies, 1) << name;
    EXPECT_GT(report.volume, inspect(plain).volume + 1e-4) << name;
    const Box before = Box::of(plain.positions), after = Box::of(whole.positions);
    EXPECT_EQ(before.low, after.low) << name << ": no side swells";
    EXPECT_EQ(before.high, after.high) << name;
    // What is farther than the radius from the other solid is a corner of one of both, where it was.
    int kept = 0;
    for (const Vec3& p : whole.positions) {
      if (std::max(blend.to_a.at(p).value, blend.to_b.at(p).value) < 0.0801F) continue;
      const auto is = [&](const Mesh& mesh) { return std::find(mesh.positions.begin(), mesh.positions.end(), p) != mesh.positions.end(); };
      EXPECT_TRUE(is(plate) || is(other)) << name;
      ++kept;
    }
    EXPECT_GE(kept, 9) << name;
    // And nothing of both is lost.
    const MeshDistance to_whole(whole);
    for (const Vec3& p : plain.positions) EXPECT_LT(to_whole.at(p).value, 1e-5F) << name;
  }
}

TEST(Fields, FlushSidesDoNotSwell) {
  for (const float overlap : {0.0F, 0.1F}) {
    const Blend side(moved(box_mesh(0.5F, 0.5F, 0.5F), {-0.25F + overlap / 2, 0, 0}), moved(box_mesh(0.5F, 0.5F, 0.5F), {0.25F - overlap / 2, 0, 0}), 0.1F);
    const Mesh whole = side.whole();
    EXPECT_NEAR(inspect(whole).volume, inspect(side.plain()).volume, 1e-7);
    EXPECT_LE(whole.triangles.size(), 20U) << "two boxes in one line are a box";
    Random random(3);
    for (int i = 0; i < 2000; ++i) {
      const Vec3 p{0.12F * (2 * random.uniform() - 1), 0.5F + 0.1F * random.uniform(), 0.4F * (random.uniform() - 0.5F)};
      EXPECT_EQ(side.at(p).value, std::min(side.to_a.at(p).value, side.to_b.at(p).value));
    }
  }
}

TEST(Fields, AFilletLiesOnTheBlendAndWithinBoth) {
  const Blend cross(moved(cylinder_mesh(0.1F, 0.1F, 1), {}), moved(box_mesh(1, 0.15F, 0.15F), {0, 0.4F, 0}), 0.05F);
  const Mesh fillet = cross.fillet();
  EXPECT_TRUE(inspect(fillet).manifold);
  int on = 0;
  for (const Vec3& p : fillet.positions) {
    const float here = cross.at(p).value;
    EXPECT_LT(here, 3e-3F * 0.05F) << "never out of it";
    if (cross.to_a.at(p).value > 0.004F && cross.to_b.at(p).value > 0.004F) {
      ++on;
      EXPECT_NEAR(here, -1e-3F * 0.05F, 2e-3F * 0.05F);
    }
  }
  EXPECT_GT(on, 100);
  const Blend apart(moved(box_mesh(1, 1, 1), {}), moved(box_mesh(1, 1, 1), {1.2F, 0, 0}), 0.1F);
  EXPECT_TRUE(apart.fillet().triangles.empty());
  // Walls nearer than the radius are joined, without a hollow between them.
  const Blend near(moved(ellipsoid_mesh(1, 1, 1, {32, 1}), {-0.51F, 0, 0}), moved(ellipsoid_mesh(1, 1, 1, {32, 1}), {0.51F, 0, 0}), 0.15F);
  EXPECT_EQ(inspect(near.plain()).bodies, 2);
  EXPECT_EQ(inspect(near.whole()).bodies, 1);
  const auto fine = fillet_mesh(cross.field_a(), Box::of(cross.a.positions), cross.field_b(), Box::of(cross.b.positions), 1e-4F, 1e-5F);
  ASSERT_FALSE(fine);
  EXPECT_EQ(fine.error().code, ErrorCode::over_budget);
  // A seam of 1.4 m with a round of 1 cm takes several boxes of cells.
  const Blend line(moved(box_mesh(1.4F, 0.05F, 0.3F), {}), moved(box_mesh(1.4F, 0.2F, 0.02F), {0, 0.05F, 0}), 0.01F);
  const MeshReport report = inspect(line.whole());
  EXPECT_TRUE(report.closed && report.manifold && report.oriented);
  EXPECT_NEAR(report.volume - inspect(line.plain()).volume, 2 * 1.4 * (1 - std::numbers::pi / 4) * 1e-4, 1e-5);
  EXPECT_EQ(Box::of(line.whole().positions).high, Box::of(line.plain().positions).high);
}

TEST(Fields, MetaballsMeltTogether) {
  const Mesh one = value_or_throw(field_mesh(metaball_field({{{0.1F, 0.2F, 0.3F}, 0.25F}}), {{-1, -1, -1}, {1, 1, 1}}, 48));
  for (const Vec3& p : one.positions) EXPECT_NEAR(length(p - Vec3{0.1F, 0.2F, 0.3F}), 0.25F, 1e-3F) << "alone it has its radius";
  const Field two = metaball_field({{{-0.3F, 0, 0}, 0.25F}, {{0.3F, 0, 0}, 0.25F}});
  const Mesh melted = value_or_throw(field_mesh(two, {{-1, -1, -1}, {1, 1, 1}}, 48));
  EXPECT_EQ(inspect(melted).bodies, 1) << "they do not touch as balls";
  EXPECT_TRUE(inspect(melted).manifold);
  Random random(4);
  for (int i = 0; i < 500; ++i) EXPECT_LT(gradient_error(two, random_point(random, 0.8F), 1e-3F), 0.02F);
}

TEST(Fields, FormulasHaveExactGradients) {
  const auto value = [](const char* text, const Vec3& p) { return value_or_throw(Formula::parse(text)).at(p).value; };
  EXPECT_FLOAT_EQ(value("x^2 + y^2 + z^2 - 1", {1, 2, 3}), 13);
  EXPECT_FLOAT_EQ(value("-x^2", {3, 0, 0}), -9);
  EXPECT_FLOAT_EQ(value("2^-1 * x", {3, 0, 0}), 1.5F);
  EXPECT_FLOAT_EQ(value("2^3^2", {}), 512) << "from right to left";
  EXPECT_FLOAT_EQ(value("x - y - z", {1, 2, 3}), -4);
  EXPECT_FLOAT_EQ(value("x * y = z", {1, 2, 3}), -1);
  EXPECT_FLOAT_EQ(value("min(x, max(y, 1.5)) + cos(2 * pi)", {4, 2, 0}), 3);
  Random random(5);
  for (const char* text :
       {"x^2 + y^2 + z^2 - 1", "(x^2 + 9/4*z^2 + y^2 - 1)^3 - x^2*y^3 - 9/80*z^2*y^3", "sin(6*x)*cos(6*y) + sin(6*y)*cos(6*z) + sin(6*z)*cos(6*x)",
        "exp(x*y) - log(2 + z) / (3 + tan(x / 3))", "sqrt(1 + x^2) - abs(y) + (2 + x)^(y + z)", "max(min(x, y), -z) * (x - 2)"}) {
    const Formula formula = value_or_throw(Formula::parse(text));
    for (int i = 0; i < 300; ++i) EXPECT_LT(gradient_error([&](const Vec3& p) { return formula.at(p); }, random_point(random, 0.9F), 2e-3F), 0.03F) << text;
  }
}

TEST(Fields, FormulasThatCannotBeReadAreRefused) {
  for (const char* text : {"", "x +", "x y", "foo(x)", "sin x", "(x", "x)", "min(x)", "1e999", "x = y = z", "x ** 2", "X"})
    EXPECT_FALSE(Formula::parse(text)) << text;
  EXPECT_NE(Formula::parse("x + * 2").error().message.find("at character 5"), std::string::npos);
  EXPECT_EQ(Formula::parse(std::string(5000, ' ')).error().code, ErrorCode::over_budget);
  EXPECT_EQ(Formula::parse(std::string(200, '(')).error().code, ErrorCode::over_budget);
  EXPECT_EQ(Formula::parse(std::string(200, '-') + "x").error().code, ErrorCode::over_budget);
  std::string tower = "x";
  for (int i = 0; i < 200; ++i) tower += "^x";
  EXPECT_EQ(Formula::parse(tower).error().code, ErrorCode::over_budget);
  std::string deep = "x";
  for (int i = 0; i < 60; ++i) deep = "1 + (2 + (" + deep + "))";  // as many values wait as may be
  EXPECT_FALSE(Formula::parse(deep));
  std::string wide = "x";
  for (int i = 0; i < 500; ++i) wide += " + x";
  EXPECT_FLOAT_EQ(value_or_throw(Formula::parse(wide)).at({1, 0, 0}).value, 501);
}

TEST(Fields, SurfacesAreCutOffAtTheirBoxes) {
  const auto made = [](const char* text, const Box& box, int cells) {
    const Formula formula = value_or_throw(Formula::parse(text));
    return value_or_throw(field_mesh([&](const Vec3& p) { return formula.at(p); }, box, cells));
  };
  const Mesh ball = made("x^2 + y^2 + z^2 - 0.25", {{-1, -1, -1}, {1, 1, 1}}, 40);
  EXPECT_TRUE(inspect(ball).manifold);
  EXPECT_NEAR(inspect(ball).volume, 4.0 / 3 * std::numbers::pi * 0.125, 0.005);
  const Mesh half = made("x^2 + y^2 + z^2 - 0.25", {{-1, -1, -1}, {1, 0, 1}}, 40);
  EXPECT_TRUE(inspect(half).manifold);
  EXPECT_NEAR(inspect(half).volume, 2.0 / 3 * std::numbers::pi * 0.125, 0.005);
  const Mesh tube = made("x^2 + z^2 - 0.25", {{-1, -1, -1}, {1, 1, 1}}, 40);
  EXPECT_TRUE(inspect(tube).manifold);
  EXPECT_NEAR(inspect(tube).volume, 2 * std::numbers::pi * 0.25, 0.02);
  EXPECT_TRUE(made("x^2 + 1", {{-1, -1, -1}, {1, 1, 1}}, 16).triangles.empty());
  EXPECT_TRUE(inspect(made("log(x) + 1", {{-1, -1, -1}, {1, 1, 1}}, 16)).manifold) << "no value where x is negative";
  EXPECT_EQ(inspect(made("x^2 + y^2 - z^2", {{-1, -1, -1}, {1, 1, 1}}, 24)).degenerate, 0) << "a cone has no gradient at its tip";
}

}  // namespace
}  // namespace ptah
