// Works through the public API: they are those of the recipes, and what is asked besides arrives.
#include "ptah/engine.h"

#include <set>

#include "pipelines/recipes.h"
#include "ptah/paint.h"
#include "ptah/train.h"
#include "tests/pipelines/small_models.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

class PublicEngine : public SmallModels {
 protected:
  static Engine engine() { return *Engine::open(); }
  static MakeRequest fox() { return {.prompt = "a red fox", .seed = 7, .size = 128, .steps = 1, .best_of = 1, .target_triangles = 500}; }
  PaintFiles tiny() const { return {.model = folder_ / "tiny"}; }
  static PaintSettings photo() { return {.prompt = "a photo", .seed = 3, .steps = 2, .width = 64, .height = 64}; }
  Work by_recipe(const std::string& name) {
    const Recipe& recipe = *value_or_throw(find_recipe(name));
    return value_or_throw(run_recipe(recipe, models_, value_or_throw(open_request(recipe, value_or_throw(read_fields(recipe, request(name)))))));
  }
  ModelCache models_;
};

TEST_F(PublicEngine, MakesWhatTheRecipeMakes) {
  const auto work = engine().make(fox());
  ASSERT_TRUE(work) << work.problem().message;
  const Work same = by_recipe("create");
  EXPECT_EQ(work->files, same.files);
  EXPECT_EQ(work->receipt, value_or_throw(canonical_json(same.receipt)));
  const auto plan = engine().plan(fox());
  ASSERT_TRUE(plan) << plan.problem().message;
  EXPECT_GT(plan->peak_bytes, 0);
  EXPECT_GT(plan->flops, 0);
  EXPECT_GT(plan->seconds, 0);
  const auto large = engine().plan({.prompt = "a red fox", .size = 256, .steps = 1, .best_of = 1});
  EXPECT_GT(large->flops, plan->flops);
  const auto wrong = engine().make({.prompt = "a red fox", .size = 100});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.problem().field, "size");
  EXPECT_EQ(wrong.problem().exit_status, 2);
  EXPECT_TRUE(engine().unknown_words("a red fox").empty());
  EXPECT_EQ(engine().unknown_words("a red quxblorf").size(), 1U);
}

TEST_F(PublicEngine, PlansAreCancelled) {
  const std::atomic<bool> cancel = true;
  for (const auto& stopped : {engine().plan(fox(), {.cancel = &cancel}), Painter::plan(tiny(), photo(), {.cancel = &cancel})}) {
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.problem().name, "cancelled");
  }
}

TEST_F(PublicEngine, SavesAndVerifies) {
  const auto work = engine().make({.prompt = "a red fox", .size = 128, .steps = 1, .best_of = 1, .object = false});
  ASSERT_TRUE(work) << work.problem().message;
  ASSERT_TRUE(save(*work, folder_ / "fox"));
  std::vector<std::string> lines;
  const auto whole = verify(folder_ / "fox", &lines);
  ASSERT_TRUE(whole) << whole.problem().message;
  EXPECT_TRUE(*whole);
  EXPECT_FALSE(lines.empty());
  EXPECT_TRUE(*verify(folder_ / "fox"));
  const auto taken = save(*work, folder_ / "fox");
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.problem().name, "invalid_argument");
  fs::copy_file(folder_ / "disc.png", folder_ / "fox" / "picture.png", fs::copy_options::overwrite_existing);
  const auto changed = verify(folder_ / "fox", &lines);
  ASSERT_TRUE(changed) << changed.problem().message;
  EXPECT_FALSE(*changed);
  const auto missing = verify(folder_ / "nowhere");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.problem().name, "not_found");
}

TEST_F(PublicEngine, Upscales) {
  const auto large = upscale(folder_ / "disc.png");
  ASSERT_TRUE(large) << large.problem().message;
  EXPECT_EQ(value_or_throw(decode_image(*large)).width, 256);
  EXPECT_EQ(*large, by_recipe("upscale").files.at("picture.png")) << "but for the receipt";
  const std::atomic<bool> cancel = true;
  const auto stopped = upscale(folder_ / "disc.png", {.cancel = &cancel});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.problem().name, "cancelled");
}

TEST_F(PublicEngine, PaintsWhatTheRecipePaints) {
  const auto painter = Painter::open(tiny());
  ASSERT_TRUE(painter) << painter.problem().message;
  int previews = 0;
  double fraction = 0;
  const auto work = painter->paint(photo(), {.progress = [&](const std::string&, double done) { fraction = done; },
                                             .preview =
                                                 [&](std::int64_t step, const Preview& p) {
                                                   previews +=
                                                       step == 1 && p.width > 0 && p.height > 0 && p.rgba.size() == static_cast<size_t>(p.width * p.height * 4);
                                                 }});
  ASSERT_TRUE(work) << work.problem().message;
  EXPECT_EQ(work->files, by_recipe("paint").files);
  EXPECT_EQ(previews, 1);
  EXPECT_EQ(fraction, 1);
  const auto plan = Painter::plan(tiny(), photo());
  ASSERT_TRUE(plan) << plan.problem().message;
  EXPECT_GT(plan->flops, 0);
  const std::atomic<bool> cancel = true;
  const auto stopped = painter->paint(photo(), {.cancel = &cancel});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.problem().name, "cancelled");
  ASSERT_TRUE(save(*work, folder_ / "photo"));
  const auto command = recall_command(folder_ / "photo" / "picture.png");
  ASSERT_TRUE(command) << command.problem().message;
  EXPECT_NE(command->find("--seed 3"), std::string::npos) << *command;
  const auto missing = Painter::open({.model = folder_ / "nowhere"});
  ASSERT_FALSE(missing);
}

TEST_F(PublicEngine, Trains) {
  const fs::path data = folder_ / "pictures";
  fs::create_directories(data);
  for (const char* name : {"a", "b"}) {
    fs::copy(folder_ / "disc.png", data / (name + std::string(".png")));
    value_or_throw(write_file(data / (name + std::string(".txt")), std::string_view("a red disc")));
  }
  std::set<std::string> stages;
  long long last = 0, steps = 0;
  const auto done = train_picture(R"({"data": ".", "out": "model",
    "autoencoder_model": {"size": 32, "latent_channels": 8, "encoder_widths": [16, 16], "encoder_blocks": [1, 1], "decoder_widths": [16, 16], "decoder_blocks": [1, 1]},
    "autoencoder": {"batch": 2, "steps": 3, "warmup": 1},
    "denoiser": {"batch": 2, "steps": 4, "warmup": 1, "width": 32, "blocks": 1, "heads": 2, "text_width": 32, "text_layers": 1}})",
                                  data, [&](const TrainProgress& p) {
                                    stages.insert(p.stage);
                                    last = p.step, steps = p.steps;
                                  });
  ASSERT_TRUE(done) << done.problem().message;
  EXPECT_TRUE(fs::exists(data / "model" / "picture.safetensors"));
  EXPECT_GE(stages.size(), 2U);
  EXPECT_EQ(last, 4);
  EXPECT_EQ(steps, 4);
  const auto broken = train_picture("{", data);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.problem().name, "corrupt");
  const auto empty = train_picture(R"({"data": "nowhere", "out": "model"})", data);
  EXPECT_FALSE(empty);
}

}  // namespace
}  // namespace ptah
