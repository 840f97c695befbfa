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
  /// Of a token as the vocabulary writes it ("!", "a</w>", "<|endoftext|>"); −1 for others.
  int32_t id_of(const std::string& token) const;
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
  bool breaks = false;  ///< instead of a text: a new window begins
};
/// (word) counts 1.1 times, [word] 1 / 1.1, (word:1.3) 1.3 times; brackets nest and multiply; a backslash takes the meaning from a bracket or a backslash and
/// vanishes. Brackets that are never closed count to the end. A number is [+-] digits and dots up to the next ), with blanks round it; what is no such number
/// is text. BREAK, with no letter, digit or underline beside it, begins a new window. Neighbours that count the same are one part. All of this as in the WebUI,
/// except that BREAK keeps its meaning in brackets. `rules` 1: as Ptah read prompts before version 0.3. Throws Failure: invalid_argument for a number such as
/// 1.2.3.
std::vector<WeightedText> weighted_parts(std::string_view prompt, int64_t rules = 2);

/// Windows of a prompt as the encoders take them: begin, 75 tokens, end, padded with `padding`.
struct ClipWindows {
  std::vector<std::vector<int32_t>> ids;    ///< each kWindow long
  std::vector<std::vector<float>> weights;  ///< of each token; 1 for begin, end and padding
};
/// Words with tokens of their own (embeddings), by their spelling.
using ClipWords = std::map<std::string, std::vector<int32_t>>;
/// The tokens of one of `words` stay in one window; where a window is full within 20 tokens of a comma, what follows the comma goes to the next one (as in the
/// WebUI; not by `rules` 1). At least `min_windows` windows. Throws as weighted_parts.
ClipWindows clip_windows(const ClipTokenizer& tokenizer, std::string_view prompt, int32_t padding, size_t min_windows = 1, const ClipWords& words = {},
                         int64_t rules = 2);

}  // namespace ptah
