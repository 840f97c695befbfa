// Pictures bent by points: triangles between them, each mapped by its own affine map.
#pragma once

#include "geometry/mesh.h"
#include "media/image.h"

namespace ptah {

/// The Delaunay triangulation of distinct points (Bowyer 1981, Watson 1981), counter-clockwise where y grows downwards. Points that are nearer than 0.01 to an
/// earlier one belong to no triangle.
std::vector<Triangle> delaunay(const std::vector<Vec2>& points);

/// The picture in which what was at `from` lies at `to`; both have the same number of points, and `triangles` names them. Where no triangle is, nothing is seen
/// (alpha 0). Bilinear; `width` and `height` of the result. The same for any number of threads.
Image warped(const Image& picture, const std::vector<Vec2>& from, const std::vector<Vec2>& to, const std::vector<Triangle>& triangles, int64_t width,
             int64_t height);

/// Where points of a warp come to lie: of each the triangle of `from` that holds it, mapped. Points outside stay.
std::vector<Vec2> warped_points(const std::vector<Vec2>& points, const std::vector<Vec2>& from, const std::vector<Vec2>& to,
                                const std::vector<Triangle>& triangles);

}  // namespace ptah
