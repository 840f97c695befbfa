#include "train/language/preference_trainer.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/file.h"
#include "models/registry.h"
#include "tensor/device.h"
#include "tensor/ops.h"
#include "text/lm/adapter_files.h"
#include "train/language/adapter_config.h"
#include "train/language/loss_curve.h"
#include "train/language/network.h"
#include "train/language/token_loss.h"
#include "train/loop/epochs.h"
#include "train/loop/stage.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kPairStream = uint64_t{7} << 48, kHeldOutStream = uint64_t{8} << 48;

struct PreferenceTraining : AdapterTraining {
  PreferenceTraining(const Json& config, const fs::path& base_folder) : AdapterTraining(config, base_folder, "preferences.jsonl", "adapter") {
    const auto name = reader.get<std::string>("loss", "sigmoid");
    diverges = name == "kto";
    if (name == "sft")
      rows = PreferenceRows::answers;
    else if (name == "kto" || name == "apo_zero_unpaired")
      rows = PreferenceRows::judgments;
    else
      loss = value_or_throw(preference_loss_of(name));
    beta = reader.get<double>("beta", 0.1);
    smoothing = reader.get<double>("label_smoothing", 0);
    max_tokens = reader.get<int64_t>("max_tokens", 512);
    epochs = reader.get<int64_t>("epochs", 1);
    if (!(beta > 0) || !(smoothing >= 0 && smoothing < 0.5) || max_tokens < 2 || epochs < 1)
      throw Failure({ErrorCode::invalid_argument, "config: beta is above 0, label_smoothing 0 to 0.5, max_tokens at least 2, epochs at least 1"});
  }
  PreferenceRows rows = PreferenceRows::pairs;  ///< `answers`: of the loss "sft"
  bool diverges = false;                        ///< of the loss "kto": the divergence is estimated
  PreferenceLoss loss = PreferenceLoss::sigmoid;
  double beta = 0.1, smoothing = 0;
  int64_t max_tokens = 512, epochs = 1;
};

class PreferenceTrainer {
 public:
  PreferenceTrainer(const Json& config, const fs::path& base_folder, const TrainCallbacks& callbacks)
      : t_(config, base_folder), callbacks_(callbacks), curve_(t_.out, {"training", "held_out", "held_out_accuracy"}) {
    stage_ = t_.stage({{"batch", 8}, {"learning_rate", 5e-5}, {"weight_decay", 0.0}, {"ema_decay", 0.0}, {"log_every", 1}}, callbacks_);
    model_ = value_or_throw(load_language_model(value_or_throw(find_model(t_.start_from))));
    order_.emplace(stage_.seed, kPairStream);
    rows_ = value_or_throw(read_preference_sets(t_, model_, t_.max_tokens, t_.rows, stage_.seed, kHeldOutStream));
    if (!t_.says("steps")) stage_.run.schedule.steps = std::max<int64_t>(1, t_.epochs * static_cast<int64_t>(rows_.training.size()) / stage_.batch);
    if (!t_.says("warmup")) stage_.run.schedule.warmup = std::max<int64_t>(1, stage_.run.schedule.steps / 10);
  }

  Result<void> run() {
    if (callbacks_.say)
      callbacks_.say(fmt::format("{} rows to train on, {} held out{}; {} steps of {}", rows_.training.size(), rows_.held_out.size(),
                                 rows_.left_out ? fmt::format(", {} left out whose prompts are too long", rows_.left_out) : "", stage_.run.schedule.steps,
                                 stage_.batch));
    if (t_.rows != PreferenceRows::answers) PTAH_TRY_VOID(make_reference());
    adapters_.emplace(Weights::fresh(stage_.seed));
    model_.model->decoder().add_adapters(t_.lora, *adapters_);
    optimizer_.emplace(adapters_->all(), stage_.optimizer);
    PTAH_TRY_VOID(train(
        stage_.run, *optimizer_, [this](int64_t i) { return step(i); }, [this](int64_t i) { return measure(i); },
        [this](const RunReport& r) { callbacks_.report("preference", r); }, callbacks_.cancel));
    return write_adapter(t_.out, {t_.lora, optimizer_->averaged(), t_.start_from}, model_.model->config());
  }

 private:
  /// What the model says before it is trained. Kept in a file: a run that goes on needs it again.
  Result<void> make_reference() {
    const fs::path file = t_.out / "reference.safetensors";
    const auto rows = static_cast<int64_t>(rows_.training.size() + rows_.held_out.size());
    if (fs::exists(file) && fs::exists(t_.out / "checkpoint.safetensors")) {
      PTAH_TRY(const TensorFile there, read_safetensors(file));
      const auto found = there.tensors.find("log_probabilities");
      if (found == there.tensors.end() || found->second.dtype() != DType::f32 || found->second.shape() != Shape({rows, 2}))
        return fail(ErrorCode::mismatch, "{}: not the reference of these rows", file.string());
      reference_ = found->second;
      return {};
    }
    if (callbacks_.say) callbacks_.say("measures what the model says before it is trained");
    const NoGrad off;
    Tensor made = Tensor::empty({rows, 2});
    for (int64_t i = 0; i < rows; ++i) {
      stop_if_cancelled(callbacks_.cancel);
      const PreferencePair& pair = pair_at(i);
      made.data<float>()[2 * i] = answer_likelihood(model_.model->decoder(), pair.chosen, t_.type).item();
      made.data<float>()[2 * i + 1] = t_.rows == PreferenceRows::pairs ? answer_likelihood(model_.model->decoder(), pair.rejected, t_.type).item() : 0.0F;
    }
    reference_ = made;
    TensorFile out;
    out.tensors.emplace("log_probabilities", made);
    return write_safetensors(file, out);
  }

  /// The training's rows, then the held-out ones.
  const PreferencePair& pair_at(int64_t i) const {
    const auto at = static_cast<size_t>(i);
    return at < rows_.training.size() ? rows_.training[at] : rows_.held_out[at - rows_.training.size()];
  }

  /// How far the model is from the reference on answers that belong to other prompts.
  double divergence_of(const std::vector<int64_t>& rows) {
    if (!t_.diverges) return 0;
    if (!reference_model_.model) reference_model_ = value_or_throw(load_language_model(value_or_throw(find_model(t_.start_from))));
    const NoGrad off;
    std::vector<const PreferencePair*> pairs;
    for (const int64_t i : rows) pairs.push_back(&pair_at(i));
    double sum = 0;
    for (const PromptedAnswer& answer : mismatched(pairs)) {
      stop_if_cancelled(callbacks_.cancel);
      sum += static_cast<double>(answer_likelihood(model_.model->decoder(), answer, t_.type).item()) -
             static_cast<double>(answer_likelihood(reference_model_.model->decoder(), answer, t_.type).item());
    }
    return std::max(0.0, sum / static_cast<double>(rows.size()));
  }

  /// The loss of a row, and its gradients times `weight` in the adapters. `margin`: above 0 if the model judges as the row says.
  double learn(int64_t i, double weight, double divergence, double* margin) {
    const PreferencePair& pair = pair_at(i);
    if (t_.rows == PreferenceRows::judgments) {
      const double reference = static_cast<double>(std::as_const(reference_).data<float>()[2 * i]);
      double ratio = 0;
      const double loss = learn_answer(model_.model->decoder(), pair, reference, t_.beta, divergence, weight, t_.type, &ratio).loss;
      if (margin) *margin = pair.liked ? ratio : -ratio;
      return loss;
    }
    if (t_.rows == PreferenceRows::pairs) {
      const float* reference = std::as_const(reference_).data<float>() + 2 * i;
      return learn_pair(model_.model->decoder(), pair, {reference[0], reference[1]}, t_.loss, t_.beta, t_.smoothing, weight, t_.type, margin).loss;
    }
    const auto factor = static_cast<float>(-1 / static_cast<double>(pair.chosen.answer_tokens()));
    GradScope scope;
    std::optional<NoGrad> off;
    if (weight == 0) off.emplace();
    const Tensor loss = affine(answer_likelihood(model_.model->decoder(), pair.chosen, t_.type), factor);
    if (weight != 0) scope.backward(loss, Tensor::full({}, static_cast<float>(weight)));
    return loss.item();
  }

  float step(int64_t i) {
    std::vector<int64_t> rows;
    for (int64_t b = 0; b < stage_.batch; ++b) rows.push_back(static_cast<int64_t>(order_->row(i * stage_.batch + b, rows_.training.size())));
    const double divergence = divergence_of(rows);
    double sum = 0;
    for (const int64_t row : rows) sum += learn(row, 1 / static_cast<double>(stage_.batch), divergence, nullptr);
    losses_.push_back(sum / static_cast<double>(stage_.batch));
    return static_cast<float>(losses_.back());
  }

  Result<void> measure(int64_t i) {
    double loss = 0, right = 0;
    const auto first = static_cast<int64_t>(rows_.training.size()), count = static_cast<int64_t>(rows_.held_out.size());
    for (int64_t h = 0; h < count; ++h) {
      stop_if_cancelled(callbacks_.cancel);
      double margin = 0;
      loss += learn(first + h, 0, 0, &margin) / static_cast<double>(count);
      right += (margin > 0 ? 1.0 : margin == 0 ? 0.5 : 0.0) / static_cast<double>(count);
    }
    const double training = losses_.empty() ? 0 : std::accumulate(losses_.begin(), losses_.end(), 0.0) / static_cast<double>(losses_.size());
    losses_.clear();
    if (callbacks_.say)
      callbacks_.say(fmt::format("step {}: loss {:.4f}; held out: {:.4f}{}", i, training, loss,
                                 t_.rows == PreferenceRows::answers ? "" : fmt::format(", {:.1f} % are judged as people did, more than before", 100 * right)));
    PTAH_TRY_VOID(curve_.put(i, {training, loss, right}));
    return curve_.draw();
  }

  PreferenceTraining t_;
  const TrainCallbacks& callbacks_;
  LossCurve curve_;
  Stage stage_;
  LoadedLanguageModel model_, reference_model_;
  PreferenceSets rows_;
  Tensor reference_;
  std::optional<Weights> adapters_;
  std::optional<Optimizer> optimizer_;
  std::optional<EpochOrder> order_;
  std::vector<double> losses_;
};

}  // namespace

Tensor answer_likelihood(const Decoder& decoder, const PromptedAnswer& answer, DType type) {
  const auto n = static_cast<int64_t>(answer.tokens.size());
  return log_likelihood(decoder.states(Tensor::from({1, n}, answer.tokens), type), decoder.output.weight, answer_targets(answer));
}

PairLoss learn_pair(const Decoder& decoder, const PreferencePair& pair, std::pair<double, double> reference, PreferenceLoss kind, double beta, double smoothing,
                    double weight, DType type, double* margin) {
  GradScope scope;
  std::optional<NoGrad> off;
  if (weight == 0) off.emplace();
  const Tensor chosen = answer_likelihood(decoder, pair.chosen, type), rejected = answer_likelihood(decoder, pair.rejected, type);
  const AnswerPair both{chosen.item(), rejected.item(), reference.first, reference.second, pair.chosen.answer_tokens(), pair.rejected.answer_tokens()};
  if (margin) *margin = both.margin();
  const PairLoss loss = pair_loss(kind, both, beta, smoothing);
  if (weight == 0) return loss;
  // The loss is a function of two numbers: its gradient is that of their sum weighted by its derivatives.
  scope.backward(add(affine(chosen, static_cast<float>(loss.by_chosen * weight)), affine(rejected, static_cast<float>(loss.by_rejected * weight))));
  return loss;
}

AnswerLoss learn_answer(const Decoder& decoder, const PreferencePair& row, double reference, double beta, double divergence, double weight, DType type,
                        double* log_ratio) {
  GradScope scope;
  std::optional<NoGrad> off;
  if (weight == 0) off.emplace();
  const Tensor likelihood = answer_likelihood(decoder, row.chosen, type);
  const double ratio = static_cast<double>(likelihood.item()) - reference;
  if (log_ratio) *log_ratio = ratio;
  const AnswerLoss loss = answer_loss(ratio, row.liked, beta, divergence);
  if (weight != 0) scope.backward(likelihood, Tensor::full({}, static_cast<float>(loss.by_answer * weight)));
  return loss;
}

std::vector<PromptedAnswer> mismatched(const std::vector<const PreferencePair*>& rows) {
  std::vector<PromptedAnswer> out;
  for (size_t i = 0; i < rows.size(); ++i) {
    const PromptedAnswer &prompt = rows[i]->chosen, &answer = rows[(i + rows.size() - 1) % rows.size()]->chosen;
    PromptedAnswer made{{prompt.tokens.begin(), prompt.tokens.begin() + prompt.answer}, prompt.answer};
    made.tokens.insert(made.tokens.end(), answer.tokens.begin() + answer.answer, answer.tokens.end());
    out.push_back(std::move(made));
  }
  return out;
}

Result<void> train_preference(const Json& config, const fs::path& base_folder, const TrainCallbacks& callbacks) {
  return guard([&]() -> Result<void> {
    PreferenceTrainer trainer(config, base_folder, callbacks);
    return trainer.run();
  });
}

}  // namespace ptah
