#include "render/shadow_lights.h"

#include <limits>

#include "base/parallel.h"
#include "render/camera.h"

namespace ptah {

ShadowLights::ShadowLights(const SurfaceScene& scene, const Environment& environment) : radius_(scene.extent().radius()) {
  lights_.resize(kLights);
  for (size_t i = 0; i < kLights; ++i) {
    // Two in three by brightness, the others over all directions, so that dark sides have their corners too.
    const float u = (static_cast<float>(i) + 0.5F) / kLights, v = std::fmod(0.5F + static_cast<float>(i) * 0.7548777F, 1.0F);
    const auto sample = environment.sample(std::fmod(static_cast<float>(i) * 0.5698403F, 1.0F), u);
    Light& light = lights_[i];
    light.towards = sample.direction;
    if (i % 3 == 2) {
      const float height = 1 - 2 * u, sine = std::sqrt(std::max(0.0F, 1 - height * height)), phi = 6.2831853F * v;
      light.towards = {sine * std::cos(phi), height, sine * std::sin(phi)};
    }
    light.weight = luminance(environment.radiance(light.towards)) / (environment.pdf(light.towards) * 2 / 3 + 1 / (12 * 3.1415927F));
    const Camera camera = Camera::of_light(light.towards, scene.extent().middle(), radius_, kSize);
    light.right = camera.right * camera.scale;
    light.up = camera.up * -camera.scale;
    light.right_offset = camera.centre_x - dot(camera.eye, light.right);
    light.up_offset = camera.centre_y - dot(camera.eye, light.up);
    light.depth_offset = dot(camera.eye, light.towards);
    light.move_right = std::fmod(static_cast<float>(i) * 0.7548777F, 1.0F);  // of a sequence that fills squares evenly (Roberts 2018)
    light.move_up = std::fmod(static_cast<float>(i) * 0.5698403F, 1.0F);
  }
  parallel_for(kLights, 1 << 20, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) draw(lights_[static_cast<size_t>(i)], scene);
  });
}

void ShadowLights::draw(Light& light, const SurfaceScene& scene) const {
  light.depth.assign(static_cast<size_t>(kSize * kSize), std::numeric_limits<float>::max());
  std::vector<Vec3> projected;
  projected.reserve(scene.positions().size());
  for (const Vec3& p : scene.positions())
    projected.push_back({dot(p, light.right) + light.right_offset, dot(p, light.up) + light.up_offset, light.depth_offset - dot(p, light.towards)});
  for (size_t t = 0; t < scene.size(); ++t) {
    if (scene.clear(t)) continue;
    const auto& [i, j, k] = scene.triangle(t).vertex;
    const Vec3 &a = projected[i], &b = projected[j], &c = projected[k];
    const float area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    if (std::abs(area) < 1e-9F) continue;
    const auto low = [](float value) { return std::max<int64_t>(0, static_cast<int64_t>(std::ceil(value - 0.5F))); };
    const auto high = [](float value) { return std::min<int64_t>(kSize - 1, static_cast<int64_t>(std::floor(value - 0.5F))); };
    const float du = 1 / area;
    for (int64_t y = low(std::min({a[1], b[1], c[1]})); y <= high(std::max({a[1], b[1], c[1]})); ++y)
      for (int64_t x = low(std::min({a[0], b[0], c[0]})); x <= high(std::max({a[0], b[0], c[0]})); ++x) {
        const float px = static_cast<float>(x) + 0.5F, py = static_cast<float>(y) + 0.5F;
        const float u = ((b[0] - px) * (c[1] - py) - (b[1] - py) * (c[0] - px)) * du, v = ((c[0] - px) * (a[1] - py) - (c[1] - py) * (a[0] - px)) * du,
                    w = 1 - u - v;
        if (u < 0 || v < 0 || w < 0) continue;
        float& nearest = light.depth[static_cast<size_t>(y * kSize + x)];
        nearest = std::min(nearest, u * a[2] + v * b[2] + w * c[2]);
      }
  }
}

float ShadowLights::reaching(const Vec3& at, const Vec3& normal, float noise) const {
  const Vec3 p = at + normal * (radius_ * 0.014F);
  const float bias = radius_ * 0.004F;
  const float other = std::fmod(noise * 7.31F, 1.0F);
  const auto moved = [](float by, float offset) { return (by + offset < 1 ? by + offset - 0.5F : by + offset - 1.5F) * 0.4F; };
  float all = 0, reached = 0;
  for (const Light& light : lights_) {
    const float facing = dot(normal, light.towards) * light.weight;
    if (facing <= 0) continue;
    all += facing;
    const float x = dot(p, light.right) + light.right_offset - 0.5F + moved(noise, light.move_right),
                y = dot(p, light.up) + light.up_offset - 0.5F + moved(other, light.move_up);
    if (!(x >= 0 && y >= 0 && x < static_cast<float>(kSize - 1) && y < static_cast<float>(kSize - 1))) {
      reached += facing;
      continue;
    }
    const auto column = static_cast<int64_t>(x), row = static_cast<int64_t>(y);
    const float u = x - static_cast<float>(column), v = y - static_cast<float>(row), depth = light.depth_offset - dot(p, light.towards) - bias;
    const float* taps = light.depth.data() + row * kSize + column;
    const float above = (taps[0] >= depth ? 1 - u : 0) + (taps[1] >= depth ? u : 0),
                below = (taps[kSize] >= depth ? 1 - u : 0) + (taps[kSize + 1] >= depth ? u : 0);
    reached += facing * (above * (1 - v) + below * v);
  }
  return all > 0 ? reached / all : 1;
}

}  // namespace ptah
