// Numbers that a sentence states: sizes in units, and how many of what. They are read by rules and hold exactly, whatever the writer of shapes makes of the
// other words.
#pragma once

#include "shape/words/captions.h"

namespace ptah {

/// A number with its point, a run of letters, or one sign of a sentence.
struct SentenceWord {
  std::string text;  ///< in small letters
  size_t begin = 0, end = 0;
  bool is_letters() const;
};
std::vector<SentenceWord> sentence_words(const std::string& sentence);

struct StatedSize {
  enum class Side : uint8_t { height, width, depth, length, diameter, longest };
  Side side = Side::height;
  double metres = 0;
  std::string text;  ///< as it was said
  bool operator==(const StatedSize&) const = default;
};
struct StatedCount {
  int64_t count = 0;
  std::string noun;    ///< one word, in small letters, as it was said: "shelves", "legged"
  bool leads = false;  ///< the sentence begins with it, and it may count the things themselves: "nine chairs"
  bool operator==(const StatedCount&) const = default;
};
struct StatedNumbers {
  std::vector<StatedSize> sizes;
  std::vector<StatedCount> counts;
  std::string without_sizes;  ///< the sentence without the phrases of `sizes`
};

/// "a bottle 30 cm high and 1 dm wide" → height 0.3, width 0.1, "a bottle"; "a 3 m tower" → its longest side. English; mm, cm, dm, m, inches and feet, in
/// digits, words up to twelve and halves.
StatedNumbers stated_numbers(const std::string& sentence);

/// Puts the stated numbers into a writing of one thing: sizes into the parameters of these names, which may leave their range down to a half and up to twice
/// its end; farther than that, or without such a parameter, the thing is scaled. Counts of parts into the parameters of these names as far as their range
/// goes, and leading ones into the count of the thing. Gives notes about what could not be as it was said. A writing of several things stays as it is. With
/// `phrases`, parts may be called as a kind's phrases call them ("tiers").
std::vector<std::string> apply_stated(Writing& writing, const StatedNumbers& stated, const ShapeKinds& kinds, const ShapePhrases* phrases = nullptr);

/// Whether a word of a sentence names a part of the kind that is counted there: "storey" in "two-storey house".
bool counts_part(const std::string& sentence, const std::string& word, const ShapeKind& kind, const KindPhrases* phrases);

}  // namespace ptah
