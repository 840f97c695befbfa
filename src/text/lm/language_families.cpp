#include "text/lm/language_families.h"

#include "tensor/ops.h"
#include "text/lm/language_config.h"
#include "text/lm/language_model.h"
#include "weights/weights_folder.h"

namespace ptah {

namespace {

constexpr LanguageFamily kFamilies[] = {
    // Touvron et al. 2023; SmolLM2 is one too
    {.name = "llama", .model_type = "llama", .gguf_neighbours = true},
    // Jiang et al. 2023: Llama with a window
    {.name = "llama", .model_type = "mistral", .gguf_neighbours = true},
    // Yang et al. 2024: queries, keys and values have biases
    {.name = "qwen2", .model_type = "qwen2"},
    // Yang et al. 2025: queries and keys are normed instead
    {.name = "qwen3", .model_type = "qwen3"},
    // Gemma Team 2025
    {.name = "gemma3",
     .model_type = "gemma3_text",
     .gelu = true,
     .local_base = true,
     .scaled_embedding = true,
     .tied = true,
     .gguf_windows = true,
     .norms_less_one = true,
     .norms_after_layers = true},
    // Radford et al. 2019
    {.name = "gpt2", .model_type = "gpt2", .layer_norm = true, .gated = false, .gelu = true, .learned_positions = true, .tied = true, .transposed = true},
};

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
/// Of families that norm what a layer gives too.
constexpr NamePair kAfterNormNames[] = {
    {"post_attention_layernorm", "post_attention_norm"},
    {"pre_feedforward_layernorm", "ffn_norm"},
    {"post_feedforward_layernorm", "post_ffw_norm"},
};
constexpr NamePair kOuterNames[] = {
    {"embed_tokens", "token_embd"}, {"norm", "output_norm"}, {"lm_head", "output"}, {"wte", "token_embd"}, {"wpe", "position_embd"}, {"ln_f", "output_norm"},
};

}  // namespace

const LanguageFamily* family_by_name(const std::string& name) {
  for (const LanguageFamily& family : kFamilies)
    if (name == family.name) return &family;
  return nullptr;
}

const LanguageFamily* family_by_model_type(const std::string& model_type) {
  for (const LanguageFamily& family : kFamilies)
    if (model_type == family.model_type) return &family;
  return nullptr;
}

std::string family_names(bool gguf) {
  std::string out;
  const char* before = "";
  for (const LanguageFamily& family : kFamilies) {
    const char* name = gguf ? family.name : family.model_type;
    if (std::string_view(before) != name) out += (out.empty() ? "" : ", ") + std::string(name);
    before = name;
  }
  return out;
}

std::string gguf_name(const std::string& theirs, const std::string& family) {
  std::string name = theirs;
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
  const LanguageFamily* known = family_by_name(family);
  if (!layer.empty() && known && known->norms_after_layers) found = look(kAfterNormNames);
  if (!layer.empty() && !found) found = look(kLayerNames);
  if (!found) return "";
  return layer.empty() ? fmt::format("{}.{}", found, kind) : fmt::format("blk.{}.{}.{}", layer, found, kind);
}

std::string hugging_face_name(const std::string& ours, const std::string& family) {
  const LanguageFamily* known = family_by_name(family);
  const size_t dot = ours.rfind('.');
  if (!known || dot == std::string::npos) return "";
  const bool gpt2 = known->transposed;  // whose names stand last in the tables
  std::string stem = ours.substr(0, dot), layer;
  if (stem.rfind("blk.", 0) == 0) {
    const size_t end = stem.find('.', 4);
    if (end == std::string::npos) return "";
    layer = stem.substr(4, end - 4);
    stem = stem.substr(end + 1);
  }
  const char* found = nullptr;
  const auto look = [&](const auto& table) {
    for (const NamePair& pair : table)
      if (stem == pair.ours && (!found || gpt2)) found = pair.theirs;
  };
  if (layer.empty()) look(kOuterNames);
  if (!layer.empty() && known->norms_after_layers) look(kAfterNormNames);
  if (!layer.empty()) look(kLayerNames);
  if (!found) return "";
  const std::string beginning = stem == "output" ? "" : gpt2 ? "transformer." : "model.";
  return beginning + (layer.empty() ? "" : (gpt2 ? "h." : "layers.") + layer + ".") + found + ours.substr(dot);
}

bool is_transposed(const std::string& name, const std::string& family) {
  const LanguageFamily* known = family_by_name(family);
  if (!known || !known->transposed) return false;
  for (const char* stem : {"attn_qkv.weight", "attn_output.weight", "ffn_up.weight", "ffn_down.weight"})
    if (name.ends_with(stem)) return true;
  return false;
}

namespace {

/// Constants that older files hold beside the weights.
bool is_buffer(const std::string& name) {
  for (const char* end : {".attn.bias", ".attn.masked_bias", ".rotary_emb.inv_freq"})
    if (name.ends_with(end)) return true;
  return false;
}

}  // namespace

Result<LanguageWeights> language_weights(const GgufFile& file) {
  LanguageWeights out;
  PTAH_TRY(out.config, language_config(file, out.warnings));
  for (const auto& [name, tensor] : file.tensors) {
    const Tensor lies = Tensor::wrap(tensor.matrix);
    out.tensors.emplace(name, tensor.shape.size() == 1 ? lies.reshape({lies.elements()}) : lies);
    out.file_bytes += block_bytes(tensor.matrix.type, tensor.matrix.rows * tensor.matrix.columns);
  }
  return out;
}

Result<LanguageWeights> language_weights(const std::filesystem::path& folder) {
  PTAH_TRY(const Config config, Config::read(folder / "config.json", "config.json"));
  LanguageWeights out;
  PTAH_TRY(out.config, language_config(config, out.warnings));
  PTAH_TRY(const auto tensors, read_weights_folder(folder, {"model", "pytorch_model"}));
  return guard([&]() -> Result<LanguageWeights> {
    for (const auto& [theirs, tensor] : tensors) {
      const std::string name = gguf_name(theirs, out.config.family);
      if (name.empty() && !is_buffer(theirs))
        out.warnings.push_back(fmt::format("{}: the tensor '{}' is not known, and not used", folder.filename().string(), theirs));
      if (name.empty() || !is_float(tensor.dtype())) continue;
      Tensor held = tensor;
      if (is_transposed(name, out.config.family) && tensor.rank() == 2) held = permute(tensor, {1, 0});
      if (family_by_name(out.config.family)->norms_less_one && name.find("norm.weight") != std::string::npos) held = affine(cast(tensor, DType::f32), 1, 1);
      out.tensors.emplace(name, held);
      out.file_bytes += static_cast<int64_t>(tensor.bytes());
    }
    check_language_weights(config, out.config, [&](const std::string& name) { return out.tensors.contains(name); });
    if (config.boolean("tie_word_embeddings", false)) out.tensors.erase("output.weight");  // transformers takes the embedding, whatever lies there
    return std::move(out);
  });
}

}  // namespace ptah
