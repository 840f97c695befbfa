// CLIP's byte-level BPE (Radford et al. 2021) and what Stable Diffusion's users write around it: weights in brackets and prompts longer than a window.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"

namespace ptah {

class ClipTokenizer {
 public:
  static constexpr int64_t kWindow = 77;  ///< tokens of a window, begin and end among them

  /// From the list of merges as OpenAI published it (a head line, then "left right" a line), gzipped or not; of it the merges that make 49,408 tokens count, or
  /// all if there are fewer. Errors: corrupt.
  static Result<ClipTokenizer> parse(std::string_view merges);

  /// Tokens of a text, without begin and end: NFC, lowered, white space made single blanks. Names of control tokens in it are ordinary text.
  std::vector<int32_t> encode(std::string_view text) const;
  int32_t begin() const { return static_cast<int32_t>(size() - 2); }
  int32_t end() const { return static_cast<int32_t>(size() - 1); }
  int64_t size() const { return static_cast<int64_t>(ids_.size()) + 2; }

 private:
  void append_word(const std::string& word, std::vector<int32_t>& out) const;
  std::unordered_map<std::string, int32_t> ids_;    ///< by the printable form; the end of a word is marked "</w>"
  std::unordered_map<std::string, int32_t> ranks_;  ///< of "left right"
};

/// A part of a prompt with how much it counts.
struct WeightedText {
  std::string text;
  float weight = 1;
};
/// (word) counts 1.1 times, [word] 1 / 1.1, (word:1.3) 1.3 times; brackets nest and multiply; \( and its like stand for themselves. Brackets that are never
/// closed count to the end. As in the WebUI.
std::vector<WeightedText> weighted_parts(std::string_view prompt);

/// Windows of a prompt as the encoders take them: begin, 75 tokens, end, padded with `padding`.
struct ClipWindows {
  std::vector<std::vector<int32_t>> ids;    ///< each kWindow long
  std::vector<std::vector<float>> weights;  ///< of each token; 1 for begin, end and padding
};
/// Words with tokens of their own (embeddings), by their spelling.
using ClipWords = std::map<std::string, std::vector<int32_t>>;
/// A word BREAK begins a new window; the tokens of one of `words` stay in one. At least `least` windows.
ClipWindows clip_windows(const ClipTokenizer& tokenizer, std::string_view prompt, int32_t padding, size_t least = 1, const ClipWords& words = {});

}  // namespace ptah
