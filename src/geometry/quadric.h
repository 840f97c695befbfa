// The error of a vertex against planes.
#pragma once

#include <cmath>

#include "geometry/mesh.h"

namespace ptah {

/// Garland and Heckbert 1997.
/// Symmetric 4 × 4 quadric: Σ of squared distances to planes.
struct Quadric {
  double a[10] = {};  // xx xy xz xw yy yz yw zz zw ww
  void add_plane(const Vec3& n, double d, double weight) {
    const double x = n[0], y = n[1], z = n[2];
    const double p[10] = {x * x, x * y, x * z, x * d, y * y, y * z, y * d, z * z, z * d, d * d};
    for (int i = 0; i < 10; ++i) a[i] += weight * p[i];
  }
  void operator+=(const Quadric& other) {
    for (int i = 0; i < 10; ++i) a[i] += other.a[i];
  }
  double error(const Vec3& v) const {
    const double x = v[0], y = v[1], z = v[2];
    return a[0] * x * x + 2 * a[1] * x * y + 2 * a[2] * x * z + 2 * a[3] * x + a[4] * y * y + 2 * a[5] * y * z + 2 * a[6] * y + a[7] * z * z + 2 * a[8] * z +
           a[9];
  }
  /// The point of least error, if the quadric has one.
  bool minimum(Vec3& out) const {
    const double d = a[0] * (a[4] * a[7] - a[5] * a[5]) - a[1] * (a[1] * a[7] - a[5] * a[2]) + a[2] * (a[1] * a[5] - a[4] * a[2]);
    const double size = a[0] + a[4] + a[7];
    if (std::abs(d) < 1e-5 * size * size * size) return false;
    const double b[3] = {-a[3], -a[6], -a[8]};
    out = {static_cast<float>((b[0] * (a[4] * a[7] - a[5] * a[5]) - a[1] * (b[1] * a[7] - a[5] * b[2]) + a[2] * (b[1] * a[5] - a[4] * b[2])) / d),
           static_cast<float>((a[0] * (b[1] * a[7] - a[5] * b[2]) - b[0] * (a[1] * a[7] - a[5] * a[2]) + a[2] * (a[1] * b[2] - b[1] * a[2])) / d),
           static_cast<float>((a[0] * (a[4] * b[2] - b[1] * a[5]) - a[1] * (a[1] * b[2] - b[1] * a[2]) + b[0] * (a[1] * a[5] - a[4] * a[2])) / d)};
    return true;
  }
};

}  // namespace ptah
