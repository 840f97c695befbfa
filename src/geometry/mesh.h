// Triangle meshes: what they are made of, and what they are as solids.
#pragma once

#include <array>
#include <functional>
#include <cstdint>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace ptah {

using Vec2 = std::array<float, 2>;
using Vec3 = std::array<float, 3>;
using Triangle = std::array<uint32_t, 3>;

inline Vec3 operator+(const Vec3& a, const Vec3& b) { return {a[0] + b[0], a[1] + b[1], a[2] + b[2]}; }
inline Vec3 operator-(const Vec3& a, const Vec3& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }
inline Vec3 operator*(const Vec3& a, float s) { return {a[0] * s, a[1] * s, a[2] * s}; }
inline float dot(const Vec3& a, const Vec3& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
inline Vec3 cross(const Vec3& a, const Vec3& b) { return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]}; }
float length(const Vec3& a);
Vec3 normalized(const Vec3& a);

/// Positions in metres, +Y up, front +Z, triangles counter-clockwise from outside.
struct Mesh {
  std::vector<Vec3> positions;
  std::vector<Triangle> triangles;
};

/// A mesh as it is drawn: vertices split at texture seams.
struct TexturedMesh {
  std::vector<Vec3> positions, normals;
  std::vector<Vec2> uvs;  ///< origin at the texture's upper left
  std::vector<Triangle> triangles;
  Bytes texture_png;
  float roughness = 0.55F, metallic = 0;
};

/// What a mesh is, from its connectivity after joining vertices of equal position.
struct MeshReport {
  bool closed = false;     ///< every edge has exactly two triangles
  bool manifold = false;   ///< closed, and the triangles round each vertex form one fan
  bool oriented = false;   ///< the two triangles of an edge run along it in opposite directions
  int64_t degenerate = 0;  ///< triangles with repeated vertices or without area
  int64_t bodies = 0;      ///< connected components
  int64_t euler = 0;       ///< vertices − edges + triangles
  double volume = 0;       ///< positive when the outside is outside
};
MeshReport inspect(const Mesh& mesh);
/// Of each vertex the lowest one that it is connected with by triangles; itself where it has none.
std::vector<uint32_t> component_of_vertices(const Mesh& mesh);
/// Some of the triangles, with their vertices in the order of use and without normals. `keep` is asked for each triangle by its number.
Mesh chosen_triangles(const Mesh& mesh, const std::function<bool(size_t)>& keep);
/// The mesh with vertices of equal position joined.
Mesh welded(const TexturedMesh& mesh);

/// The mesh as printers have it: +Z up, front -Y, lying on Z = 0.
Mesh for_printing(Mesh mesh);

/// Area-weighted vertex normals.
std::vector<Vec3> vertex_normals(const Mesh& mesh);

}  // namespace ptah
