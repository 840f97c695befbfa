// From a mesh and words for a material to a textured object.
#pragma once

#include "base/progress.h"
#include "media/mesh_scene.h"
#include "schema/schema.h"
#include "work/plan.h"
#include "work/receipt.h"
#include "work/sources.h"

namespace ptah {

/// All that can be asked of `texture`.
struct TextureTask {
  std::filesystem::path mesh = {};
  std::string material;   ///< "rusty bronze"
  int64_t texels = 1024;  ///< edge of the atlas
  bool unwrap = false;    ///< new texture coordinates, though the mesh has some
  float scale = 1;        ///< of the pattern
  bool maps = false;      ///< the maps as pictures of their own, too

  std::filesystem::path model = {};    ///< a Stable Diffusion checkpoint: the words are a prompt, and the mesh is painted from several sides
  std::filesystem::path control = {};  ///< its ControlNet for depth
  int64_t views = 8;                   ///< 6 to 10
  int64_t view_size = 512;             ///< edge of what is painted, in pixels
  uint64_t seed = 0;
  int64_t steps = 20;
  float guidance = 7;
  std::string negative = {};
};
const SchemaOf<TextureTask>& texture_schema();
/// What a receipt calls a work of it.
inline constexpr const char* kTextureKind = "textured object";

/// Reads the mesh, or that of a work's folder; what is no GLB becomes one. Errors: those of read_mesh_scene().
Result<Sources> texture_sources(const TextureTask& task, std::vector<std::string>* notes = nullptr);

/// The mesh of a work's sources. Errors: as decode_mesh_scene().
Result<MeshScene> mesh_of(const Sources& sources, std::vector<std::string>* notes);
/// The work of a scene with its pictures; `core` is the receipt so far.
Result<Work> work_of_scene(Json core, const MeshScene& scene, const Sources& sources, bool maps);

/// object.glb with the material baked on one atlas, and the mesh as it was. Errors: invalid_argument (the words, the mesh), corrupt, unsupported, over_budget,
/// cancelled.
Result<Work> texture_work(const TextureTask& task, const Sources& sources, std::vector<std::string>* notes = nullptr, const ProgressCallback& progress = {},
                          const CancelToken* cancel = nullptr);
/// Errors: also mismatch, if the mesh is another one than then.
Result<Work> replay_texture(const Json& receipt, const Sources& sources, const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr);
/// What it takes: the mesh is read, nothing is baked.
Result<Plan> plan_texture(const TextureTask& task, const Sources& sources);

}  // namespace ptah
