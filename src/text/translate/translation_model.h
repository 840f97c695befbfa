// Sequences to sequences: an encoder-decoder Transformer (Vaswani et al. 2017, but with norms before each half) and what it was compared with, an LSTM with
// attention (Bahdanau et al. 2014, Luong et al. 2015). Words, letters or sounds go in, others come out.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/progress.h"
#include "nn/transformer.h"

namespace ptah {

/// How a text is cut: words and marks (small letters), characters, or pieces between blanks.
enum class TextUnits { words, characters, pieces };
Result<TextUnits> text_units_of(const std::string& name);
std::string_view name_of(TextUnits units);
/// The units of a text, at most `max_units`.
std::vector<std::string> units_of(const std::string& text, TextUnits units, size_t max_units = 4096);
/// The inverse as far as there is one: words with blanks between, none before marks.
std::string joined_units(const std::vector<std::string>& units, TextUnits how);

struct TranslationConfig {
  std::string kind = "transformer";                                ///< or "lstm"
  int64_t width = 256, layers = 3, heads = 8, feed_forward = 512;  ///< heads and feed_forward: of a Transformer
  TextUnits source_units = TextUnits::words, target_units = TextUnits::words;
  std::vector<std::string> source_vocabulary, target_vocabulary;  ///< without the special tokens
  int64_t max_units = 100;                                        ///< of an answer
};
Json to_json(const TranslationConfig& config);
/// Errors: corrupt for missing or absurd values.
Result<TranslationConfig> translation_config(const Json& json);

/// Special tokens, before the vocabulary's.
enum : int32_t { kBeginToken = 0, kEndToken = 1, kUnknownToken = 2, kSpecialTokens = 3 };

/// Units as tokens.
class UnitVocabulary {
 public:
  explicit UnitVocabulary(const std::vector<std::string>& units);
  std::vector<int32_t> tokens_of(const std::vector<std::string>& units) const;
  /// Of special tokens: empty, "⁇" for the unknown one.
  std::string unit_of(int32_t token) const;
  int64_t size() const { return static_cast<int64_t>(units_.size()) + kSpecialTokens; }

 private:
  std::vector<std::string> units_;
  std::map<std::string, int32_t> tokens_;
};

/// Called on states in training, for dropout.
using Drop = std::function<Tensor(const Tensor&)>;

/// What is remembered while an answer is written.
struct WritingState {
  Tensor source, lengths;             ///< states of the source [b, n, width] and i32 [b]
  std::vector<KeyValues> past;        ///< of a Transformer, a layer each
  std::vector<Tensor> states, cells;  ///< of an LSTM, a layer each
  int64_t place = 0;
  std::vector<std::vector<float>>* attention = nullptr;  ///< gets, for each token of the first row, how much it looks at each source token
  /// Row i becomes what row rows[i] was.
  void take_rows(const std::vector<int32_t>& rows);
};

class TranslationNetwork {
 public:
  virtual ~TranslationNetwork() = default;
  /// Tokens i32 [b, n] with lengths i32 [b] → [b, n, width] in `type`.
  virtual Tensor read(const Tensor& source, const Tensor& lengths, DType type, const Drop& drop = {}) const = 0;
  /// All states of an answer at once, each token seeing those before: tokens i32 [b, m] → [b, m, width].
  virtual Tensor write(const Tensor& target, const Tensor& source_states, const Tensor& lengths, DType type, const Drop& drop = {}) const = 0;
  virtual WritingState begin(const Tensor& source_states, const Tensor& lengths) const = 0;
  /// One token more of each row: i32 [b, 1] → [b, 1, width].
  virtual Tensor next(const Tensor& tokens, WritingState& state, DType type) const = 0;
  /// [target vocabulary, width]: logits are states · weightᵀ. It is the table of the target's embeddings too.
  Tensor output;
};
std::unique_ptr<TranslationNetwork> make_translation_network(const TranslationConfig& config, Weights& weights);

struct TranslationOptions {
  int64_t beams = 4;
  float length_penalty = 1;  ///< scores are divided by length to this power (Wu et al. 2016 without its constants)
};
/// Answers to many sources: the most likely ones that a beam search finds; with one beam always the most likely token. Throws Failure: cancelled.
std::vector<std::vector<int32_t>> translated(const TranslationNetwork& network, const std::vector<std::vector<int32_t>>& sources, int64_t max_units, DType type,
                                             const TranslationOptions& options = {}, const CancelToken* cancel = nullptr);

/// Rows of tokens as one tensor, shorter ones filled up, and their lengths.
struct TokenRows {
  Tensor ids, lengths;
};
TokenRows token_rows(const std::vector<std::vector<int32_t>>& rows, int32_t filler = kEndToken);

/// A folder that ptah train translate wrote.
class Translator {
 public:
  /// Errors: not_found, corrupt, mismatch.
  static Result<std::shared_ptr<const Translator>> load(const std::filesystem::path& folder);
  std::vector<std::string> translate(const std::vector<std::string>& texts, const TranslationOptions& options = {}, const CancelToken* cancel = nullptr) const;

  struct Looked {
    std::vector<std::string> source, target;
    std::vector<std::vector<float>> weights;  ///< [target][source], each row sums to 1; mean of all heads and layers
  };
  /// One text, token by token, and where each token looked.
  Looked look(const std::string& text) const;
  const TranslationConfig& config() const { return config_; }

 private:
  explicit Translator(TranslationConfig config, std::map<std::string, Tensor> weights);
  TranslationConfig config_;
  UnitVocabulary source_, target_;
  Weights weights_;
  std::unique_ptr<TranslationNetwork> network_;
};

/// A picture of attention as SVG: source tokens across, target tokens down, the darker the more a token looked there.
std::string attention_svg(const Translator::Looked& looked);

}  // namespace ptah
