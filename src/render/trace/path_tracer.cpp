#include "render/trace/path_tracer.h"

#include <atomic>
#include <functional>
#include <numbers>
#include <optional>

#include "base/parallel.h"
#include "render/tone.h"
#include "render/trace/rays.h"
#include "render/trace/sampler.h"

namespace ptah {

namespace {

constexpr float kPi = std::numbers::pi_v<float>, kFar = 1e30F;

/// Weight of a strategy of density a where another one has b.
float power(float a, float b) { return a > 0 ? a * a / (a * a + b * b) : 0; }

Rgb scaled(const Rgb& a, float s) { return {a[0] * s, a[1] * s, a[2] * s}; }
void add(Rgb& to, const Rgb& what) {
  for (size_t c = 0; c < 3; ++c) to[c] += what[c];
}

/// Triangles that glow, likelier the more they send out.
class Emitters {
 public:
  explicit Emitters(const SurfaceScene& surface) : surface_(surface) {
    double sum = 0;
    for (uint32_t t = 0; t < surface.size(); ++t) {
      const float bright = luminance(surface.material(t).emission);
      const float area = area_of(t);
      if (!(bright > 0 && area > 0)) continue;
      sum += static_cast<double>(bright) * area;
      triangles_.push_back(t);
      sums_.push_back(sum);
    }
  }
  bool empty() const { return triangles_.empty(); }
  struct Sample {
    Vec3 at, normal;
    uint32_t triangle;
    float u, v;
  };
  Sample sample(float pick, float a, float b) const {
    const auto found =
        std::min<size_t>(static_cast<size_t>(std::upper_bound(sums_.begin(), sums_.end(), pick * sums_.back()) - sums_.begin()), sums_.size() - 1);
    const float root = std::sqrt(a), u = 1 - root, v = root * (1 - b);
    const uint32_t t = triangles_[found];
    return {surface_.position(t, u, v), normal_of(t), t, u, v};
  }
  /// By area.
  float density(uint32_t t) const { return sums_.empty() ? 0 : static_cast<float>(luminance(surface_.material(t).emission) / sums_.back()); }
  Vec3 normal_of(uint32_t t) const { return unit_of(edges(t)); }

 private:
  Vec3 edges(uint32_t t) const {
    const auto& [a, b, c] = surface_.triangle(t).vertex;
    return cross(surface_.positions()[b] - surface_.positions()[a], surface_.positions()[c] - surface_.positions()[a]);
  }
  float area_of(uint32_t t) const { return length(edges(t)) / 2; }

  const SurfaceScene& surface_;
  std::vector<uint32_t> triangles_;
  std::vector<double> sums_;
};

/// What one path brought.
struct PathResult {
  Rgb light{}, through{}, albedo{};
  Vec3 normal{};
  float depth = 0;
  float ground = 0, ground_lit = 0, ground_all = 0;  ///< share of the path that ended on the ground, and the light that does and would fall there
};

/// A surface that a path has met.
struct Meeting {
  Vec3 at, view;  ///< `view`: back along the path
  SurfacePoint point;
  Frame frame;
  Vec3 local_view;
  Reflectance reflectance;
  float mirror_share = 0, diffuse_share = 0, through_share = 0;  ///< probabilities

  Meeting(const Vec3& position, const Vec3& back, const SurfacePoint& p, bool compensate)
      : at(position), view(back), point(p), frame(p.normal), local_view(frame.in(back)), reflectance(p.reflectance(local_view[2], compensate)) {
    local_view[2] = std::max(local_view[2], 1e-4F);
    const float mirror = luminance(reflectance.mirror()), diffuse = luminance(reflectance.diffuse()), through = luminance(reflectance.through());
    const float sum = mirror + diffuse + through;
    if (sum <= 0) return;
    mirror_share = mirror / sum, diffuse_share = diffuse / sum, through_share = through / sum;
  }
  /// BRDF times cosine, and the probability density of directions that the surface itself gives.
  struct Scattered {
    Rgb response;
    float pdf;
  };
  Scattered scattered(const Vec3& local) const {
    Scattered out{{}, diffuse_share * local[2] / kPi};
    Rgb brdf = scaled(reflectance.diffuse(), 1 / kPi);
    if (mirror_share > 0) {
      const auto mirrored = reflectance.mirrored(local_view, local);
      add(brdf, mirrored.brdf);
      out.pdf += mirror_share * mirrored.pdf;
    }
    out.response = scaled(brdf, local[2]);
    return out;
  }
};

class Traced : public TracedScene {
 public:
  Traced(const RenderScene& scene, std::shared_ptr<const Environment> environment)
      : surface_(scene), environment_(std::move(environment)), rays_(surface_), emitters_(surface_) {
    environment_share_ = !environment_ ? 0 : emitters_.empty() ? 1 : 0.5F;
  }

  Result<Radiance> trace(const Camera& camera, const TraceSettings& settings, const std::function<void(double)>& progress,
                         const CancelToken* cancel) const override;
  Rgb behind(const Vec3& direction) const override { return environment_ ? environment_->reflected(direction, 0.2F) : Rgb{}; }

 private:
  PathResult path(const Camera& camera, const TraceSettings& settings, float x, float y, PixelSampler& random) const;
  void escape(PathResult& out, const Rgb& carried, const Vec3& from, const Vec3& direction, const TraceSettings& settings, PixelSampler& random) const;
  Rgb direct(const Meeting& here, PixelSampler& random) const;

  SurfaceScene surface_;
  std::shared_ptr<const Environment> environment_;
  RayScene rays_;
  Emitters emitters_;
  float environment_share_ = 0;
};

/// Light that comes to a surface straight from the surroundings or from what glows.
Rgb Traced::direct(const Meeting& here, PixelSampler& random) const {
  const auto [a, b] = random.two();
  float pick = random.one();
  const bool surroundings = pick < environment_share_;
  Vec3 direction;
  Rgb light;
  float pdf = 0, distance = kFar;
  std::optional<Vec3> lamp;  // the place on what glows
  if (surroundings) {
    const auto sample = environment_->sample(a, b);
    direction = sample.direction, light = sample.radiance, pdf = sample.pdf * environment_share_;
  } else {
    if (emitters_.empty()) return {};
    pick = (pick - environment_share_) / (1 - environment_share_);
    const auto sample = emitters_.sample(std::min(pick, 0.9999999F), a, b);
    const Vec3 way = sample.at - here.at;
    distance = std::sqrt(dot(way, way));
    if (!(distance > 0)) return {};
    direction = way * (1 / distance);
    const float cosine = std::abs(dot(sample.normal, direction));
    if (cosine < 1e-6F) return {};
    light = surface_.at(sample.triangle, sample.u, sample.v, direction * -1).emission;
    pdf = emitters_.density(sample.triangle) * distance * distance / cosine * (1 - environment_share_);
    lamp = off_surface(sample.at, sample.normal * (dot(sample.normal, direction) > 0 ? -1.0F : 1.0F));
  }
  const Vec3 local = here.frame.in(direction);
  if (!(pdf > 0) || local[2] <= 0 || dot(here.point.geometric, direction) <= 0) return {};
  const auto scattered = here.scattered(local);
  const float weight = power(pdf, scattered.pdf) / pdf;
  if (luminance(scattered.response) * weight <= 0) return {};
  const Vec3 from = off_surface(here.at, here.point.geometric);
  if (lamp) {  // between the two places off their surfaces, which near by is not quite the same way
    const Vec3 way = *lamp - from;
    distance = std::sqrt(dot(way, way)), direction = unit_of(way);
  }
  return scaled(times(times(scattered.response, light), rays_.open(from, direction, distance)), weight);
}

/// A path that saw nothing but what light goes straight through: it looks at what is behind the scene.
void Traced::escape(PathResult& out, const Rgb& carried, const Vec3& from, const Vec3& direction, const TraceSettings& settings, PixelSampler& random) const {
  out.through = carried;
  const float ground = surface_.extent().low[1];
  if (!settings.frame.ground || !environment_ || direction[1] > -1e-3F || from[1] < ground) return;
  const auto [a, b] = random.two();
  const auto sample = environment_->sample(a, b);
  out.ground = luminance(carried);
  if (sample.direction[1] <= 0 || !(sample.pdf > 0)) return;
  const Vec3 at = from + direction * ((ground - from[1]) / direction[1]);
  const float falls = luminance(sample.radiance) * sample.direction[1] / sample.pdf;
  out.ground_all = falls;
  out.ground_lit = falls * luminance(rays_.open(off_surface(at, {0, 1, 0}), sample.direction, kFar));
}

PathResult Traced::path(const Camera& camera, const TraceSettings& settings, float x, float y, PixelSampler& random) const {
  PathResult out;
  Vec3 from = camera.eye, direction = camera.ray(x, y), scattered_at = from;
  Rgb carried{1, 1, 1};
  float scattered_pdf = -1;  // of the last surface that turned the path; below 0: the camera
  for (int64_t bounce = 0, layers = 0; bounce <= settings.bounces && layers < 64; ++layers) {
    const auto hit = rays_.nearest(from, direction);
    if (!hit) {
      if (scattered_pdf < 0) {
        escape(out, carried, from, direction, settings, random);
      } else if (environment_) {
        add(out.light, scaled(times(carried, environment_->radiance(direction)), power(scattered_pdf, environment_->pdf(direction) * environment_share_)));
      }
      return out;
    }
    const Vec3 at = surface_.position(hit->triangle, hit->u, hit->v);
    const Meeting here(at, direction * -1, surface_.at(hit->triangle, hit->u, hit->v, direction * -1), settings.compensate);
    if (out.depth == 0) {
      out.depth = hit->distance, out.normal = here.point.normal;
      for (size_t c = 0; c < 3; ++c) out.albedo[c] = here.reflectance.mirror()[c] + here.reflectance.diffuse()[c];
    }
    if (luminance(here.point.emission) > 0) {
      const float cosine = std::abs(dot(emitters_.normal_of(hit->triangle), direction));
      const Vec3 way = at - scattered_at;
      const float pdf = emitters_.density(hit->triangle) * dot(way, way) / std::max(cosine, 1e-6F) * (1 - environment_share_);
      add(out.light, scaled(times(carried, here.point.emission), scattered_pdf < 0 ? 1 : power(scattered_pdf, pdf)));
    }
    if (here.mirror_share + here.diffuse_share + here.through_share <= 0) return out;
    if (bounce < settings.bounces) add(out.light, times(carried, direct(here, random)));
    const float lobe = random.one();
    const auto [a, b] = random.two();
    if (lobe >= 1 - here.through_share) {  // straight on, which turns no path
      carried = scaled(times(carried, here.reflectance.through()), 1 / here.through_share);
      from = off_surface(at, here.point.geometric * -1);
      continue;
    }
    Vec3 local;
    if (lobe < here.mirror_share) {
      local = here.reflectance.sample_mirror(here.local_view, a, b);
    } else {
      const float radius = std::sqrt(a), phi = 2 * kPi * b;
      local = {radius * std::cos(phi), radius * std::sin(phi), std::sqrt(std::max(0.0F, 1 - a))};
    }
    if (local[2] <= 1e-6F) return out;
    direction = here.frame.out(local);
    if (dot(direction, here.point.geometric) <= 0) return out;
    const auto scattered = here.scattered(local);
    scattered_pdf = scattered.pdf;
    if (!(scattered_pdf > 0)) return out;
    carried = scaled(times(carried, scattered.response), 1 / scattered_pdf);
    scattered_at = at;
    from = off_surface(at, here.point.geometric);
    if (++bounce >= 3) {
      const float survive = std::min(0.95F, std::max({carried[0], carried[1], carried[2]}));
      if (!(survive > 0) || random.one() >= survive) return out;
      carried = scaled(carried, 1 / survive);
    }
  }
  return out;
}

/// Sums over samples.
struct PixelSum {
  Rgb light{}, through{}, albedo{};
  Vec3 normal{};
  double squares = 0;
  float depth = 0, depths = 0, ground = 0, ground_lit = 0, ground_all = 0;
  void take(const PathResult& path) {
    for (const float value : path.light)
      if (!std::isfinite(value)) return;
    add(light, path.light);
    add(through, path.through);
    add(albedo, path.albedo);
    normal = normal + path.normal;
    const float bright = luminance(path.light);
    squares += static_cast<double>(bright) * bright;
    if (path.depth > 0) depth += path.depth, ++depths;
    ground += path.ground, ground_lit += path.ground_lit, ground_all += path.ground_all;
  }
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
  constexpr int64_t kPass = 4;
  for (int64_t done = 0; done < settings.samples; done += kPass) {
    const int64_t end_sample = std::min(settings.samples, done + kPass);
    parallel_for(height, width * 4096, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        if (cancel && cancel->cancelled()) return;
        const int64_t y = i % 2 ? height - 1 - i / 2 : i / 2;
        for (int64_t x = 0; x < width; ++x) {
          const int64_t pixel = y * width + x;
          PixelSampler random(settings.seed, static_cast<uint64_t>(pixel));
          for (int64_t sample = done; sample < end_sample; ++sample) {
            random.start(static_cast<uint32_t>(sample));
            const auto [a, b] = random.two();
            sums[static_cast<size_t>(pixel)].take(path(camera, settings, static_cast<float>(x) + a, static_cast<float>(y) + b, random));
          }
        }
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
