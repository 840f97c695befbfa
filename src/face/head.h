// A person's head as a scene: meshes, materials, textures, and how the meshes move with the face.
#pragma once

#include "face/person.h"
#include "media/glb_scene.h"

namespace ptah {

struct HeadOptions {
  int64_t texels = 1024;  ///< edge of the skin's textures
};

struct Head {
  MorphedScene scene;          ///< metres; stands on y = 0; without expression, the person's is in its weights
  Vec3 eyes{}, chin{}, top{};  ///< places on it, metres
};

/// Builds a person's head. The same person gives the same head.
Result<Head> make_head(const PeopleData& data, const Person& person, const HeadOptions& options = {});

}  // namespace ptah
