#include "ptah/train.h"

#include "api/outcome.h"
#include "base/json.h"
#include "train/picture/picture_trainer.h"

namespace ptah {

Outcome<Done> train_picture(const std::string& config_json, const std::filesystem::path& base, const std::function<void(const TrainProgress&)>& progress) {
  return outcome<Done>([&]() -> Result<Done> {
    PTAH_TRY(const Json config, parse_json(config_json));
    TrainCallbacks calls;
    calls.report = [&](const std::string& stage, const RunReport& r) {
      if (progress) progress({stage, r.step, r.steps, r.loss, r.seconds_left});
    };
    PTAH_TRY_VOID(train_picture_model(config, base, calls));
    return Done{};
  });
}

}  // namespace ptah
