// Objects by a model of TripoSR's layout that is the user's own: the files, their digests, and what it takes.
#pragma once

#include <future>

#include "pipelines/object.h"
#include "shape/reconstruction/reconstruction_model.h"

namespace ptah {

/// A model, and the digests of its files, which are read while it is put together.
struct Reconstructor {
  std::filesystem::path path;  ///< as it was given
  std::shared_ptr<const ReconstructionModel> model;
  std::shared_future<Result<Json>> digests;  ///< "sha256:…" of each file by its name
};
/// Errors: as reconstruction_files and ReconstructionModel::load.
Result<std::shared_ptr<const Reconstructor>> load_reconstructor(const std::filesystem::path& path);

/// What makes the object of a task with `model`. It must not outlive the model.
ObjectMaker object_maker(const Reconstructor& reconstructor, int64_t resolution);

/// Memory and time; the file is mapped, none of its numbers are read. Errors: as load_reconstructor.
Result<Plan> plan_reconstructed(const Image& from, const ObjectTask& task);

/// The work of a receipt that names a model ("route": "reconstruction"). Errors: mismatch (other files).
Result<Work> replay_reconstructed(const Json& receipt, const Sources& sources, const Reconstructor& reconstructor, const ProgressCallback& progress = {},
                                  const CancelToken* cancel = nullptr);

}  // namespace ptah
