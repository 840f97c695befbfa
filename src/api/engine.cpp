#include "ptah/engine.h"

#include "api/members.h"
#include "api/watch.h"
#include "base/parallel.h"
#include "pipelines/request.h"
#include "work/work_folder.h"
#include "work/verification.h"

namespace ptah {

struct Engine::State {
  static constexpr size_t kModels = 3;  ///< the default one, and those of the last replays
  explicit State(std::filesystem::path folder) : models(std::move(folder), kModels) {}
  std::shared_ptr<const PictureModel> model;
  mutable ModelCache models;
};

Outcome<Engine> Engine::open(const std::filesystem::path& folder) {
  return outcome<Engine>([&]() -> Result<Engine> {
    auto state = std::make_shared<State>(folder);
    PTAH_TRY(state->model, state->models.picture());
    Engine engine;
    engine.state_ = std::move(state);
    return engine;
  });
}

Outcome<MadeWork> Engine::make(const MakeRequest& request, const MakeOptions& options) const {
  return outcome<MadeWork>([&] { return made(create_schema(), state_->models, values_of(request), options); });
}

Outcome<MakePlan> Engine::plan(const MakeRequest& request, const MakeOptions& options) const {
  return outcome<MakePlan>([&] { return planned(create_schema(), state_->models, values_of(request), options); });
}

Outcome<MadeWork> Engine::replay(const std::filesystem::path& path, const MakeOptions& options, const std::filesystem::path& checkpoints) const {
  return outcome<MadeWork>([&]() -> Result<MadeWork> {
    Watch watch(options);
    PTAH_TRY(Replayed again, replay_path(state_->models, path, checkpoints, watch.run_options()));
    return outer(std::move(again.work));
  });
}

std::vector<std::string> Engine::unknown_words(const std::string& prompt) const { return state_->model->unknown_words(prompt); }

Outcome<std::vector<std::uint8_t>> upscale(const std::filesystem::path& picture, const MakeOptions& options) {
  return outcome<std::vector<std::uint8_t>>([&]() -> Result<std::vector<std::uint8_t>> {
    Watch watch(options);
    ModelCache models;
    PTAH_TRY(const Recipe* recipe, find_recipe("upscale"));
    PTAH_TRY(const RecipeRequest request, open_request(*recipe, {{"picture", picture.string()}}));
    RunOptions how = watch.run_options();
    how.receipt = false;
    PTAH_TRY(Work work, run_recipe(*recipe, models, request, how));
    return std::move(work.files["picture.png"]);
  });
}

Outcome<Done> save(const MadeWork& work, const std::filesystem::path& folder) {
  const auto written = write_work({work.files, {}}, folder);
  if (!written) return problem_of(written.error());
  return Done{};
}

Outcome<bool> verify(const std::filesystem::path& path, std::vector<std::string>* lines) {
  const auto verified = verify_work(path);
  if (!verified) return problem_of(verified.error());
  if (lines) *lines = verified->lines;
  return verified->whole;
}

void use_threads(int count) { set_threads(count); }

}  // namespace ptah
