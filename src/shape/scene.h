// Assemblies as what files and pictures are made of.
#pragma once

#include "media/glb_scene.h"
#include "render/raster.h"
#include "shape/assembly.h"

namespace ptah {

/// A node for each solid, named by its label ("chair/leg", copies "chair/leg 2"), the pivot at the centre of the base of all.
GlbScene glb_scene(const Assembly& assembly, const std::vector<Solid>& solids);
RenderScene render_scene(const std::vector<Solid>& solids);

}  // namespace ptah
