#include "train/two_sided/two_sided_trainer.h"

#include <algorithm>

#include "base/json.h"
#include "tensor/device.h"
#include "tensor/ops.h"
#include "train/loop/stage.h"
#include "weights/safetensors.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kViewStream = uint64_t{31} << 48, kShownViewStream = uint64_t{32} << 48;
constexpr int64_t kShownViews = 16;

struct TwoSidedSettings {
  Stage stage;
  TwoSidedConfig shape;
  fs::path data, held_out, out, library;
  int64_t shapes = 4;
  float shape_share = 0.3F;
};

TwoSidedSettings read_two_sided_settings(const Json& json, const fs::path& base, const TrainCallbacks& callbacks) {
  Reader reader(json, "");
  TwoSidedSettings out;
  const auto place = [&](const char* key, const char* usual) {
    const auto given = reader.get<std::string>(key, usual);
    return given.empty() ? fs::path() : base / given;
  };
  out.data = place("data", "");
  out.held_out = place("held_out", "");
  out.out = place("out", "two-sided-model");
  out.library = place("library", "");
  out.shapes = reader.get<int64_t>("shapes", out.shapes);
  if (out.shapes < 0 || out.shapes > 1000)
    throw Failure({ErrorCode::invalid_argument, fmt::format("config: shapes is {}; 0 to 1000 are possible", out.shapes)});
  if (out.shapes == 0 && out.data.empty()) throw Failure({ErrorCode::invalid_argument, "config: neither data nor shapes: there is nothing to learn from"});
  out.shape_share = reader.get<float>("shape_share", out.shape_share);
  if (!(out.shape_share >= 0 && out.shape_share <= 1))
    throw Failure({ErrorCode::invalid_argument, fmt::format("config: shape_share is {}; 0 to 1 are possible", out.shape_share)});
  out.stage = read_stage(reader, out.out, callbacks);
  Json shape = to_json(usual_two_sided_config());
  Reader model(reader.object("model"), "model");
  for (const char* key : {"size", "attention_blocks", "heads"}) shape[key] = model.get<int64_t>(key, shape[key].get<int64_t>());
  for (const char* key : {"widths", "blocks"}) shape[key] = model.get<std::vector<int64_t>>(key, shape[key].get<std::vector<int64_t>>());
  model.done();
  reader.done();
  const auto sane = two_sided_config(shape);
  if (!sane) throw Failure({ErrorCode::invalid_argument, "config: " + sane.error().message});
  out.shape = *sane;
  return out;
}

struct TwoSidedPools {
  TwoSidedPool train, test;
};

/// The models, and variants of shapes that are made where they are not there yet.
Result<TwoSidedPools> read_pools(const TwoSidedSettings& settings, const TrainCallbacks& callbacks) {
  TwoSidedPools out;
  out.train.shape_share = out.test.shape_share = settings.shape_share;
  PTAH_TRY(out.train.lights, view_lights());
  out.test.lights = out.train.lights;
  if (!settings.data.empty()) {
    PTAH_TRY(const auto models, mesh_models(settings.data));
    std::set<std::string> names;
    if (!settings.held_out.empty()) {
      PTAH_TRY(names, read_names(settings.held_out));
    }
    out.train.models = listed_models(models, names, false);
    out.test.models = listed_models(models, names, true);
  }
  if (settings.shapes > 0) {
    fs::path library = settings.library;
    if (library.empty()) {
      PTAH_TRY(library, ShapeKinds::folder());
    }
    PTAH_TRY(const auto kinds, ShapeKinds::load(library));
    const fs::path folder = settings.out / "shapes";
    PTAH_TRY_VOID(make_shape_variants(folder, kinds, settings.shapes, settings.stage.seed, callbacks));
    PTAH_TRY(const auto shapes, mesh_models(folder));
    for (const MeshModel& shape : shapes) (is_held_out_kind(shape.name) ? out.test : out.train).shapes.push_back(shape);
  }
  if (out.train.models.empty() && out.train.shapes.empty())
    return fail(ErrorCode::invalid_argument, "config: all models are held out: there is nothing to learn from");
  return out;
}

TwoSidedBatch random_views(const TwoSidedPool& pool, int64_t count, int64_t size, uint64_t seed, uint64_t stream) {
  std::vector<TwoSidedView> views;
  for (int64_t i = 0; i < count; ++i) {
    Random random(seed, stream + static_cast<uint64_t>(i));
    views.push_back(random_two_sided_view(pool, size, random));
  }
  return two_sided_batch(views);
}

/// One picture of a sheet: three numbers of each pixel, where it shows the object; premultiplied RGBA in [−1, 1].
Tensor sheet_tile(const Tensor& weights, const std::function<Vec3(int64_t pixel)>& colour) {
  Tensor out = Tensor::full({1, weights.dim(1), weights.dim(2), 4}, -1);
  for (int64_t i = 0; i < weights.elements(); ++i) {
    if (weights.data<float>()[i] <= 0) continue;
    const Vec3 here = colour(i);
    float* to = out.data<float>() + i * 4;
    for (size_t c = 0; c < 3; ++c) to[c] = std::clamp(here[c], 0.0F, 1.0F) * 2 - 1;
    to[3] = 1;
  }
  return out;
}

/// Picture; depths of the front, true and found; of the back; colours of the back.
std::vector<Tensor> sheet_row(const TwoSidedBatch& batch, const Tensor& found, int64_t k) {
  const auto one = [&](const Tensor& x) { return slice(x, 0, k, k + 1); };
  const Tensor seen = one(batch.seen), weights = one(batch.weights);
  const auto depth = [&](const Tensor& differences, int64_t channel) {
    return sheet_tile(weights, [&, differences, channel](int64_t i) {
      const float inflated = seen.data<float>()[i * kTwoSidedInputs + 4] * (channel == 0 ? 1.0F : -1.0F);
      const float grey = 0.5F + 0.4F * (differences.data<float>()[i * kTwoSidedOutputs + channel] + inflated);
      return Vec3{grey, grey, grey};
    });
  };
  const auto colour = [&](const Tensor& differences) {
    return sheet_tile(weights, [&, differences](int64_t i) {
      const float *from = seen.data<float>() + i * kTwoSidedInputs, *by = differences.data<float>() + i * kTwoSidedOutputs + 2;
      const float alpha = (from[3] + 1) / 2;
      return Vec3{(from[0] + 1) / 2 / alpha + by[0], (from[1] + 1) / 2 / alpha + by[1], (from[2] + 1) / 2 / alpha + by[2]};
    });
  };
  const Tensor truth = one(batch.wanted), guess = one(found);
  return {slice(seen, 3, 0, 4), depth(truth, 0), depth(guess, 0), depth(truth, 1), depth(guess, 1), colour(truth), colour(guess)};
}

class TwoSidedTraining {
 public:
  TwoSidedTraining(const TwoSidedSettings& settings, const TwoSidedPools& pools, const TrainCallbacks& callbacks)
      : settings_(settings),
        pools_(pools),
        callbacks_(callbacks),
        weights_(Weights::fresh(settings.stage.seed)),
        network_(Scope(weights_), settings.shape),
        optimizer_(weights_.all(), settings.stage.optimizer) {}

  Result<void> run() {
    int64_t count = 0;
    for (const auto& [name, tensor] : weights_.all()) count += tensor.elements();
    if (callbacks_.say)
      callbacks_.say(fmt::format("{} weights; {} models and {} shapes, {} and {} held out", count, pools_.train.models.size(), pools_.train.shapes.size(),
                                 pools_.test.models.size(), pools_.test.shapes.size()));
    PTAH_TRY_VOID(train(
        settings_.stage.run, optimizer_, [this](int64_t i) { return step(i); }, [this](int64_t i) { return sample(i); },
        [this](const RunReport& r) { callbacks_.report("two-sided", r); }, callbacks_.cancel));
    return save();
  }

 private:
  Result<void> save() const {
    TensorFile file;
    file.tensors = Weights(optimizer_.averaged()).as(DType::bf16);
    file.metadata["two_sided"] = to_json(settings_.shape).dump();
    return write_safetensors(settings_.out / "two_sided.safetensors", file);
  }

  float step(int64_t i) {
    const TwoSidedBatch batch = batches_.get(i);
    GradScope scope;
    const Tensor loss = two_sided_loss(network_(batch.seen, compute_dtype()), batch);
    scope.backward(loss);
    return loss.item();
  }

  /// A sheet of held-out views, the loss on them beside that of the inflation (zeros), and the weights so far.
  Result<void> sample(int64_t i) {
    const bool held_out = !pools_.test.models.empty() || !pools_.test.shapes.empty();
    const NoGrad off;
    Weights averaged(optimizer_.averaged());
    const TwoSidedNetwork now(Scope(averaged), settings_.shape);
    const TwoSidedBatch shown = random_views(held_out ? pools_.test : pools_.train, kShownViews, settings_.shape.size, 1, kShownViewStream);
    const Tensor found = now(shown.seen, compute_dtype());
    if (callbacks_.say)
      callbacks_.say(fmt::format("two-sided step {}: loss {:.4f} on {} {} views; of the inflation {:.4f}", i, two_sided_loss(found, shown).item(), kShownViews,
                                 held_out ? "held-out" : "training", two_sided_loss(Tensor::zeros(found.shape()), shown).item()));
    std::vector<Tensor> tiles;
    for (int64_t k = 0; k < kShownViews; ++k)
      for (Tensor& one : sheet_row(shown, found, k)) tiles.push_back(std::move(one));
    PTAH_TRY_VOID(save_sheet(settings_.out / fmt::format("sheet-{:06}.png", i), concat(tiles, 0), 14));
    return save();
  }

  const TwoSidedSettings& settings_;
  const TwoSidedPools& pools_;
  const TrainCallbacks& callbacks_;
  Weights weights_;
  const TwoSidedNetwork network_;
  Optimizer optimizer_;
  Ahead<TwoSidedBatch> batches_{[this](int64_t i) {
    return random_views(pools_.train, settings_.stage.batch, settings_.shape.size, settings_.stage.seed,
                        kViewStream + static_cast<uint64_t>(i * settings_.stage.batch));
  }};
};

}  // namespace

Result<void> train_two_sided(const Json& config, const fs::path& base_folder, const TrainCallbacks& callbacks) {
  return guard([&]() -> Result<void> {
    const TwoSidedSettings settings = read_two_sided_settings(config, base_folder, callbacks);
    if (callbacks.only_check) return {};
    std::error_code problem;
    fs::create_directories(settings.out, problem);
    PTAH_TRY(const TwoSidedPools pools, read_pools(settings, callbacks));
    return TwoSidedTraining(settings, pools, callbacks).run();
  });
}

}  // namespace ptah
