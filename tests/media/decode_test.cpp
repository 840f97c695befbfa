// What a picture file shows is what is decoded: upright, in sRGB, whole or not at all.
#include <gtest/gtest.h>

#include <cmath>

#include "picture_bytes.h"

namespace ptah {
namespace {

using namespace test;

/// Four quarters: red, green below it blue, yellow.
Image quarters(int64_t w, int64_t h) {
  Image out = make_image(w, h);
  const uint8_t colours[4][3] = {{220, 20, 20}, {20, 220, 20}, {20, 20, 220}, {220, 220, 20}};
  for (int64_t y = 0; y < h; ++y)
    for (int64_t x = 0; x < w; ++x) {
      std::copy_n(colours[(y * 2 / h) * 2 + x * 2 / w], 3, out.at(x, y));
      out.at(x, y)[3] = 255;
    }
  return out;
}
Bytes colours_of(const Image& picture) {
  Bytes out;
  for (size_t i = 0; i < picture.rgba.size(); ++i)
    if (i % 4 != 3) out.push_back(picture.rgba[i]);
  return out;
}
/// The letters of the four corners' colours, row by row.
std::string corners(const Image& p) {
  std::string out;
  for (const auto& [x, y] : {std::pair<int64_t, int64_t>{1, 1}, {p.width - 2, 1}, {1, p.height - 2}, {p.width - 2, p.height - 2}}) {
    const uint8_t* c = p.at(x, y);
    out += c[0] > 120 ? (c[1] > 120 ? 'y' : 'r') : c[1] > 120 ? 'g' : 'b';
  }
  return out;
}
double to_light(double v) { return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4); }
double to_srgb(double v) { return v <= 0.0031308 ? v * 12.92 : 1.055 * std::pow(v, 1 / 2.4) - 0.055; }
int level(double v) { return static_cast<int>(std::lround(255 * v)); }
Bytes number(uint64_t value, int bytes = 4) {
  Bytes out;
  put(out, value, bytes, true);
  return out;
}
Image decoded(const Bytes& file, ImageNotes* notes = nullptr) { return value_or_throw(decode_image(file, notes)); }
std::string refusal(const Bytes& file) {
  const auto picture = decode_image(file);
  return picture ? "accepted" : picture.error().message;
}

TEST(Decode, ExifTurnsAndMirrorsEveryFormat) {
  const Image from = quarters(24, 16);
  const Bytes jpeg = jpeg_of(24, 16, 3, colours_of(from), JCS_RGB, JCS_YCbCr);
  // What the corners show once the eight orientations are applied to "rgby".
  const std::vector<std::string> shown{"rgby", "gryb", "ybgr", "byrg", "rbgy", "bryg", "ygbr", "gyrb"};
  for (int o = 1; o <= 8; ++o)
    for (const bool big : {true, false}) {
      const Bytes exif = orientation_exif(o, big);
      Bytes segment = bytes_of(std::string_view("Exif\0\0", 6));
      put(segment, exif);
      std::vector<Bytes> rows;
      for (int64_t y = 0; y < 16; ++y) {
        const Bytes all = colours_of(from);
        rows.emplace_back(all.begin() + y * 72, all.begin() + (y + 1) * 72);
      }
      const Bytes png = png_of(24, 16, 8, 2, rows, {png_chunk("eXIf", exif)});
      const Bytes webp = riff_of("WEBP", {webp_head(from, 8), lossless_webp_chunk(from), riff_chunk("EXIF", exif)});
      std::string want = shown[static_cast<size_t>(o - 1)];
      std::erase(want, ' ');
      for (const Bytes& file : {with_segments(jpeg, {jpeg_segment(0xE1, segment)}), png, webp}) {
        const Image picture = decoded(file);
        EXPECT_EQ(corners(picture), want) << o;
        EXPECT_EQ(picture.width, o >= 5 ? 16 : 24) << o;
      }
    }
  EXPECT_EQ(corners(decoded(with_segments(jpeg, {jpeg_segment(0xE1, bytes_of(std::string_view("Exif\0\0MM\0*\xFF\xFF\xFF\xFF", 14)))}))), "rgby")
      << "broken Exif is no reason to refuse a picture";
}

TEST(Decode, SixteenBitsAreEncodedAsEightAreUnlessTheFileSaysOtherwise) {
  const std::vector<Bytes> row{{0x80, 0x80, 0x40, 0x00}};
  EXPECT_EQ(decoded(png_of(2, 1, 16, 0, row)).at(0, 0)[0], 128);
  EXPECT_EQ(decoded(png_of(2, 1, 16, 0, row)).at(1, 0)[1], 64);
  const Image linear = decoded(png_of(2, 1, 16, 0, row, {png_chunk("gAMA", number(100000))}));
  EXPECT_NEAR(linear.at(0, 0)[0], level(to_srgb(0x8080 / 65535.0)), 1);
}

TEST(Decode, ColourChunksCountInTheOrderOfTheSpecification) {
  const std::vector<Bytes> row{{200, 100, 50}};
  const auto shown = [&](const std::vector<Bytes>& chunks) {
    const Image p = decoded(png_of(1, 1, 8, 2, row, chunks));
    return std::array<int, 3>{p.at(0, 0)[0], p.at(0, 0)[1], p.at(0, 0)[2]};
  };
  const std::array<int, 3> plain{200, 100, 50};
  const Bytes gamma1 = png_chunk("gAMA", number(100000)), srgb = png_chunk("sRGB", {0});
  EXPECT_EQ(shown({}), plain);
  EXPECT_EQ(shown({png_chunk("gAMA", number(45455))}), plain) << "how files say sRGB that cannot say more";
  EXPECT_NEAR(shown({gamma1})[0], level(to_srgb(200 / 255.0)), 1);
  EXPECT_EQ(shown({gamma1, srgb}), plain) << "sRGB before gAMA";
  Bytes iccp = bytes_of(std::string_view("linear\0\0", 8));
  put(iccp, packed(rgb_profile(kSrgbPrimaries, 1)));
  const Bytes profile = png_chunk("iCCP", iccp);
  EXPECT_NEAR(shown({profile, png_chunk("gAMA", number(45455))})[1], level(to_srgb(100 / 255.0)), 1) << "iCCP before gAMA";
  EXPECT_EQ(shown({png_chunk("cICP", {1, 13, 0, 1}), profile}), plain) << "cICP before iCCP";
  // Display P3, by its matrix to sRGB.
  const double r = to_light(200 / 255.0), g = to_light(100 / 255.0), b = to_light(50 / 255.0);
  const auto p3 = shown({png_chunk("cICP", {12, 13, 0, 1})});
  EXPECT_NEAR(p3[0], level(to_srgb(1.22494 * r - 0.22494 * g)), 2);
  EXPECT_NEAR(p3[1], level(to_srgb(-0.04206 * r + 1.04206 * g)), 2);
  EXPECT_NEAR(p3[2], level(to_srgb(-0.01964 * r - 0.07864 * g + 1.09828 * b)), 2);
  Bytes chrm;
  for (const uint64_t v : {31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000}) put(chrm, v, 4, true);
  EXPECT_EQ(shown({png_chunk("cHRM", chrm)}), p3) << "the same primaries";
}

TEST(Decode, ProfilesOfEveryFormatAndKindAreApplied) {
  const Bytes linear = rgb_profile(kSrgbPrimaries, 1);
  Image grey = make_image(16, 16);
  for (size_t i = 0; i < grey.rgba.size(); ++i) grey.rgba[i] = i % 4 == 3 ? 255 : 64;
  const int want = level(to_srgb(64 / 255.0));
  const Bytes jpeg = with_segments(jpeg_of(16, 16, 3, colours_of(grey), JCS_RGB, JCS_YCbCr), {icc_segment(linear)});
  EXPECT_NEAR(decoded(jpeg).at(8, 8)[1], want, 2);
  EXPECT_NEAR(decoded(riff_of("WEBP", {webp_head(grey, 32), riff_chunk("ICCP", linear), lossless_webp_chunk(grey)})).at(8, 8)[1], want, 1);
  const Bytes samples(256, 64);
  EXPECT_NEAR(decoded(with_segments(jpeg_of(16, 16, 1, samples, JCS_GRAYSCALE, JCS_GRAYSCALE), {icc_segment(grey_profile(1))})).at(8, 8)[2], want, 2);
  EXPECT_NEAR(decoded(with_segments(jpeg_of(16, 16, 1, samples, JCS_GRAYSCALE, JCS_GRAYSCALE), {icc_segment(linear)})).at(8, 8)[2], want, 2);
  // A profile that is sRGB leaves every pixel as it is.
  const Bytes plain = jpeg_of(16, 16, 3, colours_of(grey), JCS_RGB, JCS_YCbCr);
  EXPECT_EQ(decoded(with_segments(plain, {icc_segment(saved(cmsCreate_sRGBProfile()))})).rgba, decoded(plain).rgba);
}

TEST(Decode, AProfileThatCannotBeUsedIsSaidAndNotApplied) {
  Image red = quarters(16, 16);
  const Bytes plain = jpeg_of(16, 16, 3, colours_of(red), JCS_RGB, JCS_YCbCr);
  Bytes half = rgb_profile(kSrgbPrimaries, 1);
  half.resize(half.size() / 3);
  for (const Bytes& profile : {bytes_of("no profile at all, but long enough for one"), half, grey_profile(1), cmyk_profile()}) {
    ImageNotes notes;
    EXPECT_EQ(decoded(with_segments(plain, {icc_segment(profile)}), &notes).rgba, decoded(plain).rgba);
    EXPECT_EQ(notes.size(), 1U);
  }
  ImageNotes notes;
  Bytes iccp = bytes_of(std::string_view("bomb\0\0", 6));
  put(iccp, packed(Bytes(size_t{20} << 20)));
  EXPECT_EQ(decoded(png_of(1, 1, 8, 2, {{1, 2, 3}}, {png_chunk("iCCP", iccp)}), &notes).at(0, 0)[2], 3);
  EXPECT_EQ(notes.size(), 1U) << "20 MiB packed into a few kilobytes";
}

TEST(Decode, InksBecomeColours) {
  Bytes inks;  // as printed: cyan, magenta, black, none; Adobe writes 255 for none
  for (int i = 0; i < 256; ++i)
    for (const int ink : i % 16 < 8 ? std::array<int, 4>{0, 255, 255, 255} : std::array<int, 4>{255, 255, 255, 55}) inks.push_back(static_cast<uint8_t>(ink));
  for (const J_COLOR_SPACE stored : {JCS_CMYK, JCS_YCCK}) {
    const Bytes jpeg = jpeg_of(16, 16, 4, inks, JCS_CMYK, stored);
    const Image picture = decoded(jpeg);
    EXPECT_NEAR(picture.at(3, 8)[0], 0, 3) << "cyan";
    EXPECT_NEAR(picture.at(3, 8)[1], 255, 3);
    EXPECT_NEAR(picture.at(12, 8)[0], 55, 3) << "four fifths of black ink";
    EXPECT_EQ(picture.at(3, 8)[3], 255);
    const Image printed = decoded(with_segments(jpeg, {icc_segment(cmyk_profile())}));
    EXPECT_NEAR(printed.at(3, 8)[0], 255, 3) << "by this profile only black prints";
    EXPECT_NEAR(printed.at(12, 8)[0], 101, 4) << "L* 61, and the darkest that these inks print (L* 50) becomes black";
  }
}

TEST(Decode, SmallSamplesPalettesAndTransparencyKeepTheirValues) {
  EXPECT_EQ(decoded(png_of(8, 1, 1, 0, {{0b10100000}})).at(2, 0)[0], 255);
  EXPECT_EQ(decoded(png_of(4, 1, 2, 0, {{0b00011011}})).at(2, 0)[1], 170);
  EXPECT_EQ(decoded(png_of(2, 1, 4, 0, {{0x5F}})).at(0, 0)[2], 85);
  const Bytes palette = png_chunk("PLTE", {10, 20, 30, 40, 50, 60}), clear = png_chunk("tRNS", {255, 7});
  const Image picture = decoded(png_of(2, 1, 1, 3, {{0b01000000}}, {palette, clear}));
  EXPECT_EQ(Bytes(picture.rgba), (Bytes{10, 20, 30, 255, 40, 50, 60, 7}));
  EXPECT_EQ(decoded(png_of(2, 1, 8, 0, {{9, 10}}, {png_chunk("tRNS", {0, 10})})).at(1, 0)[3], 0);
  EXPECT_EQ(decoded(png_of(1, 1, 8, 4, {{77, 33}})).at(0, 0)[3], 33);
}

TEST(Decode, OfAnAnimationTheFirstFrameIsTakenAndSaid) {
  const Image first = quarters(24, 16);
  Image second = first;
  std::fill(second.rgba.begin(), second.rgba.end(), uint8_t{255});
  const auto frame = [&](const Image& picture) {
    Bytes head(6, 0);
    put(head, 23, 3, false);
    put(head, 15, 3, false);
    put(head, 100, 3, false);
    head.push_back(2);
    put(head, lossless_webp_chunk(picture));
    return riff_chunk("ANMF", head);
  };
  ImageNotes notes;
  EXPECT_EQ(decoded(riff_of("WEBP", {webp_head(first, 2), riff_chunk("ANIM", Bytes(6, 0)), frame(first), frame(second)}), &notes).rgba, first.rgba);
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_NE(notes[0].find("2 frames"), std::string::npos);
  notes.clear();
  Bytes control(8, 0);
  control[3] = 3;
  decoded(png_of(1, 1, 8, 2, {{1, 2, 3}}, {png_chunk("acTL", control), png_chunk("fcTL", Bytes(26, 0))}), &notes);
  EXPECT_EQ(notes.size(), 1U);
}

TEST(Decode, WhatIsCutOffIsRefusedWithWhatIsMissing) {
  const Image from = quarters(64, 48);
  const Bytes baseline = jpeg_of(64, 48, 3, colours_of(from), JCS_RGB, JCS_YCbCr), progressive = jpeg_of(64, 48, 3, colours_of(from), JCS_RGB, JCS_YCbCr, true);
  for (const Bytes& whole : {baseline, progressive, value_or_throw(encode_png(from)), riff_of("WEBP", {lossless_webp_chunk(from)})}) {
    ASSERT_TRUE(decode_image(whole));
    Bytes longer = whole;
    put(longer, "what other programs put behind it");
    EXPECT_TRUE(decode_image(longer));
    for (size_t cut = 1; cut < whole.size(); cut += cut < 8 ? 1 : 37) {
      const auto picture = decode_image(std::span(whole).first(whole.size() - cut));
      ASSERT_FALSE(picture) << "without its last " << cut << " bytes";
    }
  }
  Image noise = from;
  uint32_t state = 1;
  for (uint8_t& v : noise.rgba) v = static_cast<uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  const Bytes detailed = jpeg_of(64, 48, 3, colours_of(noise), JCS_RGB, JCS_YCbCr);
  Bytes half(detailed.begin(), detailed.begin() + static_cast<std::ptrdiff_t>(detailed.size() * 2 / 3));
  EXPECT_NE(refusal(half).find("of 48 rows are missing"), std::string::npos) << refusal(half);
  half.push_back(0xFF);
  half.push_back(0xD9);
  EXPECT_NE(refusal(half), "accepted") << "an end marker does not make it whole";
  const Bytes webp = riff_of("WEBP", {lossless_webp_chunk(from)});
  EXPECT_NE(refusal(Bytes(webp.begin(), webp.end() - 10)).find("10 of them are missing"), std::string::npos);
}

TEST(Decode, LimitsAreNamedBeforeAnythingIsAllocated) {
  const std::string wide = refusal(png_of(20000, 1, 1, 0, {Bytes(2500)}));
  EXPECT_NE(wide.find("20000 × 1"), std::string::npos);
  EXPECT_NE(wide.find("16384"), std::string::npos) << "an edge is the limit here: " << wide;
  const std::string large = refusal(png_of(16384, 16384, 1, 0, {}));
  EXPECT_NE(large.find("268435456 pixels"), std::string::npos) << large;
  EXPECT_NE(large.find("67108864 pixels"), std::string::npos) << large;
  EXPECT_NE(refusal(bytes_of("GIF89a and more")).find("GIF"), std::string::npos);
  EXPECT_NE(refusal({}).find("empty"), std::string::npos);
}

TEST(Decode, OnePixelAndThinPicturesAreRead) {
  EXPECT_EQ(decoded(png_of(1, 1, 8, 2, {{5, 6, 7}})).at(0, 0)[1], 6);
  EXPECT_EQ(decoded(png_of(1, 2000, 8, 0, std::vector<Bytes>(2000, Bytes{9}))).height, 2000);
  EXPECT_NEAR(decoded(jpeg_of(1, 1, 3, {50, 60, 70}, JCS_RGB, JCS_YCbCr)).at(0, 0)[2], 70, 2);
}

TEST(Reduced, KeepsProportionsAndAveragesWhatCanBeSeen) {
  Image picture = make_image(400, 100);
  for (int64_t y = 0; y < 100; ++y)
    for (int64_t x = 0; x < 400; ++x)
      if (x % 2) picture.at(x, y)[0] = 200, picture.at(x, y)[3] = 255;
  const Image small = reduced(picture, 100);
  EXPECT_EQ(small.width, 100);
  EXPECT_EQ(small.height, 25);
  EXPECT_EQ(small.at(50, 10)[0], 200) << "what is transparent lends no colour";
  EXPECT_EQ(small.at(50, 10)[3], 128);
  EXPECT_EQ(reduced(picture, 400).rgba, picture.rgba);
  EXPECT_EQ(reduced(make_image(2, 2000), 100).width, 1);
}

}  // namespace
}  // namespace ptah
