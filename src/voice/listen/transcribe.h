// From a sound of any length to text with times.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "voice/listen/word_times.h"

namespace ptah {

struct HeardSegment {
  double begin = 0, end = 0;  ///< seconds
  std::string text;           ///< begins with a blank, as the network writes it
  std::vector<int32_t> tokens = {};
  std::vector<HeardWord> words = {};  ///< if they were asked for
  double mean_log_probability = 0;    ///< of the tokens of the part that it belongs to
  float no_speech = 0;                ///< how likely that part holds none
};

struct Transcript {
  std::string language;  ///< "en"
  double seconds = 0;    ///< of the sound
  std::vector<HeardSegment> segments;
  /// All of it, without blanks around it.
  std::string text() const;
};

struct TranscribeOptions {
  std::string language = {};     ///< of a model of several; empty: the one that is
                                 ///< heard in the first 30 seconds
  bool words = false;            ///< when each word is said, too
  float no_speech = 0.6F;        ///< a part is skipped if this is how likely it holds no speech …
  float no_speech_text = -1.0F;  ///< … and the mean logarithm of its tokens'
                                 ///< probabilities is below this
  ProgressCallback progress = {};
  const CancelToken* cancel = nullptr;
};

/// Writes the most likely token each time; parts of 30 seconds follow one
/// another where the last time stands that was written (Radford et al. 2022,
/// section 3.8). `sound`: one channel, 16,000 samples a second. Errors:
/// invalid_argument (no such language; an empty sound), cancelled.
Result<Transcript> transcribe(const WhisperModel& model, std::span<const float> sound, const TranscribeOptions& options = {});

/// Segments as captions.
std::string webvtt_of(const Transcript& transcript);
std::string srt_of(const Transcript& transcript);
/// {"text", "language", "seconds", "segments": [{"begin", "end", "text", perhaps "words": [{"word", "begin", "end"}]}]}
Json transcript_json(const Transcript& transcript);

namespace detail {
/// The token that comes next, by what Whisper's own decoder allows: `written`
/// are those since the prompt. Changes the logits. `log_probability` is the
/// token's.
int32_t next_written(const WhisperTokens& tokens, std::span<float> logits, const std::vector<int32_t>& written, double& log_probability);
}  // namespace detail

}  // namespace ptah
