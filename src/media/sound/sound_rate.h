// Sounds at other rates and of other numbers of channels.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ptah {

/// A sound of one channel at another rate, band-limited (a windowed sinc of 32 zero crossings).
std::vector<float> resampled(std::span<const float> sound, int64_t rate, int64_t wanted_rate);
/// The mean of the channels, which lie one after the other at each moment.
std::vector<float> one_channel(std::span<const float> sound, int64_t channels);

}  // namespace ptah
