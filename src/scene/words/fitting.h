// Sizes at which what a sentence asks for fits.
#pragma once

#include "scene/places.h"
#include "scene/program.h"

namespace ptah {

/// Gives things that have no pose yet sizes and forms at which what was asked for fits: a table for its chairs, a plate for its cakes, a fence for who sits on
/// it, a cat below a coffee table. What was said of their size stays.
void fit_sizes(SceneProgram& program, const ScenePlaces& places, const ShapeKinds& kinds);

}  // namespace ptah
