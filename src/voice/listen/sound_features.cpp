#include "voice/listen/sound_features.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/parallel.h"
#include "tensor/ops.h"

namespace ptah {

namespace {

constexpr double kPi = std::numbers::pi;
constexpr int64_t kWindow = 400, kHop = 160, kRate = 16000, kBins = kWindow / 2 + 1;

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
