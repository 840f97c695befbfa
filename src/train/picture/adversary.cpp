#include "train/picture/adversary.h"

#include "tensor/ops.h"
#include "train/loop/plot.h"
#include "tensor/device.h"

namespace ptah {

namespace {

constexpr int64_t kChannels = 4;
constexpr float kNudge = 0.05F;

/// Handles to the same numbers that gradients do not reach.
Weights frozen(const std::map<std::string, Tensor>& weights) {
  std::map<std::string, Tensor> out;
  for (const auto& [name, tensor] : weights) out.emplace(name, tensor.detach());
  return Weights(std::move(out));
}

}  // namespace

AdversaryConfig read_adversary(Reader& reader, const AdversaryConfig& usual) {
  AdversaryConfig out;
  out.weight = reader.get<float>("adversarial_weight", usual.weight);
  out.penalty = reader.get<float>("gradient_penalty", usual.penalty);
  out.from = reader.get<int64_t>("adversarial_from", usual.from);
  out.widths = reader.get<std::vector<int64_t>>("discriminator_widths", usual.widths);
  return out;
}

Adversary::Adversary(Weights& weights, const AdversaryConfig& config, uint64_t seed, const std::filesystem::path& folder)
    : weights_(&weights),
      config_(config),
      seed_(seed),
      folder_(folder),
      discriminator_(Scope(weights, "discriminator"), kChannels, config.widths),
      balance_(folder / "balance.csv", std::ios::app) {
  if (balance_.tellp() == 0) balance_ << "step,pixels,generator,discriminator,penalty\n";
}

Tensor Adversary::fooling(const Tensor& made) {
  Weights still = frozen(weights_->all());
  const PatchDiscriminator judge(Scope(still, "discriminator"), kChannels, config_.widths);
  const Tensor loss = generator_loss(judge(cast(made, compute_dtype())));
  fooled_ = loss.item();
  return affine(loss, config_.weight);
}

void Adversary::learn(const Tensor& truth, const Tensor& made, int64_t step) {
  const DType type = compute_dtype();
  GradScope scope;
  const Tensor scores = discriminator_(cast(truth, type)), made_scores = discriminator_(cast(made.detach(), type));
  const Tensor nudge = affine(Tensor::normal(truth.shape(), seed_, (uint64_t{12} << 48) + static_cast<uint64_t>(step)), kNudge);
  const Tensor hinge = discriminator_loss(scores, made_scores);
  const Tensor slope = gradient_penalty(scores, discriminator_(cast(add(truth, nudge), type)), kNudge);
  scope.backward(add(hinge, affine(slope, config_.penalty)));
  told_ = hinge.item();
  steep_ = slope.item();
}

void Adversary::note(int64_t step, float pixels) { balance_ << step << ',' << pixels << ',' << fooled_ << ',' << told_ << ',' << steep_ << std::endl; }

Result<void> Adversary::draw() const { return save_plot(folder_ / "balance.csv", folder_ / "balance.png"); }

}  // namespace ptah
