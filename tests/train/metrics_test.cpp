// Figures of quality on cases whose answer is known.
#include "train/picture/picture_metrics.h"

#include <gtest/gtest.h>

#include "pixels/colour.h"
#include "media/image.h"
#include "tensor/ops.h"

namespace ptah {

namespace {

Tensor normal_vectors(int64_t count, int64_t width, uint64_t seed) { return Tensor::normal({count, width}, seed, 0); }

Image filled(uint8_t r, uint8_t g, uint8_t b, uint8_t alpha = 255) {
  Image picture = make_image(16, 16);
  for (size_t i = 0; i < picture.rgba.size(); i += 4) {
    const uint8_t pixel[] = {r, g, b, alpha};
    std::copy(pixel, pixel + 4, picture.rgba.begin() + static_cast<std::ptrdiff_t>(i));
  }
  return picture;
}

}  // namespace

TEST(Frechet, OfASetWithItselfIsNothing) {
  const Tensor a = normal_vectors(200, 12, 1);
  EXPECT_NEAR(frechet_distance(a, a), 0, 1e-6);
}

TEST(Frechet, OfAShiftIsItsSquare) {
  const Tensor a = normal_vectors(50, 5, 2);
  EXPECT_NEAR(frechet_distance(a, affine(a, 1, 3)), 5 * 9, 1e-3);
}

TEST(Frechet, OfAScaleIsTheDifferenceOfDeviations) {
  // Centred, so that scaling leaves the mean: tr((2S)² + S² − 2 · 2S · S) = tr(S²), the sum of the variances.
  const Tensor raw = normal_vectors(400, 6, 3), a = sub(raw, mean(raw, 0));
  const double variance = sum(square(a)).item() / 399.0;
  EXPECT_NEAR(frechet_distance(a, affine(a, 2, 0)), variance, 1e-3 * variance);
}

TEST(Frechet, TakesCovariancesThatDoNotCommute) {
  // By hand for two widths: of Σ₁ = diag(4, 1) and Σ₂ = [[2, 1], [1, 2]] the root of the product has the trace √(tr(Σ₁Σ₂) + 2√det(Σ₁Σ₂)).
  const auto with = [](float xx, float xy, float yx, float yy) {
    const Tensor raw = normal_vectors(4000, 2, 4), centred = sub(raw, mean(raw, 0));
    // whitened exactly, so that the sample's covariance is the identity
    const double a = sum(square(slice(centred, 1, 0, 1))).item() / 3999.0;
    const Tensor x = affine(slice(centred, 1, 0, 1), static_cast<float>(1 / std::sqrt(a)), 0);
    const double c = sum(mul(x, slice(centred, 1, 1, 2))).item() / 3999.0;
    const Tensor rest = sub(slice(centred, 1, 1, 2), affine(x, static_cast<float>(c), 0));
    const double b = sum(square(rest)).item() / 3999.0;
    const Tensor white = concat({x, affine(rest, static_cast<float>(1 / std::sqrt(b)), 0)}, 1);
    return matmul(white, Tensor::from({2, 2}, std::vector<float>{xx, xy, yx, yy}));
  };
  const float p = (std::sqrt(3.0F) + 1) / 2, q = (std::sqrt(3.0F) - 1) / 2;  // [[p, q], [q, p]]² = [[2, 1], [1, 2]]
  const double expected = 5 + 4 - 2 * std::sqrt(10 + 2 * std::sqrt(12.0));
  EXPECT_NEAR(frechet_distance(with(2, 0, 0, 1), with(p, q, q, p)), expected, 2e-3);
}

TEST(Frechet, RefusesSetsOfDifferentWidth) { EXPECT_THROW(frechet_distance(normal_vectors(9, 3, 1), normal_vectors(9, 4, 1)), Failure); }

TEST(Retrieval, CountsThoseBefore) {
  const Tensor prompts = Tensor::from({6, 6}, [] {
    std::vector<float> eye(36);
    for (size_t i = 0; i < 6; ++i) eye[i * 7] = 1;
    return eye;
  }());
  EXPECT_EQ(retrieval(prompts, prompts), (std::pair{1.0, 1.0}));
  Tensor turned = prompts.clone();  // the first picture looks like all the other prompts, its own least
  for (int64_t j = 0; j < 6; ++j) turned.data<float>()[j] = j ? 1 : 0;
  const auto [first, fifth] = retrieval(turned, prompts);
  EXPECT_NEAR(first, 5 / 6.0, 1e-6);
  EXPECT_NEAR(fifth, 5 / 6.0, 1e-6);
}

TEST(MainColour, NamesPlainColours) {
  EXPECT_EQ(main_colour(filled(220, 30, 30)), "red");
  EXPECT_EQ(main_colour(filled(240, 140, 20)), "orange");
  EXPECT_EQ(main_colour(filled(240, 220, 40)), "yellow");
  EXPECT_EQ(main_colour(filled(40, 180, 60)), "green");
  EXPECT_EQ(main_colour(filled(40, 90, 220)), "blue");
  EXPECT_EQ(main_colour(filled(140, 60, 220)), "purple");
  EXPECT_EQ(main_colour(filled(250, 90, 170)), "pink");
  EXPECT_EQ(main_colour(filled(130, 70, 30)), "brown");
  EXPECT_EQ(main_colour(filled(20, 20, 20)), "black");
  EXPECT_EQ(main_colour(filled(250, 250, 250)), "white");
  EXPECT_EQ(main_colour(filled(128, 128, 128)), "gray");
}

TEST(MainColour, HasNoneWhereThereIsNoneToName) {
  EXPECT_EQ(main_colour(filled(220, 30, 30, 0)), "") << "nothing to see";
  Image half = filled(220, 30, 30);
  for (size_t i = 0; i < half.rgba.size() / 2; i += 4) std::swap(half.rgba[i], half.rgba[i + 2]);
  EXPECT_EQ(main_colour(half), "") << "half red, half blue";
}

TEST(MainColour, APictureIsTurnedToAnother) {
  // A disc of one colour with a darker half, dark eyes and a pale spot.
  const auto figure = [](uint8_t r, uint8_t g, uint8_t b) {
    Image out = make_image(64, 64);
    for (int64_t y = 0; y < 64; ++y)
      for (int64_t x = 0; x < 64; ++x) {
        const double d = std::hypot(static_cast<double>(x) - 32, static_cast<double>(y) - 32);
        if (d > 30) continue;
        uint8_t* p = out.at(x, y);
        const double shade = y > 32 ? 0.85 : 1;
        const bool eye = (x == 24 || x == 40) && y > 20 && y<28, spot = x> 28 && x < 36 && y > 45 && y < 52;
        const uint8_t colour[3] = {r, g, b};
        for (int c = 0; c < 3; ++c) p[c] = eye ? 20 : spot ? 250 : static_cast<uint8_t>(colour[c] * shade);
        p[3] = 255;
      }
    return out;
  };
  for (const auto& [r, g, b] : {std::array<uint8_t, 3>{230, 60, 40}, {40, 90, 220}, {240, 240, 235}, {120, 120, 122}, {40, 42, 45}, {120, 70, 40}})
    for (const char* colour : {"red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "gray"}) {
      const Image from = figure(r, g, b), to = turned_to(from, colour);
      EXPECT_EQ(main_colour(to), colour) << "from " << int{r} << ' ' << int{g} << ' ' << int{b};
      for (size_t i = 3; i < to.rgba.size(); i += 4) EXPECT_EQ(to.rgba[i], from.rgba[i]);
      EXPECT_LT(*std::max_element(to.at(24, 24), to.at(24, 24) + 3), 80) << "eyes stay dark";
    }
  const Image red = figure(230, 60, 40);
  EXPECT_EQ(turned_to(red, main_colour(red)).rgba, red.rgba);
  EXPECT_EQ(turned_to(red, "loud").rgba, red.rgba) << "no colour";
}

TEST(Metrics, TheColourThatWordsAskFor) {
  EXPECT_EQ(asked_colour({"a", "blue", "owl"}), "blue");
  EXPECT_EQ(asked_colour({"grey", "cat"}), "gray");
  EXPECT_EQ(asked_colour({"a", "red", "and", "blue", "fish"}), "") << "which of them is meant?";
  EXPECT_EQ(asked_colour({"an", "owl"}), "");
  EXPECT_EQ(asked_colour({}), "");
}

}  // namespace ptah
