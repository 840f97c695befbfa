#include "image/matting.h"

#include <algorithm>
#include <cmath>

namespace ptah {

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, MattingConfig>
void fields(C& c, const Visit& visit) {
  visit("size", c.size);
  visit("widths", c.widths);
  visit("blocks", c.blocks);
  visit("attention_blocks", c.attention_blocks);
  visit("heads", c.heads);
}

Json to_json(const MattingConfig& c) { return json_of_fields(c); }

Result<MattingConfig> matting_config(const Json& json) {
  PTAH_TRY(const MattingConfig c, fields_from_json<MattingConfig>(json, "matting config"));
  const auto between = [](const std::vector<int64_t>& values, int64_t low, int64_t high) {
    return std::all_of(values.begin(), values.end(), [&](int64_t v) { return v >= low && v <= high; });
  };
  const bool sane = !c.widths.empty() && c.widths.size() <= 6 && c.blocks.size() == c.widths.size() && between(c.widths, 1, 1024) && between(c.blocks, 0, 16) &&
                    c.attention_blocks >= 0 && c.attention_blocks <= 16 && c.heads >= 1 && c.heads <= 64 && c.widths.back() % c.heads == 0 &&
                    c.size >= kMinMattingSize && c.size <= 1024 && c.size % (int64_t{1} << c.widths.size()) == 0 &&
                    (c.attention_blocks == 0 || c.coarsest() <= 32);
  if (!sane) return fail(ErrorCode::corrupt, "matting config: values out of range in {}", json.dump());
  return c;
}

MattingNetwork::MattingNetwork(const Scope& scope, const MattingConfig& config)
    : config_(config), in_(scope / "in", 12, config.widths[0], 3), out_(scope / "out", config.widths[0], 4, 3, 1, 0.5F) {
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

Tensor MattingNetwork::operator()(const Tensor& pictures, DType type) const {
  const int64_t unit = int64_t{1} << config_.widths.size();
  PTAH_CHECK(pictures.rank() == 4 && pictures.dim(1) == pictures.dim(2) && pictures.dim(1) > 0 && pictures.dim(1) % unit == 0 && pictures.dim(3) == 3,
             "matting: pictures {}", pictures.shape().str());
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
  return depth_to_space(cast(out_(silu(x)), DType::f32), 2);
}

Letterbox letterbox(int64_t width, int64_t height, int64_t size) {
  const int64_t longest = std::max(width, height);
  Letterbox box{.width = std::max<int64_t>(1, (width * size + longest / 2) / longest), .height = std::max<int64_t>(1, (height * size + longest / 2) / longest)};
  box.left = (size - box.width) / 2;
  box.top = (size - box.height) / 2;
  return box;
}

Tensor matting_input(const Image& picture, int64_t size) {
  const int64_t w = picture.width, h = picture.height;
  const Letterbox box = letterbox(w, h, size);
  Tensor out = Tensor::zeros({1, size, size, 3});
  for (int64_t c = 0; c < 3; ++c) {  // one channel after the other: a third of the memory
    Tensor channel = Tensor::empty({1, h, w, 1});
    for (int64_t i = 0; i < w * h; ++i) channel.data<float>()[i] = static_cast<float>(picture.rgba[static_cast<size_t>(i * 4 + c)]) / 127.5F - 1;
    const Tensor fitted = resize(channel, box.height, box.width, Filter::bilinear);
    for (int64_t y = 0; y < box.height; ++y)
      for (int64_t x = 0; x < box.width; ++x) out.data<float>()[((box.top + y) * size + box.left + x) * 3 + c] = fitted.data<float>()[y * box.width + x];
  }
  return out;
}

}  // namespace ptah
