// Checkpoints of the Stable Diffusion family: words to pictures with other people's weights.
#pragma once

#include <filesystem>
#include <memory>

#include "base/json.h"
#include "base/progress.h"
#include "image/kl_autoencoder.h"
#include "image/noise_schedule.h"
#include "image/unet.h"
#include "media/picture.h"
#include "text/clip.h"
#include "text/clip_tokenizer.h"

namespace ptah {

struct PaintRequest {
  std::string prompt, negative = {};  ///< with weights in brackets and BREAK: see clip_tokenizer.h
  uint64_t seed = 0;
  int64_t steps = 20;
  float guidance = 7;  ///< 1: the negative prompt does not count, and half of the work is saved
  std::string sampler = "dpmpp_2m", schedule = "karras";
  int64_t width = 0, height = 0;     ///< multiples of 64, 64 to 2048; 0: what the model was trained for
  int64_t clip_skip = 0;             ///< 1: without the text encoder's last layer, and so on; SDXL always leaves out one
  std::string prediction = "noise";  ///< or velocity, for models trained so (Stable Diffusion 2.1 at 768)
};
Json to_json(const PaintRequest& request);
Result<PaintRequest> paint_request(const Json& json);
/// Errors: invalid_argument, naming the field and what is possible.
Result<void> check(const PaintRequest& request);

enum class DiffusionFamily { sd1, sd2, sdxl };
std::string_view name_of(DiffusionFamily family);

/// What is not written in the files; the defaults are those of the published models.
struct DiffusionShapes {
  UnetConfig unet = {};
  KlAutoencoderConfig autoencoder = {};
  int64_t head_dim = 64;           ///< of the text encoders
  int64_t own_size = 0;            ///< edge in pixels; 0: 512, or 1024 for SDXL
  std::optional<DType> type = {};  ///< to compute in; none: what the machine computes in
};

class DiffusionModel {
 public:
  /// Reads a single file in the original naming, or a folder in diffusers' layout (unet/, vae/, text_encoder/ …), all in safetensors; `vocabulary` is CLIP's
  /// list of merges. Errors: not_found, corrupt, mismatch (a tensor is missing or of another shape, naming it and the nearest name), unsupported (another
  /// family, naming it; models with inputs of their own, such as those for inpainting).
  static Result<std::shared_ptr<const DiffusionModel>> load(const std::filesystem::path& path, const std::filesystem::path& vocabulary,
                                                            const DiffusionShapes& shapes = {});

  /// Draws. The same request gives the same bytes on one numeric path, whatever the number of threads. Errors: those of check(); cancelled.
  Result<Picture> paint(const PaintRequest& request, const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr) const;

  DiffusionFamily family() const { return family_; }
  int64_t own_size() const { return own_size_; }

 private:
  DiffusionModel() = default;
  struct Condition {
    Tensor states, label;  ///< [1, tokens, width], [1, label width] or undefined
  };
  /// `windows`: how many the prompt has to fill at least.
  Condition condition(const std::string& prompt, int64_t windows, int64_t clip_skip, int64_t width, int64_t height) const;
  int64_t windows_of(const std::string& prompt) const;

  DiffusionFamily family_ = DiffusionFamily::sd1;
  int64_t own_size_ = 512;
  float latent_scale_ = 0.18215F;
  DType type_ = DType::f32;
  std::unique_ptr<ClipTokenizer> tokenizer_;
  std::unique_ptr<ClipText> text_, text2_;  ///< SDXL has two
  std::unique_ptr<Unet> unet_;
  std::unique_ptr<KlAutoencoder> autoencoder_;
};

}  // namespace ptah
