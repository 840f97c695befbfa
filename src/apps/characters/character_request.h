// What can be asked of a character's turns.
#pragma once

#include "apps/characters/character.h"
#include "schema/schema.h"

namespace ptah {

/// How characters decide and speak; `model` "none": without a language model.
struct CharacterRequest {
  std::string model = "smollm2";       ///< the model's name or path
  std::filesystem::path adapter = {};  ///< a folder with an adapter of the model; empty: none
  std::string who = "Guest";           ///< who speaks to the character
  TurnOptions turn = {};
};
const SchemaOf<CharacterRequest>& character_schema();

}  // namespace ptah
