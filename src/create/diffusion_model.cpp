#include "create/diffusion_model.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/file.h"
#include "base/parallel.h"
#include "base/torch_random.h"
#include "tensor/cpu/dense.h"
#include "tensor/ops.h"

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
  visit("rescale", c.rescale);
  visit("perpendicular", c.perpendicular, Later());
  visit("sampler", c.sampler);
  visit("schedule", c.schedule);
  visit("width", c.width);
  visit("height", c.height);
  visit("clip_skip", c.clip_skip);
  visit("prediction", c.prediction);
  visit("noise", c.noise);
  visit("strength", c.strength);
  visit("enlarge", c.enlarge);
  visit("enlarge_strength", c.enlarge_strength);
  visit("refine_from", c.refine_from, Later{0.8});
  visit("tile", c.tile);
}

Json to_json(const PaintRequest& request) { return json_of_fields(request); }
Result<PaintRequest> paint_request(const Json& json) { return fields_from_json<PaintRequest>(json, "request"); }

Result<void> check(const PaintRequest& r) {
  if (r.steps < 1 || r.steps > 1000) return fail(ErrorCode::invalid_argument, "steps {}; 1 to 1000 are possible", r.steps);
  if (!(r.guidance >= 0 && r.guidance <= 100)) return fail(ErrorCode::invalid_argument, "guidance {}; 0 to 100 are possible", r.guidance);
  if (!(r.refine_from >= 0 && r.refine_from <= 1)) return fail(ErrorCode::invalid_argument, "refine_from {}; 0 to 1 are possible", r.refine_from);
  if (!(r.rescale >= 0 && r.rescale <= 1)) return fail(ErrorCode::invalid_argument, "rescale {}; 0 to 1 are possible", r.rescale);
  if (!(r.perpendicular >= 0 && r.perpendicular <= 10)) return fail(ErrorCode::invalid_argument, "perpendicular {}; 0 to 10 are possible", r.perpendicular);
  if (r.perpendicular > 0 && r.guidance == 1)
    return fail(ErrorCode::invalid_argument, "perpendicular guidance needs guidance other than 1, which leaves the negative prompt out");
  for (const int64_t edge : {r.width, r.height})
    if (edge != 0 && (edge < 64 || edge > kMostPaintedEdge || edge % kPaintedEdgeStep != 0))
      return fail(ErrorCode::invalid_argument, "an edge of {} pixels; multiples of {} from 64 to {} are possible", edge, kPaintedEdgeStep, kMostPaintedEdge);
  if (r.clip_skip < 0 || r.clip_skip > 12) return fail(ErrorCode::invalid_argument, "clip-skip {}; 0 to 12 are possible", r.clip_skip);
  if (r.prompt.size() + r.negative.size() > 100000)
    return fail(ErrorCode::invalid_argument, "prompts of {} bytes; 100,000 are possible", r.prompt.size() + r.negative.size());
  if (r.prediction != "noise" && r.prediction != "velocity")
    return fail(ErrorCode::invalid_argument, "unknown prediction '{}'; known: noise velocity", r.prediction);
  if (r.noise != "philox" && r.noise != "torch") return fail(ErrorCode::invalid_argument, "unknown noise '{}'; known: philox torch", r.noise);
  for (const float share : {r.strength, r.enlarge_strength})
    if (!(share > 0 && share <= 1)) return fail(ErrorCode::invalid_argument, "strength {}; above 0 to 1 is possible", share);
  if (!(r.enlarge >= 1 && r.enlarge <= 4)) return fail(ErrorCode::invalid_argument, "enlarge {}; 1 to 4 are possible", r.enlarge);
  if (r.tile != 0 && (r.tile < 128 || r.tile > kMostPaintedEdge || r.tile % 64 != 0))
    return fail(ErrorCode::invalid_argument, "tiles of {} pixels; multiples of 64 from 128 to {} are possible", r.tile, kMostPaintedEdge);
  if (!r.sampler.empty()) PTAH_TRY_VOID(noise_sampler_by_name(r.sampler));
  if (!r.schedule.empty()) PTAH_TRY_VOID(noise_schedule_by_name(r.schedule));
  return {};
}

namespace {

constexpr const char *kT5End = "</s>", *kT5Padding = "<pad>";
constexpr size_t kMostT5Tokens = 256;  // as diffusers cuts them

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

/// The colours on a white ground as f32 [1, h, w, 3] in −1 … 1.
Tensor colours_of(const Picture& picture) {
  Tensor out = Tensor::empty({1, picture.height, picture.width, 3});
  if (DryRun::active()) return out;
  for (int64_t i = 0; i < picture.width * picture.height; ++i) {
    const uint8_t* p = picture.rgba.data() + i * 4;
    const float alpha = static_cast<float>(p[3]) / 255;
    for (int64_t c = 0; c < 3; ++c) out.data<float>()[i * 3 + c] = (static_cast<float>(p[c]) * alpha + 255 * (1 - alpha)) / 127.5F - 1;
  }
  return out;
}

/// How white it is, by luminance and alpha: f32 [1, h, w, 1] in 0 … 1.
Tensor whiteness_of(const Picture& picture) {
  Tensor out = Tensor::empty({1, picture.height, picture.width, 1});
  if (DryRun::active()) return out;
  for (int64_t i = 0; i < picture.width * picture.height; ++i) {
    const uint8_t* p = picture.rgba.data() + i * 4;
    out.data<float>()[i] =
        (0.299F * static_cast<float>(p[0]) + 0.587F * static_cast<float>(p[1]) + 0.114F * static_cast<float>(p[2])) / 255 * static_cast<float>(p[3]) / 255;
  }
  return out;
}

/// Pictures [1, h, w, c] made so large that they cover a size, and cut to it round their middle.
Tensor covering(const Tensor& x, int64_t height, int64_t width, Filter filter) {
  const double scale = std::max(static_cast<double>(height) / static_cast<double>(x.dim(1)), static_cast<double>(width) / static_cast<double>(x.dim(2)));
  const auto edge = [&](int64_t from, int64_t least) { return std::max<int64_t>(std::llround(static_cast<double>(from) * scale), least); };
  const int64_t tall = edge(x.dim(1), height), wide = edge(x.dim(2), width), top = (tall - height) / 2, left = (wide - width) / 2;
  return slice(slice(resize(x, tall, wide, filter), 1, top, top + height), 2, left, left + width);
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

double deviation(const Tensor& x) {
  if (DryRun::active()) return 1;
  double sum = 0, squares = 0;
  for (const float value : x.span<float>()) sum += static_cast<double>(value), squares += static_cast<double>(value) * static_cast<double>(value);
  const auto n = static_cast<double>(x.elements());
  return std::sqrt(std::max(squares / n - sum / n * sum / n, 0.0));
}

double dot(const Tensor& a, const Tensor& b) {
  double sum = 0;
  if (DryRun::active()) return 1;
  for (int64_t i = 0; i < a.elements(); ++i) sum += static_cast<double>(a.data<float>()[i]) * static_cast<double>(b.data<float>()[i]);
  return sum;
}

constexpr int64_t kGlimpsed = 4;  ///< channels of latents whose colours are known

/// Normal numbers [1, h, w, c], draw by draw in order.
class NoiseSource {
 public:
  NoiseSource(const PaintRequest& request, const Shape& shape) : shape_(shape), seed_(request.seed) {
    if (request.noise == "torch") torch_.emplace(request.seed);
  }
  Tensor operator()() {
    if (!torch_) return Tensor::normal(shape_, seed_, draws_++);
    const int64_t pixels = shape_[1] * shape_[2], channels = shape_[3];
    Tensor planes = Tensor::empty({1, channels, shape_[1], shape_[2]});
    if (DryRun::active()) return permute(planes, {0, 2, 3, 1});
    PTAH_CHECK(pixels * channels >= 16, "noise of {} numbers", pixels * channels);
    torch_->fill_normal(planes.span<float>());
    return permute(planes, {0, 2, 3, 1});
  }

 private:
  Shape shape_;
  uint64_t seed_, draws_ = 0;
  std::optional<TorchRandom> torch_;
};

}  // namespace

Tensor guided_noise(const Tensor& wanted, const Tensor& unwanted, float guidance, const Tensor& empty, float perpendicular) {
  if (!empty.defined()) return add(unwanted, affine(sub(wanted, unwanted), guidance));
  const Tensor along = sub(wanted, empty), away = sub(unwanted, empty);
  const double share = dot(away, along) / std::max(dot(along, along), 1e-30);
  const Tensor across = sub(away, affine(along, static_cast<float>(share)));
  return add(empty, affine(sub(along, affine(across, perpendicular)), guidance));
}

Result<std::shared_ptr<const DiffusionModel>> DiffusionModel::load(const DiffusionFiles& files, const fs::path& vocabulary, const DiffusionShapes& shapes) {
  return guard([&]() -> Result<std::shared_ptr<const DiffusionModel>> {
    const NoGrad off;
    auto model = std::shared_ptr<DiffusionModel>(new DiffusionModel);
    model->type_ = shapes.type.value_or(compute_dtype());
    PTAH_TRY(Checkpoint checkpoint, read_checkpoint(files, model->type_ == DType::f32));
    PTAH_TRY(const auto merges, MappedFile::open(vocabulary));
    PTAH_TRY(ClipTokenizer tokenizer, ClipTokenizer::parse({reinterpret_cast<const char*>(merges->bytes().data()), merges->bytes().size()}));
    model->tokenizer_ = std::make_unique<ClipTokenizer>(std::move(tokenizer));
    model->file_bytes_ = checkpoint.bytes;
    const DiffusionFamily family = model->family_ = checkpoint.family;
    const bool xl = family == DiffusionFamily::sdxl, third = family == DiffusionFamily::sd3;
    model->own_size_ = shapes.own_size ? shapes.own_size : xl || third ? 1024 : 512;
    model->latent_scale_ = third ? 1.5305F : xl ? 0.13025F : 0.18215F;
    if (third) model->latent_shift_ = 0.0609F;
    Weights weights(std::move(checkpoint.tensors));
    UnetConfig unet = shapes.unet;
    unet.wraps = files.wraps;
    unet.packing = files.packing;
    if (family == DiffusionFamily::sd1 && unet.heads == 0) unet.heads = 8;
    JointTransformerConfig transformer = shapes.transformer;
    transformer.packing = files.packing;
    if (third)
      model->transformer_ = std::make_unique<JointTransformer>(weights, checkpoint.places.unet, transformer);
    else
      model->unet_ = std::make_unique<Unet>(weights, checkpoint.places.unet, unet);
    if (checkpoint.small_autoencoder.empty()) {
      KlAutoencoderConfig autoencoder = shapes.autoencoder;
      autoencoder.wraps = files.wraps;
      model->autoencoder_ = std::make_unique<KlAutoencoder>(weights, kAutoencoderPlace, autoencoder);
    } else {
      Weights small(std::move(checkpoint.small_autoencoder));
      model->small_ = std::make_unique<TinyAutoencoder>(small, files.wraps);
    }
    for (const std::string& place : checkpoint.places.texts) {
      const bool quick = family != DiffusionFamily::sd2 && model->texts_.empty();
      model->texts_.push_back(std::make_unique<ClipText>(weights, place, ClipTextConfig{.head_dim = shapes.head_dim, .quick_gelu = quick}));
      ClipWords words;
      for (const auto& [name, vectors] : checkpoint.words) {
        const Tensor& rows = vectors[model->texts_.size() - 1];
        const int32_t first = model->texts_.back()->add_tokens(rows);
        for (int32_t i = 0; i < static_cast<int32_t>(rows.dim(0)); ++i) words[name].push_back(first + i);
      }
      model->words_.push_back(std::move(words));
    }
    int64_t context = 0;
    for (const auto& text : model->texts_) context += text->width();
    if (!checkpoint.t5.empty()) {
      PTAH_TRY(const fs::path file, t5_words(files));
      PTAH_TRY(const std::string text, read_text(file, 64 << 20));
      PTAH_TRY(const Json json, parse_json(text));
      auto made = Tokenizer::from_json(json);
      if (!made) return fail(made.error().code, "{}: {}", file.string(), made.error().message);
      model->t5_tokenizer_ = std::move(*made);
      for (const char* token : {kT5End, kT5Padding})
        if (model->t5_tokenizer_->id_of(token) < 0) return fail(ErrorCode::corrupt, "{}: no token {}; T5's tokenizer has one", file.string(), token);
      Weights t5(std::move(checkpoint.t5));
      model->t5_ = std::make_unique<T5Encoder>(t5, "", files.packing);
      if (model->t5_->width() != model->transformer_->context_width() || model->t5_->vocabulary() < model->t5_tokenizer_->size())
        return fail(ErrorCode::mismatch, "a T5 of {} words and width {}; the tokenizer has {}, the transformer looks at texts of width {}",
                    model->t5_->vocabulary(), model->t5_->width(), model->t5_tokenizer_->size(), model->transformer_->context_width());
    }
    if (third) {
      if (files.wraps || !checkpoint.controls.empty())
        return fail(ErrorCode::unsupported, "{} paints neither seamless textures nor under control yet", name_of(family));
      if (model->transformer_->channels() != model->channels() || model->transformer_->context_width() < context)
        return fail(ErrorCode::mismatch, "a transformer of {} channels that looks at texts of width {}; latents have {}, texts {}",
                    model->transformer_->channels(), model->transformer_->context_width(), model->channels(), context);
      return std::shared_ptr<const DiffusionModel>(std::move(model));
    }
    if (!checkpoint.refiner.empty()) {
      Weights refiner(std::move(checkpoint.refiner));
      model->refiner_ = std::make_unique<Unet>(refiner, "", unet);
      const int64_t wide = model->texts_[1]->width(), sizes = model->refiner_->label_width() - model->texts_[1]->pooled_width();
      if (model->refiner_->in_channels() != model->channels() || model->refiner_->context_width() != wide || sizes < 10 || sizes % 10)
        return fail(ErrorCode::mismatch,
                    "a refiner of {} channels that looks at texts of width {} with a label of width {}; the second text encoder is {} wide",
                    model->refiner_->in_channels(), model->refiner_->context_width(), model->refiner_->label_width(), wide);
    }
    for (auto& [tensors, strength] : checkpoint.controls) {
      Weights own(std::move(tensors));
      auto control = std::make_unique<ControlNet>(own, "", unet);
      if (control->in_channels() != model->channels() || control->context_width() != model->unet_->context_width() ||
          control->label_width() != model->unet_->label_width())
        return fail(ErrorCode::mismatch, "the network that controls was made for another family than {}", name_of(family));
      model->controls_.emplace_back(std::move(control), strength);
    }
    const int64_t seen = model->unet_->in_channels(), latents = model->channels();
    if (seen != latents && seen != 2 * latents + 1)
      return fail(ErrorCode::unsupported, "a U-Net of {} channels on latents of {}; possible: {}, and {} for inpainting", seen, latents, latents,
                  2 * latents + 1);
    if (model->unet_->context_width() != context)
      return fail(ErrorCode::mismatch, "the U-Net looks at texts of width {}; the text encoder's are {} wide", model->unet_->context_width(), context);
    if ((model->unet_->label_width() > 0) != xl)
      return fail(ErrorCode::unsupported, "a U-Net with a label of width {} in {}", model->unet_->label_width(), name_of(family));
    return std::shared_ptr<const DiffusionModel>(std::move(model));
  });
}

std::vector<int32_t> DiffusionModel::t5_ids(const std::string& prompt) const {
  std::string text;
  for (const WeightedText& part : weighted_parts(prompt)) text += part.text;
  std::vector<int32_t> ids = t5_tokenizer_->encode(text);
  ids.resize(std::min(ids.size(), kMostT5Tokens - 1));
  ids.push_back(t5_tokenizer_->id_of(kT5End));
  return ids;
}

DiffusionModel::Condition DiffusionModel::condition_of(const std::string& prompt, int64_t windows, int64_t t5_tokens, bool wanted, const PaintRequest& request,
                                                       int64_t width, int64_t height) const {
  const bool xl = family_ == DiffusionFamily::sdxl, third = family_ == DiffusionFamily::sd3;
  Condition out;
  std::vector<Tensor> states, pooled;
  for (size_t t = 0; t < texts_.size(); ++t) {
    const ClipText& text = *texts_[t];
    const int32_t padding = family_ == DiffusionFamily::sd2 || t > 0 ? 0 : tokenizer_->end();
    const ClipWindows cut = clip_windows(*tokenizer_, prompt, padding, static_cast<size_t>(windows), words_[t]);
    std::vector<int32_t> ids;
    for (const auto& window : cut.ids) ids.insert(ids.end(), window.begin(), window.end());
    const auto count = static_cast<int64_t>(cut.ids.size());
    const int64_t skip = request.clip_skip + (family_ == DiffusionFamily::sd1 ? 0 : 1);
    const ClipText::Output made = text(Tensor::from({count, ClipTokenizer::kWindow}, ids), tokenizer_->end(), type_, skip, !xl && !third);
    Tensor weighted = cast(made.states, DType::f32);
    weigh(weighted, cut);
    states.push_back(weighted.reshape({1, count * ClipTokenizer::kWindow, text.width()}));
    pooled.push_back(slice(made.pooled, 0, 0, 1));
  }
  out.states = states.size() > 1 ? concat(states, 2) : states[0];
  if (third) {
    // Beside these the model can see what T5 says; without it there are zeros, as in training with T5 left out.
    const int64_t seen = transformer_->context_width();
    out.states = pad(out.states, 2, 0, seen - out.states.dim(2));
    if (t5_) {
      std::vector<int32_t> ids = t5_ids(prompt);
      ids.resize(static_cast<size_t>(t5_tokens), t5_tokenizer_->id_of(kT5Padding));
      out.states = concat({out.states, cast((*t5_)(Tensor::from({1, t5_tokens}, ids), type_), DType::f32)}, 1);
    } else {
      out.states = pad(out.states, 1, 0, ClipTokenizer::kWindow);
    }
    out.label = concat(pooled, 1);
    if (out.label.dim(1) != transformer_->pooled_width())
      throw Failure(
          {ErrorCode::mismatch, fmt::format("a transformer for pooled texts of width {}; they have {}", transformer_->pooled_width(), out.label.dim(1))});
  }
  if (!xl) return out;
  out.label = pooled[1];
  const int64_t features = (unet_->label_width() - out.label.dim(1)) / 6;
  if (features < 2 || out.label.dim(1) + 6 * features != unet_->label_width())
    throw Failure({ErrorCode::mismatch, fmt::format("a label of width {} with texts of {}", unet_->label_width(), out.label.dim(1))});
  // The picture's size, where it is cut, and the size wanted.
  const auto w = static_cast<float>(width), h = static_cast<float>(height);
  if (refiner_) {
    // The picture's size, where it is cut, and how much it should please, as refiners were trained.
    const int64_t wide = (refiner_->label_width() - pooled[1].dim(1)) / 5;
    out.refiner_states = states[1];
    out.refiner_label = concat({pooled[1], sinusoids(Tensor::from({5}, {h, w, 0, 0, wanted ? 6.0F : 2.5F}), wide).reshape({1, 5 * wide})}, 1);
  }
  out.label = concat({out.label, sinusoids(Tensor::from({6}, {h, w, 0, 0, h, w}), features).reshape({1, 6 * features})}, 1);
  return out;
}

DiffusionModel::Condition DiffusionModel::condition(const PaintRequest& r, int64_t width, int64_t height) const {
  const auto windows_of = [&](const std::string& prompt) { return static_cast<int64_t>(clip_windows(*tokenizer_, prompt, 0, 1, words_[0]).ids.size()); };
  const bool guided = r.guidance != 1;
  const int64_t windows = std::max(windows_of(r.prompt), guided ? windows_of(r.negative) : 1);
  int64_t t5_tokens = ClipTokenizer::kWindow;  // at least so many, as others take them
  if (t5_)
    for (const std::string* prompt : {&r.prompt, &r.negative}) t5_tokens = std::max(t5_tokens, static_cast<int64_t>(t5_ids(*prompt).size()));
  Condition out = condition_of(r.prompt, windows, t5_tokens, true, r, width, height);
  const auto beside = [&](const std::string& prompt) {
    const Condition other = condition_of(prompt, windows, t5_tokens, false, r, width, height);
    for (const auto part : {&Condition::states, &Condition::label, &Condition::refiner_states, &Condition::refiner_label})
      if ((out.*part).defined()) out.*part = concat({out.*part, other.*part}, 0);
  };
  if (guided) beside(r.negative);
  if (guided && r.perpendicular > 0) beside("");
  out.states = cast(out.states, type_);
  if (refiner_) out.refiner_states = cast(out.refiner_states, type_);
  if (t5_) t5_->rest();
  for (const auto& text : texts_) text->rest();  // a picture takes long, and its words are read once
  return out;
}

Tensor DiffusionModel::encode(const Tensor& pictures) const {
  const Tensor in = cast(pictures, type_);
  return small_ ? small_->encode(in) : affine(autoencoder_->encode(in).mean, latent_scale_, -latent_shift_ * latent_scale_);
}

Tensor DiffusionModel::decode(const Tensor& latents, int64_t tile) const {
  const auto whole = [&](const Tensor& z) {
    return small_ ? small_->decode(cast(z, type_)) : autoencoder_->decode(cast(affine(z, 1 / latent_scale_, latent_shift_), type_));
  };
  const int64_t edge = tile / factor(), height = latents.dim(1), width = latents.dim(2);
  if (tile == 0 || (height <= edge && width <= edge)) return whole(latents);
  // Overlapping tiles, each fading in over a quarter of its edge.
  const int64_t overlap = edge / 4, f = factor();
  const auto starts = [&](int64_t size) {
    std::vector<int64_t> out{0};
    while (out.back() + edge < size) out.push_back(std::min(out.back() + edge - overlap, size - edge));
    return out;
  };
  Tensor sum = Tensor::zeros({1, height * f, width * f, 3}), weight = Tensor::zeros({height * f, width * f});
  for (const int64_t y : starts(height))
    for (const int64_t x : starts(width)) {
      const int64_t h = std::min(edge, height), w = std::min(edge, width);
      const Tensor part = whole(slice(slice(latents, 1, y, y + h), 2, x, x + w));
      if (DryRun::active()) continue;
      const auto fade = [&](int64_t i, int64_t size) { return static_cast<float>(std::min({i + 1, size - i, overlap * f})) / static_cast<float>(overlap * f); };
      for (int64_t j = 0; j < h * f; ++j)
        for (int64_t i = 0; i < w * f; ++i) {
          const float by = fade(j, h * f) * fade(i, w * f);
          const int64_t at = (y * f + j) * width * f + x * f + i;
          weight.data<float>()[at] += by;
          for (int64_t c = 0; c < 3; ++c) sum.data<float>()[at * 3 + c] += by * part.data<float>()[(j * w * f + i) * 3 + c];
        }
    }
  return div(sum, weight.reshape({1, height * f, width * f, 1}));
}

Picture DiffusionModel::glimpse(const Tensor& latents) const {
  if (small_) return picture_of(small_->decode(cast(latents, type_)));
  // How much red, green and blue each channel holds, as measured by others on these autoencoders.
  constexpr std::array<std::array<float, 3>, 4> kSd{
      {{0.3512F, 0.2297F, 0.3227F}, {0.3250F, 0.4974F, 0.2350F}, {-0.2829F, 0.1762F, 0.2721F}, {-0.2120F, -0.2616F, -0.7177F}}};
  constexpr std::array<std::array<float, 3>, 4> kXl{
      {{0.3651F, 0.4232F, 0.4341F}, {-0.2533F, -0.0042F, 0.1068F}, {0.1076F, 0.1111F, -0.0362F}, {-0.3165F, -0.2492F, -0.2188F}}};
  const auto& table = family_ == DiffusionFamily::sdxl ? kXl : kSd;
  std::vector<float> matrix;
  for (size_t c = 0; c < 3; ++c)
    for (const auto& row : table) matrix.push_back(row[c]);
  return picture_of(linear(latents, Tensor::from({3, 4}, matrix)));
}

DiffusionModel::Start DiffusionModel::start_from(const Sources& sources, int64_t width, int64_t height) const {
  Start out;
  const int64_t h = height / factor(), w = width / factor();
  if (sources.from) {
    out.colours = covering(colours_of(*sources.from), height, width, Filter::lanczos);
    out.latents = encode(out.colours);
  }
  if (sources.mask) {
    out.white = covering(whiteness_of(*sources.mask), height, width, Filter::bilinear);
    out.mask = resize(out.white, h, w, Filter::bilinear);
  }
  if (!inpaints()) return out;
  // Where it is drawn anew the U-Net sees grey.
  const Tensor anew = out.white.defined() ? out.white : Tensor::full({1, height, width, 1}, 1);
  Tensor kept = Tensor::empty(anew.shape()), asked = resize(anew, h, w, Filter::nearest);
  if (!DryRun::active()) {
    for (int64_t i = 0; i < anew.elements(); ++i) kept.data<float>()[i] = anew.data<float>()[i] < 0.5F ? 1 : 0;
    for (float& value : asked.span<float>()) value = value < 0.5F ? 0 : 1;
  }
  const Tensor masked = out.colours.defined() ? mul(out.colours, kept) : Tensor::zeros({1, height, width, 3});
  out.seen = concat({asked, encode(masked)}, 3);
  return out;
}

/// One way from noise to latents.
struct DiffusionModel::Pass {
  const PaintRequest& request;
  int64_t width, height;
  const Condition& condition;
  const Start& start;
  float strength;
  const std::vector<Tensor>& hints;  ///< of the networks that control
  const std::function<void(int64_t step, int64_t steps)>& before_step;
  const PreviewCallback& preview;
};

Tensor DiffusionModel::sample(const Pass& pass) const {
  const PaintRequest& r = pass.request;
  const NoiseLevels levels;
  const bool guided = r.guidance != 1;
  const int64_t count = !guided ? 1 : r.perpendicular > 0 ? 3 : 2;
  const auto for_each = [&](const Tensor& x) { return count > 1 ? concat(std::vector<Tensor>(static_cast<size_t>(count), x), 0) : x; };
  const Shape shape{1, pass.height / factor(), pass.width / factor(), channels()};
  NoiseSource noise(r, shape);
  const std::vector<double> all = noise_schedule(value_or_throw(noise_schedule_by_name(r.schedule)), levels, r.steps);
  const bool flows = transformer_ != nullptr;
  // What a picture becomes at a level: noise on top of it, or on the straight way to noise.
  const auto noised = [&](const Tensor& picture, const Tensor& by, double sigma) {
    return add(flows ? affine(picture, static_cast<float>(1 - sigma)) : picture, affine(by, static_cast<float>(sigma)));
  };
  const auto gone = std::clamp<int64_t>(std::llround(static_cast<double>(r.steps) * static_cast<double>(pass.strength)), 1, r.steps);
  const std::vector<double> sigmas(all.end() - 1 - gone, all.end());
  const auto refined = static_cast<size_t>(std::llround(static_cast<double>(r.steps) * static_cast<double>(r.refine_from)));
  const Tensor first = noise();
  Tensor latest;  // what the model saw last
  int64_t step_now = 0;

  NoiseSampling how;
  how.denoise = [&](const Tensor& given, double sigma) {
    Tensor x = given;
    const auto outside = [&](const Tensor& inside, const Tensor& kept) { return add(mul(inside, pass.start.mask), mul(kept, affine(pass.start.mask, -1, 1))); };
    const bool keeps = pass.start.mask.defined() && pass.start.latents.defined();
    if (keeps) x = outside(x, noised(pass.start.latents, first, sigma));
    const double shrink = flows ? 1 : 1 / std::sqrt(sigma * sigma + 1);
    const Tensor bare = cast(affine(x, static_cast<float>(shrink)), type_);
    const Tensor in = for_each(pass.start.seen.defined() ? concat({bare, cast(pass.start.seen, type_)}, 3) : bare);
    const Tensor steps = Tensor::full({count}, static_cast<float>(levels.step(sigma)));
    UnetControl control;
    for (size_t i = 0; i < controls_.size(); ++i) {
      UnetControl one = (*controls_[i].first)(for_each(bare), for_each(pass.hints[i]), steps, pass.condition.states, pass.condition.label, controls_[i].second);
      if (i == 0) {
        control = std::move(one);
        continue;
      }
      control.middle = add(control.middle, one.middle);
      for (size_t p = 0; p < one.passed.size(); ++p) control.passed[p] = add(control.passed[p], one.passed[p]);
    }
    const bool refines = refiner_ && sigma <= all[refined];
    Tensor made = refines ? (*refiner_)(in, steps, pass.condition.refiner_states, pass.condition.refiner_label)
                  : flows ? (*transformer_)(in, Tensor::full({count}, static_cast<float>(sigma)), pass.condition.states, pass.condition.label)
                          : (*unet_)(in, steps, pass.condition.states, pass.condition.label, controls_.empty() ? nullptr : &control);
    if (guided) {
      const Tensor with = slice(made, 0, 0, 1), without = slice(made, 0, 1, 2);
      made = guided_noise(with, without, r.guidance, count > 2 ? slice(made, 0, 2, 3) : Tensor(), r.perpendicular);
      if (r.rescale > 0)
        made = affine(
            made, static_cast<float>(1 - static_cast<double>(r.rescale) + static_cast<double>(r.rescale) * deviation(with) / std::max(deviation(made), 1e-12)));
    }
    Tensor picture = r.prediction == "velocity" ? sub(affine(x, static_cast<float>(shrink * shrink)), affine(made, static_cast<float>(sigma * shrink)))
                                                : sub(x, affine(made, static_cast<float>(sigma)));
    if (keeps) picture = outside(picture, pass.start.latents);
    if (pass.preview && (small_ || channels() == kGlimpsed)) latest = picture;
    return picture;
  };
  how.noise = [&](int64_t) { return noise(); };
  how.before_step = [&](int64_t step) {
    if (pass.preview && latest.defined()) pass.preview(step_now, glimpse(latest));
    step_now = step + 1;
    pass.before_step(step, gone);
  };
  const Tensor x = pass.start.latents.defined() ? noised(pass.start.latents, first, sigmas.front()) : affine(first, static_cast<float>(sigmas.front()));
  return sample_noise(value_or_throw(noise_sampler_by_name(r.sampler)), x, sigmas, how);
}

PaintRequest DiffusionModel::settled(PaintRequest request) const {
  const bool flows = transformer_ != nullptr;
  if (request.sampler.empty()) request.sampler = flows ? "euler" : "dpmpp_2m";
  if (request.schedule.empty()) request.schedule = flows ? "flow" : "karras";
  return request;
}

Result<Picture> DiffusionModel::paint(const PaintRequest& asked, const Sources& sources, const ProgressCallback& progress, const CancelToken* cancel,
                                      const PreviewCallback& preview) const {
  PTAH_TRY_VOID(check(asked));
  const PaintRequest r = settled(asked);
  const bool flows = transformer_ != nullptr;
  if (flows)
    for (const int64_t edge : {r.width, r.height})
      if (edge % kFlowEdgeStep != 0)
        return fail(ErrorCode::invalid_argument, "an edge of {} pixels; {} takes multiples of {}", edge, name_of(family_), kFlowEdgeStep);
  if (flows != (r.schedule == "flow")) return fail(ErrorCode::invalid_argument, "schedule '{}' does not go with {}", r.schedule, name_of(family_));
  if (flows && r.sampler != "euler" && r.sampler != "heun" && r.sampler != "dpm2" && r.sampler != "ddim")
    return fail(ErrorCode::invalid_argument, "sampler '{}' does not go with {}; possible: euler heun dpm2 ddim", r.sampler, name_of(family_));
  PTAH_TRY_VOID(check(sources));
  if (sources.controls.size() != controls_.size())
    return fail(ErrorCode::invalid_argument, "{} networks that control, {} pictures for them", controls_.size(), sources.controls.size());
  if (sources.mask && r.enlarge != 1) return fail(ErrorCode::invalid_argument, "a picture with a mask cannot be enlarged; paint it first, then enlarge");
  const auto fitting = [](int64_t edge) { return std::clamp<int64_t>(edge / 64 * 64, 64, kMostPaintedEdge); };
  const int64_t width = r.width ? r.width : sources.from ? fitting(sources.from->width) : own_size_;
  const int64_t height = r.height ? r.height : sources.from ? fitting(sources.from->height) : own_size_;
  const int64_t large_width = fitting(static_cast<int64_t>(static_cast<float>(width) * r.enlarge)),
                large_height = fitting(static_cast<int64_t>(static_cast<float>(height) * r.enlarge));
  return guard([&]() -> Result<Picture> {
    const NoGrad off;
    const double share = r.enlarge > 1 ? 0.25 : 0.9;  // of the progress, for the first pass
    double from = 0, span = share;
    const std::function<void(int64_t, int64_t)> before_step = [&](int64_t step, int64_t steps) {
      stop_if_cancelled(cancel);
      if (progress) progress({"draw", from + span * static_cast<double>(step) / static_cast<double>(steps), -1});
    };
    const auto hints_at = [&](int64_t w, int64_t h) {
      std::vector<Tensor> hints;
      for (size_t i = 0; i < controls_.size(); ++i) {
        const Tensor picture =
            covering(colours_of(sources.controls[i]), h / factor() * ControlNet::kFactor, w / factor() * ControlNet::kFactor, Filter::bilinear);
        hints.push_back(controls_[i].first->look(cast(affine(picture, 0.5F, 0.5F), type_)));
      }
      return hints;
    };
    Condition words = condition(r, width, height);
    const auto pass = [&](int64_t w, int64_t h, const Start& start, float strength) {
      const std::vector<Tensor> hints = hints_at(w, h);
      return sample({r, w, h, words, start, strength, hints, before_step, preview});
    };
    const Start start = start_from(sources, width, height);
    Tensor z = pass(width, height, start, sources.from ? r.strength : 1);
    if (large_width != width || large_height != height) {
      stop_if_cancelled(cancel);
      Start again = start_from({}, large_width, large_height);
      again.latents = encode(resize(decode(z, r.tile), large_height, large_width, Filter::lanczos));
      from = share;
      span = 0.9 - share;
      if (family_ == DiffusionFamily::sdxl) words = condition(r, large_width, large_height);  // the only one that is told the size
      z = pass(large_width, large_height, again, r.enlarge_strength);
    }
    stop_if_cancelled(cancel);
    if (progress) progress({"decode", 0.9, -1});
    Tensor colours = decode(z, r.tile);
    if (start.white.defined()) colours = add(mul(colours, start.white), mul(start.colours, affine(start.white, -1, 1)));  // what stays, stays to the pixel
    return picture_of(colours);
  });
}

}  // namespace ptah
