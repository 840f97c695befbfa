#include "create/diffusion_model.h"

#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "base/parallel.h"
#include "image/diffusers_names.h"
#include "tensor/cpu/dense.h"
#include "tensor/ops.h"
#include "weights/safetensors.h"

namespace ptah {

namespace fs = std::filesystem;

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, PaintRequest>
void fields(C& c, const Visit& visit) {
  visit("prompt", c.prompt);
  visit("negative", c.negative);
  visit("seed", c.seed);
  visit("steps", c.steps);
  visit("guidance", c.guidance);
  visit("sampler", c.sampler);
  visit("schedule", c.schedule);
  visit("width", c.width);
  visit("height", c.height);
  visit("clip_skip", c.clip_skip);
  visit("prediction", c.prediction);
}

Json to_json(const PaintRequest& request) { return json_of_fields(request); }
Result<PaintRequest> paint_request(const Json& json) { return fields_from_json<PaintRequest>(json, "request"); }

Result<void> check(const PaintRequest& r) {
  if (r.steps < 1 || r.steps > 1000) return fail(ErrorCode::invalid_argument, "steps {}; 1 to 1000 are possible", r.steps);
  if (!(r.guidance >= 0 && r.guidance <= 100)) return fail(ErrorCode::invalid_argument, "guidance {}; 0 to 100 are possible", r.guidance);
  for (const int64_t edge : {r.width, r.height})
    if (edge != 0 && (edge < 64 || edge > 2048 || edge % 64 != 0))
      return fail(ErrorCode::invalid_argument, "an edge of {} pixels; multiples of 64 from 64 to 2048 are possible", edge);
  if (r.clip_skip < 0 || r.clip_skip > 12) return fail(ErrorCode::invalid_argument, "clip-skip {}; 0 to 12 are possible", r.clip_skip);
  if (r.prompt.size() + r.negative.size() > 100000)
    return fail(ErrorCode::invalid_argument, "prompts of {} bytes; 100,000 are possible", r.prompt.size() + r.negative.size());
  if (r.prediction != "noise" && r.prediction != "velocity")
    return fail(ErrorCode::invalid_argument, "unknown prediction '{}'; known: noise velocity", r.prediction);
  PTAH_TRY(const NoiseSampler sampler, noise_sampler_by_name(r.sampler));
  PTAH_TRY(const NoiseSchedule schedule, noise_schedule_by_name(r.schedule));
  (void)sampler, (void)schedule;
  return {};
}

std::string_view name_of(DiffusionFamily family) {
  return family == DiffusionFamily::sd1 ? "Stable Diffusion 1" : family == DiffusionFamily::sd2 ? "Stable Diffusion 2" : "Stable Diffusion XL";
}

namespace {

constexpr const char *kUnet = "model.diffusion_model.", *kAutoencoder = "first_stage_model.", *kText1 = "cond_stage_model.transformer.",
                     *kText2 = "cond_stage_model.model.", *kTextL = "conditioner.embedders.0.transformer.", *kTextG = "conditioner.embedders.1.model.";

/// A weights file of diffusers' layout by the names it may have.
Result<NamedTensors> part_of(const fs::path& folder, const char* part, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const fs::path file = folder / part / name;
    if (std::error_code ignored; !fs::exists(file, ignored)) continue;
    PTAH_TRY(TensorFile content, read_safetensors(file));
    return std::move(content.tensors);
  }
  return fail(ErrorCode::not_found, "{}: no {} there", (folder / part).string(), *names.begin());
}

/// A folder of diffusers as one map in the original naming; text encoders keep Hugging Face's names.
Result<NamedTensors> read_folder(const fs::path& folder) {
  constexpr const char* kDiffusion = "diffusion_pytorch_model.safetensors";
  NamedTensors out;
  const auto take = [&](const NamedTensors& part, const std::string& prefix) {
    for (const auto& [name, tensor] : part) out.emplace(prefix + name, tensor);
  };
  PTAH_TRY(const NamedTensors unet, part_of(folder, "unet", {kDiffusion, "diffusion_pytorch_model.fp16.safetensors"}));
  take(original_unet_names(unet), kUnet);
  PTAH_TRY(const NamedTensors autoencoder, part_of(folder, "vae", {kDiffusion, "diffusion_pytorch_model.fp16.safetensors"}));
  take(original_autoencoder_names(autoencoder), kAutoencoder);
  PTAH_TRY(const NamedTensors text, part_of(folder, "text_encoder", {"model.safetensors", "model.fp16.safetensors"}));
  const bool two = fs::exists(folder / "text_encoder_2");
  take(text, two ? kTextL : kText1);
  if (two) {
    PTAH_TRY(const NamedTensors second, part_of(folder, "text_encoder_2", {"model.safetensors", "model.fp16.safetensors"}));
    take(second, kTextG);
  }
  return out;
}

bool any_begins(const NamedTensors& tensors, const std::string& prefix) {
  const auto found = tensors.lower_bound(prefix);
  return found != tensors.end() && found->first.rfind(prefix, 0) == 0;
}

Result<DiffusionFamily> family_of(const NamedTensors& tensors) {
  if (any_begins(tensors, kUnet) && any_begins(tensors, kTextL) && any_begins(tensors, kTextG)) return DiffusionFamily::sdxl;
  if (any_begins(tensors, kUnet) && any_begins(tensors, kText2)) return DiffusionFamily::sd2;
  if (any_begins(tensors, kUnet) && any_begins(tensors, kText1)) {
    // In diffusers' layout both 1 and 2 have their text encoder here: what the U-Net looks at tells them apart.
    const auto key = tensors.find(std::string(kUnet) + "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight");
    return key != tensors.end() && key->second.rank() == 2 && key->second.dim(1) == 1024 ? DiffusionFamily::sd2 : DiffusionFamily::sd1;
  }
  const std::pair<const char*, const char*> others[] = {{"model.diffusion_model.joint_blocks.", "Stable Diffusion 3"},
                                                        {"joint_blocks.", "Stable Diffusion 3"},
                                                        {"double_blocks.", "Flux"},
                                                        {"model.diffusion_model.double_blocks.", "Flux"},
                                                        {"conditioner.embedders.0.model.", "the SDXL refiner"},
                                                        {"lora_", "a LoRA, not a whole model"},
                                                        {kUnet, "a U-Net without its text encoder"},
                                                        {"decoder.", "an autoencoder alone"}};
  for (const auto& [prefix, name] : others)
    if (any_begins(tensors, prefix)) return fail(ErrorCode::unsupported, "this looks like {}; known: Stable Diffusion 1, 2 and XL", name);
  return fail(ErrorCode::unsupported, "no checkpoint of the Stable Diffusion family: its first tensor is '{}'", tensors.empty() ? "" : tensors.begin()->first);
}

Picture picture_of(const Tensor& rgb) {
  const int64_t height = rgb.dim(1), width = rgb.dim(2);
  Picture out = make_picture(width, height);
  if (DryRun::active()) return out;
  for (int64_t i = 0; i < width * height; ++i) {
    for (int64_t c = 0; c < 3; ++c) {
      const float value = (rgb.data<float>()[i * 3 + c] + 1) * 127.5F;
      out.rgba[static_cast<size_t>(i * 4 + c)] = std::isfinite(value) ? static_cast<uint8_t>(std::lround(std::clamp(value, 0.0F, 255.0F))) : 0;
    }
    out.rgba[static_cast<size_t>(i * 4 + 3)] = 255;
  }
  return out;
}

/// Each token's state times its weight, and all of them so that their mean stays (as the WebUI does).
void weigh(Tensor& states, const ClipWindows& windows) {
  if (DryRun::active()) return;
  const int64_t width = states.dim(2), tokens = states.dim(1);
  float* at = states.data<float>();
  double before = 0, after = 0;
  bool any = false;
  for (size_t w = 0; w < windows.ids.size(); ++w)
    for (int64_t t = 0; t < tokens; ++t) {
      const float weight = windows.weights[w][static_cast<size_t>(t)];
      any = any || weight != 1;
      for (int64_t i = 0; i < width; ++i, ++at) {
        before += static_cast<double>(*at);
        *at *= weight;
        after += static_cast<double>(*at);
      }
    }
  if (any && after != 0) states = affine(states, static_cast<float>(before / after));
}

/// Six numbers as sinusoids of 256, side by side.
Tensor size_features(int64_t width, int64_t height, int64_t features) {
  Tensor out = Tensor::empty({1, 6 * features});
  if (DryRun::active()) return out;
  const double numbers[6] = {static_cast<double>(height), static_cast<double>(width), 0, 0, static_cast<double>(height), static_cast<double>(width)};
  for (int64_t n = 0; n < 6; ++n)
    for (int64_t i = 0; i < features / 2; ++i) {
      const double angle = numbers[n] * std::exp(-std::log(10000.0) * static_cast<double>(i) / static_cast<double>(features / 2));
      out.data<float>()[n * features + i] = static_cast<float>(std::cos(angle));
      out.data<float>()[n * features + features / 2 + i] = static_cast<float>(std::sin(angle));
    }
  return out;
}

}  // namespace

Result<std::shared_ptr<const DiffusionModel>> DiffusionModel::load(const fs::path& path, const fs::path& vocabulary, const DiffusionShapes& shapes) {
  return guard([&]() -> Result<std::shared_ptr<const DiffusionModel>> {
    NamedTensors tensors;
    if (fs::is_directory(path)) {
      PTAH_TRY(tensors, read_folder(path));
    } else {
      PTAH_TRY(TensorFile file, read_safetensors(path));
      tensors = std::move(file.tensors);
    }
    PTAH_TRY(const auto merges, MappedFile::open(vocabulary));
    PTAH_TRY(ClipTokenizer tokenizer, ClipTokenizer::parse({reinterpret_cast<const char*>(merges->bytes().data()), merges->bytes().size()}));
    auto model = std::shared_ptr<DiffusionModel>(new DiffusionModel);
    model->tokenizer_ = std::make_unique<ClipTokenizer>(std::move(tokenizer));
    PTAH_TRY(model->family_, family_of(tensors));
    const DiffusionFamily family = model->family_;
    const bool xl = family == DiffusionFamily::sdxl;
    model->own_size_ = shapes.own_size ? shapes.own_size : xl ? 1024 : 512;
    model->type_ = shapes.type.value_or(compute_dtype());
    model->latent_scale_ = xl ? 0.13025F : 0.18215F;
    const bool open = family == DiffusionFamily::sd2 && any_begins(tensors, kText2);
    Weights weights(std::move(tensors));
    UnetConfig unet = shapes.unet;
    if (family == DiffusionFamily::sd1 && unet.heads == 0) unet.heads = 8;
    model->unet_ = std::make_unique<Unet>(weights, kUnet, unet);
    model->autoencoder_ = std::make_unique<KlAutoencoder>(weights, kAutoencoder, shapes.autoencoder);
    model->text_ = std::make_unique<ClipText>(weights,
                                              xl     ? kTextL
                                              : open ? kText2
                                                     : kText1,
                                              ClipTextConfig{.head_dim = shapes.head_dim, .quick_gelu = family != DiffusionFamily::sd2});
    if (xl) model->text2_ = std::make_unique<ClipText>(weights, kTextG, ClipTextConfig{.head_dim = shapes.head_dim, .quick_gelu = false});
    if (model->unet_->in_channels() != model->autoencoder_->channels())
      return fail(ErrorCode::unsupported, "a U-Net of {} channels on latents of {}: models with inputs of their own (inpainting, depth) are not drawn with yet",
                  model->unet_->in_channels(), model->autoencoder_->channels());
    const int64_t context = model->text_->width() + (xl ? model->text2_->width() : 0);
    if (model->unet_->context_width() != context)
      return fail(ErrorCode::mismatch, "the U-Net looks at texts of width {}; the text encoder's are {} wide", model->unet_->context_width(), context);
    if ((model->unet_->label_width() > 0) != xl)
      return fail(ErrorCode::unsupported, "a U-Net with a label of width {} in {}", model->unet_->label_width(), name_of(family));
    return std::shared_ptr<const DiffusionModel>(std::move(model));
  });
}

int64_t DiffusionModel::windows_of(const std::string& prompt) const { return static_cast<int64_t>(clip_windows(*tokenizer_, prompt, 0).ids.size()); }

DiffusionModel::Condition DiffusionModel::condition(const std::string& prompt, int64_t windows, int64_t clip_skip, int64_t width, int64_t height) const {
  const bool xl = family_ == DiffusionFamily::sdxl;
  Condition out;
  const auto states_of = [&](const ClipText& text, int32_t padding, bool pooled) {
    const ClipWindows cut = clip_windows(*tokenizer_, prompt, padding, static_cast<size_t>(windows));
    std::vector<int32_t> ids;
    for (const auto& window : cut.ids) ids.insert(ids.end(), window.begin(), window.end());
    const auto count = static_cast<int64_t>(cut.ids.size());
    const int64_t skip = clip_skip + (family_ == DiffusionFamily::sd1 ? 0 : 1);
    ClipText::Output made = text(Tensor::from({count, ClipTokenizer::kWindow}, ids), tokenizer_->end(), type_, skip, !xl);
    Tensor states = cast(made.states, DType::f32);
    weigh(states, cut);
    if (pooled) out.label = slice(made.pooled, 0, 0, 1);
    return states.reshape({1, count * ClipTokenizer::kWindow, text.width()});
  };
  out.states = states_of(*text_, family_ == DiffusionFamily::sd2 ? 0 : tokenizer_->end(), false);
  if (!xl) return out;
  out.states = concat({out.states, states_of(*text2_, 0, true)}, 2);
  const int64_t features = (unet_->label_width() - out.label.dim(1)) / 6;
  if (features < 2 || out.label.dim(1) + 6 * features != unet_->label_width())
    throw Failure({ErrorCode::mismatch, fmt::format("a label of width {} with texts of {}", unet_->label_width(), out.label.dim(1))});
  out.label = concat({out.label, size_features(width, height, features)}, 1);
  return out;
}

Result<Picture> DiffusionModel::paint(const PaintRequest& r, const ProgressCallback& progress, const CancelToken* cancel) const {
  PTAH_TRY_VOID(check(r));
  PTAH_TRY(const NoiseSampler sampler, noise_sampler_by_name(r.sampler));
  PTAH_TRY(const NoiseSchedule schedule, noise_schedule_by_name(r.schedule));
  return guard([&]() -> Result<Picture> {
    const NoGrad off;
    const DType type = type_;
    const int64_t width = r.width ? r.width : own_size_, height = r.height ? r.height : own_size_, factor = autoencoder_->factor();
    const bool guided = r.guidance != 1;
    const int64_t windows = std::max(windows_of(r.prompt), guided ? windows_of(r.negative) : 1);
    const Condition wanted = condition(r.prompt, windows, r.clip_skip, width, height);
    Tensor context = wanted.states, label = wanted.label;
    if (guided) {
      const Condition unwanted = condition(r.negative, windows, r.clip_skip, width, height);
      context = concat({wanted.states, unwanted.states}, 0);
      if (label.defined()) label = concat({wanted.label, unwanted.label}, 0);
    }
    context = cast(context, type);
    const NoiseLevels levels;
    const int64_t count = guided ? 2 : 1;
    NoiseSampling how;
    how.denoise = [&](const Tensor& x, double sigma) {
      const double shrink = 1 / std::sqrt(sigma * sigma + 1);
      const Tensor in = cast(affine(x, static_cast<float>(shrink)), type);
      const Tensor steps = Tensor::full({count}, static_cast<float>(levels.step(sigma)));
      Tensor made = (*unet_)(guided ? concat({in, in}, 0) : in, steps, context, label);
      if (guided) {  // Ho and Salimans 2022
        const Tensor with = slice(made, 0, 0, 1), without = slice(made, 0, 1, 2);
        made = add(without, affine(sub(with, without), r.guidance));
      }
      if (r.prediction == "velocity") return sub(affine(x, static_cast<float>(shrink * shrink)), affine(made, static_cast<float>(sigma * shrink)));
      return sub(x, affine(made, static_cast<float>(sigma)));
    };
    const Shape shape{1, height / factor, width / factor, autoencoder_->channels()};
    how.noise = [&](int64_t draw) { return Tensor::normal(shape, r.seed, static_cast<uint64_t>(draw) + 1); };
    how.before_step = [&](int64_t step) {
      if (cancel && cancel->cancelled()) throw Failure({ErrorCode::cancelled, "cancelled"});
      if (progress) progress({"draw", 0.9 * static_cast<double>(step) / static_cast<double>(r.steps), -1});
    };
    const std::vector<double> sigmas = noise_schedule(schedule, levels, r.steps);
    const Tensor noise = affine(Tensor::normal(shape, r.seed, 0), static_cast<float>(sigmas.front()));
    const Tensor z = affine(sample_noise(sampler, noise, sigmas, how), 1 / latent_scale_);
    if (cancel && cancel->cancelled()) throw Failure({ErrorCode::cancelled, "cancelled"});
    if (progress) progress({"decode", 0.9, -1});
    return picture_of(autoencoder_->decode(cast(z, type)));
  });
}

}  // namespace ptah
