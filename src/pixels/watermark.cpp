#include "pixels/watermark.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <complex>
#include <numbers>
#include <vector>

#include "base/philox.h"

namespace ptah {

namespace {

using Complex = std::complex<double>;

constexpr int64_t kTile = 128;
constexpr double kLowest = 6, kHighest = 24;  ///< cycles a tile
constexpr int kBits = 48;
constexpr double kSyncWeight = 2.8, kAmplitude = 2.0;
constexpr double kFound = 1.2;      ///< strength that counts
constexpr int64_t kMaxEdge = 2048;  ///< of a picture that is looked at; of a larger one the middle
constexpr int kPeaks = 24, kDoubtful = 6;
constexpr double kScales[] = {1, 0.5, 0.75, 2.0 / 3, 0.25, 1.5, 2};

int64_t frequency(int64_t at) { return at <= kTile / 2 ? at : at - kTile; }

/// In place, length kTile (a power of two), stride apart.
void fft(Complex* data, int64_t stride, bool inverse) {
  for (int64_t i = 1, j = 0; i < kTile; ++i) {
    int64_t bit = kTile >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(data[i * stride], data[j * stride]);
  }
  for (int64_t length = 2; length <= kTile; length <<= 1) {
    const double angle = (inverse ? 2 : -2) * std::numbers::pi / static_cast<double>(length);
    std::array<Complex, kTile / 2> turns;
    for (int64_t k = 0; k < length / 2; ++k) turns[static_cast<size_t>(k)] = std::polar(1.0, angle * static_cast<double>(k));
    for (int64_t at = 0; at < kTile; at += length)
      for (int64_t k = 0; k < length / 2; ++k) {
        Complex& a = data[(at + k) * stride];
        Complex& b = data[(at + k + length / 2) * stride];
        const Complex turned = b * turns[static_cast<size_t>(k)];
        b = a - turned;
        a += turned;
      }
  }
}

void fft_of_tile(std::vector<Complex>& tile, bool inverse) {
  for (int64_t y = 0; y < kTile; ++y) fft(tile.data() + y * kTile, 1, inverse);
  for (int64_t x = 0; x < kTile; ++x) fft(tile.data() + x, kTile, inverse);
}

/// The patterns as coefficients of the frequencies of half the band (the others are their conjugates): real parts, then imaginary parts; orthonormal.
struct Patterns {
  std::vector<std::pair<int64_t, int64_t>> places;  ///< y, x
  std::vector<std::vector<double>> rows;            ///< 0: by which it is found, then one a bit
};

const Patterns& patterns() {
  static const Patterns made = [] {
    Patterns out;
    for (int64_t y = 0; y < kTile; ++y)
      for (int64_t x = 0; x < kTile; ++x) {
        const auto fy = static_cast<double>(frequency(y)), fx = static_cast<double>(frequency(x));
        const double radius = std::hypot(fy, fx);
        if (radius >= kLowest && radius <= kHighest && (fy > 0 || (fy == 0 && fx > 0))) out.places.emplace_back(y, x);
      }
    const size_t size = 2 * out.places.size();
    for (uint64_t row = 0; row <= kBits; ++row) {
      Random random(0x70746168, row);  // "ptah"
      std::vector<double> v(size);
      for (double& value : v) value = static_cast<double>(random.normal());
      for (const auto& before : out.rows) {
        double dot = 0;
        for (size_t i = 0; i < size; ++i) dot += before[i] * v[i];
        for (size_t i = 0; i < size; ++i) v[i] -= dot * before[i];
      }
      double norm = 0;
      for (const double value : v) norm += value * value;
      for (double& value : v) value /= std::sqrt(norm);
      out.rows.push_back(std::move(v));
    }
    return out;
  }();
  return made;
}

/// Coefficients → a spectrum of a real tile.
std::vector<Complex> spectrum_of(const std::vector<double>& row) {
  const Patterns& p = patterns();
  std::vector<Complex> out(kTile * kTile);
  const size_t n = p.places.size();
  for (size_t i = 0; i < n; ++i) {
    const auto [y, x] = p.places[i];
    const Complex value(row[i], row[n + i]);
    out[static_cast<size_t>(y * kTile + x)] = value;
    out[static_cast<size_t>((kTile - y) % kTile * kTile + (kTile - x) % kTile)] = std::conj(value);
  }
  return out;
}

uint16_t crc16(uint32_t id) {  // CCITT, as in X.25
  uint16_t crc = 0xffff;
  for (int byte = 3; byte >= 0; --byte) {
    crc = static_cast<uint16_t>(crc ^ (((id >> (8 * byte)) & 0xff) << 8));
    for (int i = 0; i < 8; ++i) crc = static_cast<uint16_t>((crc & 0x8000) ? (crc << 1) ^ 0x1021 : crc << 1);
  }
  return crc;
}

double luminance(const uint8_t* p) { return 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2]; }

struct Plane {
  int64_t width = 0, height = 0;
  std::vector<double> values;
  double& at(int64_t x, int64_t y) { return values[static_cast<size_t>(y * width + x)]; }
  double at(int64_t x, int64_t y) const { return values[static_cast<size_t>(y * width + x)]; }
};

/// The luminance on white, of the middle of a picture that is too large.
Plane plane_of(const Image& picture) {
  Plane out{std::min(picture.width, kMaxEdge), std::min(picture.height, kMaxEdge), {}};
  out.values.resize(static_cast<size_t>(out.width * out.height));
  const int64_t left = (picture.width - out.width) / 2, top = (picture.height - out.height) / 2;
  for (int64_t y = 0; y < out.height; ++y)
    for (int64_t x = 0; x < out.width; ++x) {
      const uint8_t* p = picture.at(left + x, top + y);
      out.at(x, y) = (luminance(p) * p[3] + 255.0 * (255 - p[3])) / 255;
    }
  return out;
}

/// Bilinear, with the mean of what a pixel covers where it is made smaller.
Plane resized(const Plane& from, double factor) {
  if (factor == 1) return from;
  Plane out{std::max<int64_t>(1, std::lround(static_cast<double>(from.width) * factor)),
            std::max<int64_t>(1, std::lround(static_cast<double>(from.height) * factor)),
            {}};
  out.values.resize(static_cast<size_t>(out.width * out.height));
  const int taps = factor < 1 ? static_cast<int>(std::ceil(1 / factor)) : 1;
  const auto sample = [&](double x, double y) {
    x = std::clamp(x, 0.0, static_cast<double>(from.width - 1));
    y = std::clamp(y, 0.0, static_cast<double>(from.height - 1));
    const auto x0 = static_cast<int64_t>(x), y0 = static_cast<int64_t>(y);
    const int64_t x1 = std::min(x0 + 1, from.width - 1), y1 = std::min(y0 + 1, from.height - 1);
    const double fx = x - static_cast<double>(x0), fy = y - static_cast<double>(y0);
    return (from.at(x0, y0) * (1 - fx) + from.at(x1, y0) * fx) * (1 - fy) + (from.at(x0, y1) * (1 - fx) + from.at(x1, y1) * fx) * fy;
  };
  for (int64_t y = 0; y < out.height; ++y)
    for (int64_t x = 0; x < out.width; ++x) {
      double sum = 0;
      for (int j = 0; j < taps; ++j)
        for (int i = 0; i < taps; ++i)
          sum += sample((static_cast<double>(x) + (i + 0.5) / taps) / factor - 0.5, (static_cast<double>(y) + (j + 0.5) / taps) / factor - 0.5);
      out.at(x, y) = sum / (taps * taps);
    }
  return out;
}

/// Means over squares of 2k + 1, the border repeated.
Plane blurred(const Plane& in, int64_t k) {
  Plane across = in, out = in;
  const double share = 1.0 / static_cast<double>(2 * k + 1);
  for (int64_t y = 0; y < in.height; ++y) {
    double sum = 0;
    for (int64_t i = -k; i <= k; ++i) sum += in.at(std::clamp<int64_t>(i, 0, in.width - 1), y);
    for (int64_t x = 0; x < in.width; ++x) {
      across.at(x, y) = sum * share;
      sum += in.at(std::min(x + k + 1, in.width - 1), y) - in.at(std::max<int64_t>(x - k, 0), y);
    }
  }
  for (int64_t x = 0; x < in.width; ++x) {
    double sum = 0;
    for (int64_t i = -k; i <= k; ++i) sum += across.at(x, std::clamp<int64_t>(i, 0, in.height - 1));
    for (int64_t y = 0; y < in.height; ++y) {
      out.at(x, y) = sum * share;
      sum += across.at(x, std::min(y + k + 1, in.height - 1)) - across.at(x, std::max<int64_t>(y - k, 0));
    }
  }
  return out;
}

/// What may be the mark: without what is smooth, what is lively counted less, all tiles laid over each other; each ring of frequencies made equally strong.
std::vector<Complex> folded(const Plane& plane) {
  Plane rest = blurred(plane, 6);
  for (size_t i = 0; i < rest.values.size(); ++i) rest.values[i] = plane.values[i] - rest.values[i];
  Plane squares = rest;
  for (double& value : squares.values) value *= value;
  const Plane activity = blurred(squares, 3);
  std::vector<Complex> tile(kTile * kTile);
  for (int64_t y = 0; y < plane.height; ++y)
    for (int64_t x = 0; x < plane.width; ++x)
      tile[static_cast<size_t>(y % kTile * kTile + x % kTile)] += std::clamp(rest.at(x, y), -8.0, 8.0) / (6 + std::max(0.0, activity.at(x, y)));
  fft_of_tile(tile, false);
  std::array<double, kTile> power{}, count{};
  const auto ring = [](int64_t y, int64_t x) {
    return static_cast<size_t>(std::lround(std::hypot(static_cast<double>(frequency(y)), static_cast<double>(frequency(x)))));
  };
  for (int64_t y = 0; y < kTile; ++y)
    for (int64_t x = 0; x < kTile; ++x) {
      power[ring(y, x)] += std::norm(tile[static_cast<size_t>(y * kTile + x)]);
      count[ring(y, x)] += 1;
    }
  for (int64_t y = 0; y < kTile; ++y)
    for (int64_t x = 0; x < kTile; ++x) {
      const size_t r = ring(y, x);
      tile[static_cast<size_t>(y * kTile + x)] /= std::sqrt(power[r] / count[r] + 1e-12);
    }
  return tile;
}

struct Reading {
  double strength = 0;
  std::array<double, kBits> bits{};
};

/// The most likely offset at one scale, and what the bits are there.
Reading read_tile(const std::vector<Complex>& tile) {
  const Patterns& p = patterns();
  const size_t n = p.places.size();
  std::vector<Complex> match = spectrum_of(p.rows[0]);
  for (size_t i = 0; i < match.size(); ++i) match[i] = tile[i] * std::conj(match[i]);
  fft_of_tile(match, true);
  std::vector<int64_t> order(kTile * kTile);
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
  std::partial_sort(order.begin(), order.begin() + kPeaks, order.end(),
                    [&](int64_t a, int64_t b) { return match[static_cast<size_t>(a)].real() > match[static_cast<size_t>(b)].real(); });
  Reading best;
  std::vector<double> x(2 * n);
  for (int k = 0; k < kPeaks; ++k) {
    const int64_t dy = order[static_cast<size_t>(k)] / kTile, dx = order[static_cast<size_t>(k)] % kTile;
    double power = 0;
    for (size_t i = 0; i < n; ++i) {
      const auto [fy, fx] = p.places[i];
      const double angle = 2 * std::numbers::pi * static_cast<double>((fy * dy + fx * dx) % kTile) / kTile;
      const Complex value = tile[static_cast<size_t>(fy * kTile + fx)] * std::polar(1.0, angle);
      x[i] = value.real();
      x[n + i] = value.imag();
      power += std::norm(value);
    }
    const double noise = std::sqrt(power / static_cast<double>(2 * n));
    if (noise <= 0) continue;
    Reading here;
    for (size_t bit = 0; bit < kBits; ++bit) {
      double dot = 0;
      for (size_t i = 0; i < 2 * n; ++i) dot += p.rows[bit + 1][i] * x[i];
      here.bits[bit] = dot / noise;
      here.strength += std::abs(here.bits[bit]) / kBits;
    }
    if (here.strength > best.strength) best = here;
  }
  return best;
}

/// The id if the check bits agree, after turning up to two of the most doubtful bits.
std::optional<uint32_t> decode(const Reading& reading, uint64_t bits) {
  std::array<int, kBits> order{};
  for (int i = 0; i < kBits; ++i) order[static_cast<size_t>(i)] = i;
  std::partial_sort(order.begin(), order.begin() + kDoubtful, order.end(),
                    [&](int a, int b) { return std::abs(reading.bits[static_cast<size_t>(a)]) < std::abs(reading.bits[static_cast<size_t>(b)]); });
  const auto agrees = [](uint64_t all) { return watermark_bits(static_cast<uint32_t>(all >> 16)) == all; };
  if (agrees(bits)) return static_cast<uint32_t>(bits >> 16);
  for (int a = 0; a < kDoubtful; ++a)
    for (int b = a; b < kDoubtful; ++b) {
      const uint64_t turned = bits ^ (uint64_t{1} << order[static_cast<size_t>(a)]) ^ (a == b ? 0 : uint64_t{1} << order[static_cast<size_t>(b)]);
      if (agrees(turned)) return static_cast<uint32_t>(turned >> 16);
    }
  return {};
}

uint64_t signs(const Reading& reading) {
  uint64_t bits = 0;
  for (int i = 0; i < kBits; ++i) bits |= uint64_t{reading.bits[static_cast<size_t>(i)] > 0} << i;
  return bits;
}

/// Calls `see` with what is read at each scale until it says that it is enough.
template <class See>
void read_scales(const Image& picture, See see) {
  if (picture.width <= 0 || picture.height <= 0) return;
  const Plane plane = plane_of(picture);
  for (const double scale : kScales) {
    if (static_cast<double>(std::max(plane.width, plane.height)) / scale > 2 * kMaxEdge) continue;
    if (see(read_tile(folded(resized(plane, 1 / scale))), scale)) return;
  }
}

}  // namespace

uint64_t watermark_bits(uint32_t id) { return uint64_t{id} << 16 | crc16(id); }

Image with_watermark(Image picture, uint32_t id) {
  const Patterns& p = patterns();
  const uint64_t bits = watermark_bits(id);
  std::vector<double> sum(2 * p.places.size());
  for (size_t row = 0; row <= kBits; ++row) {
    const double weight = row == 0 ? kSyncWeight : (bits >> (row - 1) & 1) ? 1 : -1;
    for (size_t i = 0; i < sum.size(); ++i) sum[i] += weight * p.rows[row][i];
  }
  std::vector<Complex> tile = spectrum_of(sum);
  fft_of_tile(tile, true);
  double power = 0;
  for (const Complex& value : tile) power += value.real() * value.real();
  const double amplitude = kAmplitude / std::sqrt(power / static_cast<double>(tile.size()));
  for (int64_t y = 0; y < picture.height; ++y)
    for (int64_t x = 0; x < picture.width; ++x) {
      uint8_t* pixel = picture.at(x, y);
      if (pixel[3] == 0) continue;
      const double add = amplitude * tile[static_cast<size_t>(y % kTile * kTile + x % kTile)].real();
      for (int c = 0; c < 3; ++c) pixel[c] = static_cast<uint8_t>(std::clamp(std::lround(pixel[c] + add), 0L, 255L));
    }
  return picture;
}

std::optional<Watermark> find_watermark(const Image& picture) {
  std::optional<Watermark> out;
  read_scales(picture, [&](const Reading& reading, double scale) {
    const uint64_t bits = signs(reading);
    const auto id = reading.strength >= kFound ? decode(reading, bits) : std::nullopt;
    if (id) out = Watermark{*id, reading.strength, scale, bits};
    return id.has_value();
  });
  return out;
}

Watermark read_watermark(const Image& picture) {
  Watermark best;
  read_scales(picture, [&](const Reading& reading, double scale) {
    if (reading.strength > best.strength) {
      const uint64_t bits = signs(reading);
      best = {static_cast<uint32_t>(bits >> 16), reading.strength, scale, bits};
    }
    return false;
  });
  return best;
}

}  // namespace ptah
