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
  std::string text;  ///< plain, or markup (english/markup.h)
  std::string voice = "af_heart";
  SpeechOptions how = {};
  UserLexicon lexicon = {};
  float pause = 1;          ///< factor on the silence between sentences and paragraphs
  DType type = DType::f32;  ///< what the decoder computes in
};

struct SpokenPhoneme {
  std::string phoneme;        ///< one character (voices.h)
  double begin = 0, end = 0;  ///< seconds
};

struct SpokenWord {
  std::string text;           ///< as it is said
  std::string written;        ///< as ReadWord::written
  double begin = 0, end = 0;  ///< seconds
  std::vector<SpokenPhoneme> phonemes;
  size_t utterance = 0;
};

struct Speech {
  int64_t rate = 24000;
  std::vector<float> samples;  ///< −1 to 1
  std::vector<SpokenWord> words;
};

/// For several threads.
class Speaker {
 public:
  /// The folder of a model (SpeechModel::load) with voices.bin and dictionaries of English. Errors: those of its parts.
  static Result<std::shared_ptr<const Speaker>> load(const std::filesystem::path& folder);

  /// The utterances of a request. Errors: invalid_argument (no words; a voice that is not there, or of a language that is not read here).
  Result<std::vector<Utterance>> read(const SpeakRequest& request) const;
  /// Gets what is said behind each utterance: how many there were, and the sound since the last call.
  using Listener = std::function<void(size_t utterances, std::span<const float> sound)>;
  /// Says them one after the other. Throws Failure: cancelled. With a listener the sound is not kept: Speech::samples is empty.
  Speech say(const SpeakRequest& request, const std::vector<Utterance>& utterances, const CancelToken* cancel = nullptr, const Listener& listener = {}) const;

  const SpeechModel& model() const { return *model_; }
  const Voices& voices() const { return voices_; }
  /// Which files a request reads.
  std::vector<std::filesystem::path> files(const SpeakRequest& request) const;

 private:
  Result<std::shared_ptr<const EnglishLexicon>> lexicon(bool british) const;
  Result<std::vector<Utterance>> read_in(const std::string& voice, const std::string& text, const UserLexicon& user) const;

  std::filesystem::path folder_;
  std::shared_ptr<const SpeechModel> model_;
  Voices voices_;
  mutable std::mutex mutex_;
  mutable std::map<bool, std::shared_ptr<const EnglishLexicon>> lexicons_;
};

}  // namespace ptah
