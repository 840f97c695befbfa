#include "image/super_resolution.h"

#include <cmath>

#include "image/diffusers_names.h"
#include "nn/weight_binder.h"

namespace ptah {

namespace {

constexpr const char *kNewFirst = "conv_first.weight", *kOldFirst = "model.0.weight", *kCompactFirst = "body.0.weight";
constexpr float kSlope = 0.2F, kPart = 0.2F;  ///< of the leaky ReLU, and of what a block adds

bool is_network(const std::map<std::string, Tensor>& tensors, const std::string& prefix) {
  const auto has = [&](const std::string& name) { return tensors.contains(prefix + name); };
  return (has(kNewFirst) && has("body.0.rdb1.conv1.weight")) || (has(kOldFirst) && has("model.1.sub.0.RDB1.conv1.0.weight")) ||
         (has(kCompactFirst) && has("body.1.weight") && has("body.2.weight") && !has(kNewFirst));
}

}  // namespace

bool SuperResolution::recognises(std::map<std::string, Tensor>& tensors) {
  for (const char* prefix : {"", "params_ema.", "params.", "state_dict."}) {
    if (!is_network(tensors, prefix)) continue;
    tensors = below(tensors, prefix);
    return true;
  }
  return false;
}

SuperResolution::SuperResolution(Weights& weights) {
  const WeightBinder b{weights, ""};
  const bool fresh = b.has(kNewFirst), old = b.has(kOldFirst);
  if (!fresh && !old) {
    for (int i = 0; b.has(fmt::format("body.{}.weight", i)); i += 2) {
      row_.push_back(b.conv(fmt::format("body.{}", i)));
      const std::string slope = fmt::format("body.{}", i + 1);
      if (!b.has(slope + ".weight")) break;
      slopes_.push_back(f32_parameter(b.scope(slope), "weight", {row_.back().weight.dim(0)}, Init::zeros));
    }
    if (row_.size() < 2 || slopes_.size() + 1 != row_.size())
      throw Failure({ErrorCode::mismatch, "weights: a network of convolutions and slopes that do not alternate"});
    factor_ = std::llround(std::sqrt(static_cast<double>(row_.back().weight.dim(0)) / 3));
    if (factor_ < 1 || row_.back().weight.dim(0) != 3 * factor_ * factor_ || row_.front().weight.dim(1) != 3)
      throw Failure({ErrorCode::mismatch,
                     fmt::format("weights: a network from {} to {} channels enlarges no colours", row_.front().weight.dim(1), row_.back().weight.dim(0))});
    reach_ = static_cast<int64_t>(row_.size());
    return;
  }
  first_ = b.conv(fresh ? "conv_first" : "model.0");
  const auto block_at = [&](int i) { return fresh ? fmt::format("body.{}.rdb", i) : fmt::format("model.1.sub.{}.RDB", i); };
  const auto conv_at = [&](int k) { return fresh ? fmt::format(".conv{}", k) : fmt::format(".conv{}.0", k); };
  int count = 0;
  for (; b.has(block_at(count) + "1" + conv_at(1) + ".weight"); ++count)
    for (int part = 1; part <= 3; ++part) {
      Dense dense;
      for (int k = 1; k <= 5; ++k) dense.convs.push_back(b.conv(block_at(count) + std::to_string(part) + conv_at(k)));
      blocks_.push_back(std::move(dense));
    }
  body_ = b.conv(fresh ? std::string("conv_body") : fmt::format("model.1.sub.{}", count));
  if (fresh) {
    ups_ = {b.conv("conv_up1"), b.conv("conv_up2")};
    high_ = b.conv("conv_hr");
    last_ = b.conv("conv_last");
  } else {  // each enlarging takes three numbers; then come a convolution, its activation and the last convolution
    int at = 3;
    for (; b.has(fmt::format("model.{}.weight", at)); at += 3) ups_.push_back(b.conv(fmt::format("model.{}", at)));
    const int last = at - 1;  // the walk went one too far: model.8 stands at two behind the last enlarging
    high_ = b.conv(fmt::format("model.{}", last));
    last_ = b.conv(fmt::format("model.{}", last + 2));
  }
  unshuffle_ = std::llround(std::sqrt(static_cast<double>(first_.weight.dim(1)) / 3));
  if (unshuffle_ < 1 || first_.weight.dim(1) != 3 * unshuffle_ * unshuffle_ || last_.weight.dim(0) != 3)
    throw Failure(
        {ErrorCode::mismatch, fmt::format("weights: a network from {} to {} channels enlarges no colours", first_.weight.dim(1), last_.weight.dim(0))});
  factor_ = (int64_t{1} << ups_.size()) / unshuffle_;
  if (factor_ < 1) throw Failure({ErrorCode::mismatch, "weights: a network that makes pictures smaller"});
  reach_ = 24 * unshuffle_;
}

Tensor SuperResolution::compact(const Tensor& pictures) const {
  Tensor x = pictures;
  for (size_t i = 0; i + 1 < row_.size(); ++i) {
    x = row_[i](x);
    x = add(relu(x), mul(minimum(x, Tensor::zeros({})), slopes_[i]));
  }
  const Tensor base = resize(cast(pictures, DType::f32), factor_ * pictures.dim(1), factor_ * pictures.dim(2), Filter::nearest);
  return add(base, cast(pixel_shuffle(row_.back()(x), factor_), DType::f32));
}

Tensor SuperResolution::dense(const Tensor& pictures) const {
  const Tensor first = first_(unshuffle_ > 1 ? pixel_unshuffle(pictures, unshuffle_) : pictures);
  Tensor x = first, begun;
  for (size_t i = 0; i < blocks_.size(); ++i) {
    if (i % 3 == 0) begun = x;
    std::vector<Tensor> seen{x};
    for (size_t k = 0; k < 4; ++k) seen.push_back(leaky_relu(blocks_[i].convs[k](seen.size() == 1 ? x : concat(seen, 3)), kSlope));
    x = add(x, affine(blocks_[i].convs[4](concat(seen, 3)), kPart));
    if (i % 3 == 2) x = add(begun, affine(x, kPart));
  }
  x = body_(x, first);
  for (const Conv2d& up : ups_) x = leaky_relu(up(resize(x, 2 * x.dim(1), 2 * x.dim(2), Filter::nearest)), kSlope);
  return cast(last_(leaky_relu(high_(x), kSlope)), DType::f32);
}

Tensor SuperResolution::operator()(const Tensor& pictures) const {
  PTAH_CHECK(pictures.rank() == 4 && pictures.dim(3) == 3 && pictures.dim(1) % unshuffle_ == 0 && pictures.dim(2) % unshuffle_ == 0,
             "super resolution: pictures {}", pictures.shape().str());
  return row_.empty() ? dense(pictures) : compact(pictures);
}

}  // namespace ptah
