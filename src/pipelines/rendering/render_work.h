// From a shape, a work or a mesh to a picture of it, or to one that turns round.
#pragma once

#include "base/progress.h"
#include "render/lit.h"
#include "schema/schema.h"
#include "work/plan.h"
#include "work/sources.h"

namespace ptah {

/// All that can be asked of `render`.
struct RenderTask {
  std::filesystem::path file;          ///< a .shape program, a kind of the library, a work's folder, or a mesh
  std::vector<std::string> set = {};   ///< "NAME=VALUE" for each parameter of the program that is to be another
  int64_t texture = 0;                 ///< edge of the atlas in texels that a program's materials are baked on; 0: plain colours
  int64_t size = 512;                  ///< edge in pixels
  std::string environment = "studio";  ///< a name, or a file
  float environment_turn = 0;          ///< degrees about the vertical axis
  float exposure = 0;                  ///< stops: 1 is twice as bright
  std::string view = "three-quarter";
  float azimuth = 30, elevation = 20;  ///< degrees; what `view` means unless they are given
  float field_of_view = 30;            ///< vertical, degrees
  std::string background = "plain";
  bool ground = true;
  int64_t turntable = 0;        ///< frames; 0: none
  float frame_rate = 12;        ///< frames a second
  std::string format = "webp";  ///< of the turntable
  int64_t samples = 0;          ///< a pixel, path traced; 0: rasterised
  uint64_t seed = 0;            ///< of the path tracer
  bool denoise = true;          ///< what the path tracer found, by a network (image/render_denoiser.h)
};
const SchemaOf<RenderTask>& render_schema();
/// What a receipt calls a work of a rendering.
inline constexpr const char* kRenderKind = "rendering";

/// Reads what a task names: the object and, unless it is one of those that come along, the map of the surroundings. Errors: not_found, permission, unsupported
/// for files that are no object, corrupt.
Result<Sources> render_sources(const RenderTask& task);

/// The mean light of surroundings, so that a white diffuse thing is white and not more.
inline constexpr float kMeanLight = 0.85F;

/// What is behind the object: plain, environment, transparent, white, black or #rrggbb. Errors: invalid_argument for other words.
Result<Background> background_of(const std::string& word);

/// Errors: invalid_argument, corrupt (the object), not_found (the library, the environment, the denoiser), cancelled.
Result<Work> render_work(const RenderTask& task, const Sources& sources, const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr);
/// Errors: also mismatch, if the sources or a shape of the library are others than then.
Result<Work> replay_render(const Json& receipt, const Sources& sources, const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr);
/// What it takes: the object is read, nothing is drawn.
Result<Plan> plan_render(const RenderTask& task, const Sources& sources);

}  // namespace ptah
