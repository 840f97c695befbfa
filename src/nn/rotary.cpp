#include "nn/rotary.h"

#include <cmath>

#include "base/parallel.h"

namespace ptah {

std::vector<double> rotary_frequencies(int64_t pairs, double base, double scale, std::span<const float> factors) {
  PTAH_CHECK(factors.empty() || static_cast<int64_t>(factors.size()) == pairs, "{} factors for {} frequencies", factors.size(), pairs);
  std::vector<double> out;
  for (int64_t i = 0; i < pairs; ++i) {
    double frequency = std::pow(base, -2 * static_cast<double>(i) / static_cast<double>(2 * pairs));
    frequency /= scale;
    if (!factors.empty()) frequency /= static_cast<double>(factors[static_cast<size_t>(i)]);
    out.push_back(frequency);
  }
  return out;
}

Rotary::Rotary(const std::vector<double>& frequencies, std::span<const int64_t> positions, bool turn_halves) : halves(turn_halves) {
  const auto pairs = static_cast<int64_t>(frequencies.size()), count = static_cast<int64_t>(positions.size());
  cosines = Tensor::empty({count, pairs});
  sines = Tensor::empty({count, pairs});
  if (DryRun::active()) return;
  for (int64_t p = 0; p < count; ++p)
    for (int64_t i = 0; i < pairs; ++i) {
      const double angle = static_cast<double>(positions[static_cast<size_t>(p)]) * frequencies[static_cast<size_t>(i)];
      cosines.data<float>()[p * pairs + i] = static_cast<float>(std::cos(angle));
      sines.data<float>()[p * pairs + i] = static_cast<float>(std::sin(angle));
    }
}

}  // namespace ptah
