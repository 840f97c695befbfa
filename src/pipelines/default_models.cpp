#include "pipelines/default_models.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// Of a model that is one file.
const std::string& digest_of(const Model& model) { return model.files.front().second; }

}  // namespace

Result<std::shared_ptr<PictureModel>> load_picture_model(const fs::path& folder) {
  PTAH_TRY(const Model picture, shipped_model(folder, "picture"));
  PTAH_TRY(const auto model, PictureModel::load(picture.place, digest_of(picture)));
  if (const auto judge = shipped_model(folder, "judge")) PTAH_TRY_VOID(model->add_judge(judge->place, digest_of(*judge)));
  if (const auto upscaler = shipped_model(folder, "upscaler")) PTAH_TRY_VOID(model->add_upscaler(upscaler->place, digest_of(*upscaler)));
  return model;
}

Result<std::shared_ptr<PictureModel>> load_trained_model(const fs::path& path) {
  const fs::path file = picture_model_file(path);
  if (file.empty()) return fail(ErrorCode::unsupported, "{}: no picture model of ptah train", path.string());
  PTAH_TRY(const auto model, PictureModel::load(file));
  model->set_file_name(file.filename().string());
  if (const fs::path judge = file.parent_path() / "judge" / "judge.safetensors"; fs::exists(judge)) PTAH_TRY_VOID(model->add_judge(judge));
  const auto folder = models_folder();
  const auto upscaler = folder ? shipped_model(*folder, "upscaler") : fail(ErrorCode::not_found, "none");
  if (upscaler) PTAH_TRY_VOID(model->add_upscaler(upscaler->place, digest_of(*upscaler)));  // else larger pictures are resized by a filter
  return model;
}

Result<std::shared_ptr<const PictureUpscaler>> load_upscaler(const fs::path& file, const fs::path& in) {
  if (!file.empty()) return PictureUpscaler::load(file);
  fs::path folder = in;
  if (folder.empty()) {
    PTAH_TRY(folder, models_folder());
  }
  PTAH_TRY(const Model upscaler, shipped_model(folder, "upscaler"));
  return PictureUpscaler::load(upscaler.place, digest_of(upscaler));
}

}  // namespace ptah
