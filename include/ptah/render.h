// Pictures of objects: shape programs, works and meshes, from any side, lit by their surroundings.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "ptah/engine.h"
#include "ptah/result.h"
#include "ptah/seed.h"

namespace ptah {

/// Unset fields have these defaults. docs/requests.md says what is possible.
struct RenderRequest {
  std::filesystem::path file;           ///< a .shape program or the name of one that comes along, a work's folder, or a mesh (GLB, glTF, OBJ, PLY, STL, 3MF)
  std::vector<std::string> set = {};    ///< "NAME=VALUE" for each parameter of the program that is to be another
  std::int64_t texture = 0;             ///< edge of the atlas in texels that a program's materials are baked on; 0: plain colours
  std::int64_t size = 512;              ///< edge in pixels
  std::string environment = "studio";   ///< or "city", "interior", "sunset", a map (.hdr, .exr)
  float environment_turn = 0;           ///< degrees about the vertical axis
  float exposure = 0;                   ///< stops: 1 is twice as bright
  std::string view = "three-quarter";   ///< or "front", "back", "left", "right", "top"
  std::optional<float> azimuth = {};    ///< degrees, instead of the view's
  std::optional<float> elevation = {};  ///< degrees, instead of the view's
  float field_of_view = 30;             ///< vertical, degrees
  std::string background = "plain";     ///< or "environment", "transparent", "white", "black", "#rrggbb"
  bool ground = true;                   ///< a shadow on the ground
  std::int64_t turntable = 0;           ///< frames of a picture that turns round; 0: none
  float frame_rate = 12;                ///< frames a second
  std::string format = "webp";          ///< of what turns round: or "gif", "mp4" (with ffmpeg)
  std::int64_t samples = 0;             ///< light paths a pixel; 0: rasterised
  Seed seed = 0;                        ///< of the light paths
  bool denoise = true;                  ///< with samples: takes the noise off
};

/// picture.png and, with `turntable`, what turns round; the receipt is in the picture too. Engine::replay makes it again. Fails with "invalid_argument",
/// "not_found", "corrupt", "unsupported", "cancelled".
Outcome<MadeWork> render(const RenderRequest& request, const MakeOptions& options = {});
/// Memory and time; reads the object.
Outcome<MakePlan> plan_render(const RenderRequest& request, const MakeOptions& options = {});

}  // namespace ptah
