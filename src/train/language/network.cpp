#include "train/language/network.h"

#include <cmath>
#include <numeric>

#include "base/parallel.h"
#include "base/philox.h"
#include "base/text.h"
#include "train/language/token_loss.h"

namespace ptah {

namespace {

constexpr uint64_t kDropoutStream = uint64_t{3} << 56;
constexpr int64_t kPlaces = 1 << 12;  ///< more than a network has
constexpr float kDeviation = 0.02F;
constexpr int64_t kEndless = 32768;  ///< tokens of context where only a window is seen

/// Makes dropout's masks one after the other.
class Dropped {
 public:
  explicit Dropped(const Dropout& dropout) : dropout_(dropout) {}
  Tensor operator()(const Tensor& x) {
    if (dropout_.rate <= 0) return x;
    const uint64_t stream = kDropoutStream + static_cast<uint64_t>(dropout_.step * kPlaces + place_++);
    Tensor mask = Tensor::empty(x.shape());
    const float kept = 1 / (1 - dropout_.rate);
    parallel_for((x.elements() + 3) / 4, 64, [&](int64_t begin, int64_t end) {
      Random random(dropout_.seed, stream, static_cast<uint64_t>(begin) * 4);
      float* to = mask.data<float>();
      for (int64_t i = begin * 4; i < std::min(end * 4, x.elements()); ++i) to[i] = random.uniform() < dropout_.rate ? 0.0F : kept;
    });
    return mul(x, cast(mask, x.dtype()));
  }

 private:
  Dropout dropout_;
  int64_t place_ = 0;
};

}  // namespace

Result<Json> new_decoder_config(const NewDecoder& s) {
  if (s.family != "gpt2" && s.family != "llama" && s.family != "mistral") return unknown_name("family", s.family, "gpt2 llama mistral");
  const bool gpt2 = s.family == "gpt2", mistral = s.family == "mistral";
  const int64_t kv_heads = s.kv_heads > 0 && !gpt2 ? s.kv_heads : s.heads;
  if (s.layers < 1 || s.heads < 1 || s.width < 1 || s.context < 2 || s.width % s.heads || s.heads % kv_heads || (!gpt2 && s.width / s.heads % 2))
    return fail(ErrorCode::invalid_argument,
                "config: a model of {} layers, width {}, {} heads ({} of keys) and {} tokens of context; heads have to divide them", s.layers, s.width, s.heads,
                kv_heads, s.context);
  Json config = {{"model_type", s.family},     {"architectures", {gpt2 ? "GPT2LMHeadModel" : mistral ? "MistralForCausalLM" : "LlamaForCausalLM"}},
                 {"vocab_size", s.vocabulary}, {"tie_word_embeddings", true},
                 {"bos_token_id", nullptr},    {"eos_token_id", nullptr}};
  if (gpt2) {
    config.update({{"n_embd", s.width},
                   {"n_layer", s.layers},
                   {"n_head", s.heads},
                   {"n_inner", s.feed_forward > 0 ? s.feed_forward : 4 * s.width},
                   {"n_positions", s.context},
                   {"layer_norm_epsilon", 1e-5},
                   {"activation_function", "gelu_new"}});
    return config;
  }
  config.update({{"hidden_size", s.width},
                 {"num_hidden_layers", s.layers},
                 {"num_attention_heads", s.heads},
                 {"num_key_value_heads", kv_heads},
                 {"intermediate_size", s.feed_forward > 0 ? s.feed_forward : (s.width * 8 / 3 + 31) / 32 * 32},
                 {"max_position_embeddings", mistral ? kEndless : s.context},
                 {"rms_norm_eps", 1e-5},
                 {"rope_theta", 10000.0},
                 {"hidden_act", "silu"}});
  if (mistral) config["sliding_window"] = s.context;
  return config;
}

std::map<std::string, Tensor> new_decoder_weights(const LanguageConfig& c, uint64_t seed) {
  Weights fresh = Weights::fresh(seed);
  const float last = kDeviation / std::sqrt(2 * static_cast<float>(c.layers));
  const int64_t queries = c.heads * c.head_dim, keys = c.kv_heads * c.head_dim;
  const auto matrix = [&](const std::string& name, int64_t in, int64_t out, float deviation = kDeviation) {
    (void)fresh.get(name + ".weight", {out, in}, Init::normal, deviation);
    if (c.layer_norm) (void)fresh.get(name + ".bias", {out}, Init::zeros, 0);
  };
  const auto norm = [&](const std::string& name) {
    (void)fresh.get(name + ".weight", {c.width}, Init::ones, 1);
    if (c.layer_norm) (void)fresh.get(name + ".bias", {c.width}, Init::zeros, 0);
  };
  (void)fresh.get("token_embd.weight", {c.vocabulary, c.width}, Init::normal, kDeviation);
  if (c.learned_positions) (void)fresh.get("position_embd.weight", {c.context, c.width}, Init::normal, kDeviation);
  norm("output_norm");
  for (int64_t l = 0; l < c.layers; ++l) {
    const std::string at = fmt::format("blk.{}.", l);
    norm(at + "attn_norm");
    norm(at + "ffn_norm");
    if (c.layer_norm) {
      matrix(at + "attn_qkv", c.width, queries + 2 * keys);
    } else {
      matrix(at + "attn_q", c.width, queries);
      matrix(at + "attn_k", c.width, keys);
      matrix(at + "attn_v", c.width, keys);
    }
    matrix(at + "attn_output", queries, c.width, last);
    if (c.gated) matrix(at + "ffn_gate", c.width, c.feed_forward);
    matrix(at + "ffn_up", c.width, c.feed_forward);
    matrix(at + "ffn_down", c.feed_forward, c.width, last);
  }
  return fresh.all();
}

std::map<std::string, Tensor> weights_of(Decoder& decoder) {
  std::map<std::string, Tensor> out;
  const auto add = [&](const std::string& name, const Tensor& weight) {
    if (weight.defined()) out.emplace(name, weight);
  };
  const auto norm = [&](const std::string& name, const Norm& of) {
    add(name + ".weight", of.args.weight);
    add(name + ".bias", of.args.bias);
  };
  add("token_embd.weight", decoder.embedding);
  add("position_embd.weight", decoder.positions);
  if (decoder.output.weight.body() != decoder.embedding.body()) add("output.weight", decoder.output.weight);
  norm("output_norm", decoder.final_norm);
  for (size_t l = 0; l < decoder.blocks.size(); ++l) {
    const std::string at = fmt::format("blk.{}.", l);
    const TransformerBlock& block = decoder.blocks[l];
    norm(at + "attn_norm", block.attention_norm);
    norm(at + "ffn_norm", block.feed_forward_norm);
    norm(at + "post_attention_norm", block.after_attention);
    norm(at + "post_ffw_norm", block.after_feed_forward);
    norm(at + "attn_q_norm", block.attention.query_norm);
    norm(at + "attn_k_norm", block.attention.key_norm);
  }
  decoder.each_linear([&](const std::string& name, Linear& layer) {
    add(name + ".weight", layer.weight);
    add(name + ".bias", layer.bias);
  });
  return out;
}

std::function<Tensor(const Tensor&)> dropper(const Dropout& dropout) {
  return [drop = std::make_shared<Dropped>(dropout)](const Tensor& x) { return (*drop)(x); };
}

Tensor training_states(const Decoder& decoder, const Tensor& ids, DType type, const Dropout& dropout) {
  if (dropout.rate <= 0) return decoder.states(ids, type);
  const LanguageConfig& c = decoder.config;
  const int64_t count = ids.dim(1);
  Dropped drop(dropout);
  std::vector<int64_t> places(static_cast<size_t>(count));
  std::iota(places.begin(), places.end(), int64_t{0});
  Tensor x = embedding(decoder.embedding, ids, type);
  if (c.embedding_scale != 1) x = affine(x, c.embedding_scale);
  if (c.learned_positions) {
    const std::vector<int32_t> rows(places.begin(), places.end());
    x = add(x, embedding(decoder.positions, Tensor::from({count}, rows), type));
  }
  x = drop(x);
  for (const TransformerBlock& block : decoder.blocks) {
    AttentionContext context;
    if (!c.learned_positions) context.rotary = Rotary(decoder.frequencies(block.attention.window > 0), places, c.rotate_halves);
    const auto half = [&](const Norm& after, const Tensor& made) { return add(x, drop(after.defined() ? after(made) : made)); };
    x = half(block.after_attention, block.attention(block.attention_norm(x), context));
    x = half(block.after_feed_forward, block.feed_forward(block.feed_forward_norm(x)));
  }
  return decoder.final_norm(x);
}

Tensor language_loss(const Decoder& decoder, const Tensor& ids, const Tensor& targets, DType type, const Dropout& dropout) {
  return token_loss(training_states(decoder, ids, type, dropout), decoder.output.weight, targets);
}

}  // namespace ptah
