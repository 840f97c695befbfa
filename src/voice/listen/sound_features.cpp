#include "voice/listen/sound_features.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "base/parallel.h"
#include "tensor/ops.h"

namespace ptah {

namespace {

constexpr double kPi = std::numbers::pi;
constexpr int64_t kWindow = 400, kHop = 160, kRate = 16000, kBins = kWindow / 2 + 1;
constexpr double kCrossings = 16;  ///< of zero, on each side

double sinc(double x) { return std::abs(x) < 1e-9 ? 1.0 : std::sin(kPi * x) / (kPi * x); }

/// Cosines, then sines, of each bin: [2 · bins, window], times the Hann window.
Tensor fourier_basis() {
  Tensor out = Tensor::empty({2 * kBins, kWindow});
  float* to = out.data<float>();
  for (int64_t bin = 0; to && bin < kBins; ++bin)
    for (int64_t i = 0; i < kWindow; ++i) {
      const double angle = 2 * kPi * static_cast<double>(bin * i % kWindow) / kWindow,
                   window = 0.5 - 0.5 * std::cos(2 * kPi * static_cast<double>(i) / kWindow);
      to[bin * kWindow + i] = static_cast<float>(window * std::cos(angle));
      to[(kBins + bin) * kWindow + i] = static_cast<float>(window * std::sin(angle));
    }
  return out;
}

/// Hertz of a place on Slaney's mel scale: straight below 1,000 Hz, logarithmic
/// above (Slaney 1998, Auditory Toolbox).
double slaney_hertz(double mel) {
  constexpr double kStep = 200.0 / 3, kTurn = 1000 / kStep;
  return mel < kTurn ? mel * kStep : 1000 * std::exp(std::log(6.4) / 27 * (mel - kTurn));
}

/// Triangles of equal area: [mels, bins].
Tensor mel_bands(int64_t mels) {
  std::vector<double> edges;
  const double highest = 1000 / (200.0 / 3) + std::log(kRate / 2 / 1000.0) / (std::log(6.4) / 27);
  for (int64_t i = 0; i < mels + 2; ++i) edges.push_back(slaney_hertz(highest * static_cast<double>(i) / static_cast<double>(mels + 1)));
  Tensor out = Tensor::zeros({mels, kBins});
  float* to = out.data<float>();
  for (int64_t band = 0; to && band < mels; ++band) {
    const double low = edges[static_cast<size_t>(band)], mid = edges[static_cast<size_t>(band + 1)], high = edges[static_cast<size_t>(band + 2)];
    for (int64_t bin = 0; bin < kBins; ++bin) {
      const double hertz = static_cast<double>(bin) * kRate / kWindow, height = std::min((hertz - low) / (mid - low), (high - hertz) / (high - mid));
      to[band * kBins + bin] = static_cast<float>(std::max(0.0, height) * 2 / (high - low));
    }
  }
  return out;
}

}  // namespace

std::vector<float> resampled(std::span<const float> sound, int64_t rate, int64_t wanted_rate) {
  PTAH_CHECK(rate > 0 && wanted_rate > 0, "{} samples a second", rate);
  if (rate == wanted_rate) return {sound.begin(), sound.end()};
  const int64_t common = std::gcd(rate, wanted_rate), up = wanted_rate / common, down = rate / common;
  const double cutoff = std::min(1.0, static_cast<double>(wanted_rate) / static_cast<double>(rate)), half = kCrossings / cutoff;
  const auto reach = static_cast<int64_t>(std::ceil(half)), count = static_cast<int64_t>(sound.size());
  const int64_t taps = 2 * reach + 1;
  // One set of taps for each place between two samples that occurs.
  std::vector<float> table(static_cast<size_t>(up * taps));
  parallel_for(up, taps * 40, [&](int64_t begin, int64_t end) {
    for (int64_t phase = begin; phase < end; ++phase)
      for (int64_t k = 0; k < taps; ++k) {
        const double x = static_cast<double>(k - reach) - static_cast<double>(phase) / static_cast<double>(up);
        const double window = std::abs(x) < half ? 0.5 + 0.5 * std::cos(kPi * x / half) : 0.0;
        table[static_cast<size_t>(phase * taps + k)] = static_cast<float>(cutoff * sinc(cutoff * x) * window);
      }
  });
  std::vector<float> out(static_cast<size_t>(count * up / down));
  parallel_for(static_cast<int64_t>(out.size()), taps, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t at = i * down / up, phase = i * down % up;
      const float* weights = table.data() + phase * taps;
      float sum = 0;
      for (int64_t k = std::max<int64_t>(0, reach - at); k < std::min(taps, count - at + reach); ++k)
        sum += weights[k] * sound[static_cast<size_t>(at + k - reach)];
      out[static_cast<size_t>(i)] = sum;
    }
  });
  return out;
}

std::vector<float> one_channel(std::span<const float> sound, int64_t channels) {
  PTAH_CHECK(channels > 0, "a sound of {} channels", channels);
  std::vector<float> out(sound.size() / static_cast<size_t>(channels));
  for (size_t i = 0; i < out.size(); ++i) {
    float sum = 0;
    for (int64_t c = 0; c < channels; ++c) sum += sound[i * static_cast<size_t>(channels) + static_cast<size_t>(c)];
    out[i] = sum / static_cast<float>(channels);
  }
  return out;
}

Tensor log_mel(std::span<const float> sound, int64_t mels) {
  const int64_t count = static_cast<int64_t>(sound.size()), padded = count + kHop, frames = padded / kHop, half = kWindow / 2;
  // Reflected at its beginning and, behind the hop of silence, at its end.
  const auto at = [&](int64_t i) {
    i = std::abs(i);
    if (i >= padded) i = std::max<int64_t>(0, 2 * (padded - 1) - i);
    return i < count ? sound[static_cast<size_t>(i)] : 0.0F;
  };
  static const Tensor basis = fourier_basis();
  const Tensor bands = mel_bands(mels);
  constexpr int64_t kTogether = 3000;  // frames at a time: an hour of sound is long
  Tensor out = Tensor::empty({frames, mels});
  float highest = -10;
  for (int64_t first = 0; first < frames; first += kTogether) {
    const int64_t rows = std::min(kTogether, frames - first);
    Tensor windows = Tensor::empty({rows, kWindow});
    float* to = windows.data<float>();
    parallel_for(rows, kWindow, [&](int64_t begin, int64_t end) {
      for (int64_t t = begin; t < end; ++t)
        for (int64_t i = 0; i < kWindow; ++i) to[t * kWindow + i] = at((first + t) * kHop + i - half);
    });
    const Tensor spectrum = square(linear(windows, basis));
    const Tensor power = add(slice(spectrum, 1, 0, kBins), slice(spectrum, 1, kBins, 2 * kBins));
    const Tensor heights = linear(power, bands);
    for (int64_t i = 0; !DryRun::active() && i < rows * mels; ++i) {
      const float value = std::log10(std::max(heights.data<float>()[i], 1e-10F));
      out.data<float>()[first * mels + i] = value;
      highest = std::max(highest, value);
    }
  }
  for (int64_t i = 0; !DryRun::active() && i < frames * mels; ++i) out.data<float>()[i] = (std::max(out.data<float>()[i], highest - 8) + 4) / 4;
  return out;
}

}  // namespace ptah
