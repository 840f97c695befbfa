#include "pipelines/scene/scene_work.h"

#include <algorithm>
#include <cmath>

#include "pipelines/mesh/export_options.h"
#include "render/lit.h"

namespace ptah {

template <class T, class Visit>
requires std::same_as<std::remove_const_t<T>, SceneTaskRequest>
void fields(T& t, const Visit& visit) {
  visit(Field{.name = "prompt", .help = "what is in the scene, in a sentence or several", .max_bytes = 16384, .since = "0.3.0", .positional = true}, t.prompt);
  visit(Field{.name = "program",
              .help = "instead of a sentence: the file of a scene (scene.json; - for standard input)",
              .unit = "FILE",
              .max_bytes = kMaxSceneBytes,
              .since = "0.3.0",
              .text_of_file = true},
        t.program);
  visit(Field{.name = "edits",
              .help = "a change by words: move, remove, add or make; all else stays where it is",
              .flag = "edit",
              .unit = "TEXT",
              .since = "0.3.0"},
        t.edits);
  visit(Field{.name = "seed", .help = "of places that are as good as others", .since = "0.3.0"}, t.seed);
  visit(Field{.name = "size", .help = "edge of the picture", .unit = "pixels", .range = {64, 4096}, .since = "0.3.0"}, t.size);
  visit(
      Field{
          .name = "azimuth", .help = "from where the picture is seen, from the front to the right", .unit = "degrees", .range = {-360, 360}, .since = "0.3.0"},
      t.azimuth);
  visit(Field{.name = "elevation", .help = "from how far above", .unit = "degrees", .range = {-90, 90}, .since = "0.3.0"}, t.elevation);
}

const SchemaOf<SceneTaskRequest>& scene_schema() {
  static const auto schema =
      SchemaOf<SceneTaskRequest>::describe("scene", "Make a 3D scene of a sentence", [](SceneTaskRequest& task, const Json&) -> Result<void> {
        if (task.prompt.empty() == task.program.empty())
          return fail_field("prompt", ErrorCode::invalid_argument, "exactly one of `prompt` and `program` has to be given");
        if (!task.program.empty()) {
          PTAH_TRY(const Json json, parse_json(task.program));
          PTAH_TRY_VOID(scene_from_json(json));
        }
        return {};
      });
  return schema;
}

namespace {

Bytes bytes_of_text(const std::string& text) { return Bytes(text.begin(), text.end()); }

/// A program whose openings without a width are those of the layout is what the words said.
Result<SceneProgram> asked_program(const SceneLibrary& library, const SceneTaskRequest& task) {
  const NearestKind nearest = [&](const std::string& words) { return library.nearest(words); };
  SceneProgram program;
  if (task.program.empty()) {
    PTAH_TRY(program, scene_of_words(task.prompt, library.lexicon(), library.places(), nearest, task.seed));
  } else {
    PTAH_TRY(const Json json, parse_json(task.program));
    PTAH_TRY(program, scene_from_json(json));
    if (task.seed != 0) program.seed = task.seed;
  }
  return program;
}

/// Where each thing came to stand.
void take_poses(SceneProgram& program, const SceneLayout& layout) {
  program.room = layout.room;
  std::erase_if(program.objects, [&](const SceneObject& o) {
    return std::none_of(layout.things.begin(), layout.things.end(), [&](const PlacedThing& t) { return t.id == o.id; });
  });
  std::erase_if(program.relations, [&](const SceneRelation& r) { return !program.find(r.of); });
  for (const PlacedThing& thing : layout.things) {
    SceneObject* object = program.find(thing.id);
    object->pose = thing.pose;
    object->on = thing.on;
  }
  program.left_out.insert(program.left_out.end(), layout.notes.begin(), layout.notes.end());
}

Result<Image> picture_of(const InstancedScene& scene, const SceneTaskRequest& task, const CancelToken* cancel) {
  PTAH_TRY(const RenderScene drawn, render_scene(scene, task.azimuth));
  PTAH_TRY(HdrImage map, shipped_environment("studio"));
  PTAH_TRY(auto environment, Environment::of(with_mean(std::move(map), 0.85F)));
  PTAH_TRY(const auto lit, LitScene::prepare(drawn, std::move(environment), cancel));
  const auto cameras = Camera::round(drawn, {{task.azimuth, task.elevation, 30}}, task.size, task.size);
  return lit->frame(cameras.front(), {.width = task.size, .height = task.size, .ground = false}, cancel);
}

/// The work of a scene that is laid out.
Result<Work> sealed_scene(const SceneLibrary& library, const ReadyScene& ready, const SceneTaskRequest& task, const ProgressCallback& progress,
                          const CancelToken* cancel) {
  Json core = begun_receipt(kSceneKind, scene_schema().to_receipt(task));
  core["library"] = ready.shapes;
  core["program"] = scene_json(ready.asked);
  PTAH_TRY(const InstancedScene scene, build_scene(ready.layout, ready.program, library.places(), kSceneTexels));
  Work work;
  work.files["scene.json"] = bytes_of_text(scene_json(ready.program).dump(1) + "\n");
  PTAH_TRY(work.files["scene.glb"], encode_glb(scene, receipt_inside(core)));
  if (progress) progress({"render", 0.7, -1});
  PTAH_TRY(const Image picture, picture_of(scene, task, cancel));
  Json inside = core;
  inside["pixels"] = pixel_id(picture);
  PTAH_TRY(const std::string text, canonical_json(inside));
  PTAH_TRY(work.files["picture.png"], encode_png(picture, {{kReceiptKeyword, text}}));
  work.facts = {{"objects", ready.layout.things.size()}, {"tries", ready.layout.tries}, {"width", ready.layout.room.width}, {"depth", ready.layout.room.depth}};
  PTAH_TRY_VOID(seal(work, core));
  if (progress) progress({"done", 1, 0});
  return work;
}

}  // namespace

Result<ReadyScene> ready_scene(const SceneLibrary& library, SceneProgram program, const CancelToken* cancel) {
  return guard([&]() -> Result<ReadyScene> {
    ReadyScene out;
    out.asked = program;
    SceneModels models(library.kinds());
    PTAH_TRY(out.layout, lay_out(program, models, library.places(), cancel));
    out.program = std::move(program);
    take_poses(out.program, out.layout);
    out.shapes = models.digests();
    return out;
  });
}

Result<ReadyScene> ready_scene(const SceneLibrary& library, const SceneTaskRequest& task, const ProgressCallback& progress, const CancelToken* cancel) {
  if (progress) progress({"scene", 0, -1});
  PTAH_TRY(SceneProgram program, asked_program(library, task));
  if (!task.edits.empty()) {
    // Changes are of a scene that stands: the rest stays where it is.
    const NearestKind nearest = [&](const std::string& words) { return library.nearest(words); };
    for (const std::string& edit : task.edits) {
      PTAH_TRY(ReadyScene before, ready_scene(library, std::move(program), cancel));
      program = std::move(before.program);
      program.left_out.clear();
      PTAH_TRY_VOID(edit_scene_by_words(program, edit, library.lexicon(), library.places(), nearest));
    }
  }
  if (progress) progress({"scene", 0.1, -1});
  return ready_scene(library, std::move(program), cancel);
}

Result<Work> scene_work(const SceneLibrary& library, const SceneTaskRequest& task, const ProgressCallback& progress,
                        const std::function<void(const std::string&)>& note, const CancelToken* cancel) {
  return guard([&]() -> Result<Work> {
    PTAH_TRY(const ReadyScene ready, ready_scene(library, task, progress, cancel));
    if (note)
      for (const std::string& one : ready.program.left_out) note(one);
    return sealed_scene(library, ready, task, progress, cancel);
  });
}

Result<Work> replay_scene(const SceneLibrary& library, const Json& receipt, const ProgressCallback& progress, const CancelToken* cancel) {
  PTAH_TRY(const SceneTaskRequest task, scene_schema().from_receipt(receipt.value("request", Json())));
  return guard([&]() -> Result<Work> {
    PTAH_TRY(SceneProgram program, scene_from_json(receipt.value("program", Json())));
    PTAH_TRY(const ReadyScene ready, ready_scene(library, std::move(program), cancel));
    if (receipt.value("library", Json::object()) != ready.shapes)
      return fail(ErrorCode::mismatch, "a shape of the library is another one than when the work was made");
    return sealed_scene(library, ready, task, progress, cancel);
  });
}

Result<Plan> plan_scene(const SceneLibrary& library, const SceneTaskRequest& task) {
  PTAH_TRY(const SceneProgram program, asked_program(library, task));
  const auto things = static_cast<double>(program.objects.size()), pixels = static_cast<double>(task.size * task.size);
  Plan plan;
  plan.program_bytes = int64_t{90} << 20;
  // Solids with their trees and open places, and the picture with its light.
  plan.shape_bytes = static_cast<int64_t>(things * 3e6 + pixels * 40);
  plan.peak_bytes = plan.program_bytes + plan.shape_bytes;
  plan.seconds = 0.4 + things * 0.05 * static_cast<double>(1 + task.edits.size()) + pixels * 1e-6;
  return plan;
}

}  // namespace ptah
