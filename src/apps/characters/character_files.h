// Characters and games from their files, with the models that they need.
#pragma once

#include "apps/characters/character_request.h"

namespace ptah {

struct WorldModels {
  std::string model = "smollm2";       ///< a name or path; "none": no language model
  std::filesystem::path adapter = {};  ///< empty: none
};

/// The game of a file, with MiniLM, the shipped principles and a language model. Errors: not_found, corrupt (with the file), unsupported.
Result<std::shared_ptr<const CharacterWorld>> open_world(const std::filesystem::path& game, const WorldModels& models);
/// The same of a game that was read.
Result<std::shared_ptr<const CharacterWorld>> open_world(Game game, const WorldModels& models);
/// Errors: not_found, corrupt, with the file.
Result<CharacterSheet> read_sheet_file(const std::filesystem::path& file);

}  // namespace ptah
