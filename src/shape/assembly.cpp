#include "shape/assembly.h"

namespace ptah {

Affine Affine::after(const Affine& inner) const {
  Affine out;
  for (size_t i = 0; i < 3; ++i)
    for (size_t j = 0; j < 3; ++j) out.rows[i][j] = rows[i][0] * inner.rows[0][j] + rows[i][1] * inner.rows[1][j] + rows[i][2] * inner.rows[2][j];
  out.move = (*this)(inner.move);
  return out;
}

void Bounds::take(const Vec3& p) {
  for (size_t i = 0; i < 3; ++i) low[i] = std::min(low[i], p[i]), high[i] = std::max(high[i], p[i]);
}

void Bounds::take(const Bounds& other) {
  if (other.empty()) return;
  take(other.low);
  take(other.high);
}

Bounds Part::bounds() const {
  Bounds out;
  for (const Vec3& p : mesh.positions) out.take(p);
  return out;
}

Bounds Assembly::bounds() const {
  Bounds out;
  for (const Part& part : parts)
    if (part.op != PartOp::cut) out.take(part.bounds());
  return out;
}

}  // namespace ptah
