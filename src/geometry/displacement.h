// Solids whose surface is moved along its normals.
#pragma once

#include <functional>

#include "base/progress.h"
#include "geometry/mesh.h"

namespace ptah {

/// The same surface in triangles none of whose edges is longer than `edge`: edges are halved, the longest first, for both of their triangles, and within flat
/// faces edges are flipped until the triangles are Delaunay's. Precondition: no edge has more than two triangles. Errors: over_budget above a million
/// triangles.
Result<Mesh> subdivided(Mesh mesh, float edge);

/// How far a place of a surface moves along its normal, outward above 0, metres. Called from several threads at once.
using Displacement = std::function<float(const Vec3&)>;

/// A solid with its surface cut into triangles whose edges are no longer than `edge`, and each vertex moved along its normal (on edges and at corners the mean
/// of those around it by their angles); inward at most by 45 % of what is behind it up to the opposite side, so that no dent goes through, and rims no deeper.
/// What then overlaps is joined, and what is turned inside out is left out, by boolean_mesh(): closed, two-manifold and oriented whatever the displacement.
/// Crumbs are left out, which come off corners: up to a hundredth, beside as many bodies as the solid has. Errors: invalid_argument if it comes apart all the
/// same; as boolean_mesh() and subdivided().
Result<Mesh> displaced(const Mesh& solid, const Displacement& by, float edge, const CancelToken* cancel = nullptr);

}  // namespace ptah
