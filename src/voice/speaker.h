// A model, its voices and its language: texts in, sound out.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "voice/english/reader.h"
#include "voice/speech_model.h"
#include "voice/voices.h"

namespace ptah {

struct SpeakRequest {
  std::string text, voice = "af_heart";
  SpeechOptions how = {};
  float pause = 1;          ///< factor on the silence between sentences and paragraphs
  DType type = DType::f32;  ///< what the decoder computes in
};

struct SpokenWord {
  std::string text;
  double begin = 0, end = 0;  ///< seconds
};

struct Speech {
  int64_t rate = 24000;
  std::vector<float> samples;  ///< −1 to 1
  std::vector<SpokenWord> words;
  struct Sentence {
    std::string text;
    double begin = 0, end = 0;
  };
  std::vector<Sentence> sentences;
};

/// For several threads.
class Speaker {
 public:
  /// The folder of a model (SpeechModel::load) with voices.bin and dictionaries of English. Errors: those of its parts.
  static Result<std::shared_ptr<const Speaker>> load(const std::filesystem::path& folder);

  /// The utterances of a request. Errors: invalid_argument (no words; a voice that is not there, or of a language that is not read here).
  Result<std::vector<Utterance>> read(const SpeakRequest& request) const;
  /// Says them one after the other. Throws Failure: cancelled. `done` is called behind each with the sound since the last call.
  Speech say(const SpeakRequest& request, const std::vector<Utterance>& utterances, const CancelToken* cancel = nullptr,
             const std::function<void(size_t utterances, std::span<const float> sound)>& done = {}) const;

  const SpeechModel& model() const { return *model_; }
  const Voices& voices() const { return voices_; }
  /// Which files a request reads.
  std::vector<std::filesystem::path> files(const SpeakRequest& request) const;

 private:
  Result<std::shared_ptr<const EnglishLexicon>> lexicon(bool british) const;

  std::filesystem::path folder_;
  std::shared_ptr<const SpeechModel> model_;
  Voices voices_;
  mutable std::mutex mutex_;
  mutable std::map<bool, std::shared_ptr<const EnglishLexicon>> lexicons_;
};

/// "WEBVTT" with a cue a sentence (W3C WebVTT).
std::string captions_of(const Speech& speech);

}  // namespace ptah
