// Materials by words: "rusty bronze", "mossy stone", "dark blue leather".
#pragma once

#include "shape/texture/solid.h"

namespace ptah {

/// The material that a phrase names: a kind (material_words() and their synonyms), colours, what lies on it ("rusty", "with moss") and how it is
/// ("polished", "rough", "old", "dark"). A second kind gives the stuff that the first one's pattern is made of: "marble tiles". Errors: invalid_argument for
/// words that are not known, with the nearest one, for a phrase without a material, and for two materials that do not go together.
Result<LayeredMaterial> material_by_words(const std::string& phrase);

/// All words that material_by_words() knows, sorted.
std::vector<std::string> texture_words();

}  // namespace ptah
