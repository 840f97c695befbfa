#include "ptah/engine.h"

#include "api/outcome.h"
#include "api/watch.h"
#include "base/parallel.h"
#include "create/work_folder.h"

namespace ptah {

namespace {

CreateRequest inner(const MakeRequest& r) {
  return {.prompt = r.prompt,
          .seed = number_of(r.seed),
          .style = r.style,
          .size = r.size,
          .steps = r.steps,
          .guidance = r.guidance,
          .background = r.background,
          .object = r.object,
          .solid = r.solid,
          .target_triangles = r.target_triangles,
          .size_mm = r.size_mm,
          .best_of = r.best_of,
          .strength = r.strength,
          .watermark = r.watermark,
          .millimetres = true};
}

}  // namespace

struct Engine::State {
  std::shared_ptr<PictureModel> model;
};

Outcome<Engine> Engine::open(const std::filesystem::path& folder) {
  return outcome<Engine>([&]() -> Result<Engine> {
    std::filesystem::path at = folder;
    if (at.empty()) {
      PTAH_TRY(at, models_folder());
    }
    auto state = std::make_shared<State>();
    PTAH_TRY(state->model, load_picture_model(at));
    Engine engine;
    engine.state_ = std::move(state);
    return engine;
  });
}

Outcome<MadeWork> Engine::make(const MakeRequest& request, const MakeOptions& options) const {
  return outcome<MadeWork>([&]() -> Result<MadeWork> {
    PTAH_TRY(const Formats formats, parse_formats(request.formats));
    Watch watch(options);
    PTAH_TRY(const Sources sources, sources_of(request));
    PTAH_TRY(Work work, create_work(*state_->model, inner(request), formats, sources, watch.progress(), watch.token()));
    return outer(std::move(work));
  });
}

Outcome<MakePlan> Engine::plan(const MakeRequest& request) const {
  return outcome<MakePlan>([&]() -> Result<MakePlan> {
    PTAH_TRY(const Sources sources, sources_of(request));
    PTAH_TRY(const Plan plan, plan_work(*state_->model, inner(request), sources));
    return MakePlan{plan.peak_bytes, plan.flops, plan.seconds};
  });
}

Outcome<MadeWork> Engine::replay(const std::filesystem::path& path) const {
  return outcome<MadeWork>([&]() -> Result<MadeWork> {
    PTAH_TRY(const Json receipt, read_receipt(path));
    PTAH_TRY(const Sources sources, read_sources(receipt, path));
    PTAH_TRY(Work work, replay_work(*state_->model, receipt, sources));
    return outer(std::move(work));
  });
}

std::vector<std::string> Engine::unknown_words(const std::string& prompt) const { return state_->model->unknown_words(prompt); }

Outcome<std::vector<std::uint8_t>> upscale(const std::filesystem::path& picture, const MakeOptions& options) {
  return outcome<std::vector<std::uint8_t>>([&]() -> Result<std::vector<std::uint8_t>> {
    Watch watch(options);
    PTAH_TRY(const Picture small, read_picture(picture));
    PTAH_TRY(const auto upscaler, load_upscaler());
    PTAH_TRY(const Picture large, upscaler->upscale(small, watch.progress(), watch.token()));
    return encode_png(large);
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
