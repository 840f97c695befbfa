// A chart: a piece of a surface that is a disk, and its place in the plane.
#pragma once

#include "geometry/atlas/surface.h"

namespace ptah::atlas {

using Point = std::array<double, 2>;

struct Chart {
  std::vector<uint32_t> faces;
  std::vector<Triangle> triangles;  ///< of each face, in vertices of the chart
  std::vector<uint32_t> vertices;   ///< of the surface, for each vertex of the chart; one may occur on both sides of a cut
  std::vector<Point> uv;            ///< in the units of the surface, y up
  std::vector<uint32_t> border;     ///< half-edges of the surface round the chart, in order; empty until order_border()
  double area = 0;                  ///< of the surface
};

/// What the whole unwrap shares: to which chart each face belongs, its place there, and over which half-edges charts go on.
struct Charting {
  const Surface& surface;
  std::vector<uint32_t> chart, place;  ///< of each face
  std::vector<char> glued;             ///< of each half-edge
  explicit Charting(const Surface& of) : surface(of), chart(of.triangles.size(), kNone), place(of.triangles.size(), 0), glued(of.triangles.size() * 3, 0) {}
};

/// Makes a disk of connected faces, all of which are marked with `id`: the edges of a spanning tree over the flattest edges, and all others that do not close a
/// ring.
Chart disk_of(Charting& charting, std::vector<uint32_t> faces, uint32_t id);

/// The half-edges round a chart, in order; empty if it is no disk.
std::vector<uint32_t> border_of(const Charting& charting, const Chart& chart);

/// How a chart lies in the plane.
struct Fit {
  double stretch = 0;  ///< mean square of (σ1² + σ2²) / 2 over the surface, for the map from the plane, scaled so that both areas are equal; 1 is isometric
  double worst = 0;    ///< the largest σ1, so scaled
  bool turned = false;  ///< some triangle is turned over or without area
};
Fit fit_of(const Surface& surface, const Chart& chart);

/// Whether the border crosses itself in the plane. A disk without turned triangles whose border does not, covers no place twice.
bool border_crosses(const Charting& charting, const Chart& chart);

}  // namespace ptah::atlas
