// Speech Synthesis Markup Language (W3C SSML 1.1), as much of it as is understood here: speak, p, s, break, phoneme, sub, say-as, prosody, voice, emphasis and
// mark; the last two change nothing.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace ptah {

/// A stretch that is said in one manner.
struct MarkedPart {
  std::string text;   ///< without tags; what has given phonemes is written [word](/phonemes/)
  std::string voice;  ///< empty: the request's
  float speed = 1, pitch = 1, volume = 1;
  double silence = 0;      ///< seconds before it
  bool paragraph = false;  ///< it ends one
};

/// Whether a text begins as markup does.
bool is_markup(const std::string& text);
/// Errors: invalid_argument (no well-formed XML; an element or value that is not understood), with its place.
Result<std::vector<MarkedPart>> parts_of_markup(const std::string& text);

/// IPA as the network takes it: one character for a diphthong or affricate ("eɪ" → "A", "tʃ" → "ʧ"), "ɹ" for "r". What is so already stays.
std::string short_phonemes(std::string ipa);

}  // namespace ptah
