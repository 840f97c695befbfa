#include "render/trace/path_tracer.h"

#include <atomic>
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
  Radiance out{width,
               height,
               std::vector<Rgb>(count),
               std::vector<Rgb>(count),
               std::vector<float>(count),
               std::vector<Rgb>(count),
               std::vector<Vec3>(count),
               std::vector<float>(count),
               std::vector<float>(count)};
  // Tiles are done in their order, all samples of one after another, so that neighbours find the scene in the caches; each by the next thread that is free.
  constexpr int64_t kWidth = 16;
  const int64_t tile_height = kTilePaths / std::min(kTileSamples, settings.samples) / kWidth, columns = (width + kWidth - 1) / kWidth,
                tiles = columns * ((height + tile_height - 1) / tile_height), part = std::max<int64_t>(2 * threads(), tiles / 32);
  for (int64_t begin = 0; begin < tiles; begin += part) {
    std::atomic<int64_t> next = begin;
    const int64_t end = std::min(begin + part, tiles);
    parallel_for(std::min<int64_t>(threads(), end - begin), part * kTilePaths * 1000, [&](int64_t, int64_t) {
      Wavefront wavefront(tables_);
      std::vector<PixelSum> sums(static_cast<size_t>(kWidth * tile_height));
      for (int64_t i = next++; i < end && !(cancel && cancel->cancelled()); i = next++) {
        const int64_t left = i % columns * kWidth, top = i / columns * tile_height;
        const TileTask tile{camera, settings, cancel, left, std::min(left + kWidth, width), top, std::min(top + tile_height, height)};
        wavefront.trace(tile, sums.data());
        for (int64_t k = 0; k < tile.pixels(); ++k) {
          const int64_t across = tile.right - tile.left, pixel = (top + k / across) * width + left + k % across;
          keep(out, static_cast<size_t>(pixel), sums[static_cast<size_t>(k)], static_cast<float>(settings.samples));
        }
      }
    });
    if (cancel) PTAH_TRY_VOID(cancel->check());
    if (progress) progress(static_cast<double>(end) / static_cast<double>(tiles));
  }
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
