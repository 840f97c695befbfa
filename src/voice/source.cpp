#include "voice/source.h"

#include <cmath>
#include <numbers>

#include "base/parallel.h"

namespace ptah {

namespace {

constexpr double kTurn = 2 * std::numbers::pi;
constexpr float kVoicedHz = 10, kSineHeight = 0.1F;
constexpr double kEmpty = 1e-6;

std::vector<double> hann(int64_t size) {
  std::vector<double> out(static_cast<size_t>(size));
  for (int64_t i = 0; i < size; ++i) out[static_cast<size_t>(i)] = 0.5 - 0.5 * std::cos(kTurn * static_cast<double>(i) / static_cast<double>(size));
  return out;
}

/// Cosines and sines of all products of a bin and a sample, [size / 2 + 1, size].
struct Basis {
  explicit Basis(int64_t size) : cosines(static_cast<size_t>((size / 2 + 1) * size)), sines(cosines.size()) {
    for (int64_t bin = 0; bin <= size / 2; ++bin)
      for (int64_t i = 0; i < size; ++i) {
        const double angle = kTurn * static_cast<double>(bin * i % size) / static_cast<double>(size);
        cosines[static_cast<size_t>(bin * size + i)] = std::cos(angle);
        sines[static_cast<size_t>(bin * size + i)] = std::sin(angle);
      }
  }
  std::vector<double> cosines, sines;
};

}  // namespace

std::vector<float> harmonic_source(const std::vector<float>& pitch, int64_t frame, int64_t rate, const Tensor& weights, float bias) {
  const int64_t frames = static_cast<int64_t>(pitch.size()), harmonics = weights.elements();
  // Turns of the fundamental up to the middle of each frame; between two middles the phase goes straight.
  std::vector<double> turns(pitch.size());
  double sum = 0;
  for (size_t i = 0; i < pitch.size(); ++i) turns[i] = sum += static_cast<double>(pitch[i]) * static_cast<double>(frame) / static_cast<double>(rate);
  std::vector<float> out(static_cast<size_t>(frames * frame));
  const float* weight = weights.data<float>();
  parallel_for(frames, frame * harmonics * 20, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * frame; i < end * frame; ++i) {
      const double at = std::max((static_cast<double>(i) + 0.5) / static_cast<double>(frame) - 0.5, 0.0);
      const auto low = static_cast<int64_t>(at), high = std::min(low + 1, frames - 1);
      const double part = at - static_cast<double>(low);
      const double turn = turns[static_cast<size_t>(low)] * (1 - part) + turns[static_cast<size_t>(high)] * part;
      float value = bias;
      if (pitch[static_cast<size_t>(i / frame)] > kVoicedHz)
        for (int64_t h = 0; h < harmonics; ++h) {
          const double phase = turn * static_cast<double>(h + 1);
          value += weight[h] * kSineHeight * static_cast<float>(std::sin(kTurn * (phase - std::floor(phase))));
        }
      out[static_cast<size_t>(i)] = std::tanh(value);
    }
  });
  return out;
}

Tensor spectrum_of(const std::vector<float>& sound, int64_t size) {
  const int64_t hop = size / 4, bins = size / 2 + 1, half = size / 2, count = static_cast<int64_t>(sound.size()), frames = count / hop + 1;
  PTAH_CHECK(count > half, "a sound of {} samples is too short for a spectrum", count);
  Tensor out = Tensor::empty({frames, 2 * bins});
  float* to = out.data<float>();
  const std::vector<double> window = hann(size);
  const Basis basis(size);
  parallel_for(frames, size * bins * 2, [&](int64_t begin, int64_t end) {
    std::vector<double> part(static_cast<size_t>(size));
    for (int64_t f = begin; f < end; ++f) {
      for (int64_t i = 0; i < size; ++i) {
        int64_t at = std::abs(f * hop + i - half);
        if (at >= count) at = 2 * (count - 1) - at;
        part[static_cast<size_t>(i)] = static_cast<double>(sound[static_cast<size_t>(at)]) * window[static_cast<size_t>(i)];
      }
      for (int64_t bin = 0; bin < bins; ++bin) {
        double re = 0, im = 0;
        for (int64_t i = 0; i < size; ++i) {
          re += part[static_cast<size_t>(i)] * basis.cosines[static_cast<size_t>(bin * size + i)];
          im -= part[static_cast<size_t>(i)] * basis.sines[static_cast<size_t>(bin * size + i)];
        }
        if (bin == 0 || bin == half) im = 0;
        const double height = std::sqrt(re * re + im * im);
        to[f * 2 * bins + bin] = static_cast<float>(height);
        // Of a frame without voice nearly all bins are empty: their phases would be rounding errors.
        to[f * 2 * bins + bins + bin] = height < kEmpty ? 0.0F : static_cast<float>(std::atan2(im, re));
      }
    }
  });
  return out;
}

std::vector<float> sound_of(const Tensor& spectrum, int64_t size) {
  const int64_t hop = size / 4, bins = size / 2 + 1, half = size / 2, frames = spectrum.dim(0), count = (frames - 1) * hop;
  PTAH_CHECK(spectrum.dim(1) == 2 * bins, "a spectrum {} of frames of {} samples", spectrum.shape().str(), size);
  std::vector<float> out(static_cast<size_t>(count));
  const std::vector<double> window = hann(size);
  const Basis basis(size);
  std::vector<float> parts(static_cast<size_t>(frames * size));
  const float* from = spectrum.data<float>();
  parallel_for(frames, size * bins * 2, [&](int64_t begin, int64_t end) {
    std::vector<double> re(static_cast<size_t>(bins)), im(static_cast<size_t>(bins));
    for (int64_t f = begin; f < end; ++f) {
      for (int64_t bin = 0; bin < bins; ++bin) {
        const double height = from[f * 2 * bins + bin], phase = from[f * 2 * bins + bins + bin], twice = bin == 0 || bin == half ? 1 : 2;
        re[static_cast<size_t>(bin)] = twice * height * std::cos(phase);
        im[static_cast<size_t>(bin)] = twice * height * std::sin(phase);
      }
      for (int64_t i = 0; i < size; ++i) {
        double sum = 0;
        for (int64_t bin = 0; bin < bins; ++bin)
          sum += re[static_cast<size_t>(bin)] * basis.cosines[static_cast<size_t>(bin * size + i)] -
                 im[static_cast<size_t>(bin)] * basis.sines[static_cast<size_t>(bin * size + i)];
        parts[static_cast<size_t>(f * size + i)] = static_cast<float>(sum / static_cast<double>(size) * window[static_cast<size_t>(i)]);
      }
    }
  });
  parallel_for(count, 16, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t at = i + half, last = std::min(at / hop, frames - 1);
      double sum = 0, weight = 0;
      for (int64_t f = std::max<int64_t>(0, (at - size) / hop); f <= last; ++f) {
        const int64_t within = at - f * hop;
        if (within < 0 || within >= size) continue;
        sum += static_cast<double>(parts[static_cast<size_t>(f * size + within)]);
        weight += window[static_cast<size_t>(within)] * window[static_cast<size_t>(within)];
      }
      out[static_cast<size_t>(i)] = static_cast<float>(sum / weight);
    }
  });
  return out;
}

}  // namespace ptah
