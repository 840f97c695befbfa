// A field of densities and colours: features of three planes, read bilinearly and decoded by a small network (a neural radiance field over a triplane: Chan et
// al. 2022; no direction of view).
#pragma once

#include <span>

#include "geometry/mesh.h"
#include "shape/reconstruction/reconstruction_config.h"

namespace ptah {

/// The layers that decode; shared by the fields of all pictures.
struct FieldDecoder {
  std::vector<Linear> layers;  ///< the first reads features, the last gives a density and a colour, before their activations
  Activation activation = Activation::silu;

  FieldDecoder() = default;
  /// `scope` holds layers.0, layers.2, ….
  FieldDecoder(const Scope& scope, const ReconstructionShape& shape, const ReconstructionConfig& config);
};

/// The field of one picture. Computes in f32.
class TriplaneField {
 public:
  /// Planes f32 [3, h, w, features]: xy, xz and yz in the model's axes, the first axis along a row.
  TriplaneField(const FieldDecoder& decoder, const ReconstructionConfig& config, const Tensor& planes);

  /// Points within (−radius, radius), in the model's axes (x towards the viewer, y to the viewer's right, z up) → f32 [points, 4]: density and colour before
  /// bias and activations. A point's numbers depend on how many points there are at once only by rounding.
  Tensor at_model(std::span<const Vec3> points) const;
  /// The same in the axes of meshes: +Y up, front +Z.
  Tensor at(std::span<const Vec3> points) const;
  float radius() const { return config_.radius; }
  const ReconstructionConfig& config() const { return config_; }

  static constexpr int64_t kBatch = 8192;  ///< points that are decoded at once: as many as stay in the second cache

 private:
  Tensor decoded(std::span<const Vec3> points) const;

  const FieldDecoder& decoder_;
  ReconstructionConfig config_;
  Tensor planes_;  ///< [3, h, w, neurons]: the first layer is linear, as is reading, so that it is applied to the planes, without its bias
};

/// Colour from the last three numbers of a point: sRGB, 0 to 1.
Vec3 field_colour(const float* numbers);

}  // namespace ptah
