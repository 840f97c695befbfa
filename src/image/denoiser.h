// The latent denoiser: a transformer over 64 picture tokens and the prompt's tokens side by side, modulated by time and the pooled
// prompt (Peebles and Xie 2022; shared modulation with a table a block as in PixArt-α, Chen et al. 2023), trained by flow matching
// (Lipman et al. 2023; Liu et al. 2023).
#pragma once

#include "base/json.h"
#include "nn/transformer.h"

namespace ptah {

struct DenoiserConfig {
  int64_t tokens = 64, channels = 24, width = 384, blocks = 8, heads = 6, text_width = 256;
};
Json to_json(const DenoiserConfig& config);
Result<DenoiserConfig> denoiser_config(const Json& json);

class Denoiser {
 public:
  Denoiser(const Scope& scope, const DenoiserConfig& config);

  /// The velocity noise − picture. latents [batch, tokens, channels] in the dtype to compute in, time f32 [batch] in [0, 1] (1 is noise), text
  /// states [batch, words, text_width], pooled [batch, text_width], lengths i32 [batch]. Result f32 [batch, tokens, channels].
  Tensor operator()(const Tensor& latents, const Tensor& time, const Tensor& text, const Tensor& pooled, const Tensor& lengths) const;
  const DenoiserConfig& config() const { return config_; }

 private:
  struct Block {
    Tensor table;  ///< [6 · width]
    Attention attention;
    FeedForward feed_forward;
  };
  DenoiserConfig config_;
  Linear in_, text_in_, time1_, time2_, pooled_in_, modulation_, out_;
  Tensor positions_, final_table_;
  std::vector<Block> blocks_;
};

}  // namespace ptah
