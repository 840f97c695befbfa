#include <chrono>

#include "base/file.h"
#include "train/gan/gan_trainer.h"
#include "train/loop/quick.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kTimedGan = 6, kWarmGan = 3;
constexpr double kShareOfGanTime = 0.8;  ///< the rest is for the fresh discriminators and the film

Json quick_config_of(const QuickGan& t, const fs::path& out, int64_t steps) {
  return {{"data", fs::absolute(t.pictures).string()},
          {"out", fs::absolute(out).string()},
          {"size", t.size},
          {"batch", 32},
          {"steps", steps},
          {"learning_rate", 1e-3},
          {"ema_decay", 0.99},
          {"probe_steps", std::clamp<int64_t>(steps / 20, 1, 200)},
          {"log_every", std::max<int64_t>(1, steps / 40)},
          {"seed", t.seed}};
}

}  // namespace

Result<Json> quick_gan_config(const QuickGan& t, const TrainCallbacks& callbacks) {
  const fs::path file = t.out / "train.json";
  PTAH_TRY(auto before, config_to_continue(file, t.pictures, callbacks));
  if (before) return std::move(*before);
  PTAH_TRY_VOID(make_folders(t.out));
  const auto began = std::chrono::steady_clock::now();
  PTAH_TRY(const double step, seconds_per_step(t.out, kWarmGan, kTimedGan, callbacks, [&](const fs::path& folder, const TrainCallbacks& calls) {
             Json config = quick_config_of(t, folder, kMaxQuickSteps);
             config.update({{"log_every", kWarmGan}, {"probe_steps", 1}});
             return train_gan(config, {}, calls);
           }));
  const double passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const auto steps = static_cast<int64_t>(std::clamp((t.seconds - passed) * kShareOfGanTime / step, 0.0, static_cast<double>(kMaxQuickSteps)));
  if (steps < 60) return fail(ErrorCode::invalid_argument, "{:.0f} s are too short: a step takes {:.2f} s here", t.seconds, step);
  const Json config = quick_config_of(t, t.out, steps);
  PTAH_TRY_VOID(write_file(file, std::string_view(config.dump(1) + "\n")));
  if (callbacks.say) callbacks.say(fmt::format("{} steps of {:.4f} s; {} holds the config", steps, step, file.string()));
  return config;
}

}  // namespace ptah
