// The vocabulary of the default model: whole words learnt from captions, and pieces for words it has not seen.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"

namespace ptah {

/// Lower-case runs of letters and digits; everything else separates. Bytes beyond ASCII belong to words (accents are not folded).
std::vector<std::string> split_words(std::string_view text);

/// What an English plural may be the plural of, by its ending ("boxes": "boxe", "box"); the words need not exist.
std::vector<std::string> singulars(const std::string& word);

class Vocabulary {
 public:
  Vocabulary() = default;
  static constexpr int32_t kPad = 0, kStart = 1, kUnknown = 2;

  /// All words of the captions, every letter and digit, and the `pieces` most useful subwords (byte-pair merges over the words,
  /// Sennrich et al. 2016), also as continuations "##…".
  static Vocabulary learn(const std::vector<std::string>& captions, size_t pieces);
  /// One token a line, as text() writes it. Errors: corrupt.
  static Result<Vocabulary> parse(std::string_view text);
  std::string text() const;

  int64_t size() const { return static_cast<int64_t>(tokens_.size()); }
  /// Whether the word stood in a caption.
  bool knows(const std::string& word) const;
  /// Words that stand for known ones, as "word known" lines: the known word is what they are encoded as; the word itself may be known too (from captions that
  /// are too few to learn it from). Errors: corrupt (naming line or word) for a word that stands twice, or a meaning that is not known or a synonym itself.
  Result<void> add_synonyms(std::string_view text);
  std::string synonyms() const;
  /// The known word that another one is encoded as: what a synonym stands for, or the singular of an English plural of either. Empty if there is none.
  std::string meant(const std::string& word) const;
  /// The token of a whole word of words().
  int32_t id(const std::string& word) const { return ids_.at(word); }
  /// kStart and the words' tokens, longest pieces first; at most `max_ids` ids. With `split`(word index) true a known word is cut into pieces, so
  /// that training teaches those too. A word that meant() knows becomes the word meant.
  std::vector<int32_t> encode(std::string_view text, size_t max_ids, const std::function<bool(size_t)>& split = {}) const;
  /// All whole words.
  const std::vector<std::string>& words() const { return words_; }

 private:
  void add(const std::string& token);
  std::vector<std::string> tokens_, words_;
  std::unordered_map<std::string, int32_t> ids_;
  std::map<std::string, std::string> synonyms_;
};

}  // namespace ptah
