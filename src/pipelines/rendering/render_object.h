// What `render` draws, out of the files that it may be given.
#pragma once

#include "pipelines/rendering/render_work.h"
#include "render/scene.h"

namespace ptah {

/// The map of the surroundings among the sources; the object is "object.shape", "object.glb" …
inline constexpr const char* kEnvironmentSource = "environment.hdr";

struct RenderObject {
  RenderScene scene;
  Json library = Json::object();  ///< the digest of each shape that a program used
  size_t triangles() const;
};
/// Errors: invalid_argument, corrupt, unsupported, not_found (the library), cancelled.
Result<RenderObject> render_object(const RenderTask& task, const Sources& sources, const CancelToken* cancel);

}  // namespace ptah
