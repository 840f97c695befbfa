// Where the parts of a program go: deformations, rotations, anchors, copies.
#pragma once

#include "shape/program/values.h"

namespace ptah {

/// A modifier whose arguments are known.
struct KnownModifier {
  std::string word, target;
  std::vector<GivenArgument> args;
};

/// Bends, twists, tapers, hollows, roughens and scales a mesh that stands on y = 0. What is bent or twisted is cut across first, the finer the more `detail`
/// there is. Throws Failure (invalid_argument).
void deform(PolygonMesh& mesh, const std::vector<KnownModifier>& modifiers, float detail, int line);

/// What rotate modifiers do to something, about `centre`.
Affine turning(const std::vector<KnownModifier>& turns, const Vec3& centre, int line);

/// One affine map for each copy of something with these bounds. Without an anchor `at` moves it from where it is; with one the centre of its base goes there.
/// Throws Failure (invalid_argument).
std::vector<Affine> placements(const Bounds& bounds, const std::vector<KnownModifier>& modifiers, const ShapeScope& scope, int line);

}  // namespace ptah
