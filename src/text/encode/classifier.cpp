#include "text/encode/classifier.h"

#include <algorithm>
#include <numeric>

#include "base/budget.h"
#include "base/file.h"
#include "base/parallel.h"
#include "weights/weights_folder.h"

namespace ptah {

namespace {

constexpr size_t kTextsAtOnce = 32;
constexpr int64_t kMaxLabels = 100000;

/// [b, 1, n]: a row's product with the states is their mean over the tokens that are no padding.
Tensor mean_weights(const TokenBatch& batch) {
  const int64_t b = batch.ids.dim(0), n = batch.ids.dim(1);
  Tensor out = Tensor::zeros({b, 1, n});
  if (DryRun::active()) return out;
  for (int64_t i = 0; i < b; ++i) {
    const int32_t length = batch.lengths.data<int32_t>()[i];
    std::fill_n(out.data<float>() + i * n, length, 1 / static_cast<float>(length));
  }
  return out;
}

}  // namespace

Json to_json(const ClassifierLabels& labels) { return {{"labels", labels.names}, {"several", labels.several}, {"threshold", labels.threshold}}; }

Result<ClassifierLabels> classifier_labels(const Json& json) {
  ClassifierLabels out;
  try {
    out.names = value_of<std::vector<std::string>>(json.at("labels"));
    out.several = json.at("several").get<bool>();
    out.threshold = value_of<float>(json.at("threshold"));
  } catch (const Json::exception& problem) {
    return fail(ErrorCode::corrupt, "classifier.json: {}", problem.what());
  }
  if (out.names.empty() || static_cast<int64_t>(out.names.size()) > kMaxLabels) return fail(ErrorCode::corrupt, "classifier.json: {} labels", out.names.size());
  return out;
}

ClassifierNetwork::ClassifierNetwork(const Scope& scope, const BertConfig& config, int64_t labels)
    : bert_(scope, config), head_(scope / "classifier", config.hidden_size, labels) {}

Tensor ClassifierNetwork::operator()(const TokenBatch& batch, DType type, const Tensor& mask) const {
  const Tensor states = cast(bert_(batch, type), DType::f32);
  Tensor mean = matmul(mean_weights(batch), states).reshape({states.dim(0), states.dim(2)});
  if (mask.defined()) mean = mul(mean, mask);
  return head_(mean);
}

Result<std::shared_ptr<TextClassifier>> TextClassifier::load(const std::filesystem::path& folder) {
  std::shared_ptr<TextClassifier> made(new TextClassifier);
  const auto file = folder / "classifier.json";
  if (!std::filesystem::exists(file))
    return fail(ErrorCode::not_found, "{}: no classifier.json there, so it is no classifier; ptah train encoder makes one", folder.string());
  PTAH_TRY(const std::string text, read_text(file, 1 << 24));
  PTAH_TRY(const Json json, parse_json(text));
  PTAH_TRY(made->labels_, classifier_labels(json));
  PTAH_TRY(made->encoder_, SentenceEncoder::load(folder));
  PTAH_TRY(const Config config, Config::read(folder / "config.json", "config.json"));
  std::vector<std::string> warnings;
  PTAH_TRY(const BertConfig shape, bert_config(config.json, warnings));
  PTAH_TRY(auto tensors, read_weights_folder(folder, {"model"}));
  return guard([&]() -> Result<std::shared_ptr<TextClassifier>> {
    Weights weights(std::move(tensors));
    made->network_ = std::make_unique<ClassifierNetwork>(Scope(weights), shape, static_cast<int64_t>(made->labels_.names.size()));
    return made;
  });
}

Tensor TextClassifier::probabilities(const std::vector<std::string>& texts, DType type) const {
  const NoGrad off;
  const auto count = static_cast<int64_t>(labels_.names.size());
  Tensor out = Tensor::empty({static_cast<int64_t>(texts.size()), count});
  std::vector<std::vector<int32_t>> ids;
  for (const std::string& text : texts) ids.push_back(encoder_->tokenizer().encode(text, static_cast<size_t>(encoder_->max_tokens())));
  for (const std::vector<size_t>& places : batches_by_length(ids, kTextsAtOnce)) {
    stop_if_cancelled(current_cancel());
    std::vector<std::vector<int32_t>> part;
    for (const size_t place : places) part.push_back(ids[place]);
    const Tensor logits = (*network_)(make_token_batch(part, static_cast<int64_t>(part.back().size())), type);
    const Tensor made = labels_.several ? sigmoid(logits) : softmax(logits);
    for (size_t i = 0; i < part.size(); ++i)
      std::copy_n(made.data<float>() + static_cast<int64_t>(i) * count, count, out.data<float>() + static_cast<int64_t>(places[i]) * count);
  }
  return out;
}

std::vector<size_t> labels_of(std::span<const float> probabilities, const ClassifierLabels& labels) {
  std::vector<size_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return probabilities[a] > probabilities[b]; });
  size_t kept = 1;
  if (labels.several)
    for (kept = 0; kept < order.size() && probabilities[order[kept]] >= labels.threshold;) ++kept;
  order.resize(std::min(kept, order.size()));
  return order;
}

}  // namespace ptah
