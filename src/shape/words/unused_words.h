// Words of a sentence that a writing may have left out, and words of size.
#pragma once

#include <optional>

#include "shape/words/captions.h"

namespace ptah {

/// The words of a sentence (in small letters, in their order, each once) that are neither usual function words nor numbers, nor a noun of the writing's kinds,
/// nor a way to say one of the values that it gives. Whoever runs the writer again without such a word knows whether it was used.
std::vector<std::string> words_to_explain(const std::string& sentence, const Writing& writing, const ShapeKinds& kinds, const ShapePhrases& phrases);

/// The sentence without each place where a word stands, whatever its letters' size.
std::string without_word(const std::string& sentence, const std::string& word);

/// A word that says how large all of a thing is ("tiny table": 0.5), and by how much. Only before the noun: "a table with a small drawer" says it of a part.
struct SizeWord {
  std::string word;
  double scale = 1;
};
std::optional<SizeWord> size_word(const std::string& sentence);

}  // namespace ptah
