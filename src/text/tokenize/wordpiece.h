// WordPiece (Schuster and Nakajima 2012) as BERT uses it (Devlin et al. 2019): normaliser, pre-tokenizer and greedy longest match.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"

namespace ptah {

class WordPiece {
 public:
  /// One token a line, its line number is its id; [PAD], [UNK], [CLS] and [SEP] must be there. Errors: corrupt.
  static Result<WordPiece> parse(std::string_view vocabulary, bool lowercase);

  /// [CLS], the pieces, [SEP]: at most `max_ids` ids (the end of the text is cut). Invalid UTF-8 is dropped. The names of special tokens in the text are
  /// ordinary text.
  std::vector<int32_t> encode(std::string_view text, size_t max_ids) const;
  int64_t size() const { return static_cast<int64_t>(ids_.size()); }

 private:
  int32_t id(const char* token) const { return ids_.at(token); }
  void append_word(std::string_view word, size_t max_ids, std::vector<int32_t>& out) const;

  std::unordered_map<std::string, int32_t> ids_;
  bool lowercase_ = true;
};

/// BERT's normal form: control characters go, white space becomes a blank, CJK characters stand alone; with `lowercase` accents are stripped (NFD
/// without nonspacing marks) and letters lowered.
std::string bert_normalized(std::string_view text, bool lowercase);

}  // namespace ptah
