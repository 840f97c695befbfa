// Meshes from one format to another, and how far two are apart.
#pragma once

#include "base/progress.h"
#include "geometry/mesh_errors.h"
#include "media/mesh/format_readers.h"
#include "media/mesh/mesh_reader.h"
#include "pipelines/mesh/export_options.h"
#include "schema/schema.h"
#include "work/plan.h"
#include "work/receipt.h"

namespace ptah {

/// All that can be asked of `convert`.
struct ConvertTask {
  std::filesystem::path mesh = {};  ///< a file of a mesh, a shape program (.shape), or the source.zip of a work
  std::string format = "glb";
  int64_t resolution = 128;   ///< of a point cloud: cells of the grid along its longest edge
  int64_t points = 0;         ///< above 0: a point cloud of so many points in place of the mesh; PLY only
  std::string unit = "file";  ///< what the numbers of the file mean
  std::string up = "file";    ///< its axis that points up: y, z
  ExportOptions output = {};
};
const SchemaOf<ConvertTask>& convert_schema();
/// What a receipt calls such a work.
inline constexpr const char* kConvertKind = "converted mesh";
/// Errors: invalid_argument, for points in another format than PLY, and for options that the format cannot hold.
Result<void> check(const ConvertTask& task);

/// A mesh file with all that was read for it.
struct MeshInput {
  MeshScene scene;
  Mesh surface;                   ///< of the scene, corners at one place joined; of a point cloud triangles (i, i, i)
  bool is_cloud = false;          ///< a point cloud: the scene is empty
  PointCloud cloud;               ///< its points
  Bytes archive;                  ///< a ZIP of the file and of what it refers to
  std::string name;               ///< of the file in the archive
  Json library = Json::object();  ///< of a program: the digest of each shape of the library that it uses
};
/// Reads a mesh, a point cloud (PLY), a shape program (by its ending, .shape), or one of these with its files as a work keeps them, MeshInput::archive. Also
/// what object_file() finds: a work's folder, a shape of the library. Errors: as object_file, read_mesh_scene, parse_shape and run_shape.
Result<MeshInput> read_mesh_input(const std::filesystem::path& given, const MeshReadOptions& options = {}, SceneNotes* notes = nullptr,
                                  const CancelToken* cancel = nullptr);
/// The same of MeshInput::archive.
Result<MeshInput> read_mesh_archive(std::span<const uint8_t> archive, const std::string& name, const MeshReadOptions& options = {}, SceneNotes* notes = nullptr,
                                    const CancelToken* cancel = nullptr);

/// What the task's unit and axis mean for a reader.
MeshReadOptions read_options(const ConvertTask& task);
/// The files of a converted mesh by their names, `name`.FORMAT among them. Of a point cloud the surface is reconstructed, with normals of its own if the file
/// has none, and the colours of the nearest points. Errors: those of encode_mesh_scene and poisson_surface.
Result<std::map<std::string, Bytes>> convert_mesh(const MeshInput& input, const ConvertTask& task, const std::string& name, SceneNotes* notes = nullptr,
                                                  const CancelToken* cancel = nullptr);

/// The work of a task: object.FORMAT with what belongs to it, source.zip, receipt.json. Errors: those of reading and writing; cancelled.
Result<Work> convert_work(const ConvertTask& task, const ProgressCallback& progress = {}, const std::function<void(const std::string&)>& note = {},
                          const CancelToken* cancel = nullptr);
/// The work of a receipt again, of the source.zip in `folder`. Errors: not_found, mismatch (another source, another shape of the library).
Result<Work> replay_convert(const Json& receipt, const std::filesystem::path& folder, const CancelToken* cancel = nullptr);
/// What it takes, by the size of the file. Errors: as file_size.
Result<Plan> plan_convert(const ConvertTask& task);

}  // namespace ptah
