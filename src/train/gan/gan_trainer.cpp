#include "train/gan/gan_trainer.h"

#include <algorithm>
#include <numeric>

#include "base/file.h"
#include "base/philox.h"
#include "media/animation/animation.h"
#include "nn/discriminator.h"
#include "pixels/image_tensor.h"
#include "tensor/device.h"
#include "train/language/loss_curve.h"
#include "train/loop/claim.h"
#include "train/loop/stage.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kGanPictures = 41, kGanLatents = uint64_t{42} << 48, kGanNudges = uint64_t{43} << 48, kGanChanges = uint64_t{44} << 48,
                   kGanHeldOut = uint64_t{45} << 48;
constexpr int64_t kShown = 25, kShownColumns = 5;
constexpr size_t kFewPictures = 5000;  ///< so many are varied before the discriminator sees them

struct GanTraining {
  fs::path data, out;
  GanConfig shape;
  double held_out = 0.1;
  float penalty = 1, nudge = 0.05F;
  Augmentation augmentation{0.5F, 0, 0};
  Json augment = nullptr;
  int64_t frames = 60, eval_every = 0, probe_steps = 200;
  DType type = DType::f32;
  Stage stage;
};

std::vector<int64_t> usual_widths(int64_t size) {
  std::vector<int64_t> all{96, 64, 32, 16, 16, 16}, out;
  for (int64_t s = 4; s <= size && out.size() < all.size(); s *= 2) out.push_back(all[out.size()]);
  return out;
}

GanTraining read_gan_training(Json config, const fs::path& base_folder, const TrainCallbacks& callbacks) {
  GanTraining t;
  const Json usual = {{"batch", 64}, {"learning_rate", 2e-4}, {"weight_decay", 0.0}, {"ema_decay", 0.998}, {"clip_norm", 0.0}, {"warmup", 20}, {"steps", 5000}};
  if (config.is_object())
    for (const auto& [key, value] : usual.items())
      if (!config.contains(key)) config[key] = value;
  Reader reader(config, "");
  t.data = base_folder / reader.get<std::string>("data", "pictures");
  t.out = base_folder / reader.get<std::string>("out", "gan");
  t.shape.size = reader.get<int64_t>("size", 32);
  t.shape.latent = reader.get<int64_t>("latent", 64);
  t.shape.widths = reader.get<std::vector<int64_t>>("widths", usual_widths(t.shape.size));
  t.shape.blocks = reader.get<int64_t>("blocks", 1);
  if (const auto sane = gan_config(to_json(t.shape)); !sane)
    throw Failure({ErrorCode::invalid_argument, "config: size is 4, 8, 16, …; a width for each of these sizes"});
  t.held_out = reader.get<double>("held_out", 0.1);
  t.penalty = reader.get<float>("gradient_penalty", 1.0F);
  t.nudge = reader.get<float>("nudge", 0.05F);
  t.augmentation.flip = reader.get<float>("flip", 0.5F);
  t.augment = reader.get<Json>("augment", nullptr);
  t.frames = reader.get<int64_t>("film_frames", 60);
  t.eval_every = reader.get<int64_t>("eval_every", 0);
  t.probe_steps = reader.get<int64_t>("probe_steps", 200);
  const auto type = reader.get<std::string>("dtype", compute_dtype() == DType::bf16 ? "bf16" : "f32");
  if (type != "f32" && type != "bf16") throw Failure(unknown_name("dtype", type, "f32 bf16").value());
  t.type = type == "bf16" ? DType::bf16 : DType::f32;
  const auto beta2 = reader.get<float>("beta2", 0.99F);
  t.stage = read_stage(reader, t.out, callbacks);
  reader.done();
  t.stage.optimizer.beta1 = 0;  // as R3GAN
  t.stage.optimizer.beta2 = beta2;
  if (!(t.held_out > 0 && t.held_out < 1) || !(t.nudge > 0) || !(t.penalty >= 0) || t.frames < 2 || t.frames > static_cast<int64_t>(kMaxFrames) ||
      t.probe_steps < 1 || t.eval_every < 0 || t.stage.batch < 2 || !(t.augment.is_null() || t.augment.is_boolean()))
    throw Failure(
        {ErrorCode::invalid_argument,
         fmt::format("config: held_out is between 0 and 1, nudge above 0, gradient_penalty at least 0, film_frames 2 to {}, probe_steps at least 1, batch "
                     "at least 2, augment true or false",
                     kMaxFrames)});
  if (t.eval_every == 0) t.eval_every = std::max<int64_t>(1, t.stage.run.schedule.steps / 50);
  return t;
}

/// Handles to the same numbers that gradients do not reach.
Weights without_gradients(const std::map<std::string, Tensor>& weights) {
  std::map<std::string, Tensor> out;
  for (const auto& [name, tensor] : weights) out.emplace(name, tensor.detach());
  return Weights(std::move(out));
}

/// Changes of pictures that gradients flow through (Zhao et al. 2020, "DiffAugment"): brightness, contrast, a square cut out. The same changes for both sides.
class Changes {
 public:
  Changes(int64_t count, int64_t size, uint64_t seed, uint64_t stream) : contrast_(Tensor::empty({count, 1, 1, 1})), light_(Tensor::empty({count, 1, 1, 1})) {
    mask_ = Tensor::full({count, size, size, 1}, 1);
    Random random(seed, stream);
    for (int64_t i = 0; i < count; ++i) {
      contrast_.data<float>()[i] = 0.5F + random.uniform();
      light_.data<float>()[i] = random.uniform() - 0.5F;
      const int64_t hole = size * 2 / 5, x0 = random.below(static_cast<uint32_t>(size - hole)), y0 = random.below(static_cast<uint32_t>(size - hole));
      if (random.uniform() < 0.5F) continue;
      for (int64_t y = y0; y < y0 + hole; ++y) std::fill_n(mask_.data<float>() + (i * size + y) * size + x0, hole, 0.0F);
    }
  }
  Tensor operator()(const Tensor& pictures) const { return mul(add(mul(pictures, contrast_), light_), mask_); }

 private:
  Tensor contrast_, light_, mask_;
};

double share_above(const Tensor& a, const Tensor& b) {
  double above = 0;
  for (int64_t i = 0; i < a.elements(); ++i) {
    const float x = a.data<float>()[i], y = b.data<float>()[i];
    above += x > y ? 1 : x == y ? 0.5 : 0;
  }
  return above / static_cast<double>(a.elements());
}

Tensor picked(const PictureSet& set, const std::vector<int64_t>& pool, int64_t count, const Augmentation& augmentation, uint64_t seed, uint64_t stream) {
  Random random(seed, stream << 48);
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < count; ++i) indices.push_back(pool[random.below(static_cast<uint32_t>(pool.size()))]);
  return picture_batch(set, indices, augmentation, seed, stream << 48);
}

class GanTrainer {
 public:
  GanTrainer(GanTraining training, PictureSet set, const TrainCallbacks& callbacks)
      : t_(std::move(training)), set_(std::move(set)), callbacks_(callbacks), curve_(t_.out, {"discriminator_loss", "generator_loss", "true_scores_higher"}) {
    Random random(t_.stage.seed, kGanHeldOut);
    for (int64_t i = 0; i < set_.pictures.dim(0); ++i)
      (set_.entries[static_cast<size_t>(i)].test || static_cast<double>(random.uniform()) < t_.held_out ? held_out_ : pool_).push_back(i);
    if (pool_.size() < 8 || held_out_.size() < 2)
      throw Failure({ErrorCode::invalid_argument,
                     fmt::format("{}: {} pictures, {} of them held out; too few", t_.data.string(), set_.pictures.dim(0), held_out_.size())});
    varied_ = t_.augment.is_null() ? pool_.size() < kFewPictures : t_.augment.get<bool>();
    generator_.emplace(Scope(weights_, "generator"), t_.shape);
    discriminator_.emplace(Scope(weights_, "discriminator"), t_.shape);
    optimizer_.emplace(weights_.all(), t_.stage.optimizer);
    shown_ = gan_noise(t_.shape, 0, kShown, t_.stage.seed);
  }

  Result<void> run() {
    if (callbacks_.say)
      callbacks_.say(fmt::format(
          "{} pictures to train on, {} held out{}; {} numbers to train", pool_.size(), held_out_.size(), varied_ ? ", varied as they are few" : "",
          std::accumulate(weights_.all().begin(), weights_.all().end(), int64_t{0}, [](int64_t n, const auto& w) { return n + w.second.elements(); })));
    PTAH_TRY_VOID(make_folders(t_.out / "film"));
    if (!fs::exists(frame(0))) {
      PTAH_TRY_VOID(measure_equilibrium("before"));
    }
    PTAH_TRY_VOID(train(
        t_.stage.run, *optimizer_, [this](int64_t i) { return step(i); }, [this](int64_t) { return curve_.draw(); },
        [this](const RunReport& r) { callbacks_.report("gan", r); }, callbacks_.cancel));
    if (optimizer_->steps() < t_.stage.run.schedule.steps) return {};  // it goes on later
    return finish();
  }

 private:
  fs::path frame(int64_t i) const { return t_.out / "film" / fmt::format("{:04}.png", i); }

  Tensor shown_now() {
    const NoGrad off;
    Weights averaged(optimizer_->averaged());
    return GanGenerator(Scope(averaged, "generator"), t_.shape)(shown_, t_.type);
  }

  float step(int64_t i) {
    const int64_t steps = t_.stage.run.schedule.steps;
    const int64_t due = i * (t_.frames - 1) / steps;
    if (i == (due * steps + t_.frames - 2) / (t_.frames - 1)) value_or_throw(save_sheet(frame(due), shown_now(), kShownColumns));
    if (i % t_.eval_every == 0 && counted_ > 0) note(i);
    const uint64_t at = static_cast<uint64_t>(i), seed = t_.stage.seed;
    const int64_t n = t_.stage.batch;
    const Tensor truth = random_batch(set_, pool_, t_.stage, t_.augmentation, kGanPictures, i);
    const Tensor noise = Tensor::normal({n, t_.shape.latent}, seed, kGanLatents + at);
    std::optional<Changes> changes;
    if (varied_) changes.emplace(n, t_.shape.size, seed, kGanChanges + at);
    const auto changed = [&](const Tensor& x) { return changes ? (*changes)(x) : x; };
    Tensor made, true_scores;
    {
      GradScope scope;  // the discriminator's side, on pictures that its gradients end at
      Tensor fixed;
      {
        const NoGrad off;
        fixed = (*generator_)(noise, t_.type);
      }
      const Tensor both = concat({changed(truth), changed(fixed)}, 0);
      const Tensor nudged = add(both, affine(Tensor::normal(both.shape(), seed, kGanNudges + at), t_.nudge));
      const Tensor scores = (*discriminator_)(concat({both, nudged}, 0), t_.type);
      const Tensor all = slice(scores, 0, 0, 2 * n), moved = slice(scores, 0, 2 * n, 4 * n);
      const Tensor truths = slice(all, 0, 0, n), mades = slice(all, 0, n, 2 * n);
      const Tensor told = relativistic_loss(truths, mades);
      scope.backward(add(told, affine(gradient_penalty(all, moved, t_.nudge), t_.penalty)));  // the mean of both sides: γ/2 · (R1 + R2)
      discriminator_loss_ += told.item();
      above_ += share_above(truths, mades);
      true_scores = truths.detach();
    }
    GradScope scope;
    Weights still = without_gradients(weights_.all());
    const GanDiscriminator judge(Scope(still, "discriminator"), t_.shape);
    const Tensor fooled = relativistic_loss(judge(changed((*generator_)(noise, t_.type)), t_.type), true_scores);
    scope.backward(fooled);
    generator_loss_ += fooled.item();
    ++counted_;
    return fooled.item();
  }

  void note(int64_t i) {
    const auto n = static_cast<double>(counted_);
    value_or_throw(curve_.put(i, {discriminator_loss_ / n, generator_loss_ / n, above_ / n}));
    discriminator_loss_ = generator_loss_ = above_ = 0;
    counted_ = 0;
  }

  Result<void> measure_equilibrium(const char* when) {
    if (callbacks_.say) callbacks_.say(fmt::format("trains a fresh discriminator for {} steps on the generator as it is", t_.probe_steps));
    Weights averaged(optimizer_->averaged());
    const GanGenerator generator(Scope(averaged, "generator"), t_.shape);
    const Equilibrium found =
        fresh_discriminator(t_.shape, generator, set_, pool_, held_out_, t_.probe_steps, t_.stage.batch, t_.stage.seed, callbacks_.cancel);
    const fs::path file = t_.out / "equilibrium.json";
    Json all = Json::object();
    if (fs::exists(file)) {
      PTAH_TRY(const std::string text, read_text(file, 1 << 20));
      PTAH_TRY(all, parse_json(text));
    }
    all[when] = {{"told_apart", found.told_apart}, {"steps", found.steps}, {"pairs", found.pairs}};
    if (callbacks_.say) callbacks_.say(fmt::format("it tells {:.1f} % of {} held-out pairs apart (50 %: none)", 100 * found.told_apart, found.pairs));
    return write_file(file, all.dump(2) + "\n");
  }

  Result<void> finish() {
    const int64_t steps = t_.stage.run.schedule.steps;
    if (counted_ > 0) note(steps);
    PTAH_TRY_VOID(curve_.draw());
    const Tensor last = shown_now();
    PTAH_TRY_VOID(save_sheet(frame(t_.frames - 1), last, kShownColumns));
    PTAH_TRY_VOID(save_sheet(t_.out / "samples.png", last, kShownColumns));
    TensorFile file;
    for (const auto& [name, tensor] : optimizer_->averaged())
      if (name.starts_with("generator.")) file.tensors.emplace(name, cast(tensor, DType::bf16));
    file.metadata["config"] = to_json(t_.shape).dump();
    PTAH_TRY_VOID(write_safetensors(t_.out / "generator.safetensors", file));
    Animation film{.frames = {}, .milliseconds = 100};
    for (int64_t i = 0; i < t_.frames; ++i) {
      if (!fs::exists(frame(i))) continue;
      PTAH_TRY(film.frames.emplace_back(), read_image(frame(i)));
    }
    PTAH_TRY(const Bytes webp, encode_webp(film));
    PTAH_TRY_VOID(write_file(t_.out / "film.webp", std::span<const uint8_t>(webp)));
    return measure_equilibrium("after");
  }

  GanTraining t_;
  PictureSet set_;
  const TrainCallbacks& callbacks_;
  LossCurve curve_;
  std::vector<int64_t> pool_, held_out_;
  bool varied_ = false;
  Weights weights_ = Weights::fresh(t_.stage.seed);
  std::optional<GanGenerator> generator_;
  std::optional<GanDiscriminator> discriminator_;
  std::optional<Optimizer> optimizer_;
  Tensor shown_;
  double discriminator_loss_ = 0, generator_loss_ = 0, above_ = 0;
  int64_t counted_ = 0;
};

}  // namespace

Equilibrium fresh_discriminator(const GanConfig& config, const GanGenerator& generator, const PictureSet& set, const std::vector<int64_t>& pool,
                                const std::vector<int64_t>& held_out, int64_t steps, int64_t batch, uint64_t seed, const CancelToken* cancel) {
  constexpr uint64_t kProbeLatents = uint64_t{51} << 48, kProbePictures = 52;
  const DType type = compute_dtype();
  Weights weights = Weights::fresh(seed + 1);
  const GanDiscriminator probe(Scope(weights, "discriminator"), config);
  OptimizerConfig how;
  how.learning_rate = 1e-3F;
  how.weight_decay = 0;
  how.ema_decay = 0;
  Optimizer optimizer(weights.all(), how);
  const auto made = [&](int64_t count, uint64_t stream) {
    const NoGrad off;
    return generator(Tensor::normal({count, config.latent}, seed + 1, kProbeLatents + stream), type);
  };
  for (int64_t i = 0; i < steps; ++i) {
    stop_if_cancelled(cancel);
    const Tensor truth = picked(set, pool, batch, {0, 0, 0}, seed + 1 + static_cast<uint64_t>(i), kProbePictures), fake = made(batch, static_cast<uint64_t>(i));
    GradScope scope;
    const Tensor scores = probe(concat({truth, fake}, 0), type);
    scope.backward(relativistic_loss(slice(scores, 0, 0, batch), slice(scores, 0, batch, 2 * batch)));
    optimizer.step(1);
  }
  const NoGrad off;
  Equilibrium out;
  out.steps = steps;
  out.pairs = static_cast<int64_t>(held_out.size());
  double right = 0;
  for (int64_t at = 0; at < out.pairs; at += batch) {
    stop_if_cancelled(cancel);
    const std::vector<int64_t> rows(held_out.begin() + at, held_out.begin() + std::min(out.pairs, at + batch));
    const auto count = static_cast<int64_t>(rows.size());
    const Tensor truth = probe(picture_batch(set, rows, {0, 0, 0}, 0, 0), type),
                 fake = probe(made(count, (uint64_t{1} << 40) + static_cast<uint64_t>(at)), type);
    right += share_above(truth, fake) * static_cast<double>(count);
  }
  out.told_apart = right / static_cast<double>(out.pairs);
  return out;
}

Result<void> train_gan(const Json& config, const fs::path& base_folder, const TrainCallbacks& callbacks) {
  return guard([&]() -> Result<void> {
    GanTraining training = read_gan_training(config, base_folder, callbacks);
    if (callbacks.only_check) return {};
    PTAH_TRY(PictureSet set, read_picture_set(training.data, training.shape.size));
    if (callbacks.say)
      for (const std::string& note : set.notes) callbacks.say("note: " + note);
    PTAH_TRY_VOID(claim_training_folder(training.out, config));
    return GanTrainer(std::move(training), std::move(set), callbacks).run();
  });
}

}  // namespace ptah
