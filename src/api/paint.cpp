#include "ptah/paint.h"

#include "api/outcome.h"
#include "api/watch.h"
#include "create/painting.h"
#include "create/recall.h"

namespace ptah {

namespace {

Result<DiffusionFiles> inner(const PaintFiles& f) {
  DiffusionFiles out{.model = f.model,
                     .unet = f.unet,
                     .autoencoder = f.autoencoder,
                     .t5 = f.t5,
                     .t5_words = f.t5_words,
                     .refiner = f.refiner,
                     .embeddings = f.embeddings,
                     .wraps = f.seamless};
  PTAH_TRY(out.packing, packing_by_name(f.quantize));
  for (const auto& [file, strength] : f.loras) out.loras.push_back({file, strength});
  for (const auto& [file, strength] : f.controls) out.controls.push_back({file, strength});
  return out;
}

PaintRequest inner(const PaintSettings& s) {
  return {.prompt = s.prompt,
          .negative = s.negative,
          .seed = number_of(s.seed),
          .steps = s.steps,
          .guidance = s.guidance,
          .rescale = s.rescale,
          .perpendicular = s.perpendicular,
          .sampler = s.sampler,
          .schedule = s.schedule,
          .width = s.width,
          .height = s.height,
          .clip_skip = s.clip_skip,
          .prediction = s.prediction,
          .noise = s.noise,
          .strength = s.strength,
          .enlarge = s.enlarge,
          .enlarge_strength = s.enlarge_strength,
          .refine_from = s.refine_from,
          .tile = s.tile,
          .as_diffusers = s.as_diffusers};
}

Result<Sources> with_controls(const PaintSettings& s) {
  PTAH_TRY(Sources sources, sources_of(s));
  for (const auto& file : s.controls) {
    PTAH_TRY(Picture control, read_picture(file));
    sources.controls.push_back(std::move(control));
  }
  return sources;
}

}  // namespace

struct Painter::State {
  DiffusionFiles files;
  Json digests;
  std::shared_ptr<const DiffusionModel> model;
};

Outcome<Painter> Painter::open(const PaintFiles& files) {
  return outcome<Painter>([&]() -> Result<Painter> {
    auto state = std::make_shared<State>();
    PTAH_TRY(state->files, inner(files));
    PTAH_TRY(const auto words, clip_words());
    PTAH_TRY(state->model, DiffusionModel::load(state->files, words));
    PTAH_TRY(state->digests, checkpoint_digests(state->files));
    Painter painter;
    painter.state_ = std::move(state);
    return painter;
  });
}

Outcome<MadeWork> Painter::paint(const PaintSettings& settings, const MakeOptions& options) const {
  return outcome<MadeWork>([&]() -> Result<MadeWork> {
    Finish finish{.cut = settings.cut, .object = {.millimetres = true}};
    PTAH_TRY(finish.formats, parse_formats(settings.formats));
    Watch watch(options);
    PTAH_TRY(const Sources sources, with_controls(settings));
    const PaintRequest request = state_->model->settled(inner(settings));
    PTAH_TRY(const Picture picture, state_->model->paint(request, sources, watch.progress(), watch.token()));
    PTAH_TRY(Work work, painting(request, state_->files, state_->digests, picture, sources, finish, watch.progress(), watch.token()));
    return outer(std::move(work));
  });
}

Outcome<MakePlan> Painter::plan(const PaintFiles& files, const PaintSettings& settings) {
  return outcome<MakePlan>([&]() -> Result<MakePlan> {
    PTAH_TRY(const Sources sources, with_controls(settings));
    PTAH_TRY(const auto words, clip_words());
    PTAH_TRY(const DiffusionFiles read, inner(files));
    PTAH_TRY(const Plan plan, plan_painting(inner(settings), read, words, sources));
    return MakePlan{plan.peak_bytes, plan.flops, plan.seconds};
  });
}

Outcome<std::string> recall_command(const std::filesystem::path& picture) {
  return outcome<std::string>([&] { return recall(picture); });
}

}  // namespace ptah
