#include "text/lm/gguf_export.h"

#include <cmath>
#include <limits>

#include "text/lm/language_families.h"
#include "text/lm/language_model.h"

namespace ptah {

namespace {

using Metadata = std::map<std::string, GgufValue>;

Result<void> put_config(const LanguageConfig& c, Metadata& out) {
  const LanguageFamily& family = *family_by_name(c.family);
  if (c.window > 0 && !family.gguf_windows)
    return fail(ErrorCode::unsupported, "gguf has no sliding window of {} tokens for the family '{}'", c.window, c.family);
  if (!c.windowed_layers.empty() || c.scale_by_layer || c.gelu != family.gelu)
    return fail(ErrorCode::unsupported, "gguf has no keys for this model's {}",
                c.scale_by_layer            ? "scale of attention by layer"
                : c.windowed_layers.empty() ? "activation"
                                            : "list of layers with a window");
  if (family.local_base && c.rope_local_base != 10000.0F)
    return fail(ErrorCode::unsupported, "gguf has no key for the local base of rotation; this model has {}", c.rope_local_base);
  if (c.attention_scale != 1 / std::sqrt(static_cast<float>(c.head_dim)))
    return fail(ErrorCode::unsupported, "gguf has no key for the scale of attention; this model has {} for heads of {}", c.attention_scale, c.head_dim);
  out["general.architecture"] = c.family;
  const auto put = [&](const char* key, GgufValue value) { out[c.family + "." + key] = std::move(value); };
  put("context_length", c.context);
  put("embedding_length", c.width);
  put("block_count", c.layers);
  put("feed_forward_length", c.feed_forward);
  put("attention.head_count", c.heads);
  put("attention.head_count_kv", c.kv_heads);
  put("attention.key_length", c.head_dim);
  put("attention.value_length", c.head_dim);
  put(c.layer_norm ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon", static_cast<double>(c.norm_eps));
  put("vocab_size", c.vocabulary);
  if (!c.learned_positions) {
    put("rope.dimension_count", c.rotated);
    put("rope.freq_base", static_cast<double>(c.rope_base));
  }
  if (c.rope_scale != 1) {
    put("rope.scaling.type", std::string("linear"));
    put("rope.scaling.factor", static_cast<double>(c.rope_scale));
  }
  if (c.window > 0) {
    put("attention.sliding_window", c.window);
    put("attention.sliding_window_pattern", c.window_pattern);
  }
  return {};
}

const char* name_of(PreTokenizer pre) {
  switch (pre) {
    case PreTokenizer::smollm:
      return "smollm";
    case PreTokenizer::llama3:
      return "llama-bpe";
    case PreTokenizer::qwen2:
      return "qwen2";
    default:
      return "gpt-2";
  }
}

/// SentencePiece files rank pieces by score: of a piece that a merge makes, the negative rank of the first such merge; of others, less than any.
std::vector<double> scores_of(const TokenizerParts& parts) {
  std::map<std::string, double> made;
  for (size_t rank = 0; rank < parts.merges.size(); ++rank) {
    std::string piece = parts.merges[rank];
    piece.erase(piece.find(' '), 1);
    made.emplace(std::move(piece), -static_cast<double>(rank));
  }
  std::vector<double> out;
  for (const std::string& token : parts.tokens) {
    const auto found = made.find(token);
    out.push_back(found != made.end() ? found->second : -static_cast<double>(parts.merges.size()) - 1);
  }
  return out;
}

Result<void> put_tokenizer(const TokenizerParts& parts, int64_t vocabulary, Metadata& out) {
  const bool bytes = parts.algorithm == TokenizerParts::Algorithm::byte_bpe;
  if (parts.algorithm == TokenizerParts::Algorithm::unigram) return fail(ErrorCode::unsupported, "a unigram tokenizer is not written to GGUF");
  if (bytes && parts.whole_words_first != (parts.pre_tokenizer == PreTokenizer::llama3))
    return fail(ErrorCode::unsupported, "gguf has no key for whether whole words are taken first; this tokenizer differs from others of the rules '{}'",
                name_of(parts.pre_tokenizer));
  const bool of_qwen = bytes && parts.pre_tokenizer == PreTokenizer::qwen2 && parts.steps.size() == 1 && parts.steps[0].kind == TextStep::Kind::nfc;
  if (!parts.steps.empty() && !of_qwen) return fail(ErrorCode::unsupported, "gguf has no key for the normalizers of this tokenizer");
  if (!parts.added.empty())
    return fail(ErrorCode::unsupported, "gguf has no key for added tokens that are single words, take white space or are normalized; this tokenizer has '{}'",
                parts.tokens[static_cast<size_t>(parts.added.begin()->first)]);
  const auto put = [&](const char* key, GgufValue value) { out[std::string("tokenizer.ggml.") + key] = std::move(value); };
  std::vector<std::string> tokens = parts.tokens;
  std::vector<int64_t> kinds;
  for (size_t i = 0; i < tokens.size(); ++i) kinds.push_back(static_cast<int64_t>(parts.kinds.empty() ? TokenizerParts::Kind::normal : parts.kinds[i]) + 1);
  std::vector<double> scores = bytes ? std::vector<double>() : parts.scores.empty() ? scores_of(parts) : parts.scores;
  for (size_t i = 0; i < tokens.size(); ++i)
    if (tokens[i].empty()) tokens[i] = fmt::format("[unused {}]", i);
  while (static_cast<int64_t>(tokens.size()) < vocabulary) {
    tokens.push_back(fmt::format("[unused {}]", tokens.size()));
    kinds.push_back(static_cast<int64_t>(TokenizerParts::Kind::unused) + 1);
    if (!bytes) scores.push_back(-static_cast<double>(std::numeric_limits<int32_t>::max()));
  }
  put("model", std::string(bytes ? "gpt2" : "llama"));
  put("pre", std::string(bytes ? name_of(parts.pre_tokenizer) : "default"));
  put("tokens", std::move(tokens));
  put("token_type", std::move(kinds));
  if (bytes)
    put("merges", parts.merges);
  else
    put("scores", std::move(scores));
  const std::pair<const char*, int32_t> ids[] = {{"bos_token_id", parts.bos}, {"eos_token_id", parts.eos}, {"unknown_token_id", parts.unknown}};
  for (const auto& [key, id] : ids)
    if (id >= 0) put(key, int64_t{id});
  put("add_bos_token", parts.add_bos);
  put("add_eos_token", parts.add_eos);
  if (!bytes) put("add_space_prefix", parts.space_prefix);
  return {};
}

/// Rows of queries and keys in the order of GGUF's llama family, where neighbours rotate: row 2j + h of a head is row h · half + j of Hugging Face's.
std::vector<int64_t> neighbours_order(int64_t rows, int64_t head_dim) {
  std::vector<int64_t> order;
  for (int64_t r = 0; r < rows; ++r) {
    const int64_t within = r % head_dim;
    order.push_back(r - within + within % 2 * (head_dim / 2) + within / 2);
  }
  return order;
}

}  // namespace

Result<Requantized> export_gguf(const std::filesystem::path& folder, const std::filesystem::path& to, BlockType type) {
  PTAH_TRY(const LanguageWeights weights, language_weights(folder));
  PTAH_TRY(const LoadedTokenizer tokenizer, load_folder_tokenizer(folder));
  const LanguageConfig& c = weights.config;
  if (tokenizer.tokenizer->size() > c.vocabulary)
    return fail(ErrorCode::mismatch, "{} tokens, but embeddings for {}", tokenizer.tokenizer->size(), c.vocabulary);
  Metadata metadata;
  metadata["general.name"] = std::filesystem::absolute(folder).filename().string();
  PTAH_TRY_VOID(put_config(c, metadata));
  PTAH_TRY_VOID(put_tokenizer(tokenizer.tokenizer->parts(), c.vocabulary, metadata));
  if (!tokenizer.chat_template.empty()) metadata["tokenizer.chat_template"] = tokenizer.chat_template;
  GgufMaker maker(type);
  for (const auto& [name, tensor] : weights.tensors) {
    const BlockMatrix matrix = tensor.block_matrix();
    const bool vector = matrix.rows == 1 || name.find("norm") != std::string::npos || name.ends_with(".bias");
    const bool turned = family_by_name(c.family)->gguf_neighbours && (name.find("attn_q.") != std::string::npos || name.find("attn_k.") != std::string::npos);
    const int64_t rows = vector ? matrix.columns * matrix.rows : matrix.rows;
    const std::vector<int64_t> order = turned ? neighbours_order(rows, c.head_dim) : std::vector<int64_t>();
    const std::vector<int64_t> shape = vector ? std::vector<int64_t>{rows} : std::vector<int64_t>{matrix.rows, matrix.columns};
    PTAH_TRY_VOID(maker.add(name, shape, matrix, order));
  }
  if (!c.rope_factors.empty()) {
    BlockMatrix factors;
    factors.rows = 1;
    factors.columns = static_cast<int64_t>(c.rope_factors.size());
    factors.data = reinterpret_cast<const uint8_t*>(c.rope_factors.data());
    PTAH_TRY_VOID(maker.add("rope_freqs.weight", {factors.columns}, factors));
  }
  return maker.write(to, std::move(metadata));
}

}  // namespace ptah
