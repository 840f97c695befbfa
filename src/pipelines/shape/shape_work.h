// From a shape program to a work: solids, a picture of them, and files for games and printers.
#pragma once

#include "pipelines/mesh/export_options.h"
#include "pipelines/object.h"
#include "shape/library.h"

namespace ptah {

/// Which files a shape gets besides its program and its receipt.
struct ShapeFormats {
  bool png = true, glb = true, obj = false, ply = false, stl = false, three_mf = false, usdz = false, scad = false, json = false;
};
/// From a list such as "png,glb,3mf". Errors: invalid_argument.
Result<ShapeFormats> parse_shape_formats(const std::string& list);
/// The inverse.
std::string text_of(const ShapeFormats& formats);
template <>
struct FieldTraits<ShapeFormats> {
  static constexpr FieldKind kKind = FieldKind::text;
  static Json to_json(const ShapeFormats& formats) { return text_of(formats); }
  static ShapeFormats from_json(const Json& json) { return value_or_throw(parse_shape_formats(json.get<std::string>())); }
};

/// All that can be asked of `shape`.
struct ShapeTask {
  std::string program;           ///< its text
  std::vector<std::string> set;  ///< "NAME=VALUE" for each parameter that is to be another
  float detail = 1;              ///< factor on the number of segments of round surfaces
  int64_t size = 512;            ///< edge of the picture in pixels
  int64_t texture = 0;           ///< edge of the atlas in texels that the materials are baked on; 0: plain colours
  ShapeFormats formats = {};
  ExportOptions output = {};  ///< of the files of meshes
};
const SchemaOf<ShapeTask>& shape_schema();
/// What a receipt calls a work of a program.
inline constexpr const char* kShapeKind = "shape";

/// The values that "NAME=VALUE" mean. Errors: invalid_argument.
Result<std::map<std::string, ShapeExpr>> shape_values(const std::vector<std::string>& set);

/// A task whose program is read and run.
struct ReadyShape {
  ShapeProgram program;
  ShapeOptions options;
  Assembly assembly;
  Json library = Json::object();  ///< the digest of each shape that was used
};
/// The library is found only for programs that use it. Errors: as parse_shape and run_shape; not_found (the library).
Result<ReadyShape> ready_shape(const ShapeTask& task, const CancelToken* cancel = nullptr);

/// The library is found only for programs that use it. Errors: as parse_shape, run_shape and solids_of; not_found (the library).
Result<Work> shape_work(const ShapeTask& task, const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr);
/// What a receipt asks for. Errors: corrupt.
Result<ShapeTask> shape_task(const Json& receipt);
/// Errors: also mismatch, if a shape of the library is another one than then.
Result<Work> replay_shape(const Json& receipt, const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr);
/// What it takes: the program is run, nothing is cut or written.
Result<Plan> plan_shape(const ShapeTask& task);

/// The object's files of another work, of a program: object.glb and others, preview.png (512 x 512 pixels), and object.shape. Puts the program, the route and
/// the digests of the library's shapes into `core` first. `size_mm` and `height_mm` 0: real sizes. Errors: those of run_shape.
Result<void> add_shape_object(Work& work, Json& core, const std::string& program, const ObjectRequest& request, const Formats& formats,
                              const ProgressCallback& progress = {}, const CancelToken* cancel = nullptr);
/// A picture of a program's object, from before and above, with its shadow on a transparent background, `size` × `size` pixels. Puts the program, the route and
/// the digests of the library's shapes into `core`. Errors: those of run_shape.
Result<Image> shape_picture(Json& core, const std::string& program, int64_t size, const CancelToken* cancel = nullptr);

}  // namespace ptah
