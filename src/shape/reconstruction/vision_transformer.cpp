#include "shape/reconstruction/vision_transformer.h"

#include <array>
#include <cmath>

#include "base/parallel.h"

namespace ptah {

namespace {

constexpr float kEpsilon = 1e-12F;
constexpr int64_t kHeadWidth = 64;

TransformerBlock encoder_block(const Scope& scope, const ReconstructionShape& s) {
  const int64_t width = s.picture_width;
  TransformerBlock out;
  out.attention_norm = Norm(scope / "layernorm_before", width, true, kEpsilon);
  out.feed_forward_norm = Norm(scope / "layernorm_after", width, true, kEpsilon);
  out.attention.heads = out.attention.kv_heads = width / kHeadWidth;
  out.attention.causal = false;
  const Scope inner = scope / "attention" / "attention";
  out.attention.query = Linear(inner / "query", width, width);
  out.attention.key = Linear(inner / "key", width, width);
  out.attention.value = Linear(inner / "value", width, width);
  out.attention.out = Linear(scope / "attention" / "output" / "dense", width, width);
  out.feed_forward.up = Linear(scope / "intermediate" / "dense", width, s.picture_hidden);
  out.feed_forward.down = Linear(scope / "output" / "dense", s.picture_hidden, width);
  out.feed_forward.activation = Activation::gelu_erf;
  for (Linear* layer : {&out.attention.query, &out.attention.key, &out.attention.value, &out.attention.out, &out.feed_forward.up, &out.feed_forward.down})
    layer->weight.set_packing(WeightPacking::own);
  return out;
}

/// Keys' cubic kernel at the four neighbours of a place that lies a share `t` behind the second.
std::array<double, 4> cubic_weights(double t) {
  constexpr double kA = -0.75;
  const auto near = [](double x) { return ((kA + 2) * x - (kA + 3)) * x * x + 1; };
  const auto far = [](double x) { return ((kA * x - 5 * kA) * x + 8 * kA) * x - 4 * kA; };
  return {far(1 + t), near(t), near(1 - t), far(2 - t)};
}

struct Taps {
  std::array<int64_t, 4> at{};
  std::array<double, 4> weight{};
};

Taps taps(int64_t to, double step, int64_t size) {
  const double place = (static_cast<double>(to) + 0.5) * step - 0.5, below = std::floor(place);
  Taps out;
  out.weight = cubic_weights(place - below);
  for (size_t k = 0; k < 4; ++k) out.at[k] = std::clamp<int64_t>(static_cast<int64_t>(below) - 1 + static_cast<int64_t>(k), 0, size - 1);
  return out;
}

}  // namespace

Tensor bicubic(const Tensor& grid, int64_t rows, int64_t columns, double row_step, double column_step) {
  const int64_t h = grid.dim(0), w = grid.dim(1), channels = grid.dim(2);
  Tensor out = Tensor::empty({rows, columns, channels});
  parallel_for(rows * columns, channels * 32, [&](int64_t begin, int64_t end) {
    std::vector<double> sum(static_cast<size_t>(channels));
    for (int64_t place = begin; place < end; ++place) {
      const Taps y = taps(place / columns, row_step, h), x = taps(place % columns, column_step, w);
      std::fill(sum.begin(), sum.end(), 0.0);
      for (size_t j = 0; j < 4; ++j)
        for (size_t i = 0; i < 4; ++i) {
          const float* from = grid.data<float>() + (y.at[j] * w + x.at[i]) * channels;
          const double weight = y.weight[j] * x.weight[i];
          for (int64_t c = 0; c < channels; ++c) sum[static_cast<size_t>(c)] += weight * static_cast<double>(from[c]);
        }
      float* to = out.data<float>() + place * channels;
      for (int64_t c = 0; c < channels; ++c) to[c] = static_cast<float>(sum[static_cast<size_t>(c)]);
    }
  });
  return out;
}

VisionTransformer::VisionTransformer(const Scope& scope, const ReconstructionShape& s)
    : patch_(s.patch), width_(s.picture_width), norm_(scope / "layernorm", s.picture_width, true, kEpsilon) {
  const Scope embeddings = scope / "embeddings", projection = embeddings / "patch_embeddings" / "projection";
  patches_.weight = projection.weight("weight", {width_, 3, patch_, patch_}, Init::fan_in).reshape({width_, 3 * patch_ * patch_});
  patches_.bias = f32_parameter(projection, "bias", {width_}, Init::zeros);
  class_token_ = f32_parameter(embeddings, "cls_token", {1, 1, width_}, Init::zeros).reshape({1, width_});
  positions_ = f32_parameter(embeddings, "position_embeddings", {1, s.positions + 1, width_}, Init::zeros).reshape({s.positions + 1, width_});
  for (int64_t i = 0; i < s.picture_layers; ++i) blocks_.push_back(encoder_block(scope / "encoder" / "layer" / static_cast<int>(i), s));
}

Tensor VisionTransformer::positions(int64_t h, int64_t w) const {
  const auto grid = static_cast<int64_t>(std::lround(std::sqrt(static_cast<double>(positions_.dim(0) - 1))));
  if (h == grid && w == grid) return positions_;
  // DINO's code adds a tenth of a patch to the new extent before it divides, and resamples by that scale; models are trained with it.
  const auto step = [&](int64_t patches) { return static_cast<double>(grid) / (static_cast<double>(patches) + 0.1); };
  const Tensor learnt = slice(positions_, 0, 1, positions_.dim(0)).reshape({grid, grid, width_});
  return concat({slice(positions_, 0, 0, 1), bicubic(learnt, h, w, step(h), step(w)).reshape({h * w, width_})}, 0);
}

Tensor VisionTransformer::operator()(const Tensor& pictures, DType type) const {
  PTAH_CHECK(pictures.rank() == 4 && pictures.dim(3) == 3 && pictures.dim(1) % patch_ == 0 && pictures.dim(2) % patch_ == 0, "vision transformer: pictures {}",
             pictures.shape().str());
  const int64_t n = pictures.dim(0), h = pictures.dim(1) / patch_, w = pictures.dim(2) / patch_;
  const Tensor mean = Tensor::from({3}, {0.485F, 0.456F, 0.406F}), deviation = Tensor::from({3}, {0.229F, 0.224F, 0.225F});
  const Tensor seen = cast(div(sub(pictures, mean), deviation), type);
  const Tensor patches = patches_(pixel_unshuffle(seen, patch_)).reshape({n, h * w, width_});
  const Tensor places = positions(h, w), first = cast(add(class_token_, slice(places, 0, 0, 1)), type).reshape({1, 1, width_});
  const Tensor rest = add(patches, cast(slice(places, 0, 1, places.dim(0)), type));
  std::vector<Tensor> rows;
  for (int64_t i = 0; i < n; ++i) rows.push_back(concat({first, n == 1 ? rest : slice(rest, 0, i, i + 1)}, 1));
  Tensor x = n == 1 ? rows[0] : concat(rows, 0);
  for (const TransformerBlock& one : blocks_) x = one(x);
  return norm_(x);
}

}  // namespace ptah
