// The models that come along, and those that `ptah train` made, loaded.
#pragma once

#include "models/registry.h"
#include "pipelines/picture_pipeline.h"

namespace ptah {

/// Loads the default picture model of a folder and checks its digest.
Result<std::shared_ptr<PictureModel>> load_picture_model(const std::filesystem::path& folder);

/// Loads a picture model that `ptah train` made (a file, or its folder), with the judge that was trained beside it, if any, and the default upscaler.
/// Errors: not_found, corrupt, mismatch.
Result<std::shared_ptr<PictureModel>> load_trained_model(const std::filesystem::path& path);

/// Loads an upscaler file, or (with an empty path) the default one of a folder (empty: where models_folder() finds it). Errors: not_found, corrupt, mismatch.
Result<std::shared_ptr<const PictureUpscaler>> load_upscaler(const std::filesystem::path& file = {}, const std::filesystem::path& folder = {});

}  // namespace ptah
