// What a sentence says in the very words of a kind's phrases. It holds, whatever the writer of shapes makes of the sentence.
#pragma once

#include "shape/words/captions.h"

namespace ptah {

/// Puts into a thing what a sentence says of it word by word: "with a lid", "no arms" and "armless" for "without arms", "wok" for a frying pan in that form.
/// Articles do not matter, and "holding a broom" is "with a broom". A colour or material by itself ("red") is taken only where `all` is set: the writer reads
/// those. Gives the words that were used, in small letters.
std::set<std::string> apply_said(WrittenThing& thing, const std::string& sentence, const ShapeKind& kind, const ShapePhrases& phrases, bool all = false);

struct NamedKind {
  std::string kind;             ///< empty: none
  std::set<std::string> words;  ///< of its name, in small letters
};
/// The kind that a sentence begins with, by one of its nouns: "four-legged table with a drawer" is a table. None if nothing is named, if two kinds are called
/// so, or if words before the noun mean nothing of the kind ("dog house").
NamedKind named_kind(const std::string& sentence, const ShapeKinds& kinds, const ShapePhrases& phrases);
/// Whether one of the kind's nouns stands in the sentence.
bool is_named(const std::string& sentence, const std::string& kind, const ShapePhrases& phrases);

}  // namespace ptah
