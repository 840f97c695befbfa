// Parts that are cut, and all parts as one solid.
#include <algorithm>

#include "geometry/boolean.h"
#include "shape/assembly.h"

namespace ptah {

namespace {

bool overlap(const Bounds& a, const Bounds& b) {
  for (size_t i = 0; i < 3; ++i)
    if (a.low[i] > b.high[i] || b.low[i] > a.high[i]) return false;
  return true;
}

/// For each part that is added: the cuts that reach it.
std::vector<std::vector<uint32_t>> cutters_of(const Assembly& assembly) {
  std::vector<Bounds> bounds;
  std::vector<uint32_t> cutters;
  for (uint32_t i = 0; i < assembly.parts.size(); ++i) {
    bounds.push_back(assembly.parts[i].bounds());
    if (assembly.parts[i].op == PartOp::cut) cutters.push_back(i);
  }
  std::vector<std::vector<uint32_t>> out(assembly.parts.size());
  for (const uint32_t cutter : cutters)
    for (uint32_t i = assembly.parts[cutter].first; i < cutter; ++i)
      if (assembly.parts[i].op != PartOp::cut && cuts(assembly.parts[cutter], cutter, i) && overlap(bounds[cutter], bounds[i])) out[i].push_back(cutter);
  return out;
}

}  // namespace

namespace {

/// The meshes of parts and, behind them, of their fillets.
struct Operands {
  std::vector<Mesh> meshes;
  std::vector<uint32_t> part;  ///< whose each is

  void add(const Assembly& assembly, const std::vector<Fillet>& fillets, uint32_t index) {
    meshes.push_back(triangulated(assembly.parts[index].mesh));
    part.push_back(index);
    for (const Fillet& fillet : fillets)
      if (fillet.part == index) meshes.push_back(fillet.mesh), part.push_back(index);
  }
};

}  // namespace

Result<std::vector<Solid>> solids_of(const Assembly& assembly, const CancelToken* cancel) {
  const auto cutters = cutters_of(assembly);
  PTAH_TRY(const std::vector<Fillet> fillets, fillets_of(assembly, cancel));
  std::vector<Solid> out;
  for (uint32_t i = 0; i < assembly.parts.size(); ++i) {
    const Part& part = assembly.parts[i];
    if (part.op == PartOp::cut) continue;
    if (cancel) PTAH_TRY_VOID(cancel->check());
    Operands operands;
    operands.add(assembly, fillets, i);
    const size_t own = operands.meshes.size();
    for (const uint32_t cutter : cutters[i]) operands.add(assembly, fillets, cutter);
    Solid solid{part.label, part.copy, part.material, std::move(operands.meshes[0])};
    if (operands.meshes.size() > 1) {
      operands.meshes[0] = std::move(solid.mesh);
      const auto inside = [own](std::span<const uint8_t> in) { return in_any(in.first(own)) && !in_any(in.subspan(own)); };
      PTAH_TRY(BooleanResult cut, boolean_mesh(operands.meshes, inside, {}, cancel));
      if (cut.mesh.triangles.empty()) continue;
      solid.mesh = std::move(cut.mesh);
    }
    out.push_back(std::move(solid));
  }
  return out;
}

Result<WholeSolid> whole_solid(const Assembly& assembly, const CancelToken* cancel) {
  const auto cutters = cutters_of(assembly);
  PTAH_TRY(const std::vector<Fillet> fillets, fillets_of(assembly, cancel));
  Operands operands;  // parts come first, in their order, so that coincident surfaces belong to them
  for (const Part& part : assembly.parts)
    operands.meshes.push_back(triangulated(part.mesh)), operands.part.push_back(static_cast<uint32_t>(operands.part.size()));
  for (const Fillet& fillet : fillets) operands.meshes.push_back(fillet.mesh), operands.part.push_back(fillet.part);
  const size_t parts = assembly.parts.size();
  const auto inside = [&](std::span<const uint8_t> in) {
    std::vector<uint8_t> filled;
    if (!fillets.empty()) {
      filled.assign(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(parts));
      for (size_t k = parts; k < in.size(); ++k) filled[operands.part[k]] |= in[k];
      in = filled;
    }
    for (size_t i = 0; i < parts; ++i)
      if (in[i] && assembly.parts[i].op != PartOp::cut && std::none_of(cutters[i].begin(), cutters[i].end(), [&](uint32_t c) { return in[c] != 0; }))
        return true;
    return false;
  };
  PTAH_TRY(BooleanResult whole, boolean_mesh(operands.meshes, inside, {}, cancel));
  if (whole.mesh.triangles.empty()) return fail(ErrorCode::invalid_argument, "{}: the cuts leave nothing", assembly.name);
  for (uint32_t& source : whole.source) source = operands.part[source];
  // What a cut lays bare belongs to the part that was cut: the nearest one before it that reaches there.
  for (uint32_t& source : whole.source)
    if (assembly.parts[source].op == PartOp::cut) {
      uint32_t owner = source;
      while (owner > 0 && !(assembly.parts[owner].op != PartOp::cut && cuts(assembly.parts[source], source, owner))) --owner;
      source = owner;
    }
  return WholeSolid{std::move(whole.mesh), std::move(whole.source)};
}

}  // namespace ptah
