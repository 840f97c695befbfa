// Classifiers of texts: a BERT-type encoder, the mean of its states, and one linear layer (Devlin et al. 2019). `ptah train encoder` makes them.
#pragma once

#include "text/encode/bert.h"

namespace ptah {

/// What a classifier tells apart (classifier.json).
struct ClassifierLabels {
  std::vector<std::string> names;
  bool several = false;                ///< a text may have any number of labels, each with a probability of its own; else it has one
  float threshold = 0.5F;              ///< where a text may have several: from which probability on it has one
  std::vector<float> thresholds = {};  ///< the same, a label each; empty: `threshold` for all
  float temperature = 1;               ///< the logits are divided by it (Guo et al. 2017)
  std::string encoder = {};            ///< of one that was trained as an adapter: the encoder that it belongs to, which stays as it is
  LoraConfig lora = {};                ///< of one that was trained as an adapter
  float threshold_of(size_t label) const { return thresholds.empty() ? threshold : thresholds[label]; }
};
Json to_json(const ClassifierLabels& labels);
/// Errors: corrupt.
Result<ClassifierLabels> classifier_labels(const Json& json);
/// Of a folder. Errors: not_found for an encoder that is no classifier; corrupt.
Result<ClassifierLabels> read_classifier_labels(const std::filesystem::path& folder);

/// The network, in training and in use: constructing it binds the encoder's weights by Hugging Face's names, and classifier.weight and classifier.bias.
class ClassifierNetwork {
 public:
  ClassifierNetwork(const Scope& scope, const BertConfig& config, int64_t labels);
  /// Logits f32 [batch, labels]. `mask` (f32 [batch, width]) is multiplied with the mean states: dropout.
  Tensor operator()(const TokenBatch& batch, DType type, const Tensor& mask = {}) const;
  Bert& encoder() { return bert_; }

 private:
  Bert bert_;
  Linear head_;
};

/// A folder as SentenceEncoder reads it, with classifier.json and the layer's weights among the encoder's; or one with classifier.json and
/// adapter.safetensors, the layer and a low-rank adapter of an encoder that lies elsewhere.
class TextClassifier {
 public:
  /// `encoder`: where the encoder of an adapter lies. Errors: as SentenceEncoder::load; not_found for an encoder that is no classifier; invalid_argument for an
  /// adapter alone; mismatch for another encoder's adapter.
  static Result<std::shared_ptr<const TextClassifier>> load(const std::filesystem::path& folder, const std::filesystem::path& encoder = {});
  const ClassifierLabels& labels() const { return labels_; }
  /// f32 [texts, labels]. Does not depend on which texts stand together.
  Tensor probabilities(const std::vector<std::string>& texts, DType type = DType::f32) const;

 private:
  TextClassifier() = default;
  ClassifierLabels labels_;
  EncoderFiles files_;
  std::unique_ptr<ClassifierNetwork> network_;
};

/// The labels that a row of probabilities gives a text, the likeliest first: the likeliest one, or all from the threshold on.
std::vector<size_t> labels_of(std::span<const float> probabilities, const ClassifierLabels& labels);

}  // namespace ptah
