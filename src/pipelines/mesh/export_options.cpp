#include "pipelines/mesh/export_options.h"

#include <charconv>

#include "base/text.h"
#include "geometry/bvh.h"
#include "media/mesh_files.h"
#include "work/receipt.h"

namespace ptah {

namespace {

constexpr double kMaxBed = 100000;

tl::unexpected<Error> no_format(const char* field, const char* formats) {
  return fail_field(field, ErrorCode::invalid_argument, "`{}` has a meaning for {} alone; none of these is made", field, formats);
}

}  // namespace

Result<BedSize> parse_bed(const std::string& text) {
  BedSize out;
  size_t at = 0;
  for (size_t i = 0; i < 3; ++i) {
    const size_t end = std::min(text.find(',', at), text.size());
    const std::string one(trimmed(std::string_view(text).substr(std::min(at, text.size()), end - std::min(at, end))));
    const auto [stop, problem] = std::from_chars(one.data(), one.data() + one.size(), out.mm[i]);
    const bool last = i == 2;
    if (problem != std::errc{} || stop != one.data() + one.size() || !(out.mm[i] >= 1 && out.mm[i] <= kMaxBed) || (end == text.size()) != last)
      return fail_field("split", ErrorCode::invalid_argument, "`split` '{}': expected three lengths in millimetres, 1 to 100000, e.g. 220,220,250",
                        printable(text, 60));
    at = end + 1;
  }
  return out;
}

std::string text_of(const BedSize& bed) { return bed.given() ? fmt::format("{},{},{}", bed.mm[0], bed.mm[1], bed.mm[2]) : ""; }

Result<void> check_export(const ExportOptions& options, const ExportFormats& formats) {
  if (options.quads && !formats.obj && !formats.ply && !formats.usdz) return no_format("quads", "OBJ, PLY and USDZ");
  if (options.lod && !formats.glb) return no_format("lod", "GLB");
  if (options.collider != "none" && !formats.glb) return no_format("collider", "GLB");
  if (!options.palette.colours.empty() && !formats.three_mf) return no_format("palette", "3MF");
  if (options.print_colours > 0 && !formats.three_mf) return no_format("print_colours", "3MF");
  if (options.split.given() && !formats.stl && !formats.three_mf) return no_format("split", "STL and 3MF");
  return {};
}

tl::unexpected<Error> too_few_triangles(int64_t asked, size_t possible) {
  return fail_field("low_poly", ErrorCode::invalid_argument,
                    "`low_poly` {}: no part, border of a material or seam of a texture is given up, which takes {} triangles", asked, possible);
}

SceneExtras receipt_inside(const Json& core) {
  return [core](std::span<const uint8_t> body, const std::string& document) {
    Json inside = core;
    inside["body"] = file_id(body);
    inside["document"] = file_id(as_bytes(document));
    return canonical_json(Json{{"ptah", inside}});
  };
}

Result<void> edit_scene(MeshScene& scene, const ExportOptions& options, const CancelToken* cancel) {
  if (options.low_poly > 0) {
    PTAH_TRY(const size_t count, reduce_scene(scene, static_cast<size_t>(options.low_poly), cancel));
    if (count > static_cast<size_t>(options.low_poly)) return too_few_triangles(options.low_poly, count);
  }
  std::vector<Vec3> positions;
  for (const SceneMesh& m : scene.meshes) positions.insert(positions.end(), m.mesh.positions.begin(), m.mesh.positions.end());
  if (const Pivot pivot = options.origin(); pivot != Pivot::keep && !positions.empty()) {
    const Box box = Box::of(positions);
    move_scene(scene, pivot_shift(box.low, box.high, pivot));
  }
  return {};
}

Result<void> add_game_nodes(MeshScene& scene, const ExportOptions& options, const CancelToken* cancel) {
  MeshScene collider{scene.name, {}, {}, {}, {}};
  if (options.solid() != Collider::none) {
    collider = scene;
    PTAH_TRY_VOID(add_collider(collider, scene.name, options.solid(), cancel));
  }
  if (options.lod) PTAH_TRY_VOID(add_levels(scene, scene.name, cancel));
  if (options.solid() != Collider::none) {
    scene.materials = collider.materials;
    scene.meshes.push_back(collider.meshes.back());
  }
  return {};
}

Result<void> add_prints(std::map<std::string, Bytes>& files, const std::string& name, PrintModel model, const ExportOptions& options,
                        const ExportFormats& formats, bool on_floor, const CancelToken* cancel) {
  if (formats.three_mf) reduce_colours(model, options.palette.colours, static_cast<size_t>(options.print_colours));
  const auto pieces = [&](bool parts) -> Result<PrintModel> {
    const auto metres = [&](size_t i) { return static_cast<float>(options.split.mm[i] / 1000); };
    auto made = split_model(model, {metres(0), metres(2), metres(1)}, parts, cancel);
    if (!made && made.error().code == ErrorCode::invalid_argument) return fail_field("split", ErrorCode::invalid_argument, "`split`: {}", made.error().message);
    return made;
  };
  if (options.split.given()) {
    PrintModel split;
    if (formats.stl || !options.parts) {
      PTAH_TRY(split, pieces(false));  // an STL has no parts
    }
    for (size_t i = 0; formats.stl && i < split.bodies.size(); ++i) {
      Mesh piece = split.bodies[i].mesh;
      for (Vec3& p : piece.positions) p = {p[0], -p[2], p[1]};
      files[fmt::format("{}-{}.stl", name, i + 1)] = encode_stl(piece);
    }
    if (formats.three_mf && options.parts) {
      PTAH_TRY(split, pieces(true));
    }
    model = std::move(split);
    on_floor = false;  // each piece stands there already
  }
  if (formats.three_mf) {
    PTAH_TRY(files[name + ".3mf"], encode_3mf(model.title.empty() ? name : model.title, model.colours, model.bodies, on_floor, options.parts));
  }
  return {};
}

}  // namespace ptah
