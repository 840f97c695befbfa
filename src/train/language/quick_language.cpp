#include <algorithm>
#include <chrono>

#include "base/file.h"
#include "train/language/language_trainer.h"
#include "train/loop/quick.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kTimed = 20, kWarm = 10;
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

}  // namespace

Result<Json> quick_language_config(const QuickLanguage& t, const TrainCallbacks& callbacks) {
  const fs::path file = t.out / "train.json";
  PTAH_TRY(auto before, config_to_continue(file, t.text, callbacks));
  if (before) return std::move(*before);
  PTAH_TRY_VOID(make_folders(t.out));
  const auto began = std::chrono::steady_clock::now();
  PTAH_TRY(const double step, seconds_per_step(t.out, kWarm, kTimed, callbacks, [&](const fs::path& folder, const TrainCallbacks& calls) {
             Json config = quick_text_config(t, folder, kMaxQuickSteps);
             config.update({{"log_every", kWarm}, {"eval_tokens", 1}});
             return train_language(config, {}, calls);
           }));
  const double passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const double left = (t.seconds - passed) * kShareOfTime;
  const auto steps = static_cast<int64_t>(std::clamp(left / step, 0.0, static_cast<double>(kMaxQuickSteps)));
  if (steps < 10) return fail(ErrorCode::invalid_argument, "{:.0f} s are too short: a step takes {:.2f} s here", t.seconds, step);
  const Json config = quick_text_config(t, t.out, steps);
  PTAH_TRY_VOID(write_file(file, std::string_view(config.dump(1) + "\n")));
  if (callbacks.say) callbacks.say(fmt::format("{} steps of {:.4f} s; {} holds the config", steps, step, file.string()));
  return config;
}

}  // namespace ptah
