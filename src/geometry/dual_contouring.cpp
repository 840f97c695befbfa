#include "geometry/dual_contouring.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/parallel.h"
#include "geometry/boolean/tidy.h"
#include "geometry/contour/cell_vertex.h"
#include "geometry/contour/patches.h"

namespace ptah {

namespace detail {
namespace {

constexpr int kBlock = 4;  // cells along an edge of a block
constexpr int kCorners = kBlock + 1;
constexpr uint16_t kNoCrossing = 0xFFFF;

using ptah::operator+;
using Index = std::array<int, 3>;
Index operator+(const Index& a, const Index& b) { return {a[0] + b[0], a[1] + b[1], a[2] + b[2]}; }

size_t cell_slot(const Index& c) { return static_cast<size_t>((c[2] * kBlock + c[1]) * kBlock + c[0]); }
size_t corner_slot(const Index& c) { return static_cast<size_t>((c[2] * kCorners + c[1]) * kCorners + c[0]); }

struct Block {
  Index base{};  // its lowest cell
  std::array<float, kCorners * kCorners * kCorners> value{};
  std::array<uint8_t, kBlock * kBlock * kBlock> inside{};         // corners of each cell
  std::array<uint16_t, 3 * kBlock * kBlock * kBlock> crossing{};  // of the edges from each cell's lowest corner
  std::array<uint16_t, kBlock * kBlock * kBlock> first_vertex{};
  std::array<bool, kBlock * kBlock * kBlock> sharp{};  // an edge or a corner was seen in the cell
  std::vector<Crossing> crossings;
  std::vector<Vec3> vertices;
  uint32_t vertices_before = 0;
  std::vector<Triangle> triangles;
  /// Polygons with a vertex of their own between two corners: (vertex or ~0 for the next key's vertex).
  std::vector<std::vector<uint64_t>> polygons;
  bool degenerate = false;
};

constexpr uint64_t kMiddle = uint64_t{1} << 63;  // marks a key of a vertex in the middle of a link

class Contourer {
 public:
  Contourer(const ContourRequest& request, const CancelToken* cancel) : request_(request), cancel_(cancel) {
    const Vec3 size = request.box.high - request.box.low;
    cell_ = *std::max_element(size.begin(), size.end()) / static_cast<float>(request.cells);
    for (size_t k = 0; k < 3; ++k) {
      count_[k] = std::max(1, static_cast<int>(std::ceil(size[k] / cell_ - 1e-3F)));
      blocks_along_[k] = (count_[k] + kBlock - 1) / kBlock;
    }
    lookup_.assign(static_cast<size_t>(blocks_along_[0]) * static_cast<size_t>(blocks_along_[1]) * static_cast<size_t>(blocks_along_[2]), -1);
  }

  Mesh run() {
    find_blocks();
    sample(0);
    for (size_t before = blocks_.size(); spread_blocks(); before = blocks_.size()) sample(before);
    each_block([&](Block& block) { place_vertices(block); });
    each_block([&](Block& block) { place_missed(block); });
    uint32_t total = 0;
    for (Block& block : blocks_) {
      block.vertices_before = total;
      total += static_cast<uint32_t>(block.vertices.size());
    }
    each_block([&](Block& block) { make_faces(block); });
    return collect(total);
  }

 private:
  template <class Body>
  void each_block(const Body& body) {
    stop_if_cancelled(cancel_);
    parallel_for(static_cast<int64_t>(blocks_.size()), 20000, [&](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) {
        if (cancel_ && cancel_->cancelled()) return;
        body(blocks_[static_cast<size_t>(b)]);
      }
    });
    stop_if_cancelled(cancel_);
  }

  Vec3 position(const Index& corner) const {
    Vec3 p;
    for (size_t k = 0; k < 3; ++k) p[k] = request_.box.low[k] + static_cast<float>(corner[k]) * cell_;
    return p;
  }
  bool on_border(const Index& corner) const {
    for (size_t k = 0; k < 3; ++k)
      if (corner[k] <= 0 || corner[k] >= count_[k]) return true;
    return false;
  }
  /// Border corners are outside, so that the surface is closed.
  float value(const Index& corner) const {
    const float d = request_.distance(position(corner));
    if (on_border(corner)) return d > 0 ? d : 1e-3F * cell_;
    return d;
  }
  int32_t& block_at(const Index& cell) {
    return lookup_[static_cast<size_t>(((cell[2] / kBlock) * blocks_along_[1] + cell[1] / kBlock) * blocks_along_[0] + cell[0] / kBlock)];
  }
  bool in_grid(const Index& cell) const {
    for (size_t k = 0; k < 3; ++k)
      if (cell[k] < 0 || cell[k] >= blocks_along_[k] * kBlock) return false;
    return true;
  }
  Block& owner(const Index& cell) { return blocks_[static_cast<size_t>(block_at(cell))]; }

  Vec3 gradient(const Vec3& p) const;
  void find_blocks();
  void descend(const Index& base, int size);
  void add_block(const Index& base);
  void sample(size_t from);
  void sample(Block& block);
  Crossing cross(const Block& block, const Index& corner, size_t axis) const;
  bool spread_blocks();
  void gather(const Index& cell, int piece, std::vector<Crossing>& out);
  bool pull_in(CellFit& fit, const Vec3& low, float margin) const;
  void place_vertices(Block& block);
  void place_missed(Block& block);
  Vec3 settle(const CellFit& fit, const Vec3& low) const;
  void make_faces(Block& block);
  void make_face(Block& block, const Index& cell, int axis, bool up);
  uint64_t middle_key(const Index& cell, int face, bool up, int axis, const Index& edge) const;
  void split(Block& block, const std::array<uint32_t, 4>& quad);
  const Vec3& vertex(uint32_t index) const;
  Mesh collect(uint32_t total);
  Vec3 middle(uint64_t key);

  const ContourRequest& request_;
  const CancelToken* cancel_;
  float cell_ = 1;
  Index count_{}, blocks_along_{};
  std::vector<Block> blocks_;
  std::vector<int32_t> lookup_;
};

Vec3 Contourer::gradient(const Vec3& p) const {
  if (request_.gradient) return normalized(request_.gradient(p));
  const float step = 0.02F * cell_;
  Vec3 out;
  for (size_t k = 0; k < 3; ++k) {
    Vec3 low = p, high = p;
    low[k] -= step;
    high[k] += step;
    out[k] = request_.distance(high) - request_.distance(low);
  }
  return normalized(out);
}

void Contourer::find_blocks() {
  int size = kBlock;
  while (size < *std::max_element(count_.begin(), count_.end())) size *= 2;
  descend({0, 0, 0}, size);
}

void Contourer::descend(const Index& base, int size) {
  for (size_t k = 0; k < 3; ++k)
    if (base[k] >= count_[k]) return;
  const float half = 0.5F * static_cast<float>(size) * cell_;
  const Vec3 middle = position(base) + Vec3{half, half, half};
  if (std::abs(request_.distance(middle)) > request_.lipschitz * half * 1.7321F) {
    // A solid that goes on beyond the box is cut off at it, so whole blocks inside count there.
    bool border = false;
    for (size_t k = 0; k < 3; ++k) border = border || base[k] == 0 || base[k] + size >= count_[k];
    if (!border || request_.distance(middle) > 0) return;
  }
  if (size == kBlock) {
    add_block(base);
    return;
  }
  for (int c = 0; c < 8; ++c) descend(base + Index{(c & 1) * size / 2, (c >> 1 & 1) * size / 2, (c >> 2) * size / 2}, size / 2);
}

void Contourer::add_block(const Index& base) {
  if (block_at(base) >= 0) return;
  block_at(base) = static_cast<int32_t>(blocks_.size());
  blocks_.emplace_back();
  blocks_.back().base = base;
}

void Contourer::sample(size_t from) {
  stop_if_cancelled(cancel_);
  parallel_for(static_cast<int64_t>(blocks_.size() - from), 20000, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      if (cancel_ && cancel_->cancelled()) return;
      sample(blocks_[from + static_cast<size_t>(b)]);
    }
  });
  stop_if_cancelled(cancel_);
}

void Contourer::sample(Block& block) {
  for (int z = 0; z < kCorners; ++z)
    for (int y = 0; y < kCorners; ++y)
      for (int x = 0; x < kCorners; ++x) block.value[corner_slot({x, y, z})] = value(block.base + Index{x, y, z});
  block.crossing.fill(kNoCrossing);
  for (int z = 0; z < kBlock; ++z)
    for (int y = 0; y < kBlock; ++y)
      for (int x = 0; x < kBlock; ++x) {
        const Index cell{x, y, z};
        uint8_t inside = 0;
        for (int c = 0; c < 8; ++c) inside = static_cast<uint8_t>(inside | (block.value[corner_slot(cell + Index{c & 1, c >> 1 & 1, c >> 2})] < 0) << c);
        block.inside[cell_slot(cell)] = inside;
        for (size_t axis = 0; axis < 3; ++axis)
          if ((inside & 1) != (inside >> (1 << axis) & 1)) {
            block.crossing[3 * cell_slot(cell) + axis] = static_cast<uint16_t>(block.crossings.size());
            block.crossings.push_back(cross(block, cell, axis));
          }
      }
}

/// Where the distance vanishes on an edge: false position with halved ends (the Illinois rule).
Crossing Contourer::cross(const Block& block, const Index& corner, size_t axis) const {
  Index other = corner;
  ++other[axis];
  const Vec3 from = position(block.base + corner);
  float low = 0, high = 1, at_low = block.value[corner_slot(corner)], at_high = block.value[corner_slot(other)], t = 0.5F;
  for (int round = 0; round < 6; ++round) {
    t = std::clamp(low + (high - low) * (at_low / (at_low - at_high)), low, high);
    Vec3 p = from;
    p[axis] += t * cell_;
    const float d = request_.distance(p);
    if (std::abs(d) < 1e-4F * cell_ || !(std::abs(d) < 1e30F)) break;
    if ((d < 0) == (at_low < 0)) {
      low = t;
      at_low = d;
      at_high *= 0.5F;
    } else {
      high = t;
      at_high = d;
      at_low *= 0.5F;
    }
  }
  t = std::clamp(t, 1e-3F, 1 - 1e-3F);
  Crossing out;
  out.point = from;
  out.point[axis] += t * cell_;
  const bool cut_low = on_border(block.base + corner) && at_low > 0 && request_.distance(from) <= 0;
  const bool cut_high = on_border(block.base + other) && at_high > 0 && request_.distance(position(block.base + other)) <= 0;
  if (cut_low || cut_high) {
    out.normal = {};
    out.normal[axis] = cut_low ? -1.0F : 1.0F;
  } else {
    out.normal = gradient(out.point);
  }
  return out;
}

/// Blocks that an edge with a crossing reaches although the Lipschitz bound left them out; whether there were any.
bool Contourer::spread_blocks() {
  const size_t before = blocks_.size();
  for (size_t b = 0; b < before; ++b)
    for (int way = 0; way < 27; ++way) {
      const Index step{way % 3 - 1, way / 3 % 3 - 1, way / 9 - 1};
      const Index base = blocks_[b].base;
      const Index beside = base + Index{step[0] * kBlock, step[1] * kBlock, step[2] * kBlock};
      if (way == 13 || !in_grid(beside) || block_at(beside) >= 0) continue;
      bool inside = false, outside = false;  // on the corners that both have
      Index low{}, high{};
      for (size_t k = 0; k < 3; ++k) {
        low[k] = step[k] > 0 ? kBlock : 0;
        high[k] = step[k] < 0 ? 0 : kBlock;
      }
      for (int z = low[2]; z <= high[2]; ++z)
        for (int y = low[1]; y <= high[1]; ++y)
          for (int x = low[0]; x <= high[0]; ++x) (blocks_[b].value[corner_slot({x, y, z})] < 0 ? inside : outside) = true;
      if (inside && outside) add_block(beside);
    }
  return blocks_.size() > before;
}

/// Along an edge into the cell less a margin (in cells); whether it is in it then.
bool Contourer::pull_in(CellFit& fit, const Vec3& low, float margin) const {
  float from = -1e30F, to = 1e30F;
  for (size_t k = 0; k < 3; ++k) {
    const float first = low[k] + margin * cell_ - fit.point[k], last = low[k] + (1 - margin) * cell_ - fit.point[k];
    if (std::abs(fit.along[k]) < 1e-6F) {
      if (first > 0 || last < 0) return false;
      continue;
    }
    const float one = first / fit.along[k], two = last / fit.along[k];
    from = std::max(from, std::min(one, two));
    to = std::min(to, std::max(one, two));
  }
  if (from > to) return false;
  fit.point = fit.point + fit.along * std::clamp(0.0F, from, to);
  return true;
}

/// Onto the surface, but not out of the cell, so that vertices of different cells differ.
Vec3 Contourer::settle(const CellFit& fit, const Vec3& low) const {
  Vec3 p = fit.point;
  const auto clamp = [&] {
    for (size_t k = 0; k < 3; ++k) p[k] = std::clamp(p[k], low[k] + 2e-3F * cell_, low[k] + (1 - 2e-3F) * cell_);
  };
  clamp();
  for (int round = 0; round < 3; ++round) {
    const float d = request_.distance(p);
    if (!(std::abs(d) > 1e-4F * cell_) || !(std::abs(d) < 2 * cell_)) break;
    p = p - (fit.rank > 1 ? gradient(p) : fit.normal) * d;
    clamp();
  }
  return p;
}

/// The crossings of a cell's edges, of one piece or (−1) of all.
void Contourer::gather(const Index& cell, int piece, std::vector<Crossing>& out) {
  Block& block = owner(cell);
  const Index local{cell[0] % kBlock, cell[1] % kBlock, cell[2] % kBlock};
  const CellPatches& pieces = cell_patches()[block.inside[cell_slot(local)]];
  for (size_t e = 0; e < 12; ++e) {
    if (pieces.of_edge[e] < 0 || (piece >= 0 && pieces.of_edge[e] != piece)) continue;
    const int c = kEdgeCorner[e];
    const Index at = local + Index{c & 1, c >> 1 & 1, c >> 2};
    const bool own = at[0] < kBlock && at[1] < kBlock && at[2] < kBlock;
    const Block& holder = own ? block : owner(block.base + at);
    out.push_back(holder.crossings[holder.crossing[3 * cell_slot({at[0] % kBlock, at[1] % kBlock, at[2] % kBlock}) + e / 4]]);
  }
}

template <class Body>
void each_cell(const Body& body) {
  for (int z = 0; z < kBlock; ++z)
    for (int y = 0; y < kBlock; ++y)
      for (int x = 0; x < kBlock; ++x) body(Index{x, y, z});
}

void Contourer::place_vertices(Block& block) {
  std::vector<Crossing> ring;
  each_cell([&](const Index& cell) {
    const size_t slot = cell_slot(cell);
    block.first_vertex[slot] = static_cast<uint16_t>(block.vertices.size());
    const int count = cell_patches()[block.inside[slot]].count;
    for (int piece = 0; piece < count; ++piece) {
      ring.clear();
      gather(block.base + cell, piece, ring);
      Vec3 mean{};
      for (const Crossing& c : ring) mean = mean + c.point;
      CellFit fit = fit_cell(ring, mean * (1 / static_cast<float>(ring.size())));
      const Vec3 low = position(block.base + cell);
      block.sharp[slot] = block.sharp[slot] || fit.rank > 1;
      // An edge that passes just beside the cell, both sides of which cross it, is worth leaving the cell for.
      const bool beside = fit.rank == 2 && !pull_in(fit, low, 5e-3F) && pull_in(fit, low, -0.75F);
      const bool kept = beside && std::abs(request_.distance(fit.point)) < 0.01F * cell_;
      block.vertices.push_back(kept ? fit.point : settle(fit, low));
    }
  });
}

/// Edges that pass a cell without crossing its edges on both sides: the cells beside it saw them.
void Contourer::place_missed(Block& block) {
  std::vector<Crossing> ring;
  each_cell([&](const Index& cell) {
    const size_t slot = cell_slot(cell);
    if (block.sharp[slot] || cell_patches()[block.inside[slot]].count != 1) return;
    ring.clear();
    for (int way = 0; way < 27; ++way) {
      const Index beside = block.base + cell + Index{way % 3 - 1, way / 3 % 3 - 1, way / 9 - 1};
      if (way == 13 || !in_grid(beside) || block_at(beside) < 0) continue;
      if (owner(beside).sharp[cell_slot({beside[0] % kBlock, beside[1] % kBlock, beside[2] % kBlock})]) gather(beside, -1, ring);
    }
    if (ring.empty()) return;
    gather(block.base + cell, 0, ring);
    Vec3& vertex = block.vertices[block.first_vertex[slot]];
    CellFit fit = fit_cell(ring, vertex);
    if (fit.rank < 2 || !pull_in(fit, position(block.base + cell), 5e-3F)) return;
    if (std::abs(request_.distance(fit.point)) < 0.01F * cell_) vertex = fit.point;
  });
}

const Vec3& Contourer::vertex(uint32_t index) const {
  const auto after = std::upper_bound(blocks_.begin(), blocks_.end(), index, [](uint32_t i, const Block& b) { return i < b.vertices_before; });
  const Block& block = *(after - 1);
  return block.vertices[index - block.vertices_before];
}

/// A link of a face: the face's lowest corner, its axis, and the inside corner round which it runs.
uint64_t Contourer::middle_key(const Index& cell, int face, bool up, int axis, const Index& edge) const {
  Index lowest = cell, corner = edge;  // of the face; of the edge's end inside
  lowest[static_cast<size_t>(face / 2)] += face % 2;
  if (!up) ++corner[static_cast<size_t>(axis)];
  int which = 0;
  for (int k = 0; k < 3; ++k) which |= (corner[static_cast<size_t>(k)] - lowest[static_cast<size_t>(k)]) << k;
  const auto along = [&](size_t k) { return static_cast<uint64_t>(lowest[k]); };
  return kMiddle | along(2) << 40 | along(1) << 24 | along(0) << 8 | static_cast<uint64_t>(face / 2) << 3 | static_cast<uint64_t>(which);
}

Vec3 Contourer::middle(uint64_t key) {
  const Index lowest{static_cast<int>(key >> 8 & 0xFFFF), static_cast<int>(key >> 24 & 0xFFFF), static_cast<int>(key >> 40 & 0xFFFF)};
  const int axis = static_cast<int>(key >> 3 & 3), which = static_cast<int>(key & 7);
  Vec3 sum{};
  for (int k = 0; k < 3; ++k) {
    if (k == axis) continue;
    Index at = lowest;  // the edge along k that ends at the inside corner
    for (int other = 0; other < 3; ++other)
      if (other != k) at[static_cast<size_t>(other)] += which >> other & 1;
    Block& holder = owner(at);
    const Index local{at[0] % kBlock, at[1] % kBlock, at[2] % kBlock};
    sum = sum + holder.crossings[holder.crossing[3 * cell_slot(local) + static_cast<size_t>(k)]].point;
  }
  return sum * 0.5F;
}

float quality(const Vec3& a, const Vec3& b, const Vec3& c) {
  const float longest = std::max({dot(b - a, b - a), dot(c - b, c - b), dot(a - c, a - c)});
  return longest > 0 ? length(ptah::cross(b - a, c - a)) / longest : 0;
}

/// The diagonal that lies better on the surface where the quad is bent, else the one with the better triangles.
void Contourer::split(Block& block, const std::array<uint32_t, 4>& quad) {
  const std::array<Vec3, 4> p{vertex(quad[0]), vertex(quad[1]), vertex(quad[2]), vertex(quad[3])};
  const float one = std::min(quality(p[0], p[1], p[2]), quality(p[0], p[2], p[3])), two = std::min(quality(p[1], p[2], p[3]), quality(p[1], p[3], p[0]));
  bool first = one >= two;
  const Vec3 n = normalized(ptah::cross(p[1] - p[0], p[2] - p[0])), m = normalized(ptah::cross(p[2] - p[0], p[3] - p[0]));
  if (std::min(one, two) > 1e-3F && dot(n, m) < 0.99F)
    first = std::abs(request_.distance((p[0] + p[2]) * 0.5F)) <= std::abs(request_.distance((p[1] + p[3]) * 0.5F));
  if (std::max(one, two) < 1e-5F) block.degenerate = true;
  const size_t k = first ? 0 : 1;
  block.triangles.push_back({quad[k], quad[k + 1], quad[k + 2]});
  block.triangles.push_back({quad[k], quad[k + 2], quad[(k + 3) % 4]});
}

void Contourer::make_face(Block& block, const Index& cell, int axis, bool up) {
  const auto& patches = cell_patches();
  const int i = (axis + 1) % 3, j = (axis + 2) % 3;
  struct Side {
    int i, j, face;  // the cell's place, and its face to the following cell
  };
  const std::array<Side, 4> sides{{{1, 1, 2 * i + 1}, {0, 1, 2 * j + 1}, {0, 0, 2 * i}, {1, 0, 2 * j}}};
  std::array<uint32_t, 4> quad{};
  std::array<uint8_t, 4> doubtful{};
  std::array<Index, 4> cells{};
  bool simple = true;
  for (size_t k = 0; k < 4; ++k) {
    cells[k] = cell;
    cells[k][static_cast<size_t>(i)] -= sides[k].i;
    cells[k][static_cast<size_t>(j)] -= sides[k].j;
    Block& holder = owner(cells[k]);
    const Index local{cells[k][0] % kBlock, cells[k][1] % kBlock, cells[k][2] % kBlock};
    const CellPatches& pieces = patches[holder.inside[cell_slot(local)]];
    const auto piece = static_cast<uint8_t>(pieces.of_edge[static_cast<size_t>(edge_at(axis, sides[k].i, sides[k].j))]);
    quad[k] = holder.vertices_before + holder.first_vertex[cell_slot(local)] + piece;
    doubtful[k] = pieces.doubtful;
  }
  std::vector<uint64_t> polygon;
  for (size_t k = 0; k < 4; ++k) {
    const int there = sides[k].face ^ 1;  // the same face, seen from the following cell
    polygon.push_back(quad[k]);
    if (!(doubtful[k] >> sides[k].face & 1) || !(doubtful[(k + 1) % 4] >> there & 1)) continue;
    polygon.push_back(middle_key(cells[k], sides[k].face, up, axis, cell));
    simple = false;
  }
  if (!simple) {
    if (!up) std::reverse(polygon.begin(), polygon.end());
    block.polygons.push_back(std::move(polygon));
    return;
  }
  if (!up) std::swap(quad[1], quad[3]);
  split(block, quad);
}

void Contourer::make_faces(Block& block) {
  each_cell([&](const Index& cell) {
    for (int axis = 0; axis < 3; ++axis)
      if (block.crossing[3 * cell_slot(cell) + static_cast<size_t>(axis)] != kNoCrossing)
        make_face(block, block.base + cell, axis, block.inside[cell_slot(cell)] & 1);
  });
}

Mesh Contourer::collect(uint32_t total) {
  Mesh mesh;
  mesh.positions.reserve(total);
  bool degenerate = false;
  for (const Block& block : blocks_) {
    mesh.positions.insert(mesh.positions.end(), block.vertices.begin(), block.vertices.end());
    mesh.triangles.insert(mesh.triangles.end(), block.triangles.begin(), block.triangles.end());
    degenerate = degenerate || block.degenerate;
  }
  std::map<uint64_t, uint32_t> middles;
  for (const Block& block : blocks_)
    for (const auto& polygon : block.polygons) {
      std::vector<uint32_t> corners;
      size_t start = 0;
      for (const uint64_t key : polygon) {
        if (!(key & kMiddle)) {
          corners.push_back(static_cast<uint32_t>(key));
          continue;
        }
        const auto [found, added] = middles.emplace(key, static_cast<uint32_t>(mesh.positions.size()));
        if (added) mesh.positions.push_back(middle(key));
        start = corners.size();
        corners.push_back(found->second);
      }
      for (size_t k = 1; k + 1 < corners.size(); ++k)  // a fan about a middle, so that no diagonal joins two corners twice
        mesh.triangles.push_back({corners[start], corners[(start + k) % corners.size()], corners[(start + k + 1) % corners.size()]});
    }
  if (degenerate) {
    std::vector<uint32_t> source(mesh.triangles.size(), 0);
    Tidy tidy(mesh, source, 1e-3F * cell_);
    tidy.mend();
    tidy.finish();
  }
  return mesh;
}

}  // namespace
}  // namespace detail

Result<Mesh> contour(const ContourRequest& request, const CancelToken* cancel) {
  if (!request.distance) return fail(ErrorCode::invalid_argument, "contour: there is no distance");
  if (request.cells < 8 || request.cells > 512) return fail(ErrorCode::invalid_argument, "contour: {} cells, but 8 to 512 are possible", request.cells);
  for (size_t k = 0; k < 3; ++k)
    if (!(request.box.high[k] > request.box.low[k]) || !std::isfinite(request.box.high[k] - request.box.low[k]))
      return fail(ErrorCode::invalid_argument, "contour: the box is empty or endless");
  if (!(request.lipschitz > 0)) return fail(ErrorCode::invalid_argument, "contour: the Lipschitz bound is not positive");
  return guard([&]() -> Result<Mesh> { return detail::Contourer(request, cancel).run(); });
}

}  // namespace ptah
