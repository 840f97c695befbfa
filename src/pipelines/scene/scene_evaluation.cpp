#include "pipelines/scene/scene_evaluation.h"

#include <algorithm>
#include <chrono>
#include <functional>

#include "media/glb_scene.h"
#include "scene/build.h"

namespace ptah {

namespace {

constexpr const char* kThirty =
    "a big living room with a sofa, a coffee table in front of the sofa, two armchairs, a television on a TV stand opposite the sofa, a bookshelf, "
    "a floor lamp, a potted plant and a rug. There is a dining table with six chairs around it. A vase and four plates are on the dining table. "
    "There is also a cupboard, a clock on the wall, three pictures on the wall, two books on the coffee table and a cat.";

double milliseconds_of(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

Result<Json> time_scene_of_thirty(const SceneLibrary& library, const CancelToken* cancel) {
  return guard([&]() -> Result<Json> {
    double making = 1e9, placing = 1e9, all = 1e9;
    size_t objects = 0;
    for (int round = 0; round < 3; ++round) {
      SceneModels models(library.kinds());
      SceneProgram program;
      const double made = milliseconds_of([&] {
        program = value_or_throw(scene_of_words(kThirty, library.lexicon(), library.places(), {}, 0));
        for (const SceneObject& object : program.objects) (void)value_or_throw(models.make(object.kind, object.parameters, object.lying, cancel));
      });
      SceneLayout layout;
      const double placed = milliseconds_of([&] { layout = value_or_throw(lay_out(program, models, library.places(), cancel)); });
      const double written =
          milliseconds_of([&] { (void)value_or_throw(encode_glb(value_or_throw(build_scene(layout, program, library.places(), kSceneTexels)))); });
      making = std::min(making, made), placing = std::min(placing, placed), all = std::min(all, made + placed + written);
      objects = layout.things.size();
    }
    return Json{{"objects", objects}, {"making", making}, {"placing", placing}, {"all", all}};
  });
}

Result<Json> evaluate_scenes(const SceneLibrary& library, const std::vector<SceneExpectation>& sentences, uint64_t seed, std::vector<std::string>& wrong,
                             const CancelToken* cancel) {
  SceneMeasures all;
  int64_t made = 0;
  double navigable = 0, worst = 1;
  std::vector<double> milliseconds;
  for (const SceneExpectation& sentence : sentences) {
    if (cancel) PTAH_TRY_VOID(cancel->check());
    const auto begin = std::chrono::steady_clock::now();
    const auto ready = ready_scene(library, SceneTaskRequest{.prompt = sentence.text, .seed = seed}, {}, cancel);
    milliseconds.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
    SceneView view;
    if (ready) {
      PTAH_TRY(const InstancedScene scene, build_scene(ready->layout, ready->program, library.places()));
      PTAH_TRY(const Bytes glb, encode_glb(scene));
      PTAH_TRY(view, view_scene(glb));
      ++made;
    } else if (ready.error().code == ErrorCode::cancelled) {
      return tl::unexpected(ready.error());
    } else {
      wrong.push_back(fmt::format("{}\n    {}", sentence.text, ready.error().message));
    }
    const SceneMeasures one = measure_scene(view, sentence);
    for (Share SceneMeasures::*share :
         {&SceneMeasures::count, &SceneMeasures::attributes, &SceneMeasures::between_objects, &SceneMeasures::to_room, &SceneMeasures::supported,
          &SceneMeasures::settled, &SceneMeasures::apart, &SceneMeasures::inside, &SceneMeasures::clear})
      (all.*share).add(one.*share);
    if (ready) navigable += one.navigable, worst = std::min(worst, one.navigable);
    if (!one.wrong.empty() || (ready && !ready->program.left_out.empty()))
      wrong.push_back(fmt::format("{}\n    {}{}{}", sentence.text, fmt::join(one.wrong, "\n    "),
                                  ready && !ready->program.left_out.empty() ? "\n    note: " : "",
                                  ready ? fmt::format("{}", fmt::join(ready->program.left_out, "\n    note: ")) : ""));
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  const auto share = static_cast<double>(std::max<int64_t>(1, made));
  PTAH_TRY(const Json thirty, time_scene_of_thirty(library, cancel));
  return Json{{"thirty", thirty},
              {"sentences", sentences.size()},
              {"made", made},
              {"count", all.count.json()},
              {"attributes", all.attributes.json()},
              {"between_objects", all.between_objects.json()},
              {"to_room", all.to_room.json()},
              {"supported", all.supported.json()},
              {"settled", all.settled.json()},
              {"apart", all.apart.json()},
              {"inside", all.inside.json()},
              {"clear", all.clear.json()},
              {"navigable", navigable / share},
              {"least_navigable", worst},
              {"milliseconds",
               {{"median", milliseconds.empty() ? 0 : milliseconds[milliseconds.size() / 2]}, {"most", milliseconds.empty() ? 0 : milliseconds.back()}}}};
}

}  // namespace ptah
