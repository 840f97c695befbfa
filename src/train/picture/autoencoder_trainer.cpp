#include <cmath>

#include "base/philox.h"
#include "pixels/image_tensor.h"
#include "tensor/ops.h"
#include "train/picture/picture_loss.h"
#include "train/loop/stage.h"
#include "weights/safetensors.h"
#include "tensor/device.h"

namespace ptah {

namespace fs = std::filesystem;

Result<AutoencoderConfig> autoencoder_of(const TensorFile& model, const fs::path& file) {
  const auto text = model.metadata.find("config");
  if (text == model.metadata.end()) return fail(ErrorCode::corrupt, "{}: not a picture model (no 'config' in its metadata)", file.string());
  PTAH_TRY(const Json config, parse_json(text->second));
  if (!config.contains("autoencoder")) return fail(ErrorCode::corrupt, "{}: config lacks 'autoencoder'", file.string());
  return autoencoder_config(config["autoencoder"]);
}

Tensor random_batch(const PictureSet& set, const std::vector<int64_t>& pool, const Stage& stage, const Augmentation& augmentation, uint64_t stream, int64_t i) {
  Random random(stage.seed, stream, static_cast<uint64_t>(i) << 20);
  std::vector<int64_t> picked;
  for (int64_t j = 0; j < stage.batch; ++j) picked.push_back(pool[random.below(static_cast<uint32_t>(pool.size()))]);
  return picture_batch(set, picked, augmentation, stage.seed, ((stream + 1) << 48) + static_cast<uint64_t>(i * stage.batch));
}

Result<void> save_sheet(const fs::path& path, const Tensor& samples, int64_t columns) {
  PTAH_TRY(const Bytes png, encode_png(contact_sheet(samples, columns)));
  return write_file(path, std::span<const uint8_t>(png));
}

namespace {

/// Mean squared error of straight values in [0, 1] as decibels.
double psnr(const Tensor& a, const Tensor& b) { return -10 * std::log10(mse_loss(a, b).item() / 4 + 1e-12); }

}  // namespace

Result<void> train_autoencoder(const Json& json, const fs::path& folder, const PictureSet& set, const AutoencoderConfig& config,
                               const TrainCallbacks& callbacks) {
  Reader reader(json, "autoencoder");
  Stage stage = read_stage(reader, folder, callbacks);
  const float noise = reader.get<float>("latent_noise", 0.2F), penalty = reader.get<float>("latent_penalty", 1e-3F);
  const Augmentation augmentation{reader.get<float>("flip", 0.5F), reader.get<float>("permute_colours", 0.4F), reader.get<int64_t>("shift", 6)};
  reader.done();
  if (callbacks.only_check) return {};
  Weights weights = Weights::fresh(stage.seed);
  const PictureEncoder encoder(Scope(weights, "encoder"), config);
  const PictureDecoder decoder(Scope(weights, "decoder"), config);
  Optimizer optimizer(weights.all(), stage.optimizer);
  const std::vector<int64_t> pool = train_indices(set);
  Ahead<Tensor> batches([&](int64_t i) { return random_batch(set, pool, stage, augmentation, 1, i); });
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
  const std::vector<int64_t> shown = pictures_to_show(set, 32);
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

Result<void> take_autoencoder(const fs::path& model_path, const fs::path& folder) {
  PTAH_TRY(const TensorFile model, read_safetensors(model_path));
  PTAH_TRY(const AutoencoderConfig config, autoencoder_of(model, model_path));
  TensorFile file;
  for (const auto& [name, tensor] : model.tensors)
    if (name.rfind("encoder.", 0) == 0 || name.rfind("decoder.", 0) == 0) file.tensors.emplace(name, tensor);
  file.metadata["config"] = to_json(config).dump();
  std::error_code problem;
  fs::create_directories(folder, problem);
  if (problem) return fail(ErrorCode::io, "cannot create {}: {}", folder.string(), problem.message());
  return write_safetensors(folder / "weights.safetensors", file);
}

}  // namespace ptah
