// The upscaler and the losses of adversarial training.
#include "image/upscaler.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/parallel.h"
#include "pipelines/picture_upscaler.h"
#include "pixels/image_tensor.h"
#include "nn/discriminator.h"
#include "train/loop/optimizer.h"
#include "weights/safetensors.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

const UpscalerConfig kSmall{.width = 8, .blocks = 1};

/// Weights of chance for every layer, so that all of them count.
Weights weights_of_chance(const UpscalerConfig& config) {
  Weights fresh = Weights::fresh(3);
  const Upscaler made(Scope(fresh), config);
  std::map<std::string, Tensor> out;
  uint64_t stream = 0;
  for (const auto& [name, tensor] : fresh.all()) out.emplace(name, affine(Tensor::normal(tensor.shape(), 5, stream++), 0.1F));
  return Weights(std::move(out));
}

fs::path saved(const UpscalerConfig& config) {
  const fs::path path = fs::temp_directory_path() / fmt::format("ptah-upscaler-{}.safetensors", ::getpid());
  TensorFile file;
  file.tensors = weights_of_chance(config).all();
  file.metadata["upscaler"] = to_json(config).dump();
  EXPECT_TRUE(write_safetensors(path, file));
  return path;
}

Image noise_picture(int64_t width, int64_t height) {
  Image picture = make_image(width, height);
  const Tensor noise = Tensor::normal({width * height * 4}, 9, 0);
  for (size_t i = 0; i < picture.rgba.size(); ++i) picture.rgba[i] = static_cast<uint8_t>(std::clamp(128 + 60 * noise.data<float>()[i], 0.0F, 255.0F));
  return picture;
}

}  // namespace

TEST(Upscaler, BeginsAsTheBilinearEnlargement) {
  Weights fresh = Weights::fresh(1);
  const Upscaler upscaler(Scope(fresh), kSmall);
  const Tensor x = Tensor::normal({2, 9, 7, 4}, 4, 0), made = upscaler(x, DType::f32), expected = resize(x, 36, 28, Filter::bilinear);
  ASSERT_EQ(made.shape(), (Shape{2, 36, 28, 4}));
  for (int64_t i = 0; i < made.elements(); ++i) ASSERT_NEAR(made.data<float>()[i], expected.data<float>()[i], 1e-5);
}

TEST(Upscaler, SeesNoFartherThanItsReach) {
  Weights weights = weights_of_chance(kSmall);
  const Upscaler upscaler(Scope(weights), kSmall);
  const int64_t reach = kSmall.reach(), edge = 4 + 2 * reach;
  const Tensor x = Tensor::normal({1, edge, edge, 4}, 4, 0);
  const Tensor before = upscaler.bordered(x, DType::f32);
  const auto moved = [&](int64_t column) {
    Tensor other = x.clone();
    for (int64_t y = 0; y < edge; ++y) other.data<float>()[(y * edge + column) * 4] += 1;
    const Tensor after = upscaler.bordered(other, DType::f32);
    double largest = 0;  // in the leftmost columns of the result
    for (int64_t y = 0; y < 16; ++y)
      for (int64_t c = 0; c < 4; ++c)
        largest = std::max(largest, static_cast<double>(std::abs(after.data<float>()[y * 16 * 4 + c] - before.data<float>()[y * 16 * 4 + c])));
    return largest;
  };
  EXPECT_GT(moved(1), 0) << "a border is used";
  EXPECT_EQ(moved(2 * reach + 1), 0) << "beyond the reach";
}

TEST(Upscaler, CroppingTakesEdgePixelsOutside) {
  const Tensor x = Tensor::from({1, 2, 2, 1}, {1, 2, 3, 4});
  EXPECT_EQ(crop_clamped(x, -1, -1, 4, 4).to_vector(), (std::vector<float>{1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4}));
  EXPECT_EQ(crop_clamped(x, 1, 0, 1, 2).to_vector(), (std::vector<float>{3, 4}));
}

TEST(Upscaler, TilesJoinWithoutASeam) {
  const fs::path file = saved(kSmall);
  const auto upscaler = PictureUpscaler::load(file);
  ASSERT_TRUE(upscaler) << upscaler.error().message;
  const Image picture = noise_picture(150, 131);
  Tensor sample = Tensor::empty({1, 131, 150, 4});
  for (int64_t i = 0; i < 131 * 150; ++i) {
    const float alpha = static_cast<float>(picture.rgba[static_cast<size_t>(i) * 4 + 3]) / 255;
    for (int64_t c = 0; c < 4; ++c)
      sample.data<float>()[i * 4 + c] = (c < 3 ? static_cast<float>(picture.rgba[static_cast<size_t>(i * 4 + c)]) / 255 * alpha : alpha) * 2 - 1;
  }
  const auto tiled = (*upscaler)->upscale(picture);
  ASSERT_TRUE(tiled) << tiled.error().message;
  const Image whole = to_image((**upscaler)(sample));
  ASSERT_EQ(tiled->width, 600);
  ASSERT_EQ(tiled->height, 524);
  int largest = 0;
  size_t seen = 0;
  for (size_t i = 0; i < whole.rgba.size(); i += 4) {
    const int alpha = whole.rgba[i + 3];
    if (alpha < 60 || alpha > 240) continue;  // under little alpha colours are coarse; beyond, alpha is rounded
    ++seen;
    for (size_t c = 0; c < 4; ++c) largest = std::max(largest, std::abs(int{whole.rgba[i + c]} - int{tiled->rgba[i + c]}));
  }
  EXPECT_GT(seen, 100000U);
  EXPECT_LE(largest, 3) << "bf16 convolutions of other shapes may round the last bit otherwise";
  fs::remove(file);
}

TEST(Upscaler, OpaquePicturesStayOpaque) {
  Weights fresh = Weights::fresh(1);
  const Upscaler bilinear(Scope(fresh), kSmall);
  TensorFile file;
  file.tensors = fresh.all();
  file.metadata["upscaler"] = to_json(kSmall).dump();
  const fs::path path = fs::temp_directory_path() / fmt::format("ptah-bilinear-{}.safetensors", ::getpid());
  ASSERT_TRUE(write_safetensors(path, file));
  Image photo = noise_picture(40, 30);
  for (size_t i = 3; i < photo.rgba.size(); i += 4) photo.rgba[i] = 255;
  const auto large = value_or_throw(PictureUpscaler::load(path))->upscale(photo);
  ASSERT_TRUE(large);
  for (size_t i = 3; i < large->rgba.size(); i += 4) ASSERT_EQ(large->rgba[i], 255);
  fs::remove(path);
}

TEST(Upscaler, RefusesWhatItCannotDo) {
  const fs::path file = saved(kSmall);
  const auto upscaler = PictureUpscaler::load(file);
  ASSERT_TRUE(upscaler);
  const auto large = (*upscaler)->upscale(make_image(5000, 3));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::unsupported);
  CancelToken cancel;
  cancel.cancel();
  EXPECT_EQ((*upscaler)->upscale(noise_picture(8, 8), {}, &cancel).error().code, ErrorCode::cancelled);
  EXPECT_EQ(PictureUpscaler::load(file, std::string(64, '0')).error().code, ErrorCode::mismatch);
  EXPECT_EQ(PictureUpscaler::load(file.string() + "x").error().code, ErrorCode::not_found);
  TensorFile broken = *read_safetensors(file);
  for (const char* config : {"{}", R"({"width": 0, "blocks": 1})", R"({"width": 8, "blocks": 1000})", "[", R"({"width": 9, "blocks": 1})"}) {
    broken.metadata["upscaler"] = config;
    const fs::path other = file.string() + ".broken";
    ASSERT_TRUE(write_safetensors(other, broken));
    EXPECT_FALSE(PictureUpscaler::load(other)) << config;
    fs::remove(other);
  }
  fs::remove(file);
}

TEST(Adversarial, HingeLossesAreTheirFormula) {
  const Tensor truth = Tensor::from({4}, {2, 0.5F, -1, 1}), made = Tensor::from({4}, {-3, -1, 0, 1});
  EXPECT_FLOAT_EQ(discriminator_loss(truth, made).item(), (0 + 0.5F + 2 + 0) / 4 + (0 + 0 + 1 + 2) / 4.0F);
  EXPECT_FLOAT_EQ(generator_loss(made).item(), 0.75F);
}

TEST(Adversarial, ThePenaltyIsTheSquaredSlope) {
  const Tensor x = Tensor::normal({4000}, 1, 0), nudge = affine(Tensor::normal({4000}, 2, 0), 0.01F);
  EXPECT_NEAR(gradient_penalty(affine(x, 3), affine(add(x, nudge), 3), 0.01F).item(), 9, 0.5);
}

TEST(Adversarial, TheDiscriminatorLearnsToTellNoiseFromItsBlur) {
  Weights weights = Weights::fresh(2);
  const PatchDiscriminator discriminator(Scope(weights), 4, {8, 16});
  Optimizer optimizer(weights.all(), {.learning_rate = 3e-3F, .ema_decay = 0});
  const auto batch = [](uint64_t i) { return Tensor::normal({4, 32, 32, 4}, 6, i); };
  const auto blurred = [](const Tensor& x) { return resize(resize(x, 8, 8, Filter::bilinear), 32, 32, Filter::bilinear); };
  const auto loss = [&](uint64_t i) { return discriminator_loss(discriminator(batch(i)), discriminator(blurred(batch(i + 1000)))); };
  const float before = loss(500).item();
  for (uint64_t i = 0; i < 120; ++i) {
    GradScope scope;
    scope.backward(loss(i));
    optimizer.step(1);
  }
  EXPECT_GT(before, 1.5F);
  EXPECT_LT(loss(500).item(), 0.3F);
}

}  // namespace ptah
