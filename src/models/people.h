// The parametric people of MakeHuman's community (CC0): which of their files are used, in the order in which they lie one behind the other in shapes.gz and
// actions.txt.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace ptah {

/// A way in which a face can differ: what is at its ends. With `sided` there is one of the left and one of the right half.
struct FaceSlider {
  std::string_view name;        ///< as a request has it: "nose-width1"
  std::string_view folder;      ///< of its files
  std::string_view less, more;  ///< endings of the files at −1 and at 1; an empty one: there is no such end
  bool sided = false;
  float spread = 0.3F;  ///< how far it differs from person to person (a standard deviation)
};

inline constexpr std::array kFaceSliders{
    FaceSlider{"head-age", "head", "decr", "incr", false, 0},
    FaceSlider{"head-fat", "head", "decr", "incr", false, 0.25F},
    FaceSlider{"head-diamond", "head", "", "", false, 0.2F},
    FaceSlider{"head-invertedtriangular", "head", "", "", false, 0.2F},
    FaceSlider{"head-oval", "head", "", "", false, 0.35F},
    FaceSlider{"head-rectangular", "head", "", "", false, 0.2F},
    FaceSlider{"head-round", "head", "", "", false, 0.2F},
    FaceSlider{"head-square", "head", "", "", false, 0.2F},
    FaceSlider{"head-triangular", "head", "", "", false, 0.15F},
    FaceSlider{"head-scale-depth", "head", "decr", "incr", false, 0.15F},
    FaceSlider{"head-scale-horiz", "head", "decr", "incr", false, 0.15F},
    FaceSlider{"head-scale-vert", "head", "decr", "incr", false, 0.15F},
    FaceSlider{"forehead-nubian", "forehead", "decr", "incr", false, 0.2F},
    FaceSlider{"forehead-scale-vert", "forehead", "decr", "incr", false, 0.2F},
    FaceSlider{"forehead-temple", "forehead", "decr", "incr", false, 0.3F},
    FaceSlider{"forehead-trans", "forehead", "backward", "forward", false, 0.2F},
    FaceSlider{"eyebrows-angle", "eyebrows", "down", "up", false, 0.3F},
    FaceSlider{"eyebrows-trans", "eyebrows", "down", "up", false, 0.3F},
    FaceSlider{"eye-bag", "eyes", "decr", "incr", true, 0.2F},
    FaceSlider{"eye-corner1", "eyes", "down", "up", true, 0.3F},
    FaceSlider{"eye-corner2", "eyes", "down", "up", true, 0.3F},
    FaceSlider{"eye-epicanthus", "eyes", "in", "out", true, 0.2F},
    FaceSlider{"eye-eyefold", "eyes", "down", "up", true, 0.3F},
    FaceSlider{"eye-eyefold-angle", "eyes", "down", "up", true, 0.3F},
    FaceSlider{"eye-height1", "eyes", "decr", "incr", true, 0.2F},
    FaceSlider{"eye-height2", "eyes", "decr", "incr", true, 0.2F},
    FaceSlider{"eye-height3", "eyes", "decr", "incr", true, 0.2F},
    FaceSlider{"eye-scale", "eyes", "decr", "incr", true, 0.2F},
    FaceSlider{"eye-trans", "eyes", "in", "out", true, 0.25F},
    FaceSlider{"nose-base", "nose", "down", "up", false, 0.3F},
    FaceSlider{"nose-curve", "nose", "concave", "convex", false, 0.35F},
    FaceSlider{"nose-flaring", "nose", "decr", "incr", false, 0.3F},
    FaceSlider{"nose-greek", "nose", "decr", "incr", false, 0.25F},
    FaceSlider{"nose-hump", "nose", "decr", "incr", false, 0.3F},
    FaceSlider{"nose-nostrils-width", "nose", "decr", "incr", false, 0.3F},
    FaceSlider{"nose-point", "nose", "down", "up", false, 0.3F},
    FaceSlider{"nose-point-width", "nose", "decr", "incr", false, 0.3F},
    FaceSlider{"nose-scale-depth", "nose", "decr", "incr", false, 0.25F},
    FaceSlider{"nose-scale-horiz", "nose", "decr", "incr", false, 0.25F},
    FaceSlider{"nose-scale-vert", "nose", "decr", "incr", false, 0.3F},
    FaceSlider{"nose-volume", "nose", "decr", "incr", false, 0.25F},
    FaceSlider{"nose-width1", "nose", "decr", "incr", false, 0.3F},
    FaceSlider{"nose-width2", "nose", "decr", "incr", false, 0.3F},
    FaceSlider{"nose-width3", "nose", "decr", "incr", false, 0.3F},
    FaceSlider{"mouth-angles", "mouth", "down", "up", false, 0.2F},
    FaceSlider{"mouth-cupidsbow", "mouth", "decr", "incr", false, 0.35F},
    FaceSlider{"mouth-dimples", "mouth", "in", "out", false, 0.2F},
    FaceSlider{"mouth-laugh-lines", "mouth", "in", "out", false, 0},
    FaceSlider{"mouth-lowerlip-height", "mouth", "decr", "incr", false, 0.3F},
    FaceSlider{"mouth-lowerlip-volume", "mouth", "decr", "incr", false, 0.3F},
    FaceSlider{"mouth-philtrum-volume", "mouth", "decr", "incr", false, 0.3F},
    FaceSlider{"mouth-scale-horiz", "mouth", "decr", "incr", false, 0.3F},
    FaceSlider{"mouth-scale-vert", "mouth", "decr", "incr", false, 0.2F},
    FaceSlider{"mouth-trans", "mouth", "down", "up", false, 0.25F},
    FaceSlider{"mouth-upperlip-height", "mouth", "decr", "incr", false, 0.3F},
    FaceSlider{"mouth-upperlip-volume", "mouth", "decr", "incr", false, 0.3F},
    FaceSlider{"chin-bones", "chin", "decr", "incr", false, 0.25F},
    FaceSlider{"chin-cleft", "chin", "decr", "incr", false, 0.25F},
    FaceSlider{"chin-height", "chin", "decr", "incr", false, 0.3F},
    FaceSlider{"chin-jaw-drop", "chin", "decr", "incr", false, 0.2F},
    FaceSlider{"chin-prognathism", "chin", "decr", "incr", false, 0.2F},
    FaceSlider{"chin-prominent", "chin", "decr", "incr", false, 0.3F},
    FaceSlider{"chin-width", "chin", "decr", "incr", false, 0.3F},
    FaceSlider{"cheek-bones", "cheek", "decr", "incr", true, 0.35F},
    FaceSlider{"cheek-inner", "cheek", "decr", "incr", true, 0.2F},
    FaceSlider{"cheek-volume", "cheek", "decr", "incr", true, 0.3F},
    FaceSlider{"ear-flap", "ears", "decr", "incr", true, 0.25F},
    FaceSlider{"ear-lobe", "ears", "decr", "incr", true, 0.3F},
    FaceSlider{"ear-scale", "ears", "decr", "incr", true, 0.2F},
    FaceSlider{"ear-wing", "ears", "decr", "incr", true, 0.25F},
    FaceSlider{"neck-double", "neck", "decr", "incr", false, 0},
    FaceSlider{"neck-scale-depth", "neck", "decr", "incr", false, 0.15F},
    FaceSlider{"neck-scale-horiz", "neck", "decr", "incr", false, 0.15F},
};

/// The facial actions, by the names that Apple's ARKit gave them.
inline constexpr std::array<std::string_view, 52> kFaceActions{
    "browDownLeft",     "browDownRight",   "browInnerUp",     "browOuterUpLeft",  "browOuterUpRight",  "cheekPuff",          "cheekSquintLeft",
    "cheekSquintRight", "eyeBlinkLeft",    "eyeBlinkRight",   "eyeLookDownLeft",  "eyeLookDownRight",  "eyeLookInLeft",      "eyeLookInRight",
    "eyeLookOutLeft",   "eyeLookOutRight", "eyeLookUpLeft",   "eyeLookUpRight",   "eyeSquintLeft",     "eyeSquintRight",     "eyeWideLeft",
    "eyeWideRight",     "jawForward",      "jawLeft",         "jawOpen",          "jawRight",          "mouthClose",         "mouthDimpleLeft",
    "mouthDimpleRight", "mouthFrownLeft",  "mouthFrownRight", "mouthFunnel",      "mouthLeft",         "mouthLowerDownLeft", "mouthLowerDownRight",
    "mouthPressLeft",   "mouthPressRight", "mouthPucker",     "mouthRight",       "mouthRollLower",    "mouthRollUpper",     "mouthShrugLower",
    "mouthShrugUpper",  "mouthSmileLeft",  "mouthSmileRight", "mouthStretchLeft", "mouthStretchRight", "mouthUpperUpLeft",   "mouthUpperUpRight",
    "noseSneerLeft",    "noseSneerRight",  "tongueOut"};

inline constexpr std::array<std::string_view, 3> kAncestries{"african", "asian", "caucasian"};
inline constexpr std::array<std::string_view, 2> kGenders{"female", "male"};
inline constexpr std::array<std::string_view, 4> kAges{"baby", "child", "young", "old"};
inline constexpr std::array<std::string_view, 3> kWeights{"minweight", "averageweight", "maxweight"};

/// The names of the shapes in shapes.gz, each a file "NAME.target.gz" below mpfb2/targets.
inline std::vector<std::string> people_shapes() {
  std::vector<std::string> out;
  for (const auto gender : kGenders)
    for (const auto age : kAges) {
      const std::string both = std::string(gender) + "-" + std::string(age);
      for (const auto ancestry : kAncestries) out.push_back("macrodetails/" + std::string(ancestry) + "-" + both);
      for (const auto weight : kWeights) out.push_back("macrodetails/universal-" + both + "-averagemuscle-" + std::string(weight));
    }
  for (const FaceSlider& slider : kFaceSliders)
    for (const std::string_view end : {slider.less, slider.more})
      for (const char* side : {"l-", "r-"}) {
        const bool last = side[0] == 'r';
        if (last && !slider.sided) continue;
        std::string name = std::string(slider.folder) + "/" + (slider.sided ? side : "") + std::string(slider.name);
        if (!end.empty()) name += "-" + std::string(end);
        if (out.empty() || std::string_view(out.back()) != name) out.push_back(name);
      }
  return out;
}

}  // namespace ptah
