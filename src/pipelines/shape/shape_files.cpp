#include "pipelines/shape/shape_files.h"

#include <algorithm>

#include "geometry/bvh.h"
#include "geometry/simplify.h"
#include "media/mesh/write/mesh_writer.h"
#include "media/obj_scene.h"
#include "shape/scene.h"
#include "shape/texture/textured_scene.h"

namespace ptah {

namespace {

Bytes bytes_of(const std::string& text) { return Bytes(text.begin(), text.end()); }

Colour8 colour_of(const Material& m) {
  const auto byte = [](float v) { return static_cast<uint8_t>(v * 255 + 0.5F); };
  return {byte(m.albedo[0]), byte(m.albedo[1]), byte(m.albedo[2]), byte(m.opacity)};
}

Vec3 shift_of(const ShapeFiles& of) {
  Bounds bounds;
  for (const Solid& solid : of.solids)
    for (const Vec3& p : solid.mesh.positions) bounds.take(p);
  return pivot_shift(bounds.low, bounds.high, of.options.origin());
}

void move(Mesh& mesh, const Vec3& by) {
  if (by == Vec3{}) return;
  for (Vec3& p : mesh.positions) p = p + by;
}

/// The index of a colour, which is added if it is new.
uint32_t index_of(std::vector<Colour8>& colours, const Colour8& colour) {
  const auto found = std::find(colours.begin(), colours.end(), colour);
  const auto index = static_cast<uint32_t>(found - colours.begin());
  if (found == colours.end()) colours.push_back(colour);
  return index;
}

/// Each part a body of its own.
PrintModel parts_model(const ShapeFiles& of) {
  PrintModel model;
  const GlbScene names = glb_scene(of.ready.assembly, of.solids);
  for (size_t i = 0; i < of.solids.size(); ++i) {
    const Mesh& mesh = of.solids[i].mesh;
    const uint32_t colour = index_of(model.colours, colour_of(of.solids[i].material));
    model.bodies.push_back({names.meshes[i].path, mesh, std::vector<uint32_t>(mesh.triangles.size(), colour)});
  }
  return model;
}

/// All parts as one closed body, a colour a triangle.
PrintModel whole_model(const ShapeFiles& of, const WholeSolid& whole) {
  PrintModel model;
  ThreeMfBody body{of.ready.program.name, whole.mesh, {}};
  for (const uint32_t part : whole.part) body.colour.push_back(index_of(model.colours, colour_of(of.ready.assembly.parts[part].material)));
  model.bodies.push_back(std::move(body));
  return model;
}

/// Parts of one colour are one: the first of them.
void join_colours(std::vector<uint32_t>& parts, const Assembly& assembly) {
  std::vector<uint32_t> first(assembly.parts.size());
  for (uint32_t i = 0; i < first.size(); ++i) {
    first[i] = 0;
    while (colour_of(assembly.parts[first[i]].material) != colour_of(assembly.parts[i].material)) ++first[i];
  }
  for (uint32_t& part : parts) part = first[part];
}

/// What printers take.
Result<void> add_printed(Work& work, const ShapeFiles& of, const CancelToken* cancel) {
  const ExportOptions& options = of.options;
  const bool pieces_of_parts = options.split.given() && options.low_poly == 0, whole_stl = of.formats.stl && !options.split.given();
  WholeSolid whole;
  if (whole_stl || !(options.parts || pieces_of_parts)) {
    PTAH_TRY(whole, whole_solid(of.ready.assembly, cancel));
    if (options.low_poly > 0) {
      join_colours(whole.part, of.ready.assembly);
      PTAH_TRY(LabelledMesh reduced, simplify({std::move(whole.mesh), std::move(whole.part)}, static_cast<size_t>(options.low_poly), cancel));
      if (reduced.mesh.triangles.size() > static_cast<size_t>(options.low_poly)) return too_few_triangles(options.low_poly, reduced.mesh.triangles.size());
      whole = {std::move(reduced.mesh), std::move(reduced.label)};
    }
  }
  const bool keep = options.origin() == Pivot::keep;
  const Vec3 shift = shift_of(of);
  if (whole_stl) {
    Mesh mesh = whole.mesh;
    move(mesh, shift);
    if (!keep)
      for (Vec3& p : mesh.positions) p = {p[0], -p[2], p[1]};
    work.files["object.stl"] = encode_stl(keep ? for_printing(std::move(mesh)) : mesh);
  }
  if (!of.formats.three_mf && !options.split.given()) return {};
  // Pieces of the parts know their colours; what was made coarser as one body has them by place.
  PrintModel model = options.parts || pieces_of_parts ? parts_model(of) : whole_model(of, whole);
  model.title = of.ready.program.title.empty() || options.split.given() ? of.ready.program.name : of.ready.program.title;
  for (ThreeMfBody& body : model.bodies) move(body.mesh, shift);
  return add_prints(work.files, "object", std::move(model), options, of.formats, keep, cancel);
}

/// The faces of a solid: quads where it is a primitive that nothing was cut from.
std::vector<PolygonMesh> faces_of(const ShapeFiles& of) {
  std::vector<PolygonMesh> out;
  for (const Part& part : of.ready.assembly.parts) {
    if (part.op == PartOp::cut || out.size() >= of.solids.size()) continue;
    const Solid& solid = of.solids[out.size()];
    if (solid.label != part.label || solid.copy != part.copy) continue;  // nothing was left of it
    PolygonMesh mesh = part.mesh;
    if (triangulated(mesh).triangles != solid.mesh.triangles) {
      mesh = {solid.mesh.positions, {}};
      for (const auto& [a, b, c] : solid.mesh.triangles) mesh.triangle(a, b, c);
    }
    out.push_back(std::move(mesh));
  }
  return out;
}

/// Parts as OBJ has them.
Result<void> add_obj(Work& work, const ShapeFiles& of) {
  const GlbScene scene = glb_scene(of.ready.assembly, of.solids);
  std::vector<ObjPart> parts;
  for (PolygonMesh& mesh : faces_of(of)) {
    const SceneMesh& node = scene.meshes[parts.size()];
    parts.push_back({node.path, std::move(mesh), node.material});
  }
  PTAH_TRY(const ObjFiles files, encode_obj(parts, scene.materials, "object", of.millimetres));
  work.files["object.obj"] = bytes_of(files.obj);
  work.files["object.mtl"] = bytes_of(files.mtl);
  return {};
}

Bytes ply_of(const ShapeFiles& of) {
  TexturedMesh all;
  for (const Solid& solid : of.solids) {
    const ShadedMesh one = shaded(solid.mesh);
    const auto base = static_cast<uint32_t>(all.positions.size());
    all.positions.insert(all.positions.end(), one.positions.begin(), one.positions.end());
    all.normals.insert(all.normals.end(), one.normals.begin(), one.normals.end());
    for (const auto& [a, b, c] : one.triangles) all.triangles.push_back({a + base, b + base, c + base});
  }
  all.uvs.resize(all.positions.size());
  return encode_ply(all, of.millimetres);
}

/// The quads of a primitive in its shaded mesh, whose triangles are those of its faces in their order.
void take_polygons(SceneMesh& node, const PolygonMesh& faces) {
  size_t t = 0;
  for (const auto& face : faces.faces) {
    const bool quad = face[2] != face[3];
    node.polygons.sizes.push_back(quad ? 4 : 3);
    for (size_t corner = 0; corner < (quad ? 4U : 3U); ++corner)
      for (size_t u = t; u < t + (quad ? 2U : 1U); ++u) {
        const Triangle& triangle = node.mesh.triangles[u];
        const auto found = std::find_if(triangle.begin(), triangle.end(), [&](uint32_t v) { return node.mesh.positions[v] == faces.positions[face[corner]]; });
        if (found == triangle.end()) continue;
        node.polygons.corners.push_back(*found);
        break;
      }
    t += quad ? 2 : 1;
  }
}

/// OBJ, PLY and USDZ with quads; OBJ and PLY about another origin: as scenes, with colours in PLY.
Result<void> add_scene_files(Work& work, const ShapeFiles& of) {
  GlbScene scene = glb_scene(of.ready.assembly, of.solids);
  if (of.options.quads) {
    const std::vector<PolygonMesh> faces = faces_of(of);
    for (size_t i = 0; i < faces.size(); ++i)
      if (std::any_of(faces[i].faces.begin(), faces[i].faces.end(), [](const auto& f) { return f[2] != f[3]; })) take_polygons(scene.meshes[i], faces[i]);
    make_quads(scene);
  }
  move_scene(scene, shift_of(of));
  for (const auto& [format, wanted] : {std::pair{"obj", of.formats.obj}, {"ply", of.formats.ply}, {"usdz", of.formats.usdz && of.options.quads}}) {
    if (!wanted) continue;
    PTAH_TRY(const MeshFormat* found, find_mesh_format(format));
    PTAH_TRY(const auto files, encode_mesh_scene(scene, *found, "object", nullptr, {.polygons = of.options.quads, .millimetres = of.millimetres}));
    for (const auto& [name, bytes] : files) work.files[name] = bytes;
  }
  return {};
}

/// The parts with their materials, about the origin that is wanted; baked on an atlas if that is asked for.
Result<GlbScene> parts_scene(const ShapeFiles& of, const CancelToken* cancel) {
  GlbScene scene;
  if (of.texture > 0) {
    PTAH_TRY(TexturedScene textured, textured_scene(of.ready.assembly, of.solids, of.texture, {}, cancel));
    scene = std::move(textured.scene);
  } else {
    scene = glb_scene(of.ready.assembly, of.solids);
  }
  if (of.options.origin() != Pivot::keep) move_scene(scene, shift_of(of));
  return scene;
}

Result<void> add_usdz(Work& work, const ShapeFiles& of, const CancelToken* cancel) {
  PTAH_TRY(const GlbScene scene, parts_scene(of, cancel));
  PTAH_TRY(const MeshFormat* format, find_mesh_format("usdz"));
  PTAH_TRY(const auto files, encode_mesh_scene(scene, *format, "object", nullptr, {}));
  for (const auto& [name, bytes] : files) work.files[name] = bytes;
  return {};
}

Result<void> add_glb(Work& work, const Json& core, const ShapeFiles& of, const CancelToken* cancel) {
  PTAH_TRY(GlbScene scene, parts_scene(of, cancel));
  PTAH_TRY_VOID(add_game_nodes(scene, of.options, cancel));
  PTAH_TRY(work.files["object.glb"], encode_glb(scene, receipt_inside(core)));
  return {};
}

}  // namespace

Result<void> reduce_solids(std::vector<Solid>& solids, int64_t target, const CancelToken* cancel) {
  LabelledMesh all;
  for (uint32_t i = 0; i < solids.size(); ++i) {
    const auto base = static_cast<uint32_t>(all.mesh.positions.size());
    all.mesh.positions.insert(all.mesh.positions.end(), solids[i].mesh.positions.begin(), solids[i].mesh.positions.end());
    for (const auto& [a, b, c] : solids[i].mesh.triangles) all.mesh.triangles.push_back({a + base, b + base, c + base}), all.label.push_back(i);
  }
  if (all.label.size() <= static_cast<size_t>(target)) return {};
  PTAH_TRY(const LabelledMesh reduced, simplify(all, static_cast<size_t>(target), cancel));
  if (reduced.label.size() > static_cast<size_t>(target)) return too_few_triangles(target, reduced.label.size());
  for (Solid& solid : solids) solid.mesh = {};
  std::vector<uint32_t> index(reduced.mesh.positions.size(), ~uint32_t{0});
  for (size_t t = 0; t < reduced.label.size(); ++t) {
    Mesh& mesh = solids[reduced.label[t]].mesh;
    Triangle triangle{};
    for (size_t i = 0; i < 3; ++i) {
      uint32_t& at = index[reduced.mesh.triangles[t][i]];
      if (at == ~uint32_t{0}) {
        at = static_cast<uint32_t>(mesh.positions.size());
        mesh.positions.push_back(reduced.mesh.positions[reduced.mesh.triangles[t][i]]);
      }
      triangle[i] = at;
    }
    mesh.triangles.push_back(triangle);
  }
  return {};
}

Result<void> add_shape_files(Work& work, const Json& core, const ShapeFiles& of, const CancelToken* cancel) {
  if (of.formats.glb) PTAH_TRY_VOID(add_glb(work, core, of, cancel));
  if (of.options.quads || of.options.origin() != Pivot::keep) {
    PTAH_TRY_VOID(add_scene_files(work, of));
  } else {
    if (of.formats.obj) PTAH_TRY_VOID(add_obj(work, of));
    if (of.formats.ply) work.files["object.ply"] = ply_of(of);
  }
  if (of.formats.usdz && !of.options.quads) PTAH_TRY_VOID(add_usdz(work, of, cancel));
  if (of.formats.stl || of.formats.three_mf) PTAH_TRY_VOID(add_printed(work, of, cancel));
  return {};
}

}  // namespace ptah
