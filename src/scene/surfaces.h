// What floors and walls of scenes are covered with: solid textures (shape/texture/), baked to one picture for the floor and one for all walls.
#pragma once

#include "media/mesh_scene.h"
#include "scene/program.h"
#include "shape/material.h"

namespace ptah {

/// "oak", "tiles white": a material and perhaps a colour. Errors: invalid_argument, with what is known.
Result<Material> surface_material(const std::string& words);

/// A material as floors have it: timber lies as planks, tiles have an edge of 0.3 m.
Material as_floor(Material material);
/// As walls have it: tiles have an edge of 0.15 m.
Material as_wall(Material material);

/// A covering of `width` × `height` metres.
struct Covering {
  SceneMaterial material;
  float width = 0, height = 0;
  bool relief = false;
};

/// Bakes a covering and adds its pictures to the scene; a uniform material has none. `lying`: seen from above, x to the right and z downwards; else a wall,
/// seen from the front. `texels`: of the longer edge. Errors: those of bake_maps and encode_png.
Result<Covering> bake_covering(MeshScene& scene, const Material& material, float width, float height, bool lying, int64_t texels);

}  // namespace ptah
