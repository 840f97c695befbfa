#include "render/trace/path_tracer.h"

#include <functional>

#include "base/parallel.h"
#include "render/tone.h"
#include "render/trace/wavefront.h"

namespace ptah {

namespace {

Rgb scaled(const Rgb& a, float s) { return {a[0] * s, a[1] * s, a[2] * s}; }

class Traced : public TracedScene {
 public:
  Traced(const RenderScene& scene, std::shared_ptr<const Environment> environment) : surface_(scene), tables_(surface_, std::move(environment)) {}

  Result<Radiance> trace(const Camera& camera, const TraceSettings& settings, const std::function<void(double)>& progress,
                         const CancelToken* cancel) const override;
  Rgb behind(const Vec3& direction) const override { return tables_.environment ? tables_.environment->reflected(direction, 0.2F) : Rgb{}; }

 private:
  SurfaceScene surface_;
  TracedTables tables_;
};

void keep(Radiance& out, size_t i, const PixelSum& sum, float samples) {
  out.light[i] = scaled(sum.light, 1 / samples);
  out.through[i] = scaled(sum.through, 1 / samples);
  out.albedo[i] = scaled(sum.albedo, 1 / samples);
  out.normal[i] = sum.normal * (1 / samples);
  out.depth[i] = sum.depths > 0 ? sum.depth / sum.depths : 0;
  const float mean = luminance(out.light[i]);
  out.variance[i] = std::max(0.0F, static_cast<float>(sum.squares / samples) - mean * mean) / samples;
  const float seen = luminance(sum.through), reached = sum.ground_all > 0 ? sum.ground_lit / sum.ground_all : 1;
  out.ground[i] = seen > 0 ? 1 - sum.ground / seen * (1 - reached) : 1;
}

Result<Radiance> Traced::trace(const Camera& camera, const TraceSettings& settings, const std::function<void(double)>& progress,
                               const CancelToken* cancel) const {
  const int64_t width = settings.frame.width, height = settings.frame.height;
  if (std::min(width, height) < 16 || std::max(width, height) > 4096)
    return fail(ErrorCode::invalid_argument, "a picture of {} × {} pixels; 16 to 4096 are possible", width, height);
  if (settings.samples < 1 || settings.samples > 65536) return fail(ErrorCode::invalid_argument, "{} samples; 1 to 65536 are possible", settings.samples);
  const auto count = static_cast<size_t>(width * height);
  std::vector<PixelSum> sums(count);
  for (int64_t done = 0; done < settings.samples; done += kMaxTileSamples) {
    const int64_t end_sample = std::min(settings.samples, done + kMaxTileSamples), size = kTilePaths / (end_sample - done);
    const int64_t tiles = (width * height + size - 1) / size;
    parallel_for(tiles, kTilePaths * 1000, [&](int64_t begin, int64_t end) {
      Wavefront wavefront(tables_);
      for (int64_t i = begin; i < end; ++i) {
        if (cancel && cancel->cancelled()) return;
        const int64_t first = (i % 2 ? tiles - 1 - i / 2 : i / 2) * size;  // from the top and from the bottom, so that threads have as much to do
        wavefront.trace({camera, settings, done, end_sample, first, std::min(first + size, width * height)}, sums.data());
      }
    });
    if (cancel) PTAH_TRY_VOID(cancel->check());
    if (progress) progress(static_cast<double>(end_sample) / static_cast<double>(settings.samples));
  }
  Radiance out{width,
               height,
               std::vector<Rgb>(count),
               std::vector<Rgb>(count),
               std::vector<float>(count),
               std::vector<Rgb>(count),
               std::vector<Vec3>(count),
               std::vector<float>(count),
               std::vector<float>(count)};
  for (size_t i = 0; i < count; ++i) keep(out, i, sums[i], static_cast<float>(settings.samples));
  return out;
}

}  // namespace

Result<std::shared_ptr<const TracedScene>> TracedScene::prepare(const RenderScene& scene, std::shared_ptr<const Environment> environment,
                                                                const CancelToken* cancel) {
  PTAH_TRY_VOID(check(scene));
  if (cancel) PTAH_TRY_VOID(cancel->check());
  return guard([&]() -> Result<std::shared_ptr<const TracedScene>> { return std::make_shared<Traced>(scene, std::move(environment)); });
}

Image developed(const Radiance& radiance, const TracedScene& scene, const Camera& camera, const FrameSettings& settings) {
  Image out = make_image(radiance.width, radiance.height);
  parallel_for(radiance.height, radiance.width * 200, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * radiance.width; i < end * radiance.width; ++i) {
      const auto at = static_cast<size_t>(i);
      const int64_t x = i % radiance.width, y = i / radiance.width;
      Rgb light{};
      if (settings.background.kind == Background::Kind::environment)
        light = scaled(scene.behind(camera.ray(static_cast<float>(x) + 0.5F, static_cast<float>(y) + 0.5F)), settings.exposure);
      const auto back = background_at(settings, y, light);
      const float seen = luminance(radiance.through[at]), dark = 1 - radiance.ground[at];
      const Rgb front = tone_mapped(scaled(radiance.light[at], settings.exposure / std::max(1 - seen, 1e-3F)));
      const float behind_alpha = settings.background.kind == Background::Kind::transparent ? seen * dark : seen, alpha = 1 - seen + behind_alpha;
      uint8_t* to = out.at(x, y);
      for (size_t c = 0; c < 3; ++c) {
        const float value = front[c] * (1 - seen) + back[c] * radiance.through[at][c] * (1 - dark);
        to[c] = srgb_byte(alpha > 1e-4F ? value / alpha : 0);
      }
      to[3] = static_cast<uint8_t>(std::clamp(alpha * 255 + 0.5F, 0.0F, 255.0F));
    }
  });
  return out;
}

}  // namespace ptah
