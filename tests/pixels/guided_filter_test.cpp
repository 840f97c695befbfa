// Coverage that was found at a small size follows the picture's edges.
#include "pixels/guided_filter.h"

#include <gtest/gtest.h>

#include <cmath>

namespace ptah {
namespace {

/// White left of a slanted line, black right of it.
bool left_of_line(int64_t x, int64_t y) { return static_cast<double>(x) < 70.0 + 0.37 * static_cast<double>(y); }

Image slanted(int64_t edge) {
  Image out = make_image(edge, edge);
  for (int64_t y = 0; y < edge; ++y)
    for (int64_t x = 0; x < edge; ++x)
      for (size_t c = 0; c < 4; ++c) out.at(x, y)[c] = c == 3 || left_of_line(x, y) ? 255 : 20;
  return out;
}

TEST(GuidedFilter, PutsTheEdgeWhereThePictureHasIt) {
  constexpr int64_t kEdge = 240, kSmall = 24;
  Coverage small{kSmall, kSmall, {}};
  for (int64_t y = 0; y < kSmall; ++y)
    for (int64_t x = 0; x < kSmall; ++x) small.values.push_back(left_of_line(x * 10 + 5, y * 10 + 5) ? 1.0F : 0.0F);
  const auto wrong = [&](const Coverage& cover) {
    int64_t count = 0;
    for (int64_t y = 0; y < kEdge; ++y)
      for (int64_t x = 0; x < kEdge; ++x) count += (cover.values[static_cast<size_t>(y * kEdge + x)] > 0.5F) != left_of_line(x, y);
    return count;
  };
  Coverage blocks{kEdge, kEdge, {}};
  for (int64_t y = 0; y < kEdge; ++y)
    for (int64_t x = 0; x < kEdge; ++x) blocks.values.push_back(small.values[static_cast<size_t>(y / 10 * kSmall + x / 10)]);
  const Coverage fine = refined(small, slanted(kEdge), 3, 1e-4F);
  EXPECT_LT(wrong(fine), 30);
  EXPECT_GT(wrong(blocks), 400) << "what it was before";
}

TEST(GuidedFilter, KeepsWhatHasNoEdges) {
  Image grey = make_image(50, 30);
  std::fill(grey.rgba.begin(), grey.rgba.end(), uint8_t{90});
  const Coverage half = refined({5, 3, std::vector<float>(15, 0.5F)}, grey, 2, 1e-4F);
  ASSERT_EQ(half.width, 50);
  ASSERT_EQ(half.values.size(), 1500U);
  for (const float v : half.values) EXPECT_NEAR(v, 0.5F, 1e-5);
  const Coverage point = refined({1, 1, {1.0F}}, grey, 4, 1e-4F);
  for (const float v : point.values) EXPECT_NEAR(v, 1, 1e-4);
}

}  // namespace
}  // namespace ptah
