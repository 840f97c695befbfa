// Whisper (Radford et al. 2022): a network that writes down what is said in up
// to 30 seconds of sound.
#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/progress.h"
#include "nn/layers.h"

namespace ptah {

/// The tokens that mean something else than text.
struct WhisperTokens {
  int32_t end = 0, start = 0, transcribe = 0, previous = 0, no_speech = 0, no_times = 0;
  int32_t first_time = 0;          ///< 0.00 s; each further one is 0.02 s more
  std::vector<int32_t> languages;  ///< of a model of several languages
  std::vector<int32_t> never,
      never_first;                                                ///< that are not written, or not at the beginning
  std::vector<std::pair<int64_t, int64_t>> alignment_heads = {};  ///< layer and head: those that look where the sound of a token is
};

class WhisperModel {
 public:
  static constexpr int64_t kFrames = 3000;   ///< of features at a time: 30 s
  static constexpr int64_t kLongest = 448;   ///< tokens
  static constexpr double kTimeStep = 0.02;  ///< seconds

  /// A folder with CTranslate2's model.bin, config.json and vocabulary.txt.
  /// Errors: not_found, corrupt, unsupported, mismatch.
  static Result<std::shared_ptr<const WhisperModel>> load(const std::filesystem::path& folder);

  const WhisperTokens& tokens() const { return tokens_; }
  bool several_languages() const { return several_languages_; }
  int64_t mels() const { return conv1_.weight.dim(1); }
  /// The text of tokens; others are left out.
  std::string text(std::span<const int32_t> tokens) const;
  /// A language's name, as "en"; 0 if there is none of that name.
  std::string language_name(int32_t token) const;
  int32_t language(const std::string& name) const;

  /// Features f32 [kFrames, mels] → [1, kFrames / 2, width].
  Tensor encode(const Tensor& features) const;

  /// Writes token by token.
  class Writer {
   public:
    Writer(const WhisperModel& model, const Tensor& encoded);
    /// Takes tokens; the logits of what follows each of them: f32 [tokens,
    /// vocabulary].
    Tensor step(std::span<const int32_t> tokens);
    int64_t length() const { return length_; }
    /// From now on, keeps where the alignment heads look.
    void watch() { watched_.resize(model_.tokens().alignment_heads.size()); }
    /// Of each of them: [tokens, kFrames / 2], rows that sum to 1.
    const std::vector<std::vector<float>>& watched() const { return watched_; }

   private:
    void look(size_t layer, const Tensor& asked);
    const WhisperModel& model_;
    std::vector<std::vector<float>> watched_;
    std::vector<Tensor> heard_keys_,
        heard_values_;                   ///< of each layer: [1, kFrames / 2, width]
    std::vector<Tensor> keys_, values_;  ///< [kLongest, width]
    int64_t length_ = 0;
  };

 private:
  struct Attention {
    Linear in, more, out;  ///< in: queries, keys and values together, or queries
                           ///< alone; more: keys and values of what was heard
    NormArgs norm;
  };
  struct Layer {
    Attention self, heard;  ///< heard: of the writer only
    Linear ffn, ffn_out;
    NormArgs ffn_norm;
  };
  WhisperModel() = default;
  void bind(std::map<std::string, Tensor> weights);
  Tensor fed_forward(const Layer& layer, const Tensor& x) const;

  WhisperTokens tokens_;
  std::vector<std::string> vocabulary_;
  bool several_languages_ = false;
  int64_t heads_ = 0, width_ = 0;
  Linear conv1_, conv2_;  ///< weights [out, in, 1, 3]
  Tensor places_, written_places_, words_;
  std::vector<Layer> listening_, writing_;
  NormArgs listening_norm_, writing_norm_;
};

}  // namespace ptah
