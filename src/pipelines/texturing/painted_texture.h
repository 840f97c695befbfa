// A mesh painted from several sides by a checkpoint of the Stable Diffusion family and its ControlNet for depth.
#pragma once

#include "pipelines/diffusion_model.h"
#include "pipelines/texturing/texture_work.h"

namespace ptah {

/// What a task paints with. Errors: invalid_argument without a ControlNet.
Result<DiffusionFiles> painting_files(const TextureTask& task);

/// object.glb with what was painted as its base colour, that as base-color.png too if the maps are asked for, and the mesh as it was. Errors: as
/// DiffusionModel::paint, paint_views and mesh_atlas.
Result<Work> painted_texture_work(const TextureTask& task, const Sources& sources, const DiffusionModel& model, const Json& digests,
                                  std::vector<std::string>* notes = nullptr, const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr);
/// With the files of these names in `folder` (empty: $PTAH_CHECKPOINTS, else the current one). Errors: not_found, mismatch (other files or another mesh).
Result<Work> replay_painted_texture(const Json& receipt, const Sources& sources, const std::filesystem::path& folder, const ProgressCallback& progress = {},
                                    const CancelToken* cancel = nullptr);
/// Memory and time: a view counts as many times as there are views.
Result<Plan> plan_painted_texture(const TextureTask& task, const Sources& sources);

}  // namespace ptah
