#include "face/photo/edit.h"

#include <algorithm>
#include <cmath>

#include "face/photo/warp.h"

namespace ptah {

namespace {

Vec2 plus(const Vec2& a, const Vec2& b, float by = 1) { return {a[0] + b[0] * by, a[1] + b[1] * by}; }
Vec2 mean_of(const FaceLandmarks& points, size_t first, size_t last) {
  Vec2 out{};
  for (size_t i = first; i <= last; ++i) out = plus(out, points[i], 1 / static_cast<float>(last - first + 1));
  return out;
}
float distance_of_points(const Vec2& a, const Vec2& b) { return std::hypot(a[0] - b[0], a[1] - b[1]); }

/// A face's own directions, as long as its eyes are apart.
struct FaceAxes {
  Vec2 right{}, up{};
};
FaceAxes axes_of(const FaceLandmarks& p) {
  const Vec2 right = plus(mean_of(p, 42, 47), mean_of(p, 36, 41), -1);
  return {right, {right[1], -right[0]}};
}

/// Points above the brows, where no landmark is.
std::vector<Vec2> forehead(const FaceLandmarks& p) {
  const FaceAxes axes = axes_of(p);
  std::vector<Vec2> out;
  for (const size_t i : {17, 19, 21, 22, 24, 26}) out.push_back(plus(p[i], axes.up, i == 17 || i == 26 ? 0.25F : 0.42F));
  return out;
}

/// A frame about a face that does not move: on an ellipse round it, and the picture's own corners and edges.
std::vector<Vec2> still_points(const FaceLandmarks& p, const Image& picture) {
  const FaceAxes axes = axes_of(p);
  const Vec2 middle = plus(mean_of(p, 27, 30), axes.up, 0.0F);
  std::vector<Vec2> out;
  for (int i = 0; i < 20; ++i) {
    const float a = 6.2831853F * static_cast<float>(i) / 20;
    Vec2 q = plus(plus(middle, axes.right, 1.45F * std::cos(a)), axes.up, 1.75F * std::sin(a));
    out.push_back({std::clamp(q[0], 0.0F, static_cast<float>(picture.width - 1)), std::clamp(q[1], 0.0F, static_cast<float>(picture.height - 1))});
  }
  return out;
}

/// Where an iris is: the middle of what is darkest within the lids. `first`: the landmark of the eye's left corner.
Vec2 iris_of(const Image& picture, const FaceLandmarks& p, size_t first) {
  std::vector<Vec2> lids(p.begin() + static_cast<long>(first), p.begin() + static_cast<long>(first) + 6);
  const BlendMask inside = polygon_mask(lids, picture.width, picture.height);
  const Vec2 middle = mean_of(p, first, first + 5);
  const float reach = distance_of_points(p[first], p[first + 3]);
  double darkest = 1e9, brightest = 0;
  const auto each = [&](const auto& body) {
    for (auto y = std::max<int64_t>(0, static_cast<int64_t>(middle[1] - reach)); y < std::min(picture.height, static_cast<int64_t>(middle[1] + reach)); ++y)
      for (auto x = std::max<int64_t>(0, static_cast<int64_t>(middle[0] - reach)); x < std::min(picture.width, static_cast<int64_t>(middle[0] + reach)); ++x)
        if (inside.at(x, y) > 127) {
          const uint8_t* c = picture.at(x, y);
          body(x, y, 0.3 * c[0] + 0.59 * c[1] + 0.11 * c[2]);
        }
  };
  each([&](int64_t, int64_t, double light) { darkest = std::min(darkest, light), brightest = std::max(brightest, light); });
  double sum = 0, sx = 0, sy = 0;
  each([&](int64_t x, int64_t y, double light) {
    const double weight = std::pow(std::max(0.0, 1 - (light - darkest) / std::max(1.0, (brightest - darkest) * 0.6)), 2.0);
    sum += weight, sx += weight * static_cast<double>(x), sy += weight * static_cast<double>(y);
  });
  if (sum <= 0) return middle;
  return {static_cast<float>(sx / sum), static_cast<float>(sy / sum)};
}

/// Points round an iris, and where they move.
void add_gaze(const Image& picture, const FaceLandmarks& p, const FaceEdit& edit, std::vector<Vec2>& from, std::vector<Vec2>& to) {
  const FaceAxes axes = axes_of(p);
  const float apart = std::hypot(axes.right[0], axes.right[1]);
  for (const size_t first : {36, 42}) {
    const Vec2 iris = iris_of(picture, p, first);
    const float width = distance_of_points(p[first], p[first + 3]),
                open = (distance_of_points(p[first + 1], p[first + 5]) + distance_of_points(p[first + 2], p[first + 4])) / 2;
    const float across = 0.2F * width / apart, along = std::min(0.2F * width, 0.38F * open) / apart, far_x = 0.17F * width / apart,
                far_y = 0.22F * open / apart;
    for (int i = 0; i < 8; ++i) {
      const float a = 6.2831853F * static_cast<float>(i) / 8;
      const Vec2 q = plus(plus(iris, axes.right, across * std::cos(a)), axes.up, along * std::sin(a));
      from.push_back(q);
      to.push_back(plus(plus(q, axes.right, far_x * edit.gaze_x), axes.up, far_y * edit.gaze_y));
    }
  }
}

}  // namespace

FaceLandmarks moved_landmarks(const FaceLandmarks& landmarks, const FaceEdit& edit) {
  const FaceAxes axes = axes_of(landmarks);
  FaceLandmarks out = landmarks;
  const auto move = [&](std::initializer_list<size_t> points, float right, float up) {
    for (const size_t i : points) out[i] = plus(plus(out[i], axes.right, right), axes.up, up);
  };
  const float s = edit.smile;
  move({48, 60}, -0.085F * std::max(s, 0.3F * s), 0.085F * s);
  move({54, 64}, 0.085F * std::max(s, 0.3F * s), 0.085F * s);
  move({49, 59, 61, 67}, -0.045F * std::max(s, 0.0F), 0.04F * s);
  move({53, 55, 63, 65}, 0.045F * std::max(s, 0.0F), 0.04F * s);
  move({50, 52, 56, 58}, 0, 0.012F * s);
  move({40, 41, 46, 47}, 0, 0.018F * std::max(s, 0.0F));
  const float b = edit.brows, together = b < 0 ? -b : 0;
  move({17, 18, 19, 20, 21}, 0.03F * together, 0.1F * b);
  move({22, 23, 24, 25, 26}, -0.03F * together, 0.1F * b);
  move({37, 38, 43, 44}, 0, 0.035F * edit.eyes);
  move({40, 41, 46, 47}, 0, -0.02F * edit.eyes);
  return out;
}

Image edited_face(const Image& picture, const FaceLandmarks& landmarks, const FaceEdit& edit) {
  const FaceLandmarks moved = moved_landmarks(landmarks, edit);
  std::vector<Vec2> from(landmarks.begin(), landmarks.end()), to(moved.begin(), moved.end());
  if (edit.gaze_x != 0 || edit.gaze_y != 0) add_gaze(picture, landmarks, edit, from, to);
  for (const auto& still : {forehead(landmarks), still_points(landmarks, picture)})
    from.insert(from.end(), still.begin(), still.end()), to.insert(to.end(), still.begin(), still.end());
  const Image bent = warped(picture, from, to, delaunay(to), picture.width, picture.height);
  Image out = picture;
  // Only what moved: triangles that stay give their pixels back exactly.
  for (int64_t y = 0; y < out.height; ++y)
    for (int64_t x = 0; x < out.width; ++x)
      if (bent.at(x, y)[3] > 0 && picture.at(x, y)[3] > 0) std::copy_n(bent.at(x, y), 4, out.at(x, y));
  return out;
}

SwappedFace swapped_face(const Image& picture, const FaceLandmarks& landmarks, const Image& donor, const FaceLandmarks& donor_landmarks) {
  std::vector<Vec2> from(donor_landmarks.begin(), donor_landmarks.end()), to(landmarks.begin(), landmarks.end());
  const auto above = forehead(landmarks), donor_above = forehead(donor_landmarks);
  from.insert(from.end(), donor_above.begin(), donor_above.end());
  to.insert(to.end(), above.begin(), above.end());
  // A rim beyond the jaw, so that there is a difference to be known at the mask's border.
  for (size_t i = 0; i <= 16; ++i) {
    const auto beyond = [i](const FaceLandmarks& p) { return plus(p[i], plus(p[i], mean_of(p, 27, 35), -1), 0.12F); };
    from.push_back(beyond(donor_landmarks));
    to.push_back(beyond(landmarks));
  }
  const Image bent = warped(donor, from, to, delaunay(to), picture.width, picture.height);
  std::vector<Vec2> outline(landmarks.begin(), landmarks.begin() + 17);
  for (size_t i = above.size(); i-- > 0;) {
    const Vec2 brow = landmarks[std::array<size_t, 6>{17, 19, 21, 22, 24, 26}[i]];
    outline.push_back(plus(brow, plus(above[i], brow, -1), 0.6F));
  }
  SwappedFace out;
  const auto inset = std::max<int64_t>(1, std::lround(distance_of_points(landmarks[0], landmarks[16]) * 0.015F));
  out.mask = eroded(polygon_mask(outline, picture.width, picture.height), inset);
  out.picture = poisson_blend(colour_matched(bent, picture, out.mask), picture, out.mask);
  return out;
}

}  // namespace ptah
