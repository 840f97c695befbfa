#include "train/loop/quick.h"

#include "base/file.h"

namespace ptah {

namespace fs = std::filesystem;

Result<double> seconds_per_step(const fs::path& out, int64_t warm, int64_t timed, const TrainCallbacks& callbacks,
                                const std::function<Result<void>(const fs::path& folder, const TrainCallbacks&)>& train) {
  PTAH_TRY(const StagedFolder scratch, StagedFolder::create(fs::absolute(out) / "timing"));  // never committed: it goes with this call
  CancelToken enough;
  double seconds = 0;
  TrainCallbacks calls;
  calls.cancel = &enough;
  calls.report = [&](const std::string&, const RunReport& r) {
    seconds = r.seconds_per_step;
    if (r.step >= warm + timed || (callbacks.cancel && callbacks.cancel->cancelled())) enough.cancel();
  };
  const auto done = train(scratch.path(), calls);
  if (callbacks.cancel) PTAH_TRY_VOID(callbacks.cancel->check());
  if (!done && done.error().code != ErrorCode::cancelled) return tl::unexpected(done.error());
  return seconds;
}

Result<std::optional<Json>> config_to_continue(const fs::path& file, const fs::path& data, const TrainCallbacks& callbacks) {
  std::error_code problem;
  if (!fs::exists(file, problem)) return std::optional<Json>();
  PTAH_TRY(const std::string text, read_text(file, 1 << 20));
  PTAH_TRY(Json config, parse_json(text));
  if (text_at(config, "data") != fs::absolute(data).string())
    return fail(ErrorCode::invalid_argument, "{} is of a training on {}; name another folder for the model", file.string(), text_at(config, "data"));
  if (callbacks.say) callbacks.say(fmt::format("continues with {}", file.string()));
  return std::optional(std::move(config));
}

}  // namespace ptah
