#include "pipelines/diffusion_model.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/file.h"
#include "base/parallel.h"
#include "base/text.h"
#include "nn/diffusion/torch_random.h"
#include "pixels/image_tensor.h"
#include "tensor/device.h"
#include "tensor/ops.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// Pictures [1, h, w, c] made so large that they cover a size, and cut to it round their middle.
Tensor covering(const Tensor& x, int64_t height, int64_t width, Filter filter) {
  const double scale = std::max(static_cast<double>(height) / static_cast<double>(x.dim(1)), static_cast<double>(width) / static_cast<double>(x.dim(2)));
  const auto edge = [&](int64_t from, int64_t min_edge) { return std::max<int64_t>(std::llround(static_cast<double>(from) * scale), min_edge); };
  const int64_t tall = edge(x.dim(1), height), wide = edge(x.dim(2), width), top = (tall - height) / 2, left = (wide - width) / 2;
  return slice(slice(resize(x, tall, wide, filter), 1, top, top + height), 2, left, left + width);
}

double deviation(const Tensor& x) {
  if (DryRun::active()) return 1;
  double sum = 0, squares = 0;
  for (const float value : x.span<float>()) sum += static_cast<double>(value), squares += static_cast<double>(value) * static_cast<double>(value);
  const auto n = static_cast<double>(x.elements());
  return std::sqrt(std::max(squares / n - sum / n * sum / n, 0.0));
}

/// How many of the steps a picture to start from leaves: rounded, or as diffusers cuts them.
int64_t steps_gone(const PaintRequest& r, float strength, bool flows) {
  const double exact = static_cast<double>(r.steps) * static_cast<double>(strength);
  if (!r.as_diffusers) return std::clamp<int64_t>(std::llround(exact), 1, r.steps);
  constexpr double kSlack = 1e-6;  // strengths are kept in single precision, and 10 · 0.3 is to be 3
  const auto gone = static_cast<int64_t>(flows ? std::ceil(exact - kSlack) : std::floor(exact + kSlack));
  if (gone < 1)
    throw Failure({ErrorCode::invalid_argument, fmt::format("strength {} of {} steps leaves none in diffusers' way; take more of either", strength, r.steps)});
  return std::min(gone, r.steps);
}

/// Samplers that diffusers computes on pictures of variance 1 at every level.
bool holds_variance(NoiseSampler sampler) {
  return sampler == NoiseSampler::ddim || sampler == NoiseSampler::ddpm || sampler == NoiseSampler::lcm || sampler == NoiseSampler::uni_pc ||
         sampler == NoiseSampler::dpmpp_2m || sampler == NoiseSampler::dpmpp_2m_sde;
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

Image DiffusionModel::glimpse(const Tensor& latents) const {
  if (small_) return to_opaque_image(small_->decode(cast(latents, type_)));
  // How much red, green and blue each channel holds, as measured by others on these autoencoders.
  constexpr std::array<std::array<float, 3>, 4> kSd{
      {{0.3512F, 0.2297F, 0.3227F}, {0.3250F, 0.4974F, 0.2350F}, {-0.2829F, 0.1762F, 0.2721F}, {-0.2120F, -0.2616F, -0.7177F}}};
  constexpr std::array<std::array<float, 3>, 4> kXl{
      {{0.3651F, 0.4232F, 0.4341F}, {-0.2533F, -0.0042F, 0.1068F}, {0.1076F, 0.1111F, -0.0362F}, {-0.3165F, -0.2492F, -0.2188F}}};
  const auto& table = family_ == DiffusionFamily::sdxl ? kXl : kSd;
  std::vector<float> matrix;
  for (size_t c = 0; c < 3; ++c)
    for (const auto& row : table) matrix.push_back(row[c]);
  return to_opaque_image(linear(latents, Tensor::from({3, 4}, matrix)));
}

DiffusionModel::Start DiffusionModel::start_from(const Sources& sources, int64_t width, int64_t height, bool hard, MaskRule rule) const {
  Start out;
  const int64_t h = height / factor(), w = width / factor();
  if (sources.from) {
    out.colours = covering(rgb_on_white(*sources.from), height, width, Filter::lanczos);
    out.latents = encode(out.colours);
  }
  if (sources.mask) {
    out.white = covering(mask_share(*sources.mask, rule), height, width, Filter::bilinear);
    if (hard && !DryRun::active())
      for (float& value : out.white.span<float>()) value = value < 0.5F ? 0 : 1;
    out.mask = resize(out.white, h, w, hard ? Filter::nearest : Filter::bilinear);
  }
  if (!inpaints()) return out;
  // Where it is redrawn the U-Net sees grey.
  const Tensor redrawn = out.white.defined() ? out.white : Tensor::full({1, height, width, 1}, 1);
  Tensor kept = Tensor::empty(redrawn.shape()), asked = resize(redrawn, h, w, Filter::nearest);
  if (!DryRun::active()) {
    for (int64_t i = 0; i < redrawn.elements(); ++i) kept.data<float>()[i] = redrawn.data<float>()[i] < 0.5F ? 1 : 0;
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
  const NoiseLevels& levels = levels_;
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
  const int64_t gone = steps_gone(r, pass.strength, flows);
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
  const NoiseSampler sampler = value_or_throw(noise_sampler_by_name(r.sampler));
  const NoiseSchedule schedule = value_or_throw(noise_schedule_by_name(r.schedule));
  // diffusers' samplers that hold the picture's variance at 1 begin with noise of that variance, and so end.
  const bool held = !flows && (r.as_diffusers || is_spacing(schedule)) && (holds_variance(sampler) || schedule == NoiseSchedule::leading);
  const double begun = held ? std::sqrt(sigmas.front() * sigmas.front() + 1) : sigmas.front();
  const bool from_noise = !pass.start.latents.defined() || (r.as_diffusers && pass.start.mask.defined() && gone == r.steps);
  const Tensor x = from_noise ? affine(first, static_cast<float>(begun)) : noised(pass.start.latents, first, sigmas.front());
  Tensor made = sample_noise(sampler, x, sigmas, how);
  if (sigmas.back() > 0 && holds_variance(sampler)) made = affine(made, static_cast<float>(1 / std::sqrt(sigmas.back() * sigmas.back() + 1)));
  if (r.as_diffusers && pass.start.mask.defined() && pass.start.latents.defined())
    made = add(mul(made, pass.start.mask), mul(pass.start.latents, affine(pass.start.mask, -1, 1)));
  return made;
}

Result<Image> DiffusionModel::paint(const PaintRequest& asked, const Sources& sources, const ProgressCallback& progress, const CancelToken* cancel,
                                    const PreviewCallback& preview) const {
  PTAH_TRY_VOID(check(asked));
  const PaintRequest r = with_defaults(asked);
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
  const auto fitting = [](int64_t edge) { return std::clamp<int64_t>(edge / 64 * 64, 64, kMaxPaintedEdge); };
  const int64_t width = r.width ? r.width : sources.from ? fitting(sources.from->width) : own_size_;
  const int64_t height = r.height ? r.height : sources.from ? fitting(sources.from->height) : own_size_;
  const auto enlarged = [&](int64_t edge) { return r.enlarge > 1 ? fitting(static_cast<int64_t>(static_cast<float>(edge) * r.enlarge)) : edge; };
  const int64_t large_width = enlarged(width), large_height = enlarged(height);
  return guard([&]() -> Result<Image> {
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
            covering(rgb_on_white(sources.controls[i]), h / factor() * ControlNet::kFactor, w / factor() * ControlNet::kFactor, Filter::bilinear);
        hints.push_back(controls_[i].first->look(cast(affine(picture, 0.5F, 0.5F), type_)));
      }
      return hints;
    };
    Condition words = condition(r, width, height);
    const auto pass = [&](int64_t w, int64_t h, const Start& start, float strength) {
      const std::vector<Tensor> hints = hints_at(w, h);
      return sample({r, w, h, words, start, strength, hints, before_step, preview});
    };
    const Start start = start_from(sources, width, height, r.as_diffusers, static_cast<MaskRule>(r.mask_rule));
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
    if (start.white.defined() && !r.as_diffusers)
      colours = add(mul(colours, start.white), mul(start.colours, affine(start.white, -1, 1)));  // what stays, stays to the pixel
    return to_opaque_image(colours);
  });
}

}  // namespace ptah
