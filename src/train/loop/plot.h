// A training's figures as a picture.
#pragma once

#include <filesystem>

#include "base/error.h"

namespace ptah {

/// What the heights of curves are scaled to.
enum class PlotScale { own, common };

/// Draws the columns of a CSV file (a header, then numbers; the first column is the place on the horizontal axis) as curves on white, each scaled to its own
/// range or all to one, in the order red, blue, green, orange, purple, black. Errors: not_found, corrupt, io.
Result<void> save_plot(const std::filesystem::path& csv, const std::filesystem::path& png, PlotScale scale = PlotScale::own);

}  // namespace ptah
