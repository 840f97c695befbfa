#include "pipelines/rendering/render_object.h"

#include <algorithm>

#include "base/text.h"
#include "media/glb_scene.h"
#include "media/mesh/mesh_reader.h"
#include "pipelines/mesh/object_file.h"
#include "pipelines/shape/shape_work.h"
#include "render/environment.h"
#include "render/mesh_scene.h"
#include "scene/build.h"
#include "schema/field_error.h"
#include "shape/scene.h"
#include "shape/texture/textured_scene.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr const char* kProgram = "object.shape";
constexpr const char* kMesh = "object.glb";
/// How much brighter than white what glows in a program is.
constexpr float kGlow = 4;

/// A mesh as one GLB that has all it needs: what refers to other files is put together.
Result<Bytes> mesh_bytes(const fs::path& file) {
  PTAH_TRY(Bytes bytes, read_file(file, kMaxSourceBytes));
  const MeshFormat* format = mesh_format_of(bytes);
  if (format && std::string_view(format->name) == "glb") return bytes;
  PTAH_TRY(const MeshScene scene, read_mesh_scene(file));
  return encode_glb(scene);
}

/// A program's solids with their materials, plain or baked.
Result<RenderScene> scene_of(const RenderTask& task, const ReadyShape& shape, const CancelToken* cancel) {
  PTAH_TRY(const std::vector<Solid> solids, solids_of(shape.assembly, cancel));
  if (solids.empty()) return fail(ErrorCode::invalid_argument, "{}: the cuts leave nothing", shape.program.name);
  RenderScene out;
  if (task.texture > 0) {
    PTAH_TRY(const TexturedScene textured, textured_scene(shape.assembly, solids, task.texture, {}, cancel));
    PTAH_TRY(out, render_scene(textured.scene));
  } else {
    out = render_scene(solids);
  }
  for (RenderMaterial& material : out.materials)
    for (float& value : material.emission) value *= kGlow;
  return out;
}

}  // namespace

size_t RenderObject::triangles() const {
  size_t out = 0;
  for (const RenderMesh& mesh : scene.meshes) out += mesh.mesh.triangles.size();
  return out;
}

Result<Sources> render_sources(const RenderTask& task) {
  Sources out;
  const auto found = object_file(task.file);
  if (!found) return fail_field("file", found.error().code, "`file` {}", found.error().message);
  const fs::path& file = *found;
  if (lower_case(file.extension().string()) == ".shape") {
    PTAH_TRY(out.files[kProgram], read_file(file, kMaxShapeBytes));
  } else {
    PTAH_TRY(out.files[kMesh], mesh_bytes(file));
  }
  const auto names = environment_names();
  if (std::find(names.begin(), names.end(), task.environment) == names.end()) {
    if (task.environment.find_first_of("./") == std::string::npos) return unknown_name("environment", task.environment, names);
    PTAH_TRY(out.files[kEnvironmentSource], read_file(task.environment, kMaxSourceBytes));
  }
  return out;
}

Result<RenderObject> render_object(const RenderTask& task, const Sources& sources, const CancelToken* cancel) {
  RenderObject out;
  if (const auto mesh = sources.files.find(kMesh); mesh != sources.files.end()) {
    if (!task.set.empty()) return fail_field("set", ErrorCode::invalid_argument, "`set` is for shape programs; this is a mesh");
    if (task.texture > 0) return fail_field("texture", ErrorCode::invalid_argument, "`texture` is for shape programs; this is a mesh");
    PTAH_TRY(MeshScene scene, decode_mesh_scene(mesh->second, {}));
    leave_out_walls(scene, task.azimuth, task.turntable > 0);  // of a room, those that would hide it
    PTAH_TRY(out.scene, render_scene(scene));
    return out;
  }
  const auto program = sources.files.find(kProgram);
  if (program == sources.files.end()) return fail(ErrorCode::invalid_argument, "a rendering needs an object");
  PTAH_TRY(const ReadyShape shape, ready_shape({.program = std::string(program->second.begin(), program->second.end()), .set = task.set, .detail = 2}, cancel));
  PTAH_TRY(out.scene, scene_of(task, shape, cancel));
  out.library = shape.library;
  return out;
}

}  // namespace ptah
