// What people ask for of the files of an object, whatever made it.
#pragma once

#include "media/mesh/edit/scene_edit.h"
#include "media/glb_scene.h"
#include "media/mesh/print/print_model.h"
#include "schema/schema.h"

namespace ptah {

/// Colours as "#rrggbb,#rrggbb"; empty for none.
struct Palette {
  std::vector<Colour8> colours;
};
template <>
struct FieldTraits<Palette> {
  static constexpr FieldKind kKind = FieldKind::text;
  static Json to_json(const Palette& palette) { return text_of_palette(palette.colours); }
  static Palette from_json(const Json& json) {
    const auto text = json.get<std::string>();
    return {text.empty() ? std::vector<Colour8>{} : value_or_throw(parse_palette(text))};
  }
};

/// The room of a printer in millimetres: right, back, up; zeros for none.
struct BedSize {
  std::array<double, 3> mm{};
  bool given() const { return mm[0] > 0; }
};
/// "220,220,250". Errors: invalid_argument for anything but three numbers from 1 to 100000.
Result<BedSize> parse_bed(const std::string& text);
std::string text_of(const BedSize& bed);
template <>
struct FieldTraits<BedSize> {
  static constexpr FieldKind kKind = FieldKind::text;
  static Json to_json(const BedSize& bed) { return text_of(bed); }
  static BedSize from_json(const Json& json) {
    const auto text = json.get<std::string>();
    return text.empty() ? BedSize{} : value_or_throw(parse_bed(text));
  }
};

/// Without any of them files are what they were before there were options.
struct ExportOptions {
  int64_t low_poly = 0;  ///< at most so many triangles; 0: as many as there are
  bool quads = false;
  bool lod = false;
  std::string collider = "none";
  std::string pivot = "keep";
  bool parts = false;
  Palette palette = {};
  int64_t print_colours = 0;
  BedSize split = {};

  Pivot origin() const { return pivot == "base" ? Pivot::base : pivot == "centre" ? Pivot::centre : Pivot::keep; }
  Collider solid() const { return collider == "box" ? Collider::box : collider == "hull" ? Collider::hull : Collider::none; }
  /// Whether the files for printers are other than they would be without.
  bool prints() const { return parts || !palette.colours.empty() || print_colours > 0 || split.given(); }
};

/// Which of the formats that matter to the options are written.
struct ExportFormats {
  bool glb = false, obj = false, ply = false, stl = false, three_mf = false, usdz = false;
};
/// Errors: invalid_argument for an option that none of the formats can hold, with those that can.
Result<void> check_export(const ExportOptions& options, const ExportFormats& formats);

/// The fields of the options that every object has, in any request that has them.
template <class O, class Visit>
void game_fields(O& o, const Visit& visit) {
  visit(Field{.name = "low_poly",
              .help = "at most so many triangles, in each file; 0: as many as there are",
              .unit = "triangles",
              .range = {4, 10000000},
              .since = "0.3.0",
              .absent = 0},
        o.low_poly);
  visit(Field{.name = "lod",
              .help = "four levels of detail in the GLB, each of at most half the triangles of the one before: nodes NAME_LOD0 to NAME_LOD3",
              .since = "0.3.0",
              .absent = false},
        o.lod);
  visit(Field{.name = "collider",
              .help = "a node NAME_collider in the GLB for simulations: the box around all, or the convex hull",
              .choices = {"none", "box", "hull"},
              .since = "0.3.0",
              .absent = "none"},
        o.collider);
  visit(Field{.name = "pivot",
              .help = "where the origin lies: where it is, at the middle of the underside, or at the middle of the box",
              .choices = {"keep", "base", "centre"},
              .since = "0.3.0",
              .absent = "keep"},
        o.pivot);
}

/// All of them.
template <class O, class Visit>
void export_fields(O& o, const Visit& visit) {
  game_fields(o, visit);
  visit(Field{.name = "quads", .help = "faces of four corners in OBJ and PLY; GLB, STL and 3MF have triangles only", .since = "0.3.0", .absent = false},
        o.quads);
  visit(Field{.name = "parts", .help = "each part an object of its own, in 3MF as components of one object", .since = "0.3.0", .absent = false}, o.parts);
  visit(Field{.name = "palette",
              .help = "colours that a 3MF may have, as \"#rrggbb,#rrggbb\", or a file of such colours or of a GIMP palette",
              .unit = "COLOURS",
              .max_bytes = 65536,
              .since = "0.3.0",
              .absent = "",
              .text_or_file = '#'},
        o.palette);
  visit(Field{.name = "print_colours", .help = "at most so many colours in a 3MF; 0: as many as there are", .range = {1, 256}, .since = "0.3.0", .absent = 0},
        o.print_colours);
  visit(Field{.name = "split",
              .help = "cut what is for printers into closed pieces that fit into this room, in millimetres: width, depth, height",
              .unit = "X,Y,Z",
              .since = "0.3.0",
              .absent = ""},
        o.split);
}

/// A scene's origin, triangles, levels and collider as GLB has them; notes what could not be. `name` is that of the nodes. Errors: those of scene_edit.h;
/// invalid_argument where `low_poly` cannot be reached.
Result<void> edit_scene(MeshScene& scene, const ExportOptions& options, const CancelToken* cancel = nullptr);
Result<void> add_game_nodes(MeshScene& scene, const ExportOptions& options, const CancelToken* cancel = nullptr);
/// What a GLB of several nodes has inside: a receipt with the digests of its binary chunk and of its JSON.
SceneExtras receipt_inside(const Json& core);
/// The message that so few triangles cannot be.
tl::unexpected<Error> too_few_triangles(int64_t asked, size_t possible);

/// The files for printers: NAME.stl, or NAME-1.stl and on where it is split; NAME.3mf. `on_floor`: together on z = 0. Errors: those of print_model.h.
Result<void> add_prints(std::map<std::string, Bytes>& files, const std::string& name, PrintModel model, const ExportOptions& options,
                        const ExportFormats& formats, bool on_floor, const CancelToken* cancel = nullptr);

}  // namespace ptah
