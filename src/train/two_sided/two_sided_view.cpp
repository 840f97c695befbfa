#include "train/two_sided/two_sided_view.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "geometry/bvh.h"
#include "render/tone.h"

namespace ptah {

namespace {

constexpr int64_t kFine = 2;  ///< samples a pixel and axis
constexpr float kRadian = std::numbers::pi_v<float> / 180;

/// The nearest and the farthest surface of a sample.
struct SideHit {
  float depth = 0, u = 0, v = 0;
  uint32_t triangle = kNone;
  static constexpr uint32_t kNone = ~uint32_t{0};
};
struct SampleHits {
  SideHit front, back;
};

class ViewRaster {
 public:
  ViewRaster(const SurfaceScene& model, const ViewFrame& frame, int64_t size, int64_t margin)
      : model_(model), edge_(size * kFine), hits_(static_cast<size_t>(edge_ * edge_)) {
    const float middle = static_cast<float>(edge_) / 2, scale = static_cast<float>((size - 2 * margin) * kFine) / 2;
    projected_.reserve(model.positions().size());
    for (const Vec3& p : model.positions()) {
      const Vec3 at = frame(p);
      projected_.push_back({middle + at[0] * scale, middle - at[1] * scale, at[2]});
    }
  }

  void run() {
    for (uint32_t t = 0; t < model_.size(); ++t) draw(t);
  }
  const SampleHits& at(int64_t x, int64_t y) const { return hits_[static_cast<size_t>(y * edge_ + x)]; }

 private:
  void draw(uint32_t t) {
    const auto& vertex = model_.triangle(t).vertex;
    const Vec3 &a = projected_[vertex[0]], &b = projected_[vertex[1]], &c = projected_[vertex[2]];
    const float area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    if (!(std::abs(area) > 1e-9F)) return;
    const auto first = std::max<int64_t>(0, static_cast<int64_t>(std::ceil(std::min({a[1], b[1], c[1]}) - 0.5F)));
    const auto last = std::min<int64_t>(edge_ - 1, static_cast<int64_t>(std::floor(std::max({a[1], b[1], c[1]}) - 0.5F)));
    for (int64_t row = first; row <= last; ++row) {
      const float y = static_cast<float>(row) + 0.5F;
      float low = std::numeric_limits<float>::max(), high = std::numeric_limits<float>::lowest();
      for (const auto& [p, q] : {std::pair{&a, &b}, {&b, &c}, {&c, &a}}) {
        if (((*p)[1] <= y) == ((*q)[1] <= y)) continue;
        const float x = (*p)[0] + ((*q)[0] - (*p)[0]) * ((y - (*p)[1]) / ((*q)[1] - (*p)[1]));
        low = std::min(low, x), high = std::max(high, x);
      }
      if (low > high) continue;
      const auto begin = std::max<int64_t>(0, static_cast<int64_t>(std::ceil(low - 0.5F)));
      const auto end = std::min<int64_t>(edge_ - 1, static_cast<int64_t>(std::floor(high - 0.5F)));
      for (int64_t column = begin; column <= end; ++column) {
        const float x = static_cast<float>(column) + 0.5F;
        const float u = ((b[0] - x) * (c[1] - y) - (b[1] - y) * (c[0] - x)) / area, v = ((c[0] - x) * (a[1] - y) - (c[1] - y) * (a[0] - x)) / area;
        const SideHit hit{u * a[2] + v * b[2] + (1 - u - v) * c[2], u, v, t};
        SampleHits& here = hits_[static_cast<size_t>(row * edge_ + column)];
        if (here.front.triangle == SideHit::kNone || hit.depth > here.front.depth) here.front = hit;
        if (here.back.triangle == SideHit::kNone || hit.depth < here.back.depth) here.back = hit;
      }
    }
  }

  const SurfaceScene& model_;
  int64_t edge_;
  std::vector<Vec3> projected_;
  std::vector<SampleHits> hits_;
};

class ViewLighting {
 public:
  ViewLighting(const SurfaceScene& model, const ViewChoice& choice, const Vec3& towards)
      : model_(model), choice_(choice), towards_(towards), sine_(std::sin(choice.light_turn * kRadian)), cosine_(std::cos(choice.light_turn * kRadian)) {}

  Rgb front(const SideHit& hit) const {
    const SurfacePoint p = model_.at(hit.triangle, hit.u, hit.v, towards_);
    const float facing = dot(p.normal, towards_);
    const Reflectance r = p.reflectance(facing);
    const Rgb around = choice_.light->irradiance(lit_from(p.normal)),
              mirrored = choice_.light->reflected(lit_from(p.normal * (2 * facing) - towards_), p.roughness);
    Rgb out;
    for (size_t c = 0; c < 3; ++c)
      out[c] = r.diffuse()[c] * around[c] + r.single()[c] * mirrored[c] + (r.mirror()[c] - r.single()[c]) * around[c] + p.emission[c];
    return shown(out);
  }
  /// As if the light came from where the viewer of the back stands: which light that is nobody can see.
  Rgb back(const SideHit& hit) const {
    const SurfacePoint p = model_.at(hit.triangle, hit.u, hit.v, towards_ * -1);
    const Vec3 turned = p.normal - towards_ * (2 * dot(p.normal, towards_));
    const Rgb around = choice_.light->irradiance(lit_from(turned));
    Rgb out;
    for (size_t c = 0; c < 3; ++c) out[c] = p.albedo[c] * around[c] + p.emission[c];
    return shown(out);
  }

 private:
  Vec3 lit_from(const Vec3& d) const { return {d[0] * cosine_ - d[2] * sine_, d[1], d[0] * sine_ + d[2] * cosine_}; }
  Rgb shown(Rgb light) const {
    for (size_t c = 0; c < 3; ++c) light[c] *= choice_.exposure * choice_.tint[c];
    light = tone_mapped(light);
    for (float& c : light) c = std::clamp(srgb_of(std::max(c, 0.0F)), 0.0F, 1.0F);
    return light;
  }

  const SurfaceScene& model_;
  const ViewChoice& choice_;
  Vec3 towards_;
  float sine_, cosine_;
};

/// Takes the mean of front and back off all depths.
void centre_depths(TwoSidedView& view) {
  double sum = 0, count = 0;
  for (size_t i = 0; i < view.cover.size(); ++i) {
    if (view.cover[i] <= 0.5F) continue;
    sum += static_cast<double>(view.front[i] + view.back[i]) / 2;
    count += 1;
  }
  view.shift = count > 0 ? sum / count : 0;
  for (size_t i = 0; i < view.cover.size(); ++i)
    if (view.cover[i] > 0) view.front[i] -= static_cast<float>(view.shift), view.back[i] -= static_cast<float>(view.shift);
}

}  // namespace

Vec3 ViewFrame::operator()(const Vec3& p) const {
  const Vec3 d = (p - middle) * scale;
  return {dot(d, axes[0]), dot(d, axes[1]), dot(d, axes[2])};
}

ViewFrame view_frame(const SurfaceScene& model, const ViewChoice& choice) {
  const float turn = choice.turn * kRadian, tilt = choice.tilt * kRadian, roll = choice.roll * kRadian;
  const Vec3 towards{std::sin(turn) * std::cos(tilt), std::sin(tilt), std::cos(turn) * std::cos(tilt)}, right{std::cos(turn), 0, -std::sin(turn)};
  const Vec3 up = cross(towards, right);
  ViewFrame out;
  out.axes = {right * std::cos(roll) + up * std::sin(roll), up * std::cos(roll) - right * std::sin(roll), towards};
  Box box = Box::empty();
  for (const Vec3& p : model.positions()) box.add(out(p));
  const Vec3 middle = (box.low + box.high) * 0.5F;
  out.middle = out.axes[0] * middle[0] + out.axes[1] * middle[1] + out.axes[2] * middle[2];
  out.scale = 2 / std::max({box.high[0] - box.low[0], box.high[1] - box.low[1], 1e-12F});
  return out;
}

TwoSidedView two_sided_view(const SurfaceScene& model, const ViewChoice& choice, int64_t size, int64_t margin) {
  const ViewFrame frame = view_frame(model, choice);
  ViewRaster raster(model, frame, size, margin);
  raster.run();
  const ViewLighting lighting(model, choice, frame.axes[2]);
  const auto pixels = static_cast<size_t>(size * size);
  TwoSidedView out{size,
                   std::vector<float>(pixels * 4, -1),
                   std::vector<float>(pixels),
                   std::vector<float>(pixels),
                   std::vector<float>(pixels),
                   std::vector<Rgb>(pixels),
                   std::vector<Rgb>(pixels)};
  for (int64_t y = 0; y < size; ++y)
    for (int64_t x = 0; x < size; ++x) {
      const auto i = static_cast<size_t>(y * size + x);
      int64_t count = 0;
      uint32_t front_shaded = SideHit::kNone, back_shaded = SideHit::kNone;
      Rgb front{}, back{};
      for (int64_t sample = 0; sample < kFine * kFine; ++sample) {
        const SampleHits& hits = raster.at(x * kFine + sample % kFine, y * kFine + sample / kFine);
        if (hits.front.triangle == SideHit::kNone) continue;
        ++count;
        out.front[i] += hits.front.depth;
        out.back[i] += hits.back.depth;
        if (front_shaded != hits.front.triangle) front = lighting.front(hits.front), front_shaded = hits.front.triangle;  // a triangle is shaded once a pixel
        if (back_shaded != hits.back.triangle) back = lighting.back(hits.back), back_shaded = hits.back.triangle;
        for (size_t c = 0; c < 3; ++c) out.front_colours[i][c] += front[c], out.back_colours[i][c] += back[c];
      }
      if (count == 0) continue;
      const float share = 1 / static_cast<float>(count);
      out.cover[i] = static_cast<float>(count) / static_cast<float>(kFine * kFine);
      out.front[i] *= share;
      out.back[i] *= share;
      for (size_t c = 0; c < 3; ++c) {
        out.front_colours[i][c] *= share;
        out.back_colours[i][c] *= share;
        out.seen[i * 4 + c] = out.front_colours[i][c] * out.cover[i] * 2 - 1;
      }
      out.seen[i * 4 + 3] = out.cover[i] * 2 - 1;
    }
  centre_depths(out);
  return out;
}

Image picture_of(const TwoSidedView& view) {
  Image out = make_image(view.size, view.size);
  const auto byte = [](float v) { return static_cast<uint8_t>(std::lround(std::clamp(v, 0.0F, 1.0F) * 255)); };
  for (size_t i = 0; i < view.cover.size(); ++i) {
    if (view.cover[i] <= 0) continue;
    for (size_t c = 0; c < 3; ++c) out.rgba[i * 4 + c] = byte(view.front_colours[i][c]);
    out.rgba[i * 4 + 3] = byte(view.cover[i]);
  }
  return out;
}

bool is_telling(const TwoSidedView& view) {
  constexpr double kMinCover = 0.02;
  constexpr float kMaxDepth = 4;
  double covered = 0;
  float low = std::numeric_limits<float>::max(), high = std::numeric_limits<float>::lowest();
  for (size_t i = 0; i < view.cover.size(); ++i) {
    if (view.cover[i] <= 0.5F) continue;
    covered += 1;
    low = std::min(low, view.back[i]);
    high = std::max(high, view.front[i]);
  }
  return covered >= kMinCover * static_cast<double>(view.cover.size()) && high - low <= kMaxDepth;
}

}  // namespace ptah
