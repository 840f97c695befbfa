#include "train/language/language_trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/file.h"
#include "models/registry.h"
#include "tensor/device.h"
#include "tensor/ops.h"
#include "text/lm/adapter_files.h"
#include "text/lm/generation.h"
#include "train/language/character_tokenizer.h"
#include "train/language/loss_curve.h"
#include "train/language/network.h"
#include "train/language/saved_model.h"
#include "train/language/text_windows.h"
#include "train/loop/claim.h"
#include "train/loop/stage.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kTextStream = uint64_t{1} << 48;
constexpr size_t kMaxTextBytes = size_t{1} << 30;
constexpr int64_t kSampleTokens = 300;

/// A config, read.
struct LanguageTraining {
  fs::path data, out, batches;
  std::string start_from, prompt = "\n";
  NewDecoder model;
  float dropout = 0;
  bool bias = false, muon = false, adapts = false;
  LoraConfig lora;
  int64_t context = 0, eval_every = 250, eval_tokens = 0;
  double held_out = 0.1;
  DType type = DType::f32, save_as = DType::f32;
  Stage stage;
};

DType dtype_named(const std::string& key, const std::string& name, const char* known) {
  if ((" " + std::string(known) + " ").find(" " + name + " ") == std::string::npos) throw Failure(unknown_name(key, name, known).value());
  return name == "bf16" ? DType::bf16 : name == "f16" ? DType::f16 : DType::f32;
}

void read_model(Reader& reader, LanguageTraining& t) {
  Reader model(reader.object("model"), "model");
  t.model.family = model.get<std::string>("family", t.model.family);
  t.model.layers = model.get<int64_t>("layers", t.model.layers);
  t.model.heads = model.get<int64_t>("heads", t.model.heads);
  t.model.kv_heads = model.get<int64_t>("kv_heads", 0);
  t.model.width = model.get<int64_t>("width", t.model.width);
  t.model.feed_forward = model.get<int64_t>("feed_forward", 0);
  t.model.context = model.get<int64_t>("context", t.model.context);
  t.dropout = model.get<float>("dropout", 0);
  model.done();
  if (!(t.dropout >= 0 && t.dropout < 1)) throw Failure({ErrorCode::invalid_argument, fmt::format("config: 'model.dropout' is {}; 0 to 1", t.dropout)});
}

void read_lora(Reader& reader, LanguageTraining& t) {
  Reader lora(reader.object("lora"), "lora");
  t.lora.rank = lora.get<int64_t>("rank", t.lora.rank);
  t.lora.alpha = lora.get<float>("alpha", static_cast<float>(2 * t.lora.rank));
  t.lora.targets = lora.get<std::vector<std::string>>("targets", {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down", "attn_qkv"});
  lora.done();
}

LanguageTraining read_language_training(Json config, const fs::path& base_folder, const TrainCallbacks& callbacks) {
  LanguageTraining t;
  t.adapts = config.is_object() && config.contains("lora");
  const bool is_new = !config.is_object() || !config.contains("start_from");
  if (config.is_object()) {  // what a stage of pictures begins with elsewhere
    const Json usual = {{"ema_decay", 0.0}, {"weight_decay", 0.1}, {"learning_rate", is_new ? 1e-3 : t.adapts ? 2e-4 : 2e-5}, {"batch", is_new ? 12 : 4}};
    for (const auto& [key, value] : usual.items())
      if (!config.contains(key)) config[key] = value;
  }
  Reader reader(config, "");
  t.out = base_folder / reader.get<std::string>("out", "language-model");
  t.data = base_folder / reader.get<std::string>("data", "input.txt");
  t.start_from = reader.get<std::string>("start_from", "");
  if (!is_new && reader.has("model")) throw Failure({ErrorCode::invalid_argument, "config: `start_from` says what the model is; leave `model` out"});
  if (is_new && t.adapts) throw Failure({ErrorCode::invalid_argument, "config: `lora` adapts a model that is there; name it with `start_from`"});
  read_model(reader, t);
  read_lora(reader, t);
  t.context = reader.get<int64_t>("context", is_new ? t.model.context : 256);
  t.held_out = reader.get<double>("held_out", 0.1);
  t.muon = reader.get<bool>("muon", false);
  t.bias = reader.get<bool>("bias", !is_new);
  const std::string batches = reader.get<std::string>("batches", "");
  if (!batches.empty()) t.batches = base_folder / batches;
  t.eval_every = reader.get<int64_t>("eval_every", 250);
  t.eval_tokens = reader.get<int64_t>("eval_tokens", is_new ? 120000 : 8192);
  t.prompt = reader.get<std::string>("prompt", "\n");
  t.type = dtype_named("dtype", reader.get<std::string>("dtype", compute_dtype() == DType::bf16 ? "bf16" : "f32"), "f32 bf16");
  t.save_as = dtype_named("save_as", reader.get<std::string>("save_as", is_new ? "f32" : "bf16"), "f32 bf16 f16");
  const auto beta2 = reader.get<float>("beta2", 0.99F);
  const auto least = reader.get<float>("min_learning_rate", -1);
  t.stage = read_stage(reader, t.out, callbacks);
  reader.done();
  t.stage.optimizer.beta2 = beta2;
  t.stage.run.schedule.floor = least < 0 ? 0.1F : t.stage.optimizer.learning_rate > 0 ? least / t.stage.optimizer.learning_rate : 0;
  if (t.held_out < 0 || t.held_out > 0.9 || t.eval_every < 1 || t.context < 2)
    throw Failure({ErrorCode::invalid_argument, "config: held_out is 0 to 0.9, eval_every at least 1, context at least 2"});
  return t;
}

/// The model, the tokenizer and the weights that a training begins with.
Result<LanguageStart> start_of(const LanguageTraining& t, const std::string& text) {
  LanguageStart start;
  if (t.start_from.empty()) {
    PTAH_TRY(start.tokenizer, character_tokenizer(text));
    PTAH_TRY(start.model.tokenizer, Tokenizer::from_json(start.tokenizer));
    NewDecoder shape = t.model;
    shape.vocabulary = start.model.tokenizer->size();
    PTAH_TRY(start.config, new_decoder_config(shape));
    std::vector<std::string> warnings;
    PTAH_TRY(start.shape, language_config(Config{start.config, "config.json"}, warnings));
    start.model.name = t.out.filename().string();
    return start;
  }
  PTAH_TRY(const fs::path path, find_model(t.start_from));
  PTAH_TRY(start.file, language_model_file(path));
  PTAH_TRY(start.model, load_language_model(path));
  start.shape = start.model.model->config();
  return start;
}

class LanguageTrainer {
 public:
  LanguageTrainer(LanguageTraining training, LanguageStart start, std::vector<int32_t> tokens, const TrainCallbacks& callbacks)
      : t_(std::move(training)), start_(std::move(start)), tokens_(std::move(tokens)), callbacks_(callbacks), curve_(t_.out, {"training", "held_out"}) {
    const auto all = static_cast<int64_t>(tokens_.size());
    const auto kept = static_cast<int64_t>(static_cast<double>(all) * (1 - t_.held_out));
    training_ = std::span(tokens_).first(static_cast<size_t>(kept));
    held_out_ = std::span(tokens_).subspan(static_cast<size_t>(kept));
    if (kept <= t_.context + 1)
      throw Failure({ErrorCode::invalid_argument, fmt::format("the text has {} tokens to train on; a sequence has {} (`context`)", kept, t_.context)});
    if (start_.shape.learned_positions && t_.context > start_.shape.context)
      throw Failure({ErrorCode::invalid_argument, fmt::format("config: 'context' is {}; the model has {} positions", t_.context, start_.shape.context)});
    make_network();
    if (!t_.batches.empty()) {
      starts_ = value_or_throw(read_safetensors(t_.batches)).tensors["starts"];
      if (!starts_.defined() || starts_.dtype() != DType::i32 || starts_.rank() != 2 || starts_.dim(1) != t_.stage.batch)
        throw Failure({ErrorCode::mismatch, fmt::format("{}: 'starts' is not i32 [steps, {}]", t_.batches.string(), t_.stage.batch)});
    }
  }

  Result<void> run() {
    if (callbacks_.say)
      callbacks_.say(fmt::format("{} tokens to train on, {} held out; {} numbers to train; {} tokens a step, {}", training_.size(), held_out_.size(), trained_,
                                 t_.stage.batch * t_.context, name_of(t_.type)));
    PTAH_TRY_VOID(train(
        t_.stage.run, *optimizer_, [this](int64_t i) { return step(i); }, [this](int64_t i) { return sample(i); },
        [this](const RunReport& r) { callbacks_.report("language", r); }, callbacks_.cancel));
    return save();
  }

 private:
  void make_network() {
    std::map<std::string, Tensor> trained;
    if (t_.adapts) {
      adapters_.emplace(Weights::fresh(t_.stage.seed));
      start_.model.model->decoder().add_adapters(t_.lora, *adapters_);
      trained = adapters_->all();
    } else {
      std::map<std::string, Tensor> masters;
      if (start_.file.empty())
        masters = new_decoder_weights(start_.shape, t_.stage.seed);
      else
        for (const auto& [name, tensor] : weights_of(start_.model.model->decoder()))
          masters.emplace(name, tensor.dtype() == DType::f32 ? tensor.clone() : cast(tensor, DType::f32));
      start_.model.model.reset();  // its weights are not read again
      weights_.emplace(std::move(masters));
      own_.emplace(*weights_, start_.shape);
      for (const auto& [name, tensor] : weights_->all())
        if (t_.bias || !name.ends_with(".bias")) trained.emplace(name, tensor);
    }
    for (const auto& [name, tensor] : trained) trained_ += tensor.elements();
    optimizer_.emplace(trained, t_.stage.optimizer, [this](const std::string& name, const Tensor&) { return t_.muon && name.starts_with("blk."); });
  }

  const Decoder& network() const { return own_ ? *own_ : start_.model.model->decoder(); }

  float step(int64_t i) {
    if (i % t_.eval_every == 0) measure(i);
    Random random(t_.stage.seed, kTextStream + static_cast<uint64_t>(i));
    std::vector<int64_t> starts;
    if (starts_.defined()) {
      if (i >= starts_.dim(0)) throw Failure({ErrorCode::invalid_argument, fmt::format("{} ends at step {}", t_.batches.string(), i)});
      const int32_t* row = std::as_const(starts_).data<int32_t>() + i * t_.stage.batch;
      starts.assign(row, row + t_.stage.batch);
    } else {
      starts = random_starts(training_, t_.stage.batch, t_.context, random);
    }
    const NextTokens batch = windows_at(training_, starts, t_.context);
    GradScope scope;
    const Tensor loss = language_loss(network(), batch.ids, batch.targets, t_.type, {t_.dropout, t_.stage.seed, i});
    scope.backward(loss);
    losses_.push_back(loss.item());
    return losses_.back();
  }

  /// The mean loss of the held-out part; NaN if there is none.
  double held_out_loss() const {
    const NoGrad off;
    if (static_cast<int64_t>(held_out_.size()) <= t_.context) return std::nan("");
    const std::vector<int64_t> starts = even_starts(held_out_, t_.context, t_.eval_tokens);
    double sum = 0;
    for (size_t at = 0; at < starts.size(); at += static_cast<size_t>(t_.stage.batch)) {
      stop_if_cancelled(callbacks_.cancel);
      const size_t end = std::min(starts.size(), at + static_cast<size_t>(t_.stage.batch));
      const NextTokens batch =
          windows_at(held_out_, {starts.begin() + static_cast<std::ptrdiff_t>(at), starts.begin() + static_cast<std::ptrdiff_t>(end)}, t_.context);
      sum += static_cast<double>(language_loss(network(), batch.ids, batch.targets, t_.type).item()) * static_cast<double>(end - at);
    }
    return sum / static_cast<double>(starts.size());
  }

  void measure(int64_t i) {
    double training = std::nan("");
    if (!losses_.empty()) {
      training = 0;
      for (const float loss : losses_) training += static_cast<double>(loss) / static_cast<double>(losses_.size());
    }
    losses_.clear();
    last_held_out_ = held_out_loss();
    measured_ = i;
    value_or_throw(curve_.put(i, {training, last_held_out_}));
    if (callbacks_.say)
      callbacks_.say(fmt::format("step {}:{} held-out loss {:.4f}", i, std::isnan(training) ? "" : fmt::format(" loss {:.4f},", training), last_held_out_));
  }

  /// The model as it is now, ready to write.
  LoadedLanguageModel now() const {
    LoadedLanguageModel out = start_.model;
    if (t_.adapts) return out;
    LanguageWeights weights;
    weights.config = start_.shape;
    for (const auto& [name, tensor] : weights_->all()) weights.tensors.emplace(name, tensor.detach());
    out.model = std::make_shared<LanguageModel>(std::move(weights));
    return out;
  }

  Result<void> sample(int64_t i) {
    const NoGrad off;
    if (measured_ != i) measure(i);
    const LoadedLanguageModel model = now();
    std::vector<int32_t> prompt = model.tokenizer->encode(t_.prompt, {.bos_eos = true});
    if (prompt.empty()) prompt = {training_.front()};
    const int64_t capacity = std::min(start_.shape.context, static_cast<int64_t>(prompt.size()) + kSampleTokens);
    if (static_cast<int64_t>(prompt.size()) >= capacity) return fail(ErrorCode::invalid_argument, "config: 'prompt' is longer than the model's context");
    KeyValueCache cache(model.model->config(), capacity, default_cache_type(), true);
    const Generated made = generate(model, prompt, cache, {.sampling = {.seed = t_.stage.seed}, .max_tokens = kSampleTokens}, {}, callbacks_.cancel);
    std::string all;
    const fs::path file = t_.out / "samples.txt";
    if (fs::exists(file)) {
      PTAH_TRY(all, read_text(file));
    }
    all += fmt::format("--- step {}, held-out loss {:.4f}\n{}{}\n\n", i, last_held_out_, t_.prompt == "\n" ? "" : t_.prompt, made.text);
    PTAH_TRY_VOID(write_file(file, all));
    if (callbacks_.say)
      callbacks_.say(fmt::format("step {} writes: {}", i, Json(beginning(made.text, 160)).dump(-1, ' ', false, Json::error_handler_t::replace)));
    return curve_.draw();
  }

  Result<void> save() {
    const std::map<std::string, Tensor> averaged = optimizer_->averaged();
    if (t_.adapts) return write_adapter(t_.out, {t_.lora, averaged, t_.start_from}, start_.shape);
    std::map<std::string, Tensor> all = weights_->all();
    for (const auto& [name, tensor] : averaged) all[name] = tensor;
    return save_language_model(t_.out, start_, all, t_.save_as);
  }

  LanguageTraining t_;
  LanguageStart start_;
  std::vector<int32_t> tokens_;
  std::span<const int32_t> training_, held_out_;
  const TrainCallbacks& callbacks_;
  LossCurve curve_;
  std::optional<Weights> weights_, adapters_;
  std::optional<Decoder> own_;
  std::optional<Optimizer> optimizer_;
  Tensor starts_;
  std::vector<float> losses_;
  double last_held_out_ = 0;
  int64_t measured_ = -1, trained_ = 0;
};

}  // namespace

Result<void> train_language(const Json& config, const fs::path& base_folder, const TrainCallbacks& callbacks) {
  return guard([&]() -> Result<void> {
    LanguageTraining training = read_language_training(config, base_folder, callbacks);
    if (callbacks.only_check) return {};
    PTAH_TRY(const std::string text, read_text(training.data, kMaxTextBytes));
    PTAH_TRY(LanguageStart start, start_of(training, text));
    PTAH_TRY_VOID(claim_training_folder(training.out, config));
    std::vector<int32_t> tokens = start.model.tokenizer->encode(text);
    return LanguageTrainer(std::move(training), std::move(start), std::move(tokens), callbacks).run();
  });
}

}  // namespace ptah
