#include <algorithm>
#include <cmath>

#include "media/append_value.h"
#include "media/deflate.h"
#include "media/splat/splat_checks.h"

namespace ptah {

namespace {

uint8_t to_spz_byte(float value) { return static_cast<uint8_t>(std::clamp(std::round(value), 0.0F, 255.0F)); }

/// As many bits behind the point as leave room for the largest coordinate in 24 bits.
int fraction_bits(const std::vector<Splat>& splats) {
  float largest = 1e-6F;
  for (const Splat& s : splats)
    for (const float value : s.at) largest = std::max(largest, std::abs(value));
  return std::clamp(22 - static_cast<int>(std::ceil(std::log2(largest))), 0, 20);
}

}  // namespace

Result<Bytes> encode_splat_spz(const std::vector<Splat>& splats) {
  PTAH_TRY_VOID(check_splats(splats));
  if (splats.size() > 10'000'000) return fail(ErrorCode::unsupported, "{} splats are more than a .spz file holds", splats.size());
  constexpr uint32_t kMagic = 0x5053474e, kVersion = 2;
  constexpr float kColourScale = 0.15F * 255;
  const int bits = fraction_bits(splats);
  Bytes out;
  append_value(out, kMagic);
  append_value(out, kVersion);
  append_value(out, static_cast<uint32_t>(splats.size()));
  append_value(out, std::array<uint8_t, 4>{1, static_cast<uint8_t>(bits), 0, 0});
  for (const Splat& s : splats)
    for (const float value : s.at) {
      const auto whole = static_cast<uint32_t>(static_cast<int32_t>(std::clamp(std::round(std::ldexp(value, bits)), -8388608.0F, 8388607.0F)));
      for (int k = 0; k < 3; ++k) out.push_back(static_cast<uint8_t>(whole >> (8 * k)));
    }
  for (const Splat& s : splats) out.push_back(to_spz_byte(s.opacity * 255));
  for (const Splat& s : splats)
    for (const float value : s.harmonics[0]) out.push_back(to_spz_byte(value * kColourScale + 127.5F));
  for (const Splat& s : splats)
    for (const float value : s.scale) out.push_back(to_spz_byte((std::log(std::max(value, 1e-9F)) + 10) * 16));
  for (const Splat& s : splats)
    for (size_t k = 0; k < 3; ++k) out.push_back(to_spz_byte(s.turn[k] * (s.turn[3] < 0 ? -127.5F : 127.5F) + 127.5F));
  for (const Splat& s : splats)
    for (size_t k = 1; k < 4; ++k)
      for (const float value : s.harmonics[k]) out.push_back(to_spz_byte(std::round(value * 16) * 8 + 128));
  return deflated(out, DeflateWrapping::gzip, "spz");
}

}  // namespace ptah
