#include "pipelines/recall/recall_works.h"

#include "base/text.h"
#include "pipelines/create.h"
#include "pipelines/field/field_work.h"
#include "pipelines/mesh/convert.h"
#include "pipelines/rendering/render_work.h"
#include "pipelines/scene/scene_work.h"
#include "pipelines/shape/shape_work.h"
#include "pipelines/emotion/emotion_work.h"
#include "pipelines/face/photo_work.h"
#include "pipelines/face/talk_work.h"
#include "pipelines/speech/say_work.h"
#include "pipelines/text_work.h"
#include "pipelines/texturing/texture_work.h"

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

/// The file of a source that is no picture, `what` and any ending, as it is kept in the work's folder; empty if there was none. Names come from receipts.
fs::path kept_file(const Json& receipt, const fs::path& folder, std::string_view what) {
  const Json sources = receipt.value("sources", Json::object());
  if (sources.is_object())
    for (const auto& [name, id] : sources.items())
      if (name.starts_with(what) && name.substr(what.size()).starts_with(".") && is_source_name(name)) return folder / source_file(name);
  return {};
}

/// A note for each file of the request that is not here: a checkpoint, a map of surroundings.
std::string notes_on_files(std::initializer_list<fs::path> files) {
  std::string notes;
  std::error_code problem;
  for (const fs::path& file : files)
    if (!file.empty() && !fs::exists(file, problem)) notes += fmt::format("# not here: {}\n", printable(file.string(), 200));
  return notes;
}

Result<std::string> rendering_command(const Json& receipt, const fs::path& folder) {
  PTAH_TRY(RenderTask task, render_schema().from_receipt(receipt["request"]));
  task.file = kept_file(receipt, folder, "object");
  if (task.file.empty()) return fail(ErrorCode::corrupt, "the receipt names no object");
  const fs::path environment = kept_file(receipt, folder, "environment");
  if (!environment.empty()) task.environment = environment.string();
  return notes_on_files({task.file, environment}) + render_schema().command_of(task) + "\n";
}

Result<std::string> texture_command(const Json& receipt, const fs::path& folder) {
  PTAH_TRY(TextureTask task, texture_schema().from_receipt(receipt["request"]));
  task.mesh = kept_file(receipt, folder, "mesh");
  if (task.mesh.empty()) return fail(ErrorCode::corrupt, "the receipt names no mesh");
  return notes_on_files({task.mesh, task.model, task.control}) + texture_schema().command_of(task) + "\n";
}

/// The mesh lies in the work with its files, and what is made has the names that it has there.
Result<std::string> conversion_command(const Json& receipt, const fs::path& folder) {
  PTAH_TRY(ConvertTask task, convert_schema().from_receipt(receipt["request"]));
  task.mesh = folder / "source.zip";
  return notes_on_files({task.mesh}) + convert_schema().command_of(task) + " object." + task.format + "\n";
}

Result<std::string> field_command(const Json& receipt, const fs::path& folder) {
  PTAH_TRY(FieldTask task, field_schema().from_receipt(receipt["request"]));
  task.folder = kept_file(receipt, folder, "pictures");
  if (task.folder.empty()) return fail(ErrorCode::corrupt, "the receipt names no pictures");
  return notes_on_files({task.folder}) + field_schema().command_of(task) + "\n";
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
  if (text_at(receipt, "kind") == kRenderKind) return rendering_command(receipt, folder);
  if (text_at(receipt, "kind") == kSceneKind) {
    PTAH_TRY(const SceneTaskRequest task, scene_schema().from_receipt(receipt["request"]));
    Json values = scene_schema().values(task);
    if (!task.program.empty()) values["program"] = (folder / "scene.json").string(), values["edits"] = Json::array();  // as it came out of them
    return scene_schema().command(values) + "\n";
  }
  if (text_at(receipt, "kind") == kFieldKind) return field_command(receipt, folder);
  if (text_at(receipt, "kind") == kSpeechKind) {
    PTAH_TRY(const SayTask task, say_schema().from_receipt(receipt["request"]));
    return say_schema().command_of(task) + "\n";
  }
  if (text_at(receipt, "kind") == kEmotionKind) {
    PTAH_TRY(const EmotionTask task, emotion_schema().from_receipt(receipt["request"]));
    return emotion_schema().command_of(task) + "\n";
  }
  if (text_at(receipt, "kind") == kFaceKind) {
    PTAH_TRY(const FaceTask task, face_schema().from_receipt(receipt["request"]));
    return face_schema().command_of(task) + "\n";
  }
  if (text_at(receipt, "kind") == kTalkKind) {
    PTAH_TRY(TalkTask task, talk_schema().from_receipt(receipt["request"]));
    if (receipt.contains("sources")) task.face = folder / source_file("face.glb");
    return talk_schema().command_of(task) + "\n";
  }
  if (text_at(receipt, "kind") == kPhotoKind) {
    PTAH_TRY(PhotoTask task, photo_schema().from_receipt(receipt["request"]));
    task.picture = folder / "from.png";
    const Json sources = receipt.value("sources", Json::object());
    if (sources.contains("donor.png")) task.donor = folder / source_file("donor.png");
    for (size_t i = 1; sources.contains(fmt::format("consent-{}.json", i)); ++i)
      task.consents.push_back(folder / source_file(fmt::format("consent-{}.json", i)));
    return photo_schema().command_of(task) + "\n";
  }
  if (text_at(receipt, "kind") == kTextureKind) return texture_command(receipt, folder);
  if (text_at(receipt, "kind") == kConvertKind) return conversion_command(receipt, folder);
  if (text_at(receipt, "kind").starts_with("picture")) {
    PTAH_TRY(const CreateTask task, create_task(receipt, folder));
    return notes_on({task.from, task.mask}) + create_schema().command_of(task) + "\n";
  }
  return fail(ErrorCode::unsupported, "{}: a work of the kind '{}'", file.string(), printable(text_at(receipt, "kind"), 80));
}

}  // namespace ptah
