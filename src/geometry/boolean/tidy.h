// A closed mesh without triangles that rounding made degenerate, and without vertices that carry no shape.
#pragma once

#include <vector>

#include "geometry/mesh.h"

namespace ptah::detail {

/// Collapses and flips edges of a closed two-manifold mesh, which stays one: first until no triangle is lower than a millionth of its longest edge, then,
/// if `simplify`, wherever a vertex moves along another's planes within `tolerance`. Where triangles of different `source` meet the line between them stays.
class Tidy {
 public:
  Tidy(Mesh& mesh, std::vector<uint32_t>& source, float tolerance);
  void mend();
  void simplify();
  /// Moves vertices of equal position apart, into their solids; whether there were any.
  bool separate(float distance);
  /// Drops what is no longer used.
  void finish();

 private:
  using Point = std::array<double, 3>;
  struct Shape {
    Point normal{};                    ///< of length twice the area
    double longest = 0, shortest = 0;  ///< edges
    double height = 0;                 ///< over the longest edge
    bool degenerate() const { return height < 1e-6 * longest || longest == 0; }
  };
  Point point(uint32_t v) const;
  Shape shape(const Triangle& t) const;
  bool collapse(uint32_t from, uint32_t to, double tolerance);
  bool keeps_topology(uint32_t from, uint32_t to) const;
  bool keeps_shape(uint32_t from, uint32_t to, double tolerance) const;
  bool keeps_sources(uint32_t from, uint32_t to, double tolerance) const;
  bool flip_longest(uint32_t triangle);
  bool mend(uint32_t triangle);
  bool nudge(uint32_t triangle);
  bool separate_once(float distance);

  Mesh& mesh_;
  std::vector<uint32_t>& source_;
  double tolerance_;
  std::vector<std::vector<uint32_t>> around_;  // triangles of each vertex
  std::vector<char> gone_;                     // triangles
};

}  // namespace ptah::detail
