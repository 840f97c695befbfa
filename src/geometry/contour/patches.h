// Which pieces of surface pass a cell, from the signs of its corners.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ptah::detail {

/// Corner c of a cell lies at (c & 1, c >> 1 & 1, c >> 2). Edge e runs along axis e / 4, from corner kEdgeCorner[e].
inline constexpr std::array<uint8_t, 12> kEdgeCorner{0, 2, 4, 6, 0, 1, 4, 5, 0, 1, 2, 3};
inline constexpr int edge_axis(int edge) { return edge / 4; }

/// Pieces of one of 256 cells (bit c: corner c is inside). Edges on a face with four crossings are joined round each inside corner, so both cells of a
/// face join them alike.
struct CellPatches {
  std::array<int8_t, 12> of_edge;  ///< piece of each edge that the surface crosses, −1 for others
  uint8_t count = 0;
  uint8_t doubtful = 0;  ///< bit 2 · axis + side: that face has four crossings, all of one piece
};
const std::array<CellPatches, 256>& cell_patches();

/// A face across an axis, on side 0 or 1: its corners in turn, and its edges, edge k from corner k to the next.
struct CellFace {
  std::array<int, 4> corner, edge;
};
CellFace cell_face(int axis, int side);

/// The edge of a cell along an axis at the given offsets (0 or 1) along the axis after it and the one after that.
int edge_at(int axis, int first, int second);

}  // namespace ptah::detail
