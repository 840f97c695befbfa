// Pictures whose light has no upper limit: Radiance (.hdr, RGBE) in and out, OpenEXR (.exr) in.
#pragma once

#include <array>
#include <span>

#include "base/error.h"
#include "base/file.h"

namespace ptah {

/// Linear light in the primaries of sRGB, rows from the top. Never negative, never infinite.
struct HdrImage {
  int64_t width = 0, height = 0;
  std::vector<std::array<float, 3>> pixels;
  const std::array<float, 3>& at(int64_t x, int64_t y) const { return pixels[static_cast<size_t>(y * width + x)]; }
  std::array<float, 3>& at(int64_t x, int64_t y) { return pixels[static_cast<size_t>(y * width + x)]; }
};

/// Largest edge and pixel count that is decoded (384 MiB), and the largest file.
constexpr int64_t kMaxHdrEdge = 16384, kMaxHdrPixels = int64_t{1} << 25;
constexpr size_t kMaxHdrBytes = size_t{512} << 20;

/// Radiance or OpenEXR, by the first bytes. Errors: corrupt for broken files and those that are cut off; unsupported for other formats, pictures over the
/// limits, deep data, XYZE. The limits are checked before anything of the picture's size is allocated.
Result<HdrImage> decode_hdr(std::span<const uint8_t> bytes);
/// The format of Ward's Radiance ("#?RADIANCE", RGBE), flat or with either run-length form, rows from the top or from the bottom.
Result<HdrImage> decode_radiance(std::span<const uint8_t> bytes);
/// The first part of an OpenEXR file, R, G and B or luminance alone, with any of its compressions.
Result<HdrImage> decode_exr(std::span<const uint8_t> bytes);

/// Radiance with the run-length form for every row. Each channel is within 1/256 of the largest of its pixel. The same picture gives the same bytes. Errors:
/// invalid_argument for pictures without pixels or over the limits.
Result<Bytes> encode_radiance(const HdrImage& picture);

/// The shared exponent of RGBE, and back.
std::array<uint8_t, 4> rgbe_of(const std::array<float, 3>& rgb);
std::array<float, 3> rgb_of(const std::array<uint8_t, 4>& rgbe);

/// The picture at half its size each way (areas averaged); odd edges round up.
HdrImage halved(const HdrImage& picture);

}  // namespace ptah
