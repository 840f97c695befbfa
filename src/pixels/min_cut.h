// The least cut between two terminals of a graph whose nodes are pixels.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ptah {

/// Maximum flow by growing two search trees (Boykov and Kolmogorov 2004), for graphs of many nodes with few edges each.
class MinCut {
 public:
  explicit MinCut(int32_t nodes);

  /// Cost of putting the node on the source's side and on the sink's side; both at least 0; calls for one node add up.
  void add_terminal(int32_t node, float source_side, float sink_side);
  /// Cost of cutting between two nodes, whichever is on which side.
  void add_edge(int32_t a, int32_t b, float cost);

  /// Finds the least cut and returns its cost.
  double solve();
  /// After solve(): whether the node is on the source's side (nodes that may be on either are not).
  bool on_source_side(int32_t node) const { return tree_[static_cast<size_t>(node)] == kSource; }

 private:
  enum Tree : uint8_t { kFree, kSource, kSink };
  static constexpr int32_t kNone = -1, kTerminal = -2, kOrphan = -3;

  struct Arc {
    int32_t to, next;  ///< next arc of the same node
    float left;        ///< capacity that is left; the arc beside it (index ^ 1) runs back
  };

  void activate(int32_t node);
  int32_t grow();
  void augment(int32_t middle);
  void adopt();
  void adopt_one(int32_t node);
  /// Whether a node's path of parents ends at its terminal, and how long it is.
  bool is_rooted(int32_t node, int32_t& distance) const;
  /// Capacity from parent to child in the child's tree, for the arc of the child that leads to the parent.
  float tree_capacity(Tree tree, int32_t arc) const { return arcs_[static_cast<size_t>(tree == kSource ? arc ^ 1 : arc)].left; }

  std::vector<int32_t> first_, parent_;  ///< first arc; arc to the parent
  std::vector<float> terminal_;          ///< capacity that is left from the source (positive) or to the sink (negative)
  std::vector<uint8_t> tree_;
  std::vector<char> active_;
  std::vector<Arc> arcs_;
  std::vector<int32_t> queue_, orphans_;
  size_t queue_head_ = 0;
  double flow_ = 0;
};

/// Of two colours.
float squared_distance(const std::array<float, 3>& a, const std::array<float, 3>& b);

/// Links each pixel of a picture, row by row, with its eight neighbours: dear between like colours, cheap across edges (GrabCut's rule; Rother et al. 2004).
/// What counts as like follows the picture's mean contrast plus `min_contrast`; diagonals cost 0.7 of `smoothness`.
void link_neighbours(MinCut& graph, const std::vector<std::array<float, 3>>& colours, int64_t width, float smoothness, float min_contrast);

}  // namespace ptah
