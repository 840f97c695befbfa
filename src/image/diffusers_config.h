// config.json of diffusers' U-Nets, controlling networks, autoencoders and transformers, read as our networks' configurations. Every key stands in one of these
// tables (weights/config_keys.h); keys that the weights decide too are held against them.
#pragma once

#include "image/diffusers_names.h"
#include "image/joint_transformer.h"
#include "image/kl_autoencoder.h"
#include "image/unet.h"
#include "weights/config_keys.h"

namespace ptah {

ConfigTable unet_keys();
ConfigTable control_keys();
ConfigTable autoencoder_keys();
ConfigTable joint_transformer_keys();

/// What a U-Net's or transformer's file says besides the network itself.
struct DenoiserExtent {
  int64_t sample_size = 0;     ///< edge of the latents it was trained on; 0: not said
  int64_t label_features = 0;  ///< sinusoids of each number in a label; 0: not said
};

/// `tensors` under diffusers' names. Errors: corrupt (a value of another type), unsupported (naming the key, the value found and those supported), mismatch (a
/// key and the weights do not agree). Unknown keys are added to `warnings`.
Result<UnetConfig> unet_config(const Config& config, const NamedTensors& tensors, DenoiserExtent& extent, std::vector<std::string>& warnings);
/// Of a network that controls a U-Net.
Result<UnetConfig> control_config(const Config& config, const NamedTensors& tensors, std::vector<std::string>& warnings);
Result<JointTransformerConfig> joint_transformer_config(const Config& config, const NamedTensors& tensors, DenoiserExtent& extent,
                                                        std::vector<std::string>& warnings);

/// How latents are scaled for the network that draws: (latents − shift) · scale.
struct LatentRange {
  double scale = 0.18215, shift = 0;
};
/// Tensors that the file leaves out of the network (use_quant_conv: false) are erased from `tensors`.
Result<KlAutoencoderConfig> autoencoder_config(const Config& config, NamedTensors& tensors, LatentRange& scale, std::vector<std::string>& warnings);

}  // namespace ptah
