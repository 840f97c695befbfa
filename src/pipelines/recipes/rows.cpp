#include "pipelines/recipes/rows.h"

#include "base/printable.h"

namespace ptah {

namespace fs = std::filesystem;

Result<Sources> read_sources(const fs::path& from, const fs::path& mask, const PictureReader& read) {
  Sources sources;
  if (!from.empty()) {
    PTAH_TRY(sources.from, read(from));
  }
  if (!mask.empty()) {
    PTAH_TRY(sources.mask, read(mask));
  }
  PTAH_TRY_VOID(check(sources));
  return sources;
}

Result<fs::path> model_file_of(const Json& receipt, const fs::path& checkpoints) {
  const std::string name = text_at(receipt, "model_file");
  if (name.empty()) return fs::path();
  if (name.find('/') != std::string::npos || name[0] == '.') return fail(ErrorCode::corrupt, "receipt: strange name of a model file");
  const fs::path file = checkpoints / name;
  if (!fs::exists(file))
    return fail(ErrorCode::not_found, "{} is not here; say where the model lies (`checkpoints` FOLDER, or PTAH_CHECKPOINTS)", printable(file.string()));
  return file;
}

}  // namespace ptah
