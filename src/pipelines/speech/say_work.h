// From a text to a work: sound, captions, and the receipt with which the same is said again.
#pragma once

#include "base/progress.h"
#include "pipelines/emotion/emotion_work.h"
#include "schema/schema.h"
#include "voice/speaker.h"
#include "work/plan.h"
#include "work/receipt.h"

namespace ptah {

/// All that can be asked of `say`.
struct SayTask {
  std::string text;
  std::string voice = "af_heart";  ///< a name, or several with weights: "af_heart:2+af_bella"
  std::string model = "kokoro";    ///< name of a pulled model, or a folder
  std::string lexicon;             ///< "word=phonemes", in lines or with commas between them
  float speed = 1;
  float pitch = 1;
  float energy = 1;
  float pause = 1;
  bool captions = false;           ///< captions.vtt, captions.srt and words.json
  std::string precision = "auto";  ///< or f32, bf16: what the decoder computes in
  std::string format = "wav";      ///< or opus, mp3
  bool watermark = true;           ///< an inaudible one in the sound (media/sound/sound_watermark.h)
  bool follow_emotion = false;     ///< speed, pitch and energy of each sentence follow the emotions that its words express
};
const SchemaOf<SayTask>& say_schema();
/// What a receipt calls a work of speech.
inline constexpr const char* kSpeechKind = "speech";

/// Gets the sound as it comes, −1 to 1.
using SoundListener = std::function<void(std::span<const float> sound)>;
/// speech.wav (or .opus, .mp3, which are written as they are made: the sound of a whole book is never kept), perhaps captions.vtt, captions.srt and words.json,
/// and a receipt; facts: seconds and the time of each word. Errors: those of Speaker; cancelled. `emotions`: who guesses them, where they are followed.
Result<Work> say_work(const Speaker& speaker, const SayTask& request, const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr,
                      bool receipt = true, const SoundListener& heard = {}, const EmotionReader* emotions = nullptr);
/// The work of a receipt again. Errors: also mismatch, if the model's files are not those that it names.
Result<Work> replay_say(const Speaker& speaker, const SayTask& request, const Json& receipt, const ProgressCallback& progress = {},
                        const CancelToken* cancel = nullptr, const EmotionReader* emotions = nullptr);
/// Memory and time; how long it will be is estimated.
Result<Plan> plan_speech(const Speaker& speaker, const SayTask& request);

}  // namespace ptah
