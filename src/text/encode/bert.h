// BERT-type encoders (Devlin et al. 2019) in Hugging Face's folder layout, and sentence vectors made with them (Reimers and Gurevych 2019).
#pragma once

#include <filesystem>
#include <memory>

#include "base/json.h"
#include "nn/lora.h"
#include "nn/transformer.h"
#include "text/encode/encoder.h"
#include "text/tokenize/wordpiece.h"
#include "weights/config_keys.h"

namespace ptah {

struct BertConfig {
  int64_t vocab_size = 30522, hidden_size = 768, num_hidden_layers = 12, num_attention_heads = 12, intermediate_size = 3072, max_position_embeddings = 512,
          type_vocab_size = 2;
  float layer_norm_eps = 1e-12F;
};
/// From config.json; keys that nobody knows are added to `warnings`. Errors: corrupt for missing or absurd values, unsupported for values that are not
/// computed.
Result<BertConfig> bert_config(const Json& json, std::vector<std::string>& warnings);
/// The keys of its configuration (weights/config_keys.h).
ConfigTable bert_keys();

class Bert {
 public:
  /// Binds the weights by Hugging Face's names.
  Bert(const Scope& scope, const BertConfig& config);
  /// The last layer's states [batch, tokens, hidden_size], computed in `type`.
  Tensor operator()(const TokenBatch& batch, DType type) const;
  /// Gives every matrix of the layers its adapter (nn/lora.h): encoder.layer.N.qkv (queries, keys and values together), .attention, .up and .down, each with
  /// .lora_a and .lora_b. Throws Failure as add_adapter() does.
  void add_adapters(const LoraConfig& lora, Weights& adapters);
  /// Adds the adapters to their matrices, which have the dtype they had: from then on they cost nothing.
  void merge_adapters();

 private:
  struct Layer {
    Attention attention;
    Norm attention_norm;
    FeedForward feed_forward;
    Norm norm;
  };
  BertConfig config_;
  Tensor words_, positions_, type_;
  Norm norm_;
  std::vector<Layer> layers_;
};

/// What a folder says of an encoder beside its weights.
struct EncoderFiles {
  BertConfig config;
  std::unique_ptr<WordPiece> tokenizer;
  int64_t max_tokens = 0;
  std::vector<std::string> warnings;
};
/// config.json, vocab.txt and, where they are there, sentence_bert_config.json, tokenizer_config.json and 1_Pooling/config.json. Errors: not_found, corrupt,
/// unsupported, mismatch.
Result<EncoderFiles> read_encoder_files(const std::filesystem::path& folder);
/// The weights of a folder by Hugging Face's names, without "bert." before them: matrices in blocks as f16, but for the table of tokens, of which a text needs
/// a few rows. Errors: not_found, corrupt.
Result<std::map<std::string, Tensor>> read_encoder_weights(const std::filesystem::path& folder);

/// A folder with config.json, vocab.txt and model.safetensors, ready to turn texts into vectors.
class SentenceEncoder {
 public:
  /// Errors: not_found, corrupt, unsupported, mismatch; messages name the file.
  static Result<std::shared_ptr<SentenceEncoder>> load(const std::filesystem::path& folder);

  /// f32 [texts, hidden_size]: the mean of the token states, of length 1. Texts beyond max_tokens() are cut. Does not depend on which texts are embedded
  /// together.
  Tensor embed(const std::vector<std::string>& texts, DType type = DType::f32) const;
  /// The states of the last layer, f32 [texts, tokens, hidden_size], zeros behind the end of a text; longer texts are cut. Does not depend on which texts stand
  /// together.
  Tensor states(const std::vector<std::string>& texts, int64_t tokens, DType type = DType::f32) const;
  int64_t width() const { return config_.hidden_size; }
  int64_t max_tokens() const { return max_tokens_; }
  const WordPiece& tokenizer() const { return *tokenizer_; }
  /// Keys of the configurations that are not known, and so not used.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  SentenceEncoder() = default;
  BertConfig config_;
  int64_t max_tokens_ = 0;
  std::vector<std::string> warnings_;
  std::unique_ptr<WordPiece> tokenizer_;
  std::unique_ptr<Bert> bert_;
};

}  // namespace ptah
