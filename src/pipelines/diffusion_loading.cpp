// From files to a model that draws.
#include <algorithm>

#include "base/file.h"
#include "base/parallel.h"
#include "pipelines/diffusion_model.h"
#include "tensor/device.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kPublishedLayers2 = 24;  ///< of the text encoder of Stable Diffusion 2 as published; its last one does not count

Result<std::unique_ptr<ClipTokenizer>> clip_tokenizer(const fs::path& vocabulary) {
  PTAH_TRY(const auto merges, MappedFile::open(vocabulary));
  PTAH_TRY(ClipTokenizer tokenizer, ClipTokenizer::parse({reinterpret_cast<const char*>(merges->bytes().data()), merges->bytes().size()}));
  return std::make_unique<ClipTokenizer>(std::move(tokenizer));
}

}  // namespace

Result<void> DiffusionModel::load_texts(Checkpoint& checkpoint, Weights& weights, const DiffusionShapes& shapes) {
  const bool second = family_ == DiffusionFamily::sd2;
  for (size_t t = 0; t < checkpoint.places.texts.size(); ++t) {
    const TextSettings said = t < checkpoint.settings.texts.size() ? checkpoint.settings.texts[t] : TextSettings();
    const ClipTextConfig config = said.config.value_or(ClipTextConfig{.head_dim = shapes.head_dim, .quick_gelu = !second && t == 0});
    texts_.push_back(std::make_unique<ClipText>(weights, checkpoint.places.texts[t], config));
    int32_t padding = second || t > 0 ? 0 : tokenizer_->end();
    if (!said.padding.empty()) padding = tokenizer_->id_of(said.padding);
    if (padding < 0)
      return fail(ErrorCode::unsupported, "tokenizer{}: texts are padded with '{}', which is no token of CLIP's vocabulary", t > 0 ? "_2" : "", said.padding);
    paddings_.push_back(padding);
    ClipWords words;
    for (const auto& [name, vectors] : checkpoint.words) {
      const Tensor& rows = vectors[t];
      const int32_t first = texts_.back()->add_tokens(rows);
      for (int32_t i = 0; i < static_cast<int32_t>(rows.dim(0)); ++i) words[name].push_back(first + i);
    }
    words_.push_back(std::move(words));
  }
  // Stable Diffusion 2 looks at the last layer but one. Files in diffusers' layout, and those made of them, end with that.
  const bool last = family_ == DiffusionFamily::sd1 || (second && (checkpoint.settings.folder || texts_[0]->layers() == kPublishedLayers2 - 1));
  text_skip_ = last ? 0 : 1;
  return {};
}

Result<void> DiffusionModel::load_t5(Checkpoint& checkpoint, const DiffusionFiles& files) {
  PTAH_TRY(const fs::path file, t5_words(files));
  PTAH_TRY(const std::string text, read_text(file, 64 << 20));
  PTAH_TRY(const Json json, parse_json(text));
  auto made = Tokenizer::from_json(json);
  if (!made) return fail(made.error().code, "{}: {}", file.string(), made.error().message);
  t5_tokenizer_ = std::move(*made);
  for (const char* token : {"</s>", "<pad>"})
    if (t5_tokenizer_->id_of(token) < 0) return fail(ErrorCode::corrupt, "{}: no token {}; T5's tokenizer has one", file.string(), token);
  Weights t5(std::move(checkpoint.t5));
  t5_ = std::make_unique<T5Encoder>(t5, "", files.packing, checkpoint.settings.t5.value_or(T5Config()));
  if (t5_->width() != transformer_->context_width() || t5_->vocabulary() < t5_tokenizer_->size())
    return fail(ErrorCode::mismatch, "a T5 with a vocabulary of {} and width {}; the tokenizer has {}, the transformer takes texts of width {}",
                t5_->vocabulary(), t5_->width(), t5_tokenizer_->size(), transformer_->context_width());
  return {};
}

Result<void> DiffusionModel::load_beside(Checkpoint& checkpoint, const UnetConfig& unet) {
  const auto as = [&](const std::optional<UnetConfig>& said) {
    UnetConfig out = said.value_or(unet);
    out.wraps = unet.wraps;
    out.packing = unet.packing;
    return out;
  };
  if (!checkpoint.refiner.empty()) {
    Weights refiner(std::move(checkpoint.refiner));
    UnetConfig config = as(checkpoint.settings.refiner);
    if (!checkpoint.settings.refiner && checkpoint.settings.unet) config.heads_of_level.clear();  // the folder's list is of other levels
    refiner_ = std::make_unique<Unet>(refiner, "", config);
    const int64_t wide = texts_[1]->width(), sizes = refiner_->label_width() - texts_[1]->pooled_width();
    if (refiner_->in_channels() != channels() || refiner_->context_width() != wide || sizes < 10 || sizes % 10)
      return fail(ErrorCode::mismatch, "a refiner of {} channels that takes texts of width {} with a label of width {}; the second text encoder is {} wide",
                  refiner_->in_channels(), refiner_->context_width(), refiner_->label_width(), wide);
  }
  for (size_t i = 0; i < checkpoint.controls.size(); ++i) {
    auto& [tensors, strength] = checkpoint.controls[i];
    Weights own(std::move(tensors));
    auto control = std::make_unique<ControlNet>(own, "", as(i < checkpoint.settings.controls.size() ? checkpoint.settings.controls[i] : std::nullopt));
    if (control->in_channels() != channels() || control->context_width() != unet_->context_width() || control->label_width() != unet_->label_width())
      return fail(ErrorCode::mismatch, "the network that controls was made for another family than {}", name_of(family_));
    controls_.emplace_back(std::move(control), strength);
  }
  return {};
}

Result<void> DiffusionModel::check_parts(const DenoiserExtent& extent) const {
  int64_t context = 0;
  for (const auto& text : texts_) context += text->width();
  if (transformer_) {
    if (transformer_->channels() != channels() || transformer_->context_width() < context)
      return fail(ErrorCode::mismatch, "a transformer of {} channels that takes texts of width {}; latents have {}, texts {}", transformer_->channels(),
                  transformer_->context_width(), channels(), context);
    return {};
  }
  const int64_t seen = unet_->in_channels(), latents = channels();
  if (seen != latents && seen != 2 * latents + 1)
    return fail(ErrorCode::unsupported, "a U-Net of {} channels on latents of {}; possible: {}, and {} for inpainting", seen, latents, latents,
                2 * latents + 1);
  if (unet_->context_width() != context)
    return fail(ErrorCode::mismatch, "the U-Net takes texts of width {}; the text encoder's are {} wide", unet_->context_width(), context);
  if ((unet_->label_width() > 0) != (family_ == DiffusionFamily::sdxl))
    return fail(ErrorCode::unsupported, "a U-Net with a label of width {} in {}", unet_->label_width(), name_of(family_));
  if (extent.label_features > 0 && unet_->label_width() > 0 && unet_->label_width() != texts_[1]->pooled_width() + 6 * extent.label_features)
    return fail(ErrorCode::mismatch, "unet/config.json: 'addition_time_embed_dim' is {}; with texts of {} the label is {} wide, in the weights {}",
                extent.label_features, texts_[1]->pooled_width(), texts_[1]->pooled_width() + 6 * extent.label_features, unet_->label_width());
  return {};
}

Result<void> DiffusionModel::load_networks(Checkpoint& checkpoint, Weights& weights, const DiffusionFiles& files, const DiffusionShapes& shapes) {
  const ModelSettings& said = checkpoint.settings;
  UnetConfig unet = said.unet.value_or(shapes.unet);
  unet.wraps = files.wraps;
  unet.packing = files.packing;
  if (!said.unet && family_ == DiffusionFamily::sd1 && unet.heads == 0) unet.heads = 8;
  if (family_ == DiffusionFamily::sd3) {
    JointTransformerConfig transformer = said.transformer.value_or(shapes.transformer);
    transformer.packing = files.packing;
    transformer_ = std::make_unique<JointTransformer>(weights, checkpoint.places.unet, transformer);
  } else {
    unet_ = std::make_unique<Unet>(weights, checkpoint.places.unet, unet);
  }
  if (checkpoint.small_autoencoder.empty()) {
    KlAutoencoderConfig autoencoder = said.autoencoder.value_or(shapes.autoencoder);
    autoencoder.wraps = files.wraps;
    autoencoder_ = std::make_unique<KlAutoencoder>(weights, kAutoencoderPlace, autoencoder);
  } else {
    Weights small(std::move(checkpoint.small_autoencoder));
    small_ = std::make_unique<TinyAutoencoder>(small, files.wraps);
  }
  PTAH_TRY_VOID(load_texts(checkpoint, weights, shapes));
  if (!checkpoint.t5.empty()) PTAH_TRY_VOID(load_t5(checkpoint, files));
  if (family_ == DiffusionFamily::sd3 && (files.wraps || !checkpoint.controls.empty()))
    return fail(ErrorCode::unsupported, "{} paints neither tileable textures nor under control yet", name_of(family_));
  if (family_ != DiffusionFamily::sd3) PTAH_TRY_VOID(load_beside(checkpoint, unet));
  return check_parts(said.extent);
}

void DiffusionModel::take_settings(const ModelSettings& said, const DiffusionShapes& shapes) {
  const bool xl = family_ == DiffusionFamily::sdxl, third = family_ == DiffusionFamily::sd3;
  own_size_ = shapes.own_size ? shapes.own_size : xl || third ? 1024 : 512;
  if (said.extent.sample_size > 0) own_size_ = std::clamp<int64_t>(said.extent.sample_size * factor() / 64 * 64, 64, kMaxPaintedEdge);
  latent_scale_ = third ? 1.5305F : xl ? 0.13025F : 0.18215F;
  if (third) latent_shift_ = 0.0609F;
  if (said.latents) latent_scale_ = static_cast<float>(said.latents->scale), latent_shift_ = static_cast<float>(said.latents->shift);
  scheduler_ = said.scheduler.value_or(SchedulerSettings());
  levels_ = NoiseLevels(scheduler_.noise);
  empty_is_zero_ = said.empty_is_zero;
  notes_ = said.notes;
}

Result<std::shared_ptr<const DiffusionModel>> DiffusionModel::load(const DiffusionFiles& files, const fs::path& vocabulary, const DiffusionShapes& shapes) {
  return guard([&]() -> Result<std::shared_ptr<const DiffusionModel>> {
    const NoGrad off;
    auto model = std::shared_ptr<DiffusionModel>(new DiffusionModel);
    model->type_ = shapes.type.value_or(compute_dtype());
    PTAH_TRY(Checkpoint checkpoint, read_checkpoint(files, model->type_ == DType::f32));
    PTAH_TRY(model->tokenizer_, clip_tokenizer(vocabulary));
    model->file_bytes_ = checkpoint.bytes;
    model->family_ = checkpoint.family;
    Weights weights(std::move(checkpoint.tensors));
    PTAH_TRY_VOID(model->load_networks(checkpoint, weights, files, shapes));
    model->take_settings(checkpoint.settings, shapes);
    return std::shared_ptr<const DiffusionModel>(std::move(model));
  });
}

std::vector<std::string> DiffusionModel::notes(const PaintRequest& request) const {
  std::vector<std::string> out = notes_;
  if (!scheduler_.missing.empty() && (request.sampler.empty() || request.schedule.empty())) {
    const PaintRequest taken = with_defaults(request);
    out.push_back(fmt::format("{} is not computed here; painted with `sampler` {} and `schedule` {}", scheduler_.missing, taken.sampler, taken.schedule));
  }
  return out;
}

PaintRequest DiffusionModel::with_defaults(PaintRequest request) const {
  const bool flows = transformer_ != nullptr;
  if (request.sampler.empty()) request.sampler = !scheduler_.sampler.empty() ? scheduler_.sampler : flows ? "euler" : "dpmpp_2m";
  if (request.schedule.empty()) request.schedule = !scheduler_.schedule.empty() ? scheduler_.schedule : flows ? "flow" : "karras";
  if (request.prediction.empty()) request.prediction = scheduler_.prediction;
  return request;
}

}  // namespace ptah
