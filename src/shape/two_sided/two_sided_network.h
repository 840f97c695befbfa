// A network that sees one picture of an object and says how deep it is in front and behind, and which colours its back has.
#pragma once

#include "geometry/mesh.h"
#include "media/image.h"
#include "nn/pixel_unet.h"

namespace ptah {

using TwoSidedConfig = PixelUnetConfig;
/// The shape that trainings begin with.
TwoSidedConfig usual_two_sided_config();
/// Errors: corrupt for missing or absurd values.
Result<TwoSidedConfig> two_sided_config(const Json& json);

/// Empty pixels on each side of the square that the network looks at; the longer edge of the object spans what is between them.
int64_t two_sided_margin(int64_t size);

/// What the network reads of each pixel: premultiplied RGBA in [−1, 1], and half the thickness of the inflated solid.
inline constexpr int64_t kTwoSidedInputs = 5;
/// What it says of each pixel: front depth, back depth, red, green and blue of the back.
inline constexpr int64_t kTwoSidedOutputs = 5;

/// Depths are heights towards the viewer; half of what the object's longer edge spans is 1, and the mean of front and back is 0 over the whole object. Colours
/// are sRGB from 0 to 1. The network says how much all of it differs from the inflated solid with the picture on its back too: zeros are the inflation.
class TwoSidedNetwork {
 public:
  TwoSidedNetwork(const Scope& scope, const TwoSidedConfig& config) : unet_(scope, config, kTwoSidedInputs, kTwoSidedOutputs, 0, true) {}

  /// f32 [n, edge, edge, kTwoSidedInputs] → differences, f32 [n, edge, edge, kTwoSidedOutputs]; edges as PixelUnet has them. Computes in `type`.
  Tensor operator()(const Tensor& seen, DType type) const { return unet_(seen, type); }
  const TwoSidedConfig& config() const { return unet_.config(); }

 private:
  PixelUnet unet_;
};

/// Half the thickness of the inflated solid at each pixel of a square of coverage (rows from the top), 0 outside; in units of the depths.
std::vector<float> inflated_heights(const std::vector<float>& cover, int64_t size);

/// A picture that shows an object from edge to edge (cropped_for_object), as the network reads it: f32 [1, size, size, kTwoSidedInputs].
Tensor two_sided_input(const Image& cropped, int64_t size);
/// The last of the inputs from the first four, in place: f32 [n, size, size, kTwoSidedInputs].
void add_inflated_heights(Tensor& seen);

/// What the network's answer means, pixel by pixel, rows from the top.
struct TwoSidedMaps {
  int64_t size = 0;
  std::vector<char> inside;        ///< pixels that show the object
  std::vector<float> front, back;  ///< how much the depths differ from the inflated solid's
  std::vector<Vec3> back_colours;  ///< sRGB, 0 to 1
};
/// Of one picture: the mean of what is found in it and in its mirror image. Numbers that are none count as 0.
TwoSidedMaps two_sided_maps(const TwoSidedNetwork& network, const Tensor& seen);

}  // namespace ptah
