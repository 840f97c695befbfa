#include <algorithm>
#include <chrono>

#include "base/file.h"
#include "train/language/language_trainer.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kTimed = 20, kWarm = 10, kMost = 1'000'000;
constexpr double kShareOfTime = 0.9;  ///< the rest is for measuring and samples

/// The larger the longer there is time: what of these shapes reads best was tried (docs/learning.md).
Json quick_shape(double seconds) {
  if (seconds <= 180) return {{"family", "mistral"}, {"layers", 4}, {"heads", 4}, {"width", 128}, {"context", 64}};
  if (seconds <= 1800) return {{"family", "mistral"}, {"layers", 6}, {"heads", 6}, {"width", 192}, {"context", 128}};
  return {{"family", "mistral"}, {"layers", 6}, {"heads", 6}, {"width", 384}, {"context", 256}};
}

Json quick_text_config(const QuickLanguage& t, const fs::path& out, int64_t steps) {
  return {{"data", fs::absolute(t.text).string()},
          {"out", fs::absolute(out).string()},
          {"model", quick_shape(t.seconds)},
          {"batch", 16},
          {"steps", steps},
          {"warmup", std::min<int64_t>(100, steps / 10)},
          {"schedule", "hold"},
          {"decay_share", 0.5},
          {"learning_rate", 3e-3},
          {"muon", true},
          {"muon_learning_rate", 0.02},
          {"eval_every", std::max<int64_t>(steps / 10, 1)},
          {"eval_tokens", 32768},
          {"sample_seconds", std::max(5.0, t.seconds / 4)},
          {"log_every", std::max<int64_t>(steps / 40, 1)},
          {"seed", t.seed}};
}

/// What a step takes, from the last steps of a training that is stopped then.
Result<double> timed_steps(const QuickLanguage& t, const TrainCallbacks& callbacks) {
  PTAH_TRY(const StagedFolder scratch, StagedFolder::create(fs::absolute(t.out) / "timing"));  // never committed: it goes with this call
  Json config = quick_text_config(t, scratch.path(), kMost);
  config.update({{"log_every", kWarm}, {"eval_tokens", 1}});
  CancelToken enough;
  double seconds = 0;
  TrainCallbacks calls;
  calls.say = {};
  calls.cancel = &enough;
  calls.report = [&](const std::string&, const RunReport& r) {
    seconds = r.seconds_per_step;
    if (r.step >= kWarm + kTimed || (callbacks.cancel && callbacks.cancel->cancelled())) enough.cancel();
  };
  const auto done = train_language(config, {}, calls);
  if (callbacks.cancel) PTAH_TRY_VOID(callbacks.cancel->check());
  if (!done && done.error().code != ErrorCode::cancelled) return tl::unexpected(done.error());
  return seconds;
}

}  // namespace

Result<Json> quick_language_config(const QuickLanguage& t, const TrainCallbacks& callbacks) {
  const fs::path file = t.out / "train.json";
  std::error_code problem;
  if (fs::exists(file, problem)) {
    PTAH_TRY(const std::string text, read_text(file, 1 << 20));
    PTAH_TRY(Json config, parse_json(text));
    if (text_at(config, "data") != fs::absolute(t.text).string())
      return fail(ErrorCode::invalid_argument, "{} is of a training on {}; name another folder for the model", file.string(), text_at(config, "data"));
    if (callbacks.say) callbacks.say(fmt::format("continues with {}", file.string()));
    return config;
  }
  PTAH_TRY_VOID(make_folders(t.out));
  const auto began = std::chrono::steady_clock::now();
  PTAH_TRY(const double step, timed_steps(t, callbacks));
  const double passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const double left = (t.seconds - passed) * kShareOfTime;
  const auto steps = static_cast<int64_t>(std::clamp(left / step, 0.0, static_cast<double>(kMost)));
  if (steps < 10) return fail(ErrorCode::invalid_argument, "{:.0f} s are too short: a step takes {:.2f} s here", t.seconds, step);
  const Json config = quick_text_config(t, t.out, steps);
  PTAH_TRY_VOID(write_file(file, std::string_view(config.dump(1) + "\n")));
  if (callbacks.say) callbacks.say(fmt::format("{} steps of {:.4f} s; {} holds the config", steps, step, file.string()));
  return config;
}

}  // namespace ptah
