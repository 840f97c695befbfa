// Speech: a text said aloud.
#pragma once

#include <string>

#include "ptah/engine.h"
#include "ptah/result.h"

namespace ptah {

/// Unset fields have these defaults.
struct SayRequest {
  std::string text;                ///< English, plain or SSML; [word](/phonemes/) says a word in its own way, an empty line makes a longer pause
  std::string voice = "af_heart";  ///< a voice's name, or several with weights: "af_heart:2+am_adam"
  std::string lexicon;             ///< words with their phonemes: "Ptah=tˈɑ, Nguyen=wˈɪn"
  float speed = 1;                 ///< 0.5 to 2; above 1: faster
  float pitch = 1;                 ///< 0.5 to 2: factor on the pitch
  float energy = 1;                ///< 0.5 to 1.5: factor on the loudness curve
  float pause = 1;                 ///< 0 to 10: factor on the silence between sentences
  bool captions = false;           ///< captions.vtt, captions.srt and words.json (the time of each word and phoneme) beside the sound
  std::string precision = "auto";  ///< or "f32", "bf16": what the decoder computes in; auto: bf16 where the processor has it
  std::string format = "wav";      ///< or "opus", "mp3"
  bool watermark = true;           ///< an inaudible one in the sound, which verify() finds
  bool follow_emotion = false;     ///< speed, pitch and energy of each sentence follow, a little, the emotions that its words express
  std::string model = "kokoro";    ///< name of a pulled model, or its folder
};

/// speech.wav, .opus or .mp3 (24,000 samples a second, one channel), perhaps captions and the times of words, and a receipt; Engine::replay makes it again.
/// Fails with "invalid_argument" (no words, no such voice), "unsupported" (a voice of another language), "not_found" (the model is not pulled), "cancelled".
Outcome<MadeWork> say(const SayRequest& request, const MakeOptions& options = {});
/// Memory and time; how long the speech will be is estimated.
Outcome<MakePlan> plan_say(const SayRequest& request, const MakeOptions& options = {});

}  // namespace ptah
