// The rows of the table of recipes; each is in a file of its own. And what several of them need.
#pragma once

#include "pipelines/recipes.h"

namespace ptah {

Recipe create_recipe();
Recipe object_recipe();
Recipe paint_recipe();
Recipe text_recipe();
Recipe upscale_recipe();
Recipe shape_recipe();
Recipe render_recipe();
Recipe convert_recipe();
Recipe texture_recipe();
Recipe scene_recipe();
Recipe field_recipe();
Recipe say_recipe();
Recipe emotion_recipe();
Recipe contract_recipe();
Recipe face_recipe();
Recipe talk_recipe();
Recipe photo_recipe();

/// The pictures `from` and `mask`; none where they are empty. Errors: as the reader; as check(Sources).
Result<Sources> read_sources(const std::filesystem::path& from, const std::filesystem::path& mask, const PictureReader& read);
/// The user's model file that a receipt names, in a folder; empty if it names none. Errors: corrupt, not_found.
Result<std::filesystem::path> model_file_of(const Json& receipt, const std::filesystem::path& checkpoints);

}  // namespace ptah
