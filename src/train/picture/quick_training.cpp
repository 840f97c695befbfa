#include "train/picture/quick_training.h"

#include <algorithm>
#include <chrono>

#include "base/file.h"
#include "train/loop/quick.h"
#include "weights/safetensors.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kTimedSteps = 4, kWarmSteps = 2;
constexpr double kSpare = 0.9;  ///< of the time; the rest is for what a computer does besides

/// The shape of a picture model's denoiser and text encoder, as a config has it. Errors: corrupt for a file that is no picture model.
Result<Json> model_shape(const fs::path& model) {
  PTAH_TRY(const TensorFile file, read_safetensors(model));
  const auto found = file.metadata.find("config");
  if (found == file.metadata.end()) return fail(ErrorCode::corrupt, "{}: not a picture model (no config)", model.string());
  PTAH_TRY(const Json config, parse_json(found->second));
  Json out = Json::object();
  try {
    const Json &denoiser = config.at("denoiser"), &text = config.at("text");
    for (const char* key : {"width", "blocks", "heads"}) out[key] = denoiser.at(key);
    out["text_width"] = text.at("width");
    out["text_layers"] = text.at("layers");
  } catch (const Json::exception& problem) {
    return fail(ErrorCode::corrupt, "{}: {}", model.string(), problem.what());
  }
  return out;
}

/// Learning rates are half of those that the shipped model was trained on with, so that what it knows stays.
Json config_of(const QuickTraining& t, const Json& shape, const fs::path& out, int64_t steps) {
  Json config = {{"data", fs::absolute(t.pictures).string()},
                 {"out", fs::absolute(out).string()},
                 {"start_from", fs::absolute(t.start_from).string()},
                 {"denoiser",
                  {{"batch", 16},
                   {"steps", steps},
                   {"warmup", std::min<int64_t>(20, steps / 10)},
                   {"learning_rate", 3e-4},
                   {"muon_learning_rate", 4e-3},
                   {"table_learning_rate", 3e-3},
                   {"ema_decay", 0.99},
                   {"seed", t.seed}}}};
  config["denoiser"].update(shape);
  return config;
}

}  // namespace

Result<Json> quick_config(const QuickTraining& t, const TrainCallbacks& callbacks) {
  const fs::path file = t.out / "train.json";
  PTAH_TRY(auto before, config_to_continue(file, t.pictures, callbacks));
  if (before) return std::move(*before);
  PTAH_TRY(const Json shape, model_shape(t.start_from));
  PTAH_TRY_VOID(make_folders(t.out));
  const auto began = std::chrono::steady_clock::now();
  PTAH_TRY(const double step, seconds_per_step(t.out, kWarmSteps, kTimedSteps, callbacks, [&](const fs::path& folder, const TrainCallbacks& calls) {
             Json config = config_of(t, shape, folder, kMaxQuickSteps);
             config["denoiser"]["log_every"] = kWarmSteps;
             return train_picture_model(config, {}, calls);
           }));
  const double passed = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  // The timing read and encoded the pictures too, which the training does again.
  const double left = (t.seconds - passed) * kSpare - (passed - step * static_cast<double>(kWarmSteps + kTimedSteps));
  const auto steps = static_cast<int64_t>(std::clamp(left / step, 0.0, static_cast<double>(kMaxQuickSteps)));
  if (steps < 1)
    return fail(ErrorCode::invalid_argument, "{:.0f} s are too short: a step takes {:.1f} s here, and reading the pictures {:.0f} s", t.seconds, step, passed);
  const Json config = config_of(t, shape, t.out, steps);
  PTAH_TRY_VOID(write_file(file, std::string_view(config.dump(1) + "\n")));
  if (callbacks.say) callbacks.say(fmt::format("{} steps of {:.2f} s; {} holds the config", steps, step, file.string()));
  return config;
}

}  // namespace ptah
