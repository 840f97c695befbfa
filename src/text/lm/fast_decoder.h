// The inference form of the decoder: few tokens at a time on plain rows, weights read as they lie, keys and values in pages. It computes what Decoder computes
// (tests hold the one against the other) but for rounding: inputs of quantised weights are rounded to 8 bits, keys and values to the kind of the cache.
#pragma once

#include <vector>

#include "nn/key_value_cache.h"
#include "text/lm/decoder.h"

namespace ptah {

class FastDecoder {
 public:
  /// Reads the layers of `decoder`, which must outlive it; adapters that it gets later are used too.
  explicit FastDecoder(const Decoder& decoder);

  /// Which rows of a pass belong to which cache and position.
  struct Row {
    KeyValueCache* cache;
    int64_t position;
  };
  /// The states after the last norm, f32 [rows, width]; keys and values of the rows are in their caches then. `dense`: the rows follow each other in one cache,
  /// and matrices are dequantised and multiplied densely.
  Tensor states(const std::vector<int32_t>& tokens, const std::vector<Row>& rows, bool dense) const;
  /// Logits of `count` states; always by the kernel that reads the matrix as it lies. In a plan nothing is written.
  void logits(const float* states, int64_t count, float* out) const;

 private:
  /// A linear layer and its weight as kernels read it.
  struct Projection {
    const Linear* layer = nullptr;
    BlockMatrix weight;
    Projection() = default;
    explicit Projection(const Linear& linear) : layer(&linear), weight(linear.defined() ? linear.weight.block_matrix() : BlockMatrix()) {}
    bool defined() const { return layer && layer->defined(); }
  };
  struct Layer {
    Projection query, key, value, joined, out, gate, up, down;
  };
  struct Input;
  struct Pass;

  static void product(const Projection& projection, Input& in, float* y);
  static void dense_product(const BlockMatrix& weight, Input& in, float* y);
  static void add_adapter_term(const LowRank& adapter, const Input& in, int64_t outputs, float* y);
  void embed(Pass& pass, const std::vector<int32_t>& tokens) const;
  void attend(Pass& pass, int64_t layer) const;
  void attend_densely(Pass& pass, int64_t layer) const;
  void feed_forward(Pass& pass, int64_t layer) const;
  void add(Pass& pass, const Norm& after) const;

  const Decoder& net_;
  std::vector<Layer> layers_;
  Projection output_;
  BlockMatrix embedding_, positions_;
};

}  // namespace ptah
