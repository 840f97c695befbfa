#include "geometry/atlas/pack.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "base/parallel.h"
#include "geometry/atlas/bitmap.h"
#include "geometry/atlas/outline.h"

namespace ptah::atlas {

namespace {

constexpr int kTurns = 8;
constexpr int64_t kCells = 1024;

/// A chart's outline with its long side level, in the units of the surface.
struct Piece {
  uint32_t chart = 0;
  std::vector<Point> line;
  double angle = 0;  ///< that it was turned by
  double longest = 0;
};

struct Place {
  int turn = 0;
  int64_t x = 0, y = 0;
  Point low{};  ///< of the turned outline, in cells
};

Piece piece_of(const Chart& chart, uint32_t index) {
  Piece out;
  out.chart = index;
  out.line.reserve(chart.border.size());
  // The border's half-edges are found by their faces, which are not in any order.
  std::vector<std::pair<uint32_t, uint32_t>> place;
  place.reserve(chart.faces.size());
  for (uint32_t i = 0; i < chart.faces.size(); ++i) place.emplace_back(chart.faces[i], i);
  std::sort(place.begin(), place.end());
  for (const uint32_t h : chart.border) {
    const uint32_t at = std::lower_bound(place.begin(), place.end(), std::pair{h / 3, 0U})->second;
    out.line.push_back(chart.uv[chart.triangles[at][h % 3]]);
  }
  const Box box = smallest_box(hull_of(out.line));
  out.angle = box.angle;
  out.longest = box.size[0];
  const double cosine = std::cos(out.angle), sine = std::sin(out.angle);
  for (Point& p : out.line) p = turned(p, cosine, sine);
  return out;
}

/// The cells that an outline touches or encloses.
Runs runs_of(const std::vector<Point>& outline, int turn, double scale, Point& low) {
  const double angle = turn * 2 * std::numbers::pi / kTurns, cosine = std::cos(angle) * scale, sine = std::sin(angle) * scale;
  std::vector<Point> line(outline.size());
  low = {1e300, 1e300};
  Point high{-1e300, -1e300};
  for (size_t i = 0; i < line.size(); ++i) {
    line[i] = turned(outline[i], cosine, sine);
    for (size_t k = 0; k < 2; ++k) low[k] = std::min(low[k], line[i][k]), high[k] = std::max(high[k], line[i][k]);
  }
  Runs out;
  out.width = static_cast<int64_t>(high[0] - low[0]) + 1;
  out.height = static_cast<int64_t>(high[1] - low[1]) + 1;
  std::vector<std::vector<std::pair<int32_t, int32_t>>> rows(static_cast<size_t>(out.height));
  std::vector<std::vector<double>> crossings(static_cast<size_t>(out.height));
  const auto cell = [](double v) { return static_cast<int32_t>(v); };
  for (size_t i = 0; i < line.size(); ++i) {
    Point p{line[i][0] - low[0], line[i][1] - low[1]}, q = line[(i + 1) % line.size()];
    q = {q[0] - low[0], q[1] - low[1]};
    if (p[1] > q[1]) std::swap(p, q);
    for (int32_t y = cell(p[1]); y <= std::min<int64_t>(cell(q[1]), out.height - 1); ++y) {
      const auto at = [&](double v) { return p[0] + (q[0] - p[0]) * (q[1] > p[1] ? std::clamp((v - p[1]) / (q[1] - p[1]), 0.0, 1.0) : 0.0); };
      const double a = at(y), b = q[1] > p[1] ? at(y + 1.0) : q[0], middle = y + 0.5;
      rows[static_cast<size_t>(y)].emplace_back(cell(std::min(a, b)), cell(std::max(a, b)));
      if (p[1] <= middle && q[1] > middle) crossings[static_cast<size_t>(y)].push_back(at(middle));
    }
  }
  out.begin.push_back(0);
  for (size_t y = 0; y < rows.size(); ++y) {
    std::sort(crossings[y].begin(), crossings[y].end());
    for (size_t k = 0; k + 1 < crossings[y].size(); k += 2) rows[y].emplace_back(cell(crossings[y][k]), cell(crossings[y][k + 1]));
    std::sort(rows[y].begin(), rows[y].end());
    for (const auto& [first, last] : rows[y]) {
      if (out.runs.size() > out.begin.back() && first <= out.runs.back().second + 1)
        out.runs.back().second = std::max(out.runs.back().second, last);
      else
        out.runs.emplace_back(first, last);
    }
    out.begin.push_back(static_cast<uint32_t>(out.runs.size()));
  }
  return out;
}

/// Rows far apart first: they end most tries.
std::vector<int32_t> order_of(int64_t height) {
  std::vector<int32_t> out{0};
  for (auto step = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(height))); step > 1; step /= 2)
    for (int64_t r = step / 2; r < height; r += step) out.push_back(static_cast<int32_t>(r));
  return out;
}

/// The pieces at one scale, turned each way.
struct Shape {
  std::array<Runs, kTurns> runs;
  std::array<Point, kTurns> low;
  std::array<std::vector<int32_t>, kTurns> rows;  ///< the order in which they are tried
};

std::vector<Shape> shapes_of(const std::vector<Piece>& pieces, double scale) {
  std::vector<Shape> out(pieces.size());
  for (size_t i = 0; i < out.size(); ++i)
    for (size_t turn = 0; turn < kTurns; ++turn) {
      out[i].runs[turn] = runs_of(pieces[i].line, static_cast<int>(turn), scale, out[i].low[turn]);
      out[i].rows[turn] = order_of(out[i].runs[turn].height);
    }
  return out;
}

/// Places all pieces in this order, each as low as it goes; `out` has the places if it returns their number, else it returns which place of the order found no
/// room.
size_t placed(const std::vector<Shape>& shapes, const std::vector<uint32_t>& order, int64_t edge, int64_t margin, std::vector<Place>& out) {
  Occupancy taken(edge);
  out.assign(order.size(), {});
  for (size_t k = 0; k < order.size(); ++k) {
    const Shape& shape = shapes[order[k]];
    Place& best = out[order[k]];
    double best_cost = 1e300;
    int64_t top = edge;
    for (size_t turn = 0; turn < kTurns; ++turn) {
      const Runs& runs = shape.runs[turn];
      Place place{static_cast<int>(turn), 0, 0, shape.low[turn]};
      if (!taken.find(runs, shape.rows[turn], top, place.x, place.y)) continue;
      const double cost = static_cast<double>(place.y + runs.height) + 1e-3 * static_cast<double>(place.x + runs.width);
      if (cost >= best_cost) continue;
      best_cost = cost;
      top = place.y + runs.height;
      best = place;
    }
    if (best_cost > 1e299) return k;
    taken.take(shape.runs[static_cast<size_t>(best.turn)], best.x, best.y, margin);
  }
  return order.size();
}

/// Looks for the largest scale at which the pieces find room.
class Search {
 public:
  Search(const std::vector<Piece>& pieces, double area, int64_t edge, int64_t margin) : pieces_(pieces), area_(area), edge_(edge), margin_(margin) {
    order_.resize(pieces.size());
    std::iota(order_.begin(), order_.end(), 0U);
  }

  /// The largest pieces first, at ever smaller scales. False where even tiny ones find no room.
  bool first(const CancelToken* cancel) {
    double fill = 0.78;
    for (int round = 0; round < 30 && places.empty() && !(cancel && cancel->cancelled()); ++round) {
      std::array<double, kTries> fills{};
      for (double& f : fills) f = fill, fill *= 0.92;
      std::array<std::vector<uint32_t>, kTries> orders;
      orders.fill(order_);
      attempt(fills, orders);
    }
    return !places.empty();
  }

  /// Pieces that found no room go nearer to the front of the order, some change places with neighbours; larger scales while that succeeds (squeaky wheel
  /// optimization, Joslin and Clements 1999).
  void improve(const CancelToken* cancel) {
    int rounds = std::clamp<int>(static_cast<int>(60 / pieces_.size()), 1, 8);
    for (double step = 0.05; step > 0.004; step *= 0.5) {
      std::array<std::vector<uint32_t>, kTries> orders;
      orders.fill(order_);
      for (size_t i = 1; i < kTries; ++i) change(orders[i], draw() % orders[i].size());
      for (int round = 0; round < rounds; ++round) {
        if (cancel && cancel->cancelled()) return;
        std::array<double, kTries> fills{};
        fills.fill(fill_ * (1 + step));
        if (attempt(fills, orders)) {
          orders.fill(order_);
          for (size_t i = 1; i < kTries; ++i) change(orders[i], draw() % orders[i].size());
          round = -1;
        }
      }
    }
  }

  std::vector<Place> places;
  double scale() const { return scale_of(fill_); }

 private:
  static constexpr size_t kTries = 4;  // at once
  double scale_of(double fill) const { return std::sqrt(fill * static_cast<double>(edge_ * edge_) / area_); }
  uint32_t draw() {
    random_ = random_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<uint32_t>(random_ >> 33U);
  }
  void change(std::vector<uint32_t>& order, size_t failed) {
    const auto from = order.begin() + static_cast<std::ptrdiff_t>(failed), to = order.begin() + static_cast<std::ptrdiff_t>(draw() % (failed + 1));
    std::rotate(to, from, from + 1);
    const size_t x = draw() % order.size();
    std::swap(order[x], order[std::min(order.size() - 1, x + 1 + draw() % 3)]);
  }

  /// Takes the best that succeeds. Orders that fail are changed.
  bool attempt(const std::array<double, kTries>& fills, std::array<std::vector<uint32_t>, kTries>& orders) {
    std::array<std::vector<Place>, kTries> tried;
    std::array<size_t, kTries> reached{};
    const std::vector<Shape> same = fills[0] == fills[1] ? shapes_of(pieces_, scale_of(fills[0])) : std::vector<Shape>();
    parallel_for(kTries, 1 << 20, [&](int64_t begin, int64_t end) {
      for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i)
        reached[i] = placed(same.empty() ? shapes_of(pieces_, scale_of(fills[i])) : same, orders[i], edge_, margin_, tried[i]);
    });
    for (size_t i = 0; i < kTries; ++i) {
      if (reached[i] < pieces_.size()) continue;
      places = std::move(tried[i]);
      order_ = orders[i];
      fill_ = fills[i];
      return true;
    }
    for (size_t i = 0; i < kTries; ++i) change(orders[i], reached[i]);
    return false;
  }

  const std::vector<Piece>& pieces_;
  double area_;
  int64_t edge_, margin_;
  std::vector<uint32_t> order_;
  double fill_ = 0;
  uint64_t random_ = 1;
};

}  // namespace

Result<double> pack(std::vector<Chart>& charts, int64_t resolution, int64_t margin, const CancelToken* cancel) {
  std::vector<Piece> pieces;
  double area = 0;
  for (uint32_t i = 0; i < charts.size(); ++i) {
    if (charts[i].faces.empty()) continue;
    pieces.push_back(piece_of(charts[i], i));
    area += charts[i].area;
  }
  std::stable_sort(pieces.begin(), pieces.end(), [&](const Piece& a, const Piece& b) { return charts[a.chart].area > charts[b.chart].area; });
  const int64_t edge = std::min(resolution, kCells);
  const int64_t gap = (margin * edge + resolution - 1) / resolution, rim = (gap + 1) / 2, inner = edge - 2 * rim;
  Search search(pieces, area, inner, gap);
  if (!search.first(cancel) && !(cancel && cancel->cancelled()))
    return fail(ErrorCode::over_budget, "{} charts do not find room in {} × {} texels", pieces.size(), resolution, resolution);
  search.improve(cancel);
  if (cancel && cancel->cancelled()) return fail(ErrorCode::cancelled, "cancelled");
  const std::vector<Place>& places = search.places;
  const double scale = search.scale();
  const double cells = static_cast<double>(edge);
  for (size_t i = 0; i < pieces.size(); ++i) {
    const Place& place = places[i];
    const double angle = pieces[i].angle + place.turn * 2 * std::numbers::pi / kTurns, cosine = std::cos(angle) * scale, sine = std::sin(angle) * scale;
    for (Point& p : charts[pieces[i].chart].uv) {
      const Point q = turned(p, cosine, sine);
      p = {(q[0] - place.low[0] + static_cast<double>(place.x + rim)) / cells, (q[1] - place.low[1] + static_cast<double>(place.y + rim)) / cells};
    }
  }
  return scale / cells;
}

}  // namespace ptah::atlas
