// The table of language families: what each says in its config and how its weights are called.
#include <algorithm>
#include <cmath>
#include <set>

#include "text/language_model.h"
#include "tensor/ops.h"
#include "weights/safetensors.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kMost = int64_t{1} << 24;

struct Family {
  const char* name;       ///< GGUF's general.architecture
  const char* hf_type;    ///< Hugging Face's model_type
  bool gguf_interleaved;  ///< GGUF files hold queries and keys in the order that rotates neighbours
  bool gelu, layer_norm, learned_positions, gated;
};
constexpr Family kFamilies[] = {
    {"llama", "llama", true, false, false, false, true},  {"qwen2", "qwen2", false, false, false, false, true},
    {"qwen3", "qwen3", false, false, false, false, true}, {"gemma3", "gemma3_text", false, true, false, false, true},
    {"gpt2", "gpt2", false, true, true, true, false},
};

Result<const Family*> family_of(const std::string& name, bool gguf) {
  std::string known;
  for (const Family& family : kFamilies) {
    if (name == (gguf ? family.name : family.hf_type) || (!gguf && name == "mistral" && family.hf_type == std::string("llama"))) return &family;
    known += std::string(known.empty() ? "" : " ") + (gguf ? family.name : family.hf_type);
  }
  return fail(ErrorCode::unsupported, "language model of the family '{}'; known: {}{}", name, known, gguf ? "" : " mistral");
}

void begin(const Family& family, LanguageConfig& c) {
  c.family = family.name;
  c.gelu = family.gelu;
  c.layer_norm = family.layer_norm;
  c.learned_positions = family.learned_positions;
  c.gated = family.gated;
}

Result<void> check(LanguageConfig& c) {
  const auto positive = [](int64_t value, int64_t most) { return value > 0 && value <= most; };
  if (!positive(c.vocabulary, kMost) || !positive(c.width, 1 << 17) || !positive(c.layers, 1024) || !positive(c.heads, 4096) || !positive(c.kv_heads, 4096) ||
      !positive(c.head_dim, 4096) || !positive(c.feed_forward, 1 << 20) || !positive(c.context, kMost))
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

/// Hugging Face's names → GGUF's, within a layer and outside.
struct NamePair {
  const char *theirs, *ours;
};
constexpr NamePair kLayerNames[] = {
    {"input_layernorm", "attn_norm"},
    {"self_attn.q_proj", "attn_q"},
    {"self_attn.k_proj", "attn_k"},
    {"self_attn.v_proj", "attn_v"},
    {"self_attn.o_proj", "attn_output"},
    {"self_attn.q_norm", "attn_q_norm"},
    {"self_attn.k_norm", "attn_k_norm"},
    {"post_attention_layernorm", "ffn_norm"},
    {"mlp.gate_proj", "ffn_gate"},
    {"mlp.up_proj", "ffn_up"},
    {"mlp.down_proj", "ffn_down"},
    {"ln_1", "attn_norm"},
    {"attn.c_attn", "attn_qkv"},
    {"attn.c_proj", "attn_output"},
    {"ln_2", "ffn_norm"},
    {"mlp.c_fc", "ffn_up"},
    {"mlp.c_proj", "ffn_down"},
};
constexpr NamePair kGemmaLayerNames[] = {
    {"post_attention_layernorm", "post_attention_norm"},
    {"pre_feedforward_layernorm", "ffn_norm"},
    {"post_feedforward_layernorm", "post_ffw_norm"},
};
constexpr NamePair kOuterNames[] = {
    {"embed_tokens", "token_embd"}, {"norm", "output_norm"}, {"lm_head", "output"}, {"wte", "token_embd"}, {"wpe", "position_embd"}, {"ln_f", "output_norm"},
};

/// "" if the tensor has no part in the computation.
std::string our_name(std::string name, const std::string& family) {
  for (const char* prefix : {"model.", "transformer."})
    if (name.rfind(prefix, 0) == 0) name = name.substr(std::string_view(prefix).size());
  const size_t dot = name.rfind('.');
  if (dot == std::string::npos) return "";
  std::string stem = name.substr(0, dot), kind = name.substr(dot + 1), layer;
  if (kind != "weight" && kind != "bias") return "";
  for (const char* prefix : {"layers.", "h."})
    if (stem.rfind(prefix, 0) == 0) {
      const size_t from = std::string_view(prefix).size(), end = stem.find('.', from);
      if (end == std::string::npos) return "";
      layer = stem.substr(from, end - from);
      stem = stem.substr(end + 1);
      break;
    }
  const auto look = [&](const auto& table) -> const char* {
    for (const NamePair& pair : table)
      if (stem == pair.theirs) return pair.ours;
    return nullptr;
  };
  const char* found = nullptr;
  if (layer.empty()) found = look(kOuterNames);
  if (!layer.empty() && family == "gemma3") found = look(kGemmaLayerNames);
  if (!layer.empty() && !found) found = look(kLayerNames);
  if (!found) return "";
  return layer.empty() ? fmt::format("{}.{}", found, kind) : fmt::format("blk.{}.{}.{}", layer, found, kind);
}

BlockMatrix matrix_of(const Tensor& tensor) {
  BlockMatrix m;
  m.type = tensor.dtype() == DType::f32 ? BlockType::f32 : tensor.dtype() == DType::f16 ? BlockType::f16 : BlockType::bf16;
  m.columns = tensor.rank() ? tensor.dim(-1) : 1;
  m.rows = m.columns ? tensor.elements() / m.columns : 0;
  m.data = static_cast<const uint8_t*>(tensor.raw());
  m.owner = std::make_shared<Tensor>(tensor);
  return m;
}

template <class T>
Result<T> json_value(const Json& json, const char* key, std::optional<T> fallback = {}) {
  const auto found = json.find(key);
  if (found == json.end() || found->is_null()) {
    if (fallback) return *fallback;
    return fail(ErrorCode::corrupt, "config.json: no '{}'", key);
  }
  if constexpr (std::is_same_v<T, bool>) {
    if (found->is_boolean()) return found->get<T>();
  } else {
    if (std::is_floating_point_v<T> ? found->is_number() : found->is_number_integer()) return found->get<T>();
  }
  return fail(ErrorCode::corrupt, "config.json: '{}' is {}", key, found->dump().substr(0, 60));
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

Result<void> read_rope(const Json& json, LanguageConfig& c) {
  const char* name = json.contains("rope_parameters") ? "rope_parameters" : "rope_scaling";
  Json rope = json.value(name, Json());
  if (rope.is_object() && rope.contains("full_attention")) {  // one set a kind of layer
    const Json local = rope.value("sliding_attention", Json::object());
    PTAH_TRY(c.rope_local_base, json_value<float>(local, "rope_theta", c.rope_local_base));
    rope = rope["full_attention"];
  }
  if (!rope.is_object()) return {};
  PTAH_TRY(c.rope_base, json_value<float>(rope, "rope_theta", c.rope_base));
  const Json type = rope.contains("rope_type") ? rope["rope_type"] : rope.value("type", Json("default"));
  if (type == "default") return {};
  if (type == "linear") {
    PTAH_TRY(c.rope_scale, json_value<float>(rope, "factor"));
    return {};
  }
  if (type != "llama3") return fail(ErrorCode::unsupported, "config.json: rotation of type {}; known: default linear llama3", type.dump());
  PTAH_TRY(const double factor, json_value<double>(rope, "factor"));
  PTAH_TRY(const double low, json_value<double>(rope, "low_freq_factor"));
  PTAH_TRY(const double high, json_value<double>(rope, "high_freq_factor"));
  PTAH_TRY(const double original, json_value<double>(rope, "original_max_position_embeddings"));
  if (c.rotated == 0) c.rotated = c.head_dim;
  c.rope_factors = llama3_factors(c, factor, low, high, original);
  return {};
}

Result<LanguageConfig> config_from_json(const Json& json) {
  LanguageConfig c;
  const Json type = json.value("model_type", Json());
  if (!type.is_string()) return fail(ErrorCode::corrupt, "config.json: no 'model_type'");
  PTAH_TRY(const Family* family, family_of(type.get<std::string>(), false));
  begin(*family, c);
  const bool gpt2 = c.family == "gpt2";
  PTAH_TRY(c.vocabulary, json_value<int64_t>(json, "vocab_size"));
  PTAH_TRY(c.width, json_value<int64_t>(json, gpt2 ? "n_embd" : "hidden_size"));
  PTAH_TRY(c.layers, json_value<int64_t>(json, gpt2 ? "n_layer" : "num_hidden_layers"));
  PTAH_TRY(c.heads, json_value<int64_t>(json, gpt2 ? "n_head" : "num_attention_heads"));
  PTAH_TRY(c.kv_heads, json_value<int64_t>(json, "num_key_value_heads", c.heads));
  PTAH_TRY(c.head_dim, json_value<int64_t>(json, "head_dim", c.heads ? c.width / c.heads : 0));
  PTAH_TRY(c.feed_forward, json_value<int64_t>(json, gpt2 ? "n_inner" : "intermediate_size", gpt2 ? std::optional(4 * c.width) : std::nullopt));
  PTAH_TRY(c.context, json_value<int64_t>(json, gpt2 ? "n_positions" : "max_position_embeddings"));
  PTAH_TRY(c.norm_eps, json_value<float>(json, gpt2 ? "layer_norm_epsilon" : "rms_norm_eps", 1e-5F));
  PTAH_TRY(c.rope_base, json_value<float>(json, "rope_theta", 10000.0F));
  PTAH_TRY(c.rope_local_base, json_value<float>(json, "rope_local_base_freq", 10000.0F));
  PTAH_TRY_VOID(read_rope(json, c));
  if (c.family == "gemma3") {
    PTAH_TRY(const float scalar, json_value<float>(json, "query_pre_attn_scalar", static_cast<float>(c.head_dim)));
    c.attention_scale = 1 / std::sqrt(scalar);
    c.embedding_scale = std::sqrt(static_cast<float>(c.width));
    PTAH_TRY(c.window, json_value<int64_t>(json, "sliding_window", 0));
    PTAH_TRY(c.window_pattern, json_value<int64_t>(json, "sliding_window_pattern", 6));
    for (const char* cap : {"attn_logit_softcapping", "final_logit_softcapping"})
      if (json.contains(cap) && !json[cap].is_null()) return fail(ErrorCode::unsupported, "config.json: '{}' is not computed", cap);
  } else if (type == "mistral") {
    PTAH_TRY(c.window, json_value<int64_t>(json, "sliding_window", 0));
    c.window_pattern = c.window ? kMost : 0;
  } else if (json.value("use_sliding_window", Json()) == Json(true)) {
    return fail(ErrorCode::unsupported, "config.json: 'use_sliding_window' in a model of type {}", type.dump());
  }
  PTAH_TRY_VOID(check(c));
  return c;
}

Result<LanguageConfig> config_from_gguf(const GgufFile& file) {
  LanguageConfig c;
  PTAH_TRY(const std::string name, file.text("general.architecture"));
  PTAH_TRY(const Family* family, family_of(name, true));
  begin(*family, c);
  const auto key = [&](const char* end) { return name + "." + end; };
  const auto embedding = file.tensors.find("token_embd.weight");
  if (embedding == file.tensors.end()) return fail(ErrorCode::corrupt, "gguf: no tensor 'token_embd.weight'");
  c.vocabulary = embedding->second.matrix.rows;
  PTAH_TRY(c.width, file.integer(key("embedding_length")));
  PTAH_TRY(c.layers, file.integer(key("block_count")));
  PTAH_TRY(c.heads, file.integer(key("attention.head_count")));
  c.kv_heads = file.get<int64_t>(key("attention.head_count_kv"), c.heads);
  c.head_dim = file.get<int64_t>(key("attention.key_length"), c.heads > 0 ? c.width / c.heads : 0);
  PTAH_TRY(c.feed_forward, file.integer(key("feed_forward_length")));
  PTAH_TRY(c.context, file.integer(key("context_length")));
  c.norm_eps = static_cast<float>(file.get<double>(key(family->layer_norm ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon"), 1e-5));
  c.rope_base = static_cast<float>(file.get<double>(key("rope.freq_base"), 10000.0));
  c.rotated = file.get<int64_t>(key("rope.dimension_count"), c.head_dim);
  c.rotate_halves = !family->gguf_interleaved;
  const auto scaling = file.get<std::string>(key("rope.scaling.type"), "none");
  if (scaling == "linear")
    c.rope_scale = static_cast<float>(file.get<double>(key("rope.scaling.factor"), 1.0));
  else if (scaling != "none")
    return fail(ErrorCode::unsupported, "gguf: rotation scaled by '{}'; known: none linear", scaling);
  if (c.family == "gemma3") {
    c.embedding_scale = std::sqrt(static_cast<float>(c.width));
    c.window = file.get<int64_t>(key("attention.sliding_window"), 0);
    c.window_pattern = file.get<int64_t>(key("attention.sliding_window_pattern"), int64_t{6});
    c.rotated = c.head_dim;
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

/// GPT-2's Hugging Face files hold [in, out] for these.
bool transposed_in_gpt2(const std::string& name) {
  for (const char* stem : {"attn_qkv.weight", "attn_output.weight", "ffn_up.weight", "ffn_down.weight"})
    if (name.ends_with(stem)) return true;
  return false;
}

}  // namespace

Result<LanguageWeights> language_weights(const GgufFile& file) {
  LanguageWeights out;
  PTAH_TRY(out.config, config_from_gguf(file));
  for (const auto& [name, tensor] : file.tensors) {
    out.matrices.emplace(name, tensor.matrix);
    out.file_bytes += block_bytes(tensor.matrix.type, tensor.matrix.rows * tensor.matrix.columns);
  }
  return out;
}

Result<LanguageWeights> language_weights(const fs::path& folder) {
  PTAH_TRY(const std::string text, read_text(folder / "config.json", 1 << 20));
  PTAH_TRY(const Json json, parse_json(text));
  LanguageWeights out;
  PTAH_TRY(out.config, config_from_json(json));
  std::set<std::string> files{"model.safetensors"};
  if (fs::exists(folder / "model.safetensors.index.json")) {
    PTAH_TRY(const std::string index_text, read_text(folder / "model.safetensors.index.json", 1 << 26));
    PTAH_TRY(const Json index, parse_json(index_text));
    files.clear();
    const Json map = index.value("weight_map", Json());
    if (!map.is_object()) return fail(ErrorCode::corrupt, "model.safetensors.index.json: no 'weight_map'");
    for (const auto& [name, value] : map.items()) {
      if (!value.is_string() || value.get_ref<const std::string&>().find('/') != std::string::npos)
        return fail(ErrorCode::corrupt, "model.safetensors.index.json: '{}' lies in {}", name, value.dump().substr(0, 100));
      files.insert(value.get<std::string>());
    }
  }
  for (const std::string& file : files) {
    PTAH_TRY(const TensorFile content, read_safetensors(folder / file));
    for (const auto& [theirs, tensor] : content.tensors) {
      const std::string name = our_name(theirs, out.config.family);
      if (name.empty() || !is_float(tensor.dtype())) continue;
      Tensor held = tensor;
      if (out.config.family == "gpt2" && transposed_in_gpt2(name) && tensor.rank() == 2) held = permute(tensor, {1, 0});
      if (out.config.family == "gemma3" && name.find("norm.weight") != std::string::npos) held = affine(cast(tensor, DType::f32), 1, 1);
      out.matrices.emplace(name, matrix_of(held));
      out.file_bytes += static_cast<int64_t>(tensor.bytes());
    }
  }
  return out;
}

}  // namespace ptah
