// Meshes for the checks of tools/check, which compare them with other programs': little-endian counts, positions as f32, indices as u32.
#pragma once

#include <fstream>

#include "geometry/mesh.h"

namespace ptah::testing_shapes {

/// "first:end" of a variable of the environment, or the usual numbers.
inline std::pair<uint64_t, uint64_t> cases_of(const char* variable, uint64_t usual) {
  uint64_t first = 0, end = usual;
  if (const char* asked = std::getenv(variable); asked && std::sscanf(asked, "%lu:%lu", &first, &end) != 2) throw std::runtime_error(variable);
  return {first, end};
}

inline void dump(std::ofstream& out, uint32_t value) { out.write(reinterpret_cast<const char*>(&value), sizeof value); }
inline void dump(std::ofstream& out, const Mesh& mesh) {
  dump(out, static_cast<uint32_t>(mesh.positions.size()));
  dump(out, static_cast<uint32_t>(mesh.triangles.size()));
  out.write(reinterpret_cast<const char*>(mesh.positions.data()), static_cast<std::streamsize>(mesh.positions.size() * sizeof(Vec3)));
  out.write(reinterpret_cast<const char*>(mesh.triangles.data()), static_cast<std::streamsize>(mesh.triangles.size() * sizeof(Triangle)));
}

}  // namespace ptah::testing_shapes
