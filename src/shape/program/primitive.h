// The primitives that programs call, by name, with their arguments.
#pragma once

#include "shape/program/values.h"

namespace ptah {

struct PrimitiveArgument {
  const char* name;
  double usual;  ///< NaN: it has to be given
  const char* help;
};
struct PrimitiveKind {
  const char* name;
  std::vector<PrimitiveArgument> arguments;
  const char* points;  ///< what its lists are, e.g. "(radius, height)"; null: it takes none
  const char* help;
  const char* text = nullptr;  ///< what its one text is, e.g. "a formula"; null: it takes none
};
/// Every primitive; docs/shapes.md is written from it.
const std::vector<PrimitiveKind>& primitive_kinds();

/// The mesh of a primitive, standing on y = 0. `along`: parts along straight edges. Throws Failure (invalid_argument).
PolygonMesh make_primitive(const std::string& name, const std::vector<GivenArgument>& given, float detail, int along, int line);

}  // namespace ptah
