#include "render/lit.h"

#include "base/parallel.h"
#include "render/ground_shadow.h"
#include "render/shadow_lights.h"
#include "render/tone.h"
#include "render/visibility.h"

namespace ptah {

namespace {

using Samples = std::array<std::array<float, 4>, kCoverage>;  // linear display values, times alpha

/// Interleaved gradient noise (Jimenez 2014): neighbours differ by much, areas hardly.
float noise_at(int64_t x, int64_t y) {
  const float inner = 0.06711056F * static_cast<float>(x) + 0.00583715F * static_cast<float>(y), outer = 52.9829189F * (inner - std::floor(inner));
  return outer - std::floor(outer);
}

class Lit : public LitScene {
 public:
  Lit(const RenderScene& scene, std::shared_ptr<const Environment> environment)
      : surface_(scene), environment_(std::move(environment)), lights_(surface_, *environment_), rays_(surface_), ground_(surface_, rays_, *environment_) {}

  Result<Image> frame(const Camera& camera, const FrameSettings& settings, const CancelToken* cancel) const override {
    if (std::min(settings.width, settings.height) < 16 || std::max(settings.width, settings.height) > 4096)
      return fail(ErrorCode::invalid_argument, "a picture of {} × {} pixels; 16 to 4096 are possible", settings.width, settings.height);
    Image out = make_image(settings.width, settings.height);
    const BandLists bands(surface_, camera, settings.width, settings.height);
    parallel_for(bands.size(), int64_t{1} << 20, [&](int64_t begin, int64_t end) {
      Band band(settings.width);
      for (int64_t i = begin; i < end; ++i) {
        if (cancel && cancel->cancelled()) return;
        // Every second band from the other end: what is in the middle of the picture is shared out evenly.
        const int64_t number = i % 2 ? bands.size() - 1 - i / 2 : i / 2;
        band.draw(surface_, bands, number);
        for (int64_t y = number * kBandRows; y < std::min(settings.height, (number + 1) * kBandRows); ++y)
          for (int64_t x = 0; x < settings.width; ++x) resolve(band.pixel(x, y - number * kBandRows), x, y, camera, settings, out.at(x, y));
      }
    });
    if (cancel) PTAH_TRY_VOID(cancel->check());
    return out;
  }

 private:
  /// What a surface sends to the eye, and what goes through it.
  struct Shaded {
    Rgb colour, through;
  };

  Shaded shade(const Fragment& fragment, const Camera& camera, const FrameSettings& settings, float noise) const {
    const Vec3 at = surface_.position(fragment.triangle, fragment.u, fragment.v), view = normalized(camera.eye - at);
    const SurfacePoint p = surface_.at(fragment.triangle, fragment.u, fragment.v, view, fragment.pixel_area);
    const float facing = dot(p.normal, view);
    const Reflectance reflectance = p.reflectance(facing);
    const float open = lights_.reaching(at, p.normal, noise);
    const Vec3 mirrored = p.normal * (2 * facing) - view;
    const Rgb around = environment_->irradiance(p.normal), seen = environment_->reflected(mirrored, p.roughness);
    // Rough mirrors see as much of what is near as diffuse surfaces do, smooth ones less (Lagarde and de Rousiers 2014).
    const float seen_open = std::clamp(std::pow(facing + open, std::exp2(-16 * p.roughness - 1)) - 1 + open, 0.0F, 1.0F);
    Shaded out;
    out.through = reflectance.through();
    // What goes through is not part of what the curve bends.
    const float alpha = std::max(1e-3F, 1 - luminance(out.through));
    for (size_t c = 0; c < 3; ++c) {
      // Light that bounces in corners of bright surfaces (Jimenez et al. 2016).
      const float a = 2.0404F * p.albedo[c] - 0.3324F, b = -4.7951F * p.albedo[c] + 0.6417F, d = 2.7552F * p.albedo[c] + 0.6903F;
      const float bounced = std::max(open, ((open * a + b) * open + d) * open);
      const float light = reflectance.diffuse()[c] * around[c] * bounced + reflectance.single()[c] * seen[c] * seen_open +
                          (reflectance.mirror()[c] - reflectance.single()[c]) * around[c] * open + p.emission[c];
      out.colour[c] = light * settings.exposure / alpha;
    }
    out.colour = tone_mapped(out.colour);
    for (float& value : out.colour) value *= alpha;
    return out;
  }

  std::array<float, 4> behind(int64_t x, int64_t y, const Camera& camera, const FrameSettings& settings) const {
    const Vec3 ray = camera.ray(static_cast<float>(x) + 0.5F, static_cast<float>(y) + 0.5F);
    Rgb light{};
    if (settings.background.kind == Background::Kind::environment) {
      light = environment_->reflected(ray, 0.2F);  // a little out of focus, as behind an object in front of a camera
      for (float& value : light) value *= settings.exposure;
    }
    auto out = background_at(settings, y, light);
    const float ground = surface_.extent().low[1];
    if (!settings.ground || ray[1] > -1e-3F || camera.eye[1] < ground) return out;
    const Vec3 at = camera.eye + ray * ((ground - camera.eye[1]) / ray[1]);
    const float reaching = ground_.reaching(at[0], at[2]);
    if (settings.background.kind == Background::Kind::transparent) return {0, 0, 0, 1 - reaching};
    for (size_t c = 0; c < 3; ++c) out[c] *= reaching;
    return out;
  }

  void resolve(const BandPixel& pixel, int64_t x, int64_t y, const Camera& camera, const FrameSettings& settings, uint8_t* to) const {
    const float noise = noise_at(x, y);
    Samples samples{};
    uint32_t left = (1U << kCoverage) - 1;
    for (uint32_t sample = 0; sample < kCoverage; ++sample) {
      if (!(left >> sample & 1)) continue;
      const uint32_t entry = pixel.entry(sample), mask = pixel.covered_by(entry);
      left &= ~mask;
      std::array<float, 4> colour;
      if (entry == kNoTriangle) {
        colour = behind(x, y, camera, settings);
      } else {
        const Shaded shaded = shade(pixel.fragment(entry, mask), camera, settings, noise);
        colour = {shaded.colour[0], shaded.colour[1], shaded.colour[2], 1};
      }
      for (uint32_t i = 0; i < kCoverage; ++i)
        if (mask >> i & 1) samples[i] = colour;
    }
    for (const ClearLayer& layer : pixel.clear_layers()) {
      const Shaded shaded = shade(pixel.fragment(layer.screen, layer.mask), camera, settings, noise);
      const float alpha = 1 - luminance(shaded.through);
      for (uint32_t i = 0; i < kCoverage; ++i)
        if (layer.mask >> i & 1) {
          for (size_t c = 0; c < 3; ++c) samples[i][c] = samples[i][c] * shaded.through[c] + shaded.colour[c];
          samples[i][3] = samples[i][3] * (1 - alpha) + alpha;
        }
    }
    std::array<float, 4> sum{};
    for (const auto& sample : samples)
      for (size_t c = 0; c < 4; ++c) sum[c] += sample[c] / kCoverage;
    for (size_t c = 0; c < 3; ++c) to[c] = srgb_byte(sum[3] > 1e-4F ? sum[c] / sum[3] : 0);
    to[3] = static_cast<uint8_t>(std::clamp(sum[3] * 255 + 0.5F, 0.0F, 255.0F));
  }

  SurfaceScene surface_;
  std::shared_ptr<const Environment> environment_;
  ShadowLights lights_;
  RayScene rays_;
  GroundShadow ground_;
};

}  // namespace

std::array<float, 4> background_at(const FrameSettings& settings, int64_t y, const Rgb& light) {
  switch (settings.background.kind) {
    case Background::Kind::transparent:
      return {0, 0, 0, 0};
    case Background::Kind::colour:
      return {settings.background.colour[0], settings.background.colour[1], settings.background.colour[2], 1};
    case Background::Kind::environment: {
      const Rgb mapped = tone_mapped(light);
      return {mapped[0], mapped[1], mapped[2], 1};
    }
    case Background::Kind::plain:
      break;
  }
  const float tone = 0.80F - 0.14F * static_cast<float>(y) / static_cast<float>(settings.height);
  return {tone, tone, tone * 1.02F, 1};
}

Result<std::shared_ptr<const LitScene>> LitScene::prepare(const RenderScene& scene, std::shared_ptr<const Environment> environment, const CancelToken* cancel) {
  PTAH_TRY_VOID(check(scene));
  if (cancel) PTAH_TRY_VOID(cancel->check());
  return std::shared_ptr<const LitScene>(std::make_shared<Lit>(scene, std::move(environment)));
}

}  // namespace ptah
