#include "pipelines/mesh/object_file.h"

#include "base/text.h"
#include "shape/library.h"

namespace ptah {

namespace fs = std::filesystem;

Result<fs::path> object_file(const fs::path& given) {
  std::error_code problem;
  const bool folder = fs::is_directory(given, problem), plain = !given.has_extension() && !given.has_parent_path();
  if (folder)
    for (const char* name : {"object.glb", "object.shape", "scene.glb", "object.obj", "object.ply", "object.stl", "object.3mf"})
      if (fs::exists(given / name, problem)) return given / name;
  if (plain && (folder || !fs::exists(given, problem))) {
    PTAH_TRY(const fs::path library, ShapeKinds::folder());
    if (const fs::path file = library / (given.string() + ".shape"); fs::exists(file, problem)) return file;
  }
  const std::string name = printable(given.string(), 200);
  if (folder) return fail(ErrorCode::not_found, "{}: no object lies in it (object.glb, object.shape, scene.glb …)", name);
  if (!plain || fs::exists(given, problem)) return given;
  PTAH_TRY(const fs::path library, ShapeKinds::folder());
  PTAH_TRY(const auto kinds, ShapeKinds::load(library));
  if (const auto kind = kinds->find(given.string()); !kind) return fail(ErrorCode::not_found, "{} is no file, and {}", name, kind.error().message);
  return given;
}

}  // namespace ptah
