#include "train/picture_trainer.h"

#include "train/stage.h"

namespace ptah {

namespace fs = std::filesystem;

Result<void> train_picture_model(const Json& config, const fs::path& base_folder, const TrainCallbacks& callbacks) {
  return guard([&]() -> Result<void> {
    Reader reader(config, "");
    const fs::path data = base_folder / reader.get<std::string>("data", "pictures");
    const fs::path out = base_folder / reader.get<std::string>("out", "picture-model");
    const std::string start = reader.get<std::string>("start_from", "");
    const fs::path start_from = start.empty() ? fs::path() : base_folder / start;
    const Json judges = reader.object("judges");
    const Json autoencoder = reader.object("autoencoder"), model = reader.object("autoencoder_model"), denoiser = reader.object("denoiser");
    AutoencoderConfig shape;
    if (!model.empty()) {
      PTAH_TRY(shape, autoencoder_config(model));
    }
    reader.done();
    PTAH_TRY(const PictureSet set, read_picture_set(data, shape.size));
    const bool pictures = judges.empty() || !autoencoder.empty() || !denoiser.empty();
    if (pictures && !fs::exists(out / "autoencoder" / "weights.safetensors")) {
      PTAH_TRY_VOID(start.empty() ? train_autoencoder(autoencoder, out / "autoencoder", set, shape, callbacks)
                                  : take_autoencoder(start_from, out / "autoencoder"));
    }
    if (!denoiser.empty()) PTAH_TRY_VOID(train_denoiser(denoiser, out, start_from, set, callbacks));
    for (const auto& [name, judge] : judges.items()) {
      if (name.empty() || name.find('/') != std::string::npos || name[0] == '.')
        return fail(ErrorCode::invalid_argument, "config: judge '{}' is no name", name);
      PTAH_TRY_VOID(train_judge(judge, out / name, start.empty() ? out / "picture.safetensors" : start_from, set, callbacks));
    }
    return {};
  });
}

}  // namespace ptah
