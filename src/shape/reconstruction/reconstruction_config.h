// What config.yaml says of a model that reconstructs objects from one picture, in the layout of TripoSR (Tochilkin et al. 2024, "TripoSR: Fast 3D Object
// Reconstruction from a Single Image"; a large reconstruction model after Hong et al. 2023).
#pragma once

#include <string>
#include <vector>

#include "nn/layers.h"
#include "weights/config_keys.h"

namespace ptah {

/// What makes a density of a number of the field.
enum class DensityActivation : uint8_t { exp, softplus };

/// What the weights do not say. The defaults are the published model's.
struct ReconstructionConfig {
  int64_t picture_size = 512;  ///< edge of the picture that the model looks at, in pixels
  int64_t heads = 16;          ///< of the transformer that makes the planes
  int64_t groups = 32;         ///< of its first norm
  Activation activation = Activation::silu;
  bool mean = false;     ///< the field sees the mean of the three planes; else all three side by side
  float radius = 0.87F;  ///< the field's cube reaches from −radius to radius
  DensityActivation density = DensityActivation::exp;
  float density_bias = -1;  ///< added before the activation

  /// The number of the field, before the bias, whose density is `density` (above 0).
  float before_activation(float density_wanted) const;
};

/// Reads and checks a configuration (config.yaml as JSON, `file` for the messages) against the weights: every key is used, known to be harmless, or refused;
/// keys that nobody knows come as warnings. Without a configuration (`config.json` empty) everything is as in the published model, and the weights must agree.
/// Errors: unsupported and mismatch, naming file, key and values; corrupt for values of another type or out of range.
Result<ReconstructionConfig> reconstruction_config(const Config& config, Weights& weights, std::vector<std::string>& warnings);

/// Extents that the weights have. Throws Failure (mismatch, corrupt) for tensors that are missing or absurd.
struct ReconstructionShape {
  int64_t picture_width = 0, picture_layers = 0, picture_hidden = 0, patch = 0, positions = 0;  ///< of the vision transformer
  int64_t plane = 0, channels = 0;                                                              ///< learnt tokens: three planes of plane × plane
  int64_t width = 0, layers = 0, hidden = 0;                                                    ///< of the transformer that makes the planes
  bool attention_bias = false;
  int64_t features = 0;                   ///< of a place of a plane after it
  int64_t neurons = 0, field_layers = 0;  ///< of the field; field_layers before the last one
};
ReconstructionShape reconstruction_shape(Weights& weights);

}  // namespace ptah
