// Language models of the GPT kind: one decoder (decoder.h) for the families in language_families.cpp.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/progress.h"
#include "tensor/tensor.h"
#include "text/lm/cached_text.h"
#include "text/tokenize/tokenizer.h"
#include "weights/gguf.h"

namespace ptah {

/// Weights by GGUF's names, whatever file they came from.
struct LanguageWeights {
  LanguageConfig config;
  std::map<std::string, Tensor> tensors;  ///< quantised ones as they lie; matrices [out, in]
  int64_t file_bytes = 0;
  std::vector<std::string> warnings;  ///< keys and tensors that are not known
};
/// The families known; each reads its config from GGUF metadata or Hugging Face's config.json. Errors: unsupported, naming the family; corrupt.
Result<LanguageWeights> language_weights(const GgufFile& file);
/// A folder with config.json and weights (weights/weights_folder.h). Errors: also mismatch if they contradict each other.
Result<LanguageWeights> language_weights(const std::filesystem::path& folder);

class Decoder;

class LanguageModel {
 public:
  /// Binds the weights. Throws Failure naming a matrix that is missing (with the nearest name) or of the wrong shape.
  explicit LanguageModel(LanguageWeights weights);
  ~LanguageModel();

  /// Takes tokens into the cache; returns the logits [vocabulary] after the last, or [tokens, vocabulary] if `all_logits`. Long prompts go in chunks that
  /// begin at multiples of kChunk, so that a prompt gives the same bytes whether or not a multiple of kChunk of its beginning was cached before.
  /// Throws Failure: invalid_argument (no tokens, ids out of range, cache too small), cancelled.
  std::vector<float> read(const std::vector<int32_t>& tokens, KeyValueCache& cache, bool all_logits = false, const CancelToken* cancel = nullptr) const;

  /// One more token for each of several sequences: logits [sequences, vocabulary]. Each row is what it would be alone, byte for byte.
  std::vector<float> step(const std::vector<int32_t>& tokens, const std::vector<KeyValueCache*>& caches) const;

  const LanguageConfig& config() const;
  /// The network as tensors: for training, adapters and plans. read() and step() compute the same by faster kernels, adapters too.
  const Decoder& decoder() const;
  Decoder& decoder();
  int64_t weight_bytes() const;
  /// SHA-256 (hex) over the config and the beginning of every matrix, adapters too: tells files of states of one model from those of another.
  std::string fingerprint() const;
  static constexpr int64_t kChunk = KeyValueCache::kChunk;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A model file or folder with its tokenizer: SmolLM2-135M-Instruct.Q4_1.gguf, or a folder in Hugging Face's layout.
struct LoadedLanguageModel {
  std::shared_ptr<LanguageModel> model;
  std::shared_ptr<Tokenizer> tokenizer;
  std::string chat_template, name;
  std::vector<int32_t> stop_tokens;
  std::vector<std::string> warnings;  ///< what of the files is not known, and so not used
};
Result<LoadedLanguageModel> load_language_model(const std::filesystem::path& path);

/// What load_language_model reads of a path: a GGUF file, or a folder in Hugging Face's layout. Errors: not_found.
Result<std::filesystem::path> language_model_file(const std::filesystem::path& path);

struct LoadedTokenizer {
  std::shared_ptr<Tokenizer> tokenizer;
  std::string chat_template;
};
/// The tokenizer and chat template of a folder in Hugging Face's layout.
Result<LoadedTokenizer> load_folder_tokenizer(const std::filesystem::path& folder);

}  // namespace ptah
