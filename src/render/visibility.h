// Which triangle is seen where: eight samples a pixel, a band of rows at a time.
#pragma once

#include "render/camera.h"
#include "render/surface.h"

namespace ptah {

inline constexpr uint32_t kCoverage = 8;  ///< samples a pixel, each in a row and a column of its own
inline constexpr int64_t kBandRows = 4;   ///< rows of pixels in a band
inline constexpr uint32_t kNoTriangle = ~uint32_t{0};

/// A projected triangle: corners in pixels, and 1 / depth.
struct ScreenTriangle {
  std::array<Vec3, 3> at;
  uint32_t index = 0;
};

/// The triangles of each band.
class BandLists {
 public:
  BandLists(const SurfaceScene& scene, const Camera& camera, int64_t width, int64_t height);
  int64_t size() const { return static_cast<int64_t>(begin_.size()) - 1; }
  std::span<const uint32_t> of(int64_t band) const {
    return {entries_.data() + begin_[static_cast<size_t>(band)], begin_[static_cast<size_t>(band) + 1] - begin_[static_cast<size_t>(band)]};
  }
  const ScreenTriangle& triangle(uint32_t entry) const { return triangles_[entry]; }

 private:
  std::vector<ScreenTriangle> triangles_;
  std::vector<uint32_t> entries_;
  std::vector<size_t> begin_;
};

/// What of a triangle is seen in a pixel.
struct Fragment {
  uint32_t triangle = 0;
  float u = 0, v = 0;
  float pixel_area = 0;  ///< how much of the parallelogram of the triangle's edges a pixel covers
};

/// A triangle that light goes through, in front of what is opaque.
struct ClearLayer {
  uint32_t screen = 0, mask = 0;  ///< its entry in the lists, and the samples that it covers
  float nearness = 0;             ///< 1 / depth
};

class Band;

/// One pixel of a band.
class BandPixel {
 public:
  BandPixel(const Band& band, int64_t x, int64_t row) : band_(band), x_(x), row_(row) {}
  /// The entry of the nearest opaque triangle, or kNoTriangle.
  uint32_t entry(uint32_t sample) const;
  /// The samples that an entry (or none) is nearest in.
  uint32_t covered_by(uint32_t entry) const;
  /// From the farthest to the nearest, without what opaque triangles hide.
  std::span<const ClearLayer> clear_layers() const;
  /// The middle of the samples of a mask on a triangle.
  Fragment fragment(uint32_t screen, uint32_t mask) const;

 private:
  const Band& band_;
  int64_t x_, row_;
};

class Band {
 public:
  explicit Band(int64_t width);
  void draw(const SurfaceScene& scene, const BandLists& lists, int64_t number);
  BandPixel pixel(int64_t x, int64_t row) const { return {*this, x, row}; }

 private:
  friend class BandPixel;
  struct Sample {
    float nearness = 0;
    uint32_t screen = kNoTriangle;
  };
  void draw_triangle(const ScreenTriangle& triangle, uint32_t screen, bool clear);

  int64_t width_, first_row_ = 0;
  const BandLists* lists_ = nullptr;
  std::vector<Sample> samples_;                  // kCoverage a pixel
  std::vector<std::vector<ClearLayer>> layers_;  // by pixel
  bool any_clear_ = false;
};

}  // namespace ptah
