#include <cmath>

#include "pixels/image_tensor.h"
#include "tensor/ops.h"
#include "train/picture/adversary.h"
#include "train/picture/picture_loss.h"
#include "train/loop/stage.h"
#include "weights/safetensors.h"
#include "tensor/device.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// Mean size of the differences between neighbours: how much edge there is. Scalar.
double edge_energy(const Tensor& x) {
  const int64_t n = x.dim(0), h = x.dim(1), w = x.dim(2), c = x.dim(3);
  const float* p = x.data<float>();
  double sum = 0;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t y = 0; y + 1 < h; ++y)
      for (int64_t k = 0; k < (w - 1) * c; ++k) {
        const float* at = p + (i * h + y) * w * c + k;
        sum += static_cast<double>(std::abs(at[c] - at[0]) + std::abs(at[w * c] - at[0]));
      }
  return sum / static_cast<double>(x.elements());
}

}  // namespace

Result<void> train_decoder(const Json& json, const fs::path& folder, const fs::path& picture_model, const fs::path& out, const PictureSet& set,
                           const TrainCallbacks& callbacks) {
  Reader reader(json, "decoder");
  const Stage stage = read_stage(reader, folder, callbacks);
  const auto noise = reader.get<float>("latent_noise", 0.1F);
  const AdversaryConfig fight = read_adversary(reader, {0.05F, 0.1F, 200, {48, 96, 128}});
  const Augmentation augmentation{reader.get<float>("flip", 0.5F), reader.get<float>("permute_colours", 0.4F), reader.get<int64_t>("shift", 6)};
  reader.done();
  if (fight.widths.empty() || fight.widths.size() > 5)
    return fail(ErrorCode::invalid_argument, "config: decoder.discriminator_widths has {} widths; 1 to 5 are possible", fight.widths.size());
  if (callbacks.only_check) return {};
  std::error_code problem;
  fs::create_directories(folder, problem);
  PTAH_TRY(TensorFile model, read_safetensors(picture_model));
  PTAH_TRY(const AutoencoderConfig config, autoencoder_of(model, picture_model));

  Weights weights = Weights::fresh(stage.seed);
  const PictureDecoder decoder(Scope(weights, "decoder"), config);
  for (const auto& [name, tensor] : weights.all()) {  // what is there is trained on
    const auto found = model.tensors.find(name);
    if (found == model.tensors.end() || found->second.shape() != tensor.shape())
      return fail(ErrorCode::mismatch, "{}: tensor '{}' is missing or not {}", picture_model.string(), name, tensor.shape().str());
    const Tensor known = cast(found->second, DType::f32);
    std::copy_n(known.data<float>(), known.elements(), const_cast<float*>(tensor.data<float>()));
  }
  Weights kept(model.tensors);
  const PictureEncoder encoder(Scope(kept, "encoder"), config);
  Adversary adversary(weights, fight, stage.seed, folder);
  Optimizer optimizer(weights.all(), stage.optimizer);
  const std::vector<int64_t> pool = train_indices(set);
  if (pool.empty()) return fail(ErrorCode::invalid_argument, "decoder: every picture is held out");
  const DType type = compute_dtype();
  Ahead<Tensor> batches([&](int64_t i) { return random_batch(set, pool, stage, augmentation, 21, i); });
  const auto latents_of = [&](const Tensor& pictures) {
    const NoGrad off;
    return encoder(cast(pictures, type));
  };
  const auto step = [&](int64_t i) {
    const Tensor target = batches.get(i);
    Tensor z = latents_of(target);
    z = add(z, affine(Tensor::normal(z.shape(), stage.seed, (uint64_t{23} << 48) + static_cast<uint64_t>(i)), noise)).detach();
    Tensor made;
    float pixels = 0, total = 0;
    {
      GradScope scope;
      made = decoder(cast(z, type));
      Tensor loss = picture_loss(made, target);
      pixels = loss.item();
      if (adversary.fights(i)) loss = add(loss, adversary.fooling(made));
      scope.backward(loss);
      total = loss.item();
    }
    if (adversary.fights(i)) adversary.learn(target, made, i);
    if ((i + 1) % stage.run.log_every == 0) adversary.note(i + 1, pixels);
    return total;
  };
  const std::vector<int64_t> shown = pictures_to_show(set, 16);
  const auto sample = [&](int64_t i) -> Result<void> {
    const NoGrad off;
    Weights averaged(optimizer.averaged());
    const PictureDecoder now(Scope(averaged, "decoder"), config), before(Scope(kept, "decoder"), config);
    const Tensor target = picture_batch(set, shown, {0, 0, 0}, 0, 0);
    const Tensor z = latents_of(target);
    const Tensor old_made = before(cast(z, type)), made = now(cast(z, type));
    const auto psnr = [&](const Tensor& x) { return -10 * std::log10(mse_loss(x, target).item() / 4 + 1e-12); };
    if (callbacks.say)
      callbacks.say(fmt::format("decoder step {}: {:.2f} dB on pictures held out ({:.2f} before), {:.1f} % of their edge_energy ({:.1f} before)", i, psnr(made),
                                psnr(old_made), 100 * edge_energy(made) / edge_energy(target), 100 * edge_energy(old_made) / edge_energy(target)));
    if (const auto drawn = adversary.draw(); !drawn && callbacks.say) callbacks.say("the balance could not be drawn: " + drawn.error().message);
    return save_sheet(folder / fmt::format("sheet-{:06}.png", i), concat({target, old_made, made}, 0), 16);
  };
  PTAH_TRY_VOID(train(
      stage.run, optimizer, step, sample, [&](const RunReport& r) { callbacks.report("decoder", r); }, callbacks.cancel));
  for (const auto& [name, tensor] : Weights(optimizer.averaged()).as(DType::bf16))
    if (name.rfind("decoder.", 0) == 0) model.tensors.insert_or_assign(name, tensor);
  return write_safetensors(out, model);
}

}  // namespace ptah
