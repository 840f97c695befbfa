// Renderings as works: files, receipts, replay, what is refused.
#include "pipelines/rendering/render_work.h"

#include <gtest/gtest.h>

#include <fstream>

#include "media/animation/animation.h"
#include "media/hdr/hdr_image.h"
#include "pipelines/recipes.h"
#include "work/verification.h"
#include "work/work_folder.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

constexpr const char* kProgram = R"(shape stand "a stand"
param height = 0.4 in [0.2, 1]
part plate = box(0.4, 0.05, 0.3) is gold
part post = cylinder(0.05, height) on plate is glass
)";

class Rendering : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder);
    fs::create_directories(folder);
    std::ofstream(folder / "stand.shape") << kProgram;
  }
  void TearDown() override { fs::remove_all(folder); }
  RenderTask task() const { return {.file = folder / "stand.shape", .size = 48}; }
  static Work made(const RenderTask& task) { return value_or_throw(render_work(task, value_or_throw(render_sources(task)))); }

  fs::path folder = fs::temp_directory_path() / fmt::format("ptah-render-{}", ::getpid());
};

TEST_F(Rendering, HasItsFiles) {
  RenderTask turning = task();
  turning.turntable = 3;
  const Work work = made(turning);
  for (const char* name : {"picture.png", "turntable.webp", "from-object.shape", "receipt.json"}) EXPECT_TRUE(work.files.contains(name)) << name;
  EXPECT_EQ(work.files.size(), 4U);
  turning.format = "gif";
  EXPECT_TRUE(made(turning).files.contains("turntable.gif"));
}

TEST_F(Rendering, EveryFieldChangesThePicture) {
  const Bytes usual = made(task()).files.at("picture.png");
  const auto pixels = [](const RenderTask& task) { return text_at(made(task).receipt, "pixels"); };
  const std::string before = pixels(task());
  const auto changed = [&](const char* what, auto change) {
    RenderTask other = task();
    change(other);
    EXPECT_NE(pixels(other), before) << what;
  };
  changed("set", [](RenderTask& t) { t.set = {"height=0.9"}; });
  changed("size", [](RenderTask& t) { t.size = 64; });
  changed("environment", [](RenderTask& t) { t.environment = "sunset"; });
  changed("environment_turn", [](RenderTask& t) { t.environment_turn = 120; });
  changed("exposure", [](RenderTask& t) { t.exposure = 1; });
  changed("azimuth", [](RenderTask& t) { t.azimuth = 80; });
  changed("elevation", [](RenderTask& t) { t.elevation = 60; });
  changed("field_of_view", [](RenderTask& t) { t.field_of_view = 80; });
  changed("background", [](RenderTask& t) { t.background = "#ff0000"; });
  changed("ground", [](RenderTask& t) { t.ground = false; });
  changed("texture", [](RenderTask& t) { t.texture = 128; });
  changed("samples", [](RenderTask& t) { t.samples = 2; });
  RenderTask paths = task();
  paths.samples = 2;
  const std::string seed_0 = pixels(paths);
  paths.seed = 1;
  EXPECT_NE(pixels(paths), seed_0);
  RenderTask turning = task();
  turning.turntable = 2;
  const Bytes slow = made(turning).files.at("turntable.webp");
  turning.frame_rate = 30;
  EXPECT_NE(made(turning).files.at("turntable.webp"), slow);
  EXPECT_EQ(made(task()).files.at("picture.png"), usual) << "and the same request gives the same bytes";
}

/// How much redder than blue the middle of a picture is, of a red box behind a pane.
int seen_through(const fs::path& program, const std::string& pane, int64_t samples) {
  std::ofstream(program) << "shape a \"a\"\npart back = box(1, 1, 0.2) at (0, 0, -0.5) is red\npart pane = box(1, 1, 0.05) at (0, 0, 0.5) is " << pane << "\n";
  const RenderTask task{.file = program, .size = 48, .azimuth = 0, .elevation = 0, .samples = samples, .denoise = false};
  const Work work = value_or_throw(render_work(task, value_or_throw(render_sources(task))));
  const Image picture = value_or_throw(decode_image(work.files.at("picture.png")));
  return picture.at(24, 24)[0] - picture.at(24, 24)[2];
}

TEST_F(Rendering, GlassIsSeenThrough) {
  for (const int64_t samples : {0, 64}) {
    EXPECT_GT(seen_through(folder / "glass.shape", "glass", samples), 16) << samples << " samples";
    EXPECT_LT(seen_through(folder / "porcelain.shape", "porcelain", samples), 10) << samples << " samples";
  }
}

TEST_F(Rendering, ViewsAreAngles) {
  const auto front = value_or_throw(render_schema().complete({{"file", "x.shape"}, {"view", "top"}}));
  EXPECT_EQ(front.azimuth, 0);
  EXPECT_EQ(front.elevation, 90);
  const auto own = value_or_throw(render_schema().complete({{"file", "x.shape"}, {"view", "left"}, {"elevation", 5}}));
  EXPECT_EQ(own.azimuth, -90);
  EXPECT_EQ(own.elevation, 5);
}

TEST_F(Rendering, IsMadeAgainFromItsFolder) {
  HdrImage map{16, 8, std::vector<std::array<float, 3>>(128, {0.2F, 0.3F, 0.4F})};
  map.at(3, 2) = {20, 18, 15};
  value_or_throw(write_file(folder / "own.hdr", std::span<const uint8_t>(value_or_throw(encode_radiance(map)))));
  RenderTask asked = task();
  asked.environment = (folder / "own.hdr").string();
  asked.samples = 2;
  const Work work = made(asked);
  EXPECT_TRUE(work.files.contains("from-environment.hdr"));
  value_or_throw(write_work(work, folder / "work"));
  fs::remove(folder / "own.hdr");
  fs::remove(folder / "stand.shape");
  ModelCache models;
  const Replayed again = value_or_throw(replay_path(models, folder / "work"));
  EXPECT_EQ(again.work.files, work.files);
  EXPECT_TRUE(value_or_throw(verify_work(folder / "work")).whole);
  // Another object than the work was made of.
  std::ofstream(folder / "work" / "from-object.shape") << "shape a \"a\"\npart b = box(1, 1, 1)\n";
  const auto other = replay_path(models, folder / "work");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::mismatch);
}

/// A square with a texture, as glTF with what it refers to beside it.
void write_gltf(const fs::path& folder) {
  Image picture = make_image(2, 2);
  for (size_t i = 0; i < picture.rgba.size(); i += 4) picture.rgba[i] = 200, picture.rgba[i + 3] = 255;
  value_or_throw(write_file(folder / "paint.png", std::span<const uint8_t>(value_or_throw(encode_png(picture)))));
  const std::array<float, 20> numbers{-1, -1, 0, 1, -1, 0, 1, 1, 0, -1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 0};
  const std::array<uint16_t, 6> corners{0, 1, 2, 0, 2, 3};
  std::string body(reinterpret_cast<const char*>(numbers.data()), sizeof numbers);
  body.append(reinterpret_cast<const char*>(corners.data()), sizeof corners);
  std::ofstream(folder / "square.bin", std::ios::binary) << body;
  std::ofstream(folder / "square.gltf") << R"({"asset":{"version":"2.0"},"scenes":[{"nodes":[0]}],"nodes":[{"mesh":0}],
"meshes":[{"primitives":[{"attributes":{"POSITION":0,"TEXCOORD_0":1},"indices":2,"material":0}]}],
"materials":[{"pbrMetallicRoughness":{"baseColorTexture":{"index":0},"metallicFactor":0}}],"textures":[{"source":0}],"images":[{"uri":"paint.png"}],
"buffers":[{"uri":"square.bin","byteLength":92}],
"bufferViews":[{"buffer":0,"byteLength":48},{"buffer":0,"byteOffset":48,"byteLength":32},{"buffer":0,"byteOffset":80,"byteLength":12}],
"accessors":[{"bufferView":0,"componentType":5126,"count":4,"type":"VEC3","min":[-1,-1,0],"max":[1,1,0]},
{"bufferView":1,"componentType":5126,"count":4,"type":"VEC2"},{"bufferView":2,"componentType":5123,"count":6,"type":"SCALAR"}]})";
}

TEST_F(Rendering, MeshesOfFilesAreDrawnAndMadeAgain) {
  write_gltf(folder);
  std::ofstream(folder / "tetra.obj") << "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n";
  for (const char* name : {"square.gltf", "tetra.obj"}) {
    const Work work = made({.file = folder / name, .size = 48, .view = "front", .azimuth = 0, .elevation = 0, .background = "black"});
    ASSERT_TRUE(work.files.contains("from-object.glb")) << name;
    const Image picture = value_or_throw(decode_image(work.files.at("picture.png")));
    EXPECT_GT(picture.at(24, 24)[0], 60) << name;
    if (name == std::string("square.gltf")) {
      EXPECT_LT(picture.at(24, 24)[1], 60) << "its texture is red";
    }
    value_or_throw(write_work(work, folder / "work"));
    fs::rename(folder / name, folder / "away");
    ModelCache models;
    EXPECT_EQ(value_or_throw(replay_path(models, folder / "work")).work.files, work.files) << name;
    fs::rename(folder / "away", folder / name);
    // A work's folder is read by what lies in it.
    fs::create_directories(folder / "object");
    value_or_throw(write_file(folder / "object" / "object.glb", std::span<const uint8_t>(work.files.at("from-object.glb"))));
    EXPECT_EQ(
        made({.file = folder / "object", .size = 48, .view = "front", .azimuth = 0, .elevation = 0, .background = "black"}).files.at("picture.png").size(),
        work.files.at("picture.png").size());
    fs::remove_all(folder / "work");
    fs::remove_all(folder / "object");
  }
}

TEST_F(Rendering, MeshesHaveNoParameters) {
  write_gltf(folder);
  for (const bool set : {false, true}) {
    RenderTask wrong{.file = folder / "square.gltf", .size = 32};
    if (set) wrong.set = {"height=1"};
    if (!set) wrong.texture = 256;
    const auto work = render_work(wrong, value_or_throw(render_sources(wrong)));
    ASSERT_FALSE(work);
    EXPECT_EQ(work.error().code, ErrorCode::invalid_argument);
  }
  std::ofstream(folder / "noise.glb") << "no mesh at all";
  const auto sources = render_sources({.file = folder / "noise.glb"});
  EXPECT_FALSE(sources && render_work({.file = folder / "noise.glb"}, *sources));
}

TEST_F(Rendering, TheTableKnowsIt) {
  const Recipe* recipe = value_or_throw(find_recipe("render"));
  const Json fields{{"file", (folder / "stand.shape").string()}, {"size", 32}};
  const RecipeRequest request = value_or_throw(open_request(*recipe, fields));
  ModelCache models;
  const Plan plan = value_or_throw(plan_recipe(*recipe, models, request));
  EXPECT_GT(plan.peak_bytes, 0);
  const auto small = plan_recipe(*recipe, models, request, 1000);
  ASSERT_FALSE(small);
  EXPECT_EQ(small.error().code, ErrorCode::over_budget);
  int told = 0;
  CancelToken cancel;
  EXPECT_TRUE(run_recipe(*recipe, models, request, {.progress = [&](const Progress&) { ++told; }}));
  EXPECT_GT(told, 2);
  cancel.cancel();
  const auto stopped = run_recipe(*recipe, models, request, {.cancel = &cancel});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::cancelled);
}

TEST_F(Rendering, RefusesWhatCannotBe) {
  const auto code = [&](RenderTask task) {
    const auto sources = render_sources(task);
    return sources ? ErrorCode::internal : sources.error().code;
  };
  RenderTask wrong = task();
  wrong.file = "no-such-kind-of-thing";
  EXPECT_EQ(code(wrong), ErrorCode::not_found);
  wrong.file = folder;
  EXPECT_EQ(code(wrong), ErrorCode::not_found) << "no object lies in it";
  wrong = task();
  wrong.environment = "mars";
  EXPECT_EQ(code(wrong), ErrorCode::invalid_argument);
  wrong.environment = (folder / "nothing.hdr").string();
  EXPECT_EQ(code(wrong), ErrorCode::not_found);
  wrong.environment = (folder / "stand.shape").string();
  const auto no_map = render_work(wrong, value_or_throw(render_sources(wrong)));
  ASSERT_FALSE(no_map);
  EXPECT_EQ(no_map.error().code, ErrorCode::unsupported);
  EXPECT_FALSE(render_schema().complete({{"file", "x.shape"}, {"turntable", 1}}));
  EXPECT_FALSE(render_schema().complete({{"file", "x.shape"}, {"turntable", 2}, {"format", "mp4"}, {"background", "transparent"}}));
}

}  // namespace
}  // namespace ptah
