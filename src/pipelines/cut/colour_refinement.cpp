#include "pipelines/cut/colour_refinement.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "pixels/min_cut.h"

namespace ptah {

namespace {

using Colour = std::array<float, 3>;
constexpr int64_t kLevels = 16, kBins = kLevels * kLevels * kLevels;

/// Area averages, in [0, 1].
std::vector<Colour> colours_of_cells(const Image& picture, int64_t w, int64_t h) {
  std::vector<Colour> out;
  out.reserve(static_cast<size_t>(w * h));
  for (int64_t y = 0; y < h; ++y)
    for (int64_t x = 0; x < w; ++x) {
      const int64_t x0 = x * picture.width / w, x1 = std::max(x0 + 1, (x + 1) * picture.width / w);
      const int64_t y0 = y * picture.height / h, y1 = std::max(y0 + 1, (y + 1) * picture.height / h);
      Colour sum{};
      for (int64_t v = y0; v < y1; ++v)
        for (int64_t u = x0; u < x1; ++u)
          for (size_t c = 0; c < 3; ++c) sum[c] += static_cast<float>(picture.at(u, v)[c]);
      for (float& s : sum) s /= 255 * static_cast<float>((x1 - x0) * (y1 - y0));
      out.push_back(sum);
    }
  return out;
}

int64_t bin_of(const Colour& colour) {
  int64_t bin = 0;
  for (const float v : colour) bin = bin * kLevels + std::min<int64_t>(kLevels - 1, static_cast<int64_t>(v * kLevels));
  return bin;
}

/// Shares of colours, blurred by half a bin to each side and with a little of everything.
class Histogram {
 public:
  void add(const Colour& colour, float weight) { counts_[static_cast<size_t>(bin_of(colour))] += weight, sum_ += weight; }
  float sum() const { return sum_; }
  void finish() {
    for (const int64_t stride : {int64_t{1}, kLevels, kLevels * kLevels}) {
      std::vector<float> blurred(counts_.size());
      for (int64_t i = 0; i < kBins; ++i) {
        const int64_t level = i / stride % kLevels;
        const auto at = [&](int64_t j) { return counts_[static_cast<size_t>(j)]; };
        blurred[static_cast<size_t>(i)] = 0.5F * at(i) + 0.25F * at(level > 0 ? i - stride : i) + 0.25F * at(level + 1 < kLevels ? i + stride : i);
      }
      counts_ = std::move(blurred);
    }
    for (float& count : counts_) count = count / sum_ + kAnything;
  }
  float share(const Colour& colour) const { return counts_[static_cast<size_t>(bin_of(colour))]; }

 private:
  static constexpr float kAnything = 2e-3F;
  std::vector<float> counts_ = std::vector<float>(static_cast<size_t>(kBins), 0.0F);
  float sum_ = 0;
};

/// Which cells are object: the least cut.
std::vector<uint8_t> cut(const Coverage& found, const std::vector<Colour>& colours, const Histogram& object, const Histogram& background) {
  constexpr float kColourShare = 2, kMaxCost = 6, kSmoothness = 6;
  const int64_t w = found.width, h = found.height;
  MinCut graph(static_cast<int32_t>(w * h));
  for (size_t i = 0; i < colours.size(); ++i) {
    const float p = std::clamp(found.values[i], 1e-3F, 1 - 1e-3F);
    const float evidence = std::log(p / (1 - p)) + kColourShare * std::log(object.share(colours[i]) / background.share(colours[i]));
    graph.add_terminal(static_cast<int32_t>(i), std::clamp(-evidence, 0.0F, kMaxCost), std::clamp(evidence, 0.0F, kMaxCost));
  }
  link_neighbours(graph, colours, w, kSmoothness, 1e-5F);
  graph.solve();
  std::vector<uint8_t> out(colours.size());
  for (size_t i = 0; i < out.size(); ++i) out[i] = graph.on_source_side(static_cast<int32_t>(i));
  return out;
}

}  // namespace

Coverage decided_by_colours(const Coverage& found, const Image& picture) {
  constexpr float kMinCells = 8;
  const std::vector<Colour> colours = colours_of_cells(picture, found.width, found.height);
  Histogram object, background;
  for (size_t i = 0; i < colours.size(); ++i) {
    const float sure = 2 * found.values[i] - 1;
    (sure > 0 ? object : background).add(colours[i], std::abs(sure));
  }
  if (object.sum() < kMinCells || background.sum() < kMinCells) return found;
  object.finish();
  background.finish();
  const std::vector<uint8_t> inside = cut(found, colours, object, background);
  Coverage out = found;
  for (size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] && out.values[i] <= 0.5F) out.values[i] = 0.9F;
    if (!inside[i] && out.values[i] > 0.5F) out.values[i] = 0.1F;
  }
  return out;
}

}  // namespace ptah
