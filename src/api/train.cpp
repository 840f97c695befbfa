#include "ptah/train.h"

#include "base/json.h"
#include "train/picture_trainer.h"

namespace ptah {

Outcome<Done> train_picture(const std::string& config_json, const std::filesystem::path& base, const std::function<void(const TrainProgress&)>& progress) {
  const auto run = [&]() -> Result<void> {
    PTAH_TRY(const Json config, parse_json(config_json));
    TrainCallbacks calls;
    calls.report = [&](const std::string& stage, const RunReport& r) {
      if (progress) progress({stage, r.step, r.steps, r.loss, r.seconds_left});
    };
    return train_picture_model(config, base, calls);
  };
  const auto result = run();
  if (!result) {
    const ErrorInfo& info = error_info(result.error().code);
    return Problem{info.name, result.error().message, info.exit_status};
  }
  return Done{};
}

}  // namespace ptah
