#include "media/sound/sound_watermark.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <numbers>

#include "base/philox.h"
#include "media/sound/sound_rate.h"

namespace ptah {

namespace {

constexpr size_t kSpectrum = 1024, kStep = kSpectrum / 2, kPeriod = 32, kFirstBin = 21, kBins = 277;
constexpr size_t kAround = 2;  ///< bins on each side whose mean is what a bin is compared with
constexpr size_t kLongestLook = size_t{60} * kMarkedRate, kShortestLook = size_t{2} * kMarkedRate;
constexpr double kDecibels = 0.8, kLoudest = 0.7, kQuiet = 0.02;
constexpr size_t kPlaces = 4;  ///< within a step
constexpr uint64_t kPatternSeed = 0x50746168;

using Spectrum = std::array<std::complex<double>, kSpectrum>;

struct Tables {
  std::array<double, kSpectrum> window;
  std::array<std::complex<double>, kSpectrum / 2> roots;
  std::array<std::array<int8_t, kBins>, kPeriod> signs;

  Tables() {
    for (size_t i = 0; i < kSpectrum; ++i) window[i] = std::sqrt(0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(i) / kSpectrum));
    for (size_t i = 0; i < roots.size(); ++i) roots[i] = std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(i) / kSpectrum);
    Random random(kPatternSeed);
    for (auto& row : signs)
      for (int8_t& sign : row) sign = static_cast<int8_t>(random.below(2) == 0 ? -1 : 1);
  }
};

const Tables& sound_tables() {
  static const Tables tables;
  return tables;
}

/// In place (Cooley and Tukey 1965); the inverse is not divided by its length.
void transform(Spectrum& x, bool inverse) {
  for (size_t i = 1, j = 0; i < kSpectrum; ++i) {
    size_t bit = kSpectrum >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(x[i], x[j]);
  }
  const auto& roots = sound_tables().roots;
  for (size_t length = 2; length <= kSpectrum; length *= 2)
    for (size_t begin = 0; begin < kSpectrum; begin += length)
      for (size_t k = 0; k < length / 2; ++k) {
        const std::complex<double> root = roots[k * (kSpectrum / length)], turned = x[begin + k + length / 2] * (inverse ? std::conj(root) : root);
        x[begin + k + length / 2] = x[begin + k] - turned;
        x[begin + k] += turned;
      }
}

/// A row for each spectrum: how far the logarithm of each bin is from the mean of those around it, nothing where the sound is silent.
std::vector<std::array<float, kBins>> marks_of(std::span<const float> sound) {
  constexpr size_t kWide = kBins + 2 * kAround;
  const Tables& tables = sound_tables();
  std::vector<std::array<float, kBins>> out;
  std::vector<double> loudness;
  for (size_t at = 0; at + kSpectrum <= sound.size(); at += kStep) {
    Spectrum x;
    for (size_t i = 0; i < kSpectrum; ++i) x[i] = static_cast<double>(sound[at + i]) * tables.window[i];
    transform(x, false);
    std::array<double, kWide> heights{};
    double sum = 0;
    for (size_t i = 0; i < kWide; ++i) {
      const double magnitude = std::abs(x[kFirstBin - kAround + i]);
      heights[i] = std::log(magnitude + 1e-6);
      sum += magnitude;
    }
    loudness.push_back(sum);
    auto& row = out.emplace_back();
    for (size_t i = 0; i < kBins; ++i) {
      double mean = 0;
      for (size_t k = 1; k <= kAround; ++k) mean += heights[i + kAround - k] + heights[i + kAround + k];
      row[i] = static_cast<float>(std::clamp(heights[i + kAround] - mean / (2 * kAround), -kLoudest, kLoudest));
    }
  }
  double squares = 0;
  for (const double value : loudness) squares += value * value;
  const double min_loudness = kQuiet * std::sqrt(squares / static_cast<double>(std::max<size_t>(1, loudness.size())));
  for (size_t t = 0; t < out.size(); ++t)
    if (loudness[t] <= min_loudness) out[t].fill(0);
  return out;
}

}  // namespace

SoundMarker::SoundMarker() : waiting_(kStep, 0.0F), overlap_(kStep, 0.0F) {}

void SoundMarker::mark_next(std::vector<float>& out, size_t max_samples) {
  static const double kLouder = std::pow(10.0, kDecibels / 20), kQuieter = 1 / kLouder;
  const Tables& tables = sound_tables();
  Spectrum x;
  for (size_t i = 0; i < kSpectrum; ++i) x[i] = static_cast<double>(waiting_[i]) * tables.window[i];
  transform(x, false);
  const auto& signs = tables.signs[spectra_++ % kPeriod];
  for (size_t i = 0; i < kBins; ++i) {
    const double factor = signs[i] > 0 ? kLouder : kQuieter;
    x[kFirstBin + i] *= factor;
    x[kSpectrum - kFirstBin - i] *= factor;
  }
  transform(x, true);
  const auto sample = [&](size_t i) { return static_cast<float>(x[i].real() / kSpectrum * tables.window[i]); };
  const bool first = spectra_ == 1;  // half of it stands before the beginning
  for (size_t i = 0; i < kStep; ++i) {
    if (!first && max_samples > 0) {
      out.push_back(overlap_[i] + sample(i));
      --max_samples, ++out_;
    }
    overlap_[i] = sample(kStep + i);
  }
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(kStep));
}

void SoundMarker::add(std::span<const float> sound, std::vector<float>& out) {
  in_ += sound.size();
  waiting_.insert(waiting_.end(), sound.begin(), sound.end());
  while (waiting_.size() >= kSpectrum) mark_next(out, kStep);
}

void SoundMarker::end(std::vector<float>& out) {
  while (out_ < in_) {
    waiting_.resize(std::max(waiting_.size(), kSpectrum), 0.0F);
    mark_next(out, static_cast<size_t>(in_ - out_));
  }
  *this = SoundMarker();
}

SoundMark find_sound_mark(std::span<const float> sound, int64_t rate) {
  SoundMark best;
  if (rate < 1) return best;
  sound = sound.first(std::min(sound.size(), static_cast<size_t>(static_cast<double>(kLongestLook) * static_cast<double>(rate) / kMarkedRate)));
  const std::vector<float> heard = resampled(sound, rate, kMarkedRate);
  if (heard.size() < kShortestLook) return best;
  const auto& signs = sound_tables().signs;
  for (size_t place = 0; place < kPlaces; ++place) {
    const auto rows = marks_of(std::span(heard).subspan(place * kStep / kPlaces));
    std::array<double, kPeriod> sums{};
    double squares = 0;
    for (size_t t = 0; t < rows.size(); ++t) {
      for (size_t i = 0; i < kBins; ++i) squares += static_cast<double>(rows[t][i]) * static_cast<double>(rows[t][i]);
      for (size_t shift = 0; shift < kPeriod; ++shift) {
        const auto& row = signs[(t + shift) % kPeriod];
        float sum = 0;
        for (size_t i = 0; i < kBins; ++i) sum += rows[t][i] * static_cast<float>(row[i]);
        sums[shift] += static_cast<double>(sum);
      }
    }
    for (const double sum : sums) best.strength = std::max(best.strength, sum / std::sqrt(squares + 1e-9));
  }
  return best;
}

}  // namespace ptah
