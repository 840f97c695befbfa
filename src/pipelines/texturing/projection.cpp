#include "pipelines/texturing/projection.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/parallel.h"
#include "shape/assembly.h"

namespace ptah {

namespace {

constexpr float kFlattest = 0.17F;  // cosine of 80°
constexpr float kBetter = 0.35F;    // by how much a cosine has to be larger for a place to be painted again

using ViewColour = std::array<float, 3>;

/// Spreads colours that are known to places that are not: near ones by grids in space, each twice as coarse, far ones by the distance to the known places, of
/// which each cell of a coarse grid has one (Shepard 1968).
class Spread {
 public:
  Spread(const Vec3& low, float cell, float coarse) : low_(low), cell_(cell), coarse_(coarse) {}
  void take(const Vec3& p, const ViewColour& colour) {
    float edge = cell_;
    for (auto& level : levels_) {
      auto& to = level[key(p, edge, {0, 0, 0})];
      for (size_t c = 0; c < 3; ++c) to[c] += static_cast<double>(colour[c]);
      to[3] += 1;
      edge *= 2;
    }
    const auto [found, fresh] = cells_.emplace(key(p, coarse_, {0, 0, 0}), points_.size());
    if (fresh) points_.emplace_back();
    Point& to = points_[found->second];
    ++to.count;
    const float share = 1 / to.count;
    to.place = to.place + (p - to.place) * share;
    for (size_t c = 0; c < 3; ++c) to.colour[c] += (colour[c] - to.colour[c]) * share;
  }
  ViewColour at(const Vec3& p) const {
    float edge = cell_, usual = 1, done = 0;
    ViewColour near{};
    for (const auto& level : levels_) {
      const auto [colour, share] = read(level, p, edge);
      const float part = usual * share;
      for (size_t c = 0; c < 3; ++c) near[c] += part * colour[c];
      done += part;
      edge *= 2;
      usual *= 0.3F;
    }
    const float share = std::min(1.0F, done * 4);
    if (share >= 1) return {near[0] / done, near[1] / done, near[2] / done};
    ViewColour out = far(p);
    for (size_t c = 0; c < 3; ++c) out[c] = out[c] * (1 - share) + (done > 0 ? near[c] / done * share : 0);
    return out;
  }

 private:
  using Level = std::unordered_map<uint64_t, std::array<double, 4>>;
  uint64_t key(const Vec3& p, float edge, const std::array<int, 3>& step) const {
    uint64_t out = 0;
    for (size_t k = 0; k < 3; ++k) out = out << 21U | static_cast<uint64_t>(static_cast<int64_t>(std::floor((p[k] - low_[k]) / edge)) + step[k] + 1);
    return out;
  }
  ViewColour far(const Vec3& p) const {
    ViewColour sum{};
    float weights = 0;
    for (const Point& point : points_) {
      const Vec3 d = p - point.place;
      const float squared = dot(d, d) + coarse_ * coarse_ * 0.1F, w = 1 / (squared * squared);
      for (size_t c = 0; c < 3; ++c) sum[c] += w * point.colour[c];
      weights += w;
    }
    for (float& v : sum) v /= std::max(weights, 1e-30F);
    return sum;
  }
  /// Trilinear, of the cells that have something; and how much of the weight these have.
  std::pair<ViewColour, float> read(const Level& level, const Vec3& p, float edge) const {
    const Vec3 corner = p - Vec3{edge, edge, edge} * 0.5F;
    Vec3 within{};
    for (size_t k = 0; k < 3; ++k) within[k] = (corner[k] - low_[k]) / edge - std::floor((corner[k] - low_[k]) / edge);
    ViewColour sum{};
    float weights = 0;
    for (int i = 0; i < 8; ++i) {
      const std::array<int, 3> step{i & 1, i >> 1 & 1, i >> 2};
      const auto found = level.find(key(corner, edge, step));
      if (found == level.end()) continue;
      float w = 1;
      for (size_t k = 0; k < 3; ++k) w *= step[k] ? within[k] : 1 - within[k];
      for (size_t c = 0; c < 3; ++c) sum[c] += w * static_cast<float>(found->second[c] / found->second[3]);
      weights += w;
    }
    if (weights <= 1e-6F) return {{}, 0};
    for (float& v : sum) v /= weights;
    return {sum, weights};
  }

  struct Point {
    Vec3 place{};
    ViewColour colour{};
    float count = 0;
  };
  Vec3 low_;
  float cell_, coarse_;
  std::array<Level, 5> levels_;
  std::unordered_map<uint64_t, size_t> cells_;
  std::vector<Point> points_;
};

Vec3 mixed(const std::vector<Vec3>& values, const Triangle& t, const Vec3& w) { return values[t[0]] * w[0] + values[t[1]] * w[1] + values[t[2]] * w[2]; }

/// What a picture shows of a place: the four pixels round it that show the same surface. False if there are too few.
bool read_picture(const Image& picture, const ViewSurface& seen, const Vec3& at, float tolerance, const Image* mask, ViewColour& out) {
  const float x = at[0] - 0.5F, y = at[1] - 0.5F;
  const auto x0 = static_cast<int64_t>(std::floor(x)), y0 = static_cast<int64_t>(std::floor(y));
  const float fx = x - std::floor(x), fy = y - std::floor(y);
  float weights = 0;
  out = {};
  for (const int64_t dy : {0, 1})
    for (const int64_t dx : {0, 1}) {
      const int64_t px = x0 + dx, py = y0 + dy;
      if (px < 0 || py < 0 || px >= seen.width || py >= seen.height) continue;
      const float depth = seen.depth[seen.index(px, py)];
      if (depth <= 0 || std::abs(depth - at[2]) > tolerance) continue;
      if (mask && mask->at(px, py)[0] < 128) continue;
      const float w = (dx ? fx : 1 - fx) * (dy ? fy : 1 - fy);
      for (size_t c = 0; c < 3; ++c) out[c] += w * static_cast<float>(picture.at(px, py)[c]);
      weights += w;
    }
  if (weights < 0.2F) return false;
  for (float& v : out) v /= weights;
  return true;
}

}  // namespace

PaintedTexture::PaintedTexture(const AtlasMesh& mesh, int64_t texels) : mesh_(mesh), size_(texels), number_(static_cast<size_t>(texels * texels), -1) {
  const std::vector<uint32_t> owner = texel_owners(mesh.uvs, mesh.triangles, texels, kBakedRings, inside_);
  double space = 0, plane = 0;
  const auto edge = static_cast<float>(texels);
  for (const Triangle& t : mesh.triangles) {
    const Vec2 &a = mesh.uvs[t[0]], &b = mesh.uvs[t[1]], &c = mesh.uvs[t[2]];
    space += static_cast<double>(length(cross(mesh.positions[t[1]] - mesh.positions[t[0]], mesh.positions[t[2]] - mesh.positions[t[0]])));
    plane += static_cast<double>(std::abs((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])));
  }
  footprint_ = static_cast<float>(std::sqrt(space / std::max(plane, 1e-30))) / edge;
  for (int64_t i = 0; i < texels * texels; ++i) {
    const uint32_t triangle = owner[static_cast<size_t>(i)];
    if (triangle == 0xFFFFFFFFU) continue;
    const Triangle& t = mesh.triangles[triangle];
    const Vec2 &a = mesh.uvs[t[0]], &b = mesh.uvs[t[1]], &c = mesh.uvs[t[2]];
    const float x = (static_cast<float>(i % texels) + 0.5F) / edge - a[0], y = (static_cast<float>(i / texels) + 0.5F) / edge - a[1];
    const float det = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
    Vec3 w{0, (x * (c[1] - a[1]) - (c[0] - a[0]) * y) / det, ((b[0] - a[0]) * y - x * (b[1] - a[1])) / det};
    w[0] = 1 - w[1] - w[2];
    for (float& v : w) v = std::clamp(v, 0.0F, 1.0F);  // the rings round a chart show its border
    w = w * (1 / (w[0] + w[1] + w[2]));
    number_[static_cast<size_t>(i)] = static_cast<int32_t>(texels_.size());
    texels_.push_back({mixed(mesh.positions, t, w), normalized(mixed(mesh.normals, t, w))});
  }
}

const PaintedTexture::Texel* PaintedTexture::texel_of(uint32_t triangle, const Vec2& place) const {
  const Triangle& t = mesh_.triangles[triangle];
  const float u = 1 - place[0] - place[1];
  std::array<int64_t, 2> at{};
  for (size_t k = 0; k < 2; ++k) {
    const float v = u * mesh_.uvs[t[0]][k] + place[0] * mesh_.uvs[t[1]][k] + place[1] * mesh_.uvs[t[2]][k];
    at[k] = std::clamp<int64_t>(static_cast<int64_t>(v * static_cast<float>(size_)), 0, size_ - 1);
  }
  const int32_t number = number_[static_cast<size_t>(at[1] * size_ + at[0])];
  return number < 0 ? nullptr : &texels_[static_cast<size_t>(number)];
}

std::array<float, 3> PaintedTexture::mean() const {
  std::array<double, 4> sum{};
  for (const Texel& t : texels_) {
    if (t.weight <= 0) continue;
    for (size_t c = 0; c < 3; ++c) sum[c] += static_cast<double>(t.sum[c] / t.weight);
    ++sum[3];
  }
  if (sum[3] == 0) return {128, 128, 128};
  return {static_cast<float>(sum[0] / sum[3]), static_cast<float>(sum[1] / sum[3]), static_cast<float>(sum[2] / sum[3])};
}

Image PaintedTexture::shown(const ViewSurface& seen, uint8_t background) const {
  Image out = make_image(seen.width, seen.height);
  const std::array<float, 3> usual = mean();
  for (int64_t y = 0; y < seen.height; ++y)
    for (int64_t x = 0; x < seen.width; ++x) {
      uint8_t* to = out.at(x, y);
      to[3] = 255;
      std::fill_n(to, 3, background);
      const size_t i = seen.index(x, y);
      if (seen.depth[i] <= 0) continue;
      const Texel* texel = texel_of(seen.triangle[i], seen.place[i]);
      const bool known = texel && texel->weight > 0;
      for (size_t c = 0; c < 3; ++c) to[c] = static_cast<uint8_t>(std::lround(std::clamp(known ? texel->sum[c] / texel->weight : usual[c], 0.0F, 255.0F)));
    }
  return out;
}

Image PaintedTexture::to_paint(const ViewSurface& seen, const Camera& camera) const {
  Image out = make_image(seen.width, seen.height);
  for (int64_t y = 0; y < seen.height; ++y)
    for (int64_t x = 0; x < seen.width; ++x) {
      const size_t i = seen.index(x, y);
      uint8_t value = 0;
      if (seen.depth[i] > 0) {
        const Texel* texel = texel_of(seen.triangle[i], seen.place[i]);
        value = !texel || texel->weight <= 0 || dot(texel->normal, normalized(camera.eye - texel->position)) > texel->best + kBetter ? 255 : 0;
      }
      std::fill_n(out.at(x, y), 3, value);
      out.at(x, y)[3] = 255;
    }
  return out;
}

void PaintedTexture::put(const Image& picture, const ViewSurface& seen, const Camera& camera, const Image* mask) {
  parallel_for(static_cast<int64_t>(texels_.size()), 60, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      Texel& texel = texels_[static_cast<size_t>(i)];
      const Vec3 at = camera.project(texel.position);
      if (at[2] <= 0) continue;
      const float cosine = dot(texel.normal, normalized(camera.eye - texel.position));
      if (cosine < kFlattest) continue;
      // The depth of a pixel changes by so much over the surface.
      const float tolerance = (at[2] / camera.scale + footprint_) * (1.5F + 2.0F / cosine);
      ViewColour colour{};
      if (!read_picture(picture, seen, at, tolerance, mask, colour)) continue;
      const float weight = std::pow(cosine, 6.0F);
      for (size_t c = 0; c < 3; ++c) texel.sum[c] += weight * colour[c];
      texel.weight += weight;
      texel.best = std::max(texel.best, cosine);
    }
  });
}

double PaintedTexture::coverage() const {
  const auto painted = std::count_if(texels_.begin(), texels_.end(), [](const Texel& t) { return t.weight > 0; });
  return texels_.empty() ? 0 : static_cast<double>(painted) / static_cast<double>(texels_.size());
}

Image PaintedTexture::finished() const {
  Bounds bounds;
  for (const Texel& t : texels_) bounds.take(t.position);
  Spread spread(bounds.low, footprint_ * 2, std::max(length(bounds.size()) / 24, footprint_));
  for (const Texel& t : texels_)
    if (t.weight > 0) spread.take(t.position, {t.sum[0] / t.weight, t.sum[1] / t.weight, t.sum[2] / t.weight});
  const std::array<float, 3> usual = mean();
  Image out = make_image(size_, size_);
  parallel_for(size_, size_ * 100, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * size_; i < end * size_; ++i) {
      const int32_t number = number_[static_cast<size_t>(i)];
      ViewColour colour = usual;
      if (number >= 0) {
        const Texel& t = texels_[static_cast<size_t>(number)];
        colour = t.weight > 0 ? ViewColour{t.sum[0] / t.weight, t.sum[1] / t.weight, t.sum[2] / t.weight} : spread.at(t.position);
      }
      uint8_t* to = out.at(i % size_, i / size_);
      for (size_t c = 0; c < 3; ++c) to[c] = static_cast<uint8_t>(std::lround(std::clamp(colour[c], 0.0F, 255.0F)));
      to[3] = 255;
    }
  });
  return out;
}

}  // namespace ptah
