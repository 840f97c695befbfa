// What people ask for of an object's files: every kind of shape, and meshes of every kind, stay closed whatever the option.
#include "pipelines/mesh/export_options.h"
#include "pipelines/mesh/textured_output.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "geometry/boolean.h"
#include "geometry/mesh_errors.h"
#include "media/mesh_files.h"
#include "pipelines/mesh/convert.h"
#include "pipelines/shape/shape_work.h"
#include "tests/files/temporary_folder.h"
#include "tests/geometry/solids.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

constexpr const char* kStand = R"(shape stand "a stand with a hole"
part plate = box(0.4, 0.05, 0.3) is red
part post = cylinder(0.05, 0.5) on plate is steel
part ball = sphere(0.1, n = 48) on post is blue
cut part hole = cylinder(0.02, 2) at (0, -1, 0)
)";

class Export : public testing::Test {
 protected:
  void SetUp() override { ::setenv("PTAH_SHAPES", (fs::path(PTAH_SOURCE_DIR) / "shapes").c_str(), 1); }

  static Work made(const std::string& formats, const ExportOptions& output, const std::string& program = kStand) {
    return value_or_throw(shape_work({.program = program, .size = 64, .formats = value_or_throw(parse_shape_formats(formats)), .output = output}));
  }
  static MeshScene scene_of(const Work& work, const std::string& file) {
    return value_or_throw(
        decode_mesh_scene(work.files.at(file), [&](const std::string& name) -> Result<Bytes> { return work.files.at(name); }, {.all_levels = true}));
  }
  static Box box_of(const MeshScene& scene) { return Box::of(joined(scene).positions); }
  static Json gltf_of(const Work& work) { return value_or_throw(parse_json(value_or_throw(glb_json(work.files.at("object.glb"))))); }
  static std::set<std::string> node_names(const Work& work) {
    std::set<std::string> out;
    const Json gltf = gltf_of(work);
    for (const Json& node : gltf["nodes"]) out.insert(node.value("name", ""));
    return out;
  }
};

void expect_solid(const Mesh& mesh, const std::string& what) {
  const MeshReport report = inspect(mesh);
  EXPECT_TRUE(report.closed && report.manifold && report.oriented) << what;
  EXPECT_GT(report.volume, 0) << what;
}

/// Each node by itself is closed.
void expect_solids(const MeshScene& scene, const std::string& what) {
  std::map<std::string, MeshScene> nodes;
  for (const SceneMesh& m : scene.meshes) nodes[m.path].meshes.push_back(m);
  for (const auto& [path, node] : nodes) expect_solid(welded(node), what + ": " + path);
}

TEST_F(Export, WithoutOptionsNothingChanges) {
  const Json request = shape_schema().to_receipt({.program = kStand});
  for (const char* name : {"low_poly", "quads", "lod", "collider", "pivot", "parts", "palette", "print_colours", "split"})
    EXPECT_FALSE(request.contains(name)) << name;
}

TEST_F(Export, EachOptionIsInTheReceiptAndMadeAgain) {
  const std::vector<std::pair<std::string, ExportOptions>> asked{
      {"png,glb,obj,ply,stl,3mf", {.low_poly = 150}},
      {"obj,ply", {.quads = true}},
      {"glb", {.lod = true}},
      {"glb", {.collider = "hull"}},
      {"glb,obj,ply,stl,3mf", {.pivot = "centre"}},
      {"3mf", {.parts = true}},
      {"3mf", {.palette = {{{0, 0, 0, 255}, {255, 255, 255, 255}}}}},
      {"3mf", {.print_colours = 2}},
      {"stl,3mf", {.split = {{300, 200, 250}}}},
      {"stl,3mf", {.parts = true, .split = {{300, 200, 250}}}},
  };
  for (const auto& [formats, output] : asked) {
    const Work plain = made(formats, {}), work = made(formats, output);
    EXPECT_NE(plain.files, work.files) << formats;
    EXPECT_EQ(value_or_throw(replay_shape(work.receipt)).files, work.files) << work.receipt["request"].dump();
  }
}

TEST_F(Export, LowPolyHoldsInEveryFile) {
  const Work fine = made("glb,obj,ply,stl,3mf", {}), coarse = made("glb,obj,ply,stl,3mf", {.low_poly = 200});
  for (const char* file : {"object.glb", "object.obj", "object.ply", "object.stl", "object.3mf"}) {
    const Mesh before = welded(scene_of(fine, file)), after = welded(scene_of(coarse, file));
    EXPECT_GT(before.triangles.size(), 1000U) << file;
    EXPECT_LE(after.triangles.size(), 200U) << file;
    EXPECT_GT(after.triangles.size(), 150U) << file;
    expect_solids(scene_of(coarse, file), file);
    const MeshErrors e = value_or_throw(mesh_errors(before, after, {.samples = 5000, .grid = 4}));
    EXPECT_LT(e.largest / e.diagonal, 0.02) << file;
  }
  EXPECT_EQ(scene_of(coarse, "object.glb").meshes.size(), 3U);
  const auto refused = shape_work({.program = kStand, .size = 64, .output = {.low_poly = 10}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(field_of(refused.error()), "low_poly");
}

TEST_F(Export, QuadsAreThoseOfThePrimitives) {
  const Work work = made("obj,ply", {.quads = true});
  for (const char* file : {"object.obj", "object.ply"}) {
    const MeshScene scene = scene_of(work, file);
    size_t quads = 0, faces = 0;
    for (const SceneMesh& m : scene.meshes)
      for (const uint32_t size : m.polygons.sizes) ++faces, quads += size == 4;
    EXPECT_GT(quads, faces / 2) << file;
    if (scene.meshes.size() > 1) expect_solids(scene, file);  // PLY has one mesh, of parts that touch
  }
  EXPECT_NEAR(box_of(scene_of(work, "object.obj")).high[1], 0.55 + 0.1 + std::sqrt(0.1 * 0.1 - 0.02 * 0.02), 1e-3) << "metres again: the file says millimetres";
  const auto refused = shape_schema().complete({{"program", kStand}, {"quads", true}, {"formats", "glb"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(field_of(refused.error()), "quads");
}

TEST_F(Export, LevelsAndColliderAreNodes) {
  const Work work = made("glb", {.lod = true, .collider = "box"});
  const std::set<std::string> names = node_names(work);
  for (const char* name : {"stand", "stand_LOD0", "stand_LOD1", "stand_LOD2", "stand_LOD3", "stand_collider", "plate", "post", "ball"})
    EXPECT_TRUE(names.contains(name)) << name;
  const MeshScene scene = scene_of(work, "object.glb");
  expect_solids(scene, "levels");
  std::map<std::string, size_t> triangles;
  for (const SceneMesh& m : scene.meshes) triangles[m.path.substr(0, m.path.find('/'))] += m.mesh.triangles.size();
  for (int k = 1; k < 4; ++k) EXPECT_LE(triangles["stand_LOD" + std::to_string(k)] * 2, triangles["stand_LOD" + std::to_string(k - 1)]) << k;
  EXPECT_EQ(triangles["stand_collider"], 12U);
  // Whoever reads the file as it is shown gets the finest level alone, and is told.
  SceneNotes notes;
  const MeshScene shown = value_or_throw(decode_mesh_scene(work.files.at("object.glb"), {}, {}, &notes));
  size_t finest = 0;
  for (const SceneMesh& m : shown.meshes) {
    EXPECT_TRUE(m.path.starts_with("stand_LOD0/")) << m.path;
    finest += m.mesh.triangles.size();
  }
  EXPECT_EQ(finest, triangles["stand_LOD0"]);
  EXPECT_EQ(notes.size(), 2U);
  const Work baked = value_or_throw(
      shape_work({.program = kStand, .size = 64, .texture = 128, .formats = value_or_throw(parse_shape_formats("glb")), .output = {.lod = true}}));
  const MeshScene textured = scene_of(baked, "object.glb");
  EXPECT_GT(textured.meshes.size(), 4U);
  for (const SceneMesh& m : textured.meshes) EXPECT_EQ(m.uvs.size(), m.mesh.positions.size()) << m.path;
}

TEST_F(Export, ThePivotAndTheUnitsAreThoseThatAreSaid) {
  const std::string program = "shape post\npart p = box(0.2, 1, 0.4) at (3, 2, 1)\n";
  const auto numbers = [](const Work& work) {  // of the STL: its own units and axes
    Box box = Box::empty();
    const Bytes& stl = work.files.at("object.stl");
    for (size_t at = 84; at + 50 <= stl.size(); at += 50)
      for (size_t k = 0; k < 3; ++k) {
        Vec3 p;
        std::memcpy(p.data(), stl.data() + at + 12 + 12 * k, 12);
        box.add(p);
      }
    return box;
  };
  for (const char* file : {"object.glb", "object.3mf"}) {
    const Box base = box_of(scene_of(made("glb,3mf", {.pivot = "base"}, program), file)),
              centre = box_of(scene_of(made("glb,3mf", {.pivot = "centre"}, program), file));
    for (size_t i = 0; i < 3; ++i) {
      const std::array<float, 3> size{0.2F, 1, 0.4F};
      EXPECT_NEAR(base.low[i], i == 1 ? 0 : -size[i] / 2, 1e-6) << file << " in metres";
      EXPECT_NEAR(centre.low[i], -size[i] / 2, 1e-6) << file;
      EXPECT_NEAR(centre.high[i], size[i] / 2, 1e-6) << file;
    }
  }
  const Box base = numbers(made("stl", {.pivot = "base"}, program)), centre = numbers(made("stl", {.pivot = "centre"}, program)),
            keep = numbers(made("stl", {}, program));
  EXPECT_NEAR(base.low[0], -100, 1e-3) << "STL has millimetres";
  EXPECT_NEAR(base.low[1], -200, 1e-3) << "and z up";
  EXPECT_NEAR(base.low[2], 0, 1e-3);
  EXPECT_NEAR(base.high[2], 1000, 1e-3);
  EXPECT_NEAR(centre.low[2], -500, 1e-3);
  EXPECT_NEAR(keep.low[0], 2900, 1e-2) << "as before";
  EXPECT_NEAR(keep.low[2], 0, 1e-3) << "works for printers stand on the bed";
}

TEST_F(Export, PartsAreComponents) {
  const MeshScene parts = scene_of(made("3mf", {.parts = true}), "object.3mf"), whole = scene_of(made("3mf", {}), "object.3mf");
  std::set<std::string> names;
  for (const SceneMesh& m : parts.meshes) names.insert(m.path);
  EXPECT_EQ(names, (std::set<std::string>{"a stand with a hole/plate", "a stand with a hole/post", "a stand with a hole/ball"}));
  EXPECT_EQ(whole.meshes.size(), 1U);
  expect_solids(parts, "parts");
}

TEST_F(Export, PrintersGetTheColoursTheyHave) {
  const auto colours = [](const MeshScene& scene) {
    std::set<std::array<float, 4>> out;
    for (const SceneMesh& m : scene.meshes) out.insert(m.colours.begin(), m.colours.end());
    return out;
  };
  EXPECT_EQ(colours(scene_of(made("3mf", {}), "object.3mf")).size(), 3U);
  EXPECT_EQ(colours(scene_of(made("3mf", {.print_colours = 2}), "object.3mf")).size(), 2U);
  const auto mapped = colours(scene_of(made("3mf", {.palette = {{{255, 0, 0, 255}, {0, 0, 255, 255}, {255, 255, 255, 255}}}}), "object.3mf"));
  EXPECT_TRUE(mapped.contains({1, 0, 0, 1}) && mapped.contains({0, 0, 1, 1}));
}

TEST_F(Export, SplitMakesPiecesThatFit) {
  const Work work = made("stl,3mf", {.split = {{250, 400, 300}}});
  const MeshScene scene = scene_of(work, "object.3mf");
  std::set<std::string> names;
  for (const SceneMesh& m : scene.meshes) names.insert(m.path);
  EXPECT_GE(names.size(), 4U);
  expect_solids(scene, "3mf");
  double volume = 0;
  for (size_t i = 1; i <= names.size(); ++i) {
    const Mesh piece = welded(scene_of(work, fmt::format("object-{}.stl", i)));
    expect_solid(piece, fmt::format("piece {}", i));
    volume += inspect(piece).volume;
    const Box box = Box::of(piece.positions);
    EXPECT_LE(box.high[0] - box.low[0], 0.2501F);
    EXPECT_LE(box.high[1] - box.low[1], 0.3001F) << "height";
  }
  EXPECT_FALSE(work.files.contains("object.stl"));
  EXPECT_NEAR(volume / inspect(welded(scene_of(made("stl", {}), "object.stl"))).volume, 1, 1e-4);
  EXPECT_FALSE(shape_schema().complete({{"program", kStand}, {"split", "1,2"}, {"formats", "stl"}}));
  EXPECT_FALSE(shape_schema().complete({{"program", kStand}, {"split", "0,2,3"}, {"formats", "stl"}}));
  EXPECT_FALSE(shape_schema().complete({{"program", kStand}, {"split", "200,200,200"}, {"formats", "glb"}}));
  const auto tiny = shape_work({.program = kStand, .size = 64, .formats = value_or_throw(parse_shape_formats("stl")), .output = {.split = {{10, 10, 10}}}});
  ASSERT_FALSE(tiny);
  EXPECT_EQ(field_of(tiny.error()), "split");
}

TEST_F(Export, PiecesHaveTheirParts) {
  const BedSize bed{{250, 400, 300}};
  const Work plain = made("stl,3mf", {.split = bed}), work = made("stl,3mf", {.parts = true, .split = bed});
  const MeshScene scene = scene_of(work, "object.3mf");
  std::map<std::string, std::set<std::string>> parts;  // of each piece
  for (const SceneMesh& m : scene.meshes) parts[m.path.substr(0, m.path.find('/'))].insert(m.path.substr(m.path.find('/') + 1));
  // Two beside each other, three above each other; the post goes through all of them, and each half has some of what is there.
  ASSERT_EQ(parts.size(), 6U);
  EXPECT_EQ(parts["stand 1"], (std::set<std::string>{"plate", "post"}));
  EXPECT_EQ(parts["stand 2"], (std::set<std::string>{"plate", "post"}));
  EXPECT_EQ(parts["stand 6"], (std::set<std::string>{"post", "ball"}));
  expect_solids(scene, "parts of pieces");
  for (const auto& [name, bytes] : plain.files)
    if (name.ends_with(".stl")) {
      EXPECT_EQ(work.files.at(name), bytes) << name << ": an STL has no parts";
    }
  const auto colours = [](const MeshScene& s) {
    std::set<std::array<float, 4>> out;
    for (const SceneMesh& m : s.meshes) out.insert(m.colours.begin(), m.colours.end());
    return out;
  };
  EXPECT_EQ(colours(scene), colours(scene_of(plain, "object.3mf")));
  expect_solids(scene_of(made("3mf", {.low_poly = 300, .parts = true, .split = bed}), "object.3mf"), "fewer triangles");
}

TEST_F(Export, KindsOfTheLibraryStayClosed) {
  for (const char* kind : {"chair", "cup", "castle", "fox", "bicycle", "guitar", "tree", "dice"}) {
    const auto program = read_text(fs::path(PTAH_SOURCE_DIR) / "shapes" / (std::string(kind) + ".shape"), kMaxShapeBytes);
    if (!program) continue;
    const Work plain = made("glb,3mf", {}, *program);
    const size_t triangles = joined(scene_of(plain, "object.glb")).triangles.size(), printed = joined(scene_of(plain, "object.3mf")).triangles.size();
    const auto half = static_cast<int64_t>(std::max(triangles, printed) / 2);
    const Work work = made("glb,3mf,stl", {.low_poly = half, .lod = true, .collider = "hull", .pivot = "base", .print_colours = 4}, *program);
    for (const char* file : {"object.glb", "object.3mf", "object.stl"}) expect_solids(scene_of(work, file), std::string(kind) + " " + file);
    const Box box = box_of(scene_of(plain, "object.glb"));
    const auto mm = [&](size_t i) { return static_cast<double>(box.high[i] - box.low[i]) * 600; };
    expect_solids(scene_of(made("3mf", {.split = {{mm(0), mm(2), mm(1)}}}, *program), "object.3mf"), std::string(kind) + " in pieces");
    expect_solids(scene_of(made("3mf", {.parts = true}, *program), "object.3mf"), std::string(kind) + " in parts");
    expect_solids(scene_of(made("3mf", {.parts = true, .split = {{mm(0), mm(2), mm(1)}}}, *program), "object.3mf"), std::string(kind) + ", pieces of parts");
  }
}

class ExportOfMeshes : public Export {
 protected:
  /// A closed mesh of random solids, as STL.
  fs::path random_mesh(uint64_t seed) {
    Random random(seed);
    const std::array<Mesh, 4> operands{testing_solids::random_solid(random, false), testing_solids::random_solid(random, false),
                                       testing_solids::random_solid(random, false), testing_solids::torus(0.5F, 0.15F, 60, 30)};
    const fs::path file = folder_.path / fmt::format("random-{}.stl", seed);
    value_or_throw(write_file(file, std::span<const uint8_t>(encode_stl(value_or_throw(boolean_mesh(operands, &in_any)).mesh))));
    return file;
  }
  static std::map<std::string, Bytes> converted(const fs::path& file, const std::string& format, const ExportOptions& output) {
    const ConvertTask task{.mesh = file, .format = format, .output = output};
    return value_or_throw(convert_mesh(value_or_throw(read_mesh_input(file)), task, "made"));
  }
  static MeshScene back(const std::map<std::string, Bytes>& files, const std::string& name) {
    return value_or_throw(decode_mesh_scene(files.at(name), [&](const std::string& other) -> Result<Bytes> { return files.at(other); }));
  }
  TemporaryFolder folder_;
};

TEST_F(ExportOfMeshes, RandomClosedMeshesStayClosed) {
  for (uint64_t seed = 0; seed < 8; ++seed) {
    const fs::path file = random_mesh(seed);
    const std::string what = fmt::format("seed {}", seed);
    for (const char* format : {"glb", "obj", "ply", "stl", "3mf"}) {
      const auto files = converted(file, format, {.low_poly = 500, .pivot = "base"});
      const MeshScene scene = back(files, std::string("made.") + format);
      expect_solid(welded(scene), what + " " + format);
      EXPECT_LE(triangle_count(scene), 500U);
    }
    expect_solids(back(converted(file, "glb", {.lod = true, .collider = "hull"}), "made.glb"), what + " levels");
    expect_solid(welded(back(converted(file, "ply", {.quads = true}), "made.ply")), what + " quads");
    expect_solids(back(converted(file, "3mf", {.split = {{700, 700, 700}}}), "made.3mf"), what + " pieces");
    for (const auto& [name, bytes] : converted(file, "stl", {.split = {{700, 700, 700}}}))
      expect_solid(welded(value_or_throw(decode_mesh_scene(bytes, {}))), what + " " + name);
  }
}

TEST_F(ExportOfMeshes, OptionsAreInTheReceipt) {
  const fs::path file = random_mesh(3), place = folder_.path / "work";
  const Work work = value_or_throw(convert_work({.mesh = file, .format = "3mf", .output = {.low_poly = 400, .print_colours = 3}}));
  EXPECT_EQ(work.receipt["request"]["low_poly"], 400);
  EXPECT_FALSE(work.receipt["request"].contains("lod"));
  fs::create_directories(place);
  value_or_throw(write_file(place / "source.zip", std::span<const uint8_t>(work.files.at("source.zip"))));
  EXPECT_EQ(value_or_throw(replay_convert(work.receipt, place)).files, work.files);
  EXPECT_EQ(field_of(convert_work({.mesh = file, .format = "stl", .output = {.print_colours = 3}}).error()), "print_colours");
  EXPECT_EQ(field_of(convert_work({.mesh = file, .format = "obj", .output = {.collider = "box"}}).error()), "collider");
  EXPECT_EQ(field_of(convert_work({.mesh = file, .format = "glb", .output = {.quads = true}}).error()), "quads");
}

TEST_F(ExportOfMeshes, PartsOfAFileWithoutPartsAreItsBodies) {
  std::vector<Mesh> two{testing_solids::box({1, 1, 1}), testing_solids::box({1, 1, 1})};
  testing_solids::place(two[1], {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}}, {3, 0, 0});
  const Mesh both = value_or_throw(boolean_mesh(two, &in_any)).mesh;
  const fs::path file = folder_.path / "two.stl";
  value_or_throw(write_file(file, std::span<const uint8_t>(encode_stl(both))));
  EXPECT_EQ(back(converted(file, "glb", {}), "made.glb").meshes.size(), 1U);
  EXPECT_EQ(back(converted(file, "glb", {.parts = true}), "made.glb").meshes.size(), 2U);
  const MeshScene printed = back(converted(file, "3mf", {.parts = true}), "made.3mf");
  EXPECT_EQ(printed.meshes.size(), 2U);
  EXPECT_NE(printed.meshes[0].path.find('/'), std::string::npos) << "components of one object";
  const MeshScene pieces = back(converted(file, "3mf", {.parts = true, .split = {{5000, 600, 2000}}}), "made.3mf");
  std::set<std::string> names;
  for (const SceneMesh& m : pieces.meshes) names.insert(m.path);
  EXPECT_EQ(names, (std::set<std::string>{"two 1/solid 1", "two 1/solid 2", "two 2/solid 1", "two 2/solid 2"}));
}

TEST_F(ExportOfMeshes, OpenMeshesAreNotSplit) {
  const fs::path file = folder_.path / "open.obj";
  value_or_throw(write_file(file, std::string_view("v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\n")));
  const ConvertTask task{.mesh = file, .format = "stl", .output = {.split = {{500, 500, 500}}}};
  const auto refused = convert_mesh(value_or_throw(read_mesh_input(file)), task, "made");
  ASSERT_FALSE(refused);
  EXPECT_EQ(field_of(refused.error()), "split");
}

TEST(TexturedOutput, KeepsWhatTheSurfaceIsLike) {
  TexturedMesh mesh;
  mesh.positions = {{0, 0, 0}, {1, 0, 0}, {0, 1, 0}};
  mesh.normals = {{0, 0, 1}, {0, 0, 1}, {0, 0, 1}};
  mesh.uvs.resize(3);
  mesh.triangles = {{0, 1, 2}};
  mesh.roughness = 0.3F, mesh.metallic = 0.7F;
  const MeshScene scene = ::ptah::scene_of(mesh, "thing");
  EXPECT_EQ(scene.materials.at(0).roughness, 0.3F);
  EXPECT_EQ(scene.materials.at(0).metallic, 0.7F);
  EXPECT_EQ(scene.meshes.at(0).path, "thing");
  EXPECT_TRUE(scene.images.empty());
}

}  // namespace
}  // namespace ptah
