// A step of the optimiser on the lines of a radiance field.
#pragma once

#include "render/field/radiance_field.h"

namespace ptah {

struct FieldRates {
  float colour = 0, shine = 0, density = 0;  ///< of the first coefficient of colours, of the other three, of the logarithm of the density
};

/// Adds to the gradients of touched lines what pulls them towards their six neighbours: the gradient of weight/2 · Σ (line − neighbour)². Slots [begin, end)
/// that are `turn` modulo `turns`, with `turns` times the weight.
void pull_together(const RadianceField& field, const uint64_t* touched, size_t begin, size_t end, size_t turn, size_t turns, float colour, float density,
                   FieldLine* gradients);

/// RMSprop (Hinton 2012, with Adam's correction of the first steps) on touched lines of the slots [begin, end); gradients and marks are cleared. Lane 13 of
/// `squares` holds how much of the mean is known.
void update_lines(RadianceField& field, size_t begin, size_t end, const FieldRates& rates, FieldLine* gradients, FieldLine* squares, uint64_t* touched);

}  // namespace ptah
