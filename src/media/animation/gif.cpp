#include <algorithm>
#include <array>
#include <cmath>

#include "base/parallel.h"
#include "media/animation/animation.h"

namespace ptah {

namespace {

constexpr size_t kColours = 255;  // index 255 is transparent
constexpr int kBits = 5;          // of each channel in the histogram
constexpr size_t kCells = size_t{1} << (3 * kBits);
using Colour = std::array<uint8_t, 3>;

size_t cell_of(const uint8_t* rgb) { return size_t{rgb[0]} >> (8 - kBits) << (2 * kBits) | size_t{rgb[1]} >> (8 - kBits) << kBits | rgb[2] >> (8 - kBits); }

/// Colours of one cell of the histogram.
struct Cell {
  std::array<uint64_t, 3> sum{};
  uint64_t count = 0;
  uint8_t mean(size_t c) const { return static_cast<uint8_t>(sum[c] / count); }
};

struct Box {
  size_t begin = 0, end = 0;  // of the sorted cells
  size_t axis = 0;
  double spread = 0;
};

Box measured(const std::vector<Cell>& cells, size_t begin, size_t end) {
  Box out{begin, end, 0, 0};
  constexpr std::array<double, 3> kWeights{0.6, 1.0, 0.4};
  for (size_t c = 0; c < 3; ++c) {
    double count = 0, sum = 0, squares = 0;
    for (size_t i = begin; i < end; ++i) {
      const auto n = static_cast<double>(cells[i].count), v = static_cast<double>(cells[i].mean(c));
      count += n, sum += n * v, squares += n * v * v;
    }
    const double spread = (squares - sum * sum / count) * kWeights[c];
    if (spread > out.spread) out.spread = spread, out.axis = c;
  }
  return out;
}

/// Median cut by variance: the box that differs most within itself is cut at its mean, until there are enough.
std::vector<Colour> palette_of(const std::vector<Image>& frames) {
  std::vector<Cell> histogram(kCells);
  for (const Image& frame : frames)
    for (size_t i = 0; i < frame.rgba.size(); i += 4) {
      if (frame.rgba[i + 3] < 128) continue;
      Cell& cell = histogram[cell_of(&frame.rgba[i])];
      ++cell.count;
      for (size_t c = 0; c < 3; ++c) cell.sum[c] += frame.rgba[i + c];
    }
  std::vector<Cell> cells;
  std::copy_if(histogram.begin(), histogram.end(), std::back_inserter(cells), [](const Cell& cell) { return cell.count > 0; });
  if (cells.empty()) return {Colour{0, 0, 0}};
  std::vector<Box> boxes{measured(cells, 0, cells.size())};
  while (boxes.size() < kColours) {
    const auto widest = std::max_element(boxes.begin(), boxes.end(), [](const Box& a, const Box& b) { return a.spread < b.spread; });
    if (!(widest->spread > 0)) break;
    const Box box = *widest;
    const auto first = cells.begin() + static_cast<ptrdiff_t>(box.begin), last = cells.begin() + static_cast<ptrdiff_t>(box.end);
    std::stable_sort(first, last, [&](const Cell& a, const Cell& b) { return a.mean(box.axis) < b.mean(box.axis); });
    double count = 0, sum = 0;
    for (auto it = first; it != last; ++it) count += static_cast<double>(it->count), sum += static_cast<double>(it->count) * it->mean(box.axis);
    auto middle = std::partition_point(first, last, [&](const Cell& cell) { return cell.mean(box.axis) <= sum / count; });
    if (middle == last) --middle;
    if (middle == first) ++middle;
    const auto cut = static_cast<size_t>(middle - cells.begin());
    *widest = measured(cells, box.begin, cut);
    boxes.push_back(measured(cells, cut, box.end));
  }
  std::vector<Colour> out;
  for (const Box& box : boxes) {
    std::array<double, 3> sum{};
    double count = 0;
    for (size_t i = box.begin; i < box.end; ++i) {
      count += static_cast<double>(cells[i].count);
      for (size_t c = 0; c < 3; ++c) sum[c] += static_cast<double>(cells[i].sum[c]);
    }
    const auto mean = [count](double of_channel) { return static_cast<uint8_t>(std::floor(of_channel / count + 0.5)); };
    out.push_back({mean(sum[0]), mean(sum[1]), mean(sum[2])});
  }
  return out;
}

/// The nearest colour of a palette, by cells that are filled when they are first asked for.
class Nearest {
 public:
  explicit Nearest(const std::vector<Colour>& palette) : palette_(palette), known_(size_t{1} << 18, -1) {}
  uint8_t of(const std::array<int, 3>& rgb) {
    int16_t& known = known_[static_cast<size_t>(rgb[0] >> 2) << 12 | static_cast<size_t>(rgb[1] >> 2) << 6 | static_cast<size_t>(rgb[2] >> 2)];
    if (known >= 0) return static_cast<uint8_t>(known);
    int best = 0, smallest = 1 << 30;
    for (size_t i = 0; i < palette_.size(); ++i) {
      const auto away = [&](size_t c) {
        const int d = (rgb[c] & ~3) + 2 - palette_[i][c];
        return d * d;
      };
      const int distance = 3 * away(0) + 6 * away(1) + 2 * away(2);
      if (distance < smallest) smallest = distance, best = static_cast<int>(i);
    }
    known = static_cast<int16_t>(best);
    return static_cast<uint8_t>(best);
  }

 private:
  const std::vector<Colour>& palette_;
  std::vector<int16_t> known_;
};

/// Bits of codes in blocks of 255 bytes.
class BitWriter {
 public:
  explicit BitWriter(Bytes& out) : out_(out) {}
  void put(uint32_t code, int bits) {
    held_ |= code << count_;
    for (count_ += bits; count_ >= 8; count_ -= 8, held_ >>= 8) byte(static_cast<uint8_t>(held_));
  }
  void finish() {
    if (count_ > 0) byte(static_cast<uint8_t>(held_));
    if (!block_.empty()) flush();
    out_.push_back(0);
  }

 private:
  void byte(uint8_t value) {
    block_.push_back(value);
    if (block_.size() == 255) flush();
  }
  void flush() {
    out_.push_back(static_cast<uint8_t>(block_.size()));
    out_.insert(out_.end(), block_.begin(), block_.end());
    block_.clear();
  }
  Bytes& out_;
  Bytes block_;
  uint32_t held_ = 0;
  int count_ = 0;
};

/// LZW with eight bits a pixel, as GIF has it.
void add_lzw(Bytes& out, const Bytes& pixels) {
  constexpr uint32_t kClear = 256, kEnd = 257, kMax = 4096;
  out.push_back(8);
  BitWriter bits(out);
  std::vector<uint16_t> next(size_t{kMax} * 256, 0);
  uint32_t codes = kEnd + 1;
  int width = 9;
  bits.put(kClear, width);
  uint32_t prefix = pixels[0];
  for (size_t i = 1; i < pixels.size(); ++i) {
    uint16_t& child = next[size_t{prefix} * 256 + pixels[i]];
    if (child) {
      prefix = child;
      continue;
    }
    bits.put(prefix, width);
    if (codes < kMax) {
      child = static_cast<uint16_t>(codes);
      if (codes == (1U << width)) ++width;
      ++codes;
    } else {
      bits.put(kClear, width);
      std::fill(next.begin(), next.end(), uint16_t{0});
      codes = kEnd + 1;
      width = 9;
    }
    prefix = pixels[i];
  }
  bits.put(prefix, width);
  bits.put(kEnd, width);
  bits.finish();
}

void add_u16(Bytes& out, int64_t value) { out.insert(out.end(), {static_cast<uint8_t>(value & 255), static_cast<uint8_t>(value >> 8 & 255)}); }

Bytes indexed(const Image& frame, const std::vector<Colour>& palette) {
  constexpr std::array<int, 16> kPattern{0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5};
  Nearest nearest(palette);
  Bytes out(static_cast<size_t>(frame.width * frame.height));
  for (int64_t y = 0; y < frame.height; ++y)
    for (int64_t x = 0; x < frame.width; ++x) {
      const uint8_t* pixel = frame.at(x, y);
      const int shift = kPattern[static_cast<size_t>(y % 4 * 4 + x % 4)] - 7;
      std::array<int, 3> rgb{};
      for (size_t c = 0; c < 3; ++c) rgb[c] = std::clamp(pixel[c] + shift / 2, 0, 255);
      out[static_cast<size_t>(y * frame.width + x)] = pixel[3] < 128 ? 255 : nearest.of(rgb);
    }
  return out;
}

}  // namespace

Result<Bytes> encode_gif(const Animation& animation) {
  PTAH_TRY_VOID(check(animation));
  const int64_t width = animation.frames[0].width, height = animation.frames[0].height;
  const std::vector<Colour> palette = palette_of(animation.frames);
  const std::string_view head = "GIF89a", loop = "NETSCAPE2.0";
  Bytes out(head.begin(), head.end());
  add_u16(out, width);
  add_u16(out, height);
  out.insert(out.end(), {0xF7, 0, 0});  // a palette of 256 colours
  for (size_t i = 0; i < 256; ++i) {
    const Colour colour = i < palette.size() ? palette[i] : Colour{0, 0, 0};
    out.insert(out.end(), colour.begin(), colour.end());
  }
  if (animation.frames.size() > 1) {
    out.insert(out.end(), {0x21, 0xFF, 11});
    out.insert(out.end(), loop.begin(), loop.end());
    out.insert(out.end(), {3, 1});
    add_u16(out, animation.loops);
    out.push_back(0);
  }
  std::vector<Bytes> frames(animation.frames.size());
  parallel_for(static_cast<int64_t>(frames.size()), int64_t{1} << 24, [&](int64_t begin, int64_t end) {
    for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i) {
      Bytes& to = frames[i];
      to.insert(to.end(), {0x21, 0xF9, 4, (2 << 2) | 1});  // cleared before the next one; one colour is transparent
      add_u16(to, std::max<int64_t>(2, (animation.milliseconds + 5) / 10));
      to.insert(to.end(), {255, 0, 0x2C});
      for (const int64_t value : {int64_t{0}, int64_t{0}, width, height}) add_u16(to, value);
      to.push_back(0);
      add_lzw(to, indexed(animation.frames[i], palette));
    }
  });
  for (const Bytes& frame : frames) out.insert(out.end(), frame.begin(), frame.end());
  out.push_back(0x3B);
  return out;
}

}  // namespace ptah
