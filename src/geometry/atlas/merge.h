// Fewer charts: neighbours become one where the whole still lies well in the plane.
#pragma once

#include "base/progress.h"
#include "geometry/atlas/chart.h"

namespace ptah::atlas {

struct MergeLimits {
  double stretch = 1.1;   ///< of one chart, as Fit::stretch's root
  double worst = 2.5;     ///< as Fit::worst
  double shared = 0.12;   ///< of the shorter border, at least
  double fill = 0.6;      ///< share of its smallest rectangle that a chart of a fiftieth of the surface or more has to fill; of small ones less
  double largest = 0.25;  ///< share of the surface
  float hard = 0.18F;     ///< Surface::bend above which an edge counts as hard
};

/// Charts that were merged into others become empty. Round by round: pairs with the longest common borders, soft ones first, are laid side by side and
/// relaxed; what gets too much stretch, turned triangles or a border that crosses itself stays as it was. Gluing along one stretch of the border keeps disks
/// disks.
void merge_charts(Charting& charting, std::vector<Chart>& charts, const MergeLimits& limits, const CancelToken* cancel);

}  // namespace ptah::atlas
