#include "media/sound/sound_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "base/error.h"
#include "base/parallel.h"

namespace ptah {

namespace {

constexpr double kPi = std::numbers::pi, kCrossings = 16;  ///< of zero, on each side

double sinc(double x) { return std::abs(x) < 1e-9 ? 1.0 : std::sin(kPi * x) / (kPi * x); }

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

}  // namespace ptah
