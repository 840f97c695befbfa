#include "pipelines/mesh/convert.h"

#include <algorithm>

#include "base/parallel.h"
#include "base/text.h"
#include "geometry/cloud/neighbours.h"
#include "geometry/cloud/normals.h"
#include "geometry/cloud/poisson.h"
#include "media/mesh/format_readers.h"
#include "media/mesh/write/mesh_writer.h"
#include "media/mesh/write/scene_colours.h"
#include "media/zip.h"
#include "media/zip_reader.h"
#include "pipelines/mesh/object_file.h"
#include "shape/library.h"
#include "shape/scene.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr size_t kMaxProgramBytes = 1 << 20;
constexpr size_t kCloudNeighbours = 16;

struct UnitName {
  const char* name;
  double metres;
};
constexpr UnitName kUnits[] = {{"mm", 0.001}, {"cm", 0.01}, {"m", 1}, {"inch", 0.0254}, {"foot", 0.3048}};

/// The name under which ZipReader finds an entry.
std::string entry_name(std::string name) {
  std::replace(name.begin(), name.end(), '\\', '/');
  while (name.starts_with('/')) name.erase(0, 1);
  return name;
}

/// Files that were read, by their names.
using ReadFiles = std::map<std::string, Bytes>;

NeighbourFiles kept_files(const NeighbourFiles& files, ReadFiles& kept) {
  return [files, &kept](const std::string& name) -> Result<Bytes> {
    PTAH_TRY(Bytes bytes, files(name));
    kept[entry_name(name)] = bytes;
    return bytes;
  };
}

Result<void> run_program(MeshInput& out, std::string_view text, const CancelToken* cancel) {
  PTAH_TRY(const ShapeProgram program, parse_shape(std::string(text)));
  ShapeOptions options;
  if (const auto folder = ShapeKinds::folder()) {
    PTAH_TRY(const auto kinds, ShapeKinds::load(*folder));
    options.library = [inner = ShapeKinds::library(kinds), &out](const std::string& name) -> Result<std::shared_ptr<const ShapeProgram>> {
      PTAH_TRY(auto found, inner(name));
      out.library[name] = file_id(as_bytes(shape_text(*found)));
      return found;
    };
  }
  PTAH_TRY(const Assembly assembly, run_shape(program, options, cancel));
  PTAH_TRY(const std::vector<Solid> solids, solids_of(assembly, cancel));
  if (solids.empty()) return fail(ErrorCode::invalid_argument, "{}: the cuts leave nothing", program.name);
  out.scene = glb_scene(assembly, solids);
  out.scene.name = program.name;
  return {};
}

/// Point clouds are refused by the readers of meshes, but can be measured.
bool read_cloud(MeshInput& out, std::span<const uint8_t> bytes, const MeshReadOptions& options) {
  const MeshFormat* format = mesh_format_of(bytes);
  if (!format || std::string_view(format->name) != "ply") return false;
  auto cloud = decode_ply_points(bytes);
  if (!cloud || cloud->positions.empty()) return false;
  const double stated = stated_unit({reinterpret_cast<const char*>(bytes.data()), std::min<size_t>(bytes.size(), 512)});
  const auto scale = static_cast<float>(options.metres_per_unit.value_or(stated > 0 ? stated : format->metres_per_unit));
  if (options.z_up.value_or(format->z_up))
    for (auto* list : {&cloud->positions, &cloud->normals})
      for (Vec3& p : *list) p = {p[0], p[2], -p[1]};
  for (Vec3& p : cloud->positions) {
    const auto i = static_cast<uint32_t>(out.surface.positions.size());
    p = p * scale;
    out.surface.positions.push_back(p);
    out.surface.triangles.push_back({i, i, i});
  }
  out.cloud = std::move(*cloud);
  return out.is_cloud = true;
}

Result<MeshInput> read_bytes(std::span<const uint8_t> bytes, const std::string& name, const NeighbourFiles& files, const MeshReadOptions& options,
                             SceneNotes* notes, const CancelToken* cancel) {
  return guard([&]() -> Result<MeshInput> {
    MeshInput out;
    out.name = name;
    if (lower_case(fs::path(name).extension().string()) == ".shape") {
      if (bytes.size() > kMaxProgramBytes) return fail(ErrorCode::over_budget, "a shape program of more than {} KiB", kMaxProgramBytes >> 10);
      PTAH_TRY_VOID(run_program(out, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, cancel));
    } else {
      auto scene = decode_mesh_scene(bytes, files, options, notes);
      if (!scene) {
        if (scene.error().code == ErrorCode::unsupported && read_cloud(out, bytes, options)) return out;
        return tl::unexpected(scene.error());
      }
      out.scene = std::move(*scene);
      if (out.scene.name.empty()) out.scene.name = fs::path(name).stem().string();
      // A receipt inside is of the file as it was.
      if (auto extras = parse_json(out.scene.extras); extras && extras->is_object() && extras->erase("ptah") > 0)
        out.scene.extras = extras->empty() ? "" : extras->dump();
    }
    out.surface = welded(out.scene);
    return out;
  });
}

/// The mesh of a work's source.zip, the archive's first file; empty for other files: 3MF has one of these two parts.
std::string kept_mesh(std::span<const uint8_t> bytes) {
  const MeshFormat* format = mesh_format_of(bytes);
  if (!format || std::string_view(format->name) != "3mf") return {};
  const auto zip = ZipReader::open(bytes);
  return zip && !zip->has("_rels/.rels") && !zip->has("3D/3dmodel.model") ? zip->first() : "";
}

}  // namespace

template <class T, class Visit>
requires std::same_as<std::remove_const_t<T>, ConvertTask>
void fields(T& t, const Visit& visit) {
  visit(Field{.name = "mesh",
              .help = "file to convert: GLB, glTF, OBJ, PLY, STL, 3MF, a shape program (.shape), a work's folder or its source.zip, or a shape of the library",
              .unit = "FILE",
              .since = "0.3.0",
              .kept = Kept::elsewhere,
              .positional = true,
              .required = true},
        t.mesh);
  visit(Field{.name = "format", .help = "format to write", .choices = {"glb", "obj", "ply", "stl", "3mf", "usdz"}, .since = "0.3.0"}, t.format);
  visit(
      Field{
          .name = "resolution", .help = "of a point cloud, whose surface is reconstructed: cells along its longest edge", .range = {16, 512}, .since = "0.3.0"},
      t.resolution);
  visit(Field{.name = "points", .help = "with PLY: points on the surface, with normals and colours, in place of the mesh", .range = {0, 1e7}, .since = "0.3.0"},
        t.points);
  visit(Field{.name = "unit", .help = "what the numbers of the file mean", .choices = {"file", "mm", "cm", "m", "inch", "foot"}, .since = "0.3.0"}, t.unit);
  visit(Field{.name = "up", .help = "axis of the file that points up", .choices = {"file", "y", "z"}, .since = "0.3.0"}, t.up);
  export_fields(t.output, visit);
}

const SchemaOf<ConvertTask>& convert_schema() {
  static const auto schema = SchemaOf<ConvertTask>::describe("convert", "Convert a mesh from one format to another");
  return schema;
}

namespace {

ExportFormats format_named(const std::string& name) {
  return {.glb = name == "glb", .obj = name == "obj", .ply = name == "ply", .stl = name == "stl", .three_mf = name == "3mf", .usdz = name == "usdz"};
}

}  // namespace

Result<void> check(const ConvertTask& task) {
  if (task.points > 0 && task.format != "ply") return fail_field("points", ErrorCode::invalid_argument, "`points` are written as PLY, not as {}", task.format);
  return check_export(task.output, format_named(task.format));
}

MeshReadOptions read_options(const ConvertTask& task) {
  MeshReadOptions out;
  for (const UnitName& unit : kUnits)
    if (task.unit == unit.name) out.metres_per_unit = unit.metres;
  if (task.up != "file") out.z_up = task.up == "z";
  return out;
}

Result<MeshInput> read_mesh_input(const fs::path& given, const MeshReadOptions& options, SceneNotes* notes, const CancelToken* cancel) {
  PTAH_TRY(const fs::path file, object_file(given));
  PTAH_TRY(const Bytes bytes, read_file(file, kMaxMeshFileBytes));
  if (const std::string mesh = kept_mesh(bytes); !mesh.empty()) {
    auto out = read_mesh_archive(bytes, mesh, options, notes, cancel);
    if (!out) return fail(out.error().code, "{}: {}: {}", file.string(), printable(mesh, 200), out.error().message);
    return out;
  }
  ReadFiles kept;
  const std::string name = file.filename().string();
  auto out = read_bytes(bytes, name, kept_files(files_below(file.parent_path()), kept), options, notes, cancel);
  if (!out) return fail(out.error().code, "{}: {}", file.string(), out.error().message);
  kept.erase(name);
  std::vector<ZipEntry> entries{{name, bytes}};
  for (auto& [other, content] : kept) entries.push_back({other, std::move(content)});
  PTAH_TRY(out->archive, zip_archive(entries));
  return out;
}

Result<MeshInput> read_mesh_archive(std::span<const uint8_t> archive, const std::string& name, const MeshReadOptions& options, SceneNotes* notes,
                                    const CancelToken* cancel) {
  PTAH_TRY(ZipReader zip, ZipReader::open(archive));
  PTAH_TRY(const Bytes bytes, zip.read(name, kMaxMeshFileBytes));
  const NeighbourFiles files = [&](const std::string& other) { return zip.read(entry_name(other), kMaxMeshFileBytes); };
  PTAH_TRY(MeshInput out, read_bytes(bytes, name, files, options, notes, cancel));
  out.archive.assign(archive.begin(), archive.end());
  return out;
}

namespace {

Result<MeshScene> scene_of_cloud(const MeshInput& input, int64_t resolution, SceneNotes* notes, const CancelToken* cancel) {
  std::vector<Vec3> normals = input.cloud.normals;
  if (normals.empty()) {
    if (notes) notes->push_back("the points have no normals; they were estimated");
    PTAH_TRY(normals, cloud_normals(input.cloud.positions, kCloudNeighbours, cancel));
  }
  PTAH_TRY(const Mesh mesh, poisson_surface(input.cloud.positions, normals, {.cells = static_cast<int>(resolution)}, cancel));
  if (mesh.triangles.empty()) return fail(ErrorCode::invalid_argument, "{}: no surface goes through these points", input.name);
  MeshScene scene;
  scene.name = fs::path(input.name).stem().string();
  scene.materials.push_back({.name = "default"});
  SceneMesh out{.path = scene.name, .mesh = shaded(mesh)};
  if (!input.cloud.colours.empty()) {
    const PointGrid grid(input.cloud.positions);
    out.colours.resize(out.mesh.positions.size());
    parallel_for(static_cast<int64_t>(out.colours.size()), 2000, [&](int64_t begin, int64_t end) {
      for (auto i = static_cast<size_t>(begin); i < static_cast<size_t>(end); ++i)
        out.colours[i] = input.cloud.colours[grid.nearest(out.mesh.positions[i], 1).front()];
    });
  }
  scene.meshes.push_back(std::move(out));
  return scene;
}

}  // namespace

Result<std::map<std::string, Bytes>> convert_mesh(const MeshInput& input, const ConvertTask& task, const std::string& name, SceneNotes* notes,
                                                  const CancelToken* cancel) {
  return guard([&]() -> Result<std::map<std::string, Bytes>> {
    PTAH_TRY_VOID(check(task));
    MeshScene scene = input.scene;
    if (input.is_cloud) {
      PTAH_TRY(scene, scene_of_cloud(input, task.resolution, notes, cancel));
    }
    const ExportFormats formats = format_named(task.format);
    PTAH_TRY_VOID(check_scene(scene));
    if (task.output.parts) separate_bodies(scene);
    PTAH_TRY_VOID(edit_scene(scene, task.output, cancel));
    if (task.points > 0) {
      PTAH_TRY(Bytes ply, encode_ply_points(scene, static_cast<size_t>(task.points)));
      return std::map<std::string, Bytes>{{name + ".ply", std::move(ply)}};
    }
    PTAH_TRY(const MeshFormat* format, find_mesh_format(task.format));
    if (formats.glb) PTAH_TRY_VOID(add_game_nodes(scene, task.output, cancel));
    if (task.output.quads) make_quads(scene);
    std::map<std::string, Bytes> files;
    if (task.output.prints() && (formats.three_mf || task.output.split.given())) {
      NoteList list(notes);
      PTAH_TRY_VOID(add_prints(files, name, print_model(scene, list), task.output, formats, false, cancel));
      return files;
    }
    return encode_mesh_scene(scene, *format, name, notes, {.polygons = task.output.quads});
  });
}

namespace {

Result<Work> work_of(const MeshInput& input, const ConvertTask& task, SceneNotes& notes, const CancelToken* cancel) {
  Work work;
  PTAH_TRY(work.files, convert_mesh(input, task, "object", &notes, cancel));
  work.files["source.zip"] = input.archive;
  Json core = begun_receipt(kConvertKind, convert_schema().to_receipt(task));
  core["source"] = {{"name", input.name}, {"id", file_id(input.archive)}};
  if (!input.library.empty()) core["library"] = input.library;
  PTAH_TRY_VOID(seal(work, core));
  return work;
}

}  // namespace

Result<Work> convert_work(const ConvertTask& task, const ProgressCallback& progress, const std::function<void(const std::string&)>& note,
                          const CancelToken* cancel) {
  PTAH_TRY_VOID(check(task));
  if (progress) progress({"mesh", 0, -1});
  SceneNotes notes;
  PTAH_TRY(const MeshInput input, read_mesh_input(task.mesh, read_options(task), &notes, cancel));
  if (cancel) PTAH_TRY_VOID(cancel->check());
  if (progress) progress({"mesh", 0.5, -1});
  PTAH_TRY(Work work, work_of(input, task, notes, cancel));
  if (cancel) PTAH_TRY_VOID(cancel->check());
  if (note)
    for (const std::string& one : notes) note(one);
  if (progress) progress({"done", 1, 0});
  return work;
}

Result<Work> replay_convert(const Json& receipt, const fs::path& folder, const CancelToken* cancel) {
  PTAH_TRY(const ConvertTask task, convert_schema().from_receipt(receipt.value("request", Json())));
  const Json source = receipt.value("source", Json());
  const fs::path file = folder / "source.zip";
  auto bytes = read_file(file, kMaxMeshFileBytes);
  if (!bytes) return fail(ErrorCode::not_found, "the work was made of a mesh that is not here: {}; give the folder of the work", file.string());
  if (!source.is_object() || file_id(*bytes) != text_at(source, "id"))
    return fail(ErrorCode::mismatch, "{} is not the mesh that the work was made of", file.string());
  SceneNotes notes;
  PTAH_TRY(const MeshInput input, read_mesh_archive(*bytes, text_at(source, "name"), read_options(task), &notes, cancel));
  if (receipt.value("library", Json::object()) != input.library)
    return fail(ErrorCode::mismatch, "a shape of the library is another one than when the work was made");
  if (cancel) PTAH_TRY_VOID(cancel->check());
  return work_of(input, task, notes, cancel);
}

Result<Plan> plan_convert(const ConvertTask& task) {
  PTAH_TRY(const fs::path file, object_file(task.mesh));
  std::error_code problem;
  const auto bytes = static_cast<int64_t>(fs::file_size(file, problem));
  if (problem) return fail(ErrorCode::not_found, "{}: {}", file.string(), problem.message());
  Plan plan;
  plan.program_bytes = int64_t{40} << 20;
  // A binary file unpacks to its positions, normals, the mesh welded, and what is written; Draco's to some thirty times its size.
  plan.shape_bytes = bytes * 40 + task.points * 60;
  plan.peak_bytes = plan.program_bytes + plan.shape_bytes;
  plan.seconds = 0.05 + static_cast<double>(bytes) * 2e-7;
  return plan;
}

}  // namespace ptah
