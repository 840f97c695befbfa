// Networks of other people that make pictures larger: Real-ESRGAN's two kinds (Wang et al. 2021).
#pragma once

#include <vector>

#include "nn/layers.h"

namespace ptah {

/// Either residual-in-residual dense blocks (RRDBNet: conv_first, body.0.rdb1.conv1 …, or ESRGAN's older names model.0, model.1.sub.0.RDB1.conv1.0 …), or a
/// compact row of convolutions with PReLU between (SRVGGNetCompact: body.0, body.1 …).
class SuperResolution {
 public:
  /// Widths, depths and the factor are read off names and shapes. Throws Failure: mismatch, naming what is missing or of another shape.
  explicit SuperResolution(Weights& weights);
  /// Whether weights look like one, at the root or below "params_ema", "params" or "state_dict"; `tensors` then lose that prefix.
  static bool recognises(std::map<std::string, Tensor>& tensors);

  /// Pictures [n, h, w, 3] in 0 … 1, in the dtype to compute in → f32 [n, factor·h, factor·w, 3]. h and w are multiples of unit().
  Tensor operator()(const Tensor& pictures) const;
  int64_t factor() const { return factor_; }
  int64_t unit() const { return unshuffle_; }
  /// How far a pixel of the result looks, in pixels of the picture (of dense blocks: far enough that the rest does not show).
  int64_t reach() const { return reach_; }

 private:
  struct Dense {
    std::vector<Conv2d> convs;  ///< five, each on all before
  };
  Tensor dense(const Tensor& x) const;
  Tensor compact(const Tensor& x) const;

  int64_t factor_ = 1, unshuffle_ = 1, reach_ = 0;
  Conv2d first_, body_, high_, last_;
  std::vector<Conv2d> ups_;
  std::vector<Dense> blocks_;   ///< three make one residual block
  std::vector<Conv2d> row_;     ///< of the compact kind
  std::vector<Tensor> slopes_;  ///< f32, of each but the last
};

}  // namespace ptah
