// Shapes as works: files, receipts, replay, verification.
#include "pipelines/shape/shape_work.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "media/mesh_files.h"
#include "pipelines/recipes.h"
#include "work/verification.h"
#include "work/work_folder.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProgram = R"(shape stand "a stand with a hole"
param height = 0.4 in [0.2, 1]
param tint = red of (colors)
material paint = plain(tint)
part plate = box(0.4, 0.05, 0.3) is paint
part post = cylinder(0.05, height) on plate is steel
cut part hole = cylinder(0.02, 2) at (0, -1, 0)
)";

ShapeTask task(const std::string& formats = "png,glb") {
  return {.program = kProgram, .set = {"height=0.5"}, .size = 96, .formats = value_or_throw(parse_shape_formats(formats))};
}

TEST(ShapeWork, HasTheFilesThatWereAskedFor) {
  const Work work = value_or_throw(shape_work(task("png,glb,obj,ply,stl,3mf,scad,json")));
  for (const char* name : {"picture.png", "object.glb", "object.obj", "object.mtl", "object.ply", "object.stl", "object.3mf", "object.scad", "shape.json",
                           "object.shape", "receipt.json"})
    EXPECT_TRUE(work.files.contains(name)) << name;
  EXPECT_EQ(work.files.size(), 11U);
  const Bytes& stl = work.files.at("object.stl");
  uint32_t triangles = 0;
  std::memcpy(&triangles, stl.data() + 80, 4);
  EXPECT_GT(triangles, 50U);
  EXPECT_EQ(stl.size(), 84 + 50 * triangles);
  const Json gltf = value_or_throw(parse_json(value_or_throw(glb_json(work.files.at("object.glb")))));
  EXPECT_EQ(gltf["nodes"].size(), 3U);
  EXPECT_EQ(gltf["asset"]["extras"]["ptah"]["kind"], kShapeKind);
  const Bytes& scad = work.files.at("object.scad");
  EXPECT_NE(std::string(scad.begin(), scad.end()).find("height = 0.5; // [0.2:0.001:1]"), std::string::npos);
  const Bytes& program = work.files.at("object.shape");
  EXPECT_EQ(value_or_throw(parse_shape(std::string(program.begin(), program.end()))), value_or_throw(parse_shape(kProgram)));
}

TEST(ShapeWork, IsMadeAgainFromItsReceipt) {
  const Work work = value_or_throw(shape_work(task("png,glb,stl")));
  const Work again = value_or_throw(replay_shape(work.receipt));
  EXPECT_EQ(again.files, work.files);
  ModelCache models;
  const Work through = value_or_throw(replay_receipt(models, work.receipt, {}));
  EXPECT_EQ(through.files, work.files) << "the table knows the kind";
}

TEST(ShapeWork, ChangedFilesAreSeen) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("ptah-shape-{}", ::getpid());
  fs::remove_all(folder);
  const Work work = value_or_throw(shape_work(task()));
  value_or_throw(write_work(work, folder));
  EXPECT_TRUE(value_or_throw(verify_work(folder)).whole);
  EXPECT_TRUE(value_or_throw(verify_work(folder / "object.glb")).whole) << "a single file has its receipt inside";
  EXPECT_TRUE(value_or_throw(verify_work(folder / "picture.png")).whole);
  // Another colour in the GLB: its binary chunk stays as it was.
  Bytes glb = work.files.at("object.glb");
  const std::string key = "\"roughnessFactor\":0.";
  const auto at = std::search(glb.begin(), glb.end(), key.begin(), key.end());
  ASSERT_NE(at, glb.end());
  *(at + static_cast<std::ptrdiff_t>(key.size())) ^= 1;
  value_or_throw(write_file(folder / "other.glb", std::span<const uint8_t>(glb)));
  EXPECT_FALSE(value_or_throw(verify_work(folder / "other.glb")).whole);
  fs::remove_all(folder);
}

TEST(ShapeWork, RefusesWhatCannotBe) {
  ShapeTask wrong = task();
  wrong.program = "shape a\npart b = bx(1, 1, 1)";
  EXPECT_EQ(shape_work(wrong).error().code, ErrorCode::invalid_argument);
  wrong = task();
  wrong.set = {"hight=1"};
  EXPECT_NE(shape_work(wrong).error().message.find("did you mean 'height'?"), std::string::npos);
  wrong.set = {"height"};
  EXPECT_NE(shape_work(wrong).error().message.find("NAME=VALUE"), std::string::npos);
  wrong.set = {"height=7"};
  EXPECT_NE(shape_work(wrong).error().message.find("0.2 to 1 are possible"), std::string::npos);
  EXPECT_FALSE(parse_shape_formats("png,gbl"));
  CancelToken token;
  token.cancel();
  EXPECT_EQ(shape_work(task(), {}, &token).error().code, ErrorCode::cancelled);
  const Plan plan = value_or_throw(plan_shape(task()));
  EXPECT_GT(plan.peak_bytes, int64_t{1} << 20);
  ShapeTask larger = task();
  larger.size *= 2;
  EXPECT_GT(plan.seconds, 0.05);
  EXPECT_GT(value_or_throw(plan_shape(larger)).seconds, plan.seconds);
}

TEST(ShapeWork, ShapesOfTheLibraryAreNamedInTheReceipt) {
  ::setenv("PTAH_SHAPES", (fs::path(PTAH_SOURCE_DIR) / "shapes").c_str(), 1);
  ShapeTask uses = task();
  uses.program = "shape set\nuse table(legs = trestle)\nuse cup(color = blue) on table\n";
  uses.set = {};
  const Work work = value_or_throw(shape_work(uses));
  EXPECT_EQ(work.receipt["library"].size(), 2U);
  EXPECT_EQ(value_or_throw(replay_shape(work.receipt)).files, work.files);
  Json other = work.receipt;
  other["library"]["cup"] = "sha256:00";
  const auto refused = replay_shape(other);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::mismatch);
}

}  // namespace
}  // namespace ptah
