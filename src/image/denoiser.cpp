#include "image/denoiser.h"

#include "base/parallel.h"

namespace ptah {

namespace {
constexpr int64_t kTimeFeatures = 256;
}

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, DenoiserConfig>
void fields(C& c, const Visit& visit) {
  visit("tokens", c.tokens);
  visit("channels", c.channels);
  visit("width", c.width);
  visit("blocks", c.blocks);
  visit("heads", c.heads);
  visit("text_width", c.text_width);
}

Json to_json(const DenoiserConfig& c) { return json_of_fields(c); }

Result<DenoiserConfig> denoiser_config(const Json& json) {
  PTAH_TRY(const DenoiserConfig c, fields_from_json<DenoiserConfig>(json, "denoiser config"));
  if (c.tokens < 1 || c.tokens > 65536 || c.channels < 1 || c.channels > 1024 || c.width < 1 || c.width > 8192 || c.blocks < 0 || c.blocks > 128 ||
      c.heads < 1 || c.width % c.heads != 0 || c.text_width < 1 || c.text_width > 8192)
    return fail(ErrorCode::corrupt, "denoiser config: values out of range in {}", json.dump());
  return c;
}

Denoiser::Denoiser(const Scope& scope, const DenoiserConfig& config)
    : config_(config),
      in_(scope / "in", config.channels, config.width),
      text_in_(scope / "text_in", config.text_width, config.width),
      time1_(scope / "time1", kTimeFeatures, config.width),
      time2_(scope / "time2", config.width, config.width),
      pooled_in_(scope / "pooled_in", config.text_width, config.width),
      modulation_(scope / "modulation", config.width, 6 * config.width, true, 0),
      out_(scope / "out", config.width, config.channels, true, 0),
      positions_(f32_parameter(scope, "positions", {config.tokens, config.width}, Init::normal)),
      final_table_(f32_parameter(scope, "final_table", {2 * config.width}, Init::zeros)) {
  const int64_t w = config.width;
  for (int i = 0; i < config.blocks; ++i) {
    const Scope here = scope / "blocks" / i;
    Block block{.table = f32_parameter(here, "table", {6 * w}, Init::zeros)};
    block.attention = {
        .heads = config.heads, .kv_heads = config.heads, .causal = false, .joined = Linear(here / "qkv", w, 3 * w), .out = Linear(here / "out", w, w)};
    block.feed_forward = {.up = Linear(here / "up", w, 4 * w), .down = Linear(here / "down", 4 * w, w), .activation = Activation::gelu};
    blocks_.push_back(std::move(block));
  }
}

Tensor Denoiser::operator()(const Tensor& latents, const Tensor& time, const Tensor& text, const Tensor& pooled, const Tensor& lengths) const {
  const DType type = latents.dtype();
  const int64_t batch = latents.dim(0), w = config_.width;
  Tensor keys = Tensor::empty({batch}, DType::i32);
  if (!DryRun::active())
    for (int64_t b = 0; b < batch; ++b) keys.data<int32_t>()[b] = static_cast<int32_t>(config_.tokens) + lengths.data<int32_t>()[b];
  const Tensor moment = add(time2_(time1_(cast(sinusoids(time, kTimeFeatures, 1000), type), Activation::silu)), pooled_in_(pooled));
  const Tensor shared = cast(modulation_(silu(moment)), DType::f32);
  const auto part = [&](const Tensor& all, int i) { return slice(all, 1, i * w, (i + 1) * w); };
  Tensor x = concat({add(in_(latents), positions_), text_in_(text)}, 1);
  for (const Block& block : blocks_) {
    const Tensor m = add(shared, block.table);
    x = gated_add(x, block.attention(modulated_norm(x, part(m, 0), part(m, 1)), {.key_lengths = keys}), affine(part(m, 2), 1, 1));
    x = gated_add(x, block.feed_forward(modulated_norm(x, part(m, 3), part(m, 4))), affine(part(m, 5), 1, 1));
  }
  const Tensor last = add(slice(shared, 1, 0, 2 * w), final_table_);
  x = modulated_norm(slice(x, 1, 0, config_.tokens), part(last, 0), part(last, 1));
  return cast(out_(x), DType::f32);
}

}  // namespace ptah
