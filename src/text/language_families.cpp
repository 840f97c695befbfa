// How the weights of the language families are called.
#include "tensor/ops.h"
#include "text/language_config.h"
#include "text/language_model.h"
#include "weights/weights_folder.h"

namespace ptah {

namespace {

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

/// Constants that older files hold beside the weights.
bool is_buffer(const std::string& name) {
  for (const char* end : {".attn.bias", ".attn.masked_bias", ".rotary_emb.inv_freq"})
    if (name.ends_with(end)) return true;
  return false;
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

/// GPT-2's Hugging Face files hold [in, out] for these.
bool transposed_in_gpt2(const std::string& name) {
  for (const char* stem : {"attn_qkv.weight", "attn_output.weight", "ffn_up.weight", "ffn_down.weight"})
    if (name.ends_with(stem)) return true;
  return false;
}

}  // namespace

Result<LanguageWeights> language_weights(const GgufFile& file) {
  LanguageWeights out;
  PTAH_TRY(out.config, language_config(file, out.warnings));
  for (const auto& [name, tensor] : file.tensors) {
    out.matrices.emplace(name, tensor.matrix);
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
      const std::string name = our_name(theirs, out.config.family);
      if (name.empty() && !is_buffer(theirs))
        out.warnings.push_back(fmt::format("{}: the tensor '{}' is not known, and not used", folder.filename().string(), theirs));
      if (name.empty() || !is_float(tensor.dtype())) continue;
      Tensor held = tensor;
      if (out.config.family == "gpt2" && transposed_in_gpt2(name) && tensor.rank() == 2) held = permute(tensor, {1, 0});
      if (out.config.family == "gemma3" && name.find("norm.weight") != std::string::npos) held = affine(cast(tensor, DType::f32), 1, 1);
      out.matrices.emplace(name, matrix_of(held));
      out.file_bytes += static_cast<int64_t>(tensor.bytes());
    }
    check_language_weights(config, out.config, [&](const std::string& name) { return out.matrices.contains(name); });
    if (config.boolean("tie_word_embeddings", false)) out.matrices.erase("output.weight");  // transformers takes the embedding, whatever lies there
    return std::move(out);
  });
}

}  // namespace ptah
