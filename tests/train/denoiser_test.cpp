// The network that denoises renderings: that it averages and makes no light up, its files, its training, and what `render` does with it.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "base/file.h"
#include "base/philox.h"
#include "tensor/ops.h"
#include "train/denoiser/denoiser_trainer.h"
#include "weights/safetensors.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

struct DenoiserFolder {
  fs::path path = fs::temp_directory_path() / fmt::format("ptah-denoiser-{}-{}", ::getpid(), ::testing::UnitTest::GetInstance()->random_seed());
  DenoiserFolder() { fs::create_directories(path); }
  ~DenoiserFolder() { fs::remove_all(path); }
};

const RenderDenoiserConfig kTiny{.widths = {4, 6, 8}};

/// Weights of chance for every layer, so that all of them count.
std::map<std::string, Tensor> chance_weights(float scale) {
  Weights fresh = Weights::fresh(3);
  const RenderDenoiserNetwork made(Scope(fresh), kTiny);
  std::map<std::string, Tensor> out;
  uint64_t stream = 0;
  for (const auto& [name, tensor] : fresh.all()) out.emplace(name, affine(Tensor::normal(tensor.shape(), 5, stream++), scale));
  return out;
}

fs::path saved_denoiser(const fs::path& folder, std::map<std::string, Tensor> tensors, const Json& config) {
  TensorFile file;
  file.tensors = std::move(tensors);
  if (!config.is_null()) file.metadata["denoiser"] = config.dump();
  const fs::path path = folder / "denoiser.safetensors";
  EXPECT_TRUE(write_safetensors(path, file));
  return path;
}

/// A grey ball on the ground: the left half of the picture is covered, light is 0.5 with noise of a standard deviation.
Radiance noisy_halves(int64_t width, int64_t height, float deviation) {
  const auto count = static_cast<size_t>(width * height);
  Radiance out{width,
               height,
               std::vector<Rgb>(count),
               std::vector<Rgb>(count),
               std::vector<float>(count),
               std::vector<Rgb>(count),
               std::vector<Vec3>(count),
               std::vector<float>(count),
               std::vector<float>(count)};
  std::vector<float> noise(count);
  fill_normal(noise, 7, 1);
  for (size_t i = 0; i < count; ++i) {
    const bool covered = static_cast<int64_t>(i) % width < width / 2;
    const float light = std::max(0.0F, 0.5F + deviation * noise[i]);
    if (covered) {
      out.light[i] = {light, light, light};
      out.albedo[i] = {0.8F, 0.8F, 0.8F};
      out.normal[i] = {0, 1, 0};
      out.depth[i] = 1;
    } else {
      out.through[i] = {1, 1, 1};
    }
    out.ground[i] = covered ? 1 : std::clamp(0.6F + deviation * noise[i], 0.0F, 1.0F);
    out.variance[i] = deviation * deviation;
  }
  return out;
}

double error_of(const Radiance& radiance) {
  double sum = 0;
  for (size_t i = 0; i < radiance.light.size(); ++i) {
    const bool covered = radiance.through[i][0] == 0;
    const double off = covered ? static_cast<double>(radiance.light[i][1]) - 0.5 : static_cast<double>(radiance.ground[i]) - 0.6;
    sum += off * off;
  }
  return std::sqrt(sum / static_cast<double>(radiance.light.size()));
}

}  // namespace

TEST(RenderDenoiser, WhateverItsWeightsEvenLightStaysAsItIs) {
  Weights weights(chance_weights(0.3F));
  const RenderDenoiserNetwork network(Scope(weights), kTiny);
  const DenoiserView view = denoiser_view(noisy_halves(32, 16, 0));
  const Tensor found = network(view.seen, view.signal, DType::f32);
  ASSERT_EQ(found.shape(), (Shape{1, 16, 32, kDenoiserOutputs}));
  for (int64_t i = 0; i < 16 * 32; ++i) {
    const float* at = found.data<float>() + i * kDenoiserOutputs;
    if (i % 32 < 16) {
      for (int64_t c = 0; c < 3; ++c) EXPECT_NEAR(at[c], 0.5F / 0.82F, 1e-4F) << i;
    } else {
      EXPECT_NEAR(at[3], 0.6F, 1e-4F) << i;
    }
  }
}

TEST(RenderDenoiser, AveragesTakeNoiseOffAndLeaveTheRestOfThePicture) {
  DenoiserFolder folder;
  const auto denoiser = RenderDenoiser::load(saved_denoiser(folder.path, chance_weights(0.05F), to_json(kTiny)));
  ASSERT_TRUE(denoiser) << denoiser.error().message;
  const Radiance noisy = noisy_halves(70, 45, 0.2F), quiet = (**denoiser)(noisy);  // no multiples of eight
  EXPECT_GT(error_of(noisy), 0.15);
  EXPECT_LT(error_of(quiet), 0.25 * error_of(noisy));
  EXPECT_EQ(quiet.through, noisy.through);
  EXPECT_EQ(quiet.albedo, noisy.albedo);
  for (size_t i = 0; i < quiet.light.size(); ++i)
    if (noisy.through[i][0] == 1) {
      ASSERT_EQ(quiet.light[i], (Rgb{0, 0, 0})) << "light where nothing is";
    }
}

TEST(RenderDenoiser, TilesDoNotShow) {
  DenoiserFolder folder;
  const auto denoiser = RenderDenoiser::load(saved_denoiser(folder.path, chance_weights(0.05F), to_json(kTiny)));
  ASSERT_TRUE(denoiser) << denoiser.error().message;
  const Radiance whole = noisy_halves(640, 24, 0.2F);  // two tiles
  Radiance part = noisy_halves(640, 24, 0.2F);         // what is left of x = 576 lies wholly in the first
  const Radiance of_whole = (**denoiser)(whole);
  for (auto* plane : {&part.light, &part.through, &part.albedo}) {
    std::vector<Rgb> cut;
    for (int64_t y = 0; y < 24; ++y) cut.insert(cut.end(), plane->begin() + y * 640 + 400, plane->begin() + y * 640 + 640);
    *plane = std::move(cut);
  }
  for (auto* plane : {&part.ground, &part.depth, &part.variance}) {
    std::vector<float> cut;
    for (int64_t y = 0; y < 24; ++y) cut.insert(cut.end(), plane->begin() + y * 640 + 400, plane->begin() + y * 640 + 640);
    *plane = std::move(cut);
  }
  std::vector<Vec3> cut;
  for (int64_t y = 0; y < 24; ++y) cut.insert(cut.end(), part.normal.begin() + y * 640 + 400, part.normal.begin() + y * 640 + 640);
  part.normal = std::move(cut);
  part.width = 240;
  const Radiance of_part = (**denoiser)(part);
  for (int64_t y = 0; y < 24; ++y)
    for (int64_t x = 480; x < 560; ++x)  // on both sides of the border of tiles at 512
      EXPECT_NEAR(of_whole.ground[static_cast<size_t>(y * 640 + x)], of_part.ground[static_cast<size_t>(y * 240 + x - 400)], 2e-2F) << x << ", " << y;
}

TEST(RenderDenoiser, ForeignFilesAreRefusedAndWildWeightsMakeNoWildLight) {
  DenoiserFolder folder;
  const auto refused = [&](const Json& config, ErrorCode code) {
    const auto loaded = RenderDenoiser::load(saved_denoiser(folder.path, chance_weights(0.05F), config));
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, code);
  };
  refused(nullptr, ErrorCode::corrupt);
  refused({{"widths", {4, 6}}}, ErrorCode::corrupt);
  refused({{"widths", {4, 6, 100000}}}, ErrorCode::corrupt);
  refused({{"widths", {4, 6, 9}}}, ErrorCode::mismatch);
  EXPECT_EQ(RenderDenoiser::load(folder.path / "nothing").error().code, ErrorCode::not_found);
  auto wild = chance_weights(0.05F);
  for (auto& [name, tensor] : wild) std::fill_n(tensor.data<float>(), tensor.elements(), std::numeric_limits<float>::quiet_NaN());
  const auto denoiser = RenderDenoiser::load(saved_denoiser(folder.path, wild, to_json(kTiny)));
  ASSERT_TRUE(denoiser) << denoiser.error().message;
  const Radiance noisy = noisy_halves(32, 16, 0.2F);
  const Radiance quiet = (**denoiser)(noisy);
  for (size_t i = 0; i < quiet.light.size(); ++i) {
    for (const float light : quiet.light[i]) ASSERT_TRUE(std::isfinite(light) && light >= 0) << i;
    ASSERT_TRUE(quiet.ground[i] >= 0 && quiet.ground[i] <= 1) << i;
  }
}

TEST(RenderDenoiser, LearnsAndGoesOn) {
  DenoiserFolder folder;
  Json config{{"out", "model"},
              {"library", (fs::path(PTAH_SOURCE_DIR) / "shapes").string()},
              {"views", 24},
              {"size", 16},
              {"samples", 8},
              {"steps", 30},
              {"batch", 8},
              {"warmup", 2},
              {"learning_rate", 5e-3},
              {"model", {{"widths", {4, 6, 8}}}},
              {"stop_at", 10}};
  std::vector<float> losses;
  TrainCallbacks callbacks;
  callbacks.report = [&](const std::string&, const RunReport& report) { losses.push_back(report.loss); };
  config["log_every"] = 10;
  ASSERT_TRUE(train_render_denoiser(config, folder.path, callbacks));
  ASSERT_EQ(losses.size(), 1U);
  config["stop_at"] = 0;
  const auto done = train_render_denoiser(config, folder.path, callbacks);
  ASSERT_TRUE(done) << done.error().message;
  ASSERT_EQ(losses.size(), 3U);
  EXPECT_LT(losses.back(), losses.front());
  const auto denoiser = RenderDenoiser::load(folder.path / "model" / "denoiser.safetensors");
  ASSERT_TRUE(denoiser) << denoiser.error().message;
  const auto kinds = ShapeKinds::load(fs::path(PTAH_SOURCE_DIR) / "shapes");
  ASSERT_TRUE(kinds);
  const auto report = evaluate_render_denoiser(**denoiser, *kinds, {.views = 1, .size = 32, .samples = {2}, .reference_samples = 64}, callbacks);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_GT((*report)["by_samples"][0]["noisy"].get<double>(), 10);
}

TEST(RenderDenoiser, WrongConfigsAreRefusedByTheirKey) {
  const auto refused = [](const Json& config, const std::string& said) {
    TrainCallbacks only;
    only.only_check = true;
    const auto done = train_render_denoiser(config, fs::temp_directory_path(), only);
    ASSERT_FALSE(done) << config.dump();
    EXPECT_NE(done.error().message.find(said), std::string::npos) << done.error().message;
  };
  refused({{"size", 100}}, "size is 100");
  refused({{"views", 1}}, "views is 1");
  refused({{"samples", 0}}, "samples is 0");
  refused({{"vieuws", 10}}, "views");
  refused({{"model", {{"widths", {1, 2}}}}}, "widths");
}

}  // namespace ptah
