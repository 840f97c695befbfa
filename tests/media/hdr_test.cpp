// Pictures without an upper limit of light: Radiance there and back, both run-length forms, OpenEXR, broken files.
#include "media/hdr/hdr_image.h"

#include <gtest/gtest.h>

#include <OpenEXR/ImfArray.h>
#include <OpenEXR/ImfRgbaFile.h>

#include <cmath>
#include <filesystem>

namespace ptah {
namespace {

HdrImage sample(int64_t width, int64_t height) {
  HdrImage out{width, height, {}};
  for (int64_t i = 0; i < width * height; ++i) {
    const auto x = static_cast<float>(i % width), y = static_cast<float>(i / width);
    out.pixels.push_back({std::exp2(x - 8), i % 7 < 4 ? 0.25F : 3.5F * y, 1000 * y});
  }
  return out;
}

TEST(Radiance, ComesBackWithinItsPrecision) {
  for (const int64_t width : {1, 7, 8, 21, 300}) {
    HdrImage from = sample(width, 5);
    for (auto& pixel : from.pixels)
      for (float& value : pixel) value = std::min(value, 1e6F);
    const Bytes bytes = value_or_throw(encode_radiance(from));
    const HdrImage to = value_or_throw(decode_hdr(bytes));
    ASSERT_EQ(to.width, width);
    ASSERT_EQ(to.height, 5);
    for (size_t i = 0; i < from.pixels.size(); ++i) {
      const float largest = std::max({from.pixels[i][0], from.pixels[i][1], from.pixels[i][2]});
      for (size_t c = 0; c < 3; ++c) EXPECT_NEAR(to.pixels[i][c], from.pixels[i][c], largest / 255) << width << ": " << i;
    }
    EXPECT_EQ(value_or_throw(encode_radiance(to)), bytes) << "what was rounded once stays";
  }
}

TEST(Radiance, BlackAndTinyValuesAreBlack) {
  EXPECT_EQ(rgbe_of({0, 0, 0})[3], 0);
  EXPECT_EQ(rgbe_of({1e-36F, 0, 0})[3], 0);
  EXPECT_EQ(rgb_of({9, 9, 9, 0}), (std::array<float, 3>{0, 0, 0}));
  EXPECT_EQ(rgb_of(rgbe_of({0.999999F, 0.5F, 0})), (std::array<float, 3>{1, 0.5F, 0})) << "rounding up takes the next exponent";
}

Bytes file(const std::string& head, const std::vector<int>& data) {
  Bytes out(head.begin(), head.end());
  for (const int byte : data) out.push_back(static_cast<uint8_t>(byte));
  return out;
}
const std::string kHead = "#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n";

TEST(Radiance, OldRunsRepeatThePixelBefore) {
  // 128, 64, 32 with exponent 129 is 1, 0.5, 0.25; repeated 3 times and, with a second digit, 256 more.
  const HdrImage got = value_or_throw(decode_radiance(file(kHead + "-Y 1 +X 260\n", {128, 64, 32, 129, 1, 1, 1, 3, 1, 1, 1, 1})));
  ASSERT_EQ(got.width, 260);
  for (const auto& pixel : got.pixels) EXPECT_EQ(pixel, (std::array<float, 3>{1, 0.5F, 0.25F}));
}

TEST(Radiance, RowsFromTheBottomAndExposureAreUndone) {
  const HdrImage got = value_or_throw(decode_radiance(file("#?RADIANCE\nEXPOSURE=2\nFORMAT=32-bit_rle_rgbe\n\n+Y 2 +X 1\n", {128, 0, 0, 129, 0, 128, 0, 129})));
  EXPECT_EQ(got.at(0, 0), (std::array<float, 3>{0, 0.5F, 0}));
  EXPECT_EQ(got.at(0, 1), (std::array<float, 3>{0.5F, 0, 0}));
}

TEST(Radiance, BrokenFilesAreRefused) {
  const auto code = [](const Bytes& bytes) {
    const auto got = decode_hdr(bytes);
    return got ? ErrorCode::internal : got.error().code;
  };
  EXPECT_EQ(code(file(kHead + "-Y 1 +X 260\n", {1, 1, 1, 9})), ErrorCode::corrupt) << "repeats nothing";
  EXPECT_EQ(code(file(kHead + "-Y 1 +X 8\n", {2, 2, 0, 9, 136, 5, 136, 5, 136, 5, 136, 5})), ErrorCode::corrupt) << "another width";
  EXPECT_EQ(code(file(kHead + "-Y 1 +X 8\n", {2, 2, 0, 8, 137, 5, 136, 5, 136, 5, 136, 5})), ErrorCode::corrupt) << "a run over the edge";
  EXPECT_EQ(code(file(kHead + "-Y 1 +X 8\n", {2, 2, 0, 8, 136, 5, 136, 5, 136, 5})), ErrorCode::corrupt) << "cut off";
  EXPECT_EQ(code(file(kHead + "-Y 99999 +X 99999\n", {})), ErrorCode::unsupported) << "too large";
  EXPECT_EQ(code(file(kHead + "-Y 16000 +X 2000\n", {1, 2, 3})), ErrorCode::corrupt) << "a few bytes do not become a large picture";
  EXPECT_EQ(code(file(kHead + "+X 8 -Y 1\n", {})), ErrorCode::unsupported);
  EXPECT_EQ(code(file("#?RADIANCE\nFORMAT=32-bit_rle_xyze\n\n-Y 1 +X 8\n", {})), ErrorCode::unsupported);
  EXPECT_EQ(code(file("#?RADIANCE\n", {})), ErrorCode::corrupt);
  EXPECT_EQ(code(file("GIF89a", {})), ErrorCode::unsupported);
}

Bytes exr_of(int width, int height) {
  Imf::Array2D<Imf::Rgba> pixels(height, width);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) pixels[y][x] = Imf::Rgba(static_cast<float>(x), 0.5F, static_cast<float>(100 * y), 1);
  const auto path = std::filesystem::temp_directory_path() / fmt::format("ptah-exr-{}.exr", ::getpid());
  {
    Imf::RgbaOutputFile out(path.c_str(), width, height, Imf::WRITE_RGB);
    out.setFrameBuffer(&pixels[0][0], 1, static_cast<size_t>(width));
    out.writePixels(height);
  }
  Bytes bytes = value_or_throw(read_file(path));
  std::filesystem::remove(path);
  return bytes;
}

TEST(OpenExr, IsReadAsItWasWritten) {
  const HdrImage got = value_or_throw(decode_hdr(exr_of(9, 4)));
  ASSERT_EQ(got.width, 9);
  ASSERT_EQ(got.height, 4);
  EXPECT_EQ(got.at(8, 3), (std::array<float, 3>{8, 0.5F, 300}));
  EXPECT_EQ(got.at(0, 0), (std::array<float, 3>{0, 0.5F, 0}));
}

TEST(OpenExr, BrokenFilesAreRefused) {
  const Bytes whole = exr_of(64, 64);
  EXPECT_TRUE(decode_exr(whole));
  for (const size_t length : {size_t{4}, size_t{60}, whole.size() / 2, whole.size() - 9}) {
    const auto got = decode_exr(std::span(whole).first(length));
    ASSERT_FALSE(got) << length;
    EXPECT_EQ(got.error().code, ErrorCode::corrupt);
  }
  Bytes huge = whole;
  // The data window's right edge: an attribute "dataWindow" of four numbers.
  const std::string key = "dataWindow";
  const auto at = std::search(huge.begin(), huge.end(), key.begin(), key.end());
  ASSERT_NE(at, huge.end());
  const auto right = at + static_cast<std::ptrdiff_t>(key.size() + 1 + 6 + 4 + 8);
  *(right + 2) = 0x10;
  EXPECT_FALSE(decode_exr(huge)) << "a million pixels wide";
}

TEST(Hdr, HalvesAreMeans) {
  HdrImage from{3, 2, {{4, 0, 0}, {0, 0, 0}, {2, 0, 0}, {0, 0, 0}, {0, 0, 8}, {6, 0, 0}}};
  const HdrImage to = halved(from);
  ASSERT_EQ(to.width, 2);
  ASSERT_EQ(to.height, 1);
  EXPECT_EQ(to.at(0, 0), (std::array<float, 3>{1, 0, 2}));
  EXPECT_EQ(to.at(1, 0), (std::array<float, 3>{4, 0, 0}));
}

}  // namespace
}  // namespace ptah
