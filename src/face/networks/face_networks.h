// Faces in pictures: where they are, 68 landmarks, which expression they show, and a vector that tells people apart. The networks are those of face-api (MIT).
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "geometry/mesh.h"
#include "media/image.h"

namespace ptah {

/// Where a face is, in pixels.
struct FaceBox {
  float x = 0, y = 0, width = 0, height = 0;
  float score = 0;  ///< 0 to 1
};

/// By iBUG's 68 points: jaw 0–16, brows 17–26, nose 27–35, eyes 36–47 (right eye first), lips 48–67; pixels.
using FaceLandmarks = std::array<Vec2, 68>;

/// In this order.
inline constexpr std::array<const char*, 7> kFaceExpressions{"neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised"};

/// For several threads.
class FaceNetworks {
 public:
  /// The folder of a model (`ptah pull faces`). Errors: not_found, corrupt, unsupported; they name the file.
  static Result<std::shared_ptr<const FaceNetworks>> load(const std::filesystem::path& folder);
  virtual ~FaceNetworks() = default;

  /// Faces by score, the best first (TinyYolov2 with separable convolutions; boxes that overlap by more than 0.4 are one). `input`: the edge that the picture
  /// is scaled to, a multiple of 32.
  virtual std::vector<FaceBox> detect(const Image& picture, float least_score = 0.5F, int64_t input = 416) const = 0;
  virtual FaceLandmarks landmarks(const Image& picture, const FaceBox& face) const = 0;
  /// Probabilities by kFaceExpressions.
  virtual std::array<float, 7> expression(const Image& picture, const FaceBox& face) const = 0;
  /// 128 numbers; those of one person are less than about 0.6 apart (ResNet of dlib's layout). `face` had better be that of aligned().
  virtual std::vector<float> identity(const Image& picture, const FaceBox& face) const = 0;
  virtual const std::vector<std::filesystem::path>& files() const = 0;
};

/// A box about the middle of eyes and mouth, as the identity network was trained on.
FaceBox aligned(const FaceLandmarks& landmarks);

/// What the law asks to be said to people whose expressions are read (AI Act, article 50(3)), and that it does not fit all pictures.
inline constexpr const char* kExpressionNotice =
    "This output was made by an emotion recognition system. People whose faces it reads have to be told so (EU AI Act, article 50(3)); its use at work and in "
    "education is prohibited, with few exceptions (article 5(1)(f)). It names what a face shows, not what somebody feels.";

}  // namespace ptah
