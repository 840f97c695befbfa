#include "render/raster.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/parallel.h"
#include "render/camera.h"
#include "render/tone.h"

namespace ptah {

namespace {

constexpr float kEmptyDepth = std::numeric_limits<float>::max();
constexpr Vec3 kSun{0.48F, 0.74F, 0.47F};  // towards it, about of length 1

/// Calls body(row) for every row, in parallel.
template <class Body>
void each_row(int64_t rows, const Body& body) {
  parallel_for(rows, 4096, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) body(row);
  });
}

/// A row of samples at a time: each row of the picture is computed by one thread, from the triangles that cross it.
struct Triangle2 {
  std::array<Vec3, 3> at;
  uint32_t mesh = 0, triangle = 0;
};

/// Depths of the nearest surface for each pixel of a view.
struct DepthMap {
  int64_t width = 0, height = 0;
  std::vector<float> depth;
};

template <class Visit>
void scan_row(const Triangle2& t, int64_t row, int64_t width, const Visit& visit) {
  const float y = static_cast<float>(row) + 0.5F;
  const auto& [a, b, c] = t.at;
  const float area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
  if (std::abs(area) < 1e-9F) return;
  float low = kEmptyDepth, high = -kEmptyDepth;
  for (size_t i = 0; i < 3; ++i) {
    const Vec3 &p = t.at[i], &q = t.at[(i + 1) % 3];
    if ((p[1] <= y) == (q[1] <= y)) continue;
    const float x = p[0] + (q[0] - p[0]) * ((y - p[1]) / (q[1] - p[1]));
    low = std::min(low, x), high = std::max(high, x);
  }
  if (low > high) return;
  const auto begin = std::max<int64_t>(0, static_cast<int64_t>(std::ceil(low - 0.5F))),
             end = std::min<int64_t>(width - 1, static_cast<int64_t>(std::floor(high - 0.5F)));
  for (int64_t column = begin; column <= end; ++column) {
    const float x = static_cast<float>(column) + 0.5F;
    const float u = ((b[0] - x) * (c[1] - y) - (b[1] - y) * (c[0] - x)) / area, v = ((c[0] - x) * (a[1] - y) - (c[1] - y) * (a[0] - x)) / area;
    visit(column, u, v, 1 - u - v);
  }
}

class Renderer {
 public:
  Renderer(const RenderScene& scene, const RenderView& view) : scene_(scene), view_(view), extent_(extent_of(scene)) {
    width_ = view.width * 2;
    height_ = view.height * 2;
    camera_ = Camera::looking_at(scene, {view.turn, view.tilt, view.field}, width_, height_);
    radius_ = extent_.radius();
    sun_ = Camera::of_light(kSun, extent_.middle(), radius_, kShadow);
  }

  Result<Image> run(const CancelToken* cancel) {
    if (cancel && cancel->cancelled()) return fail(ErrorCode::cancelled, "cancelled");
    shadow_ = depths(sun_, kShadow, kShadow);
    if (cancel && cancel->cancelled()) return fail(ErrorCode::cancelled, "cancelled");
    const auto rows = rows_of(camera_, width_, height_);
    std::vector<std::array<float, 4>> samples(static_cast<size_t>(width_ * height_));
    each_row(height_, [&](int64_t row) { shade_row(row, rows[static_cast<size_t>(row)], samples.data() + row * width_); });
    if (cancel && cancel->cancelled()) return fail(ErrorCode::cancelled, "cancelled");
    return picture_of(samples);
  }

 private:
  static constexpr int64_t kShadow = 1024;

  std::vector<std::vector<Triangle2>> rows_of(const Camera& camera, int64_t width, int64_t height) const {
    std::vector<std::vector<Triangle2>> rows(static_cast<size_t>(height));
    for (uint32_t m = 0; m < scene_.meshes.size(); ++m) {
      const ShadedMesh& mesh = scene_.meshes[m].mesh;
      std::vector<Vec3> projected;
      projected.reserve(mesh.positions.size());
      for (const Vec3& p : mesh.positions) projected.push_back(camera.project(p));
      for (uint32_t t = 0; t < mesh.triangles.size(); ++t) {
        const Triangle& triangle = mesh.triangles[t];
        const Triangle2 seen{{projected[triangle[0]], projected[triangle[1]], projected[triangle[2]]}, m, t};
        if (std::min({seen.at[0][2], seen.at[1][2], seen.at[2][2]}) <= 0) continue;
        const float top = std::min({seen.at[0][1], seen.at[1][1], seen.at[2][1]}), bottom = std::max({seen.at[0][1], seen.at[1][1], seen.at[2][1]});
        const float left = std::min({seen.at[0][0], seen.at[1][0], seen.at[2][0]}), right = std::max({seen.at[0][0], seen.at[1][0], seen.at[2][0]});
        if (right < 0 || left > static_cast<float>(width)) continue;
        const auto first = std::max<int64_t>(0, static_cast<int64_t>(std::floor(top))),
                   last = std::min<int64_t>(height - 1, static_cast<int64_t>(std::floor(bottom)));
        for (int64_t row = first; row <= last; ++row) rows[static_cast<size_t>(row)].push_back(seen);
      }
    }
    return rows;
  }

  DepthMap depths(const Camera& camera, int64_t width, int64_t height) const {
    DepthMap map{width, height, std::vector<float>(static_cast<size_t>(width * height), kEmptyDepth)};
    const auto rows = rows_of(camera, width, height);
    each_row(height, [&](int64_t row) {
      float* depth = map.depth.data() + row * width;
      for (const Triangle2& t : rows[static_cast<size_t>(row)]) {
        if (scene_.materials[scene_.meshes[t.mesh].material].opacity < 0.99F) continue;
        scan_row(t, row, width, [&](int64_t x, float u, float v, float w) { depth[x] = std::min(depth[x], u * t.at[0][2] + v * t.at[1][2] + w * t.at[2][2]); });
      }
    });
    return map;
  }

  /// How much of the sun reaches a place: the mean of 4 × 4 looks into the shadow map, wider apart for softer edges.
  float sunlight(const Vec3& p, float softness) const {
    const Vec3 at = sun_.project(p);
    const float bias = radius_ * 0.006F;
    int lit = 0;
    for (int i = 0; i < 16; ++i) {
      const float dx = (static_cast<float>(i % 4) - 1.5F) * softness, dy = (static_cast<float>(i / 4) - 1.5F) * softness;
      const auto x = static_cast<int64_t>(at[0] + dx), y = static_cast<int64_t>(at[1] + dy);
      lit += x < 0 || y < 0 || x >= kShadow || y >= kShadow || shadow_.depth[static_cast<size_t>(y * kShadow + x)] > at[2] - bias;
    }
    return static_cast<float>(lit) / 16;
  }

  /// Light from the sun and a sky that is brighter above; GGX for what shines.
  std::array<float, 3> shade(const RenderMaterial& m, const Vec3& p, Vec3 normal) const {
    const Vec3 towards = normalized(camera_.eye - p), sun = normalized(kSun);
    if (dot(normal, towards) < 0) normal = normal * -1;
    const float facing = std::max(1e-3F, dot(normal, towards)), lit = std::max(0.0F, dot(normal, sun));
    const float shadow = lit > 0 ? sunlight(p + normal * (radius_ * 0.004F), 1.3F) : 0;
    const float sky = 0.5F + 0.5F * normal[1];
    const float alpha = std::max(0.03F, m.roughness * m.roughness), alpha2 = alpha * alpha;
    const Vec3 half = normalized(towards + sun);
    const float nh = std::max(0.0F, dot(normal, half)), vh = std::max(0.0F, dot(towards, half));
    const float d = alpha2 / (std::numbers::pi_v<float> * std::pow(nh * nh * (alpha2 - 1) + 1, 2.0F));
    const float k = alpha / 2, g = (facing / (facing * (1 - k) + k)) * (lit / (lit * (1 - k) + k + 1e-6F));
    const Vec3 mirror = normal * (2 * dot(normal, towards)) - towards;
    const float reflected = 0.25F + 0.75F * std::clamp(0.5F + 0.9F * mirror[1], 0.0F, 1.0F);
    std::array<float, 3> out{};
    for (size_t c = 0; c < 3; ++c) {
      const float f0 = 0.04F + (m.albedo[c] - 0.04F) * m.metallic;
      const float fresnel = f0 + (1 - f0) * std::pow(1 - vh, 5.0F), edge = f0 + (std::max(1 - m.roughness, f0) - f0) * std::pow(1 - facing, 5.0F);
      const float diffuse = m.albedo[c] * (1 - m.metallic);
      const float from_sky = 0.3F + 0.34F * sky;
      out[c] = diffuse * (from_sky + 0.95F * lit * shadow) + 1.15F * shadow * lit * std::min(4.0F, d * g * fresnel / (4 * facing * std::max(lit, 1e-3F))) +
               edge * reflected * (1 - 0.5F * m.roughness) + m.emission[c] * 1.5F;
    }
    return out;
  }

  void shade_row(int64_t row, const std::vector<Triangle2>& triangles, std::array<float, 4>* out) const {
    struct Hit {
      float depth = kEmptyDepth, u = 0, v = 0;
      const Triangle2* t = nullptr;
    };
    std::vector<Hit> nearest(static_cast<size_t>(width_));
    std::vector<std::vector<Hit>> clear;
    for (const Triangle2& t : triangles) {
      const bool opaque = scene_.materials[scene_.meshes[t.mesh].material].opacity >= 0.99F;
      if (!opaque && clear.empty()) clear.resize(static_cast<size_t>(width_));
      scan_row(t, row, width_, [&](int64_t x, float u, float v, float w) {
        // Depth and weights in perspective.
        const float a = u / t.at[0][2], b = v / t.at[1][2], c = w / t.at[2][2], depth = 1 / (a + b + c);
        const Hit hit{depth, a * depth, b * depth, &t};
        Hit& first = nearest[static_cast<size_t>(x)];
        if (!opaque)
          clear[static_cast<size_t>(x)].push_back(hit);
        else if (depth < first.depth)
          first = hit;
      });
    }
    const auto colour_of = [&](const Hit& hit) {
      const ShadedMesh& mesh = scene_.meshes[hit.t->mesh].mesh;
      const Triangle& triangle = mesh.triangles[hit.t->triangle];
      const float w = 1 - hit.u - hit.v;
      const auto mix = [&](const std::vector<Vec3>& values) { return values[triangle[0]] * hit.u + values[triangle[1]] * hit.v + values[triangle[2]] * w; };
      return shade(scene_.materials[scene_.meshes[hit.t->mesh].material], mix(mesh.positions), normalized(mix(mesh.normals)));
    };
    for (int64_t x = 0; x < width_; ++x) {
      const Hit& hit = nearest[static_cast<size_t>(x)];
      std::array<float, 4> here{};
      if (hit.t) {
        const auto colour = colour_of(hit);
        here = {colour[0], colour[1], colour[2], 1};
      } else {
        here = behind(x, row);
      }
      if (!clear.empty()) {
        auto& layers = clear[static_cast<size_t>(x)];
        std::sort(layers.begin(), layers.end(), [](const Hit& a, const Hit& b) { return a.depth > b.depth; });
        for (const Hit& layer : layers) {
          if (layer.depth > hit.depth) continue;
          const auto colour = colour_of(layer);
          const float opacity = scene_.materials[scene_.meshes[layer.t->mesh].material].opacity;
          for (size_t c = 0; c < 3; ++c) here[c] = here[c] * (1 - opacity) + colour[c] * opacity;
          here[3] = here[3] * (1 - opacity) + opacity;
        }
      }
      out[x] = here;
    }
  }

  /// The background, with the shadow on the ground.
  std::array<float, 4> behind(int64_t x, int64_t y) const {
    const float fx = (static_cast<float>(x) + 0.5F - camera_.centre_x) / camera_.scale, fy = (camera_.centre_y - static_cast<float>(y) - 0.5F) / camera_.scale;
    const Vec3 ray = normalized(camera_.forward + camera_.right * fx + camera_.up * fy);
    float dark = 0;
    if (view_.ground && ray[1] < -1e-4F) {
      const float t = (extent_.low[1] - camera_.eye[1]) / ray[1];
      if (t > 0) dark = 0.42F * (1 - sunlight(camera_.eye + ray * t, 5));
    }
    if (view_.transparent) return {0, 0, 0, dark};
    const float high = static_cast<float>(y) / static_cast<float>(height_), tone = (0.80F - 0.14F * high) * (1 - dark);
    return {tone, tone, tone * 1.02F, 1};
  }

  Image picture_of(const std::vector<std::array<float, 4>>& samples) const {
    Image out = make_image(view_.width, view_.height);
    const auto encoded = [](float linear) {
      const float mapped = linear <= 0.8F ? linear : 0.8F + 0.2F * (1 - std::exp(-(linear - 0.8F) / 0.2F));  // what is brighter than white fades softly
      return srgb_byte(mapped);
    };
    each_row(view_.height, [&](int64_t y) {
      for (int64_t x = 0; x < view_.width; ++x) {
        std::array<float, 4> sum{};
        for (int64_t i = 0; i < 4; ++i) {
          const auto& s = samples[static_cast<size_t>((2 * y + i / 2) * width_ + 2 * x + i % 2)];
          for (size_t c = 0; c < 3; ++c) sum[c] += s[c] * s[3] / 4;
          sum[3] += s[3] / 4;
        }
        uint8_t* to = out.at(x, y);
        for (size_t c = 0; c < 3; ++c) to[c] = encoded(sum[3] > 0 ? sum[c] / sum[3] : 0);
        to[3] = static_cast<uint8_t>(std::clamp(sum[3] * 255 + 0.5F, 0.0F, 255.0F));
      }
    });
    return out;
  }

  const RenderScene& scene_;
  RenderView view_;
  Extent extent_;
  int64_t width_ = 0, height_ = 0;
  float radius_ = 1;
  Camera camera_, sun_;
  DepthMap shadow_;
};

}  // namespace

Result<Image> render(const RenderScene& scene, const RenderView& view, const CancelToken* cancel) {
  if (std::min(view.width, view.height) < 16 || std::max(view.width, view.height) > 4096)
    return fail(ErrorCode::invalid_argument, "a picture of {} × {} pixels; 16 to 4096 are possible", view.width, view.height);
  const bool any = std::any_of(scene.meshes.begin(), scene.meshes.end(), [](const RenderMesh& m) { return !m.mesh.triangles.empty(); });
  if (!any) return fail(ErrorCode::invalid_argument, "there is nothing to be seen in the scene");
  return Renderer(scene, view).run(cancel);
}

}  // namespace ptah
