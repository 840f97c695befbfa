// Shape programs as OpenSCAD files, their parameters as customizer variables.
#pragma once

#include "shape/program/evaluate.h"

namespace ptah {

/// A file that OpenSCAD 2021.01 renders to the solid of run_shape(): millimetres, z up. The parameters stand above as variables with their ranges and choices,
/// with the values of `options.set`; changing them moves everything that depends on them. Where the program has
/// what OpenSCAD has no form of (blends, noise, metaballs, algebraic, terrain), its parts as polyhedra, which the file says. Errors: as run_shape and
/// solids_of.
Result<std::string> openscad_of(const ShapeProgram& program, const ShapeOptions& options = {});

}  // namespace ptah
