// Light: maps are read as they are, samples have the densities that they say.
#include <gtest/gtest.h>

#include <numbers>

#include "base/philox.h"
#include "render/environment.h"
#include "render/tone.h"

namespace ptah {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;

TEST(Surroundings, ConstantLightIsTheSameInEveryForm) {
  const auto constant = Environment::constant({0.5F, 1, 2});
  for (const Vec3& d : {Vec3{0, 1, 0}, Vec3{0, -1, 0}, normalized(Vec3{1, 2, -3}), normalized(Vec3{-1, 0.01F, 0})})
    for (size_t c = 0; c < 3; ++c) {
      const float expected = std::array<float, 3>{0.5F, 1, 2}[c];
      EXPECT_NEAR(constant->radiance(d)[c], expected, 1e-4F);
      EXPECT_NEAR(constant->irradiance(d)[c], expected, 0.01F * expected) << "spherical harmonics";
      for (const float roughness : {0.0F, 0.3F, 1.0F}) EXPECT_NEAR(constant->reflected(d, roughness)[c], expected, 1e-3F * expected);
      EXPECT_NEAR(constant->pdf(d), 1 / (4 * kPi), 1e-3F);
    }
}

/// One bright spot at +x, dim elsewhere.
HdrImage spot() {
  HdrImage map{64, 32, std::vector<Rgb>(64 * 32, Rgb{0.1F, 0.1F, 0.1F})};
  for (int64_t y = 15; y < 17; ++y)
    for (int64_t x = 47; x < 49; ++x) map.at(x, y) = {80, 80, 80};  // u = 0.75: a quarter turn to the right of −z
  return map;
}

TEST(Surroundings, LightComesFromWhereTheMapHasIt) {
  const auto light = value_or_throw(Environment::of(spot()));
  EXPECT_GT(light->radiance({1, 0, 0})[0], 40);
  EXPECT_GT(light->irradiance({1, 0, 0})[0], 3 * light->irradiance({-1, 0, 0})[0]);
  EXPECT_GT(light->reflected({1, 0, 0}, 0.2F)[0], light->reflected({1, 0, 0}, 0.8F)[0]) << "rougher mirrors blur the spot";
  EXPECT_GT(light->reflected({1, 0, 0}, 0.8F)[0], light->reflected({-1, 0, 0}, 0.8F)[0]);
  const auto turned = value_or_throw(Environment::of(spot(), 90));
  EXPECT_GT(std::max(turned->radiance({0, 0, 1})[0], turned->radiance({0, 0, -1})[0]), 40) << "turned by a quarter";
  EXPECT_LT(turned->radiance({1, 0, 0})[0], 1);
}

TEST(Surroundings, SamplesHaveTheDensitiesThatTheySay) {
  const auto light = value_or_throw(Environment::of(spot(), 30));
  Random random(5);
  std::array<double, 3> by_samples{};
  double bright = 0;
  constexpr int kCount = 50000;
  for (int i = 0; i < kCount; ++i) {
    const auto sample = light->sample(random.uniform(), random.uniform());
    EXPECT_NEAR(sample.pdf, light->pdf(sample.direction), 1e-3F * sample.pdf);
    EXPECT_NEAR(length(sample.direction), 1, 1e-4F);
    for (size_t c = 0; c < 3; ++c) by_samples[c] += sample.radiance[c] / sample.pdf / kCount;
    bright += sample.radiance[0] > 1 ? 1.0 / kCount : 0;
  }
  EXPECT_NEAR(by_samples[0] / (4 * kPi), mean_luminance(spot()), 0.03 * mean_luminance(spot())) << "the mean radiance";
  EXPECT_GT(bright, 0.3) << "most samples go where the light is";
}

TEST(Surroundings, WhatIsNoMapIsRefused) {
  EXPECT_FALSE(Environment::of({}));
  EXPECT_FALSE(Environment::of({4, 8, std::vector<Rgb>(32)}));
  EXPECT_FALSE(Environment::of({8, 4, std::vector<Rgb>(32)})) << "no light";
}

TEST(Surroundings, TheOnesThatComeAlongAreThere) {
  for (const std::string& name : environment_names()) {
    const HdrImage map = with_mean(value_or_throw(shipped_environment(name)), 0.5F);
    EXPECT_EQ(map.width, 256) << name;
    EXPECT_NEAR(mean_luminance(map), 0.5F, 1e-3F) << name;
    const auto light = value_or_throw(Environment::of(map));
    EXPECT_GT(luminance(light->irradiance(normalized(Vec3{-0.7F, 0.5F, 0.8F}))), luminance(light->irradiance(normalized(Vec3{0.7F, -0.5F, -0.8F}))))
        << name << ": most light comes from the front, the left and above";
  }
  EXPECT_FALSE(shipped_environment("mars"));
}

TEST(Tone, KeepsColoursAndBendsHighlights) {
  const Rgb dim = tone_mapped({0.3F, 0.2F, 0.5F});
  EXPECT_NEAR(dim[0], 0.26F, 1e-5F);
  EXPECT_NEAR(dim[2] - dim[0], 0.2F, 1e-5F);
  const Rgb hot = tone_mapped({50, 2, 1});
  for (const float value : hot) {
    EXPECT_LE(value, 1);
    EXPECT_GE(value, 0);
  }
  EXPECT_GT(hot[1], 0.5F) << "what is very bright loses its colour";
  EXPECT_EQ(srgb_byte(1), 255);
  EXPECT_EQ(srgb_byte(-1), 0);
  for (int i = 0; i < 256; ++i) EXPECT_EQ(srgb_byte(linear_of_byte(static_cast<uint8_t>(i))), i);
}

}  // namespace
}  // namespace ptah
