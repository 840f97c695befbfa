// The things of a scene as solids: made once for equal ones, with the places where they carry others.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "base/progress.h"
#include "geometry/bvh.h"
#include "scene/program.h"
#include "shape/library.h"

namespace ptah {

/// All of one material.
struct SceneModelPart {
  Material material;
  Mesh mesh;
};

/// What lies open upwards above one place of a grid: how high, and how much room is above it.
struct ModelTop {
  float y = 0, room = 0;
};

/// A thing in its own frame: the origin is the middle of the underside of its box, it faces +z.
struct SceneModel {
  std::string kind;
  std::vector<SceneModelPart> parts;
  Mesh mesh;  ///< all of it
  Vec3 size{};
  float foot_width = 0, foot_depth = 0;  ///< of the box around what touches the ground
  Vec2 foot_middle{};
  Bvh tree;  ///< of the triangles of `mesh`

  /// Open places, row by row along x: cells of `cell` metres from the lower x and z of the box.
  struct Tops {
    float cell = 0.02F;
    int64_t columns = 0, rows = 0;
    std::vector<std::vector<ModelTop>> at;
    const std::vector<ModelTop>* find(float x, float z, const Vec3& whole) const;
  };
  const Tops& tops() const;  ///< made when they are first asked for

 private:
  mutable std::once_flag once_;
  mutable Tops tops_;
};

/// Solids of kinds with parameters; equal ones are one. For one thread.
class SceneModels {
 public:
  explicit SceneModels(std::shared_ptr<const ShapeKinds> kinds) : kinds_(std::move(kinds)) {}
  /// `lying`: on its back, what faced +z looks up. Errors: not_found (no such kind), invalid_argument (a parameter that it does not have, out of range), those
  /// of solids_of.
  Result<std::shared_ptr<const SceneModel>> make(const std::string& kind, const Json& parameters, bool lying = false, const CancelToken* cancel = nullptr);
  const ShapeKinds& kinds() const { return *kinds_; }
  /// The digest of each shape that was made.
  const Json& digests() const { return digests_; }

 private:
  std::shared_ptr<const ShapeKinds> kinds_;
  std::map<std::string, std::shared_ptr<const SceneModel>> made_;
  Json digests_ = Json::object();
};

}  // namespace ptah
