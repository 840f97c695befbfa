#include "train/picture_trainer.h"

#include <future>

#include "base/parallel.h"
#include "base/philox.h"
#include "image/autoencoder.h"
#include "image/picture.h"
#include "train/picture_loss.h"
#include "train/picture_set.h"
#include "weights/safetensors.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// Reads values out of a JSON object and knows which keys were never asked for.
class Reader {
 public:
  Reader(const Json& json, std::string where) : json_(json), where_(std::move(where)) {}

  template <class T>
  T get(const std::string& key, T fallback) {
    known_.push_back(key);
    if (!json_.contains(key)) return fallback;
    try {
      return json_.at(key).get<T>();
    } catch (const Json::exception&) {
      throw Failure({ErrorCode::invalid_argument, fmt::format("config: '{}.{}' has the wrong type: {}", where_, key, json_.at(key).dump())});
    }
  }
  Json object(const std::string& key) { return get<Json>(key, Json::object()); }
  void done() const {
    for (const auto& [key, value] : json_.items())
      if (std::find(known_.begin(), known_.end(), key) == known_.end())
        throw Failure({ErrorCode::invalid_argument, fmt::format("config: unknown key '{}.{}'", where_, key)});
  }

 private:
  Json json_;
  std::string where_;
  std::vector<std::string> known_;
};

struct Stage {
  RunConfig run;
  OptimizerConfig optimizer;
  int64_t batch = 32;
  uint64_t seed = 1;
};

Stage read_stage(Reader& reader, const fs::path& folder) {
  Stage stage;
  stage.run.folder = folder;
  stage.run.schedule.steps = reader.get<int64_t>("steps", 1000);
  stage.run.schedule.warmup = reader.get<int64_t>("warmup", 100);
  stage.run.schedule.cosine = reader.get<std::string>("schedule", "cosine") == "cosine";
  stage.run.schedule.decay_share = reader.get<float>("decay_share", 0.3F);
  stage.run.stop_at = reader.get<int64_t>("stop_at", 0);
  stage.run.checkpoint_seconds = reader.get<double>("checkpoint_seconds", 600);
  stage.run.sample_seconds = reader.get<double>("sample_seconds", 300);
  stage.run.log_every = reader.get<int64_t>("log_every", 20);
  stage.optimizer.learning_rate = reader.get<float>("learning_rate", 4e-4F);
  stage.optimizer.muon_learning_rate = reader.get<float>("muon_learning_rate", 0.01F);
  stage.optimizer.weight_decay = reader.get<float>("weight_decay", 0.01F);
  stage.optimizer.ema_decay = reader.get<float>("ema_decay", 0.999F);
  stage.optimizer.clip_norm = reader.get<float>("clip_norm", 1.0F);
  stage.batch = reader.get<int64_t>("batch", 32);
  stage.seed = reader.get<uint64_t>("seed", 1);
  if (stage.batch < 1 || stage.run.schedule.steps < 1) throw Failure({ErrorCode::invalid_argument, "config: batch and steps must be at least 1"});
  return stage;
}

/// Batches made one step ahead on another thread. Batch i depends on i only.
class Ahead {
 public:
  explicit Ahead(std::function<Tensor(int64_t)> make) : make_(std::move(make)) {}
  Tensor get(int64_t i) {
    Tensor now = i == next_ && pending_.valid() ? pending_.get() : make_(i);
    next_ = i + 1;
    pending_ = std::async(std::launch::async, [this, i] {
      set_threads(1);
      return make_(i + 1);
    });
    return now;
  }

 private:
  std::function<Tensor(int64_t)> make_;
  std::future<Tensor> pending_;
  int64_t next_ = -1;
};

std::vector<int64_t> train_indices(const PictureSet& set) {
  std::vector<int64_t> out;
  for (size_t i = 0; i < set.entries.size(); ++i)
    if (!set.entries[i].test) out.push_back(static_cast<int64_t>(i));
  return out;
}

Result<void> save_sheet(const fs::path& path, const Tensor& samples, int64_t columns) {
  PTAH_TRY(const Bytes png, encode_png(contact_sheet(samples, columns)));
  return write_file(path, std::span<const uint8_t>(png));
}

/// Mean squared error of straight values in [0, 1] as decibels.
double psnr(const Tensor& a, const Tensor& b) { return -10 * std::log10(mse_loss(a, b).item() / 4 + 1e-12); }

Result<void> train_autoencoder(const Json& json, const fs::path& folder, const PictureSet& set, const AutoencoderConfig& config,
                               const TrainCallbacks& callbacks) {
  Reader reader(json, "autoencoder");
  Stage stage = read_stage(reader, folder);
  const float noise = reader.get<float>("latent_noise", 0.2F), penalty = reader.get<float>("latent_penalty", 1e-3F);
  const Augmentation augmentation{reader.get<float>("flip", 0.5F), reader.get<float>("permute_colours", 0.4F), reader.get<int64_t>("shift", 6)};
  reader.done();
  Weights weights = Weights::fresh(stage.seed);
  const PictureEncoder encoder(Scope(weights, "encoder"), config);
  const PictureDecoder decoder(Scope(weights, "decoder"), config);
  Optimizer optimizer(weights.all(), stage.optimizer);
  const std::vector<int64_t> pool = train_indices(set);
  const auto batch_of = [&](int64_t i) {
    Random random(stage.seed, 1, static_cast<uint64_t>(i) << 20);
    std::vector<int64_t> picked;
    for (int64_t j = 0; j < stage.batch; ++j) picked.push_back(pool[random.below(static_cast<uint32_t>(pool.size()))]);
    return picture_batch(set, picked, augmentation, stage.seed, (uint64_t{2} << 48) + static_cast<uint64_t>(i * stage.batch));
  };
  Ahead batches(batch_of);
  const auto step = [&](int64_t i) {
    const Tensor target = batches.get(i);
    GradScope scope;
    const Tensor z = encoder(cast(target, compute_dtype()));
    const Tensor noisy = add(z, affine(Tensor::normal(z.shape(), stage.seed, (uint64_t{3} << 48) + static_cast<uint64_t>(i)), noise));
    const Tensor made = decoder(cast(noisy, compute_dtype()));
    const Tensor loss = add(picture_loss(made, target), affine(mean(square(z)), penalty));
    scope.backward(loss);
    return loss.item();
  };
  std::vector<int64_t> shown;
  for (size_t i = 0; i < set.entries.size() && shown.size() < 32; ++i)
    if (set.entries[i].test && !set.entries[i].recoloured) shown.push_back(static_cast<int64_t>(i));
  if (shown.empty()) shown.assign(pool.begin(), pool.begin() + std::min<std::ptrdiff_t>(32, static_cast<std::ptrdiff_t>(pool.size())));
  const auto sample = [&](int64_t i) -> Result<void> {
    const NoGrad off;
    Weights averaged(optimizer.averaged());
    const PictureEncoder encode(Scope(averaged, "encoder"), config);
    const PictureDecoder decode(Scope(averaged, "decoder"), config);
    const Tensor target = picture_batch(set, shown, {0, 0, 0}, 0, 0);
    const Tensor made = decode(cast(encode(cast(target, compute_dtype())), compute_dtype()));
    if (callbacks.say) callbacks.say(fmt::format("autoencoder step {}: {:.2f} dB on pictures held out", i, psnr(made, target)));
    return save_sheet(folder / fmt::format("sheet-{:06}.png", i), concat({target, made}, 0), 16);
  };
  PTAH_TRY_VOID(train(
      stage.run, optimizer, step, sample, [&](const RunReport& r) { callbacks.report("autoencoder", r); }, callbacks.cancel));
  TensorFile file;
  file.tensors = optimizer.averaged();
  file.metadata["config"] = to_json(config).dump();
  return write_safetensors(folder / "weights.safetensors", file);
}

}  // namespace

Result<void> train_picture_model(const Json& config, const fs::path& base_folder, const TrainCallbacks& callbacks) {
  return guard([&]() -> Result<void> {
    Reader reader(config, "");
    const fs::path data = base_folder / reader.get<std::string>("data", "pictures");
    const fs::path out = base_folder / reader.get<std::string>("out", "picture-model");
    const Json autoencoder = reader.object("autoencoder"), model = reader.object("autoencoder_model");
    AutoencoderConfig shape;
    if (!model.empty()) {
      PTAH_TRY(shape, autoencoder_config(model));
    }
    reader.done();
    PTAH_TRY(const PictureSet set, read_picture_set(data, shape.size));
    if (!fs::exists(out / "autoencoder" / "weights.safetensors")) PTAH_TRY_VOID(train_autoencoder(autoencoder, out / "autoencoder", set, shape, callbacks));
    return {};
  });
}

}  // namespace ptah
