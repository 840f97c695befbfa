#include "train/reinforce/reward_model.h"

#include <cmath>
#include <numeric>

#include "base/file.h"
#include "models/registry.h"
#include "tensor/device.h"
#include "tensor/ops.h"
#include "text/lm/adapter_files.h"
#include "text/lm/decoder.h"
#include "train/language/adapter_config.h"
#include "train/language/loss_curve.h"
#include "train/loop/epochs.h"
#include "train/loop/stage.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kRewardOrder = uint64_t{12} << 48, kRewardSplit = uint64_t{13} << 48;
constexpr const char* kScoreFile = "reward.safetensors";

class RewardTrainer {
 public:
  RewardTrainer(const Json& config, const fs::path& base_folder, const TrainCallbacks& callbacks)
      : callbacks_(callbacks), common_(config, base_folder, "preferences.jsonl", "reward"), curve_(common_.out, {"training", "held_out", "held_out_accuracy"}) {
    Reader& reader = common_.reader;
    centring_ = reader.get<double>("centring", 0.01);
    max_tokens_ = reader.get<int64_t>("max_tokens", 512);
    epochs_ = reader.get<int64_t>("epochs", 1);
    if (!(centring_ >= 0) || max_tokens_ < 2 || epochs_ < 1)
      throw Failure({ErrorCode::invalid_argument, "config: centring is at least 0, max_tokens at least 2, epochs at least 1"});
    stage_ = common_.stage({{"batch", 8}, {"learning_rate", 1e-4}, {"weight_decay", 0.0}, {"ema_decay", 0.0}, {"log_every", 1}}, callbacks_);
    model_ = value_or_throw(load_language_model(value_or_throw(find_model(common_.start_from))));
    order_.emplace(stage_.seed, kRewardOrder);
    pairs_ = value_or_throw(read_preference_sets(common_, model_, max_tokens_, PreferenceRows::pairs, stage_.seed, kRewardSplit));
    if (!common_.says("steps")) stage_.run.schedule.steps = std::max<int64_t>(1, epochs_ * static_cast<int64_t>(pairs_.training.size()) / stage_.batch);
    if (!common_.says("warmup")) stage_.run.schedule.warmup = std::max<int64_t>(1, stage_.run.schedule.steps / 10);
  }

  Result<void> run() {
    callbacks_.say(fmt::format("{} pairs to train on, {} held out{}; {} steps of {}", pairs_.training.size(), pairs_.held_out.size(),
                               pairs_.left_out ? fmt::format(", {} left out whose prompts are too long", pairs_.left_out) : "", stage_.run.schedule.steps,
                               stage_.batch));
    Weights weights = Weights::fresh(stage_.seed);
    model_.model->decoder().add_adapters(common_.lora, weights);
    score_ = weights.get("score.weight", {1, model_.model->config().width}, Init::zeros, 0);
    Optimizer optimizer(weights.all(), stage_.optimizer);
    PTAH_TRY_VOID(train(
        stage_.run, optimizer, [this](int64_t i) { return step(i); }, [this](int64_t i) { return measure(i); },
        [this](const RunReport& r) { callbacks_.report("reward", r); }, callbacks_.cancel));
    std::map<std::string, Tensor> made = optimizer.averaged();
    TensorFile last;
    last.tensors.emplace("score.weight", made.at("score.weight"));
    last.metadata["base"] = common_.start_from;
    made.erase("score.weight");
    PTAH_TRY_VOID(write_safetensors(common_.out / kScoreFile, last));
    PTAH_TRY_VOID(write_scores());
    return write_adapter(common_.out, {common_.lora, made, common_.start_from}, model_.model->config());
  }

 private:
  float step(int64_t i) {
    double sum = 0;
    for (int64_t b = 0; b < stage_.batch; ++b) {
      const PreferencePair& pair = pairs_.training[order_->row(i * stage_.batch + b, pairs_.training.size())];
      sum += learn_reward(model_.model->decoder(), score_, pair, centring_, 1 / static_cast<double>(stage_.batch), common_.type).loss;
    }
    losses_.push_back(sum / static_cast<double>(stage_.batch));
    return static_cast<float>(losses_.back());
  }

  Result<void> measure(int64_t i) {
    double loss = 0;
    right_ = 0;
    for (const PreferencePair& pair : pairs_.held_out) {
      stop_if_cancelled(callbacks_.cancel);
      double margin = 0;
      loss += learn_reward(model_.model->decoder(), score_, pair, centring_, 0, common_.type, &margin).loss / static_cast<double>(pairs_.held_out.size());
      right_ += margin > 0 ? 1.0 : margin == 0 ? 0.5 : 0.0;
    }
    const double training = losses_.empty() ? 0 : std::accumulate(losses_.begin(), losses_.end(), 0.0) / static_cast<double>(losses_.size());
    losses_.clear();
    const double share = pairs_.held_out.empty() ? 0 : right_ / static_cast<double>(pairs_.held_out.size());
    callbacks_.say(fmt::format("step {}: loss {:.4f}; held out: {:.4f}, {:.1f} % of the pairs are judged as people did", i, training, loss, 100 * share));
    PTAH_TRY_VOID(curve_.put(i, {training, loss, share}));
    return curve_.draw();
  }

  Result<void> write_scores() const {
    const auto n = static_cast<double>(pairs_.held_out.size());
    if (n == 0) return write_file(common_.out / "scores.json", Json{{"pairs", 0}}.dump(2) + "\n");
    const double p = right_ / n, z = 1.959964, middle = (p + z * z / (2 * n)) / (1 + z * z / n),
                 half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    const Json scores = {{"pairs", pairs_.held_out.size()}, {"accuracy", p}, {"interval_95", {middle - half, middle + half}}};
    return write_file(common_.out / "scores.json", scores.dump(2) + "\n");
  }

  const TrainCallbacks& callbacks_;
  AdapterTraining common_;
  LossCurve curve_;
  Stage stage_;
  double centring_ = 0, right_ = 0;
  int64_t max_tokens_ = 512, epochs_ = 1;
  LoadedLanguageModel model_;
  PreferenceSets pairs_;
  Tensor score_;
  std::optional<EpochOrder> order_;
  std::vector<double> losses_;
};

}  // namespace

Tensor reward_of(const Decoder& decoder, const Tensor& score, const std::vector<int32_t>& tokens, DType type) {
  const auto n = static_cast<int64_t>(tokens.size());
  const Tensor states = decoder.states(Tensor::from({1, n}, tokens), type);
  return linear(cast(slice(states, 1, n - 1, n), DType::f32), score).reshape({});
}

RewardLoss learn_reward(const Decoder& decoder, const Tensor& score, const PreferencePair& pair, double centring, double weight, DType type, double* margin) {
  GradScope scope;
  std::optional<NoGrad> off;
  if (weight == 0) off.emplace();
  const Tensor chosen = reward_of(decoder, score, pair.chosen.tokens, type), rejected = reward_of(decoder, score, pair.rejected.tokens, type);
  const double a = static_cast<double>(chosen.item()), b = static_cast<double>(rejected.item());
  if (margin) *margin = a - b;
  const RewardLoss loss = reward_loss(a, b, centring);
  if (weight != 0)
    scope.backward(add(affine(chosen, static_cast<float>(loss.by_chosen * weight)), affine(rejected, static_cast<float>(loss.by_rejected * weight))));
  return loss;
}

double RewardModel::reward(const std::vector<int32_t>& tokens) const {
  const NoGrad off;
  return static_cast<double>(reward_of(model.model->decoder(), score, tokens, compute_dtype()).item());
}

Result<RewardModel> load_reward_model(const fs::path& folder) {
  PTAH_TRY(const TensorFile file, read_safetensors(folder / kScoreFile));
  const auto score = file.tensors.find("score.weight");
  const auto base = file.metadata.find("base");
  if (score == file.tensors.end() || base == file.metadata.end()) return fail(ErrorCode::corrupt, "{}: no reward model", (folder / kScoreFile).string());
  PTAH_TRY(const fs::path model, find_model(base->second));
  RewardModel out;
  PTAH_TRY(out.model, load_language_model(model));
  PTAH_TRY_VOID(apply_adapter(out.model, folder));
  out.score = score->second;
  if (out.score.dtype() != DType::f32 || out.score.shape() != Shape({1, out.model.model->config().width}))
    return fail(ErrorCode::mismatch, "{}: its row does not fit {}", (folder / kScoreFile).string(), base->second);
  return out;
}

Result<void> train_reward(const Json& config, const fs::path& base_folder, const TrainCallbacks& callbacks) {
  return guard([&]() -> Result<void> {
    RewardTrainer trainer(config, base_folder, callbacks);
    return trainer.run();
  });
}

}  // namespace ptah
