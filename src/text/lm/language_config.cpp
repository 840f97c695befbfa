#include "text/lm/language_config.h"

#include <algorithm>
#include <cmath>

#include "text/lm/language_families.h"

namespace ptah {

namespace {

constexpr int64_t kMax = int64_t{1} << 24;
constexpr ConfigUse kHarmless = ConfigUse::harmless, kOnly = ConfigUse::only;

/// Keys of every family of Hugging Face's.
constexpr ConfigKey kCommon[] = {
    {"bos_token_id", kHarmless},  // the tokenizer says where a text begins
    {"cache_implementation", kHarmless}, {"eos_token_id"},         {"model_type"}, {"pad_token_id", kHarmless}, {"tie_word_embeddings"},
    {"unsloth_fixed", kHarmless},        {"use_cache", kHarmless}, {"vocab_size"},
};
/// Of those that rotate queries and keys.
constexpr ConfigKey kRotating[] = {{"head_dim"},
                                   {"hidden_size"},
                                   {"intermediate_size"},
                                   {"max_position_embeddings"},
                                   {"num_attention_heads"},
                                   {"num_hidden_layers"},
                                   {"num_key_value_heads"},
                                   {"partial_rotary_factor", kOnly, "[null, 1.0]"},
                                   {"rms_norm_eps"},
                                   {"rope_parameters"},
                                   {"rope_scaling"},
                                   {"rope_theta"}};
constexpr ConfigKey kLlama[] = {{"attention_bias"}, {"hidden_act"}, {"mlp_bias"}, {"pretraining_tp", kOnly, "[1]"}, {"is_llama_config", kHarmless}};
constexpr ConfigKey kMistral[] = {{"hidden_act"}, {"sliding_window"}};
constexpr ConfigKey kQwen2[] = {{"hidden_act"},        {"layer_types"}, {"max_window_layers"}, {"sliding_window"}, {"use_mrope", kOnly, "[false]"},
                                {"use_sliding_window"}};
constexpr ConfigKey kQwen3[] = {{"attention_bias"}, {"hidden_act"}, {"layer_types"}, {"max_window_layers"}, {"sliding_window"}, {"use_sliding_window"}};
constexpr ConfigKey kGemma3[] = {{"_sliding_window_pattern"},
                                 {"attention_bias"},
                                 {"attn_logit_softcapping", kOnly, "[null]"},
                                 {"final_logit_softcapping", kOnly, "[null]"},
                                 {"hidden_act", kHarmless},  // of Gemma 1; Gemma 3 reads hidden_activation
                                 {"hidden_activation"},
                                 {"layer_types"},
                                 {"query_pre_attn_scalar"},
                                 {"rope_local_base_freq"},
                                 {"sliding_window"},
                                 {"sliding_window_pattern"},
                                 {"use_bidirectional_attention", kOnly, "[null, false]"}};
constexpr ConfigKey kGpt2[] = {{"activation_function"},
                               {"attn_pdrop", kHarmless},
                               {"embd_pdrop", kHarmless},
                               {"layer_norm_epsilon"},
                               {"n_ctx", kHarmless},  // n_positions says how long texts may be
                               {"n_embd"},
                               {"n_head"},
                               {"n_inner"},
                               {"n_layer"},
                               {"n_positions"},
                               {"reorder_and_upcast_attn", kHarmless},  // attention is computed in f32 anyway
                               {"resid_pdrop", kHarmless},
                               {"scale_attn_by_inverse_layer_idx"},
                               {"scale_attn_weights"},
                               {"summary_activation", kHarmless},
                               {"summary_first_dropout", kHarmless},
                               {"summary_proj_to_labels", kHarmless},
                               {"summary_type", kHarmless},
                               {"summary_use_proj", kHarmless}};
constexpr ConfigKey kRope[] = {{"factor"},
                               {"full_attention"},
                               {"high_freq_factor"},
                               {"low_freq_factor"},
                               {"original_max_position_embeddings"},
                               {"partial_rotary_factor", kOnly, "[null, 1.0]"},
                               {"rope_theta"},
                               {"rope_type"},
                               {"sliding_attention"},
                               {"type"}};

/// GGUF's keys behind the name of the architecture.
constexpr ConfigKey kGguf[] = {{"attention.causal", kOnly, "[true]"},
                               {"attention.clamp_kqv", kOnly, "[0.0]"},
                               {"attention.head_count"},
                               {"attention.head_count_kv"},
                               {"attention.key_length"},
                               {"attention.layer_norm_epsilon"},
                               {"attention.layer_norm_rms_epsilon"},
                               {"attention.max_alibi_bias", kOnly, "[0.0]"},
                               {"attention.scale", kOnly, "[0.0]"},
                               {"attention.sliding_window"},
                               {"attention.sliding_window_pattern"},
                               {"attention.value_length"},
                               {"attn_logit_softcapping", kOnly, "[0.0]"},
                               {"block_count"},
                               {"context_length"},
                               {"embedding_length"},
                               {"embedding_scale", kOnly, "[1.0]"},
                               {"expert_count", kOnly, "[0]"},
                               {"expert_used_count", kOnly, "[0]"},
                               {"feed_forward_length"},
                               {"final_logit_softcapping", kOnly, "[0.0]"},
                               {"logit_scale", kOnly, "[1.0]"},
                               {"residual_scale", kOnly, "[1.0]"},
                               {"rope.dimension_count"},
                               {"rope.freq_base"},
                               {"rope.freq_base_swa"},
                               {"rope.scale_linear", kOnly, "[1.0]"},
                               {"rope.scaling.attn_factor", kOnly, "[1.0]"},
                               {"rope.scaling.factor"},
                               {"rope.scaling.finetuned", kHarmless},
                               {"rope.scaling.original_context_length", kHarmless},
                               {"rope.scaling.type"},
                               {"tensor_data_layout", kHarmless},
                               {"use_parallel_residual", kOnly, "[false]"},
                               {"vocab_size", kHarmless}};

void begin(const LanguageFamily& family, LanguageConfig& c) {
  c.family = family.name;
  c.gelu = family.gelu;
  c.layer_norm = family.layer_norm;
  c.learned_positions = family.learned_positions;
  c.gated = family.gated;
}

Result<void> check(LanguageConfig& c) {
  const auto positive = [](int64_t value, int64_t max) { return value > 0 && value <= max; };
  if (!positive(c.vocabulary, kMax) || !positive(c.width, 1 << 17) || !positive(c.layers, 1024) || !positive(c.heads, 4096) || !positive(c.kv_heads, 4096) ||
      !positive(c.head_dim, 4096) || !positive(c.feed_forward, 1 << 20) || !positive(c.context, kMax))
    return fail(ErrorCode::corrupt, "language model: absurd sizes (vocabulary {}, width {}, layers {}, heads {} and {} of {}, feed-forward {}, context {})",
                c.vocabulary, c.width, c.layers, c.heads, c.kv_heads, c.head_dim, c.feed_forward, c.context);
  if (c.heads % c.kv_heads) return fail(ErrorCode::corrupt, "language model: {} heads share {} of keys and values", c.heads, c.kv_heads);
  if (c.rotated == 0) c.rotated = c.head_dim;
  if (c.rotated < 0 || c.rotated > c.head_dim || c.rotated % 2) return fail(ErrorCode::corrupt, "language model: {} of {} are rotated", c.rotated, c.head_dim);
  for (const float value : {c.norm_eps, c.rope_base, c.rope_local_base, c.rope_scale})
    if (!(value > 0) || !std::isfinite(value)) return fail(ErrorCode::corrupt, "language model: {} as norm's ε or base of rotation", value);
  if (c.window < 0 || c.window_pattern < 0) return fail(ErrorCode::corrupt, "language model: window {} of pattern {}", c.window, c.window_pattern);
  if (c.attention_scale == 0) c.attention_scale = 1 / std::sqrt(static_cast<float>(c.head_dim));
  return {};
}

int64_t needed(const Config& config, const char* key) {
  if (!config.has(key)) throw Failure({ErrorCode::corrupt, fmt::format("{}: no '{}'", config.file, key)});
  return config.integer(key, 0);
}

/// The frequencies of Llama 3's long contexts (rope_type llama3 of transformers).
std::vector<float> llama3_factors(const LanguageConfig& c, double factor, double low, double high, double original) {
  std::vector<float> out;
  for (int64_t i = 0; i < c.rotated / 2; ++i) {
    const double wavelength =
        2 * 3.14159265358979323846 * std::pow(static_cast<double>(c.rope_base), 2 * static_cast<double>(i) / static_cast<double>(c.rotated));
    const double smooth = (original / wavelength - low) / (high - low);
    const double share = wavelength > original / low ? 0 : wavelength < original / high ? 1 : smooth;
    out.push_back(static_cast<float>(1 / ((1 - share) / factor + share)));
  }
  return out;
}

/// A set of rotation parameters, its keys checked. The base goes to `base`, the linear scale to `scale`.
Config rope_of(const Config& config, const char* key, std::vector<std::string>& warnings) {
  Config rope{config.json.at(key), fmt::format("{}: {}", config.file, key)};
  value_or_throw(check_config(rope.json, {kRope}, rope.file, warnings));
  return rope;
}

std::string rope_type(const Config& rope) { return rope.has("rope_type") ? rope.text("rope_type", "") : rope.text("type", "default"); }

void read_rope(const Config& config, LanguageConfig& c, std::vector<std::string>& warnings) {
  const char* key = config.has("rope_parameters") ? "rope_parameters" : "rope_scaling";
  if (!config.has(key)) return;
  Config rope = rope_of(config, key, warnings);
  if (rope.has("full_attention")) {  // one set a kind of layer
    if (rope.has("sliding_attention")) {
      const Config local = rope_of(rope, "sliding_attention", warnings);
      c.rope_local_base = static_cast<float>(local.number("rope_theta", static_cast<double>(c.rope_local_base)));
      if (rope_type(local) != "default") local.refuse("rope_type", "\"default\" for the layers that see a window");
    }
    rope = rope_of(rope, "full_attention", warnings);
  }
  c.rope_base = static_cast<float>(rope.number("rope_theta", static_cast<double>(c.rope_base)));
  const std::string type = rope_type(rope);
  if (type == "default") return;
  for (const char* needed : {"factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"})
    if (!rope.has(needed) && (type == "llama3" || (type == "linear" && needed == std::string_view("factor"))))
      throw Failure({ErrorCode::corrupt, fmt::format("{}: no '{}'", rope.file, needed)});
  if (type == "linear") {
    c.rope_scale = static_cast<float>(rope.number("factor", 1));
  } else if (type == "llama3") {
    if (c.rotated == 0) c.rotated = c.head_dim;
    c.rope_factors = llama3_factors(c, rope.number("factor", 1), rope.number("low_freq_factor", 1), rope.number("high_freq_factor", 4),
                                    rope.number("original_max_position_embeddings", 8192));
  } else {
    rope.refuse(rope.has("rope_type") ? "rope_type" : "type", "\"default\", \"linear\", \"llama3\"");
  }
}

/// Which function lies between the products of a feed-forward layer.
void read_activation(const Config& config, const char* key, LanguageConfig& c) {
  if (!config.has(key)) return;
  const std::string name = config.text(key, "");
  if (name == "silu" || name == "swish")
    c.gelu = false;
  else if (name == "gelu_pytorch_tanh" || name == "gelu_new" || name == "gelu_fast")
    c.gelu = true;
  else
    config.refuse(key, R"("silu", "swish", "gelu_new", "gelu_pytorch_tanh", "gelu_fast")");
}

/// Which layers see a window only, if a list says so; a list that follows a pattern is kept as one.
void read_layer_types(const Config& config, LanguageConfig& c) {
  if (!config.has("layer_types")) return;
  const Json& types = config.json.at("layer_types");
  if (!types.is_array() || static_cast<int64_t>(types.size()) != c.layers)
    throw Failure({ErrorCode::corrupt, fmt::format("{}: 'layer_types' is no list of {} layers", config.file, c.layers)});
  std::vector<bool> windowed;
  for (const Json& type : types) {
    if (type != "sliding_attention" && type != "full_attention")
      throw Failure({ErrorCode::unsupported, fmt::format("{}: 'layer_types' has {}; supported: \"full_attention\", \"sliding_attention\"", config.file,
                                                         type.dump(-1, ' ', false, Json::error_handler_t::replace).substr(0, 60))});
    windowed.push_back(type == "sliding_attention");
  }
  const bool any = std::any_of(windowed.begin(), windowed.end(), [](bool one) { return one; });
  if (any && c.window == 0) throw Failure({ErrorCode::corrupt, fmt::format("{}: 'layer_types' names windows, but there is no 'sliding_window'", config.file)});
  c.windowed_layers.clear();
  if (!any) {
    c.window = c.window_pattern = 0;
    return;
  }
  for (int64_t pattern = 1; pattern <= c.layers + 1; ++pattern) {
    bool same = true;
    for (int64_t l = 0; l < c.layers; ++l) same = same && windowed[static_cast<size_t>(l)] == ((l + 1) % pattern != 0);
    if (!same) continue;
    c.window_pattern = pattern > c.layers ? kMax : pattern;
    return;
  }
  c.window_pattern = 0;
  c.windowed_layers = std::move(windowed);
}

void read_windows(const Config& config, const std::string& type, LanguageConfig& c) {
  const int64_t window = config.json.contains("sliding_window") ? config.integer("sliding_window", 0) : 4096;  // null: none; as transformers
  if (type == "gemma3_text") {
    c.window = window;
    c.window_pattern = config.integer(config.has("sliding_window_pattern") ? "sliding_window_pattern" : "_sliding_window_pattern", 6);
  } else if (type == "mistral") {
    c.window = window;
    c.window_pattern = c.window ? kMax : 0;
  } else if (type == "qwen2" || type == "qwen3") {
    const int64_t full = config.integer("max_window_layers", 28);
    if (config.boolean("use_sliding_window", false)) c.window = window;
    for (int64_t l = 0; l < c.layers && c.window > 0; ++l) c.windowed_layers.push_back(l >= full);
  } else {
    return;
  }
  read_layer_types(config, c);
}

void read_gpt2(const Config& config, LanguageConfig& c) {
  c.width = needed(config, "n_embd");
  c.layers = needed(config, "n_layer");
  c.heads = c.kv_heads = needed(config, "n_head");
  c.head_dim = c.heads > 0 ? c.width / c.heads : 0;
  c.feed_forward = config.integer("n_inner", 4 * c.width);
  c.context = needed(config, "n_positions");
  c.norm_eps = static_cast<float>(config.number("layer_norm_epsilon", 1e-5));
  read_activation(config, "activation_function", c);
  if (!config.boolean("scale_attn_weights", true)) c.attention_scale = 1;
  c.scale_by_layer = config.boolean("scale_attn_by_inverse_layer_idx", false);
}

void read_rotating(const Config& config, const std::string& type, LanguageConfig& c, std::vector<std::string>& warnings) {
  c.width = needed(config, "hidden_size");
  c.layers = needed(config, "num_hidden_layers");
  c.heads = needed(config, "num_attention_heads");
  c.kv_heads = type == "llama" ? config.integer("num_key_value_heads", c.heads) : needed(config, "num_key_value_heads");
  const int64_t even = c.heads > 0 ? c.width / c.heads : 0;
  c.head_dim = config.integer("head_dim", type == "qwen3" ? 128 : type == "gemma3_text" ? 256 : even);  // as transformers
  c.feed_forward = needed(config, "intermediate_size");
  c.context = needed(config, "max_position_embeddings");
  c.norm_eps = static_cast<float>(config.number("rms_norm_eps", 1e-6));
  c.rope_base = static_cast<float>(config.number("rope_theta", type == "gemma3_text" ? 1e6 : 1e4));
  c.rope_local_base = static_cast<float>(config.number("rope_local_base_freq", 1e4));
  read_rope(config, c, warnings);
  read_activation(config, type == "gemma3_text" ? "hidden_activation" : "hidden_act", c);
  if (type == "gemma3_text") {
    c.attention_scale = static_cast<float>(1 / std::sqrt(config.number("query_pre_attn_scalar", 256)));
    c.embedding_scale = std::sqrt(static_cast<float>(c.width));
  }
  read_windows(config, type, c);
}

/// GGUF's values behind `prefix` as JSON; lists are left out.
Json values_behind(const GgufFile& file, const std::string& prefix) {
  Json out = Json::object();
  for (const auto& [key, value] : file.metadata) {
    if (key.rfind(prefix, 0) != 0) continue;
    Json& to = out[key.substr(prefix.size())];
    std::visit([&](const auto& held) { to = held; }, value);
  }
  return out;
}

}  // namespace

std::vector<ConfigTable> language_tables(const std::string& model_type) {
  if (model_type == "gpt2") return {kCommon, kGpt2, transformers_keys()};
  const std::pair<const char*, ConfigTable> rotating[] = {
      {"llama", kLlama}, {"mistral", kMistral}, {"qwen2", kQwen2}, {"qwen3", kQwen3}, {"gemma3_text", kGemma3}};
  for (const auto& [name, table] : rotating)
    if (model_type == name) return {kCommon, kRotating, table, transformers_keys()};
  return {};
}

Result<LanguageConfig> language_config(const Config& config, std::vector<std::string>& warnings) {
  return guard([&]() -> Result<LanguageConfig> {
    if (!config.has("model_type")) return fail(ErrorCode::corrupt, "{}: no 'model_type'", config.file);
    const std::string type = config.text("model_type", "");
    const LanguageFamily* family = family_by_model_type(type);
    if (!family) config.refuse("model_type", family_names(false));
    const std::vector<ConfigTable> tables = language_tables(type);
    PTAH_TRY_VOID(tables.size() == 3 ? check_config(config.json, {tables[0], tables[1], tables[2]}, config.file, warnings)
                                     : check_config(config.json, {tables[0], tables[1], tables[2], tables[3]}, config.file, warnings));
    LanguageConfig c;
    begin(*family, c);
    c.vocabulary = needed(config, "vocab_size");
    if (type == "gpt2")
      read_gpt2(config, c);
    else
      read_rotating(config, type, c, warnings);
    if (config.has("eos_token_id"))
      for (const int64_t id : config.integers("eos_token_id", 1, -1))
        if (id >= 0 && id < c.vocabulary) c.stop_tokens.push_back(static_cast<int32_t>(id));
    PTAH_TRY_VOID(check(c));
    return c;
  });
}

void check_language_weights(const Config& config, const LanguageConfig& read, const std::function<bool(const std::string&)>& has) {
  if (has("blk.0.attn_q.weight") && read.family != "qwen2") {
    config.agree("attention_bias", has("blk.0.attn_q.bias"));
    config.agree("attention_bias", has("blk.0.attn_output.bias"));
  }
  if (read.gated) config.agree("mlp_bias", has("blk.0.ffn_up.bias"));
  const bool tied = config.boolean("tie_word_embeddings", family_by_name(read.family)->tied);
  if (!tied && config.has("tie_word_embeddings") && !has("output.weight")) config.agree("tie_word_embeddings", true);
}

Result<LanguageConfig> language_config(const GgufFile& file, std::vector<std::string>& warnings) {
  LanguageConfig c;
  PTAH_TRY(const std::string name, file.text("general.architecture"));
  const LanguageFamily* family = family_by_name(name);
  if (!family) return fail(ErrorCode::unsupported, "language model of the architecture '{}'; supported: {}", name, family_names(true));
  begin(*family, c);
  const auto key = [&](const char* end) { return name + "." + end; };
  PTAH_TRY_VOID(check_config(values_behind(file, name + "."), {kGguf}, "gguf", warnings));
  const auto embedding = file.tensors.find("token_embd.weight");
  if (embedding == file.tensors.end()) return fail(ErrorCode::corrupt, "gguf: no tensor 'token_embd.weight'");
  c.vocabulary = embedding->second.matrix.rows;
  PTAH_TRY(c.width, file.integer(key("embedding_length")));
  PTAH_TRY(c.layers, file.integer(key("block_count")));
  PTAH_TRY(c.heads, file.integer(key("attention.head_count")));
  c.kv_heads = file.get<int64_t>(key("attention.head_count_kv"), c.heads);
  c.head_dim = file.get<int64_t>(key("attention.key_length"), c.heads > 0 ? c.width / c.heads : 0);
  if (const int64_t values = file.get<int64_t>(key("attention.value_length"), c.head_dim); values != c.head_dim)
    return fail(ErrorCode::unsupported, "gguf: 'attention.value_length' is {}; supported: that of keys, {}", values, c.head_dim);
  PTAH_TRY(c.feed_forward, file.integer(key("feed_forward_length")));
  PTAH_TRY(c.context, file.integer(key("context_length")));
  c.norm_eps = static_cast<float>(file.get<double>(key(family->layer_norm ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon"), 1e-5));
  c.rope_base = static_cast<float>(file.get<double>(key("rope.freq_base"), 10000.0));
  c.rope_local_base = static_cast<float>(file.get<double>(key("rope.freq_base_swa"), 10000.0));
  c.rotated = file.get<int64_t>(key("rope.dimension_count"), c.head_dim);
  c.rotate_halves = !family->gguf_neighbours;
  if (family->scaled_embedding) c.embedding_scale = std::sqrt(static_cast<float>(c.width));
  const auto scaling = file.get<std::string>(key("rope.scaling.type"), "none");
  if (scaling == "linear")
    c.rope_scale = static_cast<float>(file.get<double>(key("rope.scaling.factor"), 1.0));
  else if (scaling != "none")
    return fail(ErrorCode::unsupported, "gguf: 'rope.scaling.type' is '{}'; supported: none, linear", scaling);
  c.window = file.get<int64_t>(key("attention.sliding_window"), 0);
  if (family->gguf_windows) {
    c.window_pattern = file.get<int64_t>(key("attention.sliding_window_pattern"), int64_t{6});
    c.rotated = c.head_dim;
  } else if (c.window > 0) {
    c.window_pattern = file.get<int64_t>(key("attention.sliding_window_pattern"), kMax);
  }
  if (const auto factors = file.tensors.find("rope_freqs.weight"); factors != file.tensors.end()) {
    const BlockMatrix& m = factors->second.matrix;
    if (m.type != BlockType::f32 || m.rows * m.columns * 2 != c.rotated)
      return fail(ErrorCode::corrupt, "gguf: 'rope_freqs.weight' is not f32 [{}]", c.rotated / 2);
    c.rope_factors.resize(static_cast<size_t>(m.columns));
    dequantize(m.type, m.data, m.columns, c.rope_factors.data());
    for (const float factor : c.rope_factors)
      if (!(factor > 0)) return fail(ErrorCode::corrupt, "gguf: 'rope_freqs.weight' holds {}", factor);
  }
  PTAH_TRY_VOID(check(c));
  return c;
}

}  // namespace ptah
