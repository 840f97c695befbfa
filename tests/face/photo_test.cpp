// Pictures bent by points, blended without a seam, and faces changed by their landmarks.
#include <gtest/gtest.h>

#include <cmath>

#include "face/photo/edit.h"
#include "face/photo/warp.h"
#include "pixels/visible_label.h"

namespace ptah {

namespace {

Image gradient_picture(int64_t size, int shift = 0) {
  Image out = make_image(size, size);
  for (int64_t y = 0; y < size; ++y)
    for (int64_t x = 0; x < size; ++x) {
      uint8_t* p = out.at(x, y);
      p[0] = static_cast<uint8_t>(40 + shift + x * 100 / size);
      p[1] = static_cast<uint8_t>(60 + shift + y * 100 / size);
      p[2] = static_cast<uint8_t>(80 + shift);
      p[3] = 255;
    }
  return out;
}

/// A face as a drawing has it, about (128, 128).
FaceLandmarks drawn_face(float scale = 1) {
  FaceLandmarks out;
  const auto at = [&](float x, float y) { return Vec2{128 + x * scale, 128 + y * scale}; };
  for (size_t i = 0; i <= 16; ++i) {
    const float a = 3.1415927F * static_cast<float>(i) / 16;
    out[i] = at(-60 * std::cos(a), -10 + 75 * std::sin(a));
  }
  for (size_t i = 0; i < 5; ++i) {
    out[17 + i] = at(-48 + 9 * static_cast<float>(i), -36 - 5 * std::sin(0.7854F * static_cast<float>(i)));
    out[26 - i] = at(48 - 9 * static_cast<float>(i), -36 - 5 * std::sin(0.7854F * static_cast<float>(i)));
  }
  for (size_t i = 0; i < 4; ++i) out[27 + i] = at(0, -24 + 10 * static_cast<float>(i));
  for (size_t i = 0; i < 5; ++i) out[31 + i] = at(-12 + 6 * static_cast<float>(i), 14);
  for (size_t i = 0; i < 6; ++i) {
    const float a = 3.1415927F * static_cast<float>(i) / 3;
    out[36 + i] = at(-27 - 11 * std::cos(a), -22 - 5 * std::sin(a));
    out[42 + i] = at(27 - 11 * std::cos(a), -22 - 5 * std::sin(a));
  }
  for (size_t i = 0; i < 12; ++i) {
    const float a = 6.2831853F * static_cast<float>(i) / 12;
    out[48 + i] = at(-22 * std::cos(a), 36 - 9 * std::sin(a));
  }
  for (size_t i = 0; i < 8; ++i) {
    const float a = 6.2831853F * static_cast<float>(i) / 8;
    out[60 + i] = at(-17 * std::cos(a), 36 - 3 * std::sin(a));
  }
  return out;
}

double largest_change(const Image& a, const Image& b, const std::function<bool(int64_t, int64_t)>& where) {
  double out = 0;
  for (int64_t y = 0; y < a.height; ++y)
    for (int64_t x = 0; x < a.width; ++x)
      if (where(x, y))
        for (int c = 0; c < 4; ++c) out = std::max(out, std::abs(static_cast<double>(a.at(x, y)[c]) - b.at(x, y)[c]));
  return out;
}

}  // namespace

TEST(Delaunay, CoversTheHullWithoutAnyPointInACircle) {
  std::vector<Vec2> points;
  for (int i = 0; i < 40; ++i) points.push_back({static_cast<float>(i * 37 % 101), static_cast<float>(i * 61 % 97)});
  points.push_back(points[3]);  // again
  const auto triangles = delaunay(points);
  double area = 0;
  for (const Triangle& t : triangles) {
    const auto& [a, b, c] = std::tie(points[t[0]], points[t[1]], points[t[2]]);
    const double ab = static_cast<double>(b[0] - a[0]) * (c[1] - a[1]) - static_cast<double>(c[0] - a[0]) * (b[1] - a[1]);
    EXPECT_GT(ab, 0);
    area += ab / 2;
    const double d = 2 * ab, a2 = a[0] * a[0] + a[1] * a[1], b2 = b[0] * b[0] + b[1] * b[1], c2 = c[0] * c[0] + c[1] * c[1];
    const double x = (a2 * (b[1] - c[1]) + b2 * (c[1] - a[1]) + c2 * (a[1] - b[1])) / d, y = (a2 * (c[0] - b[0]) + b2 * (a[0] - c[0]) + c2 * (b[0] - a[0])) / d;
    const double radius = std::hypot(a[0] - x, a[1] - y);
    for (const Vec2& p : points) EXPECT_GE(std::hypot(p[0] - x, p[1] - y), radius - 1e-2);
  }
  EXPECT_GT(area, 80.0 * 80);
  EXPECT_TRUE(delaunay({{0, 0}, {1, 1}}).empty());
}

TEST(Warp, MovesWhatIsBetweenItsPoints) {
  Image picture = gradient_picture(64);
  std::fill_n(picture.at(32, 32), 3, uint8_t{255});
  const std::vector<Vec2> from{{0, 0}, {63, 0}, {63, 63}, {0, 63}, {32, 32}}, to{{0, 0}, {63, 0}, {63, 63}, {0, 63}, {40, 28}};
  const Image bent = warped(picture, from, to, delaunay(to), 64, 64);
  EXPECT_EQ(bent.at(40, 28)[2], 255);
  EXPECT_LT(bent.at(32, 32)[2], 120);
  EXPECT_EQ(bent.at(0, 0)[0], picture.at(0, 0)[0]);
  const auto moved = warped_points({{32, 32}, {100, 100}}, from, to, delaunay(from));
  EXPECT_NEAR(moved[0][0], 40, 1e-3);
  EXPECT_EQ(moved[1], (Vec2{100, 100})) << "outside";
}

TEST(PoissonBlend, TakesGradientsInsideAndColoursAtTheBorder) {
  const Image under = gradient_picture(96), over = gradient_picture(96, 50);  // the same gradients, brighter by 50
  const BlendMask mask = polygon_mask({{20, 20}, {76, 24}, {70, 72}, {24, 70}}, 96, 96);
  const Image blended = poisson_blend(over, under, mask);
  EXPECT_LE(largest_change(blended, under, [](int64_t, int64_t) { return true; }), 2) << "the brightness is the border's, the gradients are the same";
  EXPECT_GT(largest_change(over, under, [](int64_t, int64_t) { return true; }), 40);
}

TEST(PoissonBlend, LeavesNoSeamWhereAPasteHasOne) {
  Image under = gradient_picture(128), over = gradient_picture(128, 30);
  for (int64_t y = 50; y < 80; ++y)
    for (int64_t x = 50; x < 80; ++x) over.at(x, y)[0] = 200;  // something to see
  const BlendMask mask = polygon_mask({{30, 30}, {100, 30}, {100, 100}, {30, 100}}, 128, 128);
  Image pasted = under;
  for (int64_t y = 0; y < 128; ++y)
    for (int64_t x = 0; x < 128; ++x)
      if (mask.at(x, y) > 127) std::copy_n(over.at(x, y), 4, pasted.at(x, y));
  const Image blended = poisson_blend(over, under, mask);
  EXPECT_GT(seam_ratio(pasted, mask), 5);
  EXPECT_LT(seam_ratio(blended, mask), 1.5);
  EXPECT_GT(blended.at(65, 65)[0], blended.at(40, 65)[0] + 40) << "what was to be seen is there";
  EXPECT_EQ(largest_change(blended, under, [&](int64_t x, int64_t y) { return mask.at(x, y) < 128; }), 0) << "outside nothing changes";
}

TEST(BlendMask, ErodesAndGrows) {
  const BlendMask mask = polygon_mask({{10, 10}, {30, 10}, {30, 30}, {10, 30}}, 40, 40);
  const auto count = [](const BlendMask& m) { return std::count_if(m.inside.begin(), m.inside.end(), [](uint8_t v) { return v > 127; }); };
  EXPECT_LT(count(eroded(mask, 2)), count(mask));
  EXPECT_GT(count(eroded(mask, -2)), count(mask));
  EXPECT_EQ(count(eroded(mask, 100)), 0);
}

TEST(FaceEdits, MoveTheirLandmarksAndLeaveTheRest) {
  const FaceLandmarks face = drawn_face();
  const FaceLandmarks smiling = moved_landmarks(face, {.smile = 1}), frowning = moved_landmarks(face, {.smile = -1}),
                      raised = moved_landmarks(face, {.brows = 1});
  EXPECT_LT(smiling[48][1], face[48][1] - 2) << "corners go up";
  EXPECT_GT(smiling[54][0], face[54][0] + 2) << "and out";
  EXPECT_GT(frowning[48][1], face[48][1] + 2);
  EXPECT_LT(raised[19][1], face[19][1] - 2);
  EXPECT_EQ(raised[48], face[48]);
  EXPECT_EQ(moved_landmarks(face, {}), face);
  const Image picture = gradient_picture(256), edited = edited_face(picture, face, {.smile = 1});
  EXPECT_GT(largest_change(edited, picture, [](int64_t x, int64_t y) { return std::abs(x - 128) < 40 && y > 140 && y < 190; }), 1);
  EXPECT_LE(largest_change(edited, picture, [](int64_t x, int64_t y) { return x < 20 || x > 235 || y < 10; }), 1) << "far from the face";
}

TEST(FaceEdits, GazeMovesTheIris) {
  Image picture = gradient_picture(256);
  const FaceLandmarks face = drawn_face();
  for (const float middle : {101.0F, 155.0F})
    for (int64_t y = 98; y < 115; ++y)
      for (auto x = static_cast<int64_t>(middle) - 14; x < static_cast<int64_t>(middle) + 14; ++x) {
        const bool iris = std::hypot(static_cast<float>(x) - middle, static_cast<float>(y) - 106) < 3.2F;
        std::fill_n(picture.at(x, y), 3, static_cast<uint8_t>(iris ? 10 : 230));
      }
  const auto iris_x = [&](const Image& p) {
    double sum = 0, all = 0;
    for (int64_t y = 102; y < 111; ++y)
      for (int64_t x = 91; x < 112; ++x) {
        const double dark = std::max(0.0, 120.0 - p.at(x, y)[0]);
        sum += dark * static_cast<double>(x), all += dark;
      }
    return sum / all;
  };
  EXPECT_GT(iris_x(edited_face(picture, face, {.gaze_x = 1})), iris_x(picture) + 1.5);
  EXPECT_LT(iris_x(edited_face(picture, face, {.gaze_x = -1})), iris_x(picture) - 1.5);
}

TEST(SwappedFaces, TakeTheOthersFeaturesInTheirOwnPlace) {
  const Image picture = gradient_picture(256);
  Image donor = gradient_picture(256, 60);
  const FaceLandmarks face = drawn_face(), other = drawn_face(0.8F);
  for (int64_t y = 150; y < 164; ++y)
    for (int64_t x = 112; x < 144; ++x) donor.at(x, y)[1] = 20;  // a mouth
  const SwappedFace swapped = swapped_face(picture, face, donor, other);
  EXPECT_LT(swapped.picture.at(128, 164)[1], swapped.picture.at(128, 140)[1] - 40) << "the mouth, where this face has its own";
  EXPECT_LT(seam_ratio(swapped.picture, swapped.mask), 1.5);
  EXPECT_EQ(largest_change(swapped.picture, picture, [&](int64_t x, int64_t y) { return swapped.mask.at(x, y) < 128; }), 0);
}

TEST(VisibleLabel, IsSeenInTheCornerOnly) {
  const Image picture = gradient_picture(256), labelled = visibly_labelled(picture, "SYNTHETIC");
  EXPECT_GT(largest_change(labelled, picture, [](int64_t x, int64_t y) { return x < 60 && y > 244; }), 100);
  EXPECT_EQ(largest_change(labelled, picture, [](int64_t x, int64_t y) { return x > 80 || y < 240; }), 0);
  EXPECT_NO_THROW(visibly_labelled(gradient_picture(4), "AB C"));
}

}  // namespace ptah
