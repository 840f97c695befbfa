#include "pipelines/reconstruction/reconstructor.h"

#include "shape/reconstruction/field_texture.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

Result<Json> digests_of(const ReconstructionFiles& files) {
  Json out = Json::object();
  for (const fs::path& file : {files.weights, files.config}) {
    if (file.empty()) continue;
    PTAH_TRY(out[file.filename().string()], file_id(file));
  }
  return out;
}

}  // namespace

Result<std::shared_ptr<const Reconstructor>> load_reconstructor(const fs::path& path) {
  PTAH_TRY(const ReconstructionFiles files, reconstruction_files(path));
  std::shared_future<Result<Json>> digests = std::async(std::launch::async, [files] { return guard([&] { return digests_of(files); }); });
  PTAH_TRY(auto model, ReconstructionModel::load(files));
  return std::make_shared<const Reconstructor>(Reconstructor{path, std::move(model), std::move(digests)});
}

ObjectMaker object_maker(const Reconstructor& reconstructor, int64_t resolution) {
  ObjectMaker out;
  out.resolution = resolution;
  out.make = [&reconstructor, resolution](const Image& cut, const ObjectRequest& request, const ProgressCallback& progress, const CancelToken* cancel) {
    return reconstruct(*reconstructor.model, cut, {.resolution = resolution, .target_triangles = request.target_triangles}, progress, cancel);
  };
  out.note = [&reconstructor](Json& core) -> Result<void> {
    core["route"] = "reconstruction";
    core["model_file"] = (reconstructor.path.has_filename() ? reconstructor.path : reconstructor.path.parent_path()).filename().string();
    PTAH_TRY(core["models"], reconstructor.digests.get());
    return {};
  };
  return out;
}

Result<Plan> plan_reconstructed(const Image& from, const ObjectTask& task) {
  PTAH_TRY(Plan plan, plan_object(from, task.request));
  PTAH_TRY(const ReconstructionFiles files, reconstruction_files(task.model));
  PTAH_TRY_VOID(plan_tensors(plan, [&]() -> Result<void> {
    return guard([&]() -> Result<void> {
      PTAH_TRY(const auto model, ReconstructionModel::load(files));
      plan.weight_bytes = model->file_bytes();
      plan_reconstruction(*model, task.resolution);
      return {};
    });
  }));
  // Levels and what is known of them; the surface before it is decimated, with its quadrics; the atlas.
  const int64_t points = task.resolution * task.resolution;
  plan.shape_bytes += points * task.resolution * 5 + points * 6 * 600 + kFieldTexels * kFieldTexels * 24;
  plan.peak_bytes = plan.program_bytes + plan.weight_bytes + plan.tensor_bytes + plan.shape_bytes;
  plan.seconds += seconds_for(plan.flops) + static_cast<double>(points) * 3e-5;
  return plan;
}

Result<Work> replay_reconstructed(const Json& receipt, const Sources& sources, const Reconstructor& reconstructor, const ProgressCallback& progress,
                                  const CancelToken* cancel) {
  PTAH_TRY(const Json here, reconstructor.digests.get());
  if (here != receipt.value("models", Json::object()))
    return fail(ErrorCode::mismatch, "{}: not the model, or not the configuration beside it, that the object was made with", reconstructor.path.string());
  PTAH_TRY(const ObjectTask task, object_task(receipt, {}));
  return replay_object(receipt, sources, progress, cancel, object_maker(reconstructor, task.resolution));
}

}  // namespace ptah
