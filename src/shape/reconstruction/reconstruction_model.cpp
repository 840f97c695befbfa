#include "shape/reconstruction/reconstruction_model.h"

#include "base/parallel.h"
#include "base/printable.h"
#include "geometry/decimate.h"
#include "shape/reconstruction/field_surface.h"
#include "shape/reconstruction/field_texture.h"
#include "shape/reconstruction/prepared_picture.h"
#include "tensor/device.h"
#include "weights/torch_file.h"
#include "weights/yaml.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr const char* kConfigName = "config.yaml";

/// Tensors that the files hold and nothing looks at: the pooled token of the vision transformer is thrown away.
bool is_idle(const std::string& name) { return name.starts_with("image_tokenizer.model.pooler.dense."); }

Result<void> check_floats(const TensorFile& file, const fs::path& path) {
  if (!file.skipped.empty())
    return fail(ErrorCode::unsupported, "{}: tensor '{}' is {}; F32, F16 and BF16 are supported", path.string(), file.skipped.begin()->first,
                file.skipped.begin()->second);
  for (const auto& [name, tensor] : file.tensors)
    if (tensor.dtype() != DType::f32 && tensor.dtype() != DType::f16 && tensor.dtype() != DType::bf16)
      return fail(ErrorCode::unsupported, "{}: tensor '{}' is {}; F32, F16 and BF16 are supported", path.string(), name, name_of(tensor.dtype()));
  return {};
}

Result<Config> read_config(const fs::path& path) {
  Config out{Json::object(), path.empty() ? "the published model's configuration" : path.string()};
  if (path.empty()) return out;
  PTAH_TRY(const std::string text, read_text(path, int64_t{1} << 20));
  PTAH_TRY(out.json, parse_yaml(text, path.string()));
  if (out.json.empty()) return fail(ErrorCode::corrupt, "{}: an empty configuration", path.string());
  return out;
}

/// A part of a whole's progress.
ProgressCallback part_of(const ProgressCallback& progress, const char* stage, double from, double to) {
  if (!progress) return {};
  return [&progress, stage, from, to](const Progress& p) { progress({stage, from + (to - from) * p.fraction, -1}); };
}

}  // namespace

Result<ReconstructionFiles> reconstruction_files(const fs::path& model) {
  std::error_code problem;
  ReconstructionFiles out{model, {}};
  if (fs::is_directory(model, problem)) {
    for (const char* name : {"model.safetensors", "model.ckpt"})
      if (fs::is_regular_file(model / name, problem)) out.weights = model / name;
    if (out.weights == model) return fail(ErrorCode::not_found, "{}: neither model.ckpt nor model.safetensors lies there", model.string());
  }
  if (!fs::is_regular_file(out.weights, problem)) return fail(ErrorCode::not_found, "{}: no such file", out.weights.string());
  const fs::path beside = out.weights.parent_path() / kConfigName;
  if (fs::is_regular_file(beside, problem)) out.config = beside;
  return out;
}

ReconstructionModel::ReconstructionModel(Weights& weights, const ReconstructionShape& shape, const ReconstructionConfig& config)
    : config_(config),
      vision_(Scope(weights, "image_tokenizer.model"), shape),
      transformer_(Scope(weights), shape, config),
      decoder_(Scope(weights, "decoder"), shape, config) {}

Result<std::shared_ptr<const ReconstructionModel>> ReconstructionModel::load(const ReconstructionFiles& files) {
  return guard([&]() -> Result<std::shared_ptr<const ReconstructionModel>> {
    PTAH_TRY(TensorFile file, read_tensor_file(files.weights));
    PTAH_TRY_VOID(check_floats(file, files.weights));
    PTAH_TRY(const Config config, read_config(files.config));
    int64_t bytes = 0;
    for (const auto& [name, tensor] : file.tensors) bytes += static_cast<int64_t>(tensor.bytes());
    Weights weights(std::move(file.tensors));
    auto made = guard([&]() -> Result<std::shared_ptr<ReconstructionModel>> {
      std::vector<std::string> notes;
      PTAH_TRY(const ReconstructionConfig read, reconstruction_config(config, weights, notes));
      std::shared_ptr<ReconstructionModel> model(new ReconstructionModel(weights, reconstruction_shape(weights), read));
      model->notes_ = std::move(notes);
      model->file_bytes_ = bytes;
      return model;
    });
    if (!made) return fail(made.error().code, "{}: {}", files.weights.string(), made.error().message);
    for (const std::string& name : weights.unused())
      if (!is_idle(name))
        return fail(ErrorCode::unsupported, "{}: tensor '{}' belongs to no part of a model of TripoSR's layout", files.weights.string(), printable(name, 200));
    return std::shared_ptr<const ReconstructionModel>(std::move(*made));
  });
}

Tensor ReconstructionModel::picture_tokens(const Tensor& picture, DType type) const {
  const NoGrad off;
  return vision_(picture, type);
}

Tensor ReconstructionModel::planes(const Tensor& picture_tokens, const ProgressCallback& progress, const CancelToken* cancel) const {
  const NoGrad off;
  return transformer_(picture_tokens, [&](int64_t layer) {
    stop_if_cancelled(cancel);
    if (progress) progress({"reconstruct", static_cast<double>(layer) / static_cast<double>(transformer_.layers()), -1});
  });
}

Result<TexturedMesh> reconstruct(const ReconstructionModel& model, const Image& cut, const ReconstructionRequest& request, const ProgressCallback& progress,
                                 const CancelToken* cancel) {
  return guard([&]() -> Result<TexturedMesh> {
    if (progress) progress({"look", 0, -1});
    PTAH_TRY(const Tensor picture, prepared_picture(cut, model.config().picture_size));
    stop_if_cancelled(cancel);
    const Tensor tokens = model.picture_tokens(picture, compute_dtype());
    const Tensor planes = model.planes(tokens, part_of(progress, "reconstruct", 0.1, 0.8), cancel);
    const TriplaneField field = model.field(planes);
    PTAH_TRY(Mesh mesh, field_surface(field, request.resolution, part_of(progress, "surface", 0.8, 0.9), cancel));
    if (cancel) PTAH_TRY_VOID(cancel->check());
    if (progress) progress({"decimate", 0.9, -1});
    mesh = decimate(mesh, static_cast<size_t>(request.target_triangles));
    return field_textured(field, mesh, kFieldTexels, part_of(progress, "texture", 0.93, 1), cancel);
  });
}

void plan_reconstruction(const ReconstructionModel& model, int64_t resolution) {
  const int64_t size = model.config().picture_size;
  const Tensor tokens = model.picture_tokens(Tensor::empty({1, size, size, 3}), compute_dtype());
  const TriplaneField field = model.field(model.planes(tokens));
  // A surface passes through about six blocks in a hundred where objects fill their cube as pictures of them do; the texture has a million places.
  const int64_t coarse = resolution * resolution * resolution / 64, fine = resolution * resolution * resolution / 12;
  for (int64_t left = coarse + fine + kFieldTexels * kFieldTexels; left > 0; left -= int64_t{1} << 16)
    (void)field.at(std::vector<Vec3>(static_cast<size_t>(std::min(left, int64_t{1} << 16))));
}

}  // namespace ptah
