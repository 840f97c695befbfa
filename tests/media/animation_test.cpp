// Animations: frames, times, loops, transparency, as libwebp and an own reader of GIF see them.
#include "media/animation/animation.h"

#include <gtest/gtest.h>
#include <webp/demux.h>

#include <cstdlib>

#include "base/file.h"
#include "base/parallel.h"
#include "base/process.h"

namespace ptah {
namespace {

Animation moving(size_t frames, bool holes = false) {
  Animation out{{}, 120, 0};
  for (size_t f = 0; f < frames; ++f) {
    Image image = make_image(40, 24);
    for (int64_t y = 0; y < 24; ++y)
      for (int64_t x = 0; x < 40; ++x) {
        uint8_t* to = image.at(x, y);
        to[0] = static_cast<uint8_t>(6 * x), to[1] = static_cast<uint8_t>(10 * y), to[2] = static_cast<uint8_t>(60 * f);
        to[3] = holes && x < 10 ? 0 : 255;
      }
    out.frames.push_back(std::move(image));
  }
  return out;
}

TEST(AnimatedWebp, HasItsFramesTimesAndLoop) {
  Animation animation = moving(4);
  animation.loops = 3;
  const Bytes bytes = value_or_throw(encode_webp(animation));
  const WebPData data{bytes.data(), bytes.size()};
  WebPAnimDecoder* decoder = WebPAnimDecoderNew(&data, nullptr);
  ASSERT_NE(decoder, nullptr);
  WebPAnimInfo info;
  ASSERT_TRUE(WebPAnimDecoderGetInfo(decoder, &info));
  EXPECT_EQ(info.frame_count, 4U);
  EXPECT_EQ(info.loop_count, 3U);
  EXPECT_EQ(info.canvas_width, 40U);
  int time = 0;
  for (size_t f = 0; f < 4; ++f) {
    uint8_t* pixels = nullptr;
    ASSERT_TRUE(WebPAnimDecoderGetNext(decoder, &pixels, &time));
    EXPECT_EQ(time, 120 * (static_cast<int>(f) + 1));
    EXPECT_NEAR(pixels[(12 * 40 + 20) * 4 + 2], 60.0 * static_cast<double>(f), 24) << f;
  }
  WebPAnimDecoderDelete(decoder);
  ImageNotes notes;
  EXPECT_EQ(value_or_throw(decode_image(bytes, &notes)).width, 40);
  EXPECT_FALSE(notes.empty()) << "it says that it is an animation";
}

TEST(AnimatedWebp, TheSameBytesForAnyNumberOfThreads) {
  const int before = threads();
  set_threads(1);
  const Bytes one = value_or_throw(encode_webp(moving(5)));
  set_threads(2);
  EXPECT_EQ(value_or_throw(encode_webp(moving(5))), one);
  set_threads(before);
}

/// Pixels of all frames of a GIF: an independent reader, by the specification of 1989.
struct Gif {
  int64_t width = 0, height = 0, delay = 0, loops = -1;
  std::vector<Image> frames;
  explicit Gif(const Bytes& b) {
    width = b[6] | b[7] << 8, height = b[8] | b[9] << 8;
    const uint8_t* palette = b.data() + 13;
    size_t at = 13 + 768;
    int transparent = -1;
    while (b.at(at) != 0x3B) {
      if (b.at(at) == 0x21 && b.at(at + 1) == 0xFF) {
        loops = b.at(at + 16) | b.at(at + 17) << 8;
        at += 19;
      } else if (b.at(at) == 0x21) {
        delay = b.at(at + 4) | b.at(at + 5) << 8;
        transparent = b.at(at + 3) & 1 ? b.at(at + 6) : -1;
        at += 8;
      } else {
        at += 10;
        const std::vector<int> indices = lzw(b, at);
        Image image = make_image(width, height);
        for (size_t i = 0; i < indices.size(); ++i) {
          for (size_t c = 0; c < 3; ++c) image.rgba[4 * i + c] = palette[3 * indices[i] + static_cast<int>(c)];
          image.rgba[4 * i + 3] = indices[i] == transparent ? 0 : 255;
        }
        frames.push_back(std::move(image));
      }
    }
  }
  std::vector<int> lzw(const Bytes& b, size_t& at) const {
    const int min_code_size = b.at(at++);
    Bytes data;
    while (b.at(at)) {
      data.insert(data.end(), b.begin() + static_cast<std::ptrdiff_t>(at) + 1, b.begin() + static_cast<std::ptrdiff_t>(at) + 1 + b[at]);
      at += b[at] + 1U;
    }
    ++at;
    std::vector<std::vector<int>> table;
    std::vector<int> out, last;
    int bits = 0, width_now = min_code_size + 1;
    uint32_t held = 0;
    for (size_t i = 0;;) {
      while (bits < width_now) held |= static_cast<uint32_t>(data.at(i++)) << bits, bits += 8;
      const int code = static_cast<int>(held & ((1U << width_now) - 1));
      held >>= width_now, bits -= width_now;
      if (code == 1 << min_code_size) {
        table.clear();
        for (int k = 0; k < (1 << min_code_size) + 2; ++k) table.push_back({k});
        width_now = min_code_size + 1;
        last.clear();
        continue;
      }
      if (code == (1 << min_code_size) + 1) return out;
      std::vector<int> now = code < static_cast<int>(table.size()) ? table[static_cast<size_t>(code)] : last;
      if (code >= static_cast<int>(table.size())) now.push_back(last.at(0));
      if (!last.empty() && table.size() < 4096) {
        last.push_back(now[0]);
        table.push_back(last);
      }
      if (table.size() == (size_t{1} << width_now) && width_now < 12) ++width_now;
      out.insert(out.end(), now.begin(), now.end());
      last = now;
    }
  }
};

TEST(AnimatedGif, HasItsFramesTimesAndLoop) {
  const Gif gif(value_or_throw(encode_gif(moving(3, true))));
  EXPECT_EQ(gif.width, 40);
  EXPECT_EQ(gif.height, 24);
  EXPECT_EQ(gif.delay, 12);
  EXPECT_EQ(gif.loops, 0) << "without end";
  ASSERT_EQ(gif.frames.size(), 3U);
  const Animation from = moving(3, true);
  for (size_t f = 0; f < 3; ++f) {
    double away = 0;
    for (size_t i = 0; i < from.frames[f].rgba.size(); i += 4) {
      ASSERT_EQ(gif.frames[f].rgba[i + 3], from.frames[f].rgba[i + 3]);
      if (from.frames[f].rgba[i + 3])
        for (size_t c = 0; c < 3; ++c) away += std::abs(gif.frames[f].rgba[i + c] - from.frames[f].rgba[i + c]);
    }
    EXPECT_LT(away / (3 * 30 * 24), 8) << "mean error of a channel";
  }
}

TEST(AnimatedGif, NoiseGoesThroughAFullTableOfCodes) {
  Animation animation{{make_image(200, 200)}, 50, 0};
  uint32_t state = 1;
  for (size_t i = 0; i < animation.frames[0].rgba.size(); i += 4) {
    state = state * 1664525 + 1013904223;
    const auto grey = static_cast<uint8_t>((state >> 24) & 0xF0);
    for (size_t c = 0; c < 3; ++c) animation.frames[0].rgba[i + c] = grey;
    animation.frames[0].rgba[i + 3] = 255;
  }
  const Gif gif(value_or_throw(encode_gif(animation)));
  ASSERT_EQ(gif.frames.size(), 1U);
  for (size_t i = 0; i < animation.frames[0].rgba.size(); i += 4) ASSERT_NEAR(gif.frames[0].rgba[i], animation.frames[0].rgba[i], 16) << i;
}

TEST(Animations, WhatCannotBeIsRefused) {
  EXPECT_FALSE(encode_webp({}));
  Animation two = moving(2);
  two.frames[1] = make_image(3, 3);
  EXPECT_FALSE(encode_webp(two));
  EXPECT_FALSE(encode_gif(two));
}

/// An ffmpeg that stands before the real one.
class Mp4 : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override {
    ::unsetenv("PTAH_PROGRAMS");
    std::filesystem::remove_all(folder_);
  }
  void be(const std::string& script) {
    value_or_throw(write_file(folder_ / "ffmpeg", "#!/bin/sh\n" + script));
    std::filesystem::permissions(folder_ / "ffmpeg", std::filesystem::perms::owner_all);
    ::setenv("PTAH_PROGRAMS", folder_.c_str(), 1);
  }
  std::filesystem::path folder_ = std::filesystem::temp_directory_path() / fmt::format("ptah-mp4-{}", ::getpid());
};

TEST_F(Mp4, GetsItsFramesAndTheirRate) {
  be("for last; do :; done\necho \"$@\" >\"$last\"\nls \"${last%/*}\" >>\"$last\"\n");
  const Bytes bytes = value_or_throw(encode_mp4(moving(3)));
  const std::string text(bytes.begin(), bytes.end());
  EXPECT_NE(text.find("-framerate 1000/120 "), std::string::npos) << text;
  EXPECT_NE(text.find("0000.png\n0001.png\n0002.png\nout.mp4"), std::string::npos) << text;
  const std::string scratch = text.substr(text.find("-i ") + 3, text.find("/%04d") - text.find("-i ") - 3);
  EXPECT_FALSE(std::filesystem::exists(scratch)) << "what was needed on the way is gone";
}

TEST_F(Mp4, SaysWhyThereIsNone) {
  be("echo no such encoder >&2\nexit 3\n");
  const auto failed = encode_mp4(moving(2));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::io);
  EXPECT_NE(failed.error().message.find("no such encoder"), std::string::npos);
  const auto holes = encode_mp4(moving(2, true));
  ASSERT_FALSE(holes);
  EXPECT_EQ(holes.error().code, ErrorCode::invalid_argument);
  CancelToken cancel;
  cancel.cancel();
  const auto stopped = encode_mp4(moving(2), &cancel);
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::cancelled);
}

TEST_F(Mp4, IsAFilmOfTheRealOne) {
  if (!find_program("ffmpeg")) GTEST_SKIP() << "ffmpeg is not installed";
  Animation odd = moving(3);
  for (Image& frame : odd.frames) frame = reduced(frame, 39);
  const Bytes bytes = value_or_throw(encode_mp4(odd));
  ASSERT_GT(bytes.size(), 500U);
  EXPECT_EQ(std::string(bytes.begin() + 4, bytes.begin() + 8), "ftyp");
  EXPECT_EQ(value_or_throw(encode_mp4(odd)), bytes);
}

}  // namespace
}  // namespace ptah
