// The public structs have every field of the requests they stand for, with the same defaults.
#include "api/members.h"

#include <gtest/gtest.h>

#include <set>

#include "pipelines/emotion/emotion_work.h"
#include "pipelines/field/field_work.h"
#include "pipelines/painting.h"
#include "pipelines/mesh/convert.h"
#include "pipelines/rendering/render_work.h"
#include "pipelines/contract/contract_work.h"
#include "pipelines/scene/scene_work.h"
#include "pipelines/face/photo_work.h"
#include "pipelines/face/talk_work.h"
#include "pipelines/speech/say_work.h"
#include "pipelines/shape/shape_work.h"
#include "pipelines/text_work.h"
#include "pipelines/texturing/texture_work.h"

namespace ptah {
namespace {

/// Whether the values of public structs have all fields but these, at the defaults of the request.
void expect_all(const Schema& schema, const Json& values, const std::set<std::string>& elsewhere = {}) {
  for (const SchemaField& field : schema.fields()) {
    EXPECT_NE(values.contains(field.name), elsewhere.contains(field.name)) << field.name;
    if (values.contains(field.name) && !field.required) {
      EXPECT_EQ(values[field.name], field.default_value) << field.name;
    }
  }
  for (const auto& [name, value] : values.items()) EXPECT_NE(schema.find(name), nullptr) << name;
}

TEST(PublicStructs, HaveEveryFieldAtItsDefault) {
  expect_all(create_schema(), values_of(MakeRequest{}), {"model"});  // which the Engine holds
  expect_all(paint_schema(), values_of(PaintFiles{}, PaintSettings{}));
  expect_all(texture_schema(), values_of(TextureRequest{}));
  expect_all(render_schema(), values_of(RenderRequest{}), {"azimuth", "elevation"});  // those of the view
  expect_all(scene_schema(), values_of(SceneRequest{}));
  expect_all(contract_schema(), values_of(ContractRequest{}));
  expect_all(field_schema(), values_of(FieldRequest{}));
  expect_all(say_schema(), values_of(SayRequest{}));
  expect_all(emotion_schema(), values_of(EmotionRequest{}));
  expect_all(face_schema(), values_of(FaceRequest{}));
  expect_all(talk_schema(), values_of(TalkRequest{}));
  expect_all(photo_schema(), values_of(PhotoRequest{}));
  expect_all(shape_schema(), values_of(ShapeRequest{}, MeshOutput{}));
  expect_all(convert_schema(), values_of(ConvertRequest{}, MeshOutput{}));
  expect_all(text_schema(), values_of(AnswerOptions{}),
             {"prompt", "model", "adapter", "control_tokens", "context", "cache_type", "cache", "draft",
              "log_probabilities"});  // of the model that is held, and of Answer
}

TEST(PublicFields, RefuseBeforeTheyRead) {
  EXPECT_EQ(field_mesh("nowhere", -1).problem().name, "invalid_argument");
  EXPECT_NE(field_mesh("nowhere", 0).problem().name, "invalid_argument");
  EXPECT_EQ(field_splats("nowhere", "ply", 5).problem().name, "invalid_argument");
  EXPECT_EQ(field_splats("nowhere", "obj", 500).problem().name, "invalid_argument");
  EXPECT_NE(field_splats("nowhere", "ply", 500).problem().name, "invalid_argument");
}

TEST(PublicStructs, ArriveAsTheyAre) {
  const PaintFiles files{.model = "m", .loras = {{"l", 0.5F}}, .seamless = true, .quantize = "w8a8"};
  const PaintSettings settings{.prompt = "a", .seed = UINT64_MAX, .perpendicular = 2, .cut = true, .background = "black", .formats = "stl", .height_mm = 30};
  const PaintTask task = value_or_throw(request_of(paint_schema(), files, settings));
  EXPECT_EQ(task.files.loras.at(0).strength, 0.5F);
  EXPECT_TRUE(task.files.wraps);
  EXPECT_EQ(task.files.packing, WeightPacking::int8_products);
  EXPECT_EQ(task.request.seed, UINT64_MAX);
  EXPECT_EQ(task.request.perpendicular, 2);
  EXPECT_EQ(task.finish.cut, "black");
  EXPECT_TRUE(task.finish.formats.stl && !task.finish.formats.png);
  EXPECT_EQ(task.finish.object.height_mm, 30);
  EXPECT_EQ(value_or_throw(request_of(create_schema(), MakeRequest{.prompt = "a", .sampler = "heun"})).request.sampler, "heun");
}

TEST(PublicStructs, AViewHoldsWhereNoAngleIsGiven) {
  const RenderTask left = value_or_throw(render_schema().complete(values_of(RenderRequest{.file = "chair", .view = "left", .elevation = 5.0F})));
  EXPECT_EQ(left.azimuth, -90);
  EXPECT_EQ(left.elevation, 5);
}

TEST(PublicRendering, IsPlannedMadeAndCancelled) {
  const auto file = std::filesystem::temp_directory_path() / "ptah-public-rendering.shape";
  value_or_throw(write_file(file, std::string_view("shape box \"a box\"\npart all = box(1, 1, 1)\n")));
  const RenderRequest request{.file = file, .size = 32, .turntable = 2, .samples = 2};
  const auto plan = plan_render(request);
  ASSERT_TRUE(plan) << plan.problem().message;
  EXPECT_GT(plan->peak_bytes, 0);
  double last = 0;
  const auto work = render(request, {.progress = [&](const std::string&, double fraction) { last = fraction; }});
  ASSERT_TRUE(work) << work.problem().message;
  EXPECT_EQ(last, 1);
  EXPECT_TRUE(work->files.contains("picture.png") && work->files.contains("turntable.webp"));
  const std::atomic<bool> cancel = true;
  const auto unplanned = plan_render(request, {.cancel = &cancel});
  ASSERT_FALSE(unplanned);
  EXPECT_EQ(unplanned.problem().name, "cancelled");
  const auto stopped = render(request, {.cancel = &cancel});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.problem().name, "cancelled");
  std::filesystem::remove(file);
}

TEST(PublicShapes, AreMadeOfProgramsKindsAndWords) {
  ::setenv("PTAH_SHAPES", (std::filesystem::path(PTAH_SOURCE_DIR) / "shapes").c_str(), 1);
  ::setenv("PTAH_MODELS", (std::filesystem::path(PTAH_SOURCE_DIR) / "models").c_str(), 1);
  const ShapeRequest request{.program = "shape box\nparam w = 1 in [0.5, 2]\npart all = box(w, 1, 1)\n",
                             .set = {"w=2"},
                             .formats = "glb,3mf,stl",
                             .output = {.lod = true, .collider = "hull", .pivot = "base", .split = "1100,2000,2000"}};
  const auto work = make_shape(request);
  ASSERT_TRUE(work) << work.problem().message;
  for (const char* name : {"object.shape", "object.glb", "object.3mf", "object-1.stl", "object-2.stl", "receipt.json"})
    EXPECT_TRUE(work->files.contains(name)) << name;
  EXPECT_NE(work->receipt.find("1100,2000,2000"), std::string::npos);
  EXPECT_GT(plan_make_shape(request)->peak_bytes, 0);
  const auto chair = make_shape({.kind = "chair", .formats = "glb"}), table = make_shape({.kind = "table", .formats = "glb"});
  ASSERT_TRUE(chair && table);
  EXPECT_NE(chair->files.at("object.glb"), table->files.at("object.glb"));
  const auto words = make_shape({.prompt = "a wooden chair with a red cushion", .formats = "glb"});
  ASSERT_TRUE(words) << words.problem().message;
  EXPECT_NE(words->receipt.find("cushion"), std::string::npos);
  const auto kinds = shape_kinds();
  ASSERT_TRUE(kinds);
  EXPECT_TRUE(std::find(kinds->begin(), kinds->end(), "chair") != kinds->end());
  EXPECT_EQ(make_shape({.kind = "chiar"}).problem().name, "not_found");
  EXPECT_NE(make_shape({.kind = "chiar"}).problem().message.find("did you mean 'chair'"), std::string::npos);
  EXPECT_EQ(make_shape({.kind = "../shapes/chair"}).problem().name, "not_found") << "a kind is a name, not a path";
  EXPECT_EQ(make_shape({.program = "shape a", .kind = "chair"}).problem().name, "invalid_argument");
  EXPECT_EQ(make_shape({}).problem().name, "invalid_argument");
  const auto refused = make_shape({.kind = "chair", .formats = "obj", .output = {.lod = true}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.problem().field, "lod");
}

TEST(PublicMeshes, AreConverted) {
  const auto file = std::filesystem::temp_directory_path() / "ptah-public-convert.shape";
  value_or_throw(write_file(file, std::string_view("shape ball\npart all = sphere(1)\n")));
  const auto whole = convert({.mesh = file, .format = "stl"}), coarse = convert({.mesh = file, .format = "stl", .output = {.low_poly = 60}});
  ASSERT_TRUE(whole && coarse) << whole.problem().message << coarse.problem().message;
  EXPECT_LE(coarse->files.at("object.stl").size(), 84U + 50 * 60);
  EXPECT_LT(coarse->files.at("object.stl").size(), whole->files.at("object.stl").size());
  EXPECT_EQ(convert({.mesh = file, .format = "stl", .output = {.lod = true}}).problem().field, "lod");
  std::filesystem::remove(file);
}

TEST(PublicStructs, AProblemNamesTheMember) {
  const auto made = Painter::open({.model = "m", .quantize = "w4"});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.problem().field, "quantize");
  EXPECT_EQ(made.problem().name, "invalid_argument");
  EXPECT_EQ(made.problem().message.find('`'), std::string::npos) << made.problem().message;
}

}  // namespace
}  // namespace ptah
