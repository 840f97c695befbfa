#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "cli/commands/commands.h"
#include "cli/input_file.h"
#include "cli/request_options.h"
#include "pipelines/mesh/convert.h"

namespace ptah::cli {

namespace fs = std::filesystem;

namespace {

void show_notes(const SceneNotes& notes, const std::string& file, bool json, bool quiet) {
  for (const std::string& note : notes)
    if (json)
      print_json({{"event", "note"}, {"text", note}});
    else if (!quiet)
      print_error("note: {}: {}\n", file, note);
}

/// A length with its unit: "12.3 mm".
std::string length_text(double metres) { return metres < 0.1 && metres > -0.1 ? fmt::format("{:.4g} mm", metres * 1000) : fmt::format("{:.4g} m", metres); }

Json errors_json(const MeshErrors& e) {
  Json out{{"diagonal", e.diagonal}, {"chamfer", e.chamfer},     {"a_to_b", e.a_to_b}, {"b_to_a", e.b_to_a},
           {"largest", e.largest},   {"precision", e.precision}, {"recall", e.recall}, {"f_score", e.f_score}};
  out["normal_consistency"] = e.normal_consistency ? Json(*e.normal_consistency) : Json();
  out["iou"] = e.iou ? Json(*e.iou) : Json();
  return out;
}

void print_errors(const MeshErrors& e, double threshold) {
  const auto distance = [&](const char* name, double metres) {
    print("{:20} {:>12}   {:.3g} % of the diagonal\n", name, length_text(metres), e.diagonal > 0 ? metres / e.diagonal * 100 : 0);
  };
  distance("Chamfer distance", e.chamfer);
  distance("A to B, mean", e.a_to_b);
  distance("B to A, mean", e.b_to_a);
  distance("largest", e.largest);
  print("{:20} {:>12.4f}   at {:.3g} % of the diagonal\n", "F-score", e.f_score, threshold * 100);
  if (e.normal_consistency) print("{:20} {:>12.4f}\n", "normal consistency", *e.normal_consistency);
  if (e.iou) print("{:20} {:>12.4f}\n", "IoU of the volumes", *e.iou);
}

struct ConvertLine {
  std::shared_ptr<RequestOptions> fields;
  std::string out;
  bool compare = false, quiet = false, json = false;
};

/// The name of the format that is meant: what was said, else the ending of the file.
Result<std::string> format_of(const ConvertLine& o, const ConvertTask& task) {
  const std::string ending = fs::path(o.out).extension().string();
  if (o.fields->has("format")) {
    if (const auto named = find_mesh_format(ending); named && (*named)->name != task.format)
      return fail(ErrorCode::invalid_argument, "{} ends as {} does, and --format is {}", o.out, (*named)->name, task.format);
    return task.format;
  }
  if (ending.empty()) return fail(ErrorCode::invalid_argument, "{} has no ending that names a format; say --format", o.out);
  PTAH_TRY(const MeshFormat* format, find_mesh_format(ending));
  if (!format->writes) return fail(ErrorCode::unsupported, "{} is read, not written; glb, obj, ply, stl, 3mf and usdz are written", format->name);
  return std::string(format->name);
}

Result<void> run_convert(const ConvertLine& o) {
  PTAH_TRY(const Json given, o.fields->given());
  PTAH_TRY(ConvertTask task, convert_schema().complete(given));
  PTAH_TRY(task.format, format_of(o, task));
  PTAH_TRY_VOID(check(task));
  if (o.compare && task.format == "usdz") return fail(ErrorCode::unsupported, "usdz is written, not read: there is nothing to compare");
  if (o.compare && task.output.split.given()) return fail(ErrorCode::unsupported, "pieces are not compared with the whole: leave out --compare or --split");
  const fs::path out = o.out;
  PTAH_TRY_VOID(must_be_new(out));
  PTAH_TRY(const auto file, InputFile::open(task.mesh.string()));
  SceneNotes notes;
  PTAH_TRY(const MeshInput input, read_mesh_input(file->path(), read_options(task), &notes, &interrupted()));
  const std::string stem = out.stem().string();
  PTAH_TRY(const auto files, convert_mesh(input, task, stem, &notes, &interrupted()));
  const std::string main = fmt::format("{}.{}", stem, task.format);
  std::vector<fs::path> written;
  for (const auto& [name, bytes] : files) {
    written.push_back(name == main ? out : out.parent_path() / name);
    PTAH_TRY_VOID(must_be_new(written.back()));
  }
  size_t i = 0;
  for (const auto& [name, bytes] : files) PTAH_TRY_VOID(write_new_file(written[i++], std::span<const uint8_t>(bytes)));
  show_notes(notes, task.mesh.string(), o.json, o.quiet);
  Made made{{}, written, {{"vertices", input.surface.positions.size()}, {"triangles", input.surface.triangles.size()}}};
  std::optional<MeshErrors> errors;
  if (o.compare) {
    PTAH_TRY(const MeshInput back, read_mesh_input(out, {}, nullptr, &interrupted()));
    PTAH_TRY(errors, mesh_errors(input.surface, back.surface));
    made.details["errors"] = errors_json(*errors);
  }
  say_made(made, o.json, o.quiet);
  if (errors && !o.json) print_errors(*errors, MeshErrorOptions{}.threshold);
  return {};
}

struct MeasureLine {
  std::string a, b;
  double threshold = 1;
  int64_t samples = 100000;
  bool json = false;
};

Json report_json(const MeshInput& input) {
  const Box box = Box::of(input.surface.positions);
  Json out{{"is_point_cloud", input.is_cloud},
           {"points", input.surface.positions.size()},
           {"size", {box.high[0] - box.low[0], box.high[1] - box.low[1], box.high[2] - box.low[2]}}};
  if (input.is_cloud) return out;
  const MeshReport report = inspect(input.surface);
  out.update({{"triangles", input.surface.triangles.size()},
              {"parts", input.scene.meshes.size()},
              {"materials", input.scene.materials.size()},
              {"closed", report.closed},
              {"manifold", report.manifold},
              {"oriented", report.oriented},
              {"bodies", report.bodies},
              {"volume", report.volume}});
  return out;
}

void print_report(const std::string& name, const Json& report) {
  const std::array<double, 3> size = report["size"];
  const bool small = *std::max_element(size.begin(), size.end()) < 0.1;  // one unit for the three
  const double factor = small ? 1000 : 1;
  print("{}: {:.4g} × {:.4g} × {:.4g} {}, {} points\n", name, size[0] * factor, size[1] * factor, size[2] * factor, small ? "mm" : "m",
        report["points"].get<size_t>());
  if (!report.contains("triangles")) return;
  const auto yes = [&](const char* key) { return report[key].get<bool>() ? "yes" : "no"; };
  print("  {} triangles in {} parts of {} materials, {} bodies\n", report["triangles"].get<size_t>(), report["parts"].get<size_t>(),
        report["materials"].get<size_t>(), report["bodies"].get<int64_t>());
  const double volume = report["volume"].get<double>();
  const bool large = std::abs(volume) >= 1;
  print("  closed {}, two-manifold {}, oriented {}, volume {:.6g} {}\n", yes("closed"), yes("manifold"), yes("oriented"), large ? volume : volume * 1e6,
        large ? "m³" : "cm³");
}

Result<void> run_measure(const MeasureLine& o) {
  if (!(o.threshold > 0 && o.threshold <= 100)) return fail(ErrorCode::invalid_argument, "--threshold {}; above 0 to 100 percent are possible", o.threshold);
  if (o.samples < 100 || o.samples > 10000000) return fail(ErrorCode::invalid_argument, "--samples {}; 100 to 10000000 are possible", o.samples);
  const auto read = [&](const std::string& name) -> Result<MeshInput> {
    PTAH_TRY(const auto file, InputFile::open(name));
    SceneNotes notes;
    PTAH_TRY(MeshInput input, read_mesh_input(file->path(), {}, &notes, &interrupted()));
    show_notes(notes, name, o.json, false);
    return input;
  };
  PTAH_TRY(const MeshInput a, read(o.a));
  Json out{{"a", report_json(a)}};
  if (!o.json) print_report(o.a, out["a"]);
  if (!o.b.empty()) {
    PTAH_TRY(const MeshInput b, read(o.b));
    out["b"] = report_json(b);
    if (!o.json) print_report(o.b, out["b"]);
    const double threshold = o.threshold / 100;
    PTAH_TRY(const MeshErrors errors, mesh_errors(a.surface, b.surface, {.samples = static_cast<size_t>(o.samples), .threshold = threshold}));
    out["errors"] = errors_json(errors);
    if (!o.json) print_errors(errors, threshold);
  }
  if (o.json) print_json(out);
  return {};
}

}  // namespace

void add_convert(CLI::App& app, Action& action) {
  auto o = std::make_shared<ConvertLine>();
  CLI::App* command = app.add_subcommand(convert_schema().name(), convert_schema().summary());
  o->fields = std::make_shared<RequestOptions>(*command, convert_schema(), [](const std::string& file) { return input_text(file); });
  command->add_option("out", o->out, "file to write; its ending names the format; never overwrites")->required()->type_name("FILE");
  command->add_flag("--compare", o->compare, "read the file again, and print how far the two meshes are apart");
  command->add_flag("--quiet", o->quiet, "print nothing but errors, and what --compare finds");
  command->add_flag("--json", o->json, "print JSON lines");
  command->callback([o, &action] { action = [o] { return finish(guard([&] { return run_convert(*o); })); }; });
}

void add_measure(CLI::App& app, Action& action) {
  auto o = std::make_shared<MeasureLine>();
  CLI::App* command = app.add_subcommand("measure", "Measure a mesh, and how far another one is from it");
  command->add_option("a", o->a, "GLB, glTF, OBJ, PLY, STL, 3MF, a point cloud (PLY), a shape program (.shape), a work's folder, or a shape of the library")
      ->required()
      ->type_name("FILE");
  command->add_option("b", o->b, "another one, which is compared with it")->type_name("FILE");
  command->add_option("--threshold", o->threshold, "of the F-score, in percent of the diagonal of the first; above 0 to 100")->type_name("PERCENT");
  command->add_option("--samples", o->samples, "points on each surface, 100 to 10000000");
  command->add_flag("--json", o->json, "print one JSON object");
  command->callback([o, &action] { action = [o] { return finish(guard([&] { return run_measure(*o); })); }; });
}

}  // namespace ptah::cli
