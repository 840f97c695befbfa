#include "ptah/paint.h"

#include "api/members.h"
#include "api/watch.h"
#include "pipelines/painting.h"
#include "pipelines/recall/recall.h"

namespace ptah {

struct Painter::State {
  Json files;
  mutable ModelCache models;
};

Outcome<Painter> Painter::open(const PaintFiles& files) {
  return outcome<Painter>([&]() -> Result<Painter> {
    auto state = std::make_shared<State>();
    state->files = values_of(files);
    PTAH_TRY(const PaintTask task, request_of(paint_schema(), files));
    PTAH_TRY(const auto checkpoint, state->models.checkpoint(task.files));
    PTAH_TRY_VOID(checkpoint->digests.get());
    Painter painter;
    painter.state_ = std::move(state);
    return painter;
  });
}

Outcome<MadeWork> Painter::paint(const PaintSettings& settings, const MakeOptions& options) const {
  return outcome<MadeWork>([&] {
    Json values = values_of(settings);
    values.update(state_->files);
    return made(paint_schema(), state_->models, values, options);
  });
}

Outcome<MakePlan> Painter::plan(const PaintFiles& files, const PaintSettings& settings, const MakeOptions& options) {
  return outcome<MakePlan>([&] {
    ModelCache models;
    return planned(paint_schema(), models, values_of(files, settings), options);
  });
}

Outcome<std::string> recall_command(const std::filesystem::path& picture) {
  return outcome<std::string>([&] { return recall(picture); });
}

}  // namespace ptah
