// Pictures as tokens: the vision transformer (Dosovitskiy et al. 2021) as DINO trained it (Caron et al. 2021), in the naming of transformers' ViTModel.
#pragma once

#include "nn/transformer.h"
#include "shape/reconstruction/reconstruction_config.h"

namespace ptah {

class VisionTransformer {
 public:
  /// `scope` holds embeddings, encoder and layernorm.
  VisionTransformer(const Scope& scope, const ReconstructionShape& shape);

  /// RGB in [0, 1], f32 [n, h, w, 3], h and w multiples of the patch → [n, 1 + patches, width] in `type`: the class token, then the patches row by row.
  Tensor operator()(const Tensor& pictures, DType type) const;

 private:
  /// Of h × w patches, f32 [1 + h·w, width]: the learnt ones, resampled where the grid is another.
  Tensor positions(int64_t h, int64_t w) const;

  int64_t patch_ = 0, width_ = 0;
  Linear patches_;
  Tensor class_token_, positions_;  ///< f32 [1, width], [1 + grid², width]
  std::vector<TransformerBlock> blocks_;
  Norm norm_;
};

/// Places of a grid [rows, columns, channels], f32, on a grid of other extents, as PyTorch's bicubic interpolation does it (A = −0.75, borders repeated). A
/// step of the new grid is `step` of the old one in each direction; centres are at half-integers.
Tensor bicubic(const Tensor& grid, int64_t rows, int64_t columns, double row_step, double column_step);

}  // namespace ptah
