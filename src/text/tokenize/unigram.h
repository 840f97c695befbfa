// Unigram tokenization (Kudo 2018, "Subword regularization"): the most likely division of a text into pieces; and what SentencePiece does to the text before.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace ptah {

/// SentencePiece's precompiled map of characters: a double-array trie (darts-clone's layout) and the texts it points to.
class CharacterMap {
 public:
  /// Errors: corrupt. What the trie leads to is checked when it is followed.
  static Result<CharacterMap> parse(std::string blob);
  /// As Hugging Face's tokenizers apply it: short grapheme clusters first, then each character; the shortest entry counts.
  std::string apply(std::string_view text) const;

 private:
  /// Whether some beginning of `chunk` is in the map, and what stands for it.
  bool look_up(std::string_view chunk, std::string_view& found) const;
  uint32_t unit(size_t i) const;

  std::string blob_;
  size_t units_ = 0, texts_ = 0;  ///< number of units, and where the texts begin
};

/// Pieces with their log probabilities.
class Unigram {
 public:
  struct Piece {
    std::string text;
    double score = 0;
    int32_t id = 0;
  };
  /// `min_score` is the lowest score of the vocabulary: a character without a piece costs 10 more than that, under the number −1.
  Unigram(std::vector<Piece> pieces, double min_score);

  struct Part {
    int32_t id;
    size_t begin, length;
  };
  /// The most likely division of `text` (Viterbi); of equals the one found first, as in Hugging Face's tokenizers. Neighbours without a piece are one part.
  /// Time grows with the length of the text times that of the longest piece.
  std::vector<Part> divide(std::string_view text) const;

 private:
  std::vector<Piece> pieces_;  ///< by text
  double unknown_;
};

}  // namespace ptah
