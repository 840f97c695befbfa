#include "image/render_denoiser.h"

#include <algorithm>
#include <cmath>

#include "image/upscaler.h"
#include "models/model_file.h"
#include "models/registry.h"
#include "tensor/device.h"
#include "tensor/ops.h"

namespace ptah {

template <class C, class Visit>
requires std::same_as<std::remove_const_t<C>, RenderDenoiserConfig>
void fields(C& c, const Visit& visit) { visit("widths", c.widths); }

namespace {

constexpr int64_t kLevels = 3, kTaps = 25;
/// Pictures are denoised in squares, each with what its pixels are averaged from around it, as far as the picture goes.
constexpr int64_t kTile = 512, kTileBorder = 64;
/// What the light of a covered pixel is divided by besides its albedo, so that black things have a number too.
constexpr float kMinAlbedo = 0.02F;

/// Which pixels of a side a tile computes, and how many of them lie before those that it keeps.
struct TileSpan {
  int64_t begin, count, before;
};
TileSpan span_of(int64_t first, int64_t kept, int64_t side) {
  const int64_t begin = std::max<int64_t>(first - kTileBorder, 0), end = std::min(first + kept + kTileBorder, side);
  return {begin, (end - begin + kDenoiserUnit - 1) / kDenoiserUnit * kDenoiserUnit, first - begin};
}

/// What light is divided by: 0 where nothing is covered.
float divisor(const Radiance& radiance, size_t i, size_t c) {
  const float covered = 1 - luminance(radiance.through[i]);
  return radiance.albedo[i][c] + kMinAlbedo * std::max(covered, 0.0F);
}

float log_of(float light) { return std::log1p(std::clamp(light, 0.0F, 1e4F)); }

}  // namespace

Json to_json(const RenderDenoiserConfig& config) { return json_of_fields(config); }

Result<RenderDenoiserConfig> render_denoiser_config(const Json& json) {
  PTAH_TRY(const RenderDenoiserConfig config, fields_from_json<RenderDenoiserConfig>(json, "denoiser config"));
  const auto sane = [](int64_t width) { return width >= 1 && width <= 512; };
  if (config.widths.size() != kLevels || !std::all_of(config.widths.begin(), config.widths.end(), sane))
    return fail(ErrorCode::corrupt, "denoiser config: values out of range in {}", json.dump());
  return config;
}

RenderDenoiserNetwork::RenderDenoiserNetwork(const Scope& scope, const RenderDenoiserConfig& config)
    : config_(config), in_(scope / "in", 4 * kDenoiserInputs, config.widths[0], 3) {
  const auto& widths = config.widths;
  const auto level = [&](int64_t l) { return scope / "levels" / static_cast<int>(l); };
  // Weights of 25 neighbours, and how much of the finer average is taken; there is nothing coarser than the last level.
  weighing_.emplace_back(scope / "weighing", widths[0], 4 * (kTaps + 1), true, 0.1F);
  for (int64_t l = 0; l < kLevels; ++l) {
    const int64_t width = widths[static_cast<size_t>(l)];
    if (l > 0) down_.emplace_back(level(l) / "down", widths[static_cast<size_t>(l - 1)], width, 3, 2, 1.4F);
    levels_.emplace_back(level(l) / "block", width);
    weighing_.emplace_back(level(l) / "weighing", width, l + 1 < kLevels ? kTaps + 1 : kTaps, true, 0.1F);
    if (l + 1 < kLevels) {
      up_.emplace_back(level(l) / "up", widths[static_cast<size_t>(l + 1)], 4 * width);
      joined_.emplace_back(level(l) / "joined", width);
    }
  }
}

Tensor RenderDenoiserNetwork::operator()(const Tensor& seen, const Tensor& signal, DType type) const {
  PTAH_CHECK(seen.rank() == 4 && seen.dim(1) % kDenoiserUnit == 0 && seen.dim(2) % kDenoiserUnit == 0 && seen.dim(3) == kDenoiserInputs &&
                 signal.dim(3) == kDenoiserSignals,
             "denoiser: pictures {} and {}", seen.shape().str(), signal.shape().str());
  std::vector<Tensor> features;
  Tensor x = in_(cast(space_to_depth(seen, 2), type));
  for (size_t l = 0; l < levels_.size(); ++l) {
    if (l > 0) x = down_[l - 1](silu(x));
    x = levels_[l](x);
    features.push_back(x);
  }
  for (size_t l = levels_.size() - 1; l-- > 0;) {
    x = joined_[l](add(depth_to_space(up_[l](x), 2), features[l]));
    features[l] = x;
  }
  // From coarse to fine: what the coarser level found, and what this one averages.
  std::vector<Tensor> signals{signal};
  for (size_t l = 0; l < levels_.size(); ++l) signals.push_back(avg_pool2d(signals.back()));
  Tensor found;
  for (size_t s = signals.size(); s-- > 0;) {
    Tensor weights = cast(weighing_[s](silu(features[s == 0 ? 0 : s - 1])), DType::f32);
    if (s == 0) weights = depth_to_space(weights, 2);
    const Tensor averaged = local_filter(signals[s], softmax(slice(weights, 3, 0, kTaps)));
    if (!found.defined()) {
      found = averaged;
      continue;
    }
    const Tensor coarse = resize(found, averaged.dim(1), averaged.dim(2), Filter::bilinear), share = sigmoid(slice(weights, 3, kTaps, kTaps + 1));
    found = add(coarse, mul(sub(averaged, coarse), share));
  }
  constexpr float kMinShare = 1e-3F;
  const Tensor covered = slice(found, 3, 3, 4), floor = Tensor::full(covered.shape(), kMinShare);
  return concat({div(slice(found, 3, 0, 3), maximum(covered, floor)), div(slice(found, 3, 4, 5), maximum(affine(covered, -1, 1), floor))}, 3);
}

DenoiserView denoiser_view(const Radiance& radiance) {
  DenoiserView out{Tensor::empty({1, radiance.height, radiance.width, kDenoiserInputs}), Tensor::empty({1, radiance.height, radiance.width, kDenoiserSignals})};
  float *seen = out.seen.data<float>(), *signal = out.signal.data<float>();
  for (size_t i = 0; i < radiance.light.size(); ++i, seen += kDenoiserInputs, signal += kDenoiserSignals) {
    const float behind = std::clamp(luminance(radiance.through[i]), 0.0F, 1.0F), covered = 1 - behind;
    for (size_t c = 0; c < 3; ++c) {
      const float by = divisor(radiance, i, c), light = by > 0 ? std::min(radiance.light[i][c] / by, 1e4F) : 0;
      seen[c] = log_of(light);
      signal[c] = light * covered;
      seen[4 + c] = radiance.albedo[i][c];
      seen[7 + c] = radiance.normal[i][c];
    }
    seen[3] = log_of(std::sqrt(radiance.variance[i]) / (luminance(radiance.light[i]) + 0.02F));
    seen[10] = behind;
    seen[11] = radiance.ground[i];
    signal[3] = covered;
    signal[4] = radiance.ground[i] * behind;
  }
  return out;
}

Result<std::shared_ptr<const RenderDenoiser>> RenderDenoiser::load(const std::filesystem::path& path, const std::string& sha256_hex) {
  PTAH_TRY(ModelFile file, open_model(path, sha256_hex));
  const auto found = file.content.metadata.find("denoiser");
  if (found == file.content.metadata.end())
    return fail(ErrorCode::corrupt, "{}: no network that denoises renderings (no 'denoiser' in its metadata)", path.string());
  PTAH_TRY(const Json json, parse_json(found->second));
  auto config = render_denoiser_config(json);
  if (!config) return fail(config.error().code, "{}: {}", path.string(), config.error().message);
  return guard([&]() -> Result<std::shared_ptr<const RenderDenoiser>> {
    Weights weights(std::move(file.content.tensors));
    std::shared_ptr<RenderDenoiser> denoiser(new RenderDenoiser);
    denoiser->network_ = std::make_unique<RenderDenoiserNetwork>(Scope(weights), *config);
    denoiser->sha256_ = file.digest;
    return denoiser;
  });
}

Result<std::shared_ptr<const RenderDenoiser>> RenderDenoiser::installed(const std::filesystem::path& models) {
  PTAH_TRY(const Model model, shipped_model(models, "denoiser"));
  return load(model.place, model.files.front().second);
}

Radiance RenderDenoiser::operator()(Radiance radiance) const {
  const NoGrad off;
  const DenoiserView view = denoiser_view(radiance);
  for (int64_t top = 0; top < radiance.height; top += kTile)
    for (int64_t left = 0; left < radiance.width; left += kTile) {
      const int64_t height = std::min(kTile, radiance.height - top), width = std::min(kTile, radiance.width - left);
      const TileSpan down = span_of(top, height, radiance.height), across = span_of(left, width, radiance.width);
      const auto part = [&](const Tensor& x) { return crop_clamped(x, down.begin, across.begin, down.count, across.count); };
      const Tensor found = (*network_)(part(view.seen), part(view.signal), compute_dtype());
      for (int64_t y = 0; y < height; ++y)
        for (int64_t x = 0; x < width; ++x) {
          const auto i = static_cast<size_t>((top + y) * radiance.width + left + x);
          const float* from = found.data<float>() + ((y + down.before) * found.dim(2) + x + across.before) * kDenoiserOutputs;
          if (!std::all_of(from, from + kDenoiserOutputs, [](float v) { return std::isfinite(v); })) continue;  // weights may be anything
          for (size_t c = 0; c < 3; ++c) radiance.light[i][c] = from[c] * divisor(radiance, i, c);
          radiance.ground[i] = std::clamp(from[3], 0.0F, 1.0F);
        }
    }
  return radiance;
}

int64_t RenderDenoiser::planned_bytes(int64_t width, int64_t height) {
  const int64_t max_side = kTile + 2 * kTileBorder, tile_width = std::min(width, max_side) + kDenoiserUnit,
                tile_height = std::min(height, max_side) + kDenoiserUnit;
  return width * height * (kDenoiserInputs + kDenoiserSignals) * 4 + tile_width * tile_height * 600;
}

}  // namespace ptah
