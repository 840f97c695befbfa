#include "pixels/guided_filter.h"

#include <algorithm>
#include <array>

#include "base/parallel.h"

namespace ptah {

namespace {

using GuidePlane = std::vector<float>;

/// Means over squares of 2·radius + 1 that end at the grid's edge.
GuidePlane means(const GuidePlane& of, int64_t w, int64_t h, int64_t radius) {
  GuidePlane rows(of.size()), out(of.size());
  const auto run = [&](const float* from, float* to, int64_t count, int64_t stride) {
    double sum = 0;
    int64_t inside = 0;
    for (int64_t i = 0; i < std::min(radius, count); ++i) sum += static_cast<double>(from[i * stride]), ++inside;
    for (int64_t i = 0; i < count; ++i) {
      if (i + radius < count) sum += static_cast<double>(from[(i + radius) * stride]), ++inside;
      if (i - radius - 1 >= 0) sum -= static_cast<double>(from[(i - radius - 1) * stride]), --inside;
      to[i * stride] = static_cast<float>(sum / static_cast<double>(inside));
    }
  };
  for (int64_t y = 0; y < h; ++y) run(of.data() + y * w, rows.data() + y * w, w, 1);
  for (int64_t x = 0; x < w; ++x) run(rows.data() + x, out.data() + x, h, w);
  return out;
}

/// The picture's colours at the small size, area averages.
std::array<GuidePlane, 3> colours_at(const Image& picture, int64_t w, int64_t h) {
  std::array<GuidePlane, 3> out{GuidePlane(static_cast<size_t>(w * h)), GuidePlane(static_cast<size_t>(w * h)), GuidePlane(static_cast<size_t>(w * h))};
  for (int64_t y = 0; y < h; ++y)
    for (int64_t x = 0; x < w; ++x) {
      const int64_t x0 = x * picture.width / w, x1 = std::max(x0 + 1, (x + 1) * picture.width / w);
      const int64_t y0 = y * picture.height / h, y1 = std::max(y0 + 1, (y + 1) * picture.height / h);
      std::array<double, 3> sum{};
      for (int64_t v = y0; v < y1; ++v)
        for (int64_t u = x0; u < x1; ++u)
          for (size_t c = 0; c < 3; ++c) sum[c] += picture.at(u, v)[c];
      for (size_t c = 0; c < 3; ++c) out[c][static_cast<size_t>(y * w + x)] = static_cast<float>(sum[c] / (255.0 * static_cast<double>((x1 - x0) * (y1 - y0))));
    }
  return out;
}

GuidePlane product(const GuidePlane& a, const GuidePlane& b) {
  GuidePlane out(a.size());
  for (size_t i = 0; i < a.size(); ++i) out[i] = a[i] * b[i];
  return out;
}

/// The solution of a symmetric 3 × 3 system (xx, xy, xz, yy, yz, zz).
std::array<float, 3> solved(const std::array<float, 6>& m, const std::array<float, 3>& b) {
  const float a00 = m[3] * m[5] - m[4] * m[4], a01 = m[2] * m[4] - m[1] * m[5], a02 = m[1] * m[4] - m[2] * m[3];
  const float a11 = m[0] * m[5] - m[2] * m[2], a12 = m[1] * m[2] - m[0] * m[4], a22 = m[0] * m[3] - m[1] * m[1];
  const float inverse = 1 / (m[0] * a00 + m[1] * a01 + m[2] * a02);
  return {(a00 * b[0] + a01 * b[1] + a02 * b[2]) * inverse, (a01 * b[0] + a11 * b[1] + a12 * b[2]) * inverse, (a02 * b[0] + a12 * b[1] + a22 * b[2]) * inverse};
}

/// Factors of red, green, blue, and a term, for each cell.
std::array<GuidePlane, 4> linear_models(const Coverage& small, const std::array<GuidePlane, 3>& colours, int64_t radius, float epsilon) {
  const int64_t w = small.width, h = small.height;
  const auto mean = [&](const GuidePlane& of) { return means(of, w, h, radius); };
  const std::array<GuidePlane, 3> colour{mean(colours[0]), mean(colours[1]), mean(colours[2])};
  const GuidePlane cover = mean(small.values);
  std::array<GuidePlane, 6> squares;
  std::array<GuidePlane, 3> with_cover;
  for (size_t i = 0, k = 0; i < 3; ++i) {
    with_cover[i] = mean(product(colours[i], small.values));
    for (size_t j = i; j < 3; ++j) squares[k++] = mean(product(colours[i], colours[j]));
  }
  std::array<GuidePlane, 4> out;
  for (GuidePlane& plane : out) plane.resize(small.values.size());
  for (size_t p = 0; p < small.values.size(); ++p) {
    std::array<float, 6> covariance{};
    std::array<float, 3> right{};
    for (size_t i = 0, k = 0; i < 3; ++i) {
      right[i] = with_cover[i][p] - colour[i][p] * cover[p];
      for (size_t j = i; j < 3; ++j, ++k) covariance[k] = squares[k][p] - colour[i][p] * colour[j][p] + (i == j ? epsilon : 0);
    }
    const auto factor = solved(covariance, right);
    out[3][p] = cover[p];
    for (size_t i = 0; i < 3; ++i) {
      out[i][p] = factor[i];
      out[3][p] -= factor[i] * colour[i][p];
    }
  }
  for (GuidePlane& plane : out) plane = mean(plane);
  return out;
}

}  // namespace

Coverage refined(const Coverage& small, const Image& picture, int64_t radius, float epsilon) {
  const int64_t w = picture.width, h = picture.height;
  const auto models = linear_models(small, colours_at(picture, small.width, small.height), radius, epsilon);
  Coverage out{w, h, std::vector<float>(static_cast<size_t>(w * h))};
  parallel_for(h, w * 40, [&](int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; ++y)
      for (int64_t x = 0; x < w; ++x) {
        const auto place = [](int64_t i, int64_t from, int64_t to) {
          const float at = (static_cast<float>(i) + 0.5F) * static_cast<float>(to) / static_cast<float>(from) - 0.5F;
          return std::clamp(at, 0.0F, static_cast<float>(to - 1));
        };
        const float u = place(x, w, small.width), v = place(y, h, small.height);
        const auto u0 = static_cast<int64_t>(u), v0 = static_cast<int64_t>(v), u1 = std::min(u0 + 1, small.width - 1), v1 = std::min(v0 + 1, small.height - 1);
        const float fu = u - static_cast<float>(u0), fv = v - static_cast<float>(v0);
        const auto at = [&](const GuidePlane& plane) {
          const auto cell = [&](int64_t cx, int64_t cy) { return plane[static_cast<size_t>(cy * small.width + cx)]; };
          return (cell(u0, v0) * (1 - fu) + cell(u1, v0) * fu) * (1 - fv) + (cell(u0, v1) * (1 - fu) + cell(u1, v1) * fu) * fv;
        };
        float value = at(models[3]);
        for (size_t c = 0; c < 3; ++c) value += at(models[c]) * static_cast<float>(picture.at(x, y)[c]) / 255;
        out.values[static_cast<size_t>(y * w + x)] = std::clamp(value, 0.0F, 1.0F);
      }
  });
  return out;
}

}  // namespace ptah
