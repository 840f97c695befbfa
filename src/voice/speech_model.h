// A network that speaks: phonemes and a voice in, sound out. The layout is Kokoro's (hexgrad 2025, Apache-2.0): StyleTTS 2 (Li et al. 2023) without its
// diffusion, with an ISTFTNet decoder (Kaneko et al. 2022).
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "base/progress.h"
#include "voice/layers.h"

namespace ptah {

struct SpeechConfig {
  int64_t layers = 12, heads = 12;  ///< of the text encoder (ALBERT), whose layers share their weights
  int64_t sample_rate = 24000;
};

struct SpeechOptions {
  float speed = 1;   ///< above 1: faster
  float pitch = 1;   ///< factor on the pitch curve
  float energy = 1;  ///< factor on the energy curve
};

/// How a text will be said.
struct Prosody {
  std::vector<int64_t> durations;    ///< of each token, in frames of SpeechModel::frame_samples()
  std::vector<float> pitch, energy;  ///< two values a frame; pitch in Hz
  Tensor text;                       ///< f32 [frames, hidden]
};

class SpeechModel {
 public:
  /// Binds weights by name (kokoro_file.h). Throws Failure (mismatch), naming what is missing.
  SpeechModel(std::map<std::string, Tensor> weights, const SpeechConfig& config);

  /// A folder with kokoro-v1.0.int8.onnx, or with model.safetensors (the names of kokoro_file.h) and config.json ("plbert": "num_hidden_layers",
  /// "num_attention_heads"). Errors: not_found, corrupt, mismatch.
  static Result<std::shared_ptr<const SpeechModel>> load(const std::filesystem::path& folder);

  /// Tokens that a call takes, with the one before and the one behind.
  int64_t max_tokens() const { return positions_.dim(0); }
  int64_t tokens() const { return words_.dim(0); }
  int64_t style_width() const { return 2 * style_; }
  int64_t sample_rate() const { return config_.sample_rate; }
  int64_t frame_samples() const { return 2 * source_frame_; }

  /// tokens: ids with the padding 0 at both ends; style [style_width()]: the sound's half, then the prosody's.
  /// Throws Failure: invalid_argument (too many tokens, an id or a style that does not fit), cancelled.
  Prosody plan(std::span<const int32_t> tokens, std::span<const float> style, const SpeechOptions& options = {}, const CancelToken* cancel = nullptr) const;
  /// The sound of it, −1 to 1, sum of durations · frame_samples() samples. Computes in `type` (f32 or bf16) where it costs most.
  std::vector<float> sound(const Prosody& prosody, std::span<const float> style, DType type = DType::f32, const CancelToken* cancel = nullptr) const;

  /// What sound() is made of, for tests: the features before the generator [2 · frames, c], and the spectrum that it gives.
  Tensor features(const Prosody& prosody, const Tensor& style, DType type) const;
  Tensor spectrum(const Tensor& features, const std::vector<float>& pitch, const Tensor& style, const CancelToken* cancel = nullptr) const;

 private:
  struct Stage {
    Upsampling up;
    Conv1d noise;
    SnakeBlock noise_block;
    std::vector<SnakeBlock> blocks;
  };
  Tensor understood(std::span<const int32_t> tokens) const;
  Tensor embedded_text(const Tensor& ids) const;
  std::vector<float> curve(const std::vector<AdaptiveBlock>& blocks, const Linear& projection, const Tensor& shared, const Tensor& style) const;

  SpeechConfig config_;
  Weights weights_;
  int64_t style_ = 0, hidden_ = 0, window_ = 0, source_frame_ = 0;
  Tensor words_, positions_, kinds_;
  NormArgs bert_norm_, attention_norm_, layer_norm_;
  Linear widen_, query_, key_, value_, dense_, ffn_, ffn_out_, bert_encoder_;
  Tensor text_words_;
  std::vector<Conv1d> text_convs_;
  std::vector<NormArgs> text_norms_;
  Lstm text_lstm_;
  std::vector<Lstm> duration_lstms_;
  std::vector<AdaptiveNorm> duration_norms_;
  Lstm duration_lstm_, shared_;
  Linear duration_projection_, pitch_projection_, energy_projection_;
  std::vector<AdaptiveBlock> pitch_blocks_, energy_blocks_, decode_;
  Conv1d pitch_conv_, energy_conv_, text_conv_, post_;
  AdaptiveBlock encode_;
  Tensor source_weights_;
  float source_bias_ = 0;
  std::vector<Stage> stages_;
};

}  // namespace ptah
