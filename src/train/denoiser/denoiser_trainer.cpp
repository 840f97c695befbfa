#include "train/denoiser/denoiser_trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/philox.h"
#include "pixels/image_tensor.h"
#include "tensor/device.h"
#include "tensor/ops.h"
#include "train/loop/stage.h"
#include "train/shape/held_out.h"
#include "weights/safetensors.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kDenoiserStream = uint64_t{32} << 48;

struct DenoiserBatch {
  Tensor seen, signal, wanted, covered;
};

struct DenoiserTask {
  Stage stage;
  RenderDenoiserConfig shape;
  fs::path out, library;
  int64_t views = 600, size = 128, samples = 128;
};

DenoiserTask read_denoiser_task(const Json& json, const fs::path& base, const TrainCallbacks& callbacks) {
  Reader reader(json, "");
  DenoiserTask out;
  out.out = base / reader.get<std::string>("out", "denoiser-model");
  const auto library = reader.get<std::string>("library", "");
  out.library = library.empty() ? fs::path() : base / library;
  const auto between = [&](const char* key, int64_t value, int64_t low, int64_t high) {
    const auto given = reader.get<int64_t>(key, value);
    if (given < low || given > high)
      throw Failure({ErrorCode::invalid_argument, fmt::format("config: {} is {}; {} to {} are possible", key, given, low, high)});
    return given;
  };
  out.views = between("views", out.views, 2, 100000);
  out.size = between("size", out.size, 16, 1024);
  out.samples = between("samples", out.samples, 1, 65536);
  if (out.size % kDenoiserUnit != 0)
    throw Failure({ErrorCode::invalid_argument, fmt::format("config: size is {}; multiples of {} are possible", out.size, kDenoiserUnit)});
  out.stage = read_stage(reader, out.out, callbacks);
  Reader model(reader.object("model"), "model");
  out.shape.widths = model.get<std::vector<int64_t>>("widths", out.shape.widths);
  model.done();
  reader.done();
  const auto sane = render_denoiser_config(to_json(out.shape));
  if (!sane) throw Failure({ErrorCode::invalid_argument, "config: " + sane.error().message});
  return out;
}

DenoiserBatch random_views(const DenoiserPool& pool, int64_t count, uint64_t seed, uint64_t stream) {
  Random random(seed, stream);
  std::vector<int32_t> ids;
  for (int64_t i = 0; i < count; ++i) ids.push_back(static_cast<int32_t>(random.below(static_cast<uint32_t>(pool.size()))));
  const Tensor at = Tensor::from({count}, ids);
  const auto picked = [&](const Tensor& x) { return cast(gather(x, at), DType::f32); };
  return {picked(pool.seen), picked(pool.signal), picked(pool.wanted), picked(pool.covered)};
}

/// As grey or coloured pictures in [−1, 1]: tone-mapped light / albedo.
Tensor as_shown(const Tensor& light, const Tensor& covered) {
  const Tensor tone = div(light, affine(light, 1, 1));
  return concat({affine(mul(tone, covered), 2, -1), affine(covered, 2, -1)}, 3);
}

class RenderDenoiserTraining {
 public:
  RenderDenoiserTraining(const DenoiserTask& task, const DenoiserSet& set, const TrainCallbacks& callbacks)
      : task_(task),
        set_(set),
        callbacks_(callbacks),
        weights_(Weights::fresh(task.stage.seed)),
        network_(Scope(weights_), task.shape),
        optimizer_(weights_.all(), task.stage.optimizer) {}

  Result<void> run() {
    int64_t count = 0;
    for (const auto& [name, tensor] : weights_.all()) count += tensor.elements();
    if (callbacks_.say) callbacks_.say(fmt::format("{} weights; {} views, {} held out", count, set_.train.size(), set_.test.size()));
    PTAH_TRY_VOID(train(
        task_.stage.run, optimizer_, [this](int64_t i) { return step(i); }, [this](int64_t i) { return sample(i); },
        [this](const RunReport& r) { callbacks_.report("denoiser", r); }, callbacks_.cancel));
    return save();
  }

 private:
  Result<void> save() const {
    TensorFile file;
    file.tensors = Weights(optimizer_.averaged()).as(DType::bf16);
    file.metadata["denoiser"] = to_json(task_.shape).dump();
    return write_safetensors(task_.out / "denoiser.safetensors", file);
  }

  float step(int64_t i) {
    const DenoiserBatch batch = batches_.get(i);
    GradScope scope;
    const Tensor loss = denoiser_loss(network_(batch.seen, batch.signal, compute_dtype()), batch.wanted, batch.covered);
    scope.backward(loss);
    return loss.item();
  }

  /// A sheet of held-out views (noisy, denoised, wanted), the losses of noisy and denoised ones, and the weights so far.
  Result<void> sample(int64_t i) {
    const NoGrad off;
    Weights averaged(optimizer_.averaged());
    const RenderDenoiserNetwork now(Scope(averaged), task_.shape);
    const DenoiserBatch shown = random_views(set_.test, std::min<int64_t>(16, set_.test.size()), 1, kDenoiserStream + 1);
    const Tensor found = now(shown.seen, shown.signal, compute_dtype());
    const Tensor covered = slice(shown.signal, 3, 3, 4), floor = Tensor::full(covered.shape(), 1e-3F);
    const Tensor noisy = concat({div(slice(shown.signal, 3, 0, 3), maximum(covered, floor)), slice(shown.seen, 3, kDenoiserInputs - 1, kDenoiserInputs)}, 3);
    if (callbacks_.say)
      callbacks_.say(fmt::format("denoiser step {}: difference {:.4f} on {} held-out views, {:.4f} before", i,
                                 denoiser_loss(found, shown.wanted, shown.covered).item(), shown.seen.dim(0),
                                 denoiser_loss(noisy, shown.wanted, shown.covered).item()));
    std::vector<Tensor> row;
    for (int64_t k = 0; k < shown.seen.dim(0); ++k)
      for (const Tensor* part : {&noisy, &found, &shown.wanted})
        row.push_back(as_shown(slice(slice(*part, 0, k, k + 1), 3, 0, 3), slice(shown.covered, 0, k, k + 1)));
    PTAH_TRY_VOID(save_sheet(task_.out / fmt::format("sheet-{:06}.png", i), concat(row, 0), 12));
    return save();
  }

  const DenoiserTask& task_;
  const DenoiserSet& set_;
  const TrainCallbacks& callbacks_;
  Weights weights_;
  const RenderDenoiserNetwork network_;
  Optimizer optimizer_;
  Ahead<DenoiserBatch> batches_{
      [this](int64_t i) { return random_views(set_.train, task_.stage.batch, task_.stage.seed, kDenoiserStream + 2 + static_cast<uint64_t>(i)); }};
};

/// Peak signal-to-noise ratio of what is shown, over a white background, dB.
double psnr_of(const Image& a, const Image& b) {
  double sum = 0;
  for (size_t i = 0; i < a.rgba.size(); ++i)
    if (i % 4 != 3) sum += std::pow(static_cast<double>(a.rgba[i]) - b.rgba[i], 2);
  const double mean = sum / (static_cast<double>(a.rgba.size()) * 0.75);
  return 10 * std::log10(255 * 255 / std::max(mean, 1e-3));
}

}  // namespace

Tensor denoiser_loss(const Tensor& found, const Tensor& wanted, const Tensor& covered) {
  const auto bounded = [](const Tensor& x) { return log(affine(maximum(x, Tensor::zeros(x.shape())), 1, 1)); };
  const Tensor light = mul(abs(sub(bounded(slice(found, 3, 0, 3)), bounded(slice(wanted, 3, 0, 3)))), covered);
  const Tensor ground = mul(abs(sub(slice(found, 3, 3, 4), slice(wanted, 3, 3, 4))), affine(covered, -1, 1));
  return add(mean(light), mean(ground));
}

Result<void> train_render_denoiser(const Json& config, const fs::path& base_folder, const TrainCallbacks& callbacks) {
  return guard([&]() -> Result<void> {
    const DenoiserTask task = read_denoiser_task(config, base_folder, callbacks);
    if (callbacks.only_check) return {};
    std::error_code problem;
    fs::create_directories(task.out, problem);
    fs::path library = task.library;
    if (library.empty()) {
      PTAH_TRY(library, ShapeKinds::folder());
    }
    PTAH_TRY(const auto kinds, ShapeKinds::load(library));
    const fs::path views = task.out / fmt::format("views-{}-{}-{}.safetensors", task.views, task.size, task.samples);
    PTAH_TRY(const DenoiserSet set, denoiser_set(views, kinds, task.views, task.size, task.samples, task.stage.seed, callbacks));
    return RenderDenoiserTraining(task, set, callbacks).run();
  });
}

Result<Json> evaluate_render_denoiser(const RenderDenoiser& denoiser, const std::shared_ptr<const ShapeKinds>& kinds, const DenoiserEvaluation& how,
                                      const TrainCallbacks& callbacks) {
  std::vector<std::string> names;
  for (const auto& [name, kind] : kinds->kinds())
    if (is_held_out_kind(name)) names.push_back(name);
  if (names.empty()) return fail(ErrorCode::invalid_argument, "no kind of shapes is held out");
  struct Sums {
    double noisy = 0, denoised = 0, milliseconds = 0;
  };
  std::vector<Sums> sums(how.samples.size());
  for (int64_t view = 0; view < how.views; ++view) {
    if (callbacks.cancel) PTAH_TRY_VOID(callbacks.cancel->check());
    if (callbacks.say) callbacks.say(fmt::format("view {} of {}", view + 1, how.views));
    const uint64_t seed = how.seed * 7919 + static_cast<uint64_t>(view) + (uint64_t{1} << 40);
    PTAH_TRY(const TracedView one, random_traced_view(names[static_cast<size_t>(view) % names.size()], kinds, how.size, seed, callbacks.cancel));
    PTAH_TRY(const auto traced, TracedScene::prepare(one.scene, one.light, callbacks.cancel));
    TraceSettings settings{
        .frame = {.width = how.size, .height = how.size, .background = {.kind = Background::Kind::colour}}, .samples = how.reference_samples, .seed = 2 * seed};
    PTAH_TRY(const Radiance truth, traced->trace(one.camera, settings, {}, callbacks.cancel));
    const Image reference = developed(truth, *traced, one.camera, settings.frame);
    ++settings.seed;
    for (size_t i = 0; i < sums.size(); ++i) {
      settings.samples = how.samples[i];
      PTAH_TRY(const Radiance noisy, traced->trace(one.camera, settings, {}, callbacks.cancel));
      const auto begun = std::chrono::steady_clock::now();
      const Radiance quiet = denoiser(noisy);
      sums[i].milliseconds += std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
      sums[i].noisy += psnr_of(developed(noisy, *traced, one.camera, settings.frame), reference);
      sums[i].denoised += psnr_of(developed(quiet, *traced, one.camera, settings.frame), reference);
    }
  }
  Json rows = Json::array();
  const auto views = static_cast<double>(how.views);
  for (size_t i = 0; i < sums.size(); ++i)
    rows.push_back({{"samples", how.samples[i]},
                    {"noisy", sums[i].noisy / views},
                    {"denoised", sums[i].denoised / views},
                    {"milliseconds", sums[i].milliseconds / views}});
  return Json{{"views", how.views}, {"size", how.size}, {"by_samples", rows}};
}

}  // namespace ptah
