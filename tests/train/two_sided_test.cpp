// Training of the two-sided network: exact views, a trainer that learns and goes on, and the comparison with inflation.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "base/file.h"
#include "media/glb_scene.h"
#include "shape/two_sided/two_sided_model.h"
#include "tensor/ops.h"
#include "train/two_sided/two_sided_evaluation.h"
#include "train/two_sided/two_sided_trainer.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

/// A box of two colours, red before z = 0 and blue behind: edges along x, y and z.
Bytes two_coloured_box(const Vec3& size) {
  MeshScene scene{.name = "box", .materials = {{.base_color = {0.8F, 0.05F, 0.05F, 1}}, {.base_color = {0.05F, 0.05F, 0.8F, 1}}}};
  for (const int side : {0, 1}) {
    const float low = side == 0 ? 0 : -size[2] / 2, high = side == 0 ? size[2] / 2 : 0, x = size[0] / 2, y = size[1] / 2;
    SceneMesh part{.path = side == 0 ? "front" : "back", .material = static_cast<uint32_t>(side)};
    part.mesh.positions = {{-x, -y, low}, {x, -y, low}, {x, y, low}, {-x, y, low}, {-x, -y, high}, {x, -y, high}, {x, y, high}, {-x, y, high}};
    part.mesh.triangles = {{0, 2, 1}, {0, 3, 2}, {4, 5, 6}, {4, 6, 7}, {0, 1, 5}, {0, 5, 4}, {2, 3, 7}, {2, 7, 6}, {1, 2, 6}, {1, 6, 5}, {3, 0, 4}, {3, 4, 7}};
    add_normals(part, 30);
    scene.meshes.push_back(std::move(part));
  }
  return value_or_throw(encode_glb(scene));
}

class TwoSidedTraining : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_ / "models" / "kind");
    ::setenv("PTAH_ENVIRONMENTS", (fs::path(PTAH_SOURCE_DIR) / "models" / "environment").c_str(), 1);
    for (int i = 0; i < 8; ++i) {
      const float wide = 0.5F + 0.2F * static_cast<float>(i);
      value_or_throw(write_file(folder_ / "models" / "kind" / fmt::format("box_{}.glb", i), std::span<const uint8_t>(two_coloured_box({wide, 1, 1.5F}))));
    }
    value_or_throw(write_file(folder_ / "held_out.txt", std::string_view("kind/box_3  # never seen\n\nkind/none\n")));
  }
  void TearDown() override { fs::remove_all(folder_); }
  Json config(const Json& changes = Json::object()) const {
    Json out{{"data", "models"},
             {"held_out", "held_out.txt"},
             {"out", "out"},
             {"shapes", 0},
             {"steps", 6},
             {"batch", 2},
             {"warmup", 1},
             {"log_every", 1},
             {"sample_seconds", 1000},
             {"model", {{"size", 32}, {"widths", {4, 8}}, {"blocks", {0, 1}}, {"attention_blocks", 1}, {"heads", 2}}}};
    out.update(changes);
    return out;
  }
  std::shared_ptr<const SurfaceScene> box(int i) const {
    return value_or_throw(read_model({"box", folder_ / "models" / "kind" / fmt::format("box_{}.glb", i)}));
  }
  ViewChoice straight() const { return {.light = Environment::constant({1, 1, 1})}; }

  fs::path folder_ = fs::temp_directory_path() / fmt::format("ptah-two-sided-training-{}", ::getpid());
};

TEST_F(TwoSidedTraining, ViewsAreExact) {
  const auto model = box(7);  // 1.9 wide, 1 high, 1.5 deep
  const TwoSidedView front = two_sided_view(*model, straight(), 64, 2);
  const auto middle = static_cast<size_t>(32 * 64 + 32);
  EXPECT_NEAR(front.front[middle], 1.5F / 1.9F, 1e-3) << "half of the width is 1";
  EXPECT_NEAR(front.back[middle], -1.5F / 1.9F, 1e-3);
  EXPECT_EQ(front.cover[0], 0);
  EXPECT_GT(front.front_colours[middle][0], 2 * front.front_colours[middle][2]) << "red in front";
  EXPECT_GT(front.back_colours[middle][2], 2 * front.back_colours[middle][0]) << "blue behind";
  ViewChoice behind = straight();
  behind.turn = 180;
  const TwoSidedView back = two_sided_view(*model, behind, 64, 2);
  EXPECT_GT(back.front_colours[middle][2], 2 * back.front_colours[middle][0]);
  EXPECT_NEAR(back.front_colours[middle][2], front.back_colours[middle][2], 0.08) << "the back is lit as if it were in front";
  ViewChoice side = straight();
  side.turn = 90;  // from +x: 1.5 wide and 1.9 deep
  EXPECT_NEAR(two_sided_view(*model, side, 64, 2).front[middle], 1.9F / 1.5F, 1e-3);
  const Image picture = picture_of(front);
  EXPECT_EQ(picture.at(32, 32)[3], 255);
  EXPECT_EQ(picture.at(1, 32)[3], 0);
  EXPECT_EQ(picture.at(2, 32)[3], 255) << "the longer edge spans what is between the margins";
  EXPECT_TRUE(is_telling(front));
}

TEST_F(TwoSidedTraining, DepthsHaveTheMeanZero) {
  ViewChoice odd = straight();
  odd.turn = 37;
  odd.tilt = 21;
  const TwoSidedView view = two_sided_view(*box(2), odd, 64, 2);
  double sum = 0;
  for (size_t i = 0; i < view.cover.size(); ++i) {
    if (view.cover[i] <= 0.5F) continue;
    EXPECT_GE(view.front[i], view.back[i]);
    sum += static_cast<double>(view.front[i] + view.back[i]);
  }
  EXPECT_NEAR(sum, 0, 0.1);
}

TEST_F(TwoSidedTraining, ModelsAreHeldOutByName) {
  const auto models = value_or_throw(mesh_models(folder_ / "models"));
  ASSERT_EQ(models.size(), 8U);
  EXPECT_EQ(models[0].name, "kind/box_0");
  const auto names = value_or_throw(read_names(folder_ / "held_out.txt"));
  EXPECT_EQ(names, (std::set<std::string>{"kind/box_3", "kind/none"}));
  EXPECT_EQ(listed_models(models, names, true).size(), 1U);
  EXPECT_EQ(listed_models(models, names, false).size(), 7U);
  EXPECT_EQ(is_held_out_kind("chair-1"), is_held_out_kind("chair-12")) << "all variants of a kind";
  EXPECT_FALSE(mesh_models(folder_ / "nowhere"));
}

TEST_F(TwoSidedTraining, LossIsZeroForTheTruthAndCountsOutlines) {
  const TwoSidedBatch batch = two_sided_batch({two_sided_view(*box(2), straight(), 32, 2)});
  EXPECT_NEAR(two_sided_loss(batch.wanted, batch).item(), 0, 1e-6);
  EXPECT_GT(two_sided_loss(affine(batch.wanted, 1, 0.1F), batch).item(), 0.1F);
  EXPECT_EQ(batch.weights.data<float>()[0], 0) << "nothing outside of the object";
  float most = 0, least = 9;
  for (const float w : batch.weights.to_vector())
    if (w > 0) most = std::max(most, w), least = std::min(least, w);
  EXPECT_EQ(least, 1);
  EXPECT_GT(most, 1.5F);
}

TEST_F(TwoSidedTraining, LearnsEightViewsByHeart) {
  std::vector<TwoSidedView> views;
  for (int i = 0; i < 8; ++i) {
    ViewChoice choice = straight();
    choice.turn = 45 * static_cast<float>(i);
    choice.tilt = 10;
    views.push_back(two_sided_view(*box(i), choice, 32, two_sided_margin(32)));
  }
  const TwoSidedBatch batch = two_sided_batch(views);
  Weights weights = Weights::fresh(1);
  const TwoSidedNetwork network(Scope(weights), {.size = 32, .widths = {16, 32}, .blocks = {1, 1}, .attention_blocks = 1, .heads = 2});
  Optimizer optimizer(weights.all(), {.learning_rate = 3e-3F, .ema_decay = 0});
  float first = 0, last = 0;
  for (int i = 0; i < 200; ++i) {
    GradScope scope;
    const Tensor loss = two_sided_loss(network(batch.seen, DType::f32), batch);
    scope.backward(loss);
    last = loss.item();
    if (i == 0) first = last;
    optimizer.step(1);
  }
  EXPECT_LT(last, 0.25F * first) << first;
}

TEST_F(TwoSidedTraining, GoesOnAndEndsInTheSameBytes) {
  TrainCallbacks calls;
  const auto trained = [&](const char* out, int64_t stop_at) {
    const auto done = train_two_sided(config({{"out", out}, {"stop_at", stop_at}}), folder_, calls);
    EXPECT_TRUE(done) << (done ? "" : done.error().message);
  };
  trained("whole", 0);
  trained("parts", 3);
  trained("parts", 0);
  const auto bytes = [&](const char* out) { return value_or_throw(read_file(folder_ / out / "two_sided.safetensors", 1 << 24)); };
  EXPECT_EQ(bytes("whole"), bytes("parts"));
  EXPECT_TRUE(fs::exists(folder_ / "whole" / "sheet-000006.png"));
  const auto model = value_or_throw(TwoSidedModel::load(folder_ / "whole" / "two_sided.safetensors"));
  EXPECT_EQ(model->network().config().size, 32);
}

TEST_F(TwoSidedTraining, RefusesWhatCannotBe) {
  TrainCallbacks calls;
  const auto typo = train_two_sided(config({{"learning_rat", 1}}), folder_, calls);
  ASSERT_FALSE(typo);
  EXPECT_NE(typo.error().message.find("learning_rate"), std::string::npos) << typo.error().message;
  for (const auto& [key, value] : std::vector<std::pair<const char*, Json>>{
           {"shapes", -1}, {"shape_share", 2}, {"model", {{"size", 20}}}, {"data", "nowhere"}, {"data", ""}, {"held_out", "nowhere.txt"}})
    EXPECT_FALSE(train_two_sided(config({{key, value}}), folder_, calls)) << key;
}

TEST_F(TwoSidedTraining, VariantsOfShapesAreMadeOnce) {
  const fs::path library = folder_ / "library";
  fs::create_directories(library);
  value_or_throw(
      write_file(library / "post.shape", std::string_view("shape post\nparam h = 1 in [0.5, 2] \"height\"\npart post = cylinder(r = 0.1, h = h, n = 12)\n")));
  const auto kinds = ShapeKinds::load(library);
  ASSERT_TRUE(kinds) << kinds.error().message;
  value_or_throw(make_shape_variants(folder_ / "shapes", *kinds, 2, 1, {}));
  const auto made = value_or_throw(mesh_models(folder_ / "shapes"));
  ASSERT_EQ(made.size(), 2U);
  EXPECT_EQ(made[0].name, "post-1");
  const auto time = fs::last_write_time(made[0].file);
  value_or_throw(make_shape_variants(folder_ / "shapes", *kinds, 2, 1, {}));
  EXPECT_EQ(fs::last_write_time(made[0].file), time);
  EXPECT_TRUE(read_model(made[0]));
}

TEST_F(TwoSidedTraining, AnUntrainedNetworkComparesLikeInflation) {
  Weights fresh = Weights::fresh(1);
  const TwoSidedNetwork network(Scope(fresh), {.size = 64, .widths = {4, 8}, .blocks = {0, 1}, .attention_blocks = 0, .heads = 1});
  const auto models = value_or_throw(mesh_models(folder_ / "models"));
  fs::create_directories(folder_ / "sheets");
  const TwoSidedEvaluation how{.views = 1, .size = 96, .triangles = 2000, .samples = 2000, .sheets = folder_ / "sheets"};
  const Json report = value_or_throw(evaluate_two_sided(network, {models.begin(), models.begin() + 3}, how, {}));
  EXPECT_EQ(report["views"], 3);
  for (const char* figure : {"chamfer", "f_score", "iou"})
    EXPECT_NEAR(report["two_sided"][figure].get<double>(), report["inflation"][figure].get<double>(), 0.15 * report["inflation"][figure].get<double>())
        << figure;
  EXPECT_NEAR(report["two_sided"]["back_color"].get<double>(), report["inflation"]["back_color"].get<double>(), 0.5);
  EXPECT_GT(report["inflation"]["back_color"].get<double>(), 5) << "a picture of the front is wrong on the back";
  EXPECT_TRUE(fs::exists(folder_ / "sheets" / "backs.png"));
}

}  // namespace
}  // namespace ptah
