// Meshes are converted, measured against what they were, and made again from their receipts.
#include "pipelines/mesh/convert.h"

#include <gtest/gtest.h>

#include "media/mesh/format_readers.h"
#include "media/zip.h"
#include "tests/files/temporary_folder.h"
#include "work/work_folder.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

class Convert : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("PTAH_SHAPES", (fs::path(PTAH_SOURCE_DIR) / "shapes").c_str(), 1);
    write("box.obj", "mtllib sub/box.mtl\nusemtl red\nv 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n");
    fs::create_directories(folder_.path / "sub");
    write("sub/box.mtl", "newmtl red\nKd 1 0 0\n");
    write("post.shape", "shape post\nuse chair() as seat\npart post = cylinder(r = 0.1, h = 2, n = 12) at (3, 0, 0)\n");
  }
  void write(const std::string& name, std::string_view text) const { value_or_throw(write_file(folder_.path / name, text)); }
  fs::path at(const std::string& name) const { return folder_.path / name; }
  /// Errors of a file that was converted, against what it was made of.
  MeshErrors errors(const MeshInput& input, const ConvertTask& task) const {
    const auto files = value_or_throw(convert_mesh(input, task, "made"));
    for (const auto& [name, bytes] : files) value_or_throw(write_file(at(name), std::span<const uint8_t>(bytes)));
    const MeshInput back = value_or_throw(read_mesh_input(at("made." + task.format)));
    return value_or_throw(mesh_errors(input.surface, back.surface, {.samples = 2000, .grid = 16}));
  }
  TemporaryFolder folder_;
};

TEST_F(Convert, EveryFormatOfAMeshAndOfAProgram) {
  for (const char* source : {"box.obj", "post.shape"}) {
    const MeshInput input = value_or_throw(read_mesh_input(at(source)));
    for (const char* format : {"glb", "obj", "ply", "stl", "3mf"}) {
      const MeshErrors e = errors(input, {.format = format});
      EXPECT_LT(e.largest, 2e-6) << source << " " << format;
      EXPECT_EQ(e.f_score, 1) << format;
      EXPECT_GT(e.iou.value_or(0), 0.999) << format;
    }
    EXPECT_TRUE(convert_mesh(input, {.format = "usdz"}, "made"));
  }
}

TEST_F(Convert, UnitsAxesAndPoints) {
  const auto size = [&](const ConvertTask& task) {
    const MeshInput input = value_or_throw(read_mesh_input(at("box.obj"), read_options(task)));
    return Box::of(input.surface.positions);
  };
  EXPECT_FLOAT_EQ(size({.unit = "inch"}).high[0], 0.0254F);
  EXPECT_FLOAT_EQ(size({.up = "z"}).low[2], -1);
  EXPECT_FLOAT_EQ(size({}).low[2], 0);
  const MeshInput input = value_or_throw(read_mesh_input(at("box.obj")));
  const MeshErrors e = errors(input, {.format = "ply", .points = 500});
  EXPECT_LT(e.b_to_a, 1e-6);
  EXPECT_GT(e.a_to_b, 1e-3);
  EXPECT_FALSE(e.iou) << "points enclose nothing";
  EXPECT_EQ(convert_mesh(input, {.format = "stl", .points = 500}, "made").error().code, ErrorCode::invalid_argument);
  const MeshInput cloud = value_or_throw(read_mesh_input(at("made.ply")));
  EXPECT_TRUE(cloud.is_cloud);
  EXPECT_EQ(cloud.surface.positions.size(), 500);
  // Its surface is that of the box again, with rounded edges.
  const auto again = value_or_throw(convert_mesh(cloud, {.format = "stl", .resolution = 32}, "again"));
  write("again.stl", std::string(again.at("again.stl").begin(), again.at("again.stl").end()));
  const MeshInput surface = value_or_throw(read_mesh_input(at("again.stl"), {.metres_per_unit = 0.001, .z_up = true}));
  EXPECT_TRUE(inspect(surface.surface).closed);
  EXPECT_GT(value_or_throw(mesh_errors(input.surface, surface.surface)).f_score, 0.6);
}

TEST_F(Convert, AWorkIsMadeAgainOfTheMeshBesideIt) {
  const fs::path place = at("work");
  const Work work = value_or_throw(convert_work({.mesh = at("box.obj"), .format = "obj", .unit = "cm"}));
  EXPECT_TRUE(work.files.contains("object.mtl"));
  value_or_throw(write_work(work, place));
  fs::remove(at("box.obj"));
  fs::remove_all(at("sub"));
  const Work again = value_or_throw(replay_convert(work.receipt, place));
  EXPECT_EQ(again.files, work.files);
  EXPECT_EQ(value_or_throw(convert_work({.mesh = place / "source.zip", .format = "obj", .unit = "cm"})).files, work.files)
      << "what it keeps is a mesh to convert";
  Json other = work.receipt;
  other["request"]["unit"] = "mm";
  EXPECT_NE(value_or_throw(replay_convert(other, place)).files.at("object.obj"), work.files.at("object.obj"));
  EXPECT_EQ(replay_convert(work.receipt, folder_.path).error().code, ErrorCode::not_found);
  value_or_throw(write_file(place / "source.zip", std::string_view("PK")));
  EXPECT_EQ(replay_convert(work.receipt, place).error().code, ErrorCode::mismatch);
}

TEST_F(Convert, AProgramsWorkKnowsItsLibrary) {
  const Work work = value_or_throw(convert_work({.mesh = at("post.shape")}));
  EXPECT_TRUE(work.receipt["library"].contains("chair"));
  value_or_throw(write_work(work, at("work")));
  EXPECT_EQ(value_or_throw(replay_convert(work.receipt, at("work"))).files, work.files);
  EXPECT_EQ(value_or_throw(convert_work({.mesh = at("work") / "source.zip"})).files, work.files);
  Json other = work.receipt;
  other["library"]["chair"] = "sha256:00";
  EXPECT_EQ(replay_convert(other, at("work")).error().code, ErrorCode::mismatch);
}

TEST_F(Convert, AReceiptInsideDoesNotGoAlong) {
  MeshInput input = value_or_throw(read_mesh_input(at("box.obj")));
  input.scene.extras = R"({"maker":"Ann","ptah":{"kind":"shape"}})";
  const auto files = value_or_throw(convert_mesh(input, {}, "signed"));
  value_or_throw(write_file(at("signed.glb"), std::span<const uint8_t>(files.at("signed.glb"))));
  EXPECT_EQ(value_or_throw(read_mesh_input(at("signed.glb"))).scene.extras, R"({"maker":"Ann"})");
}

TEST_F(Convert, ErrorsNameTheFile) {
  const auto missing = read_mesh_input(at("none.glb"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  write("broken.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 9\n");
  const auto broken = read_mesh_input(at("broken.obj"));
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().message.find("broken.obj"), std::string::npos) << broken.error().message;
  value_or_throw(
      write_file(at("broken.zip"), std::span<const uint8_t>(value_or_throw(zip_archive({{"scan.obj", value_or_throw(read_file(at("broken.obj")))}})))));
  const auto inside = read_mesh_input(at("broken.zip"));
  ASSERT_FALSE(inside);
  EXPECT_NE(inside.error().message.find("broken.zip: scan.obj: "), std::string::npos) << inside.error().message;
  write("broken.shape", "shape a\npart p = balloon()\n");
  EXPECT_FALSE(read_mesh_input(at("broken.shape")));
}

}  // namespace
}  // namespace ptah
