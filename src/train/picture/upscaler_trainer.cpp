#include <algorithm>
#include <array>
#include <cmath>

#include "base/philox.h"
#include "base/sha256.h"
#include "pixels/image_tensor.h"
#include "image/upscaler.h"
#include "tensor/ops.h"
#include "train/picture/adversary.h"
#include "train/picture/picture_loss.h"
#include "train/loop/stage.h"
#include "weights/safetensors.h"
#include "tensor/device.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kFactor = UpscalerConfig::kFactor;

/// Identifies the pictures and the autoencoder that small versions are made with.
std::string origin_of(const PictureSet& set, const TensorFile& model) {
  std::string all = sha256_hex({set.pictures.data<uint8_t>(), static_cast<size_t>(set.pictures.elements())});
  for (const auto& [name, tensor] : model.tensors)
    if (name.rfind("encoder.", 0) == 0 || name.rfind("decoder.", 0) == 0) all += sha256_hex({static_cast<const uint8_t*>(tensor.raw()), tensor.bytes()});
  return sha256_hex(as_bytes(all));
}

/// Small versions of the pictures: shrunk, and what the picture model's autoencoder makes of those, bf16 [pictures, 2, size, size, 4].
Result<Tensor> small_versions(const fs::path& path, const PictureSet& set, const TensorFile& model, const fs::path& picture_model,
                              const TrainCallbacks& callbacks) {
  const std::string origin = origin_of(set, model);
  PTAH_TRY(const AutoencoderConfig config, autoencoder_of(model, picture_model));
  const int64_t count = set.pictures.dim(0), size = config.size;
  if (set.size() != size * kFactor) return fail(ErrorCode::mismatch, "upscaler: needs pictures of {} pixels, not {}", size * kFactor, set.size());
  const Shape shape{count, 2, size, size, 4};
  if (!fs::exists(path)) {
    if (callbacks.say) callbacks.say(fmt::format("shrinking and encoding {} pictures", count));
    Weights weights(model.tensors);
    const PictureEncoder encoder(Scope(weights, "encoder"), config);
    const PictureDecoder decoder(Scope(weights, "decoder"), config);
    Tensor out = Tensor::empty(shape, DType::bf16);
    const NoGrad off;
    constexpr int64_t kBatch = 16;
    for (int64_t first = 0; first < count; first += kBatch) {
      if (callbacks.cancel) PTAH_TRY_VOID(callbacks.cancel->check());
      std::vector<int64_t> indices;
      for (int64_t i = first; i < std::min(count, first + kBatch); ++i) indices.push_back(i);
      const Tensor plain = resize(picture_batch(set, indices, {0, 0, 0}, 0, 0), size, size, Filter::lanczos);
      const Tensor again = decoder(cast(encoder(cast(plain, compute_dtype())), compute_dtype()));
      const int64_t elements = size * size * 4;
      for (const auto& [version, from] : {std::pair{0, &plain}, {1, &again}}) {
        const Tensor narrow = cast(*from, DType::bf16);
        for (size_t i = 0; i < indices.size(); ++i)
          std::copy_n(narrow.data<bf16>() + static_cast<int64_t>(i) * elements, elements, out.data<bf16>() + (indices[i] * 2 + version) * elements);
      }
    }
    TensorFile file;
    file.tensors = {{"small", out}};
    file.metadata["origin"] = origin;
    PTAH_TRY_VOID(write_safetensors(path, file));
  }
  PTAH_TRY(TensorFile file, read_safetensors(path));
  const Tensor small = file.tensors["small"];
  if (!small.defined() || small.dtype() != DType::bf16 || small.shape() != shape || file.metadata["origin"] != origin)
    return fail(ErrorCode::mismatch, "{} does not belong to this data set and model; remove it to make it again", path.string());
  return small;
}

/// One small picture as f32 [1, size, size, 4].
Tensor small_picture(const Tensor& small, int64_t picture, int64_t version) {
  const int64_t size = small.dim(2), elements = size * size * 4;
  Tensor out = Tensor::empty({1, size, size, 4});
  const bf16* from = small.data<bf16>() + (picture * 2 + version) * elements;
  for (int64_t i = 0; i < elements; ++i) out.data<float>()[i] = to_float(from[i]);
  return out;
}

/// Rows and columns of one large picture of the set, premultiplied in [−1, 1]: f32 [1, edge, edge, 4].
Tensor large_patch(const PictureSet& set, int64_t picture, int64_t top, int64_t left, int64_t edge) {
  const int64_t size = set.size();
  Tensor out = Tensor::empty({1, edge, edge, 4});
  for (int64_t y = 0; y < edge; ++y)
    for (int64_t x = 0; x < edge; ++x) {
      premultiply(set.pictures.data<uint8_t>() + ((picture * size + top + y) * size + left + x) * 4, out.data<float>() + (y * edge + x) * 4);
    }
  return out;
}

struct Patches {
  Tensor small, large;
};

struct UpscalerSettings {
  Stage stage;
  UpscalerConfig shape;
  int64_t patch = 48;
  float reconstructed = 0.6F;
  AdversaryConfig fight;
};

/// Throws Failure for unknown or wrong keys.
Result<UpscalerSettings> read_upscaler_settings(const Json& json, const fs::path& folder, const TrainCallbacks& callbacks) {
  Reader reader(json, "upscaler");
  UpscalerSettings out;
  out.stage = read_stage(reader, folder, callbacks);
  out.shape.width = reader.get<int64_t>("width", out.shape.width);
  out.shape.blocks = reader.get<int64_t>("blocks", out.shape.blocks);
  out.patch = reader.get<int64_t>("patch", out.patch);
  out.reconstructed = reader.get<float>("reconstructed", out.reconstructed);
  out.fight = read_adversary(reader, {0.02F, 0.1F, out.stage.run.schedule.steps / 2, {48, 96, 128}});
  reader.done();
  if (const auto sane = upscaler_config(to_json(out.shape)); !sane) return fail(ErrorCode::invalid_argument, "config: {}", sane.error().message);
  const auto halvings = static_cast<int64_t>(out.fight.widths.size());
  if (halvings < 1 || halvings > 6 || out.patch < 8 || out.patch * kFactor % (int64_t{2} << halvings) != 0)
    return fail(ErrorCode::invalid_argument, "config: upscaler.patch is {}; {} discriminator widths need a multiple of {}", out.patch, halvings,
                std::max<int64_t>(8, (int64_t{2} << halvings) / kFactor));
  return out;
}

class UpscalerTraining {
 public:
  UpscalerTraining(const UpscalerSettings& settings, const fs::path& folder, const PictureSet& set, const Tensor& small, std::vector<int64_t> pool,
                   const TrainCallbacks& callbacks)
      : settings_(settings),
        folder_(folder),
        set_(set),
        small_(small),
        pool_(std::move(pool)),
        shown_(pictures_to_show(set, 8)),
        callbacks_(callbacks),
        weights_(Weights::fresh(settings.stage.seed)),
        upscaler_(Scope(weights_, "upscaler"), settings.shape),
        adversary_(weights_, settings.fight, settings.stage.seed, folder),
        optimizer_(weights_.all(), settings.stage.optimizer) {}

  Result<void> run() {
    PTAH_TRY_VOID(train(
        settings_.stage.run, optimizer_, [this](int64_t i) { return step(i); }, [this](int64_t i) { return sample(i); },
        [this](const RunReport& r) { callbacks_.report("upscaler", r); }, callbacks_.cancel));
    TensorFile file;
    const std::string prefix = "upscaler.";
    for (const auto& [name, tensor] : Weights(optimizer_.averaged()).as(DType::bf16))
      if (name.rfind(prefix, 0) == 0) file.tensors.emplace(name.substr(prefix.size()), tensor);
    file.metadata["upscaler"] = to_json(settings_.shape).dump();
    return write_safetensors(folder_ / "upscaler.safetensors", file);
  }

 private:
  Patches make_batch(int64_t step) const {
    const int64_t size = small_.dim(2), reach = settings_.shape.reach(), patch = settings_.patch;
    Random random(settings_.stage.seed, (uint64_t{11} << 48) + static_cast<uint64_t>(step));
    std::vector<Tensor> lefts, rights;
    for (int64_t i = 0; i < settings_.stage.batch; ++i) {
      const int64_t picture = pool_[random.below(static_cast<uint32_t>(pool_.size()))];
      const Tensor from = small_picture(small_, picture, random.uniform() < settings_.reconstructed ? 1 : 0);
      int64_t top = 0, left = 0;
      for (int tries = 0; tries < 4; ++tries) {  // where there is something to see
        top = random.below(static_cast<uint32_t>(size - patch + 1));
        left = random.below(static_cast<uint32_t>(size - patch + 1));
        if (from.data<float>()[((top + patch / 2) * size + left + patch / 2) * 4 + 3] > -0.9F) break;
      }
      lefts.push_back(crop_clamped(from, top - reach, left - reach, patch + 2 * reach, patch + 2 * reach));
      rights.push_back(large_patch(set_, picture, top * kFactor, left * kFactor, patch * kFactor));
    }
    return Patches{concat(lefts, 0), concat(rights, 0)};
  }

  float step(int64_t i) {
    const Patches batch = batches_.get(i);
    Tensor made;
    float pixels = 0, total = 0;
    {
      GradScope scope;
      made = upscaler_.bordered(batch.small, compute_dtype());
      Tensor loss = picture_loss(made, batch.large);
      pixels = loss.item();
      if (adversary_.fights(i)) loss = add(loss, adversary_.fooling(made));
      scope.backward(loss);
      total = loss.item();
    }
    if (adversary_.fights(i)) adversary_.learn(batch.large, made, i);
    if ((i + 1) % settings_.stage.run.log_every == 0) adversary_.note(i + 1, pixels);
    return total;
  }

  Result<void> sample(int64_t i) {
    const NoGrad off;
    Weights averaged(optimizer_.averaged());
    const Upscaler now(Scope(averaged, "upscaler"), settings_.shape);
    std::vector<Tensor> row;
    std::array<double, 4> decibels{};
    for (const int64_t picture : shown_) {
      const Tensor truth = large_patch(set_, picture, 0, 0, set_.size());
      for (const int64_t version : {0, 1}) {
        const Tensor from = small_picture(small_, picture, version);
        const Tensor classical = resize(from, set_.size(), set_.size(), Filter::lanczos), ours = now(from, compute_dtype());
        const auto quality = [&](const Tensor& x) { return -10 * std::log10(mse_loss(x, truth).item() / 4 + 1e-12) / static_cast<double>(shown_.size()); };
        decibels[static_cast<size_t>(version) * 2] += quality(classical);
        decibels[static_cast<size_t>(version) * 2 + 1] += quality(ours);
        if (version == 1) row.insert(row.end(), {classical, ours, truth});
      }
    }
    if (callbacks_.say)
      callbacks_.say(fmt::format("upscaler step {}: {:.2f} dB on shrunk pictures held out (Lanczos {:.2f}), {:.2f} dB on reconstructed ones (Lanczos {:.2f})",
                                 i, decibels[1], decibels[0], decibels[3], decibels[2]));
    if (const auto drawn = adversary_.draw(); !drawn && callbacks_.say) callbacks_.say("the balance could not be drawn: " + drawn.error().message);
    return save_sheet(folder_ / fmt::format("sheet-{:06}.png", i), concat(row, 0), 3);
  }

  const UpscalerSettings& settings_;
  const fs::path& folder_;
  const PictureSet& set_;
  const Tensor& small_;
  const std::vector<int64_t> pool_, shown_;
  const TrainCallbacks& callbacks_;
  Weights weights_;
  const Upscaler upscaler_;
  Adversary adversary_;
  Optimizer optimizer_;
  Ahead<Patches> batches_{[this](int64_t step) { return make_batch(step); }};
};

}  // namespace

Result<void> train_upscaler(const Json& json, const fs::path& folder, const fs::path& picture_model, const PictureSet& set, const TrainCallbacks& callbacks) {
  PTAH_TRY(const UpscalerSettings settings, read_upscaler_settings(json, folder, callbacks));
  if (callbacks.only_check) return {};
  PTAH_TRY(const TensorFile model, read_safetensors(picture_model));
  std::error_code problem;
  fs::create_directories(folder, problem);
  PTAH_TRY(const Tensor small, small_versions(folder / "small.safetensors", set, model, picture_model, callbacks));
  if (settings.patch > small.dim(2)) return fail(ErrorCode::invalid_argument, "config: upscaler.patch is {}; at most {}", settings.patch, small.dim(2));
  std::vector<int64_t> pool = train_indices(set);
  if (pool.empty()) return fail(ErrorCode::invalid_argument, "upscaler: every picture is held out");
  return UpscalerTraining(settings, folder, set, small, std::move(pool), callbacks).run();
}

}  // namespace ptah
