#include "train/language/translation_trainer.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "base/file.h"
#include "base/philox.h"
#include "base/text.h"
#include "tensor/device.h"
#include "train/language/loss_curve.h"
#include "train/language/network.h"
#include "train/language/token_loss.h"
#include "train/loop/claim.h"
#include "train/loop/epochs.h"
#include "train/loop/stage.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kTranslationOrder = uint64_t{14} << 48, kTranslationSplit = uint64_t{15} << 48;
constexpr int64_t kSortedTogether = 32;  ///< so many batches are sorted by length together
constexpr size_t kAnsweredAtOnce = 128;

struct TranslationTraining {
  fs::path data, out, held_out_file, test_file;
  TranslationConfig shape;
  double held_out = 0.05;
  float dropout = 0.1F;
  int64_t min_count = 1, max_vocabulary = 30000, max_length = 0, epochs = 10, eval_every = 0, eval_rows = 500;
  TranslationOptions answers;
  DType type = DType::f32;
  Json rest;
};

TranslationTraining read_translation_training(const Json& config, const fs::path& base_folder) {
  Reader reader(config, "");
  TranslationTraining t;
  t.data = base_folder / reader.get<std::string>("data", "pairs.tsv");
  t.out = base_folder / reader.get<std::string>("out", "translator");
  if (reader.get<Json>("held_out", 0.05).is_string())
    t.held_out_file = base_folder / reader.get<std::string>("held_out", "");
  else
    t.held_out = reader.get<double>("held_out", 0.05);
  if (const auto test = reader.get<std::string>("test", ""); !test.empty()) t.test_file = base_folder / test;
  t.shape.kind = reader.get<std::string>("kind", "transformer");
  if (t.shape.kind != "transformer" && t.shape.kind != "lstm") throw Failure(unknown_name("kind", t.shape.kind, "transformer lstm").value());
  t.shape.width = reader.get<int64_t>("width", 256);
  t.shape.layers = reader.get<int64_t>("layers", t.shape.kind == "lstm" ? 2 : 3);
  t.shape.heads = reader.get<int64_t>("heads", 8);
  t.shape.feed_forward = reader.get<int64_t>("feed_forward", 2 * t.shape.width);
  t.shape.source_units = value_or_throw(text_units_of(reader.get<std::string>("source_units", "words")));
  t.shape.target_units = value_or_throw(text_units_of(reader.get<std::string>("target_units", "words")));
  t.shape.max_units = reader.get<int64_t>("max_units", 100);
  if (const auto sane = translation_config(to_json(t.shape)); !sane) throw Failure({ErrorCode::invalid_argument, "config: " + sane.error().message});
  t.dropout = reader.get<float>("dropout", 0.1F);
  t.min_count = reader.get<int64_t>("min_count", 1);
  t.max_vocabulary = reader.get<int64_t>("max_vocabulary", 30000);
  t.max_length = reader.get<int64_t>("max_length", t.shape.max_units);
  t.epochs = reader.get<int64_t>("epochs", 10);
  t.eval_every = reader.get<int64_t>("eval_every", 0);
  t.eval_rows = reader.get<int64_t>("eval_rows", 500);
  t.answers.beams = reader.get<int64_t>("beams", 1);
  const auto type = reader.get<std::string>("dtype", compute_dtype() == DType::bf16 ? "bf16" : "f32");
  if (type != "f32" && type != "bf16") throw Failure(unknown_name("dtype", type, "f32 bf16").value());
  t.type = type == "bf16" ? DType::bf16 : DType::f32;
  if (!(t.held_out >= 0 && t.held_out < 1) || !(t.dropout >= 0 && t.dropout < 1) || t.min_count < 1 || t.max_vocabulary < 1 || t.max_length < 1 ||
      t.epochs < 1 || t.eval_every < 0 || t.eval_rows < 1 || t.answers.beams < 1 || t.answers.beams > 64)
    throw Failure({ErrorCode::invalid_argument,
                   "config: held_out and dropout are 0 to 1, min_count, max_vocabulary, max_length, epochs and eval_rows at least 1, beams 1 to 64"});
  t.rest = {{"batch", 64}, {"learning_rate", 1e-3}, {"weight_decay", 0.0}, {"ema_decay", 0.0}};
  t.rest.update(config);
  for (const char* key : {"data",           "out",          "held_out",     "test",         "kind",      "width",   "layers",
                          "heads",          "feed_forward", "source_units", "target_units", "max_units", "dropout", "min_count",
                          "max_vocabulary", "max_length",   "epochs",       "eval_every",   "eval_rows", "beams",   "dtype"})
    t.rest.erase(key);
  return t;
}

/// The units that occur at least `min_count` times, the commonest first, equals by their letters.
std::vector<std::string> vocabulary_of(const std::vector<std::vector<std::string>>& texts, int64_t min_count, int64_t max_size) {
  std::map<std::string, int64_t> counts;
  for (const auto& text : texts)
    for (const std::string& unit : text) ++counts[unit];
  std::vector<std::pair<std::string, int64_t>> all(counts.begin(), counts.end());
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<std::string> out;
  for (const auto& [unit, count] : all)
    if (count >= min_count && static_cast<int64_t>(out.size()) < max_size) out.push_back(unit);
  return out;
}

class TranslationTrainer {
 public:
  TranslationTrainer(TranslationTraining training, const TrainCallbacks& callbacks)
      : t_(std::move(training)), callbacks_(callbacks), curve_(t_.out, {"training", "held_out"}) {
    Reader reader(t_.rest, "");
    stage_ = read_stage(reader, t_.out, callbacks_);
    reader.done();
    read_data();
    weights_.emplace(Weights::fresh(stage_.seed));
    network_ = make_translation_network(t_.shape, *weights_);
    if (t_.shape.kind == "lstm") open_gates();
    optimizer_.emplace(weights_->all(), stage_.optimizer);
    if (!t_.rest.contains("steps")) stage_.run.schedule.steps = std::max<int64_t>(1, t_.epochs * batches_an_epoch());
    if (!t_.rest.contains("warmup")) stage_.run.schedule.warmup = std::max<int64_t>(1, stage_.run.schedule.steps / 20);
    if (t_.eval_every == 0) t_.eval_every = std::max<int64_t>(1, stage_.run.schedule.steps / 20);
  }

  Result<void> run() {
    int64_t trained = 0;
    for (const auto& [name, tensor] : weights_->all()) trained += tensor.elements();
    if (callbacks_.say)
      callbacks_.say(fmt::format("{} pairs to train on{}, {} held out; {} and {} units; {} numbers to train; {} steps of {}", sources_.size(),
                                 left_out_ ? fmt::format(" ({} left out as too long)", left_out_) : "", held_out_.sources.size(),
                                 t_.shape.source_vocabulary.size(), t_.shape.target_vocabulary.size(), trained, stage_.run.schedule.steps, stage_.batch));
    PTAH_TRY_VOID(write_file(t_.out / "translation.json", to_json(t_.shape).dump(1) + "\n"));
    PTAH_TRY_VOID(train(
        stage_.run, *optimizer_, [this](int64_t i) { return step(i); }, [this](int64_t) { return curve_.draw(); },
        [this](const RunReport& r) { callbacks_.report("translate", r); }, callbacks_.cancel));
    if (optimizer_->steps() < stage_.run.schedule.steps) return {};
    return finish();
  }

 private:
  void read_data() {
    TranslationPairs all = value_or_throw(read_translation_pairs(t_.data)), kept;
    if (!t_.held_out_file.empty()) {
      held_out_ = value_or_throw(read_translation_pairs(t_.held_out_file));
      kept = std::move(all);
    } else {  // by the source, so that none is on both sides
      Random random(stage_.seed, kTranslationSplit);
      std::map<std::string, bool> held;
      for (size_t i = 0; i < all.sources.size(); ++i) {
        const auto found = held.find(all.sources[i]);
        const bool out = found == held.end() ? held.emplace(all.sources[i], static_cast<double>(random.uniform()) < t_.held_out).first->second : found->second;
        TranslationPairs& to = out ? held_out_ : kept;
        to.sources.push_back(std::move(all.sources[i]));
        to.targets.push_back(std::move(all.targets[i]));
      }
    }
    std::vector<std::vector<std::string>> sources, targets;
    for (size_t i = 0; i < kept.sources.size(); ++i) {
      auto source = units_of(kept.sources[i], t_.shape.source_units), target = units_of(kept.targets[i], t_.shape.target_units);
      if (static_cast<int64_t>(std::max(source.size(), target.size())) > t_.max_length || source.empty() || target.empty()) {
        ++left_out_;
        continue;
      }
      sources.push_back(std::move(source));
      targets.push_back(std::move(target));
    }
    t_.shape.source_vocabulary = vocabulary_of(sources, t_.min_count, t_.max_vocabulary);
    t_.shape.target_vocabulary = vocabulary_of(targets, t_.min_count, t_.max_vocabulary);
    source_units_.emplace(t_.shape.source_vocabulary);
    target_units_.emplace(t_.shape.target_vocabulary);
    for (size_t i = 0; i < sources.size(); ++i) {
      sources_.push_back(source_units_->tokens_of(sources[i]));
      targets_.push_back(target_units_->tokens_of(targets[i]));
    }
    if (static_cast<int64_t>(sources_.size()) < stage_.batch)
      throw Failure({ErrorCode::invalid_argument, fmt::format("{}: {} pairs to train on; a batch has {}", t_.data.string(), sources_.size(), stage_.batch)});
  }

  /// What an LSTM remembers it keeps at first (Jozefowicz et al. 2015).
  void open_gates() {
    for (const auto& [name, tensor] : weights_->all()) {
      if (!name.ends_with(".in.bias")) continue;
      const int64_t width = tensor.dim(0) / 4;
      std::fill_n(const_cast<float*>(tensor.data<float>()) + width, width, 1.0F);
    }
  }

  int64_t batches_an_epoch() const { return static_cast<int64_t>(sources_.size()) / stage_.batch; }

  const std::vector<size_t>& batch_of(int64_t step) {
    if (!batches_)
      batches_.emplace(stage_.batch, kSortedTogether, stage_.seed, kTranslationOrder, [this](size_t a, size_t b) {
        return targets_[a].size() != targets_[b].size() ? targets_[a].size() < targets_[b].size() : sources_[a].size() < sources_[b].size();
      });
    return batches_->at(step, sources_.size());
  }

  Tensor loss_of(const std::vector<std::vector<int32_t>>& sources, const std::vector<std::vector<int32_t>>& targets, const Drop& drop) const {
    const TokenRows from = token_rows(sources);
    std::vector<std::vector<int32_t>> told, wanted;
    for (const auto& target : targets) {
      told.push_back({kBeginToken});
      told.back().insert(told.back().end(), target.begin(), target.end());
      wanted.push_back(target);
      wanted.back().push_back(kEndToken);
    }
    const TokenRows in = token_rows(told), out = token_rows(wanted, -1);
    const Tensor states = network_->write(in.ids, network_->read(from.ids, from.lengths, t_.type, drop), from.lengths, t_.type, drop);
    return token_loss(states, network_->output, out.ids);
  }

  float step(int64_t i) {
    if (i > 0 && i % t_.eval_every == 0) measure(i);
    std::vector<std::vector<int32_t>> sources, targets;
    for (const size_t row : batch_of(i)) {
      sources.push_back(sources_[row]);
      targets.push_back(targets_[row]);
    }
    const Drop drop = t_.dropout > 0 ? dropper({t_.dropout, stage_.seed, i}) : Drop();
    GradScope scope;
    const Tensor loss = loss_of(sources, targets, drop);
    scope.backward(loss);
    losses_.push_back(static_cast<double>(loss.item()));
    return loss.item();
  }

  /// Answers to the distinct sources of some pairs, at most `max_sources` of them.
  std::pair<std::vector<std::string>, std::vector<std::string>> answers_to(const TranslationPairs& pairs, size_t max_sources,
                                                                           const TranslationOptions& how) const {
    std::vector<std::string> distinct, answers;
    std::map<std::string, bool> known;
    for (const std::string& source : pairs.sources)
      if (distinct.size() < max_sources && known.emplace(source, true).second) distinct.push_back(source);
    std::vector<size_t> order(distinct.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::vector<std::vector<int32_t>> tokens;
    for (const std::string& source : distinct) tokens.push_back(source_units_->tokens_of(units_of(source, t_.shape.source_units)));
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return tokens[a].size() < tokens[b].size(); });
    answers.resize(distinct.size());
    for (size_t at = 0; at < order.size(); at += kAnsweredAtOnce) {
      std::vector<std::vector<int32_t>> some;
      const size_t end = std::min(order.size(), at + kAnsweredAtOnce);
      for (size_t i = at; i < end; ++i) some.push_back(tokens[order[i]]);
      const auto made = translated(*network_, some, t_.shape.max_units, t_.type, how, callbacks_.cancel);
      for (size_t i = at; i < end; ++i) {
        std::vector<std::string> units;
        for (const int32_t token : made[i - at]) units.push_back(target_units_->unit_of(token));
        answers[order[i]] = joined_units(units, t_.shape.target_units);
      }
    }
    return {distinct, answers};
  }

  void measure(int64_t i) {
    const double training = losses_.empty() ? std::nan("") : std::accumulate(losses_.begin(), losses_.end(), 0.0) / static_cast<double>(losses_.size());
    losses_.clear();
    double held_out = 0;
    std::string said;
    if (!held_out_.sources.empty()) {
      const NoGrad off;
      const size_t rows = std::min(held_out_.sources.size(), static_cast<size_t>(t_.eval_rows));
      for (size_t at = 0; at < rows; at += kAnsweredAtOnce) {
        stop_if_cancelled(callbacks_.cancel);
        std::vector<std::vector<int32_t>> sources, targets;
        for (size_t r = at; r < std::min(rows, at + kAnsweredAtOnce); ++r) {
          sources.push_back(source_units_->tokens_of(units_of(held_out_.sources[r], t_.shape.source_units)));
          targets.push_back(target_units_->tokens_of(units_of(held_out_.targets[r], t_.shape.target_units)));
        }
        held_out += static_cast<double>(loss_of(sources, targets, {}).item()) * static_cast<double>(sources.size()) / static_cast<double>(rows);
      }
      const auto [distinct, answers] = answers_to(held_out_, static_cast<size_t>(t_.eval_rows), {.beams = 1});
      said = described(translation_scores(held_out_, distinct, answers, t_.shape));
    }
    value_or_throw(curve_.put(i, {training, held_out}));
    if (callbacks_.say) callbacks_.say(fmt::format("step {}: loss {:.4f}; held out {:.4f}{}{}", i, training, held_out, said.empty() ? "" : ", ", said));
  }

  std::string described(const TranslationScores& s) const {
    const std::string bleu = t_.shape.target_units == TextUnits::words ? fmt::format(", BLEU {:.2f}", s.bleu) : "";
    return fmt::format("{:.1f} % exactly right, {:.1f} % of the units wrong{}", 100 * s.exact, 100 * s.unit_error, bleu);
  }

  Json scores_of(const TranslationPairs& pairs, const char* what) {
    const auto [distinct, answers] = answers_to(pairs, pairs.sources.size(), t_.answers);
    const TranslationScores s = translation_scores(pairs, distinct, answers, t_.shape);
    if (callbacks_.say) callbacks_.say(fmt::format("{}: {} ({} sources, {} beams)", what, described(s), distinct.size(), t_.answers.beams));
    Json out = {{"exact", s.exact}, {"unit_error", s.unit_error}, {"sources", distinct.size()}, {"beams", t_.answers.beams}, {"by_length", Json::array()}};
    if (t_.shape.target_units == TextUnits::words) out["bleu"] = s.bleu;
    for (const auto& [range, tally] : s.by_length) out["by_length"].push_back({{"units", range}, {"exact", tally.first}, {"of", tally.second}});
    return out;
  }

  Result<void> finish() {
    measure(stage_.run.schedule.steps);
    PTAH_TRY_VOID(curve_.draw());
    TensorFile file;
    file.tensors = optimizer_->averaged();
    file.metadata["format"] = "pt";
    PTAH_TRY_VOID(write_safetensors(t_.out / "model.safetensors", file));
    Json report = Json::object();
    if (!held_out_.sources.empty()) report["held_out"] = scores_of(held_out_, "held out");
    if (!t_.test_file.empty()) {
      PTAH_TRY(const TranslationPairs test, read_translation_pairs(t_.test_file));
      report["test"] = scores_of(test, "test");
    }
    PTAH_TRY_VOID(write_file(t_.out / "scores.json", report.dump(2) + "\n"));
    PTAH_TRY(const auto translator, Translator::load(t_.out));
    const std::vector<std::string>& shown = held_out_.sources.empty() ? value_or_throw(read_translation_pairs(t_.data)).sources : held_out_.sources;
    return write_file(t_.out / "attention.svg", attention_svg(translator->look(shown.front())));
  }

  TranslationTraining t_;
  const TrainCallbacks& callbacks_;
  LossCurve curve_;
  Stage stage_;
  TranslationPairs held_out_;
  std::vector<std::vector<int32_t>> sources_, targets_;
  int64_t left_out_ = 0;
  std::optional<UnitVocabulary> source_units_, target_units_;
  std::optional<Weights> weights_;
  std::unique_ptr<TranslationNetwork> network_;
  std::optional<Optimizer> optimizer_;
  std::optional<SortedBatches> batches_;
  std::vector<double> losses_;
};

}  // namespace

Result<void> train_translation(const Json& config, const fs::path& base_folder, const TrainCallbacks& callbacks) {
  return guard([&]() -> Result<void> {
    TranslationTraining training = read_translation_training(config, base_folder);
    if (callbacks.only_check) return {};
    PTAH_TRY_VOID(claim_training_folder(training.out, config));
    return TranslationTrainer(std::move(training), callbacks).run();
  });
}

}  // namespace ptah
