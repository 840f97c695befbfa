#include "text/encode/diffusers_texts.h"

#include "base/parallel.h"

namespace ptah {

namespace {

constexpr ConfigUse kClipHarmless = ConfigUse::harmless, kClipOnly = ConfigUse::only;

constexpr ConfigKey kClip[] = {{"bos_token_id", kClipHarmless},  // the tokenizer says where a text begins
                               {"eos_token_id"},
                               {"hidden_act"},
                               {"hidden_size"},
                               {"intermediate_size"},
                               {"layer_norm_eps"},
                               {"max_position_embeddings"},
                               {"model_type", kClipOnly, R"(["clip_text_model", "clip"])"},
                               {"num_attention_heads"},
                               {"num_hidden_layers"},
                               {"pad_token_id", kClipHarmless},  // the tokenizer says what follows a text
                               {"projection_dim"},
                               {"tie_word_embeddings", kClipHarmless},
                               {"vocab_size"}};

constexpr ConfigKey kT5[] = {{"bos_token_id", kClipHarmless},
                             {"classifier_dropout", kClipHarmless},
                             {"d_ff"},
                             {"d_kv"},
                             {"d_model"},
                             {"dense_act_fn", kClipOnly, R"(["gelu_new"])"},
                             {"dropout_rate", kClipHarmless},
                             {"eos_token_id", kClipOnly, "[1]"},
                             {"feed_forward_proj", kClipOnly, R"(["gated-gelu"])"},
                             {"is_gated_act", kClipOnly, "[true]"},
                             {"layer_norm_epsilon"},
                             {"model_type", kClipOnly, R"(["t5", "umt5"])"},
                             {"n_positions", kClipHarmless},
                             {"num_decoder_layers", kClipHarmless},
                             {"num_heads"},
                             {"num_layers"},
                             {"pad_token_id", kClipOnly, "[0]"},
                             {"relative_attention_max_distance"},
                             {"relative_attention_num_buckets"},
                             {"scale_decoder_outputs", kClipHarmless},
                             {"tie_word_embeddings", kClipHarmless},
                             {"vocab_size"}};

constexpr ConfigKey kClipTokenizer[] = {{"add_bos_token", kClipOnly, "[true]"},
                                        {"add_eos_token", kClipOnly, "[true]"},
                                        {"add_prefix_space", kClipOnly, "[false]"},
                                        {"added_tokens_decoder", kClipHarmless},
                                        {"additional_special_tokens", kClipHarmless},
                                        {"backend", kClipHarmless},
                                        {"bos_token"},
                                        {"clean_up_tokenization_spaces", kClipHarmless},
                                        {"do_lower_case", kClipOnly, "[true]"},
                                        {"eos_token"},
                                        {"errors", kClipHarmless},
                                        {"extra_special_tokens", kClipHarmless},
                                        {"is_local", kClipHarmless},
                                        {"local_files_only", kClipHarmless},
                                        {"max_length", kClipHarmless},
                                        {"model_max_length"},
                                        {"name_or_path", kClipHarmless},
                                        {"pad_to_multiple_of", kClipOnly, "[null]"},
                                        {"pad_token"},
                                        {"pad_token_type_id", kClipHarmless},
                                        {"padding_side", kClipOnly, R"(["right"])"},
                                        {"processor_class", kClipHarmless},
                                        {"special_tokens_map_file", kClipHarmless},
                                        {"stride", kClipHarmless},
                                        {"tokenizer_class", kClipOnly, R"(["CLIPTokenizer", "CLIPTokenizerFast"])"},
                                        {"tokenizer_file", kClipHarmless},
                                        {"truncation_side", kClipHarmless},
                                        {"truncation_strategy", kClipHarmless},
                                        {"unk_token", kClipHarmless}};

using Tensors = std::map<std::string, Tensor>;

int64_t extent(const Tensors& tensors, const std::string& name, int axis) {
  const auto found = tensors.find(name);
  return found != tensors.end() && found->second.rank() > axis ? found->second.dim(axis) : 0;
}

int64_t count_below(const Tensors& tensors, const std::string& stem) {
  int64_t count = 0;
  for (;; ++count) {
    const std::string prefix = fmt::format("{}{}.", stem, count);
    const auto found = tensors.lower_bound(prefix);
    if (found == tensors.end() || !found->first.starts_with(prefix)) return count;
  }
}

float eps_of(const Config& c, const char* key, double fallback) {
  const double eps = c.number(key, fallback);
  if (!(eps > 0 && eps < 1)) c.refuse(key, "above 0 to below 1");
  return static_cast<float>(eps);
}

/// A token as tokenizers write it: a text, or an object with its content.
std::string token_of(const Config& c, const char* key) {
  if (!c.has(key)) return "";
  const Json& token = c.json.at(key);
  const Json content = token.is_object() ? token.value("content", Json()) : token;
  if (!content.is_string()) c.refuse(key, "a text, or an object with 'content'");
  return content.get<std::string>();
}

}  // namespace

ConfigTable clip_keys() { return kClip; }
ConfigTable t5_keys() { return kT5; }
ConfigTable clip_tokenizer_keys() { return kClipTokenizer; }

Result<ClipTextConfig> clip_config(const Config& c, const Tensors& tensors, std::vector<std::string>& warnings) {
  return guard([&]() -> Result<ClipTextConfig> {
    PTAH_TRY_VOID(check_config(c.json, {kClip, transformers_keys()}, c.file, warnings));
    ClipTextConfig out;
    const std::string base = tensors.contains("embeddings.token_embedding.weight") ? "" : "text_model.";
    const int64_t width = extent(tensors, base + "embeddings.token_embedding.weight", 1),
                  vocabulary = extent(tensors, base + "embeddings.token_embedding.weight", 0);
    c.agree("hidden_size", width);
    c.agree("vocab_size", vocabulary);
    c.agree("max_position_embeddings", extent(tensors, base + "embeddings.position_embedding.weight", 0));
    c.agree("num_hidden_layers", count_below(tensors, base + "encoder.layers."));
    c.agree("intermediate_size", extent(tensors, base + "encoder.layers.0.mlp.fc1.weight", 0));
    if (const int64_t projected = extent(tensors, "text_projection.weight", 0); projected > 0) c.agree("projection_dim", projected);
    out.heads = c.integer("num_attention_heads", 8);
    if (out.heads < 1 || width % out.heads) c.refuse("num_attention_heads", fmt::format("divisors of the width ({})", width));
    out.eps = eps_of(c, "layer_norm_eps", 1e-5);
    const std::string act = c.text("hidden_act", "quick_gelu");
    if (act != "quick_gelu" && act != "gelu" && act != "gelu_new" && act != "gelu_pytorch_tanh")
      c.refuse("hidden_act", "\"quick_gelu\", \"gelu\", \"gelu_new\", \"gelu_pytorch_tanh\"");
    out.quick_gelu = act == "quick_gelu";
    out.tanh_gelu = act.starts_with("gelu_");
    // The pooled state is that of the end token; 2 stands in old files, and means the same.
    const int64_t end = c.integer("eos_token_id", 49407);
    if (c.has("eos_token_id") && end != 2 && end != vocabulary - 1 && end != 49407)
      c.refuse("eos_token_id", fmt::format("2, 49407, or the last token ({})", vocabulary - 1));
    return out;
  });
}

Result<T5Config> t5_config(const Config& c, const Tensors& tensors, std::vector<std::string>& warnings) {
  return guard([&]() -> Result<T5Config> {
    PTAH_TRY_VOID(check_config(c.json, {kT5, transformers_keys()}, c.file, warnings));
    if (!c.has("feed_forward_proj")) c.refuse("feed_forward_proj", "\"gated-gelu\"");
    T5Config out;
    const std::string attention = "encoder.block.0.layer.0.SelfAttention.", table = attention + "relative_attention_bias.weight";
    const std::string shared = tensors.contains("shared.weight") ? "shared.weight" : "encoder.embed_tokens.weight";
    const int64_t heads = extent(tensors, table, 1);
    c.agree("d_model", extent(tensors, shared, 1));
    c.agree("vocab_size", extent(tensors, shared, 0));
    c.agree("num_layers", count_below(tensors, "encoder.block."));
    c.agree("num_heads", heads);
    c.agree("d_kv", heads > 0 ? extent(tensors, attention + "q.weight", 0) / heads : 0);
    c.agree("d_ff", extent(tensors, "encoder.block.0.layer.1.DenseReluDense.wi_0.weight", 0));
    c.agree("relative_attention_num_buckets", extent(tensors, table, 0));
    out.eps = eps_of(c, "layer_norm_epsilon", 1e-6);
    out.farthest = c.integer("relative_attention_max_distance", 128);
    if (out.farthest <= extent(tensors, table, 0) / 4 || out.farthest > 1000000)
      c.refuse("relative_attention_max_distance", fmt::format("{} to 1,000,000", extent(tensors, table, 0) / 4 + 1));
    return out;
  });
}

Result<std::string> clip_padding(const Config& c, const Config& special, std::vector<std::string>& warnings) {
  return guard([&]() -> Result<std::string> {
    PTAH_TRY_VOID(check_config(c.json, {kClipTokenizer}, c.file, warnings));
    PTAH_TRY_VOID(check_config(special.json, {kClipTokenizer}, special.file, warnings));
    if (const double max_length = c.number("model_max_length", 77); !(max_length >= 77)) c.refuse("model_max_length", "77");
    for (const auto& [key, wanted] : {std::pair{"bos_token", "<|startoftext|>"}, {"eos_token", "<|endoftext|>"}})
      for (const Config* one : {&c, &special})
        if (const std::string token = token_of(*one, key); !token.empty() && token != wanted) one->refuse(key, fmt::format("\"{}\"", wanted));
    const std::string first = token_of(special, "pad_token");
    return first.empty() ? token_of(c, "pad_token") : first;
  });
}

}  // namespace ptah
