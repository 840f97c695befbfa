#include "shape/library.h"

#include "base/file.h"
#include "base/text.h"

namespace ptah {

namespace fs = std::filesystem;

Result<fs::path> ShapeKinds::folder() {
  const auto candidates = shipped_folders("PTAH_SHAPES", "shapes", "share/ptah/shapes");
  for (const fs::path& candidate : candidates)
    if (std::error_code problem; fs::exists(candidate / "chair.shape", problem)) return candidate;
  return fail(ErrorCode::not_found, "no library of shapes found (looked in {}); set PTAH_SHAPES to the folder", candidates.front().string());
}

const ShapeParameter* ShapeKind::parameter(const std::string& wanted) const {
  const auto found = std::find_if(parameters.begin(), parameters.end(), [&](const ShapeParameter& p) { return p.name == wanted; });
  return found == parameters.end() ? nullptr : &*found;
}

Result<std::shared_ptr<const ShapeKinds>> ShapeKinds::load(const fs::path& folder) {
  auto out = std::make_shared<ShapeKinds>();
  std::error_code problem;
  for (const auto& item : fs::directory_iterator(folder, problem)) {
    if (item.path().extension() != ".shape") continue;
    PTAH_TRY(const std::string text, read_text(item.path(), kMaxShapeBytes));
    auto program = parse_shape(text);
    if (!program) return fail(program.error().code, "{}: {}", item.path().string(), program.error().message);
    auto parameters = shape_parameters(*program);
    if (!parameters) return fail(parameters.error().code, "{}: {}", item.path().string(), parameters.error().message);
    const std::string name = item.path().stem().string();
    if (program->name != name)
      return fail(ErrorCode::corrupt, "{}: the shape is called '{}'; its file has to be called so too", item.path().string(), program->name);
    out->kinds_[name] = {name, std::make_shared<const ShapeProgram>(std::move(*program)), std::move(*parameters)};
  }
  if (problem) return fail(ErrorCode::not_found, "{}: {}", folder.string(), problem.message());
  if (out->kinds_.empty()) return fail(ErrorCode::not_found, "{}: no .shape files there", folder.string());
  return std::shared_ptr<const ShapeKinds>(std::move(out));
}

Result<const ShapeKind*> ShapeKinds::find(const std::string& name) const {
  const auto found = kinds_.find(name);
  if (found != kinds_.end()) return &found->second;
  const std::string near = did_you_mean(name, [&] {
    std::vector<std::string> names;
    for (const auto& [kind, entry] : kinds_) names.push_back(kind);
    return names;
  }());
  return fail(ErrorCode::not_found, "there is no shape '{}'{}", name, near.empty() ? "" : fmt::format("; did you mean '{}'?", near));
}

ShapeLibrary ShapeKinds::library(std::shared_ptr<const ShapeKinds> kinds) {
  return [kinds = std::move(kinds)](const std::string& name) -> Result<std::shared_ptr<const ShapeProgram>> {
    PTAH_TRY(const ShapeKind* found, kinds->find(name));
    return found->program;
  };
}

}  // namespace ptah
