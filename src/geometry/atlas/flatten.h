// From a disk in space to the plane.
#pragma once

#include "geometry/atlas/chart.h"

namespace ptah::atlas {

/// Places the chart by projection along its mean normal. False if a triangle would be turned over.
bool project(const Surface& surface, Chart& chart);

/// Lets the triangles keep their shape as well as they can, from where the chart lies: local rotations and a global step in turn, as rigid as possible (Liu et
/// al. 2008, "A local/global approach to mesh parameterization"; cotangent weights).
void relax(const Surface& surface, Chart& chart, int rounds);

}  // namespace ptah::atlas
