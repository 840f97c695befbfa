// Light from all around: a map of the surroundings, prepared for surfaces that are lit by it.
#pragma once

#include <filesystem>
#include <memory>

#include "media/hdr/hdr_image.h"
#include "render/reflectance.h"

namespace ptah {

/// Appends a guide to `count` intervals between cumulative weights (Chen and Asau 1974): the interval that holds u · the last weight is number
/// guide[floor(u · count)] or a later one.
void append_guide(const float* sums, int64_t count, std::vector<int32_t>& to);

/// What samples of a map are taken from, for readers of several directions at once. Borders of intervals are cumulative weights; those of the pixels of row y
/// begin at y · (width + 1).
struct EnvironmentView {
  int64_t width, height;
  const float* texels;  ///< three a pixel
  const float *row_sums, *column_sums, *row_cosines;
  const int32_t *row_guide, *column_guide;  ///< guides to the rows; to the pixels of each, which begin at y · width
  float density;                            ///< probability by solid angle for a pixel's weight of 1
  float sine, cosine;                       ///< of the turn about the vertical axis
};

/// An equirectangular map: the middle is seen when looking along −z, the top is +y, u runs to the right. Prepared once, then read from any thread.
class Environment {
 public:
  /// `turn`: degrees by which the surroundings are turned about the vertical axis. Errors: invalid_argument for a map that is no wider than high, has no
  /// pixels, or no light.
  static Result<std::shared_ptr<const Environment>> of(HdrImage map, float turn = 0);
  /// The same light from everywhere.
  static std::shared_ptr<const Environment> constant(const Rgb& radiance);

  /// What comes from a direction, bilinear.
  Rgb radiance(const Vec3& direction) const;
  /// The light that falls on a surface, through π: what a white diffuse surface sends out. By spherical harmonics up to degree 2 (Ramamoorthi and Hanrahan
  /// 2001).
  Rgb irradiance(const Vec3& normal) const;
  /// What a rough mirror sees of the direction that it reflects: the map convolved with GGX for view = normal (Karis 2013).
  Rgb reflected(const Vec3& direction, float roughness) const;
  struct Sample {
    Vec3 direction;
    Rgb radiance;
    float pdf = 0;  ///< by solid angle
  };
  /// A direction, likelier where it is brighter; u and v in [0, 1).
  Sample sample(float u, float v) const;
  float pdf(const Vec3& direction) const;
  EnvironmentView view() const;

 private:
  Environment() = default;
  void prepare(float turn);
  void project();
  void prefilter();
  void prepare_sampling();
  Vec3 to_map(const Vec3& d) const { return {d[0] * cosine_ - d[2] * sine_, d[1], d[0] * sine_ + d[2] * cosine_}; }
  Vec3 from_map(const Vec3& d) const { return {d[0] * cosine_ + d[2] * sine_, d[1], -d[0] * sine_ + d[2] * cosine_}; }

  HdrImage map_;
  std::vector<HdrImage> levels_;  ///< for equally spaced roughnesses, from the map itself to 1
  std::array<Rgb, 9> harmonics_{};
  std::vector<float> row_sums_, column_sums_;  ///< cumulative weights of rows; of the pixels in each
  std::vector<int32_t> row_guide_, column_guide_;
  std::vector<float> row_cosines_;  ///< of the angles between the top and the rows' borders
  double total_ = 0;
  float sine_ = 0, cosine_ = 1;
};

/// The mean luminance over all directions.
float mean_luminance(const HdrImage& map);
/// The map with that mean, so that pictures are neither dark nor pale. Maps without light stay as they are.
HdrImage with_mean(HdrImage map, float mean);

/// The maps that come along, by name.
std::vector<std::string> environment_names();
/// One of them. Errors: not_found.
Result<HdrImage> shipped_environment(const std::string& name);

}  // namespace ptah
