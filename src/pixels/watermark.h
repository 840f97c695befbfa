// An invisible watermark: 32 bits spread over a picture, which outlive JPEG, half the size and a crop of a quarter.
#pragma once

#include <cstdint>
#include <optional>

#include "media/image.h"

namespace ptah {

/// Adds a periodic pattern (128 × 128 pixels) to the luminance of what is not transparent, with a standard deviation of 2 of 255 (41 dB or more).
/// It is the sum of one known pattern, by which it is found, and 48 more, each for one bit of `id` and of its CRC-16: band-limited noise (periods of 5 to 21
/// pixels), orthogonal to each other. The same picture and id give the same pixels. (Spread spectrum: Cox et al., "Secure spread spectrum watermarking for
/// multimedia", 1997; a periodic tile for crops: Kutter, "Watermarking resistant to translation, rotation and scaling", 1998.)
Image with_watermark(Image picture, uint32_t id);

struct Watermark {
  uint32_t id = 0;
  double strength = 0;  ///< mean size of a bit's correlation in standard deviations of the noise; 0.8 where there is none
  double scale = 1;     ///< size of what was found to what was marked
  uint64_t bits = 0;    ///< the 48 as they were read
};
/// Looks for one at several scales, at every offset. Errors are mended if they are few. A picture without one is taken for marked less than once in 10^6.
std::optional<Watermark> find_watermark(const Image& picture);
/// The best guess, whether or not it counts as found (for measuring).
Watermark read_watermark(const Image& picture);
/// The 48 bits that stand for an id.
uint64_t watermark_bits(uint32_t id);

}  // namespace ptah
