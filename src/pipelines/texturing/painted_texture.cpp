#include "pipelines/texturing/painted_texture.h"

#include "base/file.h"
#include "pipelines/painting.h"
#include "pipelines/texturing/view_painting.h"
#include "schema/field_error.h"
#include "shape/texture/textured_scene.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

PaintRequest view_request(const TextureTask& task, const char* words) {
  PaintRequest out;
  out.prompt = fmt::format("{}, {}", task.material, words);
  out.negative = task.negative;
  out.seed = task.seed;
  out.steps = task.steps;
  out.guidance = task.guidance;
  out.width = out.height = task.view_size;
  return out;
}

}  // namespace

Result<DiffusionFiles> painting_files(const TextureTask& task) {
  if (task.control.empty())
    return fail_field("control", ErrorCode::invalid_argument,
                      "`control` is missing: with `model` a ControlNet for depth is needed, so that what is painted fits the mesh");
  return DiffusionFiles{.model = task.model, .controls = {{task.control, 1}}};
}

Result<Work> painted_texture_work(const TextureTask& task, const Sources& sources, const DiffusionModel& model, const Json& digests,
                                  std::vector<std::string>* notes, const ProgressCallback& progress, const CancelToken* cancel) {
  return guard([&]() -> Result<Work> {
    if (progress) progress({"read", 0, -1});
    PTAH_TRY(const MeshScene mesh, mesh_of(sources, notes));
    PTAH_TRY(const MeshAtlas atlas, mesh_atlas(mesh, {.texels = task.texels, .unwrap = task.unwrap}, notes, progress, cancel));
    const auto painter = [&](const PaintedView& view, const Sources& seen) -> Result<Image> {
      return model.paint(model.with_defaults(view_request(task, view.words)), seen, {}, cancel);
    };
    PTAH_TRY(const PaintedMaps made, paint_views(atlas.mesh, {.views = task.views, .size = task.view_size, .texels = task.texels}, painter, progress, cancel));
    SceneMaterial material;
    material.name = task.material;
    material.roughness = 0.8F;
    material.base_color_texture = {0, TextureWrap::clamp, TextureWrap::clamp, false};
    MeshScene scene = on_atlas(mesh, atlas.mesh, std::move(material), false);
    PTAH_TRY(Bytes png, encode_png(made.base_color));
    scene.images.push_back({"base color", "image/png", std::move(png)});
    Json core = begun_receipt(kTextureKind, texture_schema().to_receipt(task));
    core["models"] = digests;
    core["views"] = made.painted;
    PTAH_TRY(Work work, work_of_scene(std::move(core), scene, sources, task.maps));
    if (progress) progress({"done", 1, 0});
    return work;
  });
}

Result<Work> replay_painted_texture(const Json& receipt, const Sources& sources, const fs::path& folder, const ProgressCallback& progress,
                                    const CancelToken* cancel) {
  return guard([&]() -> Result<Work> {
    PTAH_TRY_VOID(check_sources(receipt, sources));
    PTAH_TRY(const TextureTask task, texture_schema().from_receipt(receipt.value("request", Json())));
    PTAH_TRY(const DiffusionFiles named, painting_files(task));
    const DiffusionFiles files = in_folder(named, folder.empty() ? fs::path(environment("PTAH_CHECKPOINTS")) : folder);
    PTAH_TRY(const Json digests, checkpoint_digests(files));
    if (digests != receipt.value("models", Json::object()))
      return fail(ErrorCode::mismatch, "{}: not the checkpoint, or not the network beside it, that the mesh was painted with", files.model.string());
    PTAH_TRY(const fs::path words, clip_vocabulary());
    PTAH_TRY(const auto model, DiffusionModel::load(files, words));
    return painted_texture_work(task, sources, *model, digests, nullptr, progress, cancel);
  });
}

Result<Plan> plan_painted_texture(const TextureTask& task, const Sources& sources) {
  PTAH_TRY(const DiffusionFiles files, painting_files(task));
  PTAH_TRY(const fs::path words, clip_vocabulary());
  Sources view;
  view.from = view.mask = make_image(task.view_size, task.view_size);
  view.controls.push_back(make_image(task.view_size, task.view_size));
  PTAH_TRY(Plan plan, plan_painting(view_request(task, "front view"), files, words, view));
  TextureTask baked = task;
  baked.model.clear();
  PTAH_TRY(const Plan rest, plan_texture(baked, sources));
  plan.flops *= task.views;
  plan.seconds = plan.seconds * static_cast<double>(task.views) + rest.seconds;
  plan.shape_bytes = rest.shape_bytes;
  plan.peak_bytes += rest.shape_bytes;
  return plan;
}

}  // namespace ptah
