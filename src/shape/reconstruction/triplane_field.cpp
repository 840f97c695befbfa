#include "shape/reconstruction/triplane_field.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"

namespace ptah {

FieldDecoder::FieldDecoder(const Scope& scope, const ReconstructionShape& s, const ReconstructionConfig& config) : activation(config.activation) {
  for (int64_t i = 0; i <= s.field_layers; ++i) {
    const int64_t in = i > 0 ? s.neurons : config.mean ? s.features : 3 * s.features;
    layers.emplace_back(scope / "layers" / static_cast<int>(2 * i), in, i == s.field_layers ? 4 : s.neurons);
    if (layers.back().weight.dtype() != DType::f32) layers.back().weight = cast(layers.back().weight, DType::f32);
  }
}

TriplaneField::TriplaneField(const FieldDecoder& decoder, const ReconstructionConfig& config, const Tensor& planes) : decoder_(decoder), config_(config) {
  const Tensor& first = decoder.layers.front().weight;
  const int64_t features = planes.dim(3);
  PTAH_CHECK(planes.rank() == 4 && planes.dim(0) == 3 && first.dim(1) == (config.mean ? features : 3 * features), "field of planes {}", planes.shape().str());
  std::vector<Tensor> read;
  for (int64_t k = 0; k < 3; ++k) {
    const Tensor plane = slice(planes, 0, k, k + 1);
    const Tensor seen = linear(plane, config.mean ? first : slice(first, 1, k * features, (k + 1) * features));
    read.push_back(config.mean ? affine(seen, 1.0F / 3) : seen);
  }
  planes_ = concat(read, 0);
}

namespace {

/// Adds what a plane [h, w, width] shows at (u, v), in (−1, 1), beyond whose border there are zeros. Centres of its places are at half-integers.
void add_reading(const float* plane, int64_t h, int64_t w, int64_t width, float u, float v, float* to) {
  const float x = ((u + 1) * static_cast<float>(w) - 1) / 2, y = ((v + 1) * static_cast<float>(h) - 1) / 2;
  const float left = std::floor(x), top = std::floor(y);
  for (int j = 0; j < 2; ++j)
    for (int i = 0; i < 2; ++i) {
      const float column = left + static_cast<float>(i), row = top + static_cast<float>(j);
      if (!(column >= 0 && column < static_cast<float>(w) && row >= 0 && row < static_cast<float>(h))) continue;
      const float weight = (1 - std::abs(x - column)) * (1 - std::abs(y - row));
      const float* from = plane + (static_cast<int64_t>(row) * w + static_cast<int64_t>(column)) * width;
      for (int64_t c = 0; c < width; ++c) to[c] += weight * from[c];
    }
}

}  // namespace

Tensor TriplaneField::decoded(std::span<const Vec3> points) const {
  const auto count = static_cast<int64_t>(points.size());
  const int64_t h = planes_.dim(1), w = planes_.dim(2), width = planes_.dim(3);
  Tensor x = Tensor::empty({count, width});
  parallel_for(count, width * 16, [&](int64_t begin, int64_t end) {
    const float* bias = decoder_.layers.front().bias.data<float>();
    for (int64_t i = begin; i < end; ++i) {
      const Vec3 p = points[static_cast<size_t>(i)] * (1 / config_.radius);
      float* to = x.data<float>() + i * width;
      std::copy_n(bias, width, to);
      const float* plane = planes_.data<float>();
      add_reading(plane, h, w, width, p[0], p[1], to);
      add_reading(plane + h * w * width, h, w, width, p[0], p[2], to);
      add_reading(plane + 2 * h * w * width, h, w, width, p[1], p[2], to);
    }
  });
  x = activate(x, decoder_.activation);
  for (size_t i = 1; i + 1 < decoder_.layers.size(); ++i) x = decoder_.layers[i](x, decoder_.activation);
  return decoder_.layers.back()(x);
}

Tensor TriplaneField::at_model(std::span<const Vec3> points) const {
  const NoGrad off;
  const auto count = static_cast<int64_t>(points.size());
  if (count <= kBatch) return decoded(points);
  Tensor out = Tensor::empty({count, 4});
  for (int64_t at = 0; at < count; at += kBatch) {
    const int64_t batch = std::min(kBatch, count - at);
    const Tensor made = decoded(points.subspan(static_cast<size_t>(at), static_cast<size_t>(batch)));
    if (!DryRun::active()) std::copy_n(made.data<float>(), batch * 4, out.data<float>() + at * 4);
  }
  return out;
}

Tensor TriplaneField::at(std::span<const Vec3> points) const {
  std::vector<Vec3> turned(points.size());
  for (size_t i = 0; i < points.size(); ++i) turned[i] = {points[i][2], points[i][0], points[i][1]};
  return at_model(turned);
}

Vec3 field_colour(const float* numbers) {
  const auto sigmoid_of = [](float v) { return 1 / (1 + std::exp(-v)); };
  return {sigmoid_of(numbers[1]), sigmoid_of(numbers[2]), sigmoid_of(numbers[3])};
}

}  // namespace ptah
