#include <algorithm>
#include <cmath>
#include <string>

#include "media/hdr/hdr_image.h"

namespace ptah {

namespace {

/// Lines of the header, then bytes.
class Reader {
 public:
  explicit Reader(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  /// Without its end. Errors: corrupt.
  Result<std::string_view> line() {
    constexpr size_t kMaxLine = 4096;
    const size_t begin = at_;
    while (at_ < bytes_.size() && bytes_[at_] != '\n')
      if (++at_ - begin > kMaxLine) return fail(ErrorCode::corrupt, "hdr: a line of the header has no end");
    if (at_ == bytes_.size()) return fail(ErrorCode::corrupt, "hdr: cut off in its header");
    return std::string_view(reinterpret_cast<const char*>(bytes_.data()) + begin, at_++ - begin);
  }
  size_t left() const { return bytes_.size() - at_; }
  const uint8_t* here() const { return bytes_.data() + at_; }
  void skip(size_t count) { at_ += count; }

 private:
  std::span<const uint8_t> bytes_;
  size_t at_ = 0;
};

struct Layout {
  int64_t width = 0, height = 0;
  bool upside_down = false, mirrored = false;
};

/// "-Y 128 +X 256": rows from the top, columns from the left.
Result<Layout> layout_of(std::string_view text) {
  const std::string line(text);
  char sign_y = 0, axis_y = 0, sign_x = 0, axis_x = 0;
  int64_t height = 0, width = 0;
  static_assert(sizeof(long) == sizeof(int64_t));
  if (std::sscanf(line.c_str(), "%c%c %ld %c%c %ld", &sign_y, &axis_y, &height, &sign_x, &axis_x, &width) != 6)
    return fail(ErrorCode::corrupt, "hdr: a line with the picture's size is expected behind the header, such as -Y 128 +X 256");
  if (axis_y != 'Y' || axis_x != 'X' || (sign_y != '-' && sign_y != '+') || (sign_x != '-' && sign_x != '+'))
    return fail(ErrorCode::unsupported, "hdr: rows that run along {}{}; -Y and +Y are read", sign_y, axis_y);
  if (width < 1 || height < 1) return fail(ErrorCode::corrupt, "hdr: a picture of {} × {} pixels", width, height);
  if (std::max(width, height) > kMaxHdrEdge || width * height > kMaxHdrPixels)
    return fail(ErrorCode::unsupported, "hdr: {} × {} pixels are over the limit of {} pixels and {} an edge", width, height, kMaxHdrPixels, kMaxHdrEdge);
  return Layout{width, height, sign_y == '+', sign_x == '-'};
}

tl::unexpected<Error> cut_off(int64_t row) { return fail(ErrorCode::corrupt, "hdr: cut off in row {}; get the whole file again", row); }

/// Ward's first form: 1, 1, 1, n repeats the last pixel; n of repeats that follow each other are digits of base 256.
Result<void> read_flat_row(Reader& in, std::vector<std::array<uint8_t, 4>>& row, int64_t number) {
  size_t at = 0;
  int shift = 0;
  while (at < row.size()) {
    if (in.left() < 4) return cut_off(number);
    std::array<uint8_t, 4> pixel{};
    std::copy_n(in.here(), 4, pixel.begin());
    in.skip(4);
    if (pixel[0] == 1 && pixel[1] == 1 && pixel[2] == 1) {
      if (shift > 16 || at == 0) return fail(ErrorCode::corrupt, "hdr: row {} repeats a pixel that is not there", number);
      const size_t count = size_t{pixel[3]} << shift;
      if (count > row.size() - at) return fail(ErrorCode::corrupt, "hdr: row {} is longer than the picture is wide", number);
      std::fill_n(row.begin() + static_cast<ptrdiff_t>(at), count, row[at - 1]);
      at += count;
      shift += 8;
    } else {
      row[at++] = pixel;
      shift = 0;
    }
  }
  return {};
}

/// The second form: each channel of a row by itself; above 128 a run, else as many bytes.
Result<void> read_run_row(Reader& in, std::vector<std::array<uint8_t, 4>>& row, int64_t number) {
  for (size_t channel = 0; channel < 4; ++channel) {
    size_t at = 0;
    while (at < row.size()) {
      if (in.left() < 2) return cut_off(number);
      const uint8_t head = *in.here();
      in.skip(1);
      const bool run = head > 128;
      const size_t count = run ? head - 128U : head;
      if (count == 0 || count > row.size() - at) return fail(ErrorCode::corrupt, "hdr: row {} is longer than the picture is wide", number);
      if (in.left() < (run ? 1 : count)) return cut_off(number);
      for (size_t i = 0; i < count; ++i) row[at++][channel] = in.here()[run ? 0 : i];
      in.skip(run ? 1 : count);
    }
  }
  return {};
}

Result<void> read_row(Reader& in, std::vector<std::array<uint8_t, 4>>& row, int64_t number) {
  const size_t width = row.size();
  const bool runs = width >= 8 && width < 32768 && in.left() >= 4 && in.here()[0] == 2 && in.here()[1] == 2 && in.here()[2] < 128;
  if (!runs) return read_flat_row(in, row, number);
  if ((size_t{in.here()[2]} << 8 | in.here()[3]) != width) return fail(ErrorCode::corrupt, "hdr: row {} has another width than the picture", number);
  in.skip(4);
  return read_run_row(in, row, number);
}

/// The factor that a header's EXPOSURE lines ask for.
Result<float> read_header(Reader& in) {
  PTAH_TRY(const std::string_view magic, in.line());
  if (!magic.starts_with("#?")) return fail(ErrorCode::corrupt, "hdr: not a Radiance picture");
  double exposure = 1;
  for (int lines = 0;; ++lines) {
    if (lines == 256) return fail(ErrorCode::corrupt, "hdr: a header of more than 256 lines");
    PTAH_TRY(const std::string_view line, in.line());
    if (line.empty() || line == "\r") break;
    if (line.starts_with("FORMAT=") && !line.starts_with("FORMAT=32-bit_rle_rgbe"))
      return fail(ErrorCode::unsupported, "hdr: only RGBE is read, not XYZE or others");
    if (line.starts_with("EXPOSURE=")) exposure *= std::strtod(std::string(line.substr(9)).c_str(), nullptr);
  }
  if (!(exposure > 1e-12 && exposure < 1e12)) return fail(ErrorCode::corrupt, "hdr: an exposure that cannot be");
  return static_cast<float>(1 / exposure);
}

/// Bytes of one channel of a row in runs.
void add_runs(Bytes& out, const std::vector<std::array<uint8_t, 4>>& row, size_t channel) {
  constexpr size_t kMinRun = 4, kMaxRun = 127, kMaxPlain = 128;
  const size_t width = row.size();
  const auto run_at = [&](size_t at) {
    size_t end = at + 1;
    while (end < width && end - at < kMaxRun && row[end][channel] == row[at][channel]) ++end;
    return end - at;
  };
  for (size_t at = 0; at < width;) {
    size_t plain = at, run = 0;
    while (plain < width && plain - at < kMaxPlain && (run = run_at(plain)) < kMinRun) ++plain;
    if (plain > at) {
      out.push_back(static_cast<uint8_t>(plain - at));
      for (size_t i = at; i < plain; ++i) out.push_back(row[i][channel]);
    } else {
      out.push_back(static_cast<uint8_t>(128 + run));
      out.push_back(row[at][channel]);
      plain = at + run;
    }
    at = plain;
  }
}

}  // namespace

std::array<uint8_t, 4> rgbe_of(const std::array<float, 3>& rgb) {
  const float largest = std::max({rgb[0], rgb[1], rgb[2]});
  if (!(largest > 1e-32F)) return {0, 0, 0, 0};
  int exponent = 0;
  (void)std::frexp(largest, &exponent);
  std::array<uint8_t, 4> out{};
  for (int tries = 0; tries < 2; ++tries) {
    const float scale = std::ldexp(1.0F, 8 - exponent);
    bool fits = true;
    for (size_t c = 0; c < 3; ++c) {
      const float value = std::max(0.0F, rgb[c]) * scale;
      fits = fits && value < 255.5F;
      out[c] = static_cast<uint8_t>(std::min(255.0F, value + 0.5F));
    }
    if (fits) break;
    ++exponent;  // rounding went over the top
  }
  out[3] = static_cast<uint8_t>(std::clamp(exponent + 128, 1, 255));
  return out;
}

std::array<float, 3> rgb_of(const std::array<uint8_t, 4>& rgbe) {
  if (rgbe[3] == 0) return {0, 0, 0};
  const float scale = std::ldexp(1.0F, rgbe[3] - 136);
  return {static_cast<float>(rgbe[0]) * scale, static_cast<float>(rgbe[1]) * scale, static_cast<float>(rgbe[2]) * scale};
}

Result<HdrImage> decode_radiance(std::span<const uint8_t> bytes) {
  Reader in(bytes);
  PTAH_TRY(const float factor, read_header(in));
  PTAH_TRY(const std::string_view size, in.line());
  PTAH_TRY(const Layout layout, layout_of(size));
  // A row takes no less than eight bytes a run of 127 in each channel, or one repeat.
  if (static_cast<int64_t>(in.left()) < layout.height * std::min<int64_t>(layout.width, 4)) return cut_off(0);
  HdrImage out{layout.width, layout.height, std::vector<std::array<float, 3>>(static_cast<size_t>(layout.width * layout.height))};
  std::vector<std::array<uint8_t, 4>> row(static_cast<size_t>(layout.width));
  for (int64_t y = 0; y < layout.height; ++y) {
    PTAH_TRY_VOID(read_row(in, row, y));
    const int64_t to = layout.upside_down ? layout.height - 1 - y : y;
    for (int64_t x = 0; x < layout.width; ++x) {
      std::array<float, 3>& pixel = out.at(layout.mirrored ? layout.width - 1 - x : x, to);
      pixel = rgb_of(row[static_cast<size_t>(x)]);
      for (float& value : pixel) value = std::min(value * factor, 1e30F);
    }
  }
  return out;
}

Result<Bytes> encode_radiance(const HdrImage& picture) {
  if (picture.width < 1 || picture.height < 1 || std::max(picture.width, picture.height) > kMaxHdrEdge ||
      picture.pixels.size() != static_cast<size_t>(picture.width * picture.height))
    return fail(ErrorCode::invalid_argument, "hdr: a picture of {} × {} pixels cannot be written", picture.width, picture.height);
  const std::string header = fmt::format("#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y {} +X {}\n", picture.height, picture.width);
  Bytes out(header.begin(), header.end());
  std::vector<std::array<uint8_t, 4>> row(static_cast<size_t>(picture.width));
  for (int64_t y = 0; y < picture.height; ++y) {
    for (int64_t x = 0; x < picture.width; ++x) row[static_cast<size_t>(x)] = rgbe_of(picture.at(x, y));
    if (picture.width < 8) {  // no run-length form for so few
      for (const auto& pixel : row) out.insert(out.end(), pixel.begin(), pixel.end());
      continue;
    }
    out.insert(out.end(), {2, 2, static_cast<uint8_t>(picture.width >> 8), static_cast<uint8_t>(picture.width & 255)});
    for (size_t channel = 0; channel < 4; ++channel) add_runs(out, row, channel);
  }
  return out;
}

Result<HdrImage> decode_hdr(std::span<const uint8_t> bytes) {
  if (bytes.size() >= 4 && bytes[0] == 0x76 && bytes[1] == 0x2F && bytes[2] == 0x31 && bytes[3] == 0x01) return decode_exr(bytes);
  if (bytes.size() >= 2 && bytes[0] == '#' && bytes[1] == '?') return decode_radiance(bytes);
  return fail(ErrorCode::unsupported, "neither Radiance (.hdr) nor OpenEXR (.exr)");
}

HdrImage halved(const HdrImage& picture) {
  HdrImage out{(picture.width + 1) / 2, (picture.height + 1) / 2, {}};
  out.pixels.resize(static_cast<size_t>(out.width * out.height));
  for (int64_t y = 0; y < out.height; ++y)
    for (int64_t x = 0; x < out.width; ++x) {
      std::array<float, 3>& to = out.at(x, y);
      for (int64_t i = 0; i < 4; ++i) {
        const auto& from = picture.at(std::min(2 * x + i % 2, picture.width - 1), std::min(2 * y + i / 2, picture.height - 1));
        for (size_t c = 0; c < 3; ++c) to[c] += from[c] / 4;
      }
    }
  return out;
}

}  // namespace ptah
