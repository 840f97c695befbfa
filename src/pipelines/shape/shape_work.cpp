#include "pipelines/shape/shape_work.h"

#include <algorithm>
#include <cmath>

#include "base/budget.h"
#include "base/text.h"
#include "pipelines/shape/shape_files.h"
#include "shape/program/openscad.h"
#include "shape/scene.h"

namespace ptah {

namespace {

struct FormatName {
  const char* name;
  bool ShapeFormats::*member;
};
constexpr std::array<FormatName, 9> kFormats{{{"png", &ShapeFormats::png},
                                              {"glb", &ShapeFormats::glb},
                                              {"obj", &ShapeFormats::obj},
                                              {"ply", &ShapeFormats::ply},
                                              {"stl", &ShapeFormats::stl},
                                              {"3mf", &ShapeFormats::three_mf},
                                              {"usdz", &ShapeFormats::usdz},
                                              {"scad", &ShapeFormats::scad},
                                              {"json", &ShapeFormats::json}}};

Bytes text_bytes(const std::string& text) { return Bytes(text.begin(), text.end()); }

ExportFormats export_formats(const ShapeFormats& f) { return {.glb = f.glb, .obj = f.obj, .ply = f.ply, .stl = f.stl, .three_mf = f.three_mf, .usdz = f.usdz}; }

}  // namespace

Result<ShapeFormats> parse_shape_formats(const std::string& list) {
  ShapeFormats out{.png = false, .glb = false};
  for (size_t at = 0; at <= list.size();) {
    const size_t end = std::min(list.find(',', at), list.size());
    const std::string name = lower_case(std::string(trimmed(list.substr(at, end - at))));
    const auto found = std::find_if(kFormats.begin(), kFormats.end(), [&](const FormatName& f) { return name == f.name; });
    if (found == kFormats.end()) return unknown_name("format", name, "png glb obj ply stl 3mf usdz scad json");
    out.*found->member = true;
    at = end + 1;
  }
  return out;
}

std::string text_of(const ShapeFormats& formats) {
  std::string out;
  for (const FormatName& f : kFormats)
    if (formats.*f.member) {
      if (!out.empty()) out += ",";
      out += f.name;
    }
  return out;
}

template <class T, class Visit>
requires std::same_as<std::remove_const_t<T>, ShapeTask>
void fields(T& t, const Visit& visit) {
  visit(Field{.name = "program",
              .help = "file of the shape (.shape; - for standard input), or the name of one that comes along",
              .unit = "FILE",
              .max_bytes = kMaxShapeBytes,
              .since = "0.3.0",
              .positional = true,
              .required = true,
              .text_of_file = true},
        t.program);
  visit(Field{.name = "set", .help = "another value for a parameter", .unit = "NAME=VALUE", .since = "0.3.0"}, t.set);
  visit(Field{.name = "detail", .help = "factor on the number of segments of round surfaces", .range = {0.25, 8}, .since = "0.3.0"}, t.detail);
  visit(Field{.name = "size", .help = "edge of the picture", .unit = "pixels", .range = {64, 2048}, .since = "0.3.0"}, t.size);
  visit(Field{.name = "texture",
              .help = "bake the materials on an atlas of this edge, for the GLB and the picture; 0: plain colours",
              .unit = "texels",
              .range = {0, 8192},
              .since = "0.3.0",
              .absent = 0},
        t.texture);
  visit(Field{.name = "formats",
              .help = "files to make, of png, glb, obj, ply, stl, 3mf, usdz, scad, json",
              .flag = "format",
              .unit = "LIST",
              .since = "0.3.0",
              .kept = Kept::elsewhere},
        t.formats);
  export_fields(t.output, visit);
}

namespace {

/// A single word is no program, but may be the name of one that comes along: its text.
Result<void> take_named_shape(std::string& program) {
  const std::string name(trimmed(program));
  if (name.empty() || name.size() > 200 || name.find_first_of(" \t\r\n") != std::string::npos) return {};
  if (name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != std::string::npos)
    return fail_field("program", ErrorCode::invalid_argument, "`program` '{}': the text of a shape belongs here, or the name of one that comes along",
                      printable(name, 80));
  PTAH_TRY(const auto folder, ShapeKinds::folder());
  PTAH_TRY(const auto kinds, ShapeKinds::load(folder));
  const auto kind = kinds->find(name);
  if (!kind) return fail_field("program", kind.error().code, "`program`: {}", kind.error().message);
  program = shape_text(*(*kind)->program);
  return {};
}

}  // namespace

const SchemaOf<ShapeTask>& shape_schema() {
  static const auto schema = SchemaOf<ShapeTask>::describe("shape", "Make a 3D object of a shape program", [](ShapeTask& task, const Json&) -> Result<void> {
    PTAH_TRY_VOID(take_named_shape(task.program));
    return check_export(task.output, export_formats(task.formats));
  });
  return schema;
}

Result<std::map<std::string, ShapeExpr>> shape_values(const std::vector<std::string>& set) {
  std::map<std::string, ShapeExpr> out;
  for (const std::string& one : set) {
    const size_t equals = one.find('=');
    if (equals == std::string::npos || equals == 0) return fail_field("set", ErrorCode::invalid_argument, "`set` '{}': expected NAME=VALUE, e.g. legs=3", one);
    auto value = parse_shape_expression(one.substr(equals + 1));
    if (!value) return fail_field("set", ErrorCode::invalid_argument, "`set` '{}': {}", one, value.error().message);
    out[std::string(trimmed(one.substr(0, equals)))] = std::move(*value);
  }
  return out;
}

namespace {

bool uses(const std::vector<ShapeStatement>& statements) {
  return std::any_of(statements.begin(), statements.end(),
                     [](const ShapeStatement& s) { return s.kind == ShapeStatement::Kind::use || uses(s.body) || uses(s.other); });
}

}  // namespace

Result<ReadyShape> ready_shape(const ShapeTask& task, const CancelToken* cancel) {
  ReadyShape out;
  PTAH_TRY(out.program, parse_shape(task.program));
  PTAH_TRY(out.options.set, shape_values(task.set));
  out.options.detail = task.detail;
  if (uses(out.program.statements)) {
    PTAH_TRY(const auto folder, ShapeKinds::folder());
    PTAH_TRY(const auto kinds, ShapeKinds::load(folder));
    out.options.library = [inner = ShapeKinds::library(kinds), used = &out.library](const std::string& name) -> Result<std::shared_ptr<const ShapeProgram>> {
      PTAH_TRY(auto found, inner(name));
      (*used)[name] = file_id(as_bytes(shape_text(*found)));
      return found;
    };
    PTAH_TRY(out.assembly, run_shape(out.program, out.options, cancel));
    out.options.library = ShapeKinds::library(kinds);
  } else {
    PTAH_TRY(out.assembly, run_shape(out.program, out.options, cancel));
  }
  return out;
}

namespace {

/// A picture of the solids from before and above.
Result<void> add_picture(Work& work, const char* name, const Json& core, const std::vector<Solid>& solids, int64_t size, const CancelToken* cancel) {
  PTAH_TRY(const Image picture, render(render_scene(solids), {.width = size, .height = size}, cancel));
  Json inside = core;
  inside["pixels"] = pixel_id(picture);
  PTAH_TRY(const std::string text, canonical_json(inside));
  PTAH_TRY(work.files[name], encode_png(picture, {{kReceiptKeyword, text}}));
  return {};
}

/// Errors: also invalid_argument if nothing is left.
Result<std::vector<Solid>> solids_of(const ReadyShape& made, const CancelToken* cancel) {
  PTAH_TRY(std::vector<Solid> solids, solids_of(made.assembly, cancel));
  if (solids.empty()) return fail(ErrorCode::invalid_argument, "{}: the cuts leave nothing", made.program.name);
  return solids;
}

}  // namespace

Result<Work> shape_work(const ShapeTask& task, const ProgressCallback& progress, const CancelToken* cancel) {
  return guard([&]() -> Result<Work> {
    if (progress) progress({"shape", 0, -1});
    PTAH_TRY(const ReadyShape made, ready_shape(task, cancel));
    Json core = begun_receipt(kShapeKind, shape_schema().to_receipt(task));
    if (!made.library.empty()) core["library"] = made.library;
    PTAH_TRY(std::vector<Solid> solids, solids_of(made, cancel));
    if (task.output.low_poly > 0) PTAH_TRY_VOID(reduce_solids(solids, task.output.low_poly, cancel));
    Work work;
    work.files["object.shape"] = text_bytes(shape_text(made.program));
    if (progress) progress({"shape", 0.5, -1});
    const ShapeFiles files{made, solids, task.output, export_formats(task.formats), task.texture, true};
    if (task.formats.png) PTAH_TRY_VOID(add_picture(work, "picture.png", core, solids, task.size, cancel));
    PTAH_TRY_VOID(add_shape_files(work, core, files, cancel));
    if (task.formats.scad) {
      PTAH_TRY(const std::string scad, openscad_of(made.program, made.options));
      work.files["object.scad"] = text_bytes(scad);
    }
    if (task.formats.json) work.files["shape.json"] = text_bytes(shape_json(made.program).dump(2) + "\n");
    PTAH_TRY_VOID(seal(work, core));
    if (progress) progress({"done", 1, 0});
    return work;
  });
}

Result<ShapeTask> shape_task(const Json& receipt) {
  PTAH_TRY(ShapeTask task, shape_schema().from_receipt(receipt.value("request", Json())));
  if (const Json outputs = receipt.value("outputs", Json()); outputs.is_object()) {
    const bool stl = outputs.contains("object.stl") || outputs.contains("object-1.stl");
    task.formats = {outputs.contains("picture.png"), outputs.contains("object.glb"),  outputs.contains("object.obj"), outputs.contains("object.ply"), stl,
                    outputs.contains("object.3mf"),  outputs.contains("object.scad"), outputs.contains("shape.json")};
  }
  return task;
}

Result<Work> replay_shape(const Json& receipt, const ProgressCallback& progress, const CancelToken* cancel) {
  PTAH_TRY(const ShapeTask task, shape_task(receipt));
  PTAH_TRY(Work work, shape_work(task, progress, cancel));
  const Json then = receipt.value("library", Json::object()), now = work.receipt.value("library", Json::object());
  if (then != now) return fail(ErrorCode::mismatch, "a shape of the library is another one than when the work was made");
  return work;
}

namespace {

/// Makes the assembly as large as was asked for.
void scale(Assembly& assembly, const ObjectRequest& request) {
  const Vec3 size = assembly.bounds().size();
  const float now = request.height_mm > 0 ? size[1] : std::max({size[0], size[1], size[2]}),
              asked = request.height_mm > 0 ? request.height_mm : request.size_mm;
  if (!(asked > 0) || !(now > 0)) return;
  const float factor = asked / 1000 / now;
  for (Part& part : assembly.parts) {
    for (Vec3& p : part.mesh.positions) p = p * factor;
    for (PartBlend& blend : part.blends) blend.radius *= factor, blend.step *= factor;
  }
}

}  // namespace

namespace {

/// A program that is run, and noted in a receipt.
Result<ReadyShape> noted_shape(Json& core, const std::string& program, const CancelToken* cancel) {
  PTAH_TRY(ReadyShape made, ready_shape({.program = program}, cancel));
  core["route"] = "program";
  core["program"] = program;
  if (!made.library.empty()) core["library"] = made.library;
  return made;
}

}  // namespace

Result<Image> shape_picture(Json& core, const std::string& program, int64_t size, const CancelToken* cancel) {
  PTAH_TRY(const ReadyShape made, noted_shape(core, program, cancel));
  PTAH_TRY(const std::vector<Solid> solids, solids_of(made, cancel));
  return render(render_scene(solids), {.width = size, .height = size, .transparent = true}, cancel);
}

Result<void> add_shape_object(Work& work, Json& core, const std::string& program, const ObjectRequest& request, const Formats& formats,
                              const ProgressCallback& progress, const CancelToken* cancel) {
  if (progress) progress({"shape", 0.9, -1});
  PTAH_TRY(ReadyShape made, noted_shape(core, program, cancel));
  scale(made.assembly, request);
  PTAH_TRY(std::vector<Solid> solids, solids_of(made, cancel));
  if (request.output.low_poly > 0) PTAH_TRY_VOID(reduce_solids(solids, request.output.low_poly, cancel));
  work.files["object.shape"] = text_bytes(program);
  if (formats.png) PTAH_TRY_VOID(add_picture(work, "preview.png", core, solids, 512, cancel));
  return add_shape_files(work, core, {made, solids, request.output, export_formats(formats), 0, request.millimetres}, cancel);
}

Result<Plan> plan_shape(const ShapeTask& task) {
  PTAH_TRY(const ReadyShape made, ready_shape(task, current_cancel()));
  int64_t vertices = 0;
  for (const Part& part : made.assembly.parts) vertices += static_cast<int64_t>(part.mesh.positions.size());
  Plan plan;
  plan.program_bytes = int64_t{40} << 20;
  // The parts, their triangles with normals, the exact arithmetic of what is cut, and four samples a pixel.
  plan.shape_bytes = vertices * 1500 + task.size * task.size * 80;
  plan.peak_bytes = plan.program_bytes + plan.shape_bytes;
  plan.seconds = 0.05 + static_cast<double>(vertices) * 4e-6 + static_cast<double>(task.size * task.size) * 4e-7;
  return plan;
}

}  // namespace ptah
