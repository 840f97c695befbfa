// Closed lines in the plane.
#pragma once

#include "geometry/atlas/chart.h"

namespace ptah::atlas {

inline Point turned(const Point& p, double cosine, double sine) { return {cosine * p[0] - sine * p[1], sine * p[0] + cosine * p[1]}; }

/// The convex hull, counter-clockwise.
std::vector<Point> hull_of(std::vector<Point> points);
double area_of(const std::vector<Point>& line);

/// The smallest rectangle round a hull, once the hull is turned by `angle`: the longer side first.
struct Box {
  double angle = 0;
  Point size{};
};
Box smallest_box(const std::vector<Point>& hull);

/// Whether a closed line crosses itself.
bool line_crosses(const std::vector<Point>& line);

}  // namespace ptah::atlas
