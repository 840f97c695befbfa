// Words → picture with the default model.
#pragma once

#include <filesystem>
#include <memory>

#include "base/progress.h"
#include "pipelines/arrangement.h"
#include "pipelines/picture_judge.h"
#include "pipelines/picture_upscaler.h"
#include "pipelines/request.h"
#include "image/picture_model.h"
#include "nn/diffusion/sampler.h"
#include "media/image.h"
#include "text/encode/encoder.h"
#include "text/tokenize/vocabulary.h"

namespace ptah {

/// The style that a model calls pictures of which nothing is known but their folder: captions say what style they mean.
inline constexpr const char* kOwnStyle = "own";

/// The picture model of a path: such a file, or the folder that `ptah train` wrote one into. Empty if it is something else, e.g. a checkpoint for `paint`.
std::filesystem::path picture_model_file(const std::filesystem::path& path);

class PictureModel {
 public:
  /// Reads a model file. With a non-empty digest (hex SHA-256) the file must have it. Errors: not_found, corrupt, mismatch.
  static Result<std::shared_ptr<PictureModel>> load(const std::filesystem::path& path, const std::string& sha256_hex = "");

  /// The name by which a receipt calls the file, so that a replay finds it; empty for the model that comes along.
  void set_file_name(std::string name) { file_name_ = std::move(name); }
  const std::string& file_name() const { return file_name_; }

  /// Adds a judge for request.best_of. Errors: not_found, corrupt, mismatch (digest, or trained on other words).
  Result<void> add_judge(const std::filesystem::path& path, const std::string& sha256_hex = "");
  /// A judge on this model's words that does not choose for it. Errors as add_judge.
  Result<std::shared_ptr<const PictureJudge>> load_judge(const std::filesystem::path& path, const std::string& sha256_hex = "") const;

  /// An upscaler for sizes above own_size(), instead of a Lanczos filter. Errors: not_found, corrupt, mismatch.
  Result<void> add_upscaler(const std::filesystem::path& path, const std::string& sha256_hex = "");

  /// The request with what was left to the model or to the words: best_of 2 with a judge, else 1; a background that the prompt names, if none is asked for.
  CreateRequest with_defaults(CreateRequest request) const;
  /// What stands where in a picture of these words.
  Arrangement arrangement(const std::string& prompt) const;
  /// One picture of request.size; of several things in the prompt (arrangement.h) each is drawn by itself. Its ground is transparent whatever is asked for.
  /// Errors: cancelled, invalid_argument (unknown style, bad sources), unsupported (sources, but the model file has no
  /// encoder; best_of, but there is no judge). Under DryRun the picture is empty.
  Result<Image> create(const CreateRequest& request, const Sources& sources = {}, const ProgressCallback& progress = {},
                       const CancelToken* cancel = nullptr) const;

  /// Words of the prompt that no picture was trained on, as whole sentences with the nearest known word.
  std::vector<std::string> unknown_words(const std::string& prompt) const;
  const std::vector<std::string>& styles() const { return styles_; }
  const std::string& sha256() const { return sha256_; }
  /// Of the judge; empty without one.
  std::string judge_sha256() const { return judge_ ? judge_->sha256() : ""; }
  /// Of the upscaler, where a picture of that size needs it; else empty.
  std::string upscaler_sha256(int64_t size) const { return upscaler_ && size > autoencoder_.size ? upscaler_->sha256() : ""; }
  int64_t file_bytes() const { return file_bytes_ + (judge_ ? judge_->file_bytes() : 0) + (upscaler_ ? upscaler_->file_bytes() : 0); }
  const Vocabulary& vocabulary() const { return vocabulary_; }
  /// Edge in pixels of what the model draws before it is made larger.
  int64_t own_size() const { return autoencoder_.size; }

 private:
  PictureModel() = default;
  /// What a request becomes before it is drawn.
  struct Drawing {
    std::vector<int32_t> prompt;
    std::string colour;  ///< that the words ask for; may be empty
    Sampler sampler;
    std::optional<Image> base, mask;  ///< `base` is cut out of its background
  };
  std::string conditioned_prompt(const CreateRequest& request) const;
  /// f32 [best_of, size, size, 4] at the model's own size. Each round draws others.
  Tensor draw(const CreateRequest& request, const Drawing& drawing, int64_t round, const ProgressCallback& progress, const CancelToken* cancel) const;
  /// One thing, request.size pixels wide and high; `number` counts the things of a picture, which are drawn from other noise each. Errors as create().
  Result<Image> thing(const CreateRequest& request, const Sources& sources, int64_t number, const ProgressCallback& progress, const CancelToken* cancel) const;
  struct Draft {
    Tensor picture;            ///< f32 [1, size, size, 4]
    bool right_colour = true;  ///< or none was asked for
  };
  /// The draft that fits the words best, one of the asked colour first.
  Draft best_of(const Tensor& drafts, const Drawing& drawing) const;
  Image compose(Tensor made, const CreateRequest& request, const Drawing& drawing) const;

  AutoencoderConfig autoencoder_;
  TextEncoderConfig text_config_;
  Vocabulary vocabulary_;
  std::vector<std::string> styles_;
  std::string sha256_, file_name_;
  int64_t file_bytes_ = 0;
  std::unique_ptr<TextEncoder> text_;
  std::unique_ptr<Denoiser> denoiser_;
  std::unique_ptr<PictureEncoder> encoder_;  ///< may be missing
  std::unique_ptr<PictureDecoder> decoder_;
  std::shared_ptr<const PictureJudge> judge_;        ///< may be missing
  std::shared_ptr<const PictureUpscaler> upscaler_;  ///< may be missing
  LatentScale scale_;
};

}  // namespace ptah
