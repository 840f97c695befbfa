// Which faces go into one chart at first: cones of normals, ended by hard edges.
#pragma once

#include "geometry/atlas/surface.h"

namespace ptah::atlas {

/// Merges neighbouring faces, the pair whose normals disagree least for its size first, as long as the normals of a cluster keep together: the length of the
/// sum of its area vectors is at least `unity` of its area (1 is plane, 0.5 a hemisphere). Returns the number of each face's cluster, kNone without area.
std::vector<uint32_t> cluster_faces(const Surface& surface, double unity, uint32_t& count);

/// Cuts connected faces in two connected pieces, grown from the faces whose normals are farthest apart. `side` is false for the first.
std::vector<char> halves_of(const Surface& surface, const std::vector<uint32_t>& faces, const std::vector<uint32_t>& chart, uint32_t id,
                            const std::vector<uint32_t>& place);

}  // namespace ptah::atlas
