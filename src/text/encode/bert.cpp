#include "text/encode/bert.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/budget.h"
#include "base/file.h"
#include "base/parallel.h"
#include "weights/weights_folder.h"

namespace ptah {

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, BertConfig>
void fields(C& c, const Visit& visit) {
  visit("vocab_size", c.vocab_size);
  visit("hidden_size", c.hidden_size);
  visit("num_hidden_layers", c.num_hidden_layers);
  visit("num_attention_heads", c.num_attention_heads);
  visit("intermediate_size", c.intermediate_size);
  visit("max_position_embeddings", c.max_position_embeddings);
  visit("type_vocab_size", c.type_vocab_size);
  visit("layer_norm_eps", c.layer_norm_eps);
}

namespace {

constexpr size_t kBatch = 32;

constexpr ConfigUse kBertHarmless = ConfigUse::harmless, kBertOnly = ConfigUse::only;

constexpr ConfigKey kBert[] = {{"attention_probs_dropout_prob", kBertHarmless},
                               {"bos_token_id", kBertHarmless},
                               {"classifier_dropout", kBertHarmless},
                               {"directionality", kBertHarmless},
                               {"eos_token_id", kBertHarmless},
                               {"hidden_act", kBertOnly, R"(["gelu"])"},
                               {"hidden_dropout_prob", kBertHarmless},
                               {"hidden_size"},
                               {"intermediate_size"},
                               {"layer_norm_eps"},
                               {"max_position_embeddings"},
                               {"model_type", kBertOnly, R"(["bert"])"},
                               {"num_attention_heads"},
                               {"num_hidden_layers"},
                               {"pad_token_id", kBertHarmless},  // padding is told by the lengths of texts
                               {"pooler_fc_size", kBertHarmless},
                               {"pooler_num_attention_heads", kBertHarmless},
                               {"pooler_num_fc_layers", kBertHarmless},
                               {"pooler_size_per_head", kBertHarmless},
                               {"pooler_type", kBertHarmless},
                               {"position_embedding_type", kBertOnly, R"(["absolute"])"},
                               {"tie_word_embeddings", kBertHarmless},
                               {"type_vocab_size"},
                               {"vocab_size"}};

/// sentence_bert_config.json.
constexpr ConfigKey kSentence[] = {{"do_lower_case"}, {"max_seq_length"}};

/// tokenizer_config.json.
constexpr ConfigKey kBertTokenizer[] = {{"added_tokens_decoder", kBertHarmless},
                                        {"additional_special_tokens", kBertHarmless},
                                        {"backend", kBertHarmless},
                                        {"clean_up_tokenization_spaces", kBertHarmless},
                                        {"cls_token", kBertOnly, R"(["[CLS]"])"},
                                        {"do_basic_tokenize", kBertOnly, "[true]"},
                                        {"do_lower_case"},
                                        {"extra_special_tokens", kBertHarmless},
                                        {"is_local", kBertHarmless},
                                        {"mask_token", kBertHarmless},
                                        {"max_length", kBertHarmless},
                                        {"model_max_length", kBertHarmless},
                                        {"name_or_path", kBertHarmless},
                                        {"never_split", kBertOnly, "[null, []]"},
                                        {"pad_to_multiple_of", kBertHarmless},
                                        {"pad_token", kBertHarmless},
                                        {"pad_token_type_id", kBertHarmless},
                                        {"padding_side", kBertHarmless},
                                        {"sep_token", kBertOnly, R"(["[SEP]"])"},
                                        {"special_tokens_map_file", kBertHarmless},
                                        {"stride", kBertHarmless},
                                        {"strip_accents", kBertOnly, "[null]"},
                                        {"tokenize_chinese_chars", kBertOnly, "[true]"},
                                        {"tokenizer_class", kBertOnly, R"(["BertTokenizer", "BertTokenizerFast"])"},
                                        {"tokenizer_file", kBertHarmless},
                                        {"truncation_side", kBertHarmless},
                                        {"truncation_strategy", kBertHarmless},
                                        {"unk_token", kBertOnly, R"(["[UNK]"])"}};

/// 1_Pooling/config.json.
constexpr ConfigKey kPooling[] = {{"include_prompt", kBertHarmless},
                                  {"pooling_mode", kBertOnly, R"(["mean"])"},
                                  {"pooling_mode_cls_token", kBertOnly, "[false]"},
                                  {"pooling_mode_lasttoken", kBertOnly, "[false]"},
                                  {"pooling_mode_max_tokens", kBertOnly, "[false]"},
                                  {"pooling_mode_mean_sqrt_len_tokens", kBertOnly, "[false]"},
                                  {"pooling_mode_mean_tokens", kBertOnly, "[true]"},
                                  {"pooling_mode_weightedmean_tokens", kBertOnly, "[false]"},
                                  {"word_embedding_dimension", kBertHarmless}};

/// A configuration beside the weights, held against its table; empty if it is not there.
Result<Config> optional_config(const std::filesystem::path& folder, const std::string& name, ConfigTable table, std::vector<std::string>& warnings) {
  Config out;
  if (!std::filesystem::exists(folder / name)) return out;
  PTAH_TRY(out, Config::read(folder / name, name));
  PTAH_TRY_VOID(check_config(out.json, {table}, name, warnings));
  return out;
}

}  // namespace

ConfigTable bert_keys() { return kBert; }

Result<BertConfig> bert_config(const Json& json, std::vector<std::string>& warnings) {
  if (!json.is_object() || !json.contains("model_type")) return fail(ErrorCode::unsupported, "bert config: model_type is missing; supported: \"bert\"");
  PTAH_TRY_VOID(check_config(json, {kBert, transformers_keys()}, "bert config", warnings));
  for (const char* key :
       {"vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "max_position_embeddings", "type_vocab_size"})
    if (json.contains(key) && !json[key].is_number_integer())
      return fail(ErrorCode::corrupt, "bert config: '{}' is {}; expected an integer", key, json[key].dump());
  PTAH_TRY(const BertConfig c, fields_from_json<BertConfig>(json, "bert config"));
  const auto between = [](int64_t value, int64_t low, int64_t high) { return value >= low && value <= high; };
  if (!between(c.vocab_size, 4, 1 << 22) || !between(c.hidden_size, 1, 8192) || !between(c.num_hidden_layers, 0, 128) ||
      !between(c.num_attention_heads, 1, 256) || c.hidden_size % c.num_attention_heads != 0 || !between(c.intermediate_size, 1, 65536) ||
      !between(c.max_position_embeddings, 2, 1 << 16) || !between(c.type_vocab_size, 1, 64) || !(c.layer_norm_eps >= 0))
    return fail(ErrorCode::corrupt, "bert config: values out of range in {}", json_of_fields(c).dump());
  return c;
}

Bert::Bert(const Scope& scope, const BertConfig& config)
    : config_(config),
      words_(scope.weight("embeddings.word_embeddings.weight", {config.vocab_size, config.hidden_size}, Init::normal, 0.02F)),
      positions_(f32_parameter(scope, "embeddings.position_embeddings.weight", {config.max_position_embeddings, config.hidden_size}, Init::normal)),
      norm_(scope / "embeddings.LayerNorm", config.hidden_size, true, config.layer_norm_eps) {
  const int64_t w = config.hidden_size;
  type_ = slice(f32_parameter(scope, "embeddings.token_type_embeddings.weight", {config.type_vocab_size, w}, Init::normal), 0, 0, 1);
  for (int64_t i = 0; i < config.num_hidden_layers; ++i) {
    const Scope here = scope / "encoder.layer" / static_cast<int>(i), self = here / "attention.self";
    const Linear q(self / "query", w, w), k(self / "key", w, w), v(self / "value", w, w);
    Layer layer;
    layer.attention = {.heads = config.num_attention_heads, .kv_heads = config.num_attention_heads, .causal = false};
    layer.attention.joined.weight = concat({q.weight, k.weight, v.weight}, 0);
    layer.attention.joined.bias = concat({q.bias, k.bias, v.bias}, 0);
    layer.attention.out = Linear(here / "attention.output.dense", w, w);
    layer.attention_norm = Norm(here / "attention.output.LayerNorm", w, true, config.layer_norm_eps);
    layer.feed_forward = {.up = Linear(here / "intermediate.dense", w, config.intermediate_size),
                          .down = Linear(here / "output.dense", config.intermediate_size, w),
                          .activation = Activation::gelu_erf};
    layer.norm = Norm(here / "output.LayerNorm", w, true, config.layer_norm_eps);
    layers_.push_back(std::move(layer));
  }
}

Tensor Bert::operator()(const TokenBatch& batch, DType type) const {
  const int64_t tokens = batch.ids.dim(1);
  PTAH_CHECK(tokens <= config_.max_position_embeddings, "{} tokens; the encoder takes {}", tokens, config_.max_position_embeddings);
  Tensor x = add(embedding(words_, batch.ids, type), add(slice(positions_, 0, 0, tokens), type_));
  x = norm_(x);
  for (const Layer& layer : layers_) {
    x = layer.attention_norm(layer.attention(x, {.key_lengths = batch.lengths}, x));
    x = layer.norm(layer.feed_forward(x, x));
  }
  return x;
}

void Bert::add_adapters(const LoraConfig& lora, Weights& adapters) {
  for (size_t i = 0; i < layers_.size(); ++i) {
    Layer& layer = layers_[i];
    const std::string at = fmt::format("encoder.layer.{}.", i);
    add_adapter(layer.attention.joined, at + "qkv", lora, adapters);
    add_adapter(layer.attention.out, at + "attention", lora, adapters);
    add_adapter(layer.feed_forward.up, at + "up", lora, adapters);
    add_adapter(layer.feed_forward.down, at + "down", lora, adapters);
  }
}

void Bert::merge_adapters() {
  for (Layer& layer : layers_)
    for (Linear* linear : {&layer.attention.joined, &layer.attention.out, &layer.feed_forward.up, &layer.feed_forward.down}) {
      if (!linear->adapter) continue;
      linear->weight = cast(merged_weight(*linear), linear->weight.dtype());
      linear->adapter = nullptr;
    }
}

Result<EncoderFiles> read_encoder_files(const std::filesystem::path& folder) {
  EncoderFiles made;
  PTAH_TRY(const Config config, Config::read(folder / "config.json", "config.json"));
  PTAH_TRY(made.config, bert_config(config.json, made.warnings));
  PTAH_TRY(const Config sentence, optional_config(folder, "sentence_bert_config.json", kSentence, made.warnings));
  PTAH_TRY(const Config tokenizer_config, optional_config(folder, "tokenizer_config.json", kBertTokenizer, made.warnings));
  PTAH_TRY(const Config pooling, optional_config(folder, "1_Pooling/config.json", kPooling, made.warnings));
  made.max_tokens = made.config.max_position_embeddings;
  bool lowercase = true;
  PTAH_TRY_VOID(guard([&]() -> Result<void> {
    const int64_t asked = sentence.integer("max_seq_length", made.max_tokens);
    if (asked < 2) return fail(ErrorCode::corrupt, "sentence_bert_config.json: 'max_seq_length' is {}", asked);
    made.max_tokens = std::min(made.max_tokens, asked);
    lowercase = tokenizer_config.boolean("do_lower_case", true) || sentence.boolean("do_lower_case", false);
    return {};
  }));
  PTAH_TRY(const std::string vocabulary, read_text(folder / "vocab.txt", 1 << 26));
  auto tokenizer = WordPiece::parse(vocabulary, lowercase);
  if (!tokenizer) return fail(tokenizer.error().code, "{}: {}", (folder / "vocab.txt").string(), tokenizer.error().message);
  if (tokenizer->size() > made.config.vocab_size)
    return fail(ErrorCode::mismatch, "{}: {} tokens for a model of {}", (folder / "vocab.txt").string(), tokenizer->size(), made.config.vocab_size);
  made.tokenizer = std::make_unique<WordPiece>(std::move(*tokenizer));
  return made;
}

Result<std::map<std::string, Tensor>> read_encoder_weights(const std::filesystem::path& folder) {
  PTAH_TRY(auto tensors, read_weights_folder(folder, {"model", "pytorch_model"}));
  return guard([&]() -> Result<std::map<std::string, Tensor>> {
    std::map<std::string, Tensor> out;
    for (auto& [theirs, tensor] : tensors) {
      const std::string name = theirs.starts_with("bert.") ? theirs.substr(5) : theirs;
      // Matrices in blocks are read at every call: dequantised once.
      const bool once = tensor.dtype() == DType::blocks && !name.ends_with("word_embeddings.weight");
      out.emplace(name, once ? cast(tensor, DType::f16) : tensor);
    }
    return out;
  });
}

Result<std::shared_ptr<SentenceEncoder>> SentenceEncoder::load(const std::filesystem::path& folder) {
  std::shared_ptr<SentenceEncoder> made(new SentenceEncoder);
  PTAH_TRY(EncoderFiles files, read_encoder_files(folder));
  made->config_ = files.config;
  made->tokenizer_ = std::move(files.tokenizer);
  made->max_tokens_ = files.max_tokens;
  made->warnings_ = std::move(files.warnings);
  PTAH_TRY(auto tensors, read_encoder_weights(folder));
  return guard([&]() -> Result<std::shared_ptr<SentenceEncoder>> {
    Weights weights(std::move(tensors));
    made->bert_ = std::make_unique<Bert>(Scope(weights), made->config_);
    return made;
  });
}

Tensor SentenceEncoder::embed(const std::vector<std::string>& texts, DType type) const {
  const NoGrad off;
  const int64_t w = config_.hidden_size;
  Tensor out = Tensor::empty({static_cast<int64_t>(texts.size()), w});
  std::vector<std::vector<int32_t>> ids;
  for (const std::string& text : texts) ids.push_back(tokenizer_->encode(text, static_cast<size_t>(max_tokens_)));
  for (const std::vector<size_t>& places : batches_by_length(ids, kBatch)) {
    stop_if_cancelled(current_cancel());
    std::vector<std::vector<int32_t>> prompts;
    for (const size_t place : places) prompts.push_back(ids[place]);
    const auto tokens = static_cast<int64_t>(prompts.back().size());
    const Tensor states = cast((*bert_)(make_token_batch(prompts, tokens), type), DType::f32);
    if (DryRun::active()) continue;
    for (size_t b = 0; b < prompts.size(); ++b) {
      float* to = out.data<float>() + static_cast<int64_t>(places[b]) * w;
      const float* from = states.data<float>() + static_cast<int64_t>(b) * tokens * w;
      double squares = 0;
      for (int64_t c = 0; c < w; ++c) {
        double sum = 0;
        for (size_t t = 0; t < prompts[b].size(); ++t) sum += static_cast<double>(from[static_cast<int64_t>(t) * w + c]);
        to[c] = static_cast<float>(sum / static_cast<double>(prompts[b].size()));
        squares += static_cast<double>(to[c]) * to[c];
      }
      const auto scale = static_cast<float>(1 / std::max(std::sqrt(squares), 1e-12));
      for (int64_t c = 0; c < w; ++c) to[c] *= scale;
    }
  }
  return out;
}

Tensor SentenceEncoder::states(const std::vector<std::string>& texts, int64_t tokens, DType type) const {
  const NoGrad off;
  const int64_t w = config_.hidden_size, limit = std::min(tokens, max_tokens_);
  std::vector<std::vector<int32_t>> ids;
  for (const std::string& text : texts) ids.push_back(tokenizer_->encode(text, static_cast<size_t>(limit)));
  Tensor out = Tensor::zeros({static_cast<int64_t>(texts.size()), tokens, w});
  const Tensor made = cast((*bert_)(make_token_batch(ids, limit), type), DType::f32);
  if (DryRun::active()) return out;
  for (size_t b = 0; b < ids.size(); ++b)
    std::copy_n(made.data<float>() + static_cast<int64_t>(b) * limit * w, static_cast<int64_t>(ids[b].size()) * w,
                out.data<float>() + static_cast<int64_t>(b) * tokens * w);
  return out;
}

}  // namespace ptah
