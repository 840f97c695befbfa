#include "train/matting/matting_trainer.h"

#include <algorithm>

#include "base/json.h"
#include "tensor/device.h"
#include "tensor/ops.h"
#include "train/loop/stage.h"
#include "train/matting/composite.h"
#include "weights/safetensors.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kMattingStream = uint64_t{21} << 48, kShownStream = uint64_t{22} << 48;

struct MattingBatch {
  Tensor colours, cover;
};

struct MattingSettings {
  Stage stage;
  MattingConfig shape;
  fs::path data, out, library;
  int64_t shapes = 12, train_size = 0;
};

MattingSettings read_matting_settings(const Json& json, const fs::path& base, const TrainCallbacks& callbacks) {
  Reader reader(json, "");
  MattingSettings out;
  out.data = base / reader.get<std::string>("data", "matting-data");
  out.out = base / reader.get<std::string>("out", "matting-model");
  const auto library = reader.get<std::string>("library", "");
  out.library = library.empty() ? fs::path() : base / library;
  out.shapes = reader.get<int64_t>("shapes", out.shapes);
  if (out.shapes < 0 || out.shapes > 1000)
    throw Failure({ErrorCode::invalid_argument, fmt::format("config: shapes is {}; 0 to 1000 are possible", out.shapes)});
  out.train_size = reader.get<int64_t>("train_size", 0);
  out.stage = read_stage(reader, out.out, callbacks);
  Json shape = to_json(out.shape);
  Reader model(reader.object("model"), "model");
  for (const char* key : {"size", "attention_blocks", "heads"}) shape[key] = model.get<int64_t>(key, shape[key].get<int64_t>());
  for (const char* key : {"widths", "blocks"}) shape[key] = model.get<std::vector<int64_t>>(key, shape[key].get<std::vector<int64_t>>());
  model.done();
  reader.done();
  const auto sane = matting_config(shape);
  if (!sane) throw Failure({ErrorCode::invalid_argument, "config: " + sane.error().message});
  out.shape = *sane;
  if (out.train_size == 0) out.train_size = out.shape.size;
  const int64_t unit = int64_t{1} << out.shape.widths.size();
  if (out.train_size < kMinUnetSize || out.train_size > out.shape.size || out.train_size % unit != 0)
    throw Failure({ErrorCode::invalid_argument,
                   fmt::format("config: train_size is {}; multiples of {} from {} to {} are possible", out.train_size, unit, kMinUnetSize, out.shape.size)});
  return out;
}

MattingBatch batch_of(const MattingPool& pool, int64_t count, int64_t size, uint64_t seed, uint64_t stream) {
  MattingBatch out{Tensor::empty({count, size, size, 3}), Tensor::empty({count, size, size, 1})};
  parallel_for(count, size * size * 1000, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      Random random(seed, stream + static_cast<uint64_t>(i));
      const Composite one = random_composite(pool, size, random);
      std::copy(one.colours.begin(), one.colours.end(), out.colours.data<float>() + i * size * size * 3);
      std::copy(one.cover.begin(), one.cover.end(), out.cover.data<float>() + i * size * size);
    }
  });
  return out;
}

/// Premultiplied RGBA in [−1, 1]: the picture with an alpha.
Tensor cut(const Tensor& colours, const Tensor& cover) { return concat({affine(mul(affine(colours, 0.5F, 0.5F), cover), 2, -1), affine(cover, 2, -1)}, 3); }

class MattingTraining {
 public:
  MattingTraining(const MattingSettings& settings, const MattingSet& set, const TrainCallbacks& callbacks)
      : settings_(settings),
        set_(set),
        callbacks_(callbacks),
        weights_(Weights::fresh(settings.stage.seed)),
        network_(Scope(weights_), settings.shape),
        optimizer_(weights_.all(), settings.stage.optimizer) {}

  Result<void> run() {
    int64_t count = 0;
    for (const auto& [name, tensor] : weights_.all()) count += tensor.elements();
    if (callbacks_.say)
      callbacks_.say(fmt::format("{} weights; {} things and {} backgrounds, {} and {} held out", count, set_.train.foreground_count(),
                                 set_.train.backgrounds.dim(0), set_.test.foreground_count(), set_.test.backgrounds.dim(0)));
    PTAH_TRY_VOID(train(
        settings_.stage.run, optimizer_, [this](int64_t i) { return step(i); }, [this](int64_t i) { return sample(i); },
        [this](const RunReport& r) { callbacks_.report("matting", r); }, callbacks_.cancel));
    return save();
  }

 private:
  /// The averaged weights, as a network that looks at what it was trained at.
  Result<void> save() const {
    MattingConfig config = settings_.shape;
    auto averaged = optimizer_.averaged();
    if (const auto places = averaged.find("places"); places != averaged.end() && settings_.train_size != config.size) {
      const int64_t from = config.coarsest(), width = config.widths.back();
      config.size = settings_.train_size;
      const int64_t to = config.coarsest();
      places->second = resize(places->second.reshape({1, from, from, width}), to, to, Filter::bilinear).reshape({to * to, width});
    }
    config.size = settings_.train_size;
    TensorFile file;
    file.tensors = Weights(std::move(averaged)).as(DType::bf16);
    file.metadata["matting"] = to_json(config).dump();
    return write_safetensors(settings_.out / "matting.safetensors", file);
  }

  float step(int64_t i) {
    const MattingBatch batch = batches_.get(i);
    GradScope scope;
    const Tensor loss = matting_loss(network_(batch.colours, compute_dtype()), batch.cover);
    scope.backward(loss);
    return loss.item();
  }

  /// A sheet of held-out composites (picture, truth, found), the loss on them, and the weights so far.
  Result<void> sample(int64_t i) {
    const NoGrad off;
    Weights averaged(optimizer_.averaged());
    const MattingNetwork now(Scope(averaged), settings_.shape);
    const MattingBatch shown = batch_of(set_.test, 16, settings_.train_size, 1, kShownStream);
    const Tensor logits = now(shown.colours, compute_dtype()), found = sigmoid(logits);
    double shared = 0, all = 0;
    for (int64_t k = 0; k < found.elements(); ++k) {
      const bool a = found.data<float>()[k] > 0.5F, b = shown.cover.data<float>()[k] > 0.5F;
      shared += a && b;
      all += a || b;
    }
    if (callbacks_.say)
      callbacks_.say(fmt::format("matting step {}: loss {:.4f}, IoU of all pixels {:.4f} on 16 held-out composites", i,
                                 matting_loss(logits, shown.cover).item(), shared / std::max(1.0, all)));
    const Tensor opaque = Tensor::full(shown.cover.shape(), 1);
    std::vector<Tensor> row;
    for (int64_t k = 0; k < shown.colours.dim(0); ++k) {
      const auto one = [&](const Tensor& x) { return slice(x, 0, k, k + 1); };
      row.insert(row.end(), {cut(one(shown.colours), one(opaque)), cut(one(shown.colours), one(shown.cover)), cut(one(shown.colours), one(found))});
    }
    PTAH_TRY_VOID(save_sheet(settings_.out / fmt::format("sheet-{:06}.png", i), concat(row, 0), 12));
    return save();
  }

  const MattingSettings& settings_;
  const MattingSet& set_;
  const TrainCallbacks& callbacks_;
  Weights weights_;
  const MattingNetwork network_;
  Optimizer optimizer_;
  Ahead<MattingBatch> batches_{[this](int64_t i) {
    return batch_of(set_.train, settings_.stage.batch, settings_.train_size, settings_.stage.seed,
                    kMattingStream + static_cast<uint64_t>(i * settings_.stage.batch));
  }};
};

}  // namespace

Result<void> train_matting(const Json& config, const fs::path& base_folder, const TrainCallbacks& callbacks) {
  return guard([&]() -> Result<void> {
    const MattingSettings settings = read_matting_settings(config, base_folder, callbacks);
    if (callbacks.only_check) return {};
    std::error_code problem;
    fs::create_directories(settings.out, problem);
    const fs::path shapes = settings.shapes > 0 ? settings.out / fmt::format("shapes-{}.safetensors", settings.shapes) : fs::path();
    if (settings.shapes > 0 && !fs::exists(shapes)) {
      fs::path library = settings.library;
      if (library.empty()) {
        PTAH_TRY(library, ShapeKinds::folder());
      }
      PTAH_TRY(const auto kinds, ShapeKinds::load(library));
      PTAH_TRY_VOID(render_shapes(shapes, kinds, settings.shapes, settings.stage.seed, callbacks));
    }
    PTAH_TRY(const MattingSet set, read_matting_set(settings.data, shapes));
    return MattingTraining(settings, set, callbacks).run();
  });
}

}  // namespace ptah
