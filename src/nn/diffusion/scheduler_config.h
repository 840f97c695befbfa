// scheduler_config.json of diffusers' folders: the noise a model was trained with, what it predicts, and how its makers sample it.
#pragma once

#include "nn/diffusion/noise_schedule.h"
#include "weights/config_keys.h"

namespace ptah {

ConfigTable scheduler_keys();

struct SchedulerSettings {
  NoiseConfig noise;
  std::string prediction = "noise";  ///< or velocity
  std::string sampler, schedule;     ///< ours that do the same; empty: there are none, and `missing` says why
  std::string missing;
};

/// `flows`: of a model of a straight flow (Stable Diffusion 3). `mended`: as the pipelines of Stable Diffusion 1 and 2 take it: steps_offset is 1 and
/// clip_sample false, whatever the file says. Missing keys have the defaults of the scheduler's class. Errors: corrupt, unsupported (naming the key, the value
/// found and those supported). Unknown keys are added to `warnings`.
Result<SchedulerSettings> scheduler_settings(const Config& config, bool flows, bool mended, std::vector<std::string>& warnings);

}  // namespace ptah
