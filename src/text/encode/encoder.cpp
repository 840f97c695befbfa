#include "text/encode/encoder.h"

#include <numeric>

#include <algorithm>

#include "base/parallel.h"

namespace ptah {

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, TextEncoderConfig>
void fields(C& c, const Visit& visit) {
  visit("vocabulary", c.vocabulary);
  visit("width", c.width);
  visit("layers", c.layers);
  visit("heads", c.heads);
  visit("most_tokens", c.max_tokens);
}

Json to_json(const TextEncoderConfig& c) { return json_of_fields(c); }

Result<TextEncoderConfig> text_encoder_config(const Json& json) {
  PTAH_TRY(const TextEncoderConfig c, fields_from_json<TextEncoderConfig>(json, "text encoder config"));
  if (c.vocabulary < 3 || c.vocabulary > (1 << 20) || c.width < 1 || c.width > 8192 || c.layers < 0 || c.layers > 64 || c.heads < 1 || c.width % c.heads != 0 ||
      c.max_tokens < 1 || c.max_tokens > 1024)
    return fail(ErrorCode::corrupt, "text encoder config: values out of range in {}", json.dump());
  return c;
}

std::vector<std::vector<size_t>> batches_by_length(const std::vector<std::vector<int32_t>>& ids, size_t size) {
  std::vector<size_t> order(ids.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return ids[a].size() < ids[b].size(); });
  std::vector<std::vector<size_t>> out;
  for (size_t i = 0; i < order.size(); ++i) {
    if (i % size == 0) out.emplace_back();
    out.back().push_back(order[i]);
  }
  return out;
}

TokenBatch make_token_batch(const std::vector<std::vector<int32_t>>& prompts, int64_t tokens) {
  const auto batch = static_cast<int64_t>(prompts.size());
  TokenBatch out{Tensor::zeros({batch, tokens}, DType::i32), Tensor::zeros({batch}, DType::i32)};
  if (DryRun::active()) return out;
  for (size_t b = 0; b < prompts.size(); ++b) {
    const size_t count = std::min(prompts[b].size(), static_cast<size_t>(tokens));
    std::copy_n(prompts[b].begin(), count, out.ids.data<int32_t>() + static_cast<int64_t>(b) * tokens);
    out.lengths.data<int32_t>()[b] = static_cast<int32_t>(count);
  }
  return out;
}

TextEncoder::TextEncoder(const Scope& scope, const TextEncoderConfig& config)
    : config_(config),
      embedding_(scope.weight("embedding", {config.vocabulary, config.width}, Init::normal, 0.5F)),
      positions_(f32_parameter(scope, "positions", {config.max_tokens, config.width}, Init::zeros)),
      norm_(scope / "norm", config.width, true) {
  const int64_t w = config.width;
  for (int i = 0; i < config.layers; ++i) {
    const Scope here = scope / "layers" / i;
    TransformerBlock block{.attention_norm = Norm(here / "norm1", w, true), .feed_forward_norm = Norm(here / "norm2", w, true)};
    block.attention = {.heads = config.heads,
                       .kv_heads = config.heads,
                       .causal = false,
                       .joined = Linear(here / "qkv", w, 3 * w),
                       .out = Linear(here / "out", w, w, true, 0.5F)};
    block.feed_forward = {.up = Linear(here / "up", w, 4 * w), .down = Linear(here / "down", 4 * w, w, true, 0.5F), .activation = Activation::gelu};
    blocks_.push_back(std::move(block));
  }
}

TextStates TextEncoder::operator()(const TokenBatch& batch, DType type) const {
  const int64_t b = batch.ids.dim(0), t = batch.ids.dim(1);
  PTAH_CHECK(t <= config_.max_tokens, "{} tokens; the encoder takes {}", t, config_.max_tokens);
  Tensor x = add(embedding(embedding_, batch.ids, type), slice(positions_, 0, 0, t));
  for (const TransformerBlock& block : blocks_) x = block(x, {.key_lengths = batch.lengths});
  x = norm_(x);
  return {x, slice(x, 1, 0, 1).reshape({b, config_.width}), batch.lengths};
}

}  // namespace ptah
