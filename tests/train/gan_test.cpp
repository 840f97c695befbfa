// Adversarial training: its losses by their formulas, a fresh discriminator that tells what is made, runs that are cut.
#include "train/gan/gan_trainer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/file.h"
#include "media/image.h"
#include "nn/discriminator.h"
#include "tensor/ops.h"

namespace ptah {
namespace {

namespace fs = std::filesystem;

class Gans : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_ / "pictures");
    for (int i = 0; i < 24; ++i) {  // a square on white, in another place and shade each time
      Image picture = make_image(8, 8);
      for (int y = 0; y < 8; ++y)
        for (int x = 0; x < 8; ++x) {
          const bool in = x >= i % 4 && x < i % 4 + 4 && y >= i % 3 && y < i % 3 + 4;
          uint8_t* at = picture.at(x, y);
          at[0] = 255;
          at[1] = at[2] = in ? static_cast<uint8_t>(5 * i) : 255;
          at[3] = 255;
        }
      value_or_throw(write_file(folder_ / "pictures" / fmt::format("{:02}.png", i), std::span<const uint8_t>(value_or_throw(encode_png(picture)))));
    }
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_ = fs::temp_directory_path() / fmt::format("ptah-gan-{}", getpid());
  Json config_ = {{"data", "pictures"}, {"size", 8},        {"widths", {16, 8}}, {"latent", 8},      {"batch", 8},           {"steps", 12},
                  {"flip", 0.0},        {"film_frames", 4}, {"probe_steps", 60}, {"held_out", 0.25}, {"learning_rate", 2e-3}};
};

TEST(GanLosses, AreTheirFormulas) {
  const Tensor a = Tensor::from({3, 1}, {2, -1, 80}), b = Tensor::from({3, 1}, {0.5F, 3, -40});
  const double wanted = (std::log1p(std::exp(-1.5)) + std::log1p(std::exp(4.0)) + 0) / 3;
  EXPECT_NEAR(relativistic_loss(a, b).item(), wanted, 1e-5);
  EXPECT_NEAR(relativistic_loss(b, b).item(), std::log(2), 1e-6) << "cannot be told apart";
  EXPECT_NEAR(relativistic_loss(b, a).item(), (std::log1p(std::exp(1.5)) + std::log1p(std::exp(-4.0)) + 120) / 3, 1e-4);
}

TEST(GanLosses, ThePenaltyApproachesTheSquareOfTheSlope) {
  // D(x) = w · x has the slope w everywhere, D(x) = |x|² the slope 2 x.
  const Tensor x = Tensor::normal({40000, 3}, 1, 1), nudge = affine(Tensor::normal({40000, 3}, 1, 2), 0.01F), w = Tensor::from({1, 3}, {1, -2, 0.5F});
  const auto linear_scores = [&](const Tensor& at) { return linear(at, w); };
  EXPECT_NEAR(gradient_penalty(linear_scores(x), linear_scores(add(x, nudge)), 0.01F).item(), 1 + 4 + 0.25, 0.15);
  const auto squares = [](const Tensor& at) { return sum(square(at), 1); };
  EXPECT_NEAR(gradient_penalty(squares(x), squares(add(x, nudge)), 0.01F).item(), 4 * 3, 0.4) << "the mean of 4 |x|² is 4 · 3";
}

TEST_F(Gans, TrainsDrawsAndACutRunEndsInTheSameBytes) {
  Json config = config_;
  config["out"] = "whole";
  const auto done = train_gan(config, folder_, {});
  ASSERT_TRUE(done) << done.error().message;
  for (const char* name : {"generator.safetensors", "film.webp", "curve.csv", "curve.png", "samples.png", "equilibrium.json", "film/0003.png"})
    EXPECT_TRUE(fs::exists(folder_ / "whole" / name)) << name;
  const Json equilibrium = value_or_throw(parse_json(value_or_throw(read_text(folder_ / "whole" / "equilibrium.json"))));
  EXPECT_GE(equilibrium["before"]["told_apart"].get<double>(), 0.9) << "what an untrained generator makes is told at once";
  config["out"] = "cut";
  config["stop_at"] = 5;
  ASSERT_TRUE(train_gan(config, folder_, {}));
  EXPECT_FALSE(fs::exists(folder_ / "cut" / "generator.safetensors"));
  config.erase("stop_at");
  ASSERT_TRUE(train_gan(config, folder_, {}));
  EXPECT_EQ(value_or_throw(read_file(folder_ / "cut" / "generator.safetensors")), value_or_throw(read_file(folder_ / "whole" / "generator.safetensors")));
  EXPECT_EQ(value_or_throw(read_file(folder_ / "cut" / "film.webp")), value_or_throw(read_file(folder_ / "whole" / "film.webp")));
  config.update({{"out", "other"}, {"gradient_penalty", 0.0}});
  ASSERT_TRUE(train_gan(config, folder_, {}));
  EXPECT_NE(value_or_throw(read_file(folder_ / "other" / "generator.safetensors")), value_or_throw(read_file(folder_ / "whole" / "generator.safetensors")));

  LoadedGan gan = value_or_throw(load_gan(folder_ / "whole"));
  const GanGenerator generator(Scope(gan.weights, "generator"), gan.config);
  const auto five = generator(gan_noise(gan.config, 0, 5, 7), DType::f32).to_vector(),
             fourth = generator(gan_noise(gan.config, 3, 1, 7), DType::f32).to_vector();
  ASSERT_EQ(five.size(), 5U * 8 * 8 * 4);
  for (size_t i = 0; i < fourth.size(); ++i) ASSERT_NEAR(five[3 * fourth.size() + i], fourth[i], 1e-4) << "a picture depends on the seed and its number only";
}

TEST_F(Gans, AFreshDiscriminatorTellsWhatAnUntrainedGeneratorMakes) {
  const PictureSet set = value_or_throw(read_picture_set(folder_ / "pictures", 8));
  GanConfig config;
  config.size = 8;
  config.widths = {16, 8};
  config.latent = 8;
  Weights weights = Weights::fresh(2);
  const GanGenerator untrained(Scope(weights, "generator"), config);
  std::vector<int64_t> pool, held_out;
  for (int64_t i = 0; i < 24; ++i) (i % 4 ? pool : held_out).push_back(i);
  const Equilibrium told = fresh_discriminator(config, untrained, set, pool, held_out, 60, 8, 1);
  EXPECT_GE(told.told_apart, 0.9);
  EXPECT_EQ(told.pairs, 6);
  EXPECT_EQ(told.steps, 60);
}

TEST_F(Gans, WhatIsWrongIsSaid) {
  const auto message = [&](const char* key, const Json& value) {
    Json config = config_;
    config[key] = value;
    return train_gan(config, folder_, {}).error().message;
  };
  EXPECT_NE(message("widht", 3).find("widht"), std::string::npos);
  EXPECT_NE(message("size", 12).find("size"), std::string::npos);
  EXPECT_NE(message("film_frames", 1).find("film_frames"), std::string::npos);
  EXPECT_NE(message("data", "nowhere").find("nowhere"), std::string::npos);
  EXPECT_EQ(load_gan(folder_).error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace ptah
