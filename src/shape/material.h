// Materials by words: what a surface is made of, in the terms of physically based rendering.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/error.h"

namespace ptah {

/// Patterns in space that a surface cuts through, so that they have no seams.
enum class SolidTexture : uint8_t {
  none,
  wood,
  stone,
  brick,
  cloth,
  rust,
  marble,
  leather,
  grass,
  tiles,
  planks,
  bark,
  granite,
  concrete,
  cobble,
  sand,
  snow,
  moss,
  lava,
  ice,
  brushed,
  hammered,
  patina,
  scales,
  camouflage,
  terrazzo,
  mud,
  knit,
  gravel,
  stripes,
  checker,
  carbon,
  fur,
  dust,
  paint
};

struct Material {
  std::string name;                               ///< "wood", "brushed metal"; as it is called in files
  std::array<float, 3> albedo{0.8F, 0.8F, 0.8F};  ///< sRGB, 0 to 1
  float roughness = 0.6F, metallic = 0;
  float opacity = 1;
  std::array<float, 3> emission{0, 0, 0};  ///< sRGB
  SolidTexture texture = SolidTexture::none;
  float scale = 1;  ///< of the texture: 2 makes it twice as coarse
  bool operator==(const Material&) const = default;
};

/// The colour words, and what they mean as sRGB; "grey" is "gray".
const std::vector<std::string>& colour_words();
/// A colour word or "#rrggbb". Errors: invalid_argument, with what is known.
Result<std::array<float, 3>> colour_of(const std::string& word);

/// The kinds of material: "wood", "oak", "metal", "gold", "glass" …
const std::vector<std::string>& material_words();
/// A kind of material in its usual colour. Errors: invalid_argument.
Result<Material> material_of(const std::string& word);

}  // namespace ptah
