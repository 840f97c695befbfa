#include "pipelines/recall/recall_works.h"

#include "base/text.h"
#include "pipelines/create.h"
#include "pipelines/shape/shape_work.h"
#include "pipelines/text_work.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// A note for each picture that is not where the command looks for it.
std::string notes_on(std::initializer_list<fs::path> sources) {
  std::string notes;
  std::error_code problem;
  for (const fs::path& source : sources)
    if (!source.empty() && !fs::exists(source, problem)) notes += fmt::format("# not here: {}, a picture it started from\n", source.filename().string());
  return notes;
}

}  // namespace

Result<std::string> work_command(const Json& receipt, const fs::path& file) {
  const fs::path folder = folder_of_work(file);
  if (!receipt["request"].is_object()) return fail(ErrorCode::corrupt, "{}: the receipt's request is no object", file.string());
  if (is_object_receipt(receipt)) {
    PTAH_TRY(const ObjectTask task, object_task(receipt, folder));
    return notes_on({task.picture}) + object_schema().command_of(task) + "\n";
  }
  if (is_text_receipt(receipt)) {
    PTAH_TRY(const TextRequest request, text_request(receipt["request"]));
    return text_schema().command_of({.request = request}) + "\n";
  }
  if (text_at(receipt, "kind") == kShapeKind) {
    PTAH_TRY(const ShapeTask task, shape_task(receipt));
    Json values = shape_schema().values(task);
    values["program"] = (folder / "object.shape").string();  // a program is given by its file
    return shape_schema().command(values) + "\n";
  }
  if (text_at(receipt, "kind").starts_with("picture")) {
    PTAH_TRY(const CreateTask task, create_task(receipt, folder));
    return notes_on({task.from, task.mask}) + create_schema().command_of(task) + "\n";
  }
  return fail(ErrorCode::unsupported, "{}: a work of the kind '{}'", file.string(), printable(text_at(receipt, "kind"), 80));
}

}  // namespace ptah
