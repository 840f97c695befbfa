// People: a head made of a sentence or numbers, and a head that says a text.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "ptah/engine.h"
#include "ptah/result.h"
#include "ptah/seed.h"

namespace ptah {

/// Unset fields have these defaults.
struct FaceRequest {
  std::string text;                    ///< "an old woman with green eyes, smiling"; empty: whoever the seed gives
  std::vector<std::string> set;        ///< "NAME=VALUE" for a number or choice: "age=70", "smile=0.5", "hair=long"; `ptah face --list` names all
  Seed seed{0};                        ///< of all that is not asked for; the same seed stays the same person
  std::int64_t size = 512;             ///< edge of the picture in pixels, 64 to 4096
  float azimuth = 0;                   ///< degrees from the front to the right
  float elevation = 0;                 ///< degrees upwards, −60 to 60
  std::string environment = "studio";  ///< or "city", "interior", "sunset"
  std::string background = "plain";    ///< or "environment", "transparent", "white", "black", "#rrggbb"
  std::int64_t texture = 1024;         ///< edge of the skin's textures in texels, 256 to 4096
  bool watermark = true;
  std::string model = "people";  ///< name of a pulled model (`ptah pull people`), or its folder
};

/// picture.png, face.glb (metres, 52 morph targets by ARKit's names), person.json (its numbers) and a receipt; Engine::replay makes it again. Fails with
/// "invalid_argument" (a name or value that is not possible), "not_found" (the model is not pulled), "cancelled".
Outcome<MadeWork> make_face(const FaceRequest& request, const MakeOptions& options = {});
/// Memory and time.
Outcome<MakePlan> plan_face(const FaceRequest& request, const MakeOptions& options = {});

struct TalkRequest {
  std::string text;                  ///< what is said: English, plain or SSML
  std::filesystem::path face;        ///< the head: a GLB with ARKit's morph targets; or
  std::string person;                ///< who speaks, as FaceRequest::text
  std::vector<std::string> set;      ///< as FaceRequest::set
  Seed seed{0};                      ///< of the person, and of when the eyes blink
  std::string voice = "af_heart";    ///< as SayRequest::voice
  std::string lexicon;               ///< words with their phonemes: "Ptah=tˈɑ, Nguyen=wˈɪn"
  float speed = 1;                   ///< 0.5 to 2; above 1: faster
  std::int64_t size = 256;           ///< edge of the moving picture in pixels, 64 to 1024
  float azimuth = 0, elevation = 0;  ///< degrees
  std::string environment = "studio";
  std::string background = "plain";
  bool animate = true;             ///< talking.webp beside talking.glb
  float frame_rate = 12;           ///< pictures a second, 2 to 30
  std::string precision = "auto";  ///< or "f32", "bf16": what the voice computes in
  std::string voice_model = "kokoro";
  std::string model = "people";
};

/// speech.wav, words.json (times of words and phonemes), talking.glb (the head with an animation of its weights), talking.webp and a receipt. Fails as say()
/// and make_face(), and with "invalid_argument" for a head whose face cannot move.
Outcome<MadeWork> talk(const TalkRequest& request, const MakeOptions& options = {});
/// Memory and time; how long the speech will be is estimated.
Outcome<MakePlan> plan_talk(const TalkRequest& request, const MakeOptions& options = {});

struct PhotoRequest {
  std::filesystem::path picture;                ///< a picture with a face
  std::filesystem::path donor;                  ///< another one, whose face takes its place; empty: none
  std::vector<std::filesystem::path> consents;  ///< signed by those who are in the pictures (`ptah consent give`)
  float smile = 0, brows = 0, eyes = 0;         ///< −1 to 1: corners of the mouth, eyebrows, eyelids
  float gaze_x = 0, gaze_y = 0;                 ///< −1 to 1: where the eyes look
  bool label = false;                           ///< "SYNTHETIC" in the picture
  bool watermark = true;
  std::string model = "faces";  ///< name of a pulled model (`ptah pull faces`), or its folder
};

/// picture.png and a receipt that names the consents. Fails with "permission" without consent that covers each picture and use, "not_found" (no face; the model
/// is not pulled), "invalid_argument", "cancelled".
Outcome<MadeWork> change_photo(const PhotoRequest& request, const MakeOptions& options = {});
/// Memory and time.
Outcome<MakePlan> plan_photo(const PhotoRequest& request, const MakeOptions& options = {});

}  // namespace ptah
