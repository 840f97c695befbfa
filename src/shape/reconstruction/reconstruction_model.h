// A model of TripoSR's layout: one picture of an object → a field of densities and colours (Tochilkin et al. 2024).
#pragma once

#include <filesystem>

#include "base/progress.h"
#include "media/image.h"
#include "shape/reconstruction/triplane_field.h"
#include "shape/reconstruction/triplane_transformer.h"
#include "shape/reconstruction/vision_transformer.h"

namespace ptah {

/// The files of a model: a checkpoint (PyTorch's or safetensors), or a folder with model.ckpt or model.safetensors; and config.yaml in the same folder.
struct ReconstructionFiles {
  std::filesystem::path weights, config;  ///< no config: as the published model
};
/// Errors: not_found, naming what was looked for.
Result<ReconstructionFiles> reconstruction_files(const std::filesystem::path& model);

class ReconstructionModel {
 public:
  /// Errors: not_found; corrupt, mismatch and unsupported, naming the file and the key or tensor: tensors that are missing, have other shapes or are no floats,
  /// that the model has no use for, keys of the configuration that are not computed.
  static Result<std::shared_ptr<const ReconstructionModel>> load(const ReconstructionFiles& files);

  const ReconstructionConfig& config() const { return config_; }
  /// What a user should know: keys of the configuration that nobody knows.
  const std::vector<std::string>& notes() const { return notes_; }
  int64_t file_bytes() const { return file_bytes_; }

  /// A picture that prepared_picture() made → tokens [1, n, width] in `type`.
  Tensor picture_tokens(const Tensor& picture, DType type) const;
  /// → planes, f32 [3, h, w, features]. Errors: cancelled (thrown as Failure).
  Tensor planes(const Tensor& picture_tokens, const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr) const;
  /// The field of planes; it must not outlive the model.
  TriplaneField field(const Tensor& planes) const { return TriplaneField(decoder_, config_, planes); }

 private:
  ReconstructionModel(Weights& weights, const ReconstructionShape& shape, const ReconstructionConfig& config);

  ReconstructionConfig config_;
  std::vector<std::string> notes_;
  int64_t file_bytes_ = 0;
  VisionTransformer vision_;
  TriplaneTransformer transformer_;
  FieldDecoder decoder_;
};

/// How finely the surface is looked for, and how many triangles stay of it.
struct ReconstructionRequest {
  int64_t resolution = 256;  ///< points of the grid an edge, 64 to 512
  int64_t target_triangles = 20000;
};
/// The whole way: a cut-out picture → a closed, textured mesh in units of the model, +Y up, front +Z. Errors: as prepared_picture, field_surface and
/// field_textured. Progress runs from 0 to 1.
Result<TexturedMesh> reconstruct(const ReconstructionModel& model, const Image& cut, const ReconstructionRequest& request,
                                 const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr);
/// The tensors of it, for plans: under a DryRun.
void plan_reconstruction(const ReconstructionModel& model, int64_t resolution);

}  // namespace ptah
