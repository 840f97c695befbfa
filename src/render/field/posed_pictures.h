// Pictures of one thing whose cameras are known: a folder with transforms.json, as NeRF, instant-ngp and nerfstudio write it.
#pragma once

#include <optional>

#include "base/file.h"
#include "media/image.h"
#include "render/camera.h"
#include "render/field/radiance_field.h"

namespace ptah {

/// A camera with a lens, in metres, +y up.
struct PosedCamera {
  Vec3 eye{}, right{1, 0, 0}, up{0, 1, 0}, forward{0, 0, -1};
  float focal_x = 1, focal_y = 1, centre_x = 0, centre_y = 0;  ///< in pixels; the centre from the upper left corner
  std::array<float, 4> distortion{};                           ///< k1, k2, p1, p2 as OpenCV has them
  int64_t width = 0, height = 0;

  /// The camera of a square picture that is rendered.
  static PosedCamera of(const Camera& camera, int64_t size);
  /// The direction of length 1 in which a place in the picture is seen.
  Vec3 ray(float x, float y) const;
  /// The pixel where a point is seen, without the lens's distortion; the third number is the distance along the axis.
  Vec3 project(const Vec3& point) const;
  /// The camera of the same picture with edges of other lengths.
  PosedCamera scaled(int64_t new_width, int64_t new_height) const;
};

struct PosedPicture {
  std::string file;
  PosedCamera camera;
  Image picture;
};

struct PosedPictures {
  std::vector<PosedPicture> fitted, held_out;
  bool cut_out = false;  ///< what is not the thing has no alpha
};

/// A frame of transforms.json before its picture is read.
struct PosedFrame {
  std::string file;  ///< within the folder
  Vec3 eye{}, right{}, up{}, back{};
  std::optional<double> angle_x, focal_x, focal_y, centre_x, centre_y, width, height;
  std::array<double, 4> distortion{};
  bool held_out = false;

  /// Errors: corrupt (a picture of another size than the file says; no focal length); unsupported (a lens that bends more than can be undone).
  Result<PosedCamera> camera(int64_t picture_width, int64_t picture_height) const;
};

/// Limits of what is read.
inline constexpr size_t kMaxTransformsBytes = size_t{16} << 20, kMaxPosedFrames = 4096;
inline constexpr int64_t kMaxPosedPixels = int64_t{400} << 20;

/// Reads `camera_angle_x` or `fl_x` …, `cx`, `cy`, `w`, `h`, `k1`, `k2`, `p1`, `p2`, each for all frames or for one; `frames` with `file_path` and
/// `transform_matrix` (camera to world, OpenGL's axes, +z up: turned here so that +y is up); and `test_filenames`, nerfstudio's list of frames that are held
/// out. Errors: corrupt with the frame and what is wrong; unsupported (fisheye lenses); over_budget.
Result<std::vector<PosedFrame>> parse_transforms(std::string_view json);

/// A folder's transforms.json, or else transforms_train.json with transforms_test.json, and all pictures they name, as one ZIP archive, so that what is made of
/// them can be made again. Errors: not_found, corrupt, over_budget, and those of parse_transforms().
Result<Bytes> pack_posed_pictures(const std::filesystem::path& folder);

/// The pictures of such an archive, none larger than `max_edge`. Unless the file says which are held out, `held_out` frames are, spread evenly.
/// Errors: corrupt, unsupported, over_budget, invalid_argument (nothing left to fit).
Result<PosedPictures> unpack_posed_pictures(std::span<const uint8_t> archive, int64_t max_edge, int64_t held_out);

/// transforms.json for pictures with these cameras, those behind the first `fitted` as held out.
std::string transforms_json(const std::vector<PosedPicture>& pictures, size_t fitted);

}  // namespace ptah
