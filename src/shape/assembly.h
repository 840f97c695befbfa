// An assembly: named parts with places, materials and operations. Programs expand to it; meshes, files and pictures are made of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/progress.h"
#include "geometry/primitives.h"
#include "shape/material.h"

namespace ptah {

/// A rotation, mirroring or scaling, and a translation: p ↦ rows · p + move. Metres, y up, front +z.
struct Affine {
  std::array<Vec3, 3> rows{{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  Vec3 move{};
  Vec3 operator()(const Vec3& p) const { return Vec3{dot(rows[0], p), dot(rows[1], p), dot(rows[2], p)} + move; }
  /// First `inner`, then this.
  Affine after(const Affine& inner) const;
  bool mirrors() const { return dot(rows[0], cross(rows[1], rows[2])) < 0; }
};

struct Bounds {
  Vec3 low{1e30F, 1e30F, 1e30F}, high{-1e30F, -1e30F, -1e30F};
  void take(const Vec3& p);
  void take(const Bounds& other);
  bool empty() const { return low[0] > high[0]; }
  Vec3 size() const { return high - low; }
  Vec3 centre() const { return (low + high) * 0.5F; }
};

enum class PartOp : uint8_t { add, cut };

/// A fillet between a part and what stands before it.
struct PartBlend {
  float radius = 0;             ///< metres
  float step = 0;               ///< cells of the fillet's surface, metres
  uint32_t first = 0, end = 0;  ///< the parts with which it blends: from the first on, before the end
};

/// One solid of an assembly.
struct Part {
  std::string label;      ///< e.g. "leg", within groups and used shapes "chair/leg"
  std::string primitive;  ///< "box", "lathe" …: what the mesh was made of
  int copy = 0;           ///< which of the copies that a modifier made
  PolygonMesh mesh;       ///< closed, in place
  Material material;
  PartOp op = PartOp::add;
  uint32_t first = 0;             ///< of a cut: it acts on the parts from this index up to its own
  std::vector<uint32_t> targets;  ///< of a cut that names its targets: only on these
  std::vector<PartBlend> blends;  ///< none: it stands there as it is
  Bounds bounds() const;
};

struct Assembly {
  std::string name, title;
  std::vector<Part> parts;
  std::vector<std::pair<std::string, double>> numbers;  ///< parameters that are numbers, as they were set
  Bounds bounds() const;                                ///< of what is added
};

/// A part as it is once what cuts it was cut off.
struct Solid {
  std::string label;
  int copy = 0;
  Material material;
  Mesh mesh;
};

/// Whether the cut `cutter` takes something off the part `index`.
bool cuts(const Part& cutter, uint32_t cutter_index, uint32_t index);

/// What a blend adds to a part: closed, and beyond the surface of the fillet within the solids that it joins (geometry/field/blend.h).
struct Fillet {
  uint32_t part = 0;
  Mesh mesh;
};
/// The fillets of all blends, by their parts' order, with what they join as it is where the blend stands: with the cuts and fillets before it.
/// Errors: over_budget, naming the part, if a radius is too small for its seam; cancelled.
Result<std::vector<Fillet>> fillets_of(const Assembly& assembly, const CancelToken* cancel = nullptr);

/// The parts that are added, one solid each, with their fillets and cuts. Parts that nothing is left of are left out. Errors: over_budget, cancelled.
Result<std::vector<Solid>> solids_of(const Assembly& assembly, const CancelToken* cancel = nullptr);

/// All of it as one closed solid, as printers need it; `material_of[t]` is the index of the part that triangle t shows. Errors: invalid_argument if nothing is
/// left, over_budget, cancelled.
struct WholeSolid {
  Mesh mesh;
  std::vector<uint32_t> part;
};
Result<WholeSolid> whole_solid(const Assembly& assembly, const CancelToken* cancel = nullptr);

}  // namespace ptah
