// What blends add to their parts.
#include <algorithm>

#include "geometry/boolean.h"
#include "geometry/field/blend.h"
#include "geometry/field/mesh_distance.h"
#include "shape/assembly.h"

namespace ptah {

namespace {

Box box_of(const Mesh& mesh) { return Box::of(mesh.positions); }

class Fillets {
 public:
  Fillets(const Assembly& assembly, const CancelToken* cancel) : assembly_(assembly), cancel_(cancel) {}

  Result<std::vector<Fillet>> run() {
    for (uint32_t i = 0; i < assembly_.parts.size(); ++i)
      for (const PartBlend& blend : assembly_.parts[i].blends) {
        // The part and its fillets so far; a later blend of a group acts on those within the group too.
        PTAH_TRY(const Mesh own, standing(i, i));
        for (uint32_t j = blend.first; j < std::min(blend.end, i); ++j) {
          if (!joins(j, i) || !near(assembly_.parts[j].bounds(), assembly_.parts[i].bounds(), blend.radius)) continue;
          PTAH_TRY(const Mesh other, standing(j, i));
          PTAH_TRY_VOID(add(i, own, other, blend));
        }
      }
    return std::move(out_);
  }

 private:
  /// Parts that are cut out together blend with each other.
  bool joins(uint32_t other, uint32_t part) const {
    const Part &a = assembly_.parts[other], &b = assembly_.parts[part];
    return a.op == b.op && (a.op == PartOp::add || a.first == b.first);
  }
  static bool near(const Bounds& a, const Bounds& b, float radius) {
    for (size_t k = 0; k < 3; ++k)
      if (a.low[k] > b.high[k] + radius || b.low[k] > a.high[k] + radius) return false;
    return true;
  }

  /// A part as it is before part `end` comes.
  Result<Mesh> standing(uint32_t part, uint32_t end) const {
    std::vector<Mesh> operands{triangulated(assembly_.parts[part].mesh)};
    for (const Fillet& fillet : out_)
      if (fillet.part == part) operands.push_back(fillet.mesh);
    const size_t own = operands.size();
    if (assembly_.parts[part].op == PartOp::add)
      for (uint32_t c = part + 1; c < end; ++c) {
        if (!cuts(assembly_.parts[c], c, part)) continue;
        operands.push_back(triangulated(assembly_.parts[c].mesh));
        for (const Fillet& fillet : out_)
          if (fillet.part == c) operands.push_back(fillet.mesh);
      }
    if (operands.size() == 1) return std::move(operands[0]);
    const auto inside = [own](std::span<const uint8_t> in) { return in_any(in.first(own)) && !in_any(in.subspan(own)); };
    PTAH_TRY(BooleanResult made, boolean_mesh(operands, inside, {}, cancel_));
    return std::move(made.mesh);
  }

  Result<void> add(uint32_t part, const Mesh& own, const Mesh& other, const PartBlend& blend) {
    if (own.triangles.empty() || other.triangles.empty()) return {};
    const MeshDistance to_own(own), to_other(other);
    auto mesh = fillet_mesh([&](const Vec3& p) { return to_own.at(p); }, box_of(own), [&](const Vec3& p) { return to_other.at(p); }, box_of(other),
                            blend.radius, blend.step, cancel_);
    if (!mesh) return fail(mesh.error().code, "the blend of '{}': {}", assembly_.parts[part].label, mesh.error().message);
    if (!mesh->triangles.empty()) out_.push_back({part, std::move(*mesh)});
    return {};
  }

  const Assembly& assembly_;
  const CancelToken* cancel_;
  std::vector<Fillet> out_;
};

}  // namespace

bool cuts(const Part& cutter, uint32_t cutter_index, uint32_t index) {
  if (cutter.op != PartOp::cut || index < cutter.first || index >= cutter_index) return false;
  return cutter.targets.empty() || std::find(cutter.targets.begin(), cutter.targets.end(), index) != cutter.targets.end();
}

Result<std::vector<Fillet>> fillets_of(const Assembly& assembly, const CancelToken* cancel) { return Fillets(assembly, cancel).run(); }

}  // namespace ptah
