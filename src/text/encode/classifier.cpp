#include "text/encode/classifier.h"

#include <algorithm>
#include <numeric>

#include "base/budget.h"
#include "base/file.h"
#include "base/parallel.h"
#include "weights/safetensors.h"

namespace ptah {

namespace {

constexpr size_t kTextsAtOnce = 32;
constexpr int64_t kMaxLabels = 100000, kMaxRank = 1024;

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

Json to_json(const ClassifierLabels& labels) {
  Json out = {{"labels", labels.names}, {"several", labels.several}, {"threshold", labels.threshold}};
  if (!labels.thresholds.empty()) out["thresholds"] = labels.thresholds;
  if (labels.temperature != 1) out["temperature"] = labels.temperature;
  if (!labels.encoder.empty()) out["encoder"] = labels.encoder, out["lora"] = {{"rank", labels.lora.rank}, {"alpha", labels.lora.alpha}};
  return out;
}

Result<ClassifierLabels> classifier_labels(const Json& json) {
  ClassifierLabels out;
  try {
    out.names = value_of<std::vector<std::string>>(json.at("labels"));
    out.several = json.at("several").get<bool>();
    out.threshold = value_of<float>(json.at("threshold"));
    out.thresholds = value_of<std::vector<float>>(json.value("thresholds", Json::array()));
    out.temperature = value_of<float>(json.value("temperature", Json(1)));
    out.encoder = json.value("encoder", "");
    const Json lora = json.value("lora", Json::object());
    out.lora.rank = value_of<int64_t>(lora.value("rank", Json(out.lora.rank)));
    out.lora.alpha = value_of<float>(lora.value("alpha", Json(out.lora.alpha)));
  } catch (const Json::exception& problem) {
    return fail(ErrorCode::corrupt, "classifier.json: {}", problem.what());
  }
  if (out.names.empty() || static_cast<int64_t>(out.names.size()) > kMaxLabels) return fail(ErrorCode::corrupt, "classifier.json: {} labels", out.names.size());
  if (!out.thresholds.empty() && out.thresholds.size() != out.names.size())
    return fail(ErrorCode::corrupt, "classifier.json: {} thresholds for {} labels", out.thresholds.size(), out.names.size());
  if (!(out.temperature > 0) || out.lora.rank < 1 || out.lora.rank > kMaxRank)
    return fail(ErrorCode::corrupt, "classifier.json: a temperature or rank that is not possible");
  return out;
}

Result<ClassifierLabels> read_classifier_labels(const std::filesystem::path& folder) {
  const auto file = folder / "classifier.json";
  if (!std::filesystem::exists(file))
    return fail(ErrorCode::not_found, "{}: no classifier.json there, so it is no classifier; ptah train encoder makes one", folder.string());
  PTAH_TRY(const std::string text, read_text(file, 1 << 24));
  PTAH_TRY(const Json json, parse_json(text));
  return classifier_labels(json);
}

ClassifierNetwork::ClassifierNetwork(const Scope& scope, const BertConfig& config, int64_t labels)
    : bert_(scope, config), head_(scope / "classifier", config.hidden_size, labels) {}

Tensor ClassifierNetwork::operator()(const TokenBatch& batch, DType type, const Tensor& mask) const {
  const Tensor states = cast(bert_(batch, type), DType::f32);
  Tensor mean = matmul(mean_weights(batch), states).reshape({states.dim(0), states.dim(2)});
  if (mask.defined()) mean = mul(mean, mask);
  return head_(mean);
}

Result<std::shared_ptr<const TextClassifier>> TextClassifier::load(const std::filesystem::path& folder, const std::filesystem::path& encoder) {
  std::shared_ptr<TextClassifier> made(new TextClassifier);
  PTAH_TRY(made->labels_, read_classifier_labels(folder));
  const ClassifierLabels& labels = made->labels_;
  const bool adapts = !labels.encoder.empty();
  if (adapts && encoder.empty())
    return fail(ErrorCode::invalid_argument, "{}: an adapter of the encoder '{}'; say where that lies", folder.string(), labels.encoder);
  const std::filesystem::path& base = adapts ? encoder : folder;
  PTAH_TRY(made->files_, read_encoder_files(base));
  PTAH_TRY(auto tensors, read_encoder_weights(base));
  std::map<std::string, Tensor> adapter;
  if (adapts) {
    PTAH_TRY(TensorFile own, read_safetensors(folder / "adapter.safetensors"));
    for (auto& [name, tensor] : own.tensors)
      if (name.starts_with("classifier."))
        tensors.insert_or_assign(name, std::move(tensor));
      else
        adapter.emplace(name, std::move(tensor));
  }
  return guard([&]() -> Result<std::shared_ptr<const TextClassifier>> {
    Weights weights(std::move(tensors)), adapters(std::move(adapter));
    made->network_ = std::make_unique<ClassifierNetwork>(Scope(weights), made->files_.config, static_cast<int64_t>(labels.names.size()));
    if (adapts) {
      made->network_->encoder().add_adapters(labels.lora, adapters);
      made->network_->encoder().merge_adapters();
    }
    return made;
  });
}

Tensor TextClassifier::probabilities(const std::vector<std::string>& texts, DType type) const {
  const NoGrad off;
  const auto count = static_cast<int64_t>(labels_.names.size());
  Tensor out = Tensor::empty({static_cast<int64_t>(texts.size()), count});
  std::vector<std::vector<int32_t>> ids;
  for (const std::string& text : texts) ids.push_back(files_.tokenizer->encode(text, static_cast<size_t>(files_.max_tokens)));
  for (const std::vector<size_t>& places : batches_by_length(ids, kTextsAtOnce)) {
    stop_if_cancelled(current_cancel());
    std::vector<std::vector<int32_t>> part;
    for (const size_t place : places) part.push_back(ids[place]);
    const Tensor logits = affine((*network_)(make_token_batch(part, static_cast<int64_t>(part.back().size())), type), 1 / labels_.temperature);
    const Tensor made = labels_.several ? sigmoid(logits) : softmax(logits);
    if (DryRun::active()) continue;
    for (size_t i = 0; i < part.size(); ++i)
      std::copy_n(made.data<float>() + static_cast<int64_t>(i) * count, count, out.data<float>() + static_cast<int64_t>(places[i]) * count);
  }
  return out;
}

std::vector<size_t> labels_of(std::span<const float> probabilities, const ClassifierLabels& labels) {
  std::vector<size_t> order(probabilities.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return probabilities[a] > probabilities[b]; });
  if (labels.several)
    std::erase_if(order, [&](size_t label) { return probabilities[label] < labels.threshold_of(label); });
  else
    order.resize(std::min<size_t>(1, order.size()));
  return order;
}

}  // namespace ptah
