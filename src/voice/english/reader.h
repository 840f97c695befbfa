// English texts as phonemes, a few sentences at a time.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "voice/english/lexicon.h"

namespace ptah {

struct ReadWord {
  std::string text;           ///< as it is said
  std::string written;        ///< as it stands in the text, with its punctuation; empty for all but the first of several words for one ("$5")
  size_t begin = 0, end = 0;  ///< its phonemes among Utterance::characters
};

/// What is said in one go.
struct Utterance {
  std::string text;  ///< its words and punctuation
  std::string phonemes;
  size_t characters = 0;  ///< phonemes, each one a token
  std::vector<ReadWord> words;
  bool paragraph = false;  ///< a longer pause follows
  // How it is said, if a markup asks for it.
  std::string voice = {};                              ///< empty: the request's
  float speed = 1, pitch = 1, energy = 1, volume = 1;  ///< factors on the request's
  double silence = 0;                                  ///< seconds before it
  bool goes_on = false;                                ///< no pause follows: its sentence does not end with it
};

/// A user lexicon: words with their phonemes, looked up before all dictionaries; in small letters, or as they are written.
using UserLexicon = std::map<std::string, std::string>;
/// Of a text: "word=phonemes" in lines, or with commas between them; what stands behind a # in a line is not read. Errors: invalid_argument.
Result<UserLexicon> user_lexicon(const std::string& text);

/// Sentences of a text (said_text() is applied), joined while they are short together, parted at commas or between words where they are too long for
/// `max_phonemes`. `[word](/phonemes/)` says a word with these phonemes (IPA, or the network's own). Errors: invalid_argument (no words).
Result<std::vector<Utterance>> read_english(const std::string& text, const EnglishLexicon& lexicon, size_t max_phonemes = 500, const UserLexicon& user = {});

}  // namespace ptah
