#include "pixels/min_cut.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace ptah {

MinCut::MinCut(int32_t nodes)
    : first_(static_cast<size_t>(nodes), kNone),
      parent_(static_cast<size_t>(nodes), kNone),
      terminal_(static_cast<size_t>(nodes), 0.0F),
      tree_(static_cast<size_t>(nodes), kFree),
      active_(static_cast<size_t>(nodes), 0) {}

void MinCut::add_terminal(int32_t node, float source_side, float sink_side) {
  PTAH_CHECK(source_side >= 0 && sink_side >= 0, "min cut: costs {} and {}", source_side, sink_side);
  // The edge to the sink is cut when the node is on the source's side. What both edges share is always paid.
  float& left = terminal_[static_cast<size_t>(node)];
  float from_source = sink_side + std::max(left, 0.0F), to_sink = source_side + std::max(-left, 0.0F);
  flow_ += static_cast<double>(std::min(from_source, to_sink));
  left = from_source - to_sink;
}

void MinCut::add_edge(int32_t a, int32_t b, float cost) {
  PTAH_CHECK(a != b && cost >= 0, "min cut: edge {} – {} of cost {}", a, b, cost);
  const auto index = static_cast<int32_t>(arcs_.size());
  arcs_.push_back({b, first_[static_cast<size_t>(a)], cost});
  arcs_.push_back({a, first_[static_cast<size_t>(b)], cost});
  first_[static_cast<size_t>(a)] = index;
  first_[static_cast<size_t>(b)] = index + 1;
}

void MinCut::activate(int32_t node) {
  if (active_[static_cast<size_t>(node)]) return;
  active_[static_cast<size_t>(node)] = 1;
  queue_.push_back(node);
}

/// Grows the trees until they touch: returns the arc from a source node to a sink node, or kNone.
int32_t MinCut::grow() {
  while (queue_head_ < queue_.size()) {
    const int32_t node = queue_[queue_head_];
    const auto tree = static_cast<Tree>(tree_[static_cast<size_t>(node)]);
    if (tree != kFree) {
      for (int32_t arc = first_[static_cast<size_t>(node)]; arc != kNone; arc = arcs_[static_cast<size_t>(arc)].next) {
        if (arcs_[static_cast<size_t>(tree == kSource ? arc : arc ^ 1)].left <= 0) continue;
        const int32_t other = arcs_[static_cast<size_t>(arc)].to;
        uint8_t& others = tree_[static_cast<size_t>(other)];
        if (others == kFree) {
          others = tree;
          parent_[static_cast<size_t>(other)] = arc ^ 1;
          activate(other);
        } else if (others != tree) {
          return tree == kSource ? arc : arc ^ 1;  // the node stays active: it may touch in other places too
        }
      }
    }
    active_[static_cast<size_t>(node)] = 0;
    ++queue_head_;
  }
  queue_.clear();
  queue_head_ = 0;
  return kNone;
}

void MinCut::augment(int32_t middle) {
  const int32_t source_end = arcs_[static_cast<size_t>(middle ^ 1)].to, sink_end = arcs_[static_cast<size_t>(middle)].to;
  float bottleneck = arcs_[static_cast<size_t>(middle)].left;
  const auto along = [&](int32_t node, Tree tree, const auto& visit) {
    while (parent_[static_cast<size_t>(node)] != kTerminal) {
      const int32_t up = parent_[static_cast<size_t>(node)];
      visit(node, tree == kSource ? up ^ 1 : up);
      node = arcs_[static_cast<size_t>(up)].to;
    }
    return node;
  };
  const auto measure = [&](int32_t, int32_t arc) { bottleneck = std::min(bottleneck, arcs_[static_cast<size_t>(arc)].left); };
  const int32_t source_root = along(source_end, kSource, measure), sink_root = along(sink_end, kSink, measure);
  bottleneck = std::min({bottleneck, terminal_[static_cast<size_t>(source_root)], -terminal_[static_cast<size_t>(sink_root)]});
  const auto push = [&](int32_t arc) {
    arcs_[static_cast<size_t>(arc)].left -= bottleneck;
    arcs_[static_cast<size_t>(arc ^ 1)].left += bottleneck;
  };
  const auto orphan = [&](int32_t node) {
    parent_[static_cast<size_t>(node)] = kOrphan;
    orphans_.push_back(node);
  };
  // The parent must be read before a node becomes an orphan, so nodes are cut off after the walk.
  std::vector<int32_t> cut;
  const auto send = [&](int32_t node, int32_t arc) {
    push(arc);
    if (arcs_[static_cast<size_t>(arc)].left <= 0) cut.push_back(node);
  };
  push(middle);
  along(source_end, kSource, send);
  along(sink_end, kSink, send);
  terminal_[static_cast<size_t>(source_root)] -= bottleneck;
  terminal_[static_cast<size_t>(sink_root)] += bottleneck;
  if (terminal_[static_cast<size_t>(source_root)] <= 0) cut.push_back(source_root);
  if (terminal_[static_cast<size_t>(sink_root)] >= 0) cut.push_back(sink_root);
  for (const int32_t node : cut) orphan(node);
  flow_ += static_cast<double>(bottleneck);
}

bool MinCut::is_rooted(int32_t node, int32_t& distance) const {
  distance = 0;
  while (true) {
    const int32_t up = parent_[static_cast<size_t>(node)];
    if (up == kTerminal) return true;
    if (up == kOrphan || up == kNone) return false;
    node = arcs_[static_cast<size_t>(up)].to;
    ++distance;
  }
}

void MinCut::adopt_one(int32_t node) {
  const auto tree = static_cast<Tree>(tree_[static_cast<size_t>(node)]);
  int32_t best = kNone, nearest = std::numeric_limits<int32_t>::max();
  for (int32_t arc = first_[static_cast<size_t>(node)]; arc != kNone; arc = arcs_[static_cast<size_t>(arc)].next) {
    const int32_t other = arcs_[static_cast<size_t>(arc)].to;
    int32_t distance = 0;
    if (tree_[static_cast<size_t>(other)] != tree || tree_capacity(tree, arc) <= 0 || !is_rooted(other, distance)) continue;
    if (distance < nearest) {
      nearest = distance;
      best = arc;
    }
  }
  parent_[static_cast<size_t>(node)] = best;
  if (best != kNone) return;
  tree_[static_cast<size_t>(node)] = kFree;
  for (int32_t arc = first_[static_cast<size_t>(node)]; arc != kNone; arc = arcs_[static_cast<size_t>(arc)].next) {
    const int32_t other = arcs_[static_cast<size_t>(arc)].to;
    if (tree_[static_cast<size_t>(other)] != tree) continue;
    if (tree_capacity(tree, arc) > 0) activate(other);
    if (parent_[static_cast<size_t>(other)] == (arc ^ 1)) {
      parent_[static_cast<size_t>(other)] = kOrphan;
      orphans_.push_back(other);
    }
  }
}

void MinCut::adopt() {
  while (!orphans_.empty()) {
    const int32_t node = orphans_.back();
    orphans_.pop_back();
    adopt_one(node);
  }
}

double MinCut::solve() {
  for (size_t node = 0; node < terminal_.size(); ++node) {
    if (terminal_[node] == 0) continue;
    tree_[node] = terminal_[node] > 0 ? kSource : kSink;
    parent_[node] = kTerminal;
    activate(static_cast<int32_t>(node));
  }
  for (int32_t touch = grow(); touch != kNone; touch = grow()) {
    augment(touch);
    adopt();
  }
  return flow_;
}

float squared_distance(const std::array<float, 3>& a, const std::array<float, 3>& b) {
  float sum = 0;
  for (size_t c = 0; c < 3; ++c) sum += (a[c] - b[c]) * (a[c] - b[c]);
  return sum;
}

void link_neighbours(MinCut& graph, const std::vector<std::array<float, 3>>& colours, int64_t width, float smoothness, float min_contrast) {
  const int64_t w = width, h = static_cast<int64_t>(colours.size()) / w;
  double contrast = 0;
  for (int64_t y = 0; y < h; ++y)
    for (int64_t x = 1; x < w; ++x)
      contrast += static_cast<double>(squared_distance(colours[static_cast<size_t>(y * w + x)], colours[static_cast<size_t>(y * w + x - 1)]));
  const auto scale = static_cast<float>(2 * contrast / static_cast<double>(std::max<int64_t>(1, h * (w - 1)))) + min_contrast;
  const auto link = [&](int64_t a, int64_t b, float share) {
    const float alike = std::exp(-squared_distance(colours[static_cast<size_t>(a)], colours[static_cast<size_t>(b)]) / scale);
    graph.add_edge(static_cast<int32_t>(a), static_cast<int32_t>(b), share * smoothness * alike);
  };
  for (int64_t y = 0; y < h; ++y)
    for (int64_t x = 0; x < w; ++x) {
      const int64_t i = y * w + x;
      if (x + 1 < w) link(i, i + 1, 1);
      if (y + 1 < h) link(i, i + w, 1);
      if (x + 1 < w && y + 1 < h) link(i, i + w + 1, 0.7F);
      if (x > 0 && y + 1 < h) link(i, i + w - 1, 0.7F);
    }
}

}  // namespace ptah
