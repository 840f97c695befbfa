// Pieces for a bed that is too small.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

#include "geometry/boolean.h"
#include "geometry/bvh.h"
#include "geometry/mesh_errors.h"
#include "geometry/primitives.h"
#include "media/mesh/print/print_model.h"

namespace ptah {

namespace {

constexpr float kGap = 0.01F;  ///< between pieces on the bed, metres

Mesh box_of(const Box& box) {
  const Vec3 size = box.high - box.low;
  Mesh mesh = triangulated(box_mesh(size[0], size[1], size[2]));
  const Box made = Box::of(mesh.positions);
  for (Vec3& p : mesh.positions)
    for (size_t i = 0; i < 3; ++i) p[i] = p[i] == made.low[i] ? box.low[i] : box.high[i];
  return mesh;
}

/// Colours spread from the triangles that have one to those beside them that have none; `otherwise` is for bodies without any.
void spread(const Mesh& mesh, std::vector<uint32_t>& colour, uint32_t none, uint32_t otherwise) {
  std::unordered_map<uint64_t, std::vector<uint32_t>> edges;
  const auto key = [&](uint32_t t, size_t i) {
    const uint32_t a = mesh.triangles[t][i], b = mesh.triangles[t][(i + 1) % 3];
    return uint64_t{std::min(a, b)} << 32 | std::max(a, b);
  };
  std::vector<uint32_t> queue;
  for (uint32_t t = 0; t < mesh.triangles.size(); ++t) {
    for (size_t i = 0; i < 3; ++i) edges[key(t, i)].push_back(t);
    if (colour[t] != none) queue.push_back(t);
  }
  for (size_t at = 0; at < queue.size(); ++at)
    for (size_t i = 0; i < 3; ++i)
      for (const uint32_t t : edges[key(queue[at], i)])
        if (colour[t] == none) {
          colour[t] = colour[queue[at]];
          queue.push_back(t);
        }
  for (uint32_t& c : colour)
    if (c == none) c = otherwise;
}

class Splitter {
 public:
  Splitter(const PrintModel& model, const CancelToken* cancel) : model_(model), cancel_(cancel) {
    for (const ThreeMfBody& body : model.bodies) {
      operands_.push_back(body.mesh);
      boxes_.push_back(Box::of(body.mesh.positions));
      const bool plain = std::all_of(body.colour.begin(), body.colour.end(), [&](uint32_t c) { return c == body.colour[0]; });
      if (!plain) surfaces_.emplace(surfaces_.size() + plain_, NearestSurface(body.mesh));
      plain_ += plain;
    }
  }

  /// What of the bodies from `first` on, before `end`, lies in a box; no triangles if nothing does.
  Result<ThreeMfBody> piece(const Box& box, size_t first, size_t end) const {
    std::vector<Mesh> operands(operands_.begin() + static_cast<std::ptrdiff_t>(first), operands_.begin() + static_cast<std::ptrdiff_t>(end));
    operands.push_back(box_of(box));
    const auto inside = [](std::span<const uint8_t> in) { return in.back() != 0 && in_any(in.first(in.size() - 1)); };
    PTAH_TRY(BooleanResult made, boolean_mesh(operands, inside, {}, cancel_));
    ThreeMfBody out{{}, std::move(made.mesh), {}};
    const auto none = static_cast<uint32_t>(model_.colours.size());
    for (size_t t = 0; t < out.mesh.triangles.size(); ++t)
      out.colour.push_back(made.source[t] >= end - first || on_side(out.mesh, t, box) ? none : colour_of(out.mesh, t, first + made.source[t]));
    spread(out.mesh, out.colour, none, end - first == 1 && !model_.bodies[first].colour.empty() ? model_.bodies[first].colour[0] : 0);
    return out;
  }

  /// What lies in a box, as one body, or as one of each body, with its name; none if nothing does.
  Result<std::vector<ThreeMfBody>> pieces(const Box& box, bool parts) const {
    std::vector<ThreeMfBody> out;
    const size_t count = operands_.size();
    for (size_t i = 0; i < (parts ? count : 1); ++i) {
      if (parts && !boxes_[i].overlaps(box)) continue;
      PTAH_TRY(ThreeMfBody made, parts ? piece(box, i, i + 1) : piece(box, 0, count));
      if (made.mesh.triangles.empty()) continue;
      if (parts) made.name = model_.bodies[i].name;
      out.push_back(std::move(made));
    }
    return out;
  }

 private:
  /// A face of the box is a cut, also where a body has a face there.
  static bool on_side(const Mesh& mesh, size_t t, const Box& box) {
    const auto [a, b, c] = mesh.triangles[t];
    for (size_t i = 0; i < 3; ++i)
      for (const float side : {box.low[i], box.high[i]}) {
        const float near = (box.high[i] - box.low[i]) * 1e-5F;
        if (std::abs(mesh.positions[a][i] - side) < near && std::abs(mesh.positions[b][i] - side) < near && std::abs(mesh.positions[c][i] - side) < near)
          return true;
      }
    return false;
  }

  uint32_t colour_of(const Mesh& mesh, size_t t, size_t source) const {
    const auto surface = surfaces_.find(source);
    if (surface == surfaces_.end()) return model_.bodies[source].colour[0];
    const auto [a, b, c] = mesh.triangles[t];
    return model_.bodies[source].colour[surface->second((mesh.positions[a] + mesh.positions[b] + mesh.positions[c]) * (1.0F / 3)).triangle];
  }

  const PrintModel& model_;
  const CancelToken* cancel_;
  std::vector<Mesh> operands_;
  std::vector<Box> boxes_;
  std::map<size_t, NearestSurface> surfaces_;  ///< of bodies of several colours
  size_t plain_ = 0;
};

}  // namespace

Result<PrintModel> split_model(const PrintModel& model, const Vec3& bed, bool parts, const CancelToken* cancel) {
  return guard([&]() -> Result<PrintModel> {
    std::vector<Vec3> corners;
    for (const ThreeMfBody& body : model.bodies) {
      const Box box = Box::of(body.mesh.positions);
      corners.push_back(box.low);
      corners.push_back(box.high);
    }
    if (corners.empty()) return fail(ErrorCode::invalid_argument, "there is nothing to split");
    const Box all = Box::of(corners);
    const Vec3 size = all.high - all.low;
    std::array<size_t, 3> count{};
    double pieces = 1;
    for (size_t i = 0; i < 3; ++i) {
      const double along = std::max(1.0, std::ceil(static_cast<double>(size[i]) / static_cast<double>(bed[i]) - 1e-5));
      pieces *= along;
      count[i] = static_cast<size_t>(std::min(along, 1e6));
    }
    if (pieces > kMaxPieces) return fail(ErrorCode::invalid_argument, "it would be {:.0f} pieces; up to {} are possible", pieces, kMaxPieces);
    const float margin = std::max({size[0], size[1], size[2]}) / 64;
    const Splitter splitter(model, cancel);
    PrintModel out{model.title, model.colours, {}};
    float x = 0;
    size_t made = 0;
    for (size_t cell = 0; cell < count[0] * count[1] * count[2]; ++cell) {
      const std::array<size_t, 3> at{cell % count[0], cell / count[0] % count[1], cell / count[0] / count[1]};
      Box box;
      for (size_t i = 0; i < 3; ++i) {
        const auto plane = [&](size_t k) { return all.low[i] + size[i] * static_cast<float>(k) / static_cast<float>(count[i]); };
        box.low[i] = at[i] == 0 ? all.low[i] - margin : plane(at[i]);
        box.high[i] = at[i] + 1 == count[i] ? all.high[i] + margin : plane(at[i] + 1);
      }
      PTAH_TRY(std::vector<ThreeMfBody> bodies, splitter.pieces(box, parts));
      if (bodies.empty()) continue;
      Box own = Box::empty();
      for (const ThreeMfBody& body : bodies) own.add(Box::of(body.mesh.positions));
      const std::string name = fmt::format("{} {}", model.title, ++made);
      for (ThreeMfBody& body : bodies) {
        for (Vec3& p : body.mesh.positions) p = p - Vec3{own.low[0], own.low[1], own.high[2]};
        (parts ? body.object : body.name) = name;
        body.place = {x, 0, 0};
        out.bodies.push_back(std::move(body));
      }
      x += own.high[0] - own.low[0] + kGap;
    }
    return out;
  });
}

}  // namespace ptah
