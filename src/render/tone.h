// From light to display: a curve that keeps colours and bends highlights, then sRGB.
#pragma once

#include "media/srgb.h"
#include "render/reflectance.h"

namespace ptah {

/// Khronos' PBR Neutral: linear light, where 1 is white, to linear display values from 0 to 1.
inline Rgb tone_mapped(Rgb colour) {
  constexpr float kStart = 0.8F - 0.04F, kDesaturation = 0.15F;
  const float smallest = std::min({colour[0], colour[1], colour[2]}), offset = smallest < 0.08F ? smallest - 6.25F * smallest * smallest : 0.04F;
  for (float& value : colour) value -= offset;
  const float peak = std::max({colour[0], colour[1], colour[2]});
  if (peak < kStart) return colour;
  const float room = 1 - kStart, top = 1 - room * room / (peak + room - kStart), grey = 1 - 1 / (kDesaturation * (peak - top) + 1);
  for (float& value : colour) value = value * (top / peak) * (1 - grey) + top * grey;
  return colour;
}

inline uint8_t srgb_byte(float linear) { return static_cast<uint8_t>(std::clamp(srgb_of(linear) * 255 + 0.5F, 0.0F, 255.0F)); }

inline float linear_of_byte(uint8_t byte) { return linear_of(static_cast<float>(byte) / 255); }

}  // namespace ptah
