#include "scene/model.h"

#include <algorithm>
#include <cmath>

#include "shape/assembly.h"
#include "work/receipt.h"

namespace ptah {

namespace {

ShapeExpr expression_of_json(const Json& value) {
  ShapeExpr out;
  if (value.is_boolean()) {
    out.kind = ShapeExpr::Kind::boolean;
    out.number = value.get<bool>() ? 1 : 0;
  } else if (value.is_number()) {
    out.number = value.get<double>();
  } else {
    out.kind = ShapeExpr::Kind::name;
    out.word = value.get<std::string>();
  }
  return out;
}

void append(Mesh& to, const Mesh& from) {
  const auto base = static_cast<uint32_t>(to.positions.size());
  to.positions.insert(to.positions.end(), from.positions.begin(), from.positions.end());
  for (const auto& [a, b, c] : from.triangles) to.triangles.push_back({a + base, b + base, c + base});
}

/// Moves all so that the origin is the middle of the underside of the box.
void centre(SceneModel& model) {
  Box box = Box::empty();
  for (const SceneModelPart& part : model.parts)
    for (const Vec3& p : part.mesh.positions) box.add(p);
  const Vec3 shift{-(box.low[0] + box.high[0]) / 2, -box.low[1], -(box.low[2] + box.high[2]) / 2};
  for (SceneModelPart& part : model.parts)
    for (Vec3& p : part.mesh.positions) p = {p[0] + shift[0], p[1] - box.low[1], p[2] + shift[2]};
  model.size = box.high - box.low;
}

/// The box around what is within a hundredth of its height (at least 4 mm) of the ground.
void find_foot(SceneModel& model) {
  const float limit = std::max(0.004F, model.size[1] * 0.01F);
  Box foot = Box::empty();
  for (const Vec3& p : model.mesh.positions)
    if (p[1] <= limit) foot.add(p);
  model.foot_width = foot.high[0] - foot.low[0];
  model.foot_depth = foot.high[2] - foot.low[2];
  model.foot_middle = {(foot.high[0] + foot.low[0]) / 2, (foot.high[2] + foot.low[2]) / 2};
}

/// Where a vertical line meets the surface, and whether from outside when it comes from above.
struct Crossing {
  float y;
  bool enters;
};

/// From the crossings of a line, the places that lie open: where a line from above enters while it is within nothing.
std::vector<ModelTop> open_places(std::vector<Crossing>& crossings) {
  std::sort(crossings.begin(), crossings.end(), [](const Crossing& a, const Crossing& b) { return a.y != b.y ? a.y > b.y : a.enters > b.enters; });
  std::vector<ModelTop> out;
  int depth = 0;
  float above = 1e9F;
  for (const Crossing& crossing : crossings) {
    if (crossing.enters) {
      if (depth == 0 && above - crossing.y > 0.01F) out.push_back({crossing.y, above - crossing.y});
      ++depth;
    } else {
      depth = std::max(0, depth - 1);
      if (depth == 0) above = crossing.y;
    }
  }
  return out;
}

SceneModel::Tops tops_of(const SceneModel& model) {
  SceneModel::Tops out;
  out.cell = std::clamp(std::max(model.size[0], model.size[2]) / 96, 0.004F, 0.25F);
  out.columns = std::max<int64_t>(1, static_cast<int64_t>(std::ceil(model.size[0] / out.cell)));
  out.rows = std::max<int64_t>(1, static_cast<int64_t>(std::ceil(model.size[2] / out.cell)));
  std::vector<std::vector<Crossing>> crossings(static_cast<size_t>(out.columns * out.rows));
  const float x0 = -model.size[0] / 2, z0 = -model.size[2] / 2;
  // Not the middles of the cells: edges of boxes lie on round numbers.
  const float shift = out.cell * 0.4871F;
  for (const Triangle& t : model.mesh.triangles) {
    const Vec3 &a = model.mesh.positions[t[0]], &b = model.mesh.positions[t[1]], &c = model.mesh.positions[t[2]];
    const double area =
        (static_cast<double>(b[0]) - a[0]) * (static_cast<double>(c[2]) - a[2]) - (static_cast<double>(c[0]) - a[0]) * (static_cast<double>(b[2]) - a[2]);
    if (std::abs(area) < 1e-12) continue;
    const auto first = [&](float low, float origin) { return std::max<int64_t>(0, static_cast<int64_t>(std::ceil((low - origin - shift) / out.cell))); };
    const auto last = [&](float high, float origin, int64_t count) {
      return std::min<int64_t>(count - 1, static_cast<int64_t>(std::floor((high - origin - shift) / out.cell)));
    };
    const auto [zl, zh] = std::minmax({a[2], b[2], c[2]});
    const auto [xl, xh] = std::minmax({a[0], b[0], c[0]});
    for (int64_t row = first(zl, z0); row <= last(zh, z0, out.rows); ++row)
      for (int64_t column = first(xl, x0); column <= last(xh, x0, out.columns); ++column) {
        const double x = x0 + shift + static_cast<float>(column) * out.cell, z = z0 + shift + static_cast<float>(row) * out.cell;
        const double u = ((x - a[0]) * (c[2] - a[2]) - (c[0] - a[0]) * (z - a[2])) / area, v = ((b[0] - a[0]) * (z - a[2]) - (x - a[0]) * (b[2] - a[2])) / area;
        if (u < 0 || v < 0 || u + v > 1) continue;
        crossings[static_cast<size_t>(row * out.columns + column)].push_back({static_cast<float>(a[1] + u * (b[1] - a[1]) + v * (c[1] - a[1])), area < 0});
      }
  }
  out.at.reserve(crossings.size());
  for (auto& one : crossings) out.at.push_back(open_places(one));
  return out;
}

}  // namespace

const std::vector<ModelTop>* SceneModel::Tops::find(float x, float z, const Vec3& whole) const {
  const auto column = static_cast<int64_t>(std::floor((x + whole[0] / 2) / cell)), row = static_cast<int64_t>(std::floor((z + whole[2] / 2) / cell));
  if (column < 0 || row < 0 || column >= columns || row >= rows) return nullptr;
  return &at[static_cast<size_t>(row * columns + column)];
}

const SceneModel::Tops& SceneModel::tops() const {
  std::call_once(once_, [this] { tops_ = tops_of(*this); });
  return tops_;
}

Result<std::shared_ptr<const SceneModel>> SceneModels::make(const std::string& kind, const Json& parameters, bool lying, const CancelToken* cancel) {
  const std::string key = kind + parameters.dump() + (lying ? " lying" : "");
  if (const auto found = made_.find(key); found != made_.end()) return found->second;
  PTAH_TRY(const ShapeKind* shape, kinds_->find(kind));
  ShapeOptions options;
  for (const auto& [name, value] : parameters.items()) options.set[name] = expression_of_json(value);
  auto assembly = run_shape(*shape->program, options, cancel);
  if (!assembly) return fail(assembly.error().code, "{}: {}", kind, assembly.error().message);
  PTAH_TRY(std::vector<Solid> solids, solids_of(*assembly, cancel));
  if (solids.empty()) return fail(ErrorCode::invalid_argument, "{}: the cuts leave nothing", kind);
  auto out = std::make_shared<SceneModel>();
  out->kind = kind;
  for (const Solid& solid : solids) {
    auto part = std::find_if(out->parts.begin(), out->parts.end(), [&](const SceneModelPart& p) { return p.material == solid.material; });
    if (part == out->parts.end()) part = out->parts.insert(out->parts.end(), SceneModelPart{solid.material, {}});
    append(part->mesh, solid.mesh);
  }
  if (lying)
    for (SceneModelPart& part : out->parts)
      for (Vec3& p : part.mesh.positions) p = {p[0], p[2], -p[1]};
  centre(*out);
  for (const SceneModelPart& part : out->parts) append(out->mesh, part.mesh);
  find_foot(*out);
  std::vector<Box> boxes;
  for (const Triangle& t : out->mesh.triangles) {
    Box box = Box::empty();
    for (const uint32_t v : t) box.add(out->mesh.positions[v]);
    boxes.push_back(box);
  }
  out->tree = Bvh(boxes);
  digests_[kind] = file_id(as_bytes(shape_text(*shape->program)));
  made_[key] = out;
  return std::shared_ptr<const SceneModel>(out);
}

}  // namespace ptah
