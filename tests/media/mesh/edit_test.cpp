// Scenes made ready for games and for printers keep what they are.
#include "media/mesh/edit/scene_edit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "geometry/boolean.h"
#include "geometry/mesh_errors.h"
#include "geometry/primitives.h"
#include "media/glb_scene.h"
#include "media/mesh/print/print_model.h"
#include "media/mesh/write/mesh_writer.h"
#include "media/oklab.h"
#include "tests/geometry/solids.h"

namespace ptah {
namespace {

void expect_solid(const Mesh& mesh, const std::string& what) {
  const MeshReport report = inspect(mesh);
  EXPECT_TRUE(report.closed && report.manifold && report.oriented) << what;
  EXPECT_GT(report.volume, 0) << what;
}

SceneMesh node(const std::string& path, const Mesh& mesh, uint32_t material = 0) {
  SceneMesh out;
  out.path = path;
  out.mesh = shaded(mesh);
  out.material = material;
  return out;
}

Mesh moved(Mesh mesh, const Vec3& by) {
  for (Vec3& p : mesh.positions) p = p + by;
  return mesh;
}

/// Two balls of one node, red and blue, and a box of another.
MeshScene scene() {
  MeshScene out;
  out.name = "toy";
  out.materials.resize(2);
  out.materials[0].base_color = {1, 0, 0, 1};
  out.materials[1].base_color = {0, 0, 1, 1};
  const Mesh ball = triangulated(ellipsoid_mesh(1, 1, 1, {.around = 48}));
  out.meshes = {node("balls", ball), node("balls", moved(ball, {3, 0, 0}), 1), node("base/box", moved(testing_solids::box({4, 0.5F, 1}), {1, -0.5F, 0}), 1)};
  return out;
}

/// A ball that is painted all round by its longitude and height: one seam.
MeshScene painted() {
  const int around = 64, rows = 32;
  SceneMesh m;
  m.path = "globe";
  for (int i = 0; i <= rows; ++i)
    for (int j = 0; j <= around; ++j) {
      const float a = static_cast<float>(j % around) / around * 6.2831853F, b = static_cast<float>(i) / rows * 3.14159265F;
      const float r = i == 0 || i == rows ? 0 : std::sin(b);
      m.mesh.positions.push_back({r * std::sin(a), -std::cos(b), r * std::cos(a)});
      m.uvs.push_back({static_cast<float>(j) / around, static_cast<float>(i) / rows});
    }
  for (uint32_t i = 0; i < rows; ++i)
    for (uint32_t j = 0; j < around; ++j) {
      const uint32_t a = i * (around + 1) + j, b = a + around + 1;
      if (i > 0) m.mesh.triangles.push_back({a, a + 1, b + 1});
      if (i + 1 < rows) m.mesh.triangles.push_back({a, b + 1, b});
    }
  add_normals(m, 35);
  MeshScene out;
  out.name = "globe";
  out.materials.resize(1);
  out.meshes = {m};
  return out;
}

TEST(ReduceScene, KeepsNodesMaterialsAndClosedness) {
  MeshScene s = scene();
  const Mesh before = welded(s);
  const size_t count = value_or_throw(reduce_scene(s, 400));
  EXPECT_LE(count, 400U);
  EXPECT_EQ(count, triangle_count(s));
  ASSERT_EQ(s.meshes.size(), 3U);
  EXPECT_EQ(s.meshes[1].path, "balls");
  EXPECT_EQ(s.meshes[1].material, 1U);
  EXPECT_EQ(s.meshes[2].mesh.triangles.size(), 12U) << "nothing is gained at the box";
  expect_solid(welded(s), "toy");
  const MeshErrors e = value_or_throw(mesh_errors(before, welded(s), {.samples = 5000, .grid = 4}));
  EXPECT_LT(e.largest / e.diagonal, 0.02);
  EXPECT_TRUE(encode_glb(s));
}

TEST(ReduceScene, TextureCoordinatesStayWhereTheyWere) {
  MeshScene s = painted();
  const size_t before = triangle_count(s);
  EXPECT_LE(value_or_throw(reduce_scene(s, before / 4)), before / 4);
  expect_solid(welded(s), "globe");
  float worst = 0;
  for (size_t v = 0; v < s.meshes[0].mesh.positions.size(); ++v) {
    const Vec3 p = s.meshes[0].mesh.positions[v];
    const Vec2 uv = s.meshes[0].uvs[v];
    if (std::abs(p[1]) > 0.95F) continue;  // at the poles a step in u is none in space
    const float u = std::atan2(p[0], p[2]) / 6.2831853F, away = std::abs(u - uv[0]);
    worst = std::max({worst, std::min(away, std::abs(1 - away)), std::abs(std::acos(-p[1] / length(p)) / 3.14159265F - uv[1])});
  }
  EXPECT_LT(worst, 0.02F);
  for (const Triangle& t : s.meshes[0].mesh.triangles) {
    float low = 1, high = 0;
    for (const uint32_t v : t) low = std::min(low, s.meshes[0].uvs[v][0]), high = std::max(high, s.meshes[0].uvs[v][0]);
    EXPECT_LT(high - low, 0.5F) << "no triangle runs back over the seam";
  }
}

TEST(ReduceScene, SaysHowFarItCame) {
  MeshScene s = scene();
  EXPECT_GE(value_or_throw(reduce_scene(s, 1)), 12U) << "three bodies stay";
  MeshScene empty;
  EXPECT_FALSE(reduce_scene(empty, 10));
}

TEST(Levels, AreNodesWithHalfTheTriangles) {
  MeshScene s = scene();
  const auto counts = value_or_throw(add_levels(s, "toy"));
  for (size_t k = 1; k < counts.size(); ++k) EXPECT_LE(counts[k], counts[0] >> k) << k;
  std::set<std::string> levels;
  for (const SceneMesh& m : s.meshes) levels.insert(m.path.substr(0, m.path.find('/')));
  EXPECT_EQ(levels, (std::set<std::string>{"toy_LOD0", "toy_LOD1", "toy_LOD2", "toy_LOD3"}));
  EXPECT_EQ(s.meshes[0].path, "toy_LOD0/balls");
  for (const std::string& level : levels) {
    MeshScene one = s;
    std::erase_if(one.meshes, [&](const SceneMesh& m) { return !m.path.starts_with(level); });
    expect_solid(welded(one), level);
  }
  EXPECT_TRUE(encode_glb(s));
}

TEST(Colliders, HoldTheObjectAndCannotBeSeen) {
  for (const Collider kind : {Collider::box, Collider::hull}) {
    MeshScene s = scene();
    const Mesh before = welded(s);
    value_or_throw(add_collider(s, "a/b", kind));
    ASSERT_EQ(s.meshes.size(), 4U);
    const SceneMesh& made = s.meshes.back();
    EXPECT_EQ(made.path, "a_b_collider");
    EXPECT_EQ(s.materials[made.material].base_color[3], 0);
    MeshScene alone = s;
    alone.meshes = {made};
    const Mesh solid = welded(alone);
    expect_solid(solid, made.path);
    for (const Triangle& t : solid.triangles) {
      const Vec3 n = normalized(cross(solid.positions[t[1]] - solid.positions[t[0]], solid.positions[t[2]] - solid.positions[t[0]]));
      for (const Vec3& p : before.positions) EXPECT_LT(dot(n, p - solid.positions[t[0]]), 1e-5F);
    }
    if (kind == Collider::box) {
      EXPECT_EQ(solid.triangles.size(), 12U);
    }
  }
  MeshScene flat;
  flat.materials.resize(1);
  flat.meshes = {node("sheet", {{{0, 0, 0}, {1, 0, 0}, {0, 0, 1}}, {{0, 2, 1}}})};
  EXPECT_FALSE(add_collider(flat, "a", Collider::box));
  EXPECT_FALSE(add_collider(flat, "a", Collider::hull));
}

TEST(Pivot, LiesWhereItIsSaid) {
  EXPECT_EQ(pivot_shift({1, 2, 3}, {3, 6, 9}, Pivot::base), (Vec3{-2, -2, -6}));
  EXPECT_EQ(pivot_shift({1, 2, 3}, {3, 6, 9}, Pivot::centre), (Vec3{-2, -4, -6}));
  EXPECT_EQ(pivot_shift({1, 2, 3}, {3, 6, 9}, Pivot::keep), (Vec3{}));
}

TEST(Quads, AreInObjAndPly) {
  MeshScene s = scene();
  make_quads(s);
  for (const char* format : {"obj", "ply"}) {
    const auto files = value_or_throw(encode_mesh_scene(s, **find_mesh_format(format), "a", nullptr, {.polygons = true}));
    const auto back = value_or_throw(decode_mesh_scene(files.at(std::string("a.") + format), {}));
    size_t quads = 0;
    for (const SceneMesh& m : back.meshes)
      for (const uint32_t size : m.polygons.sizes) quads += size == 4;
    EXPECT_GT(quads, 1000U) << format;
    expect_solid(welded(back), format);
  }
  const auto plain = value_or_throw(encode_mesh_scene(s, **find_mesh_format("ply"), "a"));
  for (const SceneMesh& m : value_or_throw(decode_mesh_scene(plain.at("a.ply"), {})).meshes) EXPECT_TRUE(m.polygons.empty());
}

TEST(Parts, BodiesBecomeNodes) {
  MeshScene s = scene();
  separate_bodies(s);
  std::vector<std::string> paths;
  for (const SceneMesh& m : s.meshes) paths.push_back(m.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"balls 1", "balls 2", "base/box"}));
  EXPECT_EQ(triangle_count(s), triangle_count(scene()));
  MeshScene quads = scene();
  make_quads(quads);
  separate_bodies(quads);
  for (const SceneMesh& m : quads.meshes) {
    size_t triangles = 0;
    for (const uint32_t size : m.polygons.sizes) triangles += size - 2;
    EXPECT_EQ(triangles, m.mesh.triangles.size());
  }
}

TEST(Oklab, IsThatOfItsAuthor) {
  const Oklab red = oklab_of({255, 0, 0, 255});  // Ottosson's page: 0.62796, 0.22486, 0.12585
  EXPECT_NEAR(red[0], 0.62796, 1e-4);
  EXPECT_NEAR(red[1], 0.22486, 1e-4);
  EXPECT_NEAR(red[2], 0.12585, 1e-4);
  for (const Colour8& c : {Colour8{255, 255, 255, 255}, Colour8{12, 200, 99, 255}, Colour8{0, 0, 0, 255}}) EXPECT_EQ(srgb_of(oklab_of(c)), c);
}

TEST(Palettes, AreRead) {
  using Colours = std::vector<Colour8>;
  EXPECT_EQ(value_or_throw(parse_palette("#ff0000, #0F0\n#0000ff")), (Colours{{255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}}));
  EXPECT_EQ(value_or_throw(parse_palette("GIMP Palette\nName: two\nColumns: 4\n# by hand\n255   0 10\tred\n 1 2 3\n")),
            (Colours{{255, 0, 10, 255}, {1, 2, 3, 255}}));
  EXPECT_EQ(text_of_palette({{255, 0, 10, 255}, {1, 2, 3, 255}}), "#ff000a,#010203");
  for (const char* wrong : {"", "red", "#ff", "#12345g", "#123456,blue", "GIMP Palette\n", "GIMP Palette\n1 2\n", "GIMP Palette\n1 2 300\n"})
    EXPECT_EQ(parse_palette(wrong).error().code, ErrorCode::invalid_argument) << wrong;
  std::string many;
  for (int i = 0; i < 300; ++i) many += "#000000,";
  EXPECT_FALSE(parse_palette(many));
}

/// A body of strips, a colour each, all of one area.
PrintModel strips(const std::vector<Colour8>& colours) {
  PrintModel out{"strips", colours, {{"strips", {}, {}}}};
  for (uint32_t i = 0; i < colours.size(); ++i) {
    const auto first = static_cast<uint32_t>(out.bodies[0].mesh.positions.size());
    const auto x = static_cast<float>(i);
    for (const Vec3& p : {Vec3{x, 0, 0}, Vec3{x + 1, 0, 0}, Vec3{x, 1, 0}}) out.bodies[0].mesh.positions.push_back(p);
    out.bodies[0].mesh.triangles.push_back({first, first + 1, first + 2});
    out.bodies[0].colour.push_back(i);
  }
  return out;
}

TEST(PrintColours, AreTheNearestOfAPalette) {
  PrintModel m = strips({{250, 10, 5, 255}, {10, 5, 240, 255}, {240, 30, 30, 128}});
  reduce_colours(m, {{0, 255, 0, 255}, {255, 0, 0, 255}, {0, 0, 255, 255}}, 0);
  EXPECT_EQ(m.colours, (std::vector<Colour8>{{255, 0, 0, 255}, {0, 0, 255, 255}})) << "green is left out";
  EXPECT_EQ(m.bodies[0].colour, (std::vector<uint32_t>{0, 1, 0}));
  // By eye a dark blue is nearer to black than to a light blue, though each channel says otherwise.
  PrintModel dark = strips({{0, 0, 60, 255}});
  reduce_colours(dark, {{0, 0, 0, 255}, {120, 160, 200, 255}}, 0);
  EXPECT_EQ(dark.colours[0], (Colour8{0, 0, 0, 255}));
}

TEST(PrintColours, AreClusters) {
  PrintModel m = strips({{250, 0, 0, 255}, {240, 0, 0, 255}, {0, 0, 250, 255}, {0, 0, 240, 255}, {0, 200, 0, 255}});
  reduce_colours(m, {}, 3);
  EXPECT_EQ(m.colours.size(), 3U);
  EXPECT_EQ(m.bodies[0].colour, (std::vector<uint32_t>{0, 0, 1, 1, 2}));
  EXPECT_EQ(m.colours[2], (Colour8{0, 200, 0, 255}));
  EXPECT_NEAR(m.colours[0][0], 245, 1);
  PrintModel few = strips({{1, 2, 3, 255}, {200, 100, 0, 255}});
  reduce_colours(few, {}, 16);
  EXPECT_EQ(few.colours, (std::vector<Colour8>{{1, 2, 3, 255}, {200, 100, 0, 255}})) << "what is few already stays";
  // Of a palette of four the two that fit.
  PrintModel two = strips({{250, 0, 0, 255}, {240, 0, 0, 255}, {0, 0, 250, 255}});
  reduce_colours(two, {{255, 255, 255, 255}, {0, 0, 255, 255}, {0, 0, 0, 255}, {255, 0, 0, 255}}, 2);
  EXPECT_EQ(two.colours, (std::vector<Colour8>{{255, 0, 0, 255}, {0, 0, 255, 255}}));
}

PrintModel model_of(const Mesh& mesh) { return {"thing", {{255, 0, 0, 255}}, {{"thing", mesh, std::vector<uint32_t>(mesh.triangles.size())}}}; }

TEST(Split, PiecesAreClosedFitAndAddUp) {
  for (uint64_t seed = 0; seed < 25; ++seed) {
    Random random(seed);
    const std::array<Mesh, 3> operands{testing_solids::random_solid(random, seed % 2 == 0), testing_solids::random_solid(random, seed % 2 == 0),
                                       testing_solids::random_solid(random, false)};
    const Mesh whole = value_or_throw(boolean_mesh(operands, &in_any)).mesh;
    const Vec3 bed{0.6F, 0.7F, 0.5F};
    const PrintModel pieces = value_or_throw(split_model(model_of(whole), bed));
    double volume = 0;
    float end = -1;
    for (const ThreeMfBody& piece : pieces.bodies) {
      expect_solid(piece.mesh, fmt::format("seed {}, {}", seed, piece.name));
      EXPECT_EQ(inspect(piece.mesh).degenerate, 0);
      EXPECT_EQ(piece.colour.size(), piece.mesh.triangles.size());
      volume += inspect(piece.mesh).volume;
      const Box box = Box::of(piece.mesh.positions);
      for (size_t i = 0; i < 3; ++i) EXPECT_LE(box.high[i] - box.low[i], bed[i] * 1.00001F);
      EXPECT_EQ(box.low[1], 0) << "on the floor";
      EXPECT_GT(piece.place[0] + box.low[0], end) << "beside the one before";
      end = piece.place[0] + box.high[0];
    }
    EXPECT_NEAR(volume / inspect(whole).volume, 1, 1e-4) << seed;
  }
}

TEST(Split, CutFacesHaveTheColoursBesideThem) {
  Mesh box = testing_solids::box({2, 1, 1});
  PrintModel m = model_of(box);
  m.colours = {{255, 0, 0, 255}, {0, 0, 255, 255}};
  m.bodies.push_back({"blue", moved(box, {2, 0, 0}), std::vector<uint32_t>(12, 1)});
  const PrintModel pieces = value_or_throw(split_model(m, {1, 1, 1}));
  ASSERT_EQ(pieces.bodies.size(), 4U);
  for (size_t i = 0; i < 4; ++i)
    for (const uint32_t c : pieces.bodies[i].colour) EXPECT_EQ(c, i / 2) << i;
}

/// Colours are fewer than bodies where several have the same one.
TEST(Split, CutFacesHaveTheColoursBesideThemWhateverOtherBodiesHave) {
  const Mesh box = testing_solids::box({2, 1, 1});
  PrintModel m = model_of(box);
  m.bodies.push_back({"green", moved(box, {4, 0, 0}), std::vector<uint32_t>(12, 1)});
  m.colours = {{255, 0, 0, 255}, {0, 255, 0, 255}};
  m.bodies.push_back({"green too", moved(box, {8, 0, 0}), std::vector<uint32_t>(12, 1)});
  const PrintModel pieces = value_or_throw(split_model(m, {1, 1, 1}));
  ASSERT_EQ(pieces.bodies.size(), 6U);
  for (size_t i = 0; i < 6; ++i)
    for (const uint32_t c : pieces.bodies[i].colour) EXPECT_EQ(c, i < 2 ? 0U : 1U) << i;
}

TEST(Split, PiecesKeepTheirPartsIfAskedTo) {
  // A post that stands in a plate, both cut in halves; and a ball in one half alone.
  PrintModel m = model_of(testing_solids::box({2, 0.2F, 1}));
  m.title = "lamp";
  m.colours.push_back({0, 0, 255, 255});
  m.bodies[0].name = "plate";
  const Mesh post = moved(testing_solids::box({0.2F, 2, 0.2F}), {0, 0.9F, 0}), knob = moved(testing_solids::box({0.1F, 0.1F, 0.1F}), {0.5F, 0.1F, 0});
  m.bodies.push_back({"post", post, std::vector<uint32_t>(post.triangles.size(), 1)});
  m.bodies.push_back({"knob", knob, std::vector<uint32_t>(knob.triangles.size(), 1)});
  const Vec3 bed{1.5F, 3, 3};
  const PrintModel whole = value_or_throw(split_model(m, bed)), parts = value_or_throw(split_model(m, bed, true));
  ASSERT_EQ(whole.bodies.size(), 2U);
  EXPECT_EQ(whole.bodies[0].name, "lamp 1");
  ASSERT_EQ(parts.bodies.size(), 5U);
  const std::array<const char*, 5> names{"plate", "post", "plate", "post", "knob"}, objects{"lamp 1", "lamp 1", "lamp 2", "lamp 2", "lamp 2"};
  std::map<std::string, double> volume;
  for (size_t i = 0; i < 5; ++i) {
    const ThreeMfBody& body = parts.bodies[i];
    EXPECT_EQ(body.name, names[i]);
    EXPECT_EQ(body.object, objects[i]);
    expect_solid(body.mesh, body.object + ": " + body.name);
    for (const uint32_t c : body.colour) EXPECT_EQ(c, body.name == "plate" ? 0U : 1U) << body.name;
    EXPECT_EQ(body.place, whole.bodies[i < 2 ? 0 : 1].place) << "beside each other as the whole pieces are";
    volume[body.name] += inspect(body.mesh).volume;
  }
  for (const ThreeMfBody& body : m.bodies) EXPECT_NEAR(volume[body.name] / inspect(body.mesh).volume, 1, 1e-4) << body.name;
  const auto together = [](const PrintModel& model, const std::string& object) {
    Box box = Box::empty();
    for (const ThreeMfBody& body : model.bodies)
      if (body.name == object || body.object == object) box.add(Box::of(body.mesh.positions));
    return box;
  };
  for (const char* object : {"lamp 1", "lamp 2"})
    for (size_t k = 0; k < 3; ++k) {
      EXPECT_NEAR(together(parts, object).low[k], together(whole, object).low[k], 1e-5F) << "parts stand in their piece";
      EXPECT_NEAR(together(parts, object).high[k], together(whole, object).high[k], 1e-5F);
    }
}

TEST(Split, PartsKeepTheirColourWhereNothingOfTheirSurfaceIsLeft) {
  // The piece in the middle of 27 has cut faces alone.
  PrintModel m = model_of(testing_solids::box({3, 3, 3}));
  m.colours = {{255, 0, 0, 255}, {0, 0, 255, 255}};
  for (uint32_t& c : m.bodies[0].colour) c = 1;
  const PrintModel pieces = value_or_throw(split_model(m, {1, 1, 1}, true));
  ASSERT_EQ(pieces.bodies.size(), 27U);
  for (const ThreeMfBody& body : pieces.bodies)
    for (const uint32_t c : body.colour) EXPECT_EQ(c, 1U) << body.object;
}

TEST(Split, WhatCannotBeIsSaid) {
  EXPECT_NE(split_model(model_of(testing_solids::box({1, 1, 1})), {0.1F, 0.1F, 0.1F}).error().message.find("1000 pieces"), std::string::npos);
  Mesh open = testing_solids::box({1, 1, 1});
  open.triangles.pop_back();
  EXPECT_EQ(split_model(model_of(open), {0.5F, 1, 1}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(value_or_throw(split_model(model_of(testing_solids::box({1, 1, 1})), {1, 1, 1})).bodies.size(), 1U) << "what fits stays whole";
}

TEST(ThreeMf, ComponentsAndPlacesAreReadAgain) {
  PrintModel m = model_of(testing_solids::box({1, 1, 1}));
  m.bodies.push_back(m.bodies[0]);
  m.bodies[1].name = "other";
  m.bodies[1].place = {2, 0, 0};
  for (const bool assembled : {false, true}) {
    const Bytes bytes = value_or_throw(encode_3mf("two", m.colours, m.bodies, false, assembled));
    const MeshScene back = value_or_throw(decode_mesh_scene(bytes, {}));
    ASSERT_EQ(back.meshes.size(), 2U);
    EXPECT_EQ(back.meshes[1].path, assembled ? "two/other" : "other");
    const Box box = Box::of(back.meshes[1].mesh.positions);
    EXPECT_FLOAT_EQ(box.low[0], 1.5F);
    EXPECT_FLOAT_EQ(box.high[0], 2.5F);
  }
}

}  // namespace
}  // namespace ptah
