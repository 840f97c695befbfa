// What simplify and decimate share.
#pragma once

#include <algorithm>

#include "geometry/mesh.h"

namespace ptah {

/// An edge to collapse. The top of a queue of them is the cheapest; ties go by index, so the order is fixed.
struct CollapseCandidate {
  double cost;
  uint32_t a, b;
  uint32_t version;  ///< sum of both vertices' versions when it was made
  bool operator<(const CollapseCandidate& other) const {
    if (cost != other.cost) return cost > other.cost;
    return a != other.a ? a > other.a : b > other.b;
  }
};

/// Collapses edge (a, b) in the triangles and in the lists of those around each vertex: b's go to a, those of both become {0, 0, 0}. Returns how many did.
inline size_t collapse_edge(std::vector<Triangle>& triangles, std::vector<std::vector<uint32_t>>& around, uint32_t a, uint32_t b) {
  size_t gone = 0;
  for (const uint32_t t : around[b]) {
    Triangle& tri = triangles[t];
    if (tri[0] == a || tri[1] == a || tri[2] == a) {
      for (const uint32_t v : tri)
        if (v != b) around[v].erase(std::find(around[v].begin(), around[v].end(), t));
      tri = {0, 0, 0};
      ++gone;
      continue;
    }
    for (uint32_t& v : tri)
      if (v == b) v = a;
    around[a].push_back(t);
  }
  around[b].clear();
  return gone;
}

}  // namespace ptah
