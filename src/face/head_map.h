// Places on the head of the data's own mesh (PeopleData::base, decimetres). Every person has the same mesh, so what is said of a place here is true of all.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>

#include "geometry/mesh.h"

namespace ptah {

/// The axis about which the head is unrolled, and the height of its widest ring.
inline constexpr float kHeadAxisZ = 0.55F, kHeadRingY = 7.4F;

inline float smooth_step(float low, float high, float value) {
  const float t = std::clamp((value - low) / (high - low), 0.0F, 1.0F);
  return t * t * (3 - 2 * t);
}
inline float bell(float distance, float width) { return std::exp(-0.5F * (distance / width) * (distance / width)); }

/// About the head's axis: 0 in front, growing to +x, ±π behind.
inline float head_azimuth(const Vec3& p) { return std::atan2(p[0], p[2] - kHeadAxisZ); }

/// Where the skin's texture shows a place: an unrolled cylinder that turns into a ball above the widest ring, with more room in front. u is 0 and 1 behind.
inline Vec2 skin_uv(const Vec3& p) {
  constexpr float kRadius = 1.05F, kBelow = 2.75F, kAbove = kRadius * std::numbers::pi_v<float> / 2;
  const float s = head_azimuth(p) / std::numbers::pi_v<float>, out = std::hypot(p[0], p[2] - kHeadAxisZ);
  const float height = p[1] < kHeadRingY ? p[1] - kHeadRingY : kRadius * std::atan2(p[1] - kHeadRingY, out);
  return {0.5F + 0.5F * (1.35F * s - 0.35F * s * s * s), 1 - (height + kBelow) / (kBelow + kAbove)};
}

/// How much of the scalp a place is, 0 to 1; the hairline runs where it is one half. `receding` moves it back above the temples and the forehead.
inline float scalp_at(const Vec3& p, float receding) {
  struct Point {
    float degrees, height;
  };
  constexpr Point kLine[] = {{0, 8.0F},   {22, 8.03F}, {42, 7.93F},  {58, 7.68F}, {72, 7.40F},  {79, 7.12F},
                             {86, 7.16F}, {92, 7.38F}, {108, 7.36F}, {120, 7.0F}, {138, 6.83F}, {180, 6.72F}};
  const float degrees = std::abs(head_azimuth(p)) * 180 / std::numbers::pi_v<float>;
  float height = kLine[0].height;
  for (size_t i = 0; i + 1 < std::size(kLine); ++i)
    if (degrees >= kLine[i].degrees && degrees <= kLine[i + 1].degrees) {
      const float t = (degrees - kLine[i].degrees) / (kLine[i + 1].degrees - kLine[i].degrees);
      height = kLine[i].height + (kLine[i + 1].height - kLine[i].height) * t * t * (3 - 2 * t);
    }
  if (receding > 0) height += receding * (0.42F * bell(degrees - 38, 16) + 0.2F * bell(degrees, 30));
  // What is above the ears' tops and behind them is hair, the ears themselves are not.
  const bool ear = std::abs(p[0]) > 0.735F && p[1] < 7.40F && p[2] > 0.30F && p[2] < 0.72F;
  return ear ? 0 : smooth_step(-0.06F, 0.06F, p[1] - height);
}

/// How much of an eyebrow a place is, 0 to 1. `thick`: 0 thin, 1 bushy.
inline float eyebrow_at(const Vec3& p, float thick) {
  const float t = (std::abs(p[0]) - 0.105F) / 0.45F;
  if (p[2] < 0.95F || t < -0.06F || t > 1.06F) return 0;
  const float line = 7.435F + 0.075F * std::sin(std::numbers::pi_v<float> * std::clamp(0.12F + 0.72F * t, 0.0F, 1.0F)) - 0.03F * t * t;
  const float half = (0.016F + 0.028F * thick) * (1 - 0.72F * std::clamp(t, 0.0F, 1.0F)) * smooth_step(-0.06F, 0.1F, t);
  return (1 - smooth_step(half * 0.55F, half * 1.35F + 0.004F, std::abs(p[1] - line))) * smooth_step(-0.05F, 0.06F, t) * (1 - smooth_step(0.92F, 1.06F, t));
}

/// Where a beard grows, 0 to 1; a moustache is the part above the mouth.
inline float moustache_at(const Vec3& p) {
  if (p[2] < 1.1F) return 0;
  const float x = std::abs(p[0]), top = 6.83F - 0.25F * x, low = 6.715F - 0.42F * std::max(0.0F, x - 0.1F);
  return smooth_step(low - 0.02F, low + 0.02F, p[1]) * (1 - smooth_step(top - 0.02F, top + 0.025F, p[1])) * (1 - smooth_step(0.27F, 0.36F, x));
}
inline float beard_at(const Vec3& p) {
  const float degrees = std::abs(head_azimuth(p)) * 180 / std::numbers::pi_v<float>, x = std::abs(p[0]);
  // From the sideburns along the jaw to the chin, and a little below it.
  const float top = 6.50F + 0.62F * smooth_step(38, 74, degrees) - 0.04F * bell(degrees - 22, 10);
  float out = (1 - smooth_step(top - 0.03F, top + 0.05F, p[1])) * smooth_step(6.02F, 6.14F, p[1]) * (1 - smooth_step(76, 82, degrees));
  if (p[2] > 1.1F && x < 0.30F) out *= 1 - smooth_step(6.44F, 6.50F, p[1]) * (1 - smooth_step(0.24F, 0.31F, x));
  return std::max(out, moustache_at(p));
}

/// Above the shirt's collar it is positive, below it negative; decimetres.
inline float above_collar(const Vec3& p) {
  const float around = std::atan2(p[0], p[2] - 0.15F);
  return p[1] - (5.56F + 0.34F * (1 - std::cos(around)) / 2);
}
/// The bust ends where this becomes negative.
inline float inside_bust(const Vec3& p) {
  if (p[1] > 5.9F) return 1;
  const float x = p[0] / 2.35F, y = (p[1] - 5.9F) / 1.35F;
  return 1 - x * x - y * y;
}

}  // namespace ptah
