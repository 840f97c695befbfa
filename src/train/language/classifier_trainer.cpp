#include "train/language/classifier_trainer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/file.h"
#include "base/philox.h"
#include "models/registry.h"
#include "tensor/device.h"
#include "tensor/ops.h"
#include "text/encode/classifier.h"
#include "train/language/labelled_texts.h"
#include "train/language/loss_curve.h"
#include "train/loop/claim.h"
#include "train/loop/epochs.h"
#include "train/loop/stage.h"
#include "weights/safetensors.h"
#include "weights/weights_folder.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kOrderStream = uint64_t{4} << 48, kMaskStream = uint64_t{5} << 48, kSplitStream = uint64_t{6} << 48;
constexpr int64_t kSortedBatches = 16;  ///< so many batches are sorted by length together

/// Texts as tokens, and a row of zeros and ones for each.
struct EncodedTexts {
  std::vector<std::vector<int32_t>> ids;
  std::vector<uint8_t> labels;
  size_t count() const { return ids.size(); }
};

struct ClassifierTraining {
  fs::path data, out, held_out_file, test;
  std::string encoder;
  double held_out = 0.1;
  int64_t epochs = 4, max_tokens = 64;
  float dropout = 0.1F;
  DType type = DType::f32;
  Json several;
  bool adapts = false, each = false, calibrate = false;
  LoraConfig lora;
  Json rest;  ///< of the config, with the keys of a stage
};

/// All keys but those of the stage, whose steps depend on the data.
ClassifierTraining read_classifier_training(const Json& config, const fs::path& base_folder) {
  Reader reader(config, "");
  ClassifierTraining t;
  t.data = base_folder / reader.get<std::string>("data", "labelled.csv");
  t.out = base_folder / reader.get<std::string>("out", "classifier");
  t.encoder = reader.get<std::string>("encoder", "minilm");
  const Json held_out = reader.get<Json>("held_out", 0.1);
  if (held_out.is_string())
    t.held_out_file = base_folder / held_out.get<std::string>();
  else
    t.held_out = reader.get<double>("held_out", 0.1);
  if (!(t.held_out >= 0 && t.held_out < 1))
    throw Failure({ErrorCode::invalid_argument, fmt::format("config: 'held_out' is {}; 0 to 1, or a file", t.held_out)});
  if (const auto test = reader.get<std::string>("test", ""); !test.empty()) t.test = base_folder / test;
  t.epochs = reader.get<int64_t>("epochs", 4);
  t.max_tokens = reader.get<int64_t>("max_tokens", 64);
  t.dropout = reader.get<float>("dropout", 0.1F);
  t.several = reader.get<Json>("several", nullptr);
  t.each = reader.get<bool>("thresholds", false);
  t.calibrate = reader.get<bool>("calibrate", false);
  t.adapts = reader.has("lora");
  Reader lora(reader.object("lora"), "lora");
  t.lora.rank = lora.get<int64_t>("rank", t.lora.rank);
  t.lora.alpha = lora.get<float>("alpha", static_cast<float>(2 * t.lora.rank));
  lora.done();
  const auto type = reader.get<std::string>("dtype", compute_dtype() == DType::bf16 ? "bf16" : "f32");
  if (type != "f32" && type != "bf16") throw Failure(unknown_name("dtype", type, "f32 bf16").value());
  t.type = type == "bf16" ? DType::bf16 : DType::f32;
  if (t.epochs < 1 || t.max_tokens < 3 || !(t.dropout >= 0 && t.dropout < 1) || !(t.several.is_null() || t.several.is_boolean()))
    throw Failure({ErrorCode::invalid_argument, "config: epochs is at least 1, max_tokens at least 3, dropout 0 to 1, several true or false"});
  t.rest = {{"batch", 16}, {"learning_rate", t.adapts ? 1e-3 : 1e-4}, {"weight_decay", 0.01}, {"ema_decay", 0.0}, {"schedule", "linear"}, {"decay_share", 0.9}};
  t.rest.update(config);
  for (const char* key :
       {"data", "out", "encoder", "held_out", "test", "epochs", "max_tokens", "dropout", "several", "dtype", "thresholds", "calibrate", "lora"})
    t.rest.erase(key);
  return t;
}

class ClassifierTrainer {
 public:
  ClassifierTrainer(ClassifierTraining training, const TrainCallbacks& callbacks)
      : t_(std::move(training)), callbacks_(callbacks), curve_(t_.out, {"loss", "held_out_macro_f1"}) {
    folder_ = value_or_throw(find_model(t_.encoder));
    files_ = value_or_throw(read_encoder_files(folder_));
    config_ = files_.config;
    t_.max_tokens = std::min(t_.max_tokens, files_.max_tokens);
    read_data();
    make_weights();
  }

  Result<void> run() {
    if (callbacks_.say)
      callbacks_.say(fmt::format("{} texts to train on, {} held out; {} labels{}; {} steps of {}", training_.count(), held_out_.count(), labels_.names.size(),
                                 labels_.several ? ", several a text" : "", stage_.run.schedule.steps, stage_.batch));
    PTAH_TRY_VOID(train(
        stage_.run, *optimizer_, [this](int64_t i) { return step(i); }, [this](int64_t i) { return measure(i); },
        [this](const RunReport& r) { callbacks_.report("encoder", r); }, callbacks_.cancel));
    return save();
  }

 private:
  EncodedTexts encoded(const LabelledTexts& data) const {
    EncodedTexts out;
    const size_t labels = labels_.names.size();
    out.labels.resize(data.texts.size() * labels);
    for (size_t i = 0; i < data.texts.size(); ++i) {
      out.ids.push_back(files_.tokenizer->encode(data.texts[i], static_cast<size_t>(t_.max_tokens)));
      for (const std::string& name : data.labels[i]) {
        const auto found = std::lower_bound(labels_.names.begin(), labels_.names.end(), name);
        if (found == labels_.names.end() || *found != name)
          throw Failure({ErrorCode::invalid_argument, fmt::format("the label '{}' does not occur among the texts to train on", name)});
        out.labels[i * labels + static_cast<size_t>(found - labels_.names.begin())] = 1;
      }
    }
    return out;
  }

  void read_data() {
    LabelledTexts all = value_or_throw(read_labelled_texts(t_.data)), held_out;
    labels_.names = label_names(all);
    if (labels_.names.size() < 2)
      throw Failure({ErrorCode::invalid_argument, fmt::format("{}: {} labels; at least two are told apart", t_.data.string(), labels_.names.size())});
    const bool some_have_several = std::any_of(all.labels.begin(), all.labels.end(), [](const auto& labels) { return labels.size() != 1; });
    labels_.several = t_.several.is_null() ? some_have_several : t_.several.get<bool>();
    if (!labels_.several && some_have_several)
      throw Failure({ErrorCode::invalid_argument, "config: 'several' is false, but a text has none or several labels"});
    stage_seed();
    if (!t_.held_out_file.empty()) {
      held_out = value_or_throw(read_labelled_texts(t_.held_out_file));
    } else {
      LabelledTexts kept;
      Random random(stage_.seed, kSplitStream);
      for (size_t i = 0; i < all.texts.size(); ++i) {
        LabelledTexts& to = static_cast<double>(random.uniform()) < t_.held_out ? held_out : kept;
        to.texts.push_back(std::move(all.texts[i]));
        to.labels.push_back(std::move(all.labels[i]));
      }
      all = std::move(kept);
    }
    training_ = encoded(all);
    held_out_ = encoded(held_out);
    if (!t_.test.empty()) test_ = encoded(value_or_throw(read_labelled_texts(t_.test)));
    if (training_.count() < static_cast<size_t>(stage_.batch))
      throw Failure({ErrorCode::invalid_argument, fmt::format("{} texts to train on; a batch has {}", training_.count(), stage_.batch)});
    read_steps();
  }

  void stage_seed() {
    Reader reader(t_.rest, "");
    stage_ = read_stage(reader, t_.out, callbacks_);
    reader.done();
  }

  void read_steps() {
    if (t_.rest.contains("steps")) return;
    stage_.run.schedule.steps = t_.epochs * batches_an_epoch();
    if (!t_.rest.contains("warmup")) stage_.run.schedule.warmup = stage_.run.schedule.steps / 10;
    if (!t_.rest.contains("sample_seconds")) stage_.run.sample_seconds = 60;
  }

  void make_weights() {
    std::map<std::string, Tensor> base;
    for (const auto& [theirs, tensor] : value_or_throw(read_weights_folder(folder_, {"model", "pytorch_model"})))
      if (is_float(tensor.dtype()) || tensor.dtype() == DType::blocks) base.emplace(theirs.starts_with("bert.") ? theirs.substr(5) : theirs, tensor);
    const auto labels = static_cast<int64_t>(labels_.names.size());
    Weights fresh = Weights::fresh(stage_.seed);
    std::map<std::string, Tensor> head;
    head.emplace("classifier.weight", fresh.get("classifier.weight", {labels, config_.hidden_size}, Init::normal, 0.02F));
    head.emplace("classifier.bias", fresh.get("classifier.bias", {labels}, Init::zeros, 0));
    if (t_.adapts) {  // what is not trained is kept in what it is computed in
      labels_.encoder = t_.encoder, labels_.lora = t_.lora;
      for (const auto& [name, tensor] : base) {
        const bool matrix = tensor.rank() == 2 && (name.starts_with("encoder.") || name.ends_with("word_embeddings.weight"));
        frozen_.emplace(name, cast(tensor, matrix ? t_.type : DType::f32));
      }
      Weights adapters = Weights::fresh(stage_.seed);
      std::map<std::string, Tensor> all = frozen_;
      for (const auto& [name, tensor] : head) all.insert_or_assign(name, tensor);
      Weights whole(all);
      ClassifierNetwork(Scope(whole), config_, labels).encoder().add_adapters(t_.lora, adapters);
      head.insert(adapters.all().begin(), adapters.all().end());
      weights_.emplace(head);
    } else {
      for (const auto& [name, tensor] : base) head.emplace(name, tensor.dtype() == DType::f32 ? tensor.clone() : cast(tensor, DType::f32));
      Weights all(std::move(head));
      const ClassifierNetwork probe(Scope(all), config_, labels);
      const std::vector<std::string> unused = all.unused();  // such as BERT's pooler
      std::map<std::string, Tensor> used = all.all();
      for (const std::string& name : unused) used.erase(name);
      weights_.emplace(used);
    }
    optimizer_.emplace(weights_->all(), stage_.optimizer);
  }

  /// The network of trained weights. Of whole encoders it is made within the record: gradients go through the joined queries, keys and values to the weights
  /// that they are made of.
  ClassifierNetwork network_of(const std::map<std::string, Tensor>& trained) const {
    std::map<std::string, Tensor> all = trained;
    all.insert(frozen_.begin(), frozen_.end());
    Weights weights(std::move(all));
    ClassifierNetwork network(Scope(weights), config_, static_cast<int64_t>(labels_.names.size()));
    if (t_.adapts) network.encoder().add_adapters(t_.lora, weights);
    return network;
  }

  int64_t batches_an_epoch() const { return static_cast<int64_t>(training_.count()) / stage_.batch; }

  /// The texts of a step: every epoch in another order, those of a batch of about one length.
  const std::vector<size_t>& batch_of(int64_t step) {
    if (!batches_)
      batches_.emplace(stage_.batch, kSortedBatches, stage_.seed, kOrderStream,
                       [this](size_t a, size_t b) { return training_.ids[a].size() < training_.ids[b].size(); });
    return batches_->at(step, training_.count());
  }

  static TokenBatch tokens_of(const EncodedTexts& data, const std::vector<size_t>& which) {
    std::vector<std::vector<int32_t>> ids;
    size_t longest = 1;
    for (const size_t i : which) {
      ids.push_back(data.ids[i]);
      longest = std::max(longest, data.ids[i].size());
    }
    return make_token_batch(ids, static_cast<int64_t>(longest));
  }

  Tensor loss_of(const Tensor& logits, const std::vector<size_t>& which) const {
    const auto n = static_cast<int64_t>(which.size()), labels = static_cast<int64_t>(labels_.names.size());
    Tensor targets = Tensor::empty({n, labels});
    Tensor classes = Tensor::empty({n}, DType::i32);
    for (int64_t i = 0; i < n; ++i)
      for (int64_t l = 0; l < labels; ++l) {
        const uint8_t is = training_.labels[which[static_cast<size_t>(i)] * static_cast<size_t>(labels) + static_cast<size_t>(l)];
        targets.data<float>()[i * labels + l] = is;
        if (is) classes.data<int32_t>()[i] = static_cast<int32_t>(l);
      }
    return labels_.several ? binary_cross_entropy(logits, targets) : cross_entropy(logits, classes);
  }

  float step(int64_t i) {
    const std::vector<size_t>& which = batch_of(i);
    Tensor mask;
    if (t_.dropout > 0) {
      mask = Tensor::empty({stage_.batch, config_.hidden_size});
      Random random(stage_.seed, kMaskStream + static_cast<uint64_t>(i));
      for (float& value : mask.span<float>()) value = random.uniform() < t_.dropout ? 0.0F : 1 / (1 - t_.dropout);
    }
    GradScope scope;
    if (!network_ || !t_.adapts) network_.emplace(network_of(weights_->all()));
    const ClassifierNetwork& network = *network_;
    const Tensor loss = loss_of(network(tokens_of(training_, which), t_.type, mask), which);
    scope.backward(loss);
    losses_.push_back(loss.item());
    return losses_.back();
  }

  /// Logits of texts under the weights as they are, or averaged.
  std::vector<float> logits_of(const EncodedTexts& data) {
    const NoGrad off;
    const size_t labels = labels_.names.size();
    const ClassifierNetwork network = network_of(optimizer_->averaged());
    std::vector<size_t> order(data.count());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return data.ids[a].size() < data.ids[b].size(); });
    std::vector<float> out(data.count() * labels);
    constexpr size_t kAtOnce = 64;
    for (size_t at = 0; at < order.size(); at += kAtOnce) {
      stop_if_cancelled(callbacks_.cancel);
      const std::vector<size_t> which(order.begin() + static_cast<std::ptrdiff_t>(at),
                                      order.begin() + static_cast<std::ptrdiff_t>(std::min(order.size(), at + kAtOnce)));
      const Tensor logits = network(tokens_of(data, which), t_.type);
      for (size_t i = 0; i < which.size(); ++i)
        std::copy_n(logits.data<float>() + i * labels, labels, out.begin() + static_cast<std::ptrdiff_t>(which[i] * labels));
    }
    return out;
  }

  std::vector<float> probable_of(const std::vector<float>& logits, float temperature) const {
    const auto rows = static_cast<int64_t>(logits.size() / labels_.names.size());
    const Tensor x = affine(Tensor::from<float>({rows, static_cast<int64_t>(labels_.names.size())}, logits), 1 / temperature);
    return (labels_.several ? sigmoid(x) : softmax(x)).to_vector();
  }

  /// −Σ log p of what is and what is not; of one label a text: of the one that it has.
  double surprise(const EncodedTexts& data, const std::vector<float>& logits, float temperature) const {
    const std::vector<float> probable = probable_of(logits, temperature);
    constexpr double kLeast = 1e-12;
    double sum = 0;
    for (size_t i = 0; i < probable.size(); ++i) {
      const auto p = static_cast<double>(probable[i]);
      if (data.labels[i] != 0)
        sum -= std::log(std::max(p, kLeast));
      else if (labels_.several)
        sum -= std::log(std::max(1 - p, kLeast));
    }
    return sum;
  }

  /// The temperature of the least surprise at what was held out (Guo et al. 2017), in steps of a fiftieth.
  float best_temperature(const std::vector<float>& logits) const {
    constexpr int kLow = 25, kHigh = 150;
    float best = 1;
    double min_surprise = surprise(held_out_, logits, 1);
    for (int i = kLow; i <= kHigh; ++i) {
      const float now = static_cast<float>(i) / 50;
      if (const double found = surprise(held_out_, logits, now); found < min_surprise) min_surprise = found, best = now;
    }
    return best;
  }

  /// For each label the probability from which on its F1 among what was held out is best; of equals the one in the middle.
  std::vector<float> best_thresholds(const std::vector<float>& probable) const {
    const size_t labels = labels_.names.size(), texts = held_out_.count();
    std::vector<float> out(labels, labels_.threshold);
    constexpr int kSteps = 98;
    for (size_t l = 0; l < labels; ++l) {
      double best = 0;
      int first = 0, last = -1;
      for (int k = 1; k <= kSteps; ++k) {
        const float from = static_cast<float>(k) / 100;
        double right = 0, said = 0, is = 0;
        for (size_t i = 0; i < texts; ++i) {
          const bool found = probable[i * labels + l] >= from, true_label = held_out_.labels[i * labels + l] != 0;
          right += found && true_label, said += found, is += true_label;
        }
        const double f1 = right > 0 ? 2 * right / (said + is) : 0;
        if (f1 > best) best = f1, first = k, last = k;
        if (f1 == best && last == k - 1) last = k;
      }
      if (best > 0) out[l] = static_cast<float>(first + last) / 200;
    }
    return out;
  }

  LabelScores scores(const EncodedTexts& data, const std::vector<float>& probable, const ClassifierLabels& how) const {
    const size_t labels = labels_.names.size();
    std::vector<uint8_t> found(probable.size());
    for (size_t i = 0; i < data.count(); ++i)
      for (const size_t label : labels_of(std::span(probable).subspan(i * labels, labels), how)) found[i * labels + label] = 1;
    return label_scores(data.labels, found, labels);
  }

  Result<void> measure(int64_t i) {
    double macro = 0;
    if (held_out_.count() > 0) {
      const std::vector<float> logits = logits_of(held_out_);
      if (t_.calibrate) labels_.temperature = best_temperature(logits);
      const std::vector<float> probable = probable_of(logits, labels_.temperature);
      constexpr int kThresholds = 19;
      LabelScores best;
      for (int k = 1; k <= (labels_.several ? kThresholds : 1); ++k) {
        ClassifierLabels how = labels_;
        const float threshold = 0.05F * static_cast<float>(k);
        how.threshold = threshold, how.thresholds = {};
        const LabelScores now = scores(held_out_, probable, how);
        if (k > 1 && now.macro_f1 <= best.macro_f1) continue;
        best = now;
        labels_.threshold = labels_.several ? threshold : 0.5F;
      }
      if (t_.each && labels_.several) {
        labels_.thresholds = best_thresholds(probable);
        best = scores(held_out_, probable, labels_);
      }
      macro = best.macro_f1;
      report_["held_out"] = described(best);
      if (callbacks_.say)
        callbacks_.say(fmt::format("step {}: held-out macro-F1 {:.4f}, micro-F1 {:.4f}, accuracy {:.4f}{}", i, best.macro_f1, best.micro_f1, best.accuracy,
                                   labels_.several && labels_.thresholds.empty() ? fmt::format(" from probability {:.2f} on", labels_.threshold) : ""));
    }
    const double mean = losses_.empty() ? 0 : std::accumulate(losses_.begin(), losses_.end(), 0.0) / static_cast<double>(losses_.size());
    losses_.clear();
    PTAH_TRY_VOID(curve_.put(i, {mean, macro}));
    return curve_.draw();
  }

  Json described(const LabelScores& s) const {
    Json out = {{"macro_f1", s.macro_f1}, {"micro_f1", s.micro_f1}, {"accuracy", s.accuracy}, {"f1", Json::object()}};
    for (size_t l = 0; l < s.f1.size(); ++l) out["f1"][labels_.names[l]] = s.f1[l];
    return out;
  }

  Result<void> save() {
    if (test_.count() > 0) {
      const LabelScores s = scores(test_, probable_of(logits_of(test_), labels_.temperature), labels_);
      report_["test"] = described(s);
      if (callbacks_.say)
        callbacks_.say(fmt::format("test: macro-F1 {:.4f}, micro-F1 {:.4f}, accuracy {:.4f} of {} texts", s.macro_f1, s.micro_f1, s.accuracy, test_.count()));
    }
    PTAH_TRY_VOID(write_file(t_.out / "scores.json", report_.dump(2) + "\n"));
    TensorFile file;
    file.metadata["format"] = "pt";
    file.tensors = Weights(optimizer_->averaged()).as(DType::f16);
    if (t_.adapts) {
      PTAH_TRY_VOID(write_safetensors(t_.out / "adapter.safetensors", file));
      return write_file(t_.out / "classifier.json", to_json(labels_).dump(2) + "\n");
    }
    for (const char* name : {"config.json", "vocab.txt", "tokenizer_config.json", "sentence_bert_config.json", "1_Pooling/config.json"}) {
      if (!fs::exists(folder_ / name)) continue;
      PTAH_TRY(const Bytes bytes, read_file(folder_ / name));
      PTAH_TRY_VOID(make_folders((t_.out / name).parent_path()));
      PTAH_TRY_VOID(write_file(t_.out / name, std::span<const uint8_t>(bytes)));
    }
    PTAH_TRY_VOID(write_safetensors(t_.out / "model.safetensors", file));
    return write_file(t_.out / "classifier.json", to_json(labels_).dump(2) + "\n");
  }

  ClassifierTraining t_;
  const TrainCallbacks& callbacks_;
  LossCurve curve_;
  Stage stage_;
  fs::path folder_;
  EncoderFiles files_;
  BertConfig config_;
  ClassifierLabels labels_;
  EncodedTexts training_, held_out_, test_;
  std::map<std::string, Tensor> frozen_;  ///< the encoder's, where an adapter is trained
  std::optional<Weights> weights_;        ///< what is trained
  std::optional<ClassifierNetwork> network_;
  std::optional<Optimizer> optimizer_;
  std::optional<SortedBatches> batches_;
  std::vector<float> losses_;
  Json report_ = Json::object();
};

}  // namespace

Tensor binary_cross_entropy(const Tensor& logits, const Tensor& targets) {
  // max(x, 0) − x y + log(1 + e^−|x|), which does not overflow
  return mean(add(sub(relu(logits), mul(logits, targets)), log(affine(exp(affine(abs(logits), -1)), 1, 1))));
}

Result<void> train_classifier(const Json& config, const fs::path& base_folder, const TrainCallbacks& callbacks) {
  return guard([&]() -> Result<void> {
    ClassifierTraining training = read_classifier_training(config, base_folder);
    PTAH_TRY_VOID(claim_training_folder(training.out, config));
    return ClassifierTrainer(std::move(training), callbacks).run();
  });
}

}  // namespace ptah
