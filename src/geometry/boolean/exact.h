// Exact points and planes over an integer grid. All operands of a boolean are snapped to |coordinate| ≤ 2^19, so that every predicate of the
// arrangement is the side of a point of three planes to a plane (≤ 188 bits) or the determinant of three normals (≤ 125 bits).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ptah::detail {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 Uint128;

/// A two's complement integer of N words, lowest first. Sums and products wrap.
template <size_t N>
struct Wide {
  std::array<uint64_t, N> word{};

  Wide() = default;
  explicit Wide(Int128 value) {
    const auto bits = static_cast<Uint128>(value);
    word.fill(value < 0 ? ~uint64_t{0} : 0);
    word[0] = static_cast<uint64_t>(bits);
    if constexpr (N > 1) word[1] = static_cast<uint64_t>(bits >> 64);
  }
  template <size_t M>
  explicit Wide(const Wide<M>& narrow) {
    word.fill(narrow.sign() < 0 ? ~uint64_t{0} : 0);
    for (size_t i = 0; i < (N < M ? N : M); ++i) word[i] = narrow.word[i];
  }
  int sign() const {
    if (word[N - 1] >> 63) return -1;
    for (const uint64_t w : word)
      if (w) return 1;
    return 0;
  }
  Wide operator-() const {
    Wide out;
    uint64_t carry = 1;
    for (size_t i = 0; i < N; ++i) {
      out.word[i] = ~word[i] + carry;
      carry = carry && out.word[i] == 0;
    }
    return out;
  }
  friend Wide operator+(const Wide& a, const Wide& b) {
    Wide out;
    Uint128 carry = 0;
    for (size_t i = 0; i < N; ++i) {
      carry += static_cast<Uint128>(a.word[i]) + b.word[i];
      out.word[i] = static_cast<uint64_t>(carry);
      carry >>= 64;
    }
    return out;
  }
  friend Wide operator-(const Wide& a, const Wide& b) { return a + -b; }
  friend Wide operator*(const Wide& a, const Wide& b) {
    Wide out;
    for (size_t i = 0; i < N; ++i) {
      Uint128 carry = 0;
      for (size_t j = 0; i + j < N; ++j) {
        carry += static_cast<Uint128>(a.word[i]) * b.word[j] + out.word[i + j];
        out.word[i + j] = static_cast<uint64_t>(carry);
        carry >>= 64;
      }
    }
    return out;
  }
  /// Within 2^-51 of the value, relatively.
  double approximate() const {
    const bool negative = sign() < 0;
    const Wide size = negative ? -*this : *this;
    double out = 0;
    for (size_t i = N; i-- > 0;) out = out * 0x1p64 + static_cast<double>(size.word[i]);
    return negative ? -out : out;
  }
};

using Normal = std::array<int64_t, 3>;    ///< components ≤ 2^41
using Direction = std::array<Int128, 3>;  ///< components ≤ 2^84

/// The plane n·x = d.
struct Plane {
  Normal n{};
  int64_t d = 0;
  int axis = 2;      ///< of the largest component of n
  double slack = 0;  ///< a side computed from approximate coordinates is certain beyond this
};

/// x/w, y/w, z/w with w > 0, and these within kPointSlack.
struct Point {
  std::array<Wide<3>, 3> x;
  Int128 w = 1;
  std::array<double, 3> at{};
};
inline constexpr double kPointSlack = 0x1p-29;

using GridPoint = std::array<int32_t, 3>;

inline int sign_of(Int128 value) { return value > 0 ? 1 : value < 0 ? -1 : 0; }

/// The plane through three points without common factor, its largest component positive; n is zero if they lie on a line. `turn` is 1 if
/// the points run counter-clockwise seen from the tip of n, else −1.
Plane plane_through(const GridPoint& a, const GridPoint& b, const GridPoint& c, int& turn);
/// The plane through a and b that contains the direction of an axis.
Plane plane_along(const GridPoint& a, const GridPoint& b, int axis);

/// n1 × n2.
Direction cross(const Normal& a, const Normal& b);
/// n1 · (n2 × n3).
Int128 determinant(const Normal& a, const Normal& b, const Normal& c);
int largest_axis(const Direction& d);

Point grid_point(const GridPoint& at);
/// The common point of three planes whose normals are independent.
Point meet(const Plane& a, const Plane& b, const Plane& c);

/// n·p − d of a grid point: fits by construction.
int64_t height(const Plane& plane, const GridPoint& p);
/// Sign of n·p − d.
int side(const Plane& plane, const Point& p);
/// Sign of p − q along an axis.
int compare(const Point& p, const Point& q, int axis);
bool same(const Point& p, const Point& q);
/// Sign of the area of (p, q, r) in the plane of axes (axis + 1, axis + 2).
int turn(const Point& p, const Point& q, const Point& r, int axis);

}  // namespace ptah::detail
