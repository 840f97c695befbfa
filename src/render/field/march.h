// Rays through a radiance field: what they see, and how that changes with the field (volume rendering: Max 1995; exact gradients of its sums).
#pragma once

#include <span>

#include "render/field/radiance_field.h"

namespace ptah {

/// A ray in the axes of the field.
struct FieldRay {
  Vec3 origin, direction;     ///< in metres; of length 1
  float from = 0, to = 1e9F;  ///< the part of it that is looked at, in metres
  float jitter = 0.5F;        ///< where in each step the field is read, 0 to 1
};

/// What a ray sees: colour with the share of light that was stopped (premultiplied), and that share.
struct FieldColour {
  std::array<float, 3> colour{};
  float alpha = 0;
};

/// Length of a step in cells.
inline constexpr float kFieldStep = 0.8F;
/// A ray ends where less light than this goes on.
inline constexpr float kFieldEnd = 1e-3F;

/// What rays see, one a ray. Runs on the calling thread.
void see(const RadianceField& field, std::span<const FieldRay> rays, FieldColour* out);

/// What a ray should see.
struct FieldTarget {
  std::array<float, 3> colour{};  ///< over white
  float alpha = 1;
};

/// How the loss changes with what one step of a ray read.
struct FieldRecord {
  uint32_t slot = 0;             ///< the block of the cell
  uint16_t ray = 0, corner = 0;  ///< of the batch; the lowest corner within the block
  std::array<float, 3> part{};   ///< where in the cell
  std::array<float, 4> slope{};  ///< by red, green, blue and the logarithm of density
};

/// The loss of rays, ‖colour over white − target‖² + alpha_weight · (alpha − target)², summed, and its records behind those of `out`, ray by ray. `first`: the
/// number of the first ray in its batch. Runs on the calling thread.
double differentiate(const RadianceField& field, std::span<const FieldRay> rays, std::span<const FieldTarget> targets, float alpha_weight, uint32_t first,
                     std::vector<FieldRecord>& out);

/// Adds records to the gradients of the lines (as many as the field has), in their order, and notes which lines were touched (a word a block).
void add_gradients(const RadianceField& field, std::span<const FieldRecord> records, std::span<const std::array<float, 4>> ray_harmonics, FieldLine* gradients,
                   uint64_t* touched);

}  // namespace ptah
