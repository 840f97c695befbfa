#include "geometry/atlas/merge.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <set>

#include "base/parallel.h"
#include "geometry/atlas/flatten.h"
#include "geometry/atlas/outline.h"

namespace ptah::atlas {

namespace {

/// A stretch of border between two charts, as half-edges of the first in its order.
struct Seam {
  uint32_t a = 0, b = 0;
  std::vector<uint32_t> halves;
  double length = 0, score = 0;
};

class Merger {
 public:
  Merger(Charting& charting, std::vector<Chart>& charts, const MergeLimits& limits) : c_(charting), charts_(charts), limits_(limits) {
    for (const Chart& chart : charts_) total_ += chart.area;
  }

  void run(const CancelToken* cancel) {
    for (int round = 0; round < 200 && !(cancel && cancel->cancelled()); ++round) {
      std::vector<Seam> seams = matching();
      if (seams.empty()) return;
      std::vector<std::optional<Chart>> tried(seams.size());
      parallel_for(static_cast<int64_t>(seams.size()), 1 << 16, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) tried[static_cast<size_t>(i)] = joined(seams[static_cast<size_t>(i)]);
      });
      for (size_t i = 0; i < seams.size(); ++i) {
        if (tried[i])
          accept(seams[i], std::move(*tried[i]));
        else
          refused_.insert({std::min(seams[i].a, seams[i].b), std::max(seams[i].a, seams[i].b)});
      }
    }
  }

 private:
  uint32_t chart_across(uint32_t half) const {
    const uint32_t other = c_.surface.opposite[half];
    return other == kNone ? kNone : c_.chart[other / 3];
  }
  uint32_t first_vertex(uint32_t half) const { return charts_[c_.chart[half / 3]].triangles[c_.place[half / 3]][half % 3]; }
  uint32_t last_vertex(uint32_t half) const { return charts_[c_.chart[half / 3]].triangles[c_.place[half / 3]][(half % 3 + 1) % 3]; }

  double border_length(const Chart& chart) const {
    double sum = 0;
    for (const uint32_t h : chart.border) sum += static_cast<double>(c_.surface.edge_length(h));
    return sum;
  }

  /// The longest seams of one chart with each of its neighbours of higher number.
  void seams_of(uint32_t a, const std::vector<double>& lengths, std::vector<Seam>& out) const {
    const std::vector<uint32_t>& border = charts_[a].border;
    const size_t n = border.size();
    const auto goes_on = [&](size_t i) {  // from border[i] to the one behind it
      const uint32_t h = border[i], next = border[(i + 1) % n], b = chart_across(h);
      if (b == kNone || chart_across(next) != b) return false;
      return first_vertex(c_.surface.opposite[h]) == last_vertex(c_.surface.opposite[next]);
    };
    size_t first = 0;
    while (first < n && goes_on((first + n - 1) % n)) ++first;
    if (first == n) first = 0;
    std::vector<Seam> best;
    for (size_t k = 0; k < n;) {
      const uint32_t b = chart_across(border[(first + k) % n]);
      Seam seam{a, b, {}, 0, 0};
      double soft = 0;
      bool more = true;
      while (more && k < n) {
        const uint32_t h = border[(first + k) % n];
        const auto length = static_cast<double>(c_.surface.edge_length(h));
        seam.halves.push_back(h);
        seam.length += length;
        if (c_.surface.bend[h] < limits_.hard) soft += length;
        more = goes_on((first + k) % n);
        ++k;
      }
      if (b == kNone || b <= a || refused_.contains({a, b})) continue;
      // Gluing a whole border would leave none.
      if (seam.halves.size() == charts_[b].border.size() || seam.halves.size() == n) {
        seam.length -= static_cast<double>(c_.surface.edge_length(seam.halves.back()));
        seam.halves.pop_back();
      }
      if (seam.halves.empty()) continue;
      seam.score = seam.length / std::min(lengths[a], lengths[b]);
      if (seam.score < limits_.shared) continue;
      seam.score *= 0.3 + 0.7 * soft / seam.length;
      const auto known = std::find_if(best.begin(), best.end(), [&](const Seam& s) { return s.b == b; });
      if (known == best.end())
        best.push_back(std::move(seam));
      else if (seam.length > known->length)
        *known = std::move(seam);
    }
    std::move(best.begin(), best.end(), std::back_inserter(out));
  }

  /// Seams to try, each chart in one of them at most.
  std::vector<Seam> matching() const {
    std::vector<double> lengths(charts_.size(), 0);
    for (size_t i = 0; i < charts_.size(); ++i) lengths[i] = border_length(charts_[i]);
    std::vector<Seam> seams, out;
    for (uint32_t a = 0; a < charts_.size(); ++a)
      if (!charts_[a].faces.empty()) seams_of(a, lengths, seams);
    std::stable_sort(seams.begin(), seams.end(), [](const Seam& x, const Seam& y) { return x.score > y.score; });
    std::vector<char> taken(charts_.size(), 0);
    for (Seam& seam : seams) {
      if (taken[seam.a] || taken[seam.b]) continue;
      taken[seam.a] = taken[seam.b] = 1;
      out.push_back(std::move(seam));
    }
    return out;
  }

  /// Turns and moves b's plane so that the seam's points come as near to a's as they can.
  static std::array<double, 4> alignment(const std::vector<Point>& to, const std::vector<Point>& from) {
    Point mean_to{0, 0}, mean_from{0, 0};
    const auto n = static_cast<double>(to.size());
    for (size_t i = 0; i < to.size(); ++i)
      for (size_t k = 0; k < 2; ++k) mean_to[k] += to[i][k] / n, mean_from[k] += from[i][k] / n;
    double along = 0, across = 0;
    for (size_t i = 0; i < to.size(); ++i) {
      const double x = from[i][0] - mean_from[0], y = from[i][1] - mean_from[1], u = to[i][0] - mean_to[0], v = to[i][1] - mean_to[1];
      along += x * u + y * v;
      across += x * v - y * u;
    }
    const double size = std::hypot(along, across), cosine = size > 0 ? along / size : 1, sine = size > 0 ? across / size : 0;
    return {cosine, sine, mean_to[0] - cosine * mean_from[0] + sine * mean_from[1], mean_to[1] - sine * mean_from[0] - cosine * mean_from[1]};
  }

  /// Both charts as one, or nothing.
  std::optional<Chart> joined(const Seam& seam) const {
    const Chart &a = charts_[seam.a], &b = charts_[seam.b];
    std::vector<uint32_t> to(b.vertices.size(), kNone);  // b's vertices in the new chart
    std::vector<Point> here, there;
    std::vector<std::pair<uint32_t, uint32_t>> same;  // a vertex of b that meets two of a
    for (const uint32_t h : seam.halves) {
      const uint32_t other = c_.surface.opposite[h];
      for (const auto& [mine, its] : {std::pair{first_vertex(h), last_vertex(other)}, std::pair{last_vertex(h), first_vertex(other)}}) {
        if (to[its] == kNone) {
          to[its] = mine;
          here.push_back(a.uv[mine]);
          there.push_back(b.uv[its]);
        } else if (to[its] != mine) {
          return std::nullopt;
        }
      }
    }
    if (a.area + b.area > limits_.largest * total_) return std::nullopt;
    const auto [cosine, sine, x, y] = alignment(here, there);
    Chart out = a;
    out.border.clear();
    for (size_t i = 0; i < b.vertices.size(); ++i) {
      const Point p{cosine * b.uv[i][0] - sine * b.uv[i][1] + x, sine * b.uv[i][0] + cosine * b.uv[i][1] + y};
      if (to[i] != kNone) {
        out.uv[to[i]] = {(out.uv[to[i]][0] + p[0]) / 2, (out.uv[to[i]][1] + p[1]) / 2};
      } else {
        to[i] = static_cast<uint32_t>(out.vertices.size());
        out.vertices.push_back(b.vertices[i]);
        out.uv.push_back(p);
      }
    }
    out.faces.insert(out.faces.end(), b.faces.begin(), b.faces.end());
    for (const Triangle& t : b.triangles) out.triangles.push_back({to[t[0]], to[t[1]], to[t[2]]});
    out.area += b.area;
    const double max_stretch = limits_.stretch * limits_.stretch;
    relax(c_.surface, out, 2);
    Fit fit = fit_of(c_.surface, out);
    if (fit.turned || fit.stretch > max_stretch) {
      relax(c_.surface, out, 4);
      fit = fit_of(c_.surface, out);
    }
    if (fit.turned || fit.stretch > max_stretch || fit.worst > limits_.worst) return std::nullopt;
    out.border = merged_border(seam);
    if (out.border.size() < 3) return std::nullopt;
    const std::vector<Point> line = outline(out);
    const Point box = smallest_box(hull_of(line)).size;
    const double fill = area_of(line) / (box[0] * box[1]);
    if (fill < limits_.fill * std::min(1.0, std::sqrt(out.area / total_ / 0.02))) return std::nullopt;
    if (line_crosses(line)) return std::nullopt;
    return out;
  }

  std::vector<uint32_t> merged_border(const Seam& seam) const {
    const std::vector<uint32_t>&a = charts_[seam.a].border, &b = charts_[seam.b].border;
    std::vector<uint32_t> out;
    const auto rest = [&](const std::vector<uint32_t>& border, uint32_t last, size_t skip) {
      const size_t at = static_cast<size_t>(std::find(border.begin(), border.end(), last) - border.begin());
      for (size_t k = 1; k + skip <= border.size(); ++k) out.push_back(border[(at + k) % border.size()]);
    };
    rest(a, seam.halves.back(), seam.halves.size());
    rest(b, c_.surface.opposite[seam.halves.front()], seam.halves.size());
    return out;
  }

  /// The border of a chart whose faces do not have their places yet.
  std::vector<Point> outline(const Chart& chart) const {
    std::vector<Point> line;
    line.reserve(chart.border.size());
    const uint32_t a = c_.chart[chart.faces[0]];
    const size_t first = charts_[a].faces.size();  // both charts' faces lie one behind the other
    for (const uint32_t h : chart.border) {
      const size_t place = c_.place[h / 3] + (c_.chart[h / 3] == a ? 0 : first);
      line.push_back(chart.uv[chart.triangles[place][h % 3]]);
    }
    return line;
  }

  void accept(const Seam& seam, Chart made) {
    for (const uint32_t h : seam.halves) c_.glued[h] = c_.glued[c_.surface.opposite[h]] = 1;
    for (uint32_t i = 0; i < made.faces.size(); ++i) {
      c_.chart[made.faces[i]] = seam.a;
      c_.place[made.faces[i]] = i;
    }
    charts_[seam.a] = std::move(made);
    charts_[seam.b] = Chart{};
    std::erase_if(refused_, [&](const auto& pair) { return pair.first == seam.a || pair.second == seam.a || pair.first == seam.b || pair.second == seam.b; });
  }

  Charting& c_;
  std::vector<Chart>& charts_;
  MergeLimits limits_;
  double total_ = 0;  ///< area
  std::set<std::pair<uint32_t, uint32_t>> refused_;
};

}  // namespace

void merge_charts(Charting& charting, std::vector<Chart>& charts, const MergeLimits& limits, const CancelToken* cancel) {
  Merger(charting, charts, limits).run(cancel);
}

}  // namespace ptah::atlas
