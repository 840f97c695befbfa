// When what is said: captions for players, times for programs.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "voice/speaker.h"

namespace ptah {

/// Some words that are shown together.
struct Cue {
  double begin = 0, end = 0;   ///< seconds
  size_t first = 0, last = 0;  ///< words of the speech, [first, last)
};
/// Cues of at most two lines of 42 characters (one word may be longer), parted where sentences and utterances end.
std::vector<Cue> cues_of(const std::vector<SpokenWord>& words);
/// What a cue shows: its words as they are written.
std::string cue_text(const std::vector<SpokenWord>& words, const Cue& cue);

/// W3C WebVTT; with times each word stands behind that at which it begins, for players that show where the voice is.
std::string webvtt_of(const std::vector<SpokenWord>& words, bool with_times = true);
/// SubRip: the same cues without the times of words.
std::string srt_of(const std::vector<SpokenWord>& words);
/// [{"word", "written", "begin", "end", "phonemes": [{"phoneme", "begin", "end"}]}], seconds to a thousandth; phonemes only if they are asked for.
Json word_times(const std::vector<SpokenWord>& words, bool with_phonemes);

}  // namespace ptah
