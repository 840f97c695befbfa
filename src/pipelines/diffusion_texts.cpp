// What a prompt becomes for the network that draws.
#include <algorithm>
#include <span>

#include "base/parallel.h"
#include "pipelines/diffusion_model.h"
#include "tensor/device.h"
#include "tensor/ops.h"

namespace ptah {

namespace {

constexpr const char *kT5End = "</s>", *kT5Padding = "<pad>";
constexpr size_t kMaxT5Tokens = 256;  // as diffusers cuts them

/// Each token's state times its weight, and all of them so that their mean stays (as the WebUI does): that of each window, or by rules 1 that of all.
void weigh(Tensor& states, const ClipWindows& windows, int64_t rules) {
  if (DryRun::active()) return;
  const int64_t width = states.dim(2), tokens = states.dim(1), each = tokens * width;
  float* numbers = states.data<float>();
  const auto scaled = [&](size_t first, size_t last) {
    double before = 0, after = 0;
    bool any = false;
    for (size_t w = first; w < last; ++w)
      for (int64_t t = 0; t < tokens; ++t) {
        const float weight = windows.weights[w][static_cast<size_t>(t)];
        any = any || weight != 1;
        for (float& one : std::span(numbers + static_cast<int64_t>(w) * each + t * width, static_cast<size_t>(width))) {
          before += static_cast<double>(one);
          one *= weight;
          after += static_cast<double>(one);
        }
      }
    if (!any || after == 0) return;
    const auto by = static_cast<float>(before / after);
    for (float& one : std::span(numbers + static_cast<int64_t>(first) * each, (last - first) * static_cast<size_t>(each))) one *= by;
  };
  if (rules == 1) return scaled(0, windows.ids.size());
  for (size_t w = 0; w < windows.ids.size(); ++w) scaled(w, w + 1);
}

}  // namespace

std::vector<int32_t> DiffusionModel::t5_ids(const std::string& prompt, int64_t rules) const {
  std::string text;
  for (const WeightedText& part : weighted_parts(prompt, rules)) text += part.breaks ? " " : part.text;
  std::vector<int32_t> ids = t5_tokenizer_->encode(text);
  ids.resize(std::min(ids.size(), kMaxT5Tokens - 1));
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
    const ClipWindows cut = clip_windows(*tokenizer_, prompt, paddings_[t], static_cast<size_t>(windows), words_[t], request.prompt_rules);
    std::vector<int32_t> ids;
    for (const auto& window : cut.ids) ids.insert(ids.end(), window.begin(), window.end());
    const auto count = static_cast<int64_t>(cut.ids.size());
    const int64_t skip = request.clip_skip + text_skip_;
    const ClipText::Output made = text(Tensor::from({count, ClipTokenizer::kWindow}, ids), tokenizer_->end(), type_, skip, !xl && !third);
    Tensor weighted = cast(made.states, DType::f32);
    weigh(weighted, cut, request.prompt_rules);
    states.push_back(weighted.reshape({1, count * ClipTokenizer::kWindow, text.width()}));
    pooled.push_back(slice(made.pooled, 0, 0, 1));
  }
  out.states = states.size() > 1 ? concat(states, 2) : states[0];
  if (third) {
    // Beside these the model can see what T5 says; without it there are zeros, as in training with T5 left out.
    const int64_t seen = transformer_->context_width();
    out.states = pad(out.states, 2, 0, seen - out.states.dim(2));
    if (t5_) {
      std::vector<int32_t> ids = t5_ids(prompt, request.prompt_rules);
      ids.resize(static_cast<size_t>(t5_tokens), t5_tokenizer_->id_of(kT5Padding));
      out.states = concat({out.states, cast((*t5_)(Tensor::from({1, t5_tokens}, ids), type_), DType::f32)}, 1);
    } else {
      out.states = pad(out.states, 1, 0, t5_tokens);
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
    out.refiner_label =
        concat({pooled[1], sinusoids(Tensor::from({5}, {h, w, 0, 0, wanted ? 6.0F : 2.5F}), wide, 1, refiner_->config().sinusoids).reshape({1, 5 * wide})}, 1);
  }
  out.label = concat({out.label, sinusoids(Tensor::from({6}, {h, w, 0, 0, h, w}), features, 1, unet_->config().sinusoids).reshape({1, 6 * features})}, 1);
  return out;
}

void DiffusionModel::clear(Condition& out) const {
  if (DryRun::active()) return;
  std::ranges::fill(out.states.span<float>(), 0.0F);
  // Of the label only the text; the sizes stay.
  const auto text = static_cast<size_t>(texts_[1]->pooled_width());
  std::ranges::fill(out.label.span<float>().first(text), 0.0F);
  if (!refiner_) return;
  std::ranges::fill(out.refiner_states.span<float>(), 0.0F);
  std::ranges::fill(out.refiner_label.span<float>().first(text), 0.0F);
}

DiffusionModel::Condition DiffusionModel::condition(const PaintRequest& r, int64_t width, int64_t height) const {
  const auto windows_of = [&](const std::string& prompt) {
    return static_cast<int64_t>(clip_windows(*tokenizer_, prompt, 0, 1, words_[0], r.prompt_rules).ids.size());
  };
  const bool guided = r.guidance != 1;
  const int64_t windows = std::max(windows_of(r.prompt), guided ? windows_of(r.negative) : 1);
  int64_t t5_tokens = r.as_diffusers ? static_cast<int64_t>(kMaxT5Tokens) : ClipTokenizer::kWindow;  // at least so many, as others take them
  if (t5_)
    for (const std::string* prompt : {&r.prompt, &r.negative}) t5_tokens = std::max(t5_tokens, static_cast<int64_t>(t5_ids(*prompt, r.prompt_rules).size()));
  Condition out = condition_of(r.prompt, windows, t5_tokens, true, r, width, height);
  const auto beside = [&](const std::string& prompt) {
    Condition other = condition_of(prompt, windows, t5_tokens, false, r, width, height);
    if (r.as_diffusers && empty_is_zero_ && family_ == DiffusionFamily::sdxl && prompt.empty()) clear(other);
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

}  // namespace ptah
