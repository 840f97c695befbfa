// The invisible watermark: it comes back from copies, is not found where there is none, and costs a picture little.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "base/philox.h"
#include "pipelines/create.h"
#include "pixels/watermark.h"
#include "tests/pipelines/picture_copies.h"

namespace ptah {

namespace {

/// A drawing of some discs on nothing, 256 × 256.
Image drawing(uint64_t seed) {
  Random random(seed, 9);
  Image out = make_image(256, 256);
  for (int disc = 0; disc < 6; ++disc) {
    const double x0 = 60 + 136 * random.uniform(), y0 = 60 + 136 * random.uniform(), radius = 30 + 50 * random.uniform();
    const uint8_t colour[3] = {static_cast<uint8_t>(random.below(256)), static_cast<uint8_t>(random.below(256)), static_cast<uint8_t>(random.below(256))};
    for (int64_t y = 0; y < 256; ++y)
      for (int64_t x = 0; x < 256; ++x)
        if (std::hypot(static_cast<double>(x) - x0, static_cast<double>(y) - y0) < radius) {
          std::copy_n(colour, 3, out.at(x, y));
          out.at(x, y)[3] = 255;
        }
  }
  return out;
}

uint32_t found_in(const Image& picture) {
  const auto found = find_watermark(picture);
  return found ? found->id : 0;
}

}  // namespace

TEST(Watermark, OutlivesCopies) {
  for (uint64_t seed = 0; seed < 4; ++seed) {
    const Image plain = drawing(seed);
    const auto id = static_cast<uint32_t>(0x12345678 + seed * 0x3456789);
    const Image marked = with_watermark(plain, id);
    EXPECT_EQ(with_watermark(plain, id).rgba, marked.rgba) << "the same pixels";
    double squares = 0;
    int64_t samples = 0;
    for (size_t i = 0; i < marked.rgba.size(); ++i) {
      if (plain.rgba[i | 3] == 0) {
        EXPECT_EQ(marked.rgba[i], plain.rgba[i]) << "nothing where nothing shows";
      } else if (i % 4 != 3) {
        squares += std::pow(marked.rgba[i] - plain.rgba[i], 2);
        ++samples;
      }
    }
    EXPECT_GT(10 * std::log10(255.0 * 255.0 * static_cast<double>(samples) / squares), 40.0);
    EXPECT_EQ(found_in(marked), id);
    EXPECT_EQ(found_in(jpeg(marked, 75)), id);
    EXPECT_EQ(found_in(halved(marked)), id);
    EXPECT_EQ(found_in(cropped(marked, 51 + static_cast<int64_t>(seed), 64, 128, 128)), id);
    EXPECT_FALSE(find_watermark(plain));
    EXPECT_LT(read_watermark(plain).strength, 1.2);
  }
}

TEST(Watermark, StrangePictures) {
  EXPECT_FALSE(find_watermark(Image{}));
  EXPECT_FALSE(find_watermark(make_image(1, 1)));
  EXPECT_FALSE(find_watermark(make_image(3000, 2)));
  EXPECT_EQ(with_watermark(make_image(5, 1), 7).rgba, make_image(5, 1).rgba);
  Image noise = make_image(200, 150);
  Random random(1);
  for (uint8_t& value : noise.rgba) value = static_cast<uint8_t>(random.below(256));
  EXPECT_FALSE(find_watermark(noise));
  EXPECT_EQ(watermark_bits(0x01020304) >> 16, 0x01020304U);
  EXPECT_FALSE(encode_jpeg(Image{}, 75));
  EXPECT_FALSE(encode_jpeg(noise, 0));
}

TEST(Watermark, OfAReceipt) {
  CreateRequest request;
  request.prompt = "a fox";
  EXPECT_FALSE(to_json(request).contains("watermark")) << "receipts from before there were any";
  request.watermark = true;
  EXPECT_TRUE(value_or_throw(create_request(to_json(request))).watermark);
  Json core{{"engine", "ptah"}, {"request", {{"prompt", "a fox"}}}};
  const Image marked = value_or_throw(watermarked(drawing(1), core));
  ASSERT_TRUE(core.contains("watermark"));
  EXPECT_EQ(fmt::format("{:08x}", found_in(marked)), core["watermark"].get<std::string>());
  Json other{{"engine", "ptah"}, {"request", {{"prompt", "an owl"}}}};
  value_or_throw(watermarked(drawing(1), other));
  EXPECT_NE(other["watermark"], core["watermark"]);
}

}  // namespace ptah
