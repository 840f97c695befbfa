#include "train/reinforce/reinforcement.h"

#include <cmath>
#include <numeric>

#include "base/file.h"
#include "models/registry.h"
#include "tensor/ops.h"
#include "text/instructions/instructions.h"
#include "text/lm/adapter_files.h"
#include "text/lm/chat.h"
#include "train/language/adapter_config.h"
#include "train/language/loss_curve.h"
#include "train/language/token_loss.h"
#include "train/loop/epochs.h"
#include "train/loop/stage.h"
#include "train/reinforce/reward_model.h"
#include "train/reinforce/rollouts.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kRequestStream = uint64_t{14} << 48, kRequestSplit = uint64_t{15} << 48;
/// Answers of held-out requests come from streams of their own.
constexpr uint64_t kMeasureStream = uint64_t{1} << 24;

struct PolicyRequest {
  CheckedRequest request;
  std::vector<int32_t> tokens;
};

/// An answer that is learnt from.
struct PolicySample {
  PromptedAnswer answer;
  ScoredTokens scored;
  ValueLearning values;
  double reward = 0;
};

std::vector<double> numbers(const Tensor& of) {
  const std::vector<float> all = of.to_vector();
  return {all.begin(), all.end()};
}

/// Values at the states that predict the answer's tokens, f32 [tokens].
Tensor values_of(const ValueLearning& layer, const Tensor& states, const PromptedAnswer& answer) {
  const auto n = static_cast<int64_t>(answer.tokens.size());
  const Tensor at = cast(slice(states.detach(), 1, answer.answer - 1, n - 1), DType::f32);
  return linear(at, layer.weight, {.bias = layer.bias}).reshape({n - answer.answer});
}

struct ReinforcementConfig {
  PolicyLossConfig loss;
  std::string reward;
  int64_t group = 8, max_tokens = 128, max_prompt_tokens = 512, updates = 1, eval_rows = 64, eval_every = 0;
  double temperature = 1, kl = 0.05, gamma = 1, lambda = 0.95, value_clip = 0.2, value_factor = 0.1;
  bool scale_rewards = true;
};

ReinforcementConfig read_reinforcement(Reader& reader) {
  ReinforcementConfig c;
  c.loss.kind = value_or_throw(policy_loss_of(reader.get<std::string>("loss", "dapo")));
  c.loss.clip_low = reader.get<double>("clip_low", 0.2);
  c.loss.clip_high = reader.get<double>("clip_high", 0.2);
  c.loss.beta = reader.get<double>("beta", 0);
  c.max_tokens = c.loss.max_tokens = reader.get<int64_t>("max_tokens", 128);
  c.reward = reader.get<std::string>("reward", "instructions");
  c.group = reader.get<int64_t>("group", 8);
  c.max_prompt_tokens = reader.get<int64_t>("max_prompt_tokens", 512);
  c.updates = reader.get<int64_t>("updates", 1);
  c.eval_rows = reader.get<int64_t>("eval_rows", 64);
  c.eval_every = reader.get<int64_t>("eval_every", 0);
  c.temperature = reader.get<double>("temperature", 1);
  c.kl = reader.get<double>("kl", 0.05);
  c.gamma = reader.get<double>("gamma", 1);
  c.lambda = reader.get<double>("lambda", 0.95);
  c.value_clip = reader.get<double>("value_clip", 0.2);
  c.value_factor = reader.get<double>("value_factor", 0.1);
  c.scale_rewards = reader.get<bool>("scale_rewards", true);
  const bool one_is_enough = c.loss.kind == PolicyLoss::ppo;
  if (c.group < (one_is_enough ? 1 : 2) || c.max_tokens < 1 || c.max_prompt_tokens < 1 || c.updates < 1 || c.eval_rows < 0 || c.eval_every < 0)
    throw Failure({ErrorCode::invalid_argument,
                   "config: group is at least 2 (ppo: 1), max_tokens, max_prompt_tokens and updates at least 1, eval_rows and eval_every not below 0"});
  if (!(c.temperature > 0) || !(c.loss.clip_low > 0 && c.loss.clip_low < 1) || !(c.loss.clip_high > 0) || !(c.loss.beta >= 0) || !(c.kl >= 0) ||
      !(c.gamma > 0 && c.gamma <= 1) || !(c.lambda >= 0 && c.lambda <= 1) || !(c.value_clip > 0) || !(c.value_factor >= 0))
    throw Failure(
        {ErrorCode::invalid_argument,
         "config: temperature, clip_high and value_clip are above 0, clip_low 0 to 1, beta, kl and value_factor not below 0, gamma and lambda 0 to 1"});
  return c;
}

class ReinforcementTrainer {
 public:
  ReinforcementTrainer(const Json& config, const fs::path& base_folder, const TrainCallbacks& callbacks)
      : callbacks_(callbacks),
        common_(config, base_folder, "requests.jsonl", "adapter"),
        c_(read_reinforcement(common_.reader)),
        curve_(common_.out, {"reward", "held_out_all_kept", "held_out_kept", "divergence", "tokens_100"}) {
    const Json defaults = {{"batch", 8},          {"steps", 100},     {"warmup", 5},   {"schedule", "hold"}, {"learning_rate", 1e-4},
                           {"weight_decay", 0.0}, {"ema_decay", 0.0}, {"log_every", 1}};
    stage_ = common_.stage(defaults, callbacks_);
    if (c_.eval_every == 0) c_.eval_every = std::max<int64_t>(1, stage_.run.schedule.steps / 10);
    const fs::path model = value_or_throw(find_model(common_.start_from));
    model_ = value_or_throw(load_language_model(model));
    if (needs_reference()) reference_ = value_or_throw(load_language_model(model));
    if (c_.reward != "instructions") judge_ = value_or_throw(load_reward_model(base_folder / c_.reward));
    stops_ = model_.stop_tokens;
    if (const int32_t end = model_.tokenizer->parts().eos; end >= 0) stops_.push_back(end);
    order_.emplace(stage_.seed, kRequestStream);
    read_requests();
  }

  Result<void> run() {
    callbacks_.say(fmt::format("{} requests to train on, {} held out{}; {} steps of {} requests with {} answers each", training_.size(), held_out_.size(),
                               left_out_ ? fmt::format(", {} left out that are too long", left_out_) : "", stage_.run.schedule.steps, stage_.batch, c_.group));
    adapters_.emplace(Weights::fresh(stage_.seed));
    model_.model->decoder().add_adapters(common_.lora, *adapters_);
    if (c_.loss.kind == PolicyLoss::ppo) {
      layer_.weight = adapters_->get("value.weight", {1, model_.model->config().width}, Init::zeros, 0);
      layer_.bias = adapters_->get("value.bias", {1}, Init::zeros, 0);
    }
    optimizer_.emplace(adapters_->all(), stage_.optimizer);
    rollouts_.emplace(model_.model->decoder(), common_.type);
    PTAH_TRY_VOID(train(
        stage_.run, *optimizer_, [this](int64_t i) { return step(i); }, [this](int64_t i) { return measured_ == i ? Result<void>() : measure(i); },
        [this](const RunReport& r) { callbacks_.report("reinforcement", r); }, callbacks_.cancel));
    std::map<std::string, Tensor> made = optimizer_->averaged();
    made.erase("value.weight");
    made.erase("value.bias");
    return write_adapter(common_.out, {common_.lora, made, common_.start_from}, model_.model->config());
  }

 private:
  bool pays_for_divergence() const { return (c_.loss.kind == PolicyLoss::rloo || c_.loss.kind == PolicyLoss::ppo) && c_.kl > 0; }
  bool needs_reference() const { return c_.loss.beta > 0 || pays_for_divergence(); }

  std::vector<PolicyRequest> requests_of(const fs::path& file) {
    const std::string text = value_or_throw(read_text(file, size_t{256} << 20));
    std::vector<PolicyRequest> out;
    std::optional<ChatFormat> format;
    if (!model_.chat_template.empty()) format = value_or_throw(ChatFormat::make(model_));
    for (CheckedRequest& request : value_or_throw(checked_requests(text, file.string()))) {
      std::vector<int32_t> tokens =
          format ? value_or_throw(format->tokens({{"user", request.prompt}}, true)) : model_.tokenizer->encode(request.prompt, {.bos_eos = true});
      const auto n = static_cast<int64_t>(tokens.size());
      if (n == 0 || n > c_.max_prompt_tokens || n + c_.max_tokens > model_.model->config().context)
        ++left_out_;
      else
        out.push_back({std::move(request), std::move(tokens)});
    }
    return out;
  }

  void read_requests() {
    training_ = requests_of(common_.data);
    if (!common_.held_out_file.empty()) {
      held_out_ = requests_of(common_.held_out_file);
    } else {
      held_out_ = take_held_out(training_, common_.held_out, stage_.seed, kRequestSplit);
    }
    if (static_cast<int64_t>(held_out_.size()) > c_.eval_rows) held_out_.resize(static_cast<size_t>(c_.eval_rows));
    if (training_.empty()) throw Failure({ErrorCode::invalid_argument, fmt::format("{}: no requests to train on", common_.data.string())});
  }

  std::string text_of(const Rollout& rollout) const {
    std::vector<int32_t> tokens = rollout.tokens;
    if (rollout.ended) tokens.pop_back();
    return model_.tokenizer->decode(tokens);
  }

  double reward_for(const PolicyRequest& request, const Rollout& rollout) const {
    if (!judge_) return request.request.share_kept(text_of(rollout));
    std::vector<int32_t> tokens = request.tokens;
    tokens.insert(tokens.end(), rollout.tokens.begin(), rollout.tokens.end());
    return judge_->reward(tokens);
  }

  /// The requests of the samples of one step.
  std::vector<const PolicyRequest*> requests_at(int64_t round) {
    std::vector<const PolicyRequest*> out;
    for (int64_t b = 0; b < stage_.batch; ++b) out.push_back(&training_[order_->row(round * stage_.batch + b, training_.size())]);
    return out;
  }

  std::vector<double> log_probabilities(const Decoder& decoder, const PromptedAnswer& answer) const {
    const NoGrad off;
    const auto n = static_cast<int64_t>(answer.tokens.size());
    return numbers(log_likelihoods(decoder.states(Tensor::from({1, n}, answer.tokens), common_.type), decoder.output.weight, answer_targets(answer)));
  }

  /// Lets the model answer, scores the answers, and says how much better than expected they are. The bytes depend on the weights and the round.
  void make_samples(int64_t round) {
    const std::vector<const PolicyRequest*> asked = requests_at(round);
    std::vector<std::vector<int32_t>> prompts;
    for (const PolicyRequest* one : asked) prompts.push_back(one->tokens);
    rollouts_->refresh();
    const RolloutOptions options{c_.max_tokens, static_cast<float>(c_.temperature), stage_.seed, static_cast<uint64_t>(round), stops_};
    const std::vector<Rollout> made = rollouts_->sample(prompts, c_.group, options, callbacks_.cancel);
    samples_.clear();
    std::vector<double> rewards;
    double divergence = 0, tokens = 0;
    for (size_t i = 0; i < made.size(); ++i) {
      stop_if_cancelled(callbacks_.cancel);
      const PolicyRequest& request = *asked[i / static_cast<size_t>(c_.group)];
      PolicySample sample;
      sample.answer = {request.tokens, static_cast<int64_t>(request.tokens.size())};
      sample.answer.tokens.insert(sample.answer.tokens.end(), made[i].tokens.begin(), made[i].tokens.end());
      sample.reward = reward_for(request, made[i]);
      rewards.push_back(sample.reward);
      if (c_.updates > 1 || pays_for_divergence() || c_.loss.kind == PolicyLoss::ppo) remember(sample);
      if (needs_reference()) sample.scored.reference = log_probabilities(reference_->model->decoder(), sample.answer);
      for (size_t t = 0; t < sample.scored.reference.size() && !sample.scored.before.empty(); ++t)
        divergence += sample.scored.before[t] - sample.scored.reference[t];
      tokens += static_cast<double>(made[i].tokens.size());
      samples_.push_back(std::move(sample));
    }
    reward_sum_ += std::accumulate(rewards.begin(), rewards.end(), 0.0) / static_cast<double>(rewards.size());
    divergence_sum_ += divergence / std::max(tokens, 1.0);
    token_sum_ += tokens / static_cast<double>(made.size());
    ++rounds_;
    set_advantages(rewards);
  }

  /// Log-probabilities and values under the weights that sampled.
  void remember(PolicySample& sample) const {
    const NoGrad off;
    const Decoder& decoder = model_.model->decoder();
    const auto n = static_cast<int64_t>(sample.answer.tokens.size());
    const Tensor states = decoder.states(Tensor::from({1, n}, sample.answer.tokens), common_.type);
    sample.scored.before = numbers(log_likelihoods(states, decoder.output.weight, answer_targets(sample.answer)));
    if (c_.loss.kind == PolicyLoss::ppo) sample.values.before = numbers(values_of(layer_, states, sample.answer));
  }

  void set_advantages(std::vector<double> rewards) {
    if (c_.loss.kind == PolicyLoss::ppo) {
      std::vector<std::vector<double>> all;
      for (PolicySample& sample : samples_) {
        std::vector<double> each(sample.scored.before.size(), 0.0);
        for (size_t t = 0; t < each.size() && pays_for_divergence(); ++t) each[t] = -c_.kl * (sample.scored.before[t] - sample.scored.reference[t]);
        each.back() += sample.reward;
        Advantages found = generalized_advantages(each, sample.values.before, c_.gamma, c_.lambda);
        sample.values.wanted = std::move(found.returns);
        all.push_back(std::move(found.advantages));
      }
      whiten(all);
      for (size_t i = 0; i < samples_.size(); ++i) samples_[i].scored.advantages = std::move(all[i]);
      return;
    }
    if (c_.loss.kind == PolicyLoss::rloo && pays_for_divergence())
      for (size_t i = 0; i < samples_.size(); ++i)
        for (size_t t = 0; t < samples_[i].scored.before.size(); ++t) rewards[i] -= c_.kl * (samples_[i].scored.before[t] - samples_[i].scored.reference[t]);
    const std::vector<double> advantages =
        c_.loss.kind == PolicyLoss::rloo ? leave_one_out_advantages(rewards, c_.group) : group_advantages(rewards, c_.group, c_.scale_rewards);
    for (size_t i = 0; i < samples_.size(); ++i) samples_[i].scored.advantages.assign(static_cast<size_t>(samples_[i].answer.answer_tokens()), advantages[i]);
  }

  float step(int64_t i) {
    if (i % c_.eval_every == 0 && measured_ != i) done_or_throw(measure(i));
    const int64_t round = i / c_.updates;
    if (i % c_.updates == 0) {
      make_samples(round);
      if (c_.updates > 1) keep_weights(round);
    } else if (samples_.empty()) {
      make_samples_again(round);
    }
    int64_t tokens = 0;
    for (const PolicySample& sample : samples_) tokens += sample.answer.answer_tokens();
    double loss = 0;
    for (PolicySample& sample : samples_) {
      stop_if_cancelled(callbacks_.cancel);
      const bool learns = std::any_of(sample.scored.advantages.begin(), sample.scored.advantages.end(), [](double a) { return a != 0; });
      if (!learns && c_.loss.beta == 0 && c_.loss.kind != PolicyLoss::ppo) continue;  // all answers of the group were alike: no gradient
      sample.values.weight = layer_.weight, sample.values.bias = layer_.bias;
      sample.values.clip = c_.value_clip, sample.values.factor = c_.value_factor;
      loss += learn_sampled(model_.model->decoder(), sample.answer, sample.scored, c_.loss, static_cast<int64_t>(samples_.size()), tokens, 1, common_.type,
                            c_.loss.kind == PolicyLoss::ppo ? &sample.values : nullptr)
                  .loss;
    }
    return static_cast<float>(loss);
  }

  static void done_or_throw(Result<void> result) {
    if (!result) throw Failure(result.error());
  }

  /// The weights that sampled a round, for a run that was cut between its updates: they sample the same answers again.
  void keep_weights(int64_t round) const {
    TensorFile file;
    for (const auto& [name, tensor] : adapters_->all()) file.tensors.emplace(name, tensor.detach());
    file.metadata["round"] = std::to_string(round);
    done_or_throw(write_safetensors(common_.out / "round.safetensors", file));
  }
  static void put(Tensor into, const Tensor& from) {
    if (from.shape() != into.shape() || from.dtype() != DType::f32) throw Failure({ErrorCode::mismatch, "round.safetensors: of another adapter"});
    std::copy_n(from.data<float>(), from.elements(), into.data<float>());
    into.touch();
  }
  void make_samples_again(int64_t round) {
    const TensorFile file = value_or_throw(read_safetensors(common_.out / "round.safetensors"));
    const auto of = file.metadata.find("round");
    if (of == file.metadata.end() || of->second != std::to_string(round))
      throw Failure({ErrorCode::mismatch, "round.safetensors: of another round than the checkpoint"});
    std::map<std::string, Tensor> now;
    for (const auto& [name, tensor] : adapters_->all()) {
      now.emplace(name, tensor.detach().clone());
      const auto found = file.tensors.find(name);
      if (found == file.tensors.end()) throw Failure({ErrorCode::mismatch, "round.safetensors: of another adapter"});
      put(tensor, found->second);
    }
    make_samples(round);
    for (const auto& [name, tensor] : adapters_->all()) put(tensor, now.at(name));
  }

  Result<void> measure(int64_t i) {
    measured_ = i;
    double all_kept = 0, kept = 0;
    std::string shown;
    rollouts_->refresh();
    constexpr size_t kAtOnce = 64;
    for (size_t at = 0; at < held_out_.size(); at += kAtOnce) {
      std::vector<std::vector<int32_t>> prompts;
      for (size_t k = at; k < std::min(held_out_.size(), at + kAtOnce); ++k) prompts.push_back(held_out_[k].tokens);
      const RolloutOptions options{c_.max_tokens, 0, stage_.seed, kMeasureStream + static_cast<uint64_t>(at), stops_};
      const std::vector<Rollout> made = rollouts_->sample(prompts, 1, options, callbacks_.cancel);
      for (size_t k = 0; k < made.size(); ++k) {
        const CheckedRequest& request = held_out_[at + k].request;
        const std::string answer = text_of(made[k]);
        const double share = request.share_kept(answer);
        kept += share / static_cast<double>(held_out_.size());
        all_kept += (share == 1 ? 1.0 : 0.0) / static_cast<double>(held_out_.size());
        if (at + k < 8) shown += fmt::format("[{:.0f} %] {}\n→ {}\n\n", 100 * share, request.prompt, answer);
      }
    }
    const double n = std::max<double>(1, static_cast<double>(rounds_)), reward = reward_sum_ / n, divergence = divergence_sum_ / n, tokens = token_sum_ / n;
    reward_sum_ = divergence_sum_ = token_sum_ = 0;
    rounds_ = 0;
    callbacks_.say(fmt::format("step {}: reward {:.3f}, {:.0f} tokens an answer{}; held out: {:.1f} % keep to all instructions, {:.1f} % of instructions kept",
                               i, reward, tokens, needs_reference() ? fmt::format(", divergence {:.4f}", divergence) : "", 100 * all_kept, 100 * kept));
    PTAH_TRY_VOID(write_file(common_.out / "samples.txt", fmt::format("step {}\n\n{}", i, shown)));
    PTAH_TRY_VOID(curve_.put(i, {reward, all_kept, kept, divergence, tokens / 100}));
    return curve_.draw();
  }

  const TrainCallbacks& callbacks_;
  AdapterTraining common_;
  ReinforcementConfig c_;
  LossCurve curve_;
  Stage stage_;
  LoadedLanguageModel model_;
  std::optional<LoadedLanguageModel> reference_;
  std::optional<RewardModel> judge_;
  std::vector<int32_t> stops_;
  std::vector<PolicyRequest> training_, held_out_;
  int64_t left_out_ = 0, measured_ = -1, rounds_ = 0;
  std::optional<EpochOrder> order_;
  std::optional<Weights> adapters_;
  std::optional<Optimizer> optimizer_;
  std::optional<Rollouts> rollouts_;
  ValueLearning layer_;
  std::vector<PolicySample> samples_;
  double reward_sum_ = 0, divergence_sum_ = 0, token_sum_ = 0;
};

}  // namespace

TokenLosses learn_sampled(const Decoder& decoder, const PromptedAnswer& answer, ScoredTokens& scored, const PolicyLossConfig& config, int64_t answers,
                          int64_t tokens, double weight, DType type, const ValueLearning* values) {
  GradScope scope;
  std::optional<NoGrad> off;
  if (weight == 0) off.emplace();
  const auto n = static_cast<int64_t>(answer.tokens.size());
  const Tensor states = decoder.states(Tensor::from({1, n}, answer.tokens), type);
  const Tensor found = log_likelihoods(states, decoder.output.weight, answer_targets(answer));
  scored.now = numbers(found);
  if (scored.before.empty()) scored.before = scored.now;
  TokenLosses out = policy_loss(config, scored, answers, tokens);
  const auto as_tensor = [&](const std::vector<double>& of, double by) {
    std::vector<float> all;
    for (const double x : of) all.push_back(static_cast<float>(x * by));
    return Tensor::from({static_cast<int64_t>(all.size())}, all);
  };
  Tensor total = sum(mul(found, as_tensor(out.by_token, weight)));
  if (values) {
    const Tensor now = values_of(*values, states, answer);
    const std::vector<double> each = numbers(now);
    std::vector<double> slopes;
    for (size_t t = 0; t < each.size(); ++t) {
      const ValueLoss one = value_loss(each[t], values->before[t], values->wanted[t], values->clip, tokens);
      out.loss += values->factor * one.loss;
      slopes.push_back(values->factor * one.by_value);
    }
    total = add(total, sum(mul(now, as_tensor(slopes, weight))));
  }
  if (weight != 0) scope.backward(total);
  return out;
}

Result<void> train_reinforcement(const Json& config, const fs::path& base_folder, const TrainCallbacks& callbacks) {
  return guard([&]() -> Result<void> {
    ReinforcementTrainer trainer(config, base_folder, callbacks);
    return trainer.run();
  });
}

}  // namespace ptah
