#include "nn/pixel_unet.h"

#include <algorithm>

namespace ptah {

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, PixelUnetConfig>
void fields(C& c, const Visit& visit) {
  visit("size", c.size);
  visit("widths", c.widths);
  visit("blocks", c.blocks);
  visit("attention_blocks", c.attention_blocks);
  visit("heads", c.heads);
}

Json to_json(const PixelUnetConfig& c) { return json_of_fields(c); }

Result<PixelUnetConfig> pixel_unet_config(const Json& json, const char* what) {
  PTAH_TRY(const PixelUnetConfig c, fields_from_json<PixelUnetConfig>(json, what));
  const auto between = [](const std::vector<int64_t>& values, int64_t low, int64_t high) {
    return std::all_of(values.begin(), values.end(), [&](int64_t v) { return v >= low && v <= high; });
  };
  const bool sane = !c.widths.empty() && c.widths.size() <= 6 && c.blocks.size() == c.widths.size() && between(c.widths, 1, 1024) && between(c.blocks, 0, 16) &&
                    c.attention_blocks >= 0 && c.attention_blocks <= 16 && c.heads >= 1 && c.heads <= 64 && c.widths.back() % c.heads == 0 &&
                    c.size >= kMinUnetSize && c.size <= 1024 && c.size % (int64_t{1} << c.widths.size()) == 0 &&
                    (c.attention_blocks == 0 || c.coarsest() <= 32);
  if (!sane) return fail(ErrorCode::corrupt, "{}: values out of range in {}", what, json.dump());
  return c;
}

Tensor space_to_depth(const Tensor& x, int64_t r) {
  const int64_t n = x.dim(0), h = x.dim(1) / r, w = x.dim(2) / r, c = x.dim(3);
  return permute(x.reshape({n * h, r, w, r * c}), {0, 2, 1, 3}).reshape({n, h, w, r * r * c});
}

Tensor depth_to_space(const Tensor& x, int64_t r) {
  const int64_t n = x.dim(0), h = x.dim(1), w = x.dim(2), c = x.dim(3) / (r * r);
  return permute(x.reshape({n * h, w, r, r * c}), {0, 2, 1, 3}).reshape({n, h * r, w * r, c});
}

ResidualBlock::ResidualBlock(const Scope& scope, int64_t width)
    : first(scope / "first", width, width, 3, 1, 1.4F), second(scope / "second", width, width, 3, 1, 0) {}

Tensor ResidualBlock::operator()(const Tensor& x) const { return second(silu(first(silu(x))), x); }

PixelUnet::PixelUnet(const Scope& scope, const PixelUnetConfig& config, int64_t channels_in, int64_t channels_out, float out_scale, bool exact_out)
    : config_(config),
      channels_in_(channels_in),
      exact_out_(exact_out),
      in_(scope / "in", 4 * channels_in, config.widths[0], 3),
      out_(scope / "out", config.widths[0], 4 * channels_out, 3, 1, out_scale) {
  const auto level = [&](size_t l) { return scope / "levels" / static_cast<int>(l); };
  for (size_t l = 0; l < config.widths.size(); ++l) {
    if (l > 0) down_.emplace_back(level(l) / "down", config.widths[l - 1], config.widths[l], 3, 2, 1.4F);
    auto& blocks = levels_.emplace_back();
    for (int64_t b = 0; b < config.blocks[l]; ++b) blocks.emplace_back(level(l) / static_cast<int>(b), config.widths[l]);
  }
  const int64_t width = config.widths.back();
  if (config.attention_blocks > 0) places_ = scope.weight("places", {config.coarsest() * config.coarsest(), width}, Init::normal, 0.02F);
  for (int64_t b = 0; b < config.attention_blocks; ++b) {
    const Scope here = scope / "attention" / static_cast<int>(b);
    TransformerBlock block;
    block.attention_norm = Norm(here / "attention_norm", width, true);
    block.feed_forward_norm = Norm(here / "feed_forward_norm", width, true);
    block.attention.heads = block.attention.kv_heads = config.heads;
    block.attention.causal = false;
    block.attention.joined = Linear(here / "qkv", width, 3 * width);
    block.attention.out = Linear(here / "attention_out", width, width, true, 0);
    block.feed_forward.up = Linear(here / "up", width, 2 * width);
    block.feed_forward.down = Linear(here / "down", 2 * width, width, true, 0);
    attention_.push_back(std::move(block));
  }
  for (size_t l = 0; l + 1 < config.widths.size(); ++l) {
    up_.emplace_back(level(l) / "up", config.widths[l + 1], 4 * config.widths[l]);
    joined_.emplace_back(level(l) / "joined", config.widths[l]);
  }
}

Tensor PixelUnet::operator()(const Tensor& pictures, DType type) const {
  const int64_t unit = int64_t{1} << config_.widths.size();
  PTAH_CHECK(
      pictures.rank() == 4 && pictures.dim(1) == pictures.dim(2) && pictures.dim(1) > 0 && pictures.dim(1) % unit == 0 && pictures.dim(3) == channels_in_,
      "U-Net of {} channels: pictures {}", channels_in_, pictures.shape().str());
  Tensor x = in_(cast(space_to_depth(pictures, 2), type));
  std::vector<Tensor> seen;
  for (size_t l = 0; l < levels_.size(); ++l) {
    if (l > 0) x = down_[l - 1](silu(x));
    for (const ResidualBlock& block : levels_[l]) x = block(x);
    seen.push_back(x);
  }
  if (!attention_.empty()) {
    const int64_t n = x.dim(0), edge = x.dim(1), width = x.dim(3);
    Tensor places = places_;
    if (const int64_t own = config_.coarsest(); own != edge)
      places = resize(places.reshape({1, own, own, width}), edge, edge, Filter::bilinear).reshape({edge * edge, width});
    x = add(x.reshape({n, edge * edge, width}), cast(places, type));
    for (const TransformerBlock& block : attention_) x = block(x);
    x = x.reshape({n, edge, edge, width});
  }
  for (size_t l = levels_.size() - 1; l-- > 0;) x = joined_[l](add(depth_to_space(up_[l](x), 2), seen[l]));
  x = silu(x);
  return depth_to_space(cast(out_(exact_out_ ? cast(x, DType::f32) : x), DType::f32), 2);
}

}  // namespace ptah
