// What a network is in doubt about, decided by the colours of what it is sure of.
#pragma once

#include "media/image.h"
#include "pixels/guided_filter.h"

namespace ptah {

/// Coverage of the same size: the least cut (Boykov and Jolly 2001) between object and background, where a cell's cost is the coverage that was found and how
/// much more often its colour stands in what was surely object than in what was surely background (histograms, as in GrabCut: Rother et al. 2004), and cutting
/// between alike neighbours costs. Cells that change sides become 0.9 or 0.1. Coverage of nothing, or of everything, comes back as it is.
Coverage decided_by_colours(const Coverage& found, const Image& picture);

}  // namespace ptah
