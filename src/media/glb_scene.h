// Several named meshes with materials as one glTF 2.0 binary.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "media/mesh_files.h"
#include "media/mesh_scene.h"
#include "media/srgb.h"

namespace ptah {

using GlbScene = MeshScene;

/// Makes the extras of a scene's GLB (a JSON object as text) from its binary chunk and from its JSON without them.
using SceneExtras = std::function<Result<std::string>(std::span<const uint8_t> body, const std::string& document)>;
/// Extras that are made here go to asset.extras, in place of the scene's own. Polygons are written as their triangles. The same scene gives the same bytes.
/// Errors: invalid_argument for a scene without meshes or with an incomplete one.
Result<Bytes> encode_glb(const GlbScene& scene, const SceneExtras& extras = {});

/// A thing of a scene: meshes that several things may share, turned about the vertical axis and moved.
struct SceneInstance {
  std::string path;
  std::vector<uint32_t> meshes;  ///< of the scene's: what shares all of them is one mesh of the file, one primitive each
  Vec3 at{};
  float turn = 0;      ///< degrees; 90 turns what faces +z to +x
  std::string extras;  ///< of the node, a JSON object as text; may be empty
};
/// A light that shines in all directions (KHR_lights_punctual).
struct SceneLight {
  std::string name;
  Vec3 at{};
  std::array<float, 3> colour{1, 1, 1};  ///< linear
  float candela = 10;
};
/// A scene whose meshes stand where its instances say.
struct InstancedScene {
  MeshScene scene;
  std::vector<SceneInstance> instances;
  std::vector<SceneLight> lights;
};
/// A node for each instance. Errors: as for a scene; invalid_argument for an instance of what is not there.
Result<Bytes> encode_glb(const InstancedScene& scene, const SceneExtras& extras = {});

/// A morph target: what a mesh does at a weight of 1.
struct SceneMorph {
  std::string name;
  std::vector<uint32_t> vertices;        ///< that move, growing; may be empty
  std::vector<Vec3> positions, normals;  ///< offsets, one a vertex of `vertices`; of normals none at all if they stay
  float weight = 0;                      ///< where nobody says another
};
/// A scene whose meshes have morph targets, by the order of its meshes; the file names them in each mesh's extras.targetNames.
struct MorphedScene {
  MeshScene scene;
  std::vector<std::vector<SceneMorph>> morphs;
};
/// As of a scene; offsets are sparse accessors. Errors: invalid_argument also for targets of vertices that are not there.
Result<Bytes> encode_glb(const MorphedScene& scene, const SceneExtras& extras = {});
/// The meshes as they are with their weights.
MeshScene posed(const MorphedScene& scene);

/// The JSON of a GLB without asset.extras.ptah, as SceneExtras got it. Errors: corrupt.
Result<std::string> scene_document(std::span<const uint8_t> glb);

}  // namespace ptah
