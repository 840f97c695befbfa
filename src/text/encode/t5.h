// The encoder of T5 (Raffel et al. 2020) in its version 1.1, as Stable Diffusion 3 is conditioned by it.
#pragma once

#include "nn/transformer.h"
#include "nn/weight_binder.h"

namespace ptah {

struct T5Config {
  float eps = 1e-6F;       ///< of the norms
  int64_t farthest = 128;  ///< positions beyond share a bucket
};

class T5Encoder {
 public:
  /// Binds the weights below `prefix` by Hugging Face's names ("shared.weight", "encoder.block.0.layer.0.SelfAttention.q.weight" …); layers, heads and widths
  /// are read off names and shapes. Throws Failure: mismatch, naming what is missing or of another shape.
  T5Encoder(Weights& weights, const std::string& prefix, WeightPacking packing, const T5Config& config = {});

  /// ids i32 [n, tokens] → the last layer's normed states [n, tokens, width], computed in `type`. All tokens see one another, padding too.
  /// Throws Failure: invalid_argument for ids out of range.
  Tensor operator()(const Tensor& ids, DType type) const;

  /// Gives back what was prepared for computing; the next call prepares it again.
  void rest() const;

  int64_t width() const { return embedding_.dim(1); }
  int64_t vocabulary() const { return embedding_.dim(0); }

  /// Which of `buckets` relative positions of key − query fall into: exact near by, logarithmic up to `farthest` (T5's "bidirectional" buckets).
  static int64_t bucket_of(int64_t distance, int64_t buckets, int64_t farthest = 128);

 private:
  struct Layer {
    Norm norm1, norm2;
    Linear query, key, value, out;
    FeedForward inner;
  };
  T5Config config_;
  Tensor embedding_, positions_;
  Norm norm_;
  int64_t heads_ = 1;
  std::vector<Layer> layers_;
};

}  // namespace ptah
