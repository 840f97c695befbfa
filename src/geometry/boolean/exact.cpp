#include "geometry/boolean/exact.h"

#include <cmath>
#include <cstdlib>
#include <numeric>

namespace ptah::detail {

namespace {

size_t at(int axis) { return static_cast<size_t>(axis % 3); }

/// A difference of products in wrapping arithmetic.
Int128 minor(int64_t a, int64_t b, int64_t c, int64_t d) { return static_cast<Int128>(a) * b - static_cast<Int128>(c) * d; }

void finish(Plane& plane, const GridPoint& through) {
  uint64_t sum = 0;  // wraps, as intermediate sums may
  for (size_t i = 0; i < 3; ++i) sum += static_cast<uint64_t>(plane.n[i]) * static_cast<uint64_t>(int64_t{through[i]});
  plane.d = static_cast<int64_t>(sum);
  plane.axis = 0;
  double total = 0;
  for (int i = 0; i < 3; ++i) {
    total += static_cast<double>(std::abs(plane.n[at(i)]));
    if (std::abs(plane.n[at(i)]) > std::abs(plane.n[at(plane.axis)])) plane.axis = i;
  }
  // |n|₁ · 2^-29 from the point, and rounding of three products and a sum that are each at most |n|₁ · 2^20: under |n|₁ · 2^-30.
  plane.slack = total * 0x1p-28;
}

}  // namespace

Plane plane_through(const GridPoint& a, const GridPoint& b, const GridPoint& c, int& turn) {
  std::array<int64_t, 3> u, v;
  for (size_t i = 0; i < 3; ++i) u[i] = int64_t{b[i]} - a[i], v[i] = int64_t{c[i]} - a[i];
  Plane plane;
  plane.n = {u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]};
  const int64_t factor = std::gcd(std::gcd(plane.n[0], plane.n[1]), plane.n[2]);
  turn = 0;
  if (factor == 0) return plane;
  for (int64_t& n : plane.n) n /= factor;
  finish(plane, a);
  turn = 1;
  if (plane.n[at(plane.axis)] < 0) {
    turn = -1;
    for (int64_t& n : plane.n) n = -n;
    plane.d = -plane.d;
  }
  return plane;
}

Plane plane_along(const GridPoint& a, const GridPoint& b, int axis) {
  Plane plane;
  const size_t i = at(axis + 1), j = at(axis + 2);
  plane.n[i] = int64_t{b[j]} - a[j];
  plane.n[j] = int64_t{a[i]} - b[i];
  finish(plane, a);
  return plane;
}

Direction cross(const Normal& a, const Normal& b) { return {minor(a[1], b[2], a[2], b[1]), minor(a[2], b[0], a[0], b[2]), minor(a[0], b[1], a[1], b[0])}; }

Int128 determinant(const Normal& a, const Normal& b, const Normal& c) {
  const Direction bc = cross(b, c);
  Uint128 sum = 0;
  for (size_t i = 0; i < 3; ++i) sum += static_cast<Uint128>(static_cast<Int128>(a[i])) * static_cast<Uint128>(bc[i]);
  return static_cast<Int128>(sum);
}

int largest_axis(const Direction& d) {
  const auto size = [&](int i) { return d[at(i)] < 0 ? -d[at(i)] : d[at(i)]; };
  int best = 0;
  for (int i = 1; i < 3; ++i)
    if (size(i) > size(best)) best = i;
  return best;
}

Point grid_point(const GridPoint& position) {
  Point p;
  for (size_t i = 0; i < 3; ++i) {
    p.x[i] = Wide<3>(static_cast<Int128>(position[i]));
    p.at[i] = position[i];
  }
  return p;
}

Point meet(const Plane& a, const Plane& b, const Plane& c) {
  const Direction bc = cross(b.n, c.n), ca = cross(c.n, a.n), ab = cross(a.n, b.n);
  Uint128 sum = 0;
  for (size_t i = 0; i < 3; ++i) sum += static_cast<Uint128>(static_cast<Int128>(a.n[i])) * static_cast<Uint128>(bc[i]);
  Point p;
  p.w = static_cast<Int128>(sum);
  const bool negative = p.w < 0;
  if (negative) p.w = -p.w;
  const double scale = 1 / Wide<2>(p.w).approximate();
  const Wide<3> da(static_cast<Int128>(a.d)), db(static_cast<Int128>(b.d)), dc(static_cast<Int128>(c.d));
  for (size_t i = 0; i < 3; ++i) {
    const Wide<3> x = da * Wide<3>(bc[i]) + db * Wide<3>(ca[i]) + dc * Wide<3>(ab[i]);
    p.x[i] = negative ? -x : x;
    p.at[i] = p.x[i].approximate() * scale;
  }
  return p;
}

int64_t height(const Plane& plane, const GridPoint& p) {
  uint64_t sum = 0;
  for (size_t i = 0; i < 3; ++i) sum += static_cast<uint64_t>(plane.n[i]) * static_cast<uint64_t>(int64_t{p[i]});
  return static_cast<int64_t>(sum - static_cast<uint64_t>(plane.d));
}

int side(const Plane& plane, const Point& p) {
  double approximate = -static_cast<double>(plane.d);
  for (size_t i = 0; i < 3; ++i) approximate += static_cast<double>(plane.n[i]) * p.at[i];
  if (approximate > plane.slack) return 1;
  if (approximate < -plane.slack) return -1;
  Wide<3> sum = -(Wide<3>(static_cast<Int128>(plane.d)) * Wide<3>(p.w));
  for (size_t i = 0; i < 3; ++i) sum = sum + Wide<3>(static_cast<Int128>(plane.n[i])) * p.x[i];
  return sum.sign();
}

int compare(const Point& p, const Point& q, int axis) {
  const double difference = p.at[at(axis)] - q.at[at(axis)];
  if (difference > 4 * kPointSlack) return 1;
  if (difference < -4 * kPointSlack) return -1;
  return (Wide<5>(p.x[at(axis)]) * Wide<5>(q.w) - Wide<5>(q.x[at(axis)]) * Wide<5>(p.w)).sign();
}

bool same(const Point& p, const Point& q) { return compare(p, q, 0) == 0 && compare(p, q, 1) == 0 && compare(p, q, 2) == 0; }

int turn(const Point& p, const Point& q, const Point& r, int axis) {
  const size_t i = at(axis + 1), j = at(axis + 2);
  const double ux = q.at[i] - p.at[i], uy = q.at[j] - p.at[j], vx = r.at[i] - p.at[i], vy = r.at[j] - p.at[j];
  const double area = ux * vy - uy * vx;
  const double slack = 4 * kPointSlack * (std::abs(ux) + std::abs(uy) + std::abs(vx) + std::abs(vy) + 1) + 0x1p-50 * (std::abs(ux * vy) + std::abs(uy * vx));
  if (area > slack) return 1;
  if (area < -slack) return -1;
  using W = Wide<7>;
  const W pw(p.w), qw(q.w), rw(r.w), px(p.x[i]), py(p.x[j]), qx(q.x[i]), qy(q.x[j]), rx(r.x[i]), ry(r.x[j]);
  return (px * (qy * rw - ry * qw) - py * (qx * rw - rx * qw) + pw * (qx * ry - rx * qy)).sign();
}

}  // namespace ptah::detail
