// A mask means the same everywhere, and pictures become tensors in one way.
#include "pixels/mask.h"

#include <gtest/gtest.h>

#include <cmath>

#include "pixels/image_tensor.h"

namespace ptah {

namespace {

/// Rows of one colour each.
Image striped(const std::vector<std::array<uint8_t, 4>>& colours) {
  const auto edge = static_cast<int64_t>(colours.size());
  Image out = make_image(edge, edge);
  for (int64_t y = 0; y < edge; ++y)
    for (int64_t x = 0; x < edge; ++x) std::copy_n(colours[static_cast<size_t>(y)].begin(), 4, out.at(x, y));
  return out;
}

const std::vector<std::array<uint8_t, 4>> kColours{{255, 255, 255, 255}, {0, 0, 0, 255},   {255, 255, 255, 0}, {255, 0, 0, 255},
                                                   {0, 255, 0, 255},     {0, 0, 255, 255}, {255, 0, 0, 128},   {128, 128, 128, 255}};

}  // namespace

TEST(Mask, CountsByLuminanceTimesAlpha) {
  const Image mask = striped(kColours);
  const auto rows = [&](const Tensor& share) {
    EXPECT_EQ(share.shape(), (Shape{1, 8, 8, 1}));
    std::vector<float> out;
    for (int64_t y = 0; y < 8; ++y) out.push_back(share.data<float>()[y * 8]);
    return out;
  };
  const std::vector<float> half{128.0F / 255};
  const std::vector<float> now = rows(mask_share(mask)), before = rows(mask_share(mask, MaskRule::rec601));
  const std::vector<float> rec709{1, 0, 0, 0.2126F, 0.7152F, 0.0722F, 0.2126F * half[0], half[0]};
  const std::vector<float> rec601{1, 0, 0, 0.299F, 0.587F, 0.114F, 0.299F * half[0], half[0]};
  for (size_t i = 0; i < kColours.size(); ++i) {
    EXPECT_NEAR(now[i], rec709[i], 1e-6) << i;
    EXPECT_NEAR(before[i], rec601[i], 1e-6) << i;
  }
  EXPECT_EQ(now[0], 1) << "white is redrawn entirely";
  EXPECT_EQ(now[7], before[7]) << "what is grey means the same by both rules";
}

TEST(Mask, MeansTheSameWhenItIsFitted) {
  const Image mask = striped(kColours);
  const Tensor fitted = fitted_mask_share(mask, 8), plain = mask_share(mask);
  ASSERT_EQ(fitted.shape(), plain.shape());
  for (int64_t i = 0; i < plain.elements(); ++i) EXPECT_NEAR(fitted.data<float>()[i], plain.data<float>()[i], 1e-5) << i;
}

TEST(ImageTensor, PremultipliedAndBack) {
  const Image picture = striped(kColours);
  const Tensor sample = premultiplied(picture);
  ASSERT_EQ(sample.shape(), (Shape{1, 8, 8, 4}));
  EXPECT_EQ(sample.data<float>()[6 * 8 * 4 + 3], 2 * 128.0F / 255 - 1);
  EXPECT_NEAR(sample.data<float>()[6 * 8 * 4], 2 * 128.0F / 255 - 1, 1e-6) << "colours are multiplied by alpha";
  const Image again = to_image(sample);
  for (int64_t y = 0; y < 8; ++y)
    for (int64_t c = 0; c < 4 && kColours[static_cast<size_t>(y)][3] > 0; ++c) EXPECT_EQ(again.at(3, y)[c], picture.at(3, y)[c]) << y;
  EXPECT_EQ(to_sample(picture, 8).to_vector(), sample.to_vector()) << "a square of the same size is only converted";
}

TEST(ImageTensor, ColoursOnWhiteAndBack) {
  const Image picture = striped(kColours);
  const Tensor rgb = rgb_on_white(picture);
  ASSERT_EQ(rgb.shape(), (Shape{1, 8, 8, 3}));
  Image again = to_opaque_image(rgb);
  for (int64_t y = 0; y < 8; ++y) {
    const auto& colour = kColours[static_cast<size_t>(y)];
    for (int64_t c = 0; c < 3; ++c) {
      const double on_white = (colour[static_cast<size_t>(c)] * colour[3] + 255.0 * (255 - colour[3])) / 255;
      EXPECT_NEAR(again.at(5, y)[c], on_white, 0.51) << y;
    }
    EXPECT_EQ(again.at(5, y)[3], 255);
  }
  Tensor odd = Tensor::full({1, 1, 3, 3}, 7);
  odd.data<float>()[0] = std::nanf("");
  odd.data<float>()[3] = -7;
  again = to_opaque_image(odd);
  EXPECT_EQ(again.at(0, 0)[0], 0) << "what is no number is black";
  EXPECT_EQ(again.at(1, 0)[0], 0);
  EXPECT_EQ(again.at(2, 0)[0], 255);
}

}  // namespace ptah
