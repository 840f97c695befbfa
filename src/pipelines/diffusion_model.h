// Checkpoints of the Stable Diffusion family: words, and pictures to start from, to pictures with other people's weights.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/progress.h"
#include "pipelines/checkpoint.h"
#include "pipelines/request.h"
#include "image/joint_transformer.h"
#include "image/kl_autoencoder.h"
#include "nn/diffusion/noise_sampler.h"
#include "nn/diffusion/noise_schedule.h"
#include "pixels/mask.h"
#include "image/tiny_autoencoder.h"
#include "image/unet.h"
#include "text/encode/clip.h"
#include "text/tokenize/clip_tokenizer.h"
#include "text/encode/t5.h"
#include "text/tokenize/tokenizer.h"

namespace ptah {

constexpr int64_t kMaxPaintedEdge = 2048, kPaintedEdgeStep = 8;  ///< pixels
constexpr int64_t kFlowEdgeStep = 16;                            ///< of Stable Diffusion 3

struct PaintRequest {
  std::string prompt, negative = {};  ///< with weights in brackets and BREAK: see clip_tokenizer.h
  uint64_t seed = 0;
  int64_t steps = 20;
  float guidance = 7;       ///< 1: the negative prompt does not count, and half of the work is saved
  float rescale = 0;        ///< how far guided noise is brought back to the spread of the unguided (Lin et al. 2023), 0 … 1
  float perpendicular = 0;  ///< above 0: the negative prompt pushes only at right angles to the prompt, so strongly (Perp-Neg, Armandpour et al. 2023); 0 … 10
  /// Empty: those that a folder's scheduler asks for, else dpmpp_2m and karras, or euler and flow for Stable Diffusion 3 (which takes no others than heun,
  /// dpm2, ddim).
  std::string sampler = {}, schedule = {};
  int64_t width = 0, height = 0;  ///< multiples of 8 (16 for Stable Diffusion 3), 64 to 2048; 0: of the picture it starts from, else the model's own
  int64_t clip_skip = 0;          ///< 1: without the text encoder's last layer, and so on; SDXL always leaves out one
  std::string prediction = {};    ///< noise or velocity (as Stable Diffusion 2.1 at 768 was trained); empty: what a folder's scheduler says, else noise
  std::string noise = "philox";   ///< or torch: the noise that PyTorch makes of this seed on a processor, as ComfyUI and the WebUI take it
  float strength = 1;             ///< with a picture to start from: the share of the steps that are gone, above 0 to 1
  float enlarge = 1;              ///< paint again at so many times the size (1 … 4), from the first picture
  float enlarge_strength = 0.5F;  ///< and how much of it is redrawn
  float refine_from = 0.8F;       ///< with a refiner: the share of the steps after which it takes over, 0 to 1
  int64_t tile = 0;               ///< decode in tiles of so many pixels (a multiple of 64, from 128): less memory; 0: in one piece
  bool as_diffusers = false;      ///< diffusers' way where it differs (docs/pictures.md lists where)
  int64_t prompt_rules = 2;       ///< how brackets are read and weighted: 2, as the WebUI does; 1, as before version 0.3
  int64_t mask_rule = 2;          ///< how white a mask's pixel is (pixels/mask.h): 2, by Rec. 709; 1, by Rec. 601, as before version 0.3
};
Json to_json(const PaintRequest& request);
Result<PaintRequest> paint_request(const Json& json);
/// What stands in the prompts that others compute and that is painted as words here, each a sentence. Errors: invalid_argument, naming what is not computed.
Result<std::vector<std::string>> prompt_notes(const PaintRequest& request);
/// Guided noise (Ho and Salimans 2022): of `wanted` and `unwanted`, f32 of one shape. With `empty`, the noise without any words, as Perp-Neg has it: what is
/// unwanted counts `perpendicular` times, without its part along what is wanted.
Tensor guided_noise(const Tensor& wanted, const Tensor& unwanted, float guidance, const Tensor& empty = {}, float perpendicular = 0);
/// Errors: invalid_argument, naming the field and what is possible.
Result<void> check(const PaintRequest& request);

/// What is not written in the files; the defaults are those of the published models.
struct DiffusionShapes {
  JointTransformerConfig transformer = {};
  UnetConfig unet = {};
  KlAutoencoderConfig autoencoder = {};
  int64_t head_dim = 64;           ///< of the text encoders
  int64_t own_size = 0;            ///< edge in pixels; 0: 512, or 1024 for SDXL and 3
  std::optional<DType> type = {};  ///< to compute in; none: what the machine computes in
};

/// A look at the picture on its way: after which step, and about what it will be, small (an eighth of the size; full size with a small autoencoder).
using PreviewCallback = std::function<void(int64_t step, const Image& picture)>;

class DiffusionModel {
 public:
  /// Reads the files; `vocabulary` is CLIP's list of merges. Errors: those of read_checkpoint; mismatch (a tensor is missing or of another shape, naming it and
  /// the nearest name), unsupported (models with other inputs than latents, or latents with a mask and a masked picture).
  static Result<std::shared_ptr<const DiffusionModel>> load(const DiffusionFiles& files, const std::filesystem::path& vocabulary,
                                                            const DiffusionShapes& shapes = {});

  /// Draws. With sources.from: from that picture, `strength` of the way; with sources.mask: only where it is white, and the rest of the picture stays
  /// pixel by pixel. sources.controls: one picture for each network that controls. The same request gives the same bytes on one numeric path, whatever the
  /// number of threads. Errors: those of check(); cancelled.
  Result<Image> paint(const PaintRequest& request, const Sources& sources = {}, const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr,
                      const PreviewCallback& preview = {}) const;

  /// With the sampler, schedule and prediction that empty ones stand for.
  PaintRequest with_defaults(PaintRequest request) const;
  /// What a user should know of how the files were read: keys of configurations that nobody knows, a scheduler that is not computed here.
  std::vector<std::string> notes(const PaintRequest& request) const;

  DiffusionFamily family() const { return family_; }
  int64_t own_size() const { return own_size_; }
  int64_t file_bytes() const { return file_bytes_; }
  bool inpaints() const { return unet_ && unet_->in_channels() != channels(); }  ///< whether the U-Net itself sees mask and masked picture

 private:
  DiffusionModel() = default;
  struct Condition {
    Tensor states, label;                  ///< [n, tokens, width], [n, label or pooled width] or undefined; n: 1, or wanted and unwanted
    Tensor refiner_states, refiner_label;  ///< the same for a refiner
  };
  /// A picture as the sampler begins with it.
  struct Start {
    Tensor latents;         ///< undefined: from noise alone
    Tensor mask;            ///< [1, h, w, 1], 1 where it is redrawn; undefined: everywhere
    Tensor colours, white;  ///< picture and mask at the size painted, [1, H, W, 3] in −1 … 1 and [1, H, W, 1]; undefined without
    Tensor seen;            ///< what a U-Net that inpaints gets besides its latents, [1, h, w, 1 + channels]; undefined for others
  };
  struct Pass;
  Result<void> load_networks(Checkpoint& checkpoint, Weights& weights, const DiffusionFiles& files, const DiffusionShapes& shapes);
  Result<void> load_texts(Checkpoint& checkpoint, Weights& weights, const DiffusionShapes& shapes);
  Result<void> load_t5(Checkpoint& checkpoint, const DiffusionFiles& files);
  Result<void> load_beside(Checkpoint& checkpoint, const UnetConfig& unet);
  Result<void> check_parts(const DenoiserExtent& extent) const;
  void take_settings(const ModelSettings& said, const DiffusionShapes& shapes);
  /// T5's tokens of a prompt, the end token last; its weights in brackets do not count here.
  std::vector<int32_t> t5_ids(const std::string& prompt, int64_t rules) const;
  void clear(Condition& condition) const;  ///< zeros instead of what an empty prompt says
  /// With `t5_tokens` for T5, padded.
  Condition condition_of(const std::string& prompt, int64_t windows, int64_t t5_tokens, bool wanted, const PaintRequest& request, int64_t width,
                         int64_t height) const;
  Condition condition(const PaintRequest& request, int64_t width, int64_t height) const;
  Start start_from(const Sources& sources, int64_t width, int64_t height, bool hard = false, MaskRule rule = MaskRule::rec709) const;
  Tensor sample(const Pass& pass) const;
  Tensor encode(const Tensor& pictures) const;
  Tensor decode(const Tensor& latents, int64_t tile) const;
  Image glimpse(const Tensor& latents) const;
  int64_t channels() const { return autoencoder_ ? autoencoder_->channels() : small_->channels(); }
  int64_t factor() const { return autoencoder_ ? autoencoder_->factor() : small_->factor(); }

  DiffusionFamily family_ = DiffusionFamily::sd1;
  int64_t own_size_ = 512, file_bytes_ = 0;
  float latent_scale_ = 0.18215F, latent_shift_ = 0;
  int64_t text_skip_ = 0;      ///< last layers of the text encoders that never count
  bool empty_is_zero_ = true;  ///< in diffusers' way, of XL
  SchedulerSettings scheduler_;
  NoiseLevels levels_;
  std::vector<std::string> notes_;
  DType type_ = DType::f32;
  std::unique_ptr<ClipTokenizer> tokenizer_;
  std::vector<std::unique_ptr<ClipText>> texts_;  ///< SDXL has two
  std::vector<ClipWords> words_;                  ///< for each of them
  std::vector<int32_t> paddings_;                 ///< the token that follows a text, for each of them
  std::unique_ptr<T5Encoder> t5_;                 ///< may be missing
  std::shared_ptr<const Tokenizer> t5_tokenizer_;
  std::unique_ptr<Unet> unet_, refiner_;           ///< the latter may be missing
  std::unique_ptr<JointTransformer> transformer_;  ///< instead of a U-Net
  std::unique_ptr<KlAutoencoder> autoencoder_;     ///< none with a small one
  std::unique_ptr<TinyAutoencoder> small_;
  std::vector<std::pair<std::unique_ptr<ControlNet>, float>> controls_;
};

}  // namespace ptah
