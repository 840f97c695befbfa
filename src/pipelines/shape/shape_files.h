// The files of a shape: for games, and for printers.
#pragma once

#include "pipelines/shape/shape_work.h"

namespace ptah {

/// What the files are made of.
struct ShapeFiles {
  const ReadyShape& ready;
  const std::vector<Solid>& solids;  ///< its parts, less what cuts them; fewer triangles where they were asked for
  const ExportOptions& options;
  ExportFormats formats;
  int64_t texture = 0;      ///< edge of an atlas on which the materials are baked, in texels; 0: plain colours
  bool millimetres = true;  ///< OBJ and PLY; else metres
};

/// At most `target` triangles in all. Errors: invalid_argument where the parts cannot stay with so few; cancelled.
Result<void> reduce_solids(std::vector<Solid>& solids, int64_t target, const CancelToken* cancel = nullptr);

/// object.glb with `core` inside, object.obj, object.ply, object.usdz, and what printers take: one closed body, or what the options make of it. Errors: those
/// of the options, and of whole_solid.
Result<void> add_shape_files(Work& work, const Json& core, const ShapeFiles& of, const CancelToken* cancel = nullptr);

}  // namespace ptah
