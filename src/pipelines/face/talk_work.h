// A text said by a head: its face moves with the voice's phonemes.
#pragma once

#include "base/progress.h"
#include "pipelines/face/face_work.h"
#include "pipelines/speech/say_work.h"
#include "work/sources.h"

namespace ptah {

/// All that can be asked of `talk`.
struct TalkTask {
  std::string text;
  std::filesystem::path face = {};    ///< a GLB with morph targets by ARKit's names
  std::string person = {};            ///< instead: who speaks, as `face` has it
  std::vector<std::string> set = {};  ///< of the person
  uint64_t seed = 0;                  ///< of the person, and of when the eyes blink
  std::string voice = "af_heart";
  std::string lexicon = {};
  float speed = 1;
  int64_t size = 256;
  float azimuth = 0, elevation = 0;
  std::string environment = "studio";
  std::string background = "plain";
  bool animate = true;    ///< talking.webp; false: the GLB and the sound alone
  float frame_rate = 12;  ///< of the pictures
  std::string precision = "auto";
  std::string voice_model = "kokoro";
  std::string model = "people";
};
const SchemaOf<TalkTask>& talk_schema();
/// What a receipt calls a work of a talking head.
inline constexpr const char* kTalkKind = "talking head";

/// The head that a task names, as the source "face.glb"; none where it is a person. Errors: not_found, permission, unsupported for what is no GLB.
Result<Sources> talk_sources(const TalkTask& task);
/// speech.wav, words.json, talking.glb (an animation of weights, 30 frames a second), perhaps talking.webp, and a receipt. Errors: those of say_work, of the
/// head (invalid_argument: it has no such morph targets), and invalid_argument for a talk that is too long to be drawn.
Result<Work> talk_work(const Speaker& speaker, const TalkTask& task, const Sources& sources, const ProgressCallback& progress = {},
                       const std::function<void(const std::string&)>& note = {}, const CancelToken* cancel = nullptr);
/// Errors: also mismatch, if the head or the models are others than then.
Result<Work> replay_talk(const Speaker& speaker, const TalkTask& task, const Json& receipt, const Sources& sources, const ProgressCallback& progress = {},
                         const CancelToken* cancel = nullptr);
Result<Plan> plan_talk(const Speaker& speaker, const TalkTask& task);

}  // namespace ptah
