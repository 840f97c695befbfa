#include "text/lm/decoder.h"

#include <algorithm>
#include <numeric>

#include "base/parallel.h"
#include "text/lm/language_families.h"

namespace ptah {

namespace {

/// Weights by GGUF's names; those that may be missing are asked for by has().
class Binder {
 public:
  Binder(Weights& weights, const LanguageConfig& config) : weights_(weights), config_(config) {}
  bool has(const std::string& name) const { return weights_.all().contains(name); }
  Norm norm(const std::string& name, int64_t width, bool centred) const { return {Scope(weights_, name), width, centred, config_.norm_eps}; }
  Norm norm_if_there(const std::string& name, int64_t width) const { return has(name + ".weight") ? norm(name, width, false) : Norm(); }
  Linear linear(const std::string& name, int64_t in, int64_t out) const { return {Scope(weights_, name), in, out, has(name + ".bias")}; }

 private:
  Weights& weights_;
  const LanguageConfig& config_;
};

}  // namespace

Decoder::Decoder(Weights& weights, const LanguageConfig& c) : config(c) {
  const Binder from(weights, config);
  embedding = weights.get("token_embd.weight", {c.vocabulary, c.width}, Init::normal, 0.02F);
  output.weight = from.has("output.weight") ? weights.get("output.weight", {c.vocabulary, c.width}, Init::fan_in, 1) : embedding;
  if (c.learned_positions) positions = weights.get("position_embd.weight", {c.context, c.width}, Init::normal, 0.02F);
  final_norm = from.norm("output_norm", c.width, c.layer_norm);
  for (int64_t i = 0; i < c.layers; ++i) blocks.push_back(block(weights, i));
  if (c.learned_positions) return;
  const auto frequencies_of = [&](double base, double scale) { return rotary_frequencies(c.rotated / 2, base, scale, c.rope_factors); };
  frequencies_ = frequencies_of(static_cast<double>(c.rope_base), static_cast<double>(c.rope_scale));
  const LanguageFamily* family = family_by_name(c.family);
  local_frequencies_ = family && family->local_base ? frequencies_of(static_cast<double>(c.rope_local_base), 1) : frequencies_;
}

TransformerBlock Decoder::block(Weights& weights, int64_t index) const {
  const LanguageConfig& c = config;
  const Binder from(weights, c);
  const std::string at = fmt::format("blk.{}.", index);
  const int64_t queries = c.heads * c.head_dim, keys = c.kv_heads * c.head_dim;
  TransformerBlock made;
  made.attention_norm = from.norm(at + "attn_norm", c.width, c.layer_norm);
  made.feed_forward_norm = from.norm(at + "ffn_norm", c.width, c.layer_norm);
  made.after_attention = from.norm_if_there(at + "post_attention_norm", c.width);
  made.after_feed_forward = from.norm_if_there(at + "post_ffw_norm", c.width);
  Attention& attention = made.attention;
  attention.heads = c.heads;
  attention.kv_heads = c.kv_heads;
  attention.scale = c.scale_of(index);
  attention.window = c.windowed(index) ? c.window : 0;
  attention.query_norm = from.norm_if_there(at + "attn_q_norm", c.head_dim);
  attention.key_norm = from.norm_if_there(at + "attn_k_norm", c.head_dim);
  if (from.has(at + "attn_qkv.weight")) {
    attention.joined = from.linear(at + "attn_qkv", c.width, queries + 2 * keys);
  } else {
    attention.query = from.linear(at + "attn_q", c.width, queries);
    attention.key = from.linear(at + "attn_k", c.width, keys);
    attention.value = from.linear(at + "attn_v", c.width, keys);
  }
  attention.out = from.linear(at + "attn_output", queries, c.width);
  FeedForward& inner = made.feed_forward;
  inner.activation = c.gelu ? Activation::gelu : Activation::silu;
  if (c.gated) inner.gate = from.linear(at + "ffn_gate", c.width, c.feed_forward);
  inner.up = from.linear(at + "ffn_up", c.width, c.feed_forward);
  inner.down = from.linear(at + "ffn_down", c.feed_forward, c.width);
  return made;
}

Tensor Decoder::embedded(const Tensor& ids, std::span<const int64_t> places, DType type) const {
  Tensor x = ptah::embedding(embedding, ids, type);
  if (config.embedding_scale != 1) x = affine(x, config.embedding_scale);
  if (!config.learned_positions) return x;
  const std::vector<int32_t> rows(places.begin(), places.end());
  return add(x, ptah::embedding(positions, Tensor::from({static_cast<int64_t>(rows.size())}, rows), type));
}

Decoder::Angles Decoder::angles(std::span<const int64_t> places) const {
  Angles out;
  if (config.learned_positions) return out;
  out.all = Rotary(frequencies_, places, config.rotate_halves);
  if (config.window > 0) out.windowed = Rotary(local_frequencies_, places, config.rotate_halves);
  return out;
}

Tensor Decoder::states(const Tensor& ids, DType type, DecoderMemory* memory) const {
  PTAH_CHECK(ids.rank() == 2 && ids.dtype() == DType::i32, "language model: ids {}", ids.shape().str());
  const int64_t count = ids.dim(1);
  if (memory) memory->resize(blocks.size());
  const int64_t before = memory && !memory->empty() && memory->front().keys.defined() ? memory->front().keys.dim(1) : 0;
  if (config.learned_positions && before + count > config.context)
    throw Failure({ErrorCode::invalid_argument, fmt::format("language model: {} tokens; it has {} positions", before + count, config.context)});
  std::vector<int64_t> places(static_cast<size_t>(count));
  std::iota(places.begin(), places.end(), before);

  Tensor x = embedded(ids, places, type);
  const Angles turned = angles(places);
  for (size_t l = 0; l < blocks.size(); ++l) x = blocks[l](x, {.rotary = turned.of(blocks[l]), .past = memory ? &(*memory)[l] : nullptr});
  return final_norm(x);
}

Tensor Decoder::operator()(const Tensor& ids, DType type, DecoderMemory* memory) const { return logits(states(ids, type, memory)); }

void Decoder::each_linear(const std::function<void(const std::string&, Linear&)>& visit) {
  for (size_t l = 0; l < blocks.size(); ++l) {
    const std::string at = fmt::format("blk.{}.", l);
    Attention& attention = blocks[l].attention;
    FeedForward& inner = blocks[l].feed_forward;
    const std::pair<const char*, Linear*> layers[] = {{"attn_q", &attention.query},    {"attn_k", &attention.key},      {"attn_v", &attention.value},
                                                      {"attn_qkv", &attention.joined}, {"attn_output", &attention.out}, {"ffn_gate", &inner.gate},
                                                      {"ffn_up", &inner.up},           {"ffn_down", &inner.down}};
    for (const auto& [name, layer] : layers)
      if (layer->defined()) visit(at + name, *layer);
  }
}

void Decoder::add_adapters(const LoraConfig& lora, Weights& adapters) {
  bool any = false;
  each_linear([&](const std::string& name, Linear& layer) {
    if (!is_target(lora, name)) return;
    add_adapter(layer, name, lora, adapters);
    any = true;
  });
  if (!any) throw Failure({ErrorCode::invalid_argument, fmt::format("language model: it has no layers called {}", fmt::join(lora.targets, ", "))});
}

void Decoder::remove_adapters() {
  each_linear([](const std::string&, Linear& layer) { layer.adapter.reset(); });
}

}  // namespace ptah
