// Morph targets of a glTF 2.0 binary, whoever wrote it: what they are called, the scene with some of them on, and animations of them.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "media/glb_scene.h"

namespace ptah {

/// Weights over time, the same names in every frame.
struct MorphTrack {
  std::vector<std::string> names;
  std::vector<float> times;    ///< seconds, growing
  std::vector<float> weights;  ///< a row of names.size() a frame
};

/// Most targets of a mesh, and most numbers that all targets of a file have together.
constexpr size_t kMaxMorphTargets = 512, kMaxMorphNumbers = size_t{1} << 27;

class GlbMorphs {
 public:
  /// Reads the targets of all meshes that name them (mesh.extras.targetNames). `glb` is kept. Errors: corrupt, unsupported, over_budget; invalid_argument for a
  /// file without any.
  static Result<std::shared_ptr<const GlbMorphs>> read(Bytes glb);
  virtual ~GlbMorphs() = default;
  /// All of them, each once.
  virtual const std::vector<std::string>& names() const = 0;
  /// The weights that the file gives them.
  virtual const std::map<std::string, float>& resting() const = 0;
  /// The file with its meshes as they are at these weights, and without targets; names that are missing have the file's own.
  virtual Result<Bytes> posed(const std::map<std::string, float>& weights) const = 0;
  /// The file with an animation "NAME" of its weights; what a track does not name keeps the file's own. Receipts of the file are left out. Errors:
  /// invalid_argument for a track without frames or whose numbers do not fit.
  virtual Result<Bytes> animated(const MorphTrack& track, const std::string& name, const SceneExtras& extras = {}) const = 0;
};

}  // namespace ptah
