#include "face/photo/blend.h"

#include <algorithm>
#include <cmath>

#include "media/oklab.h"

namespace ptah {

namespace {

/// What is known of a cell; nothing at all: it takes no part.
enum class CellState : uint8_t { known, unknown, nothing };

/// A grid of differences.
struct DifferenceGrid {
  int64_t width = 0, height = 0;
  std::vector<CellState> state;
  std::vector<std::array<float, 3>> value;
  size_t index(int64_t x, int64_t y) const { return static_cast<size_t>(y * width + x); }
};

/// Half as fine: a cell is unknown if any of its four is, and starts at the mean of its known ones.
DifferenceGrid coarser(const DifferenceGrid& fine) {
  DifferenceGrid out{(fine.width + 1) / 2, (fine.height + 1) / 2, {}, {}};
  out.state.assign(static_cast<size_t>(out.width * out.height), CellState::nothing);
  out.value.assign(out.state.size(), {});
  for (int64_t y = 0; y < out.height; ++y)
    for (int64_t x = 0; x < out.width; ++x) {
      std::array<float, 3> sum{};
      int known = 0, unknown = 0;
      for (int64_t dy = 0; dy < 2; ++dy)
        for (int64_t dx = 0; dx < 2; ++dx) {
          if (2 * x + dx >= fine.width || 2 * y + dy >= fine.height) continue;
          const size_t i = fine.index(2 * x + dx, 2 * y + dy);
          unknown += fine.state[i] == CellState::unknown ? 1 : 0;
          if (fine.state[i] != CellState::known) continue;
          ++known;
          for (size_t c = 0; c < 3; ++c) sum[c] += fine.value[i][c];
        }
      out.state[out.index(x, y)] = unknown > 0 ? CellState::unknown : known > 0 ? CellState::known : CellState::nothing;
      if (known > 0)
        for (size_t c = 0; c < 3; ++c) out.value[out.index(x, y)][c] = sum[c] / static_cast<float>(known);
    }
  return out;
}

/// Gauss–Seidel with over-relaxation over the unknown cells, row by row. Beside a cell where nothing is lies its own value again.
void relax(DifferenceGrid& grid, int rounds, float factor) {
  for (int round = 0; round < rounds; ++round)
    for (int64_t y = 0; y < grid.height; ++y)
      for (int64_t x = 0; x < grid.width; ++x) {
        const size_t i = grid.index(x, y);
        if (grid.state[i] != CellState::unknown) continue;
        const auto beside = [&](int64_t dx, int64_t dy) {
          const int64_t nx = x + dx, ny = y + dy;
          if (nx < 0 || ny < 0 || nx >= grid.width || ny >= grid.height) return grid.value[i];
          const size_t n = grid.index(nx, ny);
          return grid.state[n] == CellState::nothing ? grid.value[i] : grid.value[n];
        };
        const auto left = beside(-1, 0), right = beside(1, 0), above = beside(0, -1), below = beside(0, 1);
        for (size_t c = 0; c < 3; ++c) grid.value[i][c] += factor * ((left[c] + right[c] + above[c] + below[c]) / 4 - grid.value[i][c]);
      }
}

/// Fills the unknown cells harmonically.
void solve(DifferenceGrid& grid) {
  if (std::min(grid.width, grid.height) > 4) {
    DifferenceGrid coarse = coarser(grid);
    solve(coarse);
    for (int64_t y = 0; y < grid.height; ++y)
      for (int64_t x = 0; x < grid.width; ++x) {
        if (grid.state[grid.index(x, y)] != CellState::unknown) continue;
        // Bilinear between the middles of coarse cells.
        const float fx = std::clamp((static_cast<float>(x) - 0.5F) / 2, 0.0F, static_cast<float>(coarse.width - 1)),
                    fy = std::clamp((static_cast<float>(y) - 0.5F) / 2, 0.0F, static_cast<float>(coarse.height - 1));
        const auto x0 = static_cast<int64_t>(fx), y0 = static_cast<int64_t>(fy);
        const int64_t x1 = std::min(x0 + 1, coarse.width - 1), y1 = std::min(y0 + 1, coarse.height - 1);
        const float tx = fx - static_cast<float>(x0), ty = fy - static_cast<float>(y0);
        for (size_t c = 0; c < 3; ++c)
          grid.value[grid.index(x, y)][c] = (coarse.value[coarse.index(x0, y0)][c] * (1 - tx) + coarse.value[coarse.index(x1, y0)][c] * tx) * (1 - ty) +
                                            (coarse.value[coarse.index(x0, y1)][c] * (1 - tx) + coarse.value[coarse.index(x1, y1)][c] * tx) * ty;
      }
  }
  relax(grid, std::min(grid.width, grid.height) > 4 ? 12 : 60, 1.6F);
  relax(grid, 2, 1);
}

struct OklabSpread {
  Oklab mean{}, deviation{};
};
OklabSpread spread_of(const Image& picture, const BlendMask& mask) {
  OklabSpread out;
  Oklab squares{};
  double count = 0;
  for (int64_t y = 0; y < picture.height; ++y)
    for (int64_t x = 0; x < picture.width; ++x) {
      if (mask.at(x, y) < 128) continue;
      const uint8_t* p = picture.at(x, y);
      const Oklab colour = oklab_of({p[0], p[1], p[2], 255});
      for (size_t c = 0; c < 3; ++c) out.mean[c] += colour[c], squares[c] += colour[c] * colour[c];
      count += 1;
    }
  for (size_t c = 0; c < 3 && count > 0; ++c) {
    out.mean[c] /= count;
    out.deviation[c] = std::sqrt(std::max(0.0, squares[c] / count - out.mean[c] * out.mean[c]));
  }
  return out;
}

}  // namespace

BlendMask polygon_mask(const std::vector<std::array<float, 2>>& corners, int64_t width, int64_t height) {
  BlendMask out{width, height, Bytes(static_cast<size_t>(width * height), 0)};
  for (int64_t y = 0; y < height; ++y) {
    std::vector<float> crossings;
    const float at = static_cast<float>(y) + 1e-4F;
    for (size_t i = 0; i < corners.size(); ++i) {
      const auto &a = corners[i], &b = corners[(i + 1) % corners.size()];
      if ((a[1] <= at) != (b[1] <= at)) crossings.push_back(a[0] + (at - a[1]) / (b[1] - a[1]) * (b[0] - a[0]));
    }
    std::sort(crossings.begin(), crossings.end());
    for (size_t i = 0; i + 1 < crossings.size(); i += 2)
      for (int64_t x = std::max<int64_t>(0, static_cast<int64_t>(std::ceil(crossings[i])));
           x <= std::min(width - 1, static_cast<int64_t>(std::floor(crossings[i + 1]))); ++x)
        out.inside[static_cast<size_t>(y * width + x)] = 255;
  }
  return out;
}

BlendMask eroded(const BlendMask& mask, int64_t pixels) {
  BlendMask out = mask;
  const bool grow = pixels < 0;
  for (int64_t round = 0; round < std::abs(pixels); ++round) {
    const BlendMask before = out;
    for (int64_t y = 0; y < mask.height; ++y)
      for (int64_t x = 0; x < mask.width; ++x) {
        bool beside = false;
        for (const auto& [dx, dy] : {std::pair<int64_t, int64_t>{1, 0}, {-1, 0}, {0, 1}, {0, -1}}) {
          const int64_t nx = x + dx, ny = y + dy;
          const bool there = nx >= 0 && ny >= 0 && nx < mask.width && ny < mask.height;
          beside |= grow ? there && before.at(nx, ny) > 127 : !there || before.at(nx, ny) < 128;
        }
        if (beside) out.inside[static_cast<size_t>(y * mask.width + x)] = grow ? 255 : 0;
      }
  }
  return out;
}

Image colour_matched(const Image& over, const Image& under, const BlendMask& mask) {
  const OklabSpread from = spread_of(over, mask), to = spread_of(under, mask);
  Image out = over;
  for (int64_t y = 0; y < over.height; ++y)
    for (int64_t x = 0; x < over.width; ++x) {
      uint8_t* p = out.at(x, y);
      if (p[3] == 0) continue;
      Oklab colour = oklab_of({p[0], p[1], p[2], 255});
      for (size_t c = 0; c < 3; ++c) {
        const double factor = from.deviation[c] > 1e-4 ? std::clamp(to.deviation[c] / from.deviation[c], 0.5, 2.0) : 1;
        colour[c] = (colour[c] - from.mean[c]) * factor + to.mean[c];
      }
      const Colour8 matched = srgb_of(colour);
      std::copy_n(matched.begin(), 3, p);
    }
  return out;
}

Image poisson_blend(const Image& over, const Image& under, const BlendMask& mask) {
  DifferenceGrid grid{under.width, under.height, {}, {}};
  grid.state.assign(static_cast<size_t>(under.width * under.height), CellState::nothing);
  grid.value.assign(grid.state.size(), {});
  for (int64_t y = 0; y < under.height; ++y)
    for (int64_t x = 0; x < under.width; ++x) {
      const size_t i = grid.index(x, y);
      if (over.at(x, y)[3] == 0) continue;
      grid.state[i] = mask.at(x, y) > 127 ? CellState::unknown : CellState::known;
      if (grid.state[i] == CellState::known)
        for (size_t c = 0; c < 3; ++c) grid.value[i][c] = static_cast<float>(under.at(x, y)[c]) - static_cast<float>(over.at(x, y)[c]);
    }
  solve(grid);
  Image out = under;
  for (int64_t y = 0; y < under.height; ++y)
    for (int64_t x = 0; x < under.width; ++x) {
      const size_t i = grid.index(x, y);
      if (grid.state[i] != CellState::unknown) continue;
      for (size_t c = 0; c < 3; ++c)
        out.at(x, y)[c] = static_cast<uint8_t>(std::clamp(static_cast<float>(over.at(x, y)[c]) + grid.value[i][c] + 0.5F, 0.0F, 255.0F));
    }
  return out;
}

double seam_ratio(const Image& picture, const BlendMask& mask) {
  double across = 0, beside = 0;
  int64_t count = 0;
  const auto step = [&](int64_t x, int64_t y, int64_t dx, int64_t dy) {
    double sum = 0;
    for (size_t c = 0; c < 3; ++c) sum += std::abs(static_cast<double>(picture.at(x, y)[c]) - static_cast<double>(picture.at(x + dx, y + dy)[c]));
    return sum;
  };
  for (int64_t y = 3; y < picture.height - 4; ++y)
    for (int64_t x = 3; x < picture.width - 4; ++x)
      for (const auto& [dx, dy] : {std::pair<int64_t, int64_t>{1, 0}, {0, 1}}) {
        if ((mask.at(x, y) > 127) == (mask.at(x + dx, y + dy) > 127)) continue;
        across += step(x, y, dx, dy);
        beside += (step(x - 2 * dx, y - 2 * dy, dx, dy) + step(x + 2 * dx, y + 2 * dy, dx, dy)) / 2;
        ++count;
      }
  return count == 0 || beside == 0 ? 1 : across / beside;
}

}  // namespace ptah
