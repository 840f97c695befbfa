// The language of shapes: its syntax in both forms, what programs mean, and what they are refused for.
#include <gtest/gtest.h>

#include "base/philox.h"
#include "shape/program/evaluate.h"
#include "shape/program/primitive.h"

namespace ptah {
namespace {

ShapeProgram parsed(const std::string& text) { return value_or_throw(parse_shape(text)); }

std::string error_of(const std::string& text, ShapeOptions options = {}) {
  const auto program = parse_shape(text);
  if (!program) return program.error().message;
  const auto made = run_shape(*program, options);
  return made ? "" : made.error().message;
}

Assembly made(const std::string& text, ShapeOptions options = {}) { return value_or_throw(run_shape(parsed(text), options)); }

Bounds place(const Assembly& assembly, const std::string& label) {
  Bounds out;
  for (const Part& part : assembly.parts)
    if (part.label == label) out.take(part.bounds());
  return out;
}

void expect_near(const Vec3& a, const Vec3& b, const char* what) {
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(a[i], b[i], 1e-5) << what << " axis " << i;
}

constexpr const char* kTable = R"(shape table "a table with \"round\" legs"
# a comment
param height = 70 cm in [0.4, 1.1] "how high"
param legs = four of (three, four)
param drawer = true
param tint = red of (colors)
let t = 2.5 cm
material wood_like = oak(color = tint, roughness = 0.4)
part plate = box(1.2, t, 0.8, r = 0.01) at (0, height - t, 0) is wood_like
if legs == four and not (height > 1) {
  part leg = cylinder(r = 0.03, h = height - t) under plate corners(0.05) is wood_like
} else if legs == three {
  part leg = cylinder(0.03, height - t) under plate ring(3, 0.3)
} else {
  part block = box(0.4, height - t, 0.4) under plate
}
group box {
  part case = box(0.4, 0.1, 0.3)
  cut part inner = box(0.36, 0.2, 0.26) at (0, 0.02, 0) from case
} under plate at (0, 0.001, 0)
for i = 0 to 2 {
  blend(0.02) part knob = sphere(0.01 + i * 0.001) at (-0.1 * i, 0.6, 0.2 - 1)
}
)";

TEST(ShapeProgram, TextAndJsonReadBackAsTheSameTree) {
  const ShapeProgram program = parsed(kTable);
  const std::string text = shape_text(program);
  EXPECT_EQ(parsed(text), program) << text;
  EXPECT_EQ(shape_text(parsed(text)), text) << "printing is stable";
  EXPECT_EQ(value_or_throw(shape_from_json(shape_json(program))), program);
  for (const char* expression :
       {"1 - (2 - 3)", "1 - 2 - 3", "(1 + 2) * 3", "-(1 + 2)", "-2 * -3", "- -2", "not (a and b) or c", "not a == b", "2 / (3 * 4)", "2 / 3 / 4",
        "(1, -2, 3.5)", "pick(a < 2, \"x\\\"y\", min(1, 2))", "a.top + -b.left", "1e-7", "123456789.25", "(a or b) == c", "-a * b", "-(a * b)", "not not a"}) {
    const ShapeExpr e = value_or_throw(parse_shape_expression(expression));
    EXPECT_EQ(value_or_throw(parse_shape_expression(shape_text(e))), e) << expression << " as " << shape_text(e);
  }
}

TEST(ShapeProgram, RefusesWhatItCannotReadAndSaysWhere) {
  const auto says = [](const std::string& text, const std::string& part) {
    EXPECT_NE(error_of(text).find(part), std::string::npos) << text << ": " << error_of(text);
  };
  says("", "expected 'shape', found the end");
  says("shape a\npart b = ", "line 2: expected a primitive");
  says("shape a\npart b = box(1, 1, 1", "')'");
  says("shape a\npart left = box(1, 1, 1)", "not a word of the language");
  says("shape a\npart b = box(1 in, 1, 1)", "line 2");
  says("shape a\nlet b = \"open", "quotation mark");
  says("shape a\nlet b = 3q", "no unit");
  says("shape a\ngroup g { part b = sphere(1)", "'}'");
  says("shape a\nlet b = @", "line 2");
  says("shape a \xff", "UTF-8");
  std::string deep = "shape a\nlet b = ";
  for (int i = 0; i < 5000; ++i) deep += "(";
  says(deep, "deep");
  says("shape a\nlet b = " + std::string(4000, '-') + "1", "deep");
  std::string blocks = "shape a\n";
  for (int i = 0; i < 5000; ++i) blocks += "group g { ";
  says(blocks, "deep");
  says(std::string(kMaxShapeBytes + 1, ' '), "at most");
  EXPECT_FALSE(shape_from_json(parse_json(R"({"shape": "a b", "statements": []})").value()));
  // what a statement or an operator cannot be without
  for (const char* statement :
       {R"({"kind": "let", "name": "a"})", R"({"kind": "param", "name": "a"})", R"({"kind": "if", "body": []})",
        R"({"kind": "for", "name": "i", "low": 1, "body": []})", R"({"kind": "param", "name": "a", "value": 1, "low": 0})",
        R"({"kind": "part", "name": "b", "is": "box", "op": "blend", "args": [{"value": 1}]})",
        R"({"kind": "let", "name": "a", "value": {"call": "<", "args": []}})", R"({"kind": "let", "name": "a", "value": {"call": "-", "args": []}})",
        R"({"kind": "let", "name": "a", "value": {"call": "and", "args": []}})", R"({"kind": "let", "name": "a", "value": {"call": "*", "args": [1, 2, 3]}})"})
    EXPECT_FALSE(shape_from_json(parse_json(fmt::format(R"({{"shape": "a", "statements": [{}]}})", statement)).value())) << statement;
  EXPECT_FALSE(shape_from_json(parse_json(R"({"shape": "a", "statements": [{"kind": "part", "name": "x"}]})").value()));
  EXPECT_FALSE(shape_from_json(parse_json(R"({"shape": "a", "statements": [{"kind": "let", "name": "on", "value": 1}]})").value()));
}

TEST(ShapeProgram, RefusesWhatItCannotMakeAndSaysWhy) {
  const auto says = [](const std::string& body, const std::string& part) {
    const std::string message = error_of("shape a\n" + body);
    EXPECT_NE(message.find(part), std::string::npos) << body << ": " << message;
  };
  says("", "makes no part");
  says("part b = bx(1, 1, 1)", "did you mean 'box'?");
  says("part b = box(1, 1)", "box needs d: depth along z");
  says("part b = box(1, 1, 1, 0, 0, 1)", "at most 5");
  says("part b = box(0, 1, 1)", "w of box is 0 m");
  says("part b = box(1, 1, 1, r = 0.6)", "more than half");
  says("part b = box(1, 1, 1, wit = 1)", "did you mean 'w'?");
  says("part b = torus(0.1, 0.2)", "not below");
  says("part b = box(1, 1, 1) on seat", "unknown part 'seat'");
  says("part b = box(size, 1, 1)", "unknown name 'size'");
  says("param p = 3 in [4, 5]", "p is 3; 4 to 5 are possible");
  says("param p = gren of (green, blue)", "unknown name");
  says("param red = 1", "take another name");
  says("param cork = 1\nparam stopper = cork of (cork, glass)", "take another name");
  says("part b = box(1 / 0, 1, 1)", "not finite");
  says("part b = sphere(1) is wod", "no material and no colour");
  says("material m = wood(roughness = 2)", "0 to 1");
  says("use chair()", "no library");
  says("part b = sphere(1) corners(0.1)", "corners: needs on");
  says("part b = sphere(1) repeat(1000, 0.1) repeat(1000, 0.1)", "copies");
  says("for i = 0 to 900 { for j = 0 to 900 { for k = 0 to 900 { let x = 1 } } }", "steps");
  says("for i = 0 to 100 { part b = sphere(1) repeat(100, 0.1) }", "more than");
  says("part b = lathe((0.1, 0), (0, 0.5), (0.1, 1))", "only the first and the last");
  says("part b = extrude((0, 0), (1, 1), (1, 0), (0, 2), d = 1)", "cross");
  says("cut part b = sphere(1) from c", "no part or group 'c'");
  says("part b = box(1, 1, 1) bend(400)", "340");
  says("part b = cylinder(1, 0.5) bend(90)", "too thick");
  ShapeOptions options;
  options.set["hight"] = value_or_throw(parse_shape_expression("1"));
  EXPECT_NE(error_of("shape a\nparam height = 1\npart b = box(1, height, 1)", options).find("did you mean 'height'?"), std::string::npos);
}

TEST(ShapeProgram, PartsStandWhereTheirAnchorsSay) {
  const Assembly a = made(R"(shape a
part base = box(2, 1, 2) at (1, 0.5, 0)
part over = box(1, 0.5, 1) on base at (0.25, 0.1, 0)
part below = box(1, 0.25, 1) under base
part beside = box(0.5, 0.5, 0.5) right base
part before = box(0.5, 0.5, 0.5) front base
part within = sphere(0.25) in base
part stone = box(0.2, 0.1, 0.2) on base corners(0.1)
part wheel = cylinder(r = 0.3, h = 0.1) rotate(z, 90) on base
part both = box(0.1, 0.1, 0.1) on base behind over
)");
  expect_near(place(a, "base").low, {0, 0.5F, -1}, "base");
  expect_near(place(a, "over").low, {0.75F, 1.6F, -0.5F}, "over");
  expect_near(place(a, "below").low, {0.5F, 0.25F, -0.5F}, "below");
  expect_near(place(a, "beside").low, {2, 0.5F, -0.25F}, "beside");
  expect_near(place(a, "before").low, {0.75F, 0.5F, 1}, "before");
  expect_near(place(a, "within").centre(), {1, 1, 0}, "within");
  expect_near(place(a, "stone").low, {0.1F, 1.5F, -0.9F}, "corners");
  expect_near(place(a, "stone").high, {1.9F, 1.6F, 0.9F}, "corners");
  expect_near(place(a, "wheel").low, {0.95F, 1.5F, -0.3F}, "what was turned stands on its base");
  expect_near(place(a, "both").low, {0.95F, 1.5F, -0.6F}, "the second anchor counts for its own axis");
}

TEST(ShapeProgram, CopiesGroupsAndConditions) {
  const Assembly a = made(R"(shape a
param many = true
part post = cylinder(0.1, 1) repeat(3, 1, 0, 0)
part petal = box(0.2, 0.1, 1) at (0, 0, 1) ring(4)
part pair = box(0.2, 0.2, 0.2) at (2, 0, 0) mirror(x)
part tile = box(0.1, 0.1, 0.1) at (0, 3, 0) grid(2, 3, 1, 1)
group tower {
  part wall = box(1, 2, 1)
  part roof = pyramid(1.2, 1) on wall
} at (5, 0, 0) mirror(x)
if many { part extra = sphere(0.1) at (0, 5, 0) } else { part other = sphere(0.1) }
part above = box(0.1, 0.1, 0.1) on extra
)");
  const auto count = [&](const std::string& label) { return std::count_if(a.parts.begin(), a.parts.end(), [&](const Part& p) { return p.label == label; }); };
  EXPECT_EQ(count("post"), 3);
  EXPECT_EQ(count("petal"), 4);
  EXPECT_EQ(count("tile"), 6);
  EXPECT_EQ(count("tower/roof"), 2);
  EXPECT_EQ(count("extra"), 1);
  EXPECT_EQ(count("other"), 0);
  expect_near(place(a, "petal").high, {1.5F, 0.1F, 1.5F}, "ring");
  expect_near(place(a, "tower/roof").high, {5.6F, 3, 0.6F}, "roof");
  expect_near(place(a, "tower/roof").low, {-5.6F, 2, -0.6F}, "mirrored");
  EXPECT_NEAR(place(a, "above").low[1], 5.2F, 1e-5);
  for (const Part& part : a.parts) {
    const MeshReport report = inspect(triangulated(part.mesh));
    EXPECT_TRUE(report.closed && report.manifold && report.oriented && report.volume > 0) << part.label << ": mirrored parts are turned right side out";
  }
}

TEST(ShapeProgram, ParametersAreSetAndDescribed) {
  const ShapeProgram program = parsed(kTable);
  const auto parameters = value_or_throw(shape_parameters(program));
  ASSERT_EQ(parameters.size(), 4U);
  EXPECT_EQ(parameters[0].name, "height");
  EXPECT_EQ(parameters[0].note, "how high");
  EXPECT_DOUBLE_EQ(parameters[0].value.number, 0.7);
  EXPECT_DOUBLE_EQ(parameters[0].high, 1.1);
  EXPECT_EQ(parameters[1].choices, (std::vector<std::string>{"three", "four"}));
  EXPECT_EQ(parameters[3].choices.size(), colour_words().size());
  ShapeOptions options;
  options.set["legs"] = value_or_throw(parse_shape_expression("three"));
  options.set["height"] = value_or_throw(parse_shape_expression("90 cm"));
  options.set["tint"] = value_or_throw(parse_shape_expression("\"#102030\""));
  const Assembly a = value_or_throw(run_shape(program, options));
  EXPECT_NEAR(place(a, "plate").high[1], 0.9, 1e-6);
  EXPECT_EQ(std::count_if(a.parts.begin(), a.parts.end(), [](const Part& p) { return p.label == "leg"; }), 3);
  EXPECT_NEAR(a.parts[0].material.albedo[2], 48 / 255.0, 1e-6);
  options.set["height"] = value_or_throw(parse_shape_expression("2"));
  EXPECT_FALSE(run_shape(program, options));
}

TEST(ShapeProgram, ParametersMayBeCalledLikeMaterials) {
  // A bottle's cork is a switch, and its body may still be of cork.
  ShapeOptions options;
  options.set["finish"] = value_or_throw(parse_shape_expression("cork"));
  const auto made = run_shape(parsed("shape bottle\nparam cork = true\nparam finish = glass of (materials)\nmaterial body = finish()\n"
                                     "if cork {\n  part stopper = box(1, 1, 1) is body\n}\n"),
                              options);
  const Assembly bottle = value_or_throw(made);
  ASSERT_EQ(bottle.parts.size(), 1U);
  EXPECT_EQ(bottle.parts[0].material.albedo, material_of("cork")->albedo);
}

TEST(ShapeProgram, ShapesUseOthers) {
  ShapeOptions options;
  options.library = [](const std::string& name) -> Result<std::shared_ptr<const ShapeProgram>> {
    if (name == "self") return std::make_shared<const ShapeProgram>(parsed("shape self\nuse self()"));
    if (name != "wheel") return fail(ErrorCode::not_found, "there is no shape '{}'", name);
    return std::make_shared<const ShapeProgram>(parsed("shape wheel\nparam r = 0.3\npart tyre = torus(r, r / 4) is rubber\npart hub = cylinder(r / 4, r / 2)"));
  };
  const Assembly a = made(
      "shape cart\npart bed = box(2, 0.2, 1) at (0, 0.4, 0)\nuse wheel(r = 0.4) as front_wheel rotate(x, 90) at (0.6, 0, 0.6) mirror(z) mirror(x)", options);
  EXPECT_EQ(a.parts.size(), 9U);
  EXPECT_EQ(a.parts[1].label, "front_wheel/tyre");
  EXPECT_NEAR(place(a, "front_wheel/tyre").low[1], 0, 1e-5);
  EXPECT_NEAR(place(a, "front_wheel/tyre").high[1], 1, 1e-5);
  EXPECT_NE(error_of("shape cart\nuse wheel(q = 1)", options).find("unknown parameter of wheel 'q'"), std::string::npos);
  EXPECT_NE(error_of("shape cart\nuse weel()", options).find("no shape 'weel'"), std::string::npos);
  EXPECT_NE(error_of("shape cart\nuse self()", options).find("deep"), std::string::npos);
}

TEST(ShapeProgram, EveryPrimitiveIsASolidBentOrNot) {
  const std::map<std::string, std::string> calls{{"box", "box(1, 2, 0.5, r = 0.1)"},
                                                 {"cylinder", "cylinder(0.5, 2, top = 0.2)"},
                                                 {"pipe", "pipe(0.5, 0.4, 1)"},
                                                 {"cone", "cone(0.5, 1)"},
                                                 {"sphere", "sphere(0.5)"},
                                                 {"ellipsoid", "ellipsoid(1, 2, 0.5)"},
                                                 {"torus", "torus(0.5, 0.1)"},
                                                 {"capsule", "capsule(0.2, 1)"},
                                                 {"wedge", "wedge(1, 1, 1, top = 0.2)"},
                                                 {"gable", "gable(1, 1, 1)"},
                                                 {"prism", "prism(5, 0.5, 1)"},
                                                 {"pyramid", "pyramid(1, 1, d = 0.5)"},
                                                 {"lathe", "lathe((0.3, 0), (0.5, 0.2), (0.2, 1), (0.1, 1), (0.4, 0.2), (0, 0.1))"},
                                                 {"extrude", "extrude((0, 0), (1, 0), (1, 1), (0.5, 0.4), (0, 1), d = 0.3)"},
                                                 {"sweep", "sweep((0, 0, 0), (0, 1, 0), (1, 1, 0), r = 0.1, end = 0.05)"},
                                                 {"superquadric", "superquadric(1, 1, 1, 0.3, 1.5)"},
                                                 {"terrain", "terrain(2, 2, 0.5)"},
                                                 {"metaballs", "metaballs((0, 0, 0, 0.2), (0.25, 0.1, 0, 0.15), n = 16)"},
                                                 {"algebraic", "algebraic(\"x^2 + 2 * y^2 + z^4 - 0.5\", 1, h = 2, n = 16)"}};
  for (const PrimitiveKind& kind : primitive_kinds()) ASSERT_TRUE(calls.contains(kind.name)) << kind.name;
  for (const auto& [name, call] : calls)
    for (const char* modifiers :
         {"", "bend(20)", "bend(-15, y)", "bend(15, z) twist(90)", "taper(0.4)", "scale(1, 2, 3) rotate(x, 30) rotate(y, 45)", "at (1, 2, 3)"}) {
      const auto a = run_shape(parsed(fmt::format("shape a\npart p = {} {}", call, modifiers)));
      if (!a && a.error().message.find("too thick") != std::string::npos && name == "torus") continue;
      ASSERT_TRUE(a) << a.error().message;
      const MeshReport report = inspect(triangulated(a->parts[0].mesh));
      EXPECT_TRUE(report.closed && report.manifold && report.oriented) << name << " " << modifiers;
      EXPECT_GT(report.volume, 0) << name << " " << modifiers;
      EXPECT_EQ(report.degenerate, 0) << name << " " << modifiers;
    }
  for (const char* call : {"box(1, 1, 1, wall = 0.1)", "cylinder(0.5, 1, wall = 0.1)", "cylinder(0.5, 1, top = 0.7, wall = 0.05)", "sphere(1) shell(0.1)"}) {
    const MeshReport report = inspect(triangulated(made(fmt::format("shape a\npart p = {}", call)).parts[0].mesh));
    EXPECT_TRUE(report.closed && report.manifold && report.oriented && report.volume > 0) << call;
  }
}

/// A rounded board has long faces without vertices between its ends: bent, its middle has to follow the curve too.
TEST(ShapeProgram, WhatIsBentOrTwistedFollowsTheCurveEverywhere) {
  const Assembly bent = made("shape a\npart board = box(1, 0.1, 0.04, r = 0.01) bend(90, y)");
  // An arc of a quarter turn and 1 m: radius 2 / pi; the middle stays in place, the ends come forward by r (1 - cos 45).
  const float radius = 2 / 3.14159265F;
  float middle = -1, ends = -1;
  for (const Vec3& p : bent.parts[0].mesh.positions) {
    if (std::abs(p[0]) < 0.08F) middle = std::max(middle, p[2]);
    ends = std::max(ends, p[2]);
    EXPECT_NEAR(std::hypot(p[0], radius - p[2]), radius, 0.0201F);
  }
  EXPECT_NEAR(middle, 0.02F, 0.006F);
  EXPECT_GT(ends, radius * (1 - std::cos(3.14159265F / 4)) - 0.02F);
  const Assembly twisted = made("shape a\npart post = box(0.2, 1, 0.2, r = 0.02) twist(90)");
  EXPECT_TRUE(std::any_of(twisted.parts[0].mesh.positions.begin(), twisted.parts[0].mesh.positions.end(),
                          [](const Vec3& p) { return p[1] > 0.4F && p[1] < 0.6F && std::abs(p[0]) < 0.03F && p[2] > 0.12F; }));
  // More detail cuts more finely.
  ShapeOptions fine;
  fine.detail = 4;
  EXPECT_GT(made("shape a\npart board = box(1, 0.1, 0.04) bend(90, y)", fine).parts[0].mesh.faces.size(),
            made("shape a\npart board = box(1, 0.1, 0.04) bend(90, y)").parts[0].mesh.faces.size());
}

TEST(ShapeProgram, ANaturalColourIsTheMaterialsOwn) {
  const char* text = "shape a\nparam color = natural of (natural, colors)\nmaterial body = oak(color)\npart p = sphere(1) is body";
  const Material oak = value_or_throw(material_of("oak"));
  EXPECT_EQ(made(text).parts[0].material.albedo, oak.albedo);
  ShapeOptions options;
  options.set["color"] = value_or_throw(parse_shape_expression("red"));
  EXPECT_EQ(made(text, options).parts[0].material.albedo, value_or_throw(colour_of("red")));
  EXPECT_EQ(made(text, options).parts[0].material.texture, oak.texture);
}

TEST(ShapeProgram, ErrorsOfMaterialsSayWhatToWrite) {
  const auto message = [](const char* material) {
    const auto made = parse_shape(fmt::format("shape a\nmaterial m = {}\npart body = box(1, 1, 1) is m\n", material));
    if (!made) return made.error().message;
    const auto run = run_shape(*made);
    return run ? std::string() : run.error().message;
  };
  EXPECT_NE(message("glass(red, glow = 2)").find("glow is a colour"), std::string::npos);
  EXPECT_NE(message("wod(red)").find("did you mean 'wood'"), std::string::npos);
  EXPECT_NE(message("wood(#ff0000)").find("\"#ff0000\""), std::string::npos);
  EXPECT_EQ(message("wood(  # facade\n  \"#ff0000\")"), "");
}

}  // namespace
}  // namespace ptah
