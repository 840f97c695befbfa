#include "geometry/contour/patches.h"

namespace ptah::detail {

int edge_at(int axis, int first, int second) {
  const int i = (axis + 1) % 3, j = (axis + 2) % 3;
  const int corner = first << i | second << j;
  for (int e = 4 * axis; e < 4 * axis + 4; ++e)
    if (kEdgeCorner[static_cast<size_t>(e)] == corner) return e;
  return -1;
}

CellFace cell_face(int axis, int side) {
  const int i = (axis + 1) % 3, j = (axis + 2) % 3, base = side << axis;
  return {{base, base | 1 << i, base | 1 << i | 1 << j, base | 1 << j}, {edge_at(i, 0, side), edge_at(j, side, 1), edge_at(i, 1, side), edge_at(j, side, 0)}};
}

namespace {

CellPatches patches_of(int inside) {
  std::array<int, 12> root;
  CellPatches out;
  out.of_edge.fill(-1);
  const auto in = [&](int corner) { return (inside >> corner & 1) != 0; };
  for (int e = 0; e < 12; ++e) root[static_cast<size_t>(e)] = e;
  const auto find = [&](int e) {
    while (root[static_cast<size_t>(e)] != e) e = root[static_cast<size_t>(e)];
    return e;
  };
  const auto crossed = [&](int e) { return in(kEdgeCorner[static_cast<size_t>(e)]) != in(kEdgeCorner[static_cast<size_t>(e)] | 1 << edge_axis(e)); };
  for (int axis = 0; axis < 3; ++axis)
    for (int side = 0; side < 2; ++side) {
      const CellFace shared = cell_face(axis, side);
      const auto &corner = shared.corner, &edge = shared.edge;
      int crossings = 0;
      for (const int e : edge) crossings += crossed(e);
      for (size_t k = 0; k < 4; ++k) {
        const int before = edge[(k + 3) % 4], after = edge[k];
        if (crossings == 4 && in(corner[k])) root[static_cast<size_t>(find(before))] = find(after);
        if (crossings != 2 || !crossed(after)) continue;
        for (const int other : edge)
          if (crossed(other)) root[static_cast<size_t>(find(other))] = find(after);
      }
    }
  std::array<int, 12> number;
  number.fill(-1);
  for (int e = 0; e < 12; ++e) {
    if (!crossed(e)) continue;
    int& piece = number[static_cast<size_t>(find(e))];
    if (piece < 0) piece = out.count++;
    out.of_edge[static_cast<size_t>(e)] = static_cast<int8_t>(piece);
  }
  for (int face = 0; face < 6; ++face) {
    const CellFace shared = cell_face(face / 2, face % 2);
    const auto piece = [&](size_t k) { return out.of_edge[static_cast<size_t>(shared.edge[k])]; };
    if (piece(0) >= 0 && piece(0) == piece(1) && piece(0) == piece(2) && piece(0) == piece(3)) out.doubtful = static_cast<uint8_t>(out.doubtful | 1 << face);
  }
  return out;
}

}  // namespace

const std::array<CellPatches, 256>& cell_patches() {
  static const std::array<CellPatches, 256> table = [] {
    std::array<CellPatches, 256> out;
    for (int inside = 0; inside < 256; ++inside) out[static_cast<size_t>(inside)] = patches_of(inside);
    return out;
  }();
  return table;
}

}  // namespace ptah::detail
