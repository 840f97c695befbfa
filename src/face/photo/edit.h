// Changes of a face in a picture: what it shows, where it looks, and another face in its place. Whoever calls has to have asked the people in the pictures.
#pragma once

#include "face/networks/face_networks.h"
#include "face/photo/blend.h"

namespace ptah {

/// −1 to 1 each; 0 changes nothing.
struct FaceEdit {
  float smile = 0;   ///< corners of the mouth up and out; below 0: down
  float brows = 0;   ///< up; below 0: down and together
  float eyes = 0;    ///< wider; below 0: narrower
  float gaze_x = 0;  ///< to the right in the picture
  float gaze_y = 0;  ///< up
  bool none() const { return smile == 0 && brows == 0 && eyes == 0 && gaze_x == 0 && gaze_y == 0; }
};

/// Where the landmarks come to lie.
FaceLandmarks moved_landmarks(const FaceLandmarks& landmarks, const FaceEdit& edit);
/// The picture with the face changed; pixels farther from it than half its size stay as they are.
Image edited_face(const Image& picture, const FaceLandmarks& landmarks, const FaceEdit& edit);

struct SwappedFace {
  Image picture;
  BlendMask mask;  ///< where the other face is
};
/// `donor`'s face in the place of the picture's: bent onto its landmarks, in its colours, without a seam.
SwappedFace swapped_face(const Image& picture, const FaceLandmarks& landmarks, const Image& donor, const FaceLandmarks& donor_landmarks);

}  // namespace ptah
