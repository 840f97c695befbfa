// A judge: pictures and prompts as vectors that point the same way when they belong together (contrastive training: Radford et al. 2021).
#pragma once

#include "image/autoencoder.h"

namespace ptah {

struct JudgeConfig {
  int64_t size = 64;  ///< edge of the pictures it looks at; 16 to 512, divisible by 16
  int64_t vocabulary = 0, word_width = 40, vector_width = 128;
  std::vector<int64_t> widths{80, 112, 112};  ///< at size / 4, / 8, / 16
};
Json to_json(const JudgeConfig& config);
/// Errors: corrupt for missing or absurd values.
Result<JudgeConfig> judge_config(const Json& json);

class Judge {
 public:
  Judge(const Scope& scope, const JudgeConfig& config);

  /// Premultiplied RGBA in [−1, 1], [n, h, w, 4] with h = w a multiple of `size` → vectors of length 1, f32 [n, vector_width]. Computes in `type`.
  Tensor pictures(const Tensor& pictures, DType type) const;
  /// Words as ids i32 [n, words], of which `lengths` i32 [n] are there; the first (the start token) does not count. Vectors of length 1, f32.
  Tensor prompts(const Tensor& ids, const Tensor& lengths) const;
  /// What products of vectors are multiplied with before they are probabilities; f32 scalar, learnt, at most 100.
  Tensor sharpness() const;
  const JudgeConfig& config() const { return config_; }

 private:
  JudgeConfig config_;
  Conv2d in_;
  std::vector<Linear> down_;
  std::vector<ResidualBlock> blocks_;
  Linear picture_out_, word_in_, word_out_;
  Tensor words_, log_sharpness_;
};

}  // namespace ptah
