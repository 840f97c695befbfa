#include "pipelines/scene/scene_evaluation.h"

#include <algorithm>
#include <chrono>

namespace ptah {

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
  return Json{{"sentences", sentences.size()},
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
