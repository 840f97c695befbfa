// Materials and paintings on the surface of a mesh, as `ptah texture` makes them.
#pragma once

#include "ptah/engine.h"

namespace ptah {

/// What to texture and with what; unset fields have these defaults. docs/textures.md says what the words mean.
struct TextureRequest {
  std::filesystem::path mesh;  ///< GLB, glTF or another mesh that can be read
  std::string material;        ///< words: "rusty bronze"
  std::int64_t texels = 1024;  ///< edge of the texture, 64 to 8192
  bool unwrap = false;         ///< new texture coordinates, though the mesh has some
  float scale = 1;             ///< how coarse the pattern is; at 1 the mesh's longest edge counts as a metre
  bool maps = false;           ///< the maps as PNG files of their own, too

  // Painted by a Stable Diffusion checkpoint of your own.
  std::filesystem::path model;    ///< the words are a prompt, and the mesh is painted from several sides
  std::filesystem::path control;  ///< its ControlNet for depth; needed with `model`
  std::int64_t views = 8;         ///< 6 to 10
  std::int64_t view_size = 512;   ///< edge of what is painted of each side, in pixels
  Seed seed = 0;
  std::int64_t steps = 20;
  float guidance = 7;
  std::string negative;
};

/// object.glb with base color, metallic-roughness, normal and emission maps where the material has them, and a receipt. Fails with "invalid_argument" (words
/// that are no material, with the nearest known one; a mesh without triangles), "corrupt", "unsupported", "cancelled".
Outcome<MadeWork> texture(const TextureRequest& request, const MakeOptions& options = {});
/// Memory and time, before anything runs.
Outcome<MakePlan> plan_texture(const TextureRequest& request, const MakeOptions& options = {});
/// All words that a material can be named by, sorted.
std::vector<std::string> material_vocabulary();

}  // namespace ptah
