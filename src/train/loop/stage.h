// What the stages of a picture training share: their part of the config, batches made ahead, sample sheets.
#pragma once

#include <filesystem>
#include <future>

#include "base/parallel.h"
#include "base/text.h"
#include "image/autoencoder.h"
#include "train/picture/picture_set.h"
#include "train/picture/picture_trainer.h"
#include "weights/safetensors.h"

namespace ptah {

/// Reads values out of a JSON object and knows which keys were never asked for.
class Reader {
 public:
  Reader(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
    if (!json_.is_object()) throw Failure({ErrorCode::invalid_argument, fmt::format("config: {} is no object", where_.empty() ? "it" : "'" + where_ + "'")});
  }

  template <class T>
  T get(const std::string& key, T fallback) {
    known_.push_back(key);
    if (!json_.contains(key)) return fallback;
    try {
      return value_of<T>(json_.at(key));
    } catch (const Json::exception&) {
      throw Failure({ErrorCode::invalid_argument, fmt::format("config: '{}' has the wrong type or is out of range: {}", path_of(key), json_.at(key).dump())});
    }
  }
  Json object(const std::string& key) { return get<Json>(key, Json::object()); }
  /// What a key is if the config does not say.
  void fall_back(const std::string& key, const Json& value) {
    if (!json_.contains(key)) json_[key] = value;
  }
  bool has(const std::string& key) const { return json_.contains(key); }
  /// Throws Failure for a key that was never asked for, with the nearest one that was.
  void done() const {
    for (const auto& [key, value] : json_.items())
      if (std::find(known_.begin(), known_.end(), key) == known_.end())
        throw Failure({ErrorCode::invalid_argument, fmt::format("config: unknown key '{}'; nearest: '{}'", path_of(key), nearest(key, known_))});
  }

 private:
  std::string path_of(const std::string& key) const { return where_.empty() ? key : where_ + "." + key; }
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

/// A stage's seed by the rule of base/seed.h. One that is chosen at random is said, and kept in `folder`, so that a stage that goes on goes on with it.
uint64_t seed_of_stage(const Json& wanted, const std::filesystem::path& folder, const TrainCallbacks& callbacks);

inline Stage read_stage(Reader& reader, const std::filesystem::path& folder, const TrainCallbacks& callbacks) {
  Stage stage;
  stage.run.folder = folder;
  stage.run.schedule.steps = reader.get<int64_t>("steps", 1000);
  stage.run.schedule.warmup = reader.get<int64_t>("warmup", 100);
  const auto schedule = reader.get<std::string>("schedule", "cosine");
  if (schedule != "cosine" && schedule != "hold" && schedule != "linear") throw Failure(unknown_name("schedule", schedule, "cosine hold linear").value());
  stage.run.schedule.cosine = schedule == "cosine";
  stage.run.schedule.decay_share = reader.get<float>("decay_share", 0.3F);
  stage.run.stop_at = reader.get<int64_t>("stop_at", 0);
  stage.run.checkpoint_seconds = reader.get<double>("checkpoint_seconds", 600);
  stage.run.sample_seconds = reader.get<double>("sample_seconds", 300);
  stage.run.log_every = reader.get<int64_t>("log_every", 20);
  stage.optimizer.learning_rate = reader.get<float>("learning_rate", 4e-4F);
  stage.optimizer.muon_learning_rate = reader.get<float>("muon_learning_rate", 0.01F);
  stage.optimizer.table_learning_rate = reader.get<float>("table_learning_rate", 0);
  stage.optimizer.weight_decay = reader.get<float>("weight_decay", 0.01F);
  stage.optimizer.ema_decay = reader.get<float>("ema_decay", 0.999F);
  stage.optimizer.clip_norm = reader.get<float>("clip_norm", 1.0F);
  stage.batch = reader.get<int64_t>("batch", 32);
  stage.seed = seed_of_stage(reader.get<Json>("seed", 1), folder, callbacks);
  if (stage.batch < 1 || stage.run.schedule.steps < 1) throw Failure({ErrorCode::invalid_argument, "config: batch and steps must be at least 1"});
  return stage;
}

/// Batches made one step ahead on another thread. Batch i depends on i only.
template <class Batch>
class Ahead {
 public:
  explicit Ahead(std::function<Batch(int64_t)> make) : make_(std::move(make)) {}
  Batch get(int64_t i) {
    Batch now = i == next_ && pending_.valid() ? pending_.get() : make_(i);
    next_ = i + 1;
    pending_ = std::async(std::launch::async, [this, i] {
      set_threads(1);
      return make_(i + 1);
    });
    return now;
  }

 private:
  std::function<Batch(int64_t)> make_;
  std::future<Batch> pending_;
  int64_t next_ = -1;
};

/// The shape of a picture model's autoencoder, as its file has it. Errors: corrupt for what is no picture model.
Result<AutoencoderConfig> autoencoder_of(const TensorFile& model, const std::filesystem::path& file);

/// Batch i of a stage: pictures of the pool picked by the random stream and varied by the one after it; f32 [batch, size, size, 4].
Tensor random_batch(const PictureSet& set, const std::vector<int64_t>& pool, const Stage& stage, const Augmentation& augmentation, uint64_t stream, int64_t i);

Result<void> save_sheet(const std::filesystem::path& path, const Tensor& samples, int64_t columns);

/// Writes folder/weights.safetensors.
Result<void> train_autoencoder(const Json& json, const std::filesystem::path& folder, const PictureSet& set, const AutoencoderConfig& config,
                               const TrainCallbacks& callbacks);

/// Trains the decoder of a picture model on, against a discriminator of patches, and leaves its encoder (so all latents) as it is; writes the whole model to
/// `out` (bf16), and the balance of the losses into `folder`.
Result<void> train_decoder(const Json& json, const std::filesystem::path& folder, const std::filesystem::path& picture_model, const std::filesystem::path& out,
                           const PictureSet& set, const TrainCallbacks& callbacks);

/// Takes the autoencoder of a model file as it is: writes folder/weights.safetensors. Errors: not_found, corrupt.
Result<void> take_autoencoder(const std::filesystem::path& model, const std::filesystem::path& folder);

/// Reads autoencoder/weights.safetensors below `out`, writes denoiser/ and the whole model, picture.safetensors (bf16). A non-empty
/// `start_from` is a model file whose words, text encoder, denoiser and latent scale the training goes on from. Files that the config names lie below
/// `base_folder`.
Result<void> train_denoiser(const Json& json, const std::filesystem::path& base_folder, const std::filesystem::path& out,
                            const std::filesystem::path& start_from, const PictureSet& set, const TrainCallbacks& callbacks);

/// Trains an upscaler on large pictures: from their small versions, plain and as the picture model's autoencoder makes them again, with an adversarial loss on
/// patches in the last part; writes folder/upscaler.safetensors (bf16), and the balance of the losses as balance.csv and balance.png.
Result<void> train_upscaler(const Json& json, const std::filesystem::path& folder, const std::filesystem::path& picture_model, const PictureSet& set,
                            const TrainCallbacks& callbacks);

/// Trains a judge on the words of a picture model; writes folder/judge.safetensors (bf16).
Result<void> train_judge(const Json& json, const std::filesystem::path& folder, const std::filesystem::path& picture_model, const PictureSet& set,
                         const TrainCallbacks& callbacks);

}  // namespace ptah
