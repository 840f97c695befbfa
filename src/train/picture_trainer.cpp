#include "train/picture_trainer.h"

#include "base/file.h"
#include "image/upscaler.h"
#include "text/vocabulary.h"
#include "train/stage.h"
#include "weights/safetensors.h"

namespace ptah {

namespace fs = std::filesystem;

namespace {

/// Writes the picture model `from` as `to`, with the synonyms of a file ("word known" lines) instead of those it has.
Result<void> give_synonyms(const fs::path& from, const fs::path& file, const fs::path& to) {
  PTAH_TRY(TensorFile model, read_safetensors(from));
  PTAH_TRY(const std::string text, read_text(file, 16 << 20));
  const auto words = model.metadata.find("vocabulary");
  if (words == model.metadata.end()) return fail(ErrorCode::corrupt, "{}: not a picture model (no vocabulary)", from.string());
  PTAH_TRY(Vocabulary vocabulary, Vocabulary::parse(words->second));
  auto added = vocabulary.add_synonyms(text);
  if (!added) return fail(ErrorCode::corrupt, "{}: {}", file.string(), added.error().message);
  model.metadata["synonyms"] = vocabulary.synonyms();
  std::error_code problem;
  fs::create_directories(to.parent_path(), problem);
  return write_safetensors(to, model);
}

}  // namespace

Result<void> train_picture_model(const Json& config, const fs::path& base_folder, const TrainCallbacks& callbacks) {
  return guard([&]() -> Result<void> {
    Reader reader(config, "");
    const fs::path data = base_folder / reader.get<std::string>("data", "pictures");
    const fs::path out = base_folder / reader.get<std::string>("out", "picture-model");
    const std::string start = reader.get<std::string>("start_from", "");
    const fs::path start_from = start.empty() ? fs::path() : base_folder / start;
    const std::string synonyms = reader.get<std::string>("synonyms", "");
    const Json judges = reader.object("judges"), upscaler = reader.object("upscaler");
    const fs::path large_data = base_folder / reader.get<std::string>("large_data", "pictures-large");
    const Json autoencoder = reader.object("autoencoder"), model = reader.object("autoencoder_model"), denoiser = reader.object("denoiser"),
               decoder = reader.object("decoder");
    AutoencoderConfig shape;
    if (!model.empty()) {
      PTAH_TRY(shape, autoencoder_config(model));
    }
    reader.done();
    const bool pictures = (judges.empty() && upscaler.empty() && synonyms.empty() && decoder.empty()) || !autoencoder.empty() || !denoiser.empty();
    PictureSet set;
    if (pictures || !judges.empty() || !decoder.empty()) {
      PTAH_TRY(set, read_picture_set(data, shape.size));
      if (callbacks.say)
        for (const std::string& note : set.notes) callbacks.say("note: " + note);
    }
    if (pictures && !fs::exists(out / "autoencoder" / "weights.safetensors")) {
      PTAH_TRY_VOID(start.empty() ? train_autoencoder(autoencoder, out / "autoencoder", set, shape, callbacks)
                                  : take_autoencoder(start_from, out / "autoencoder"));
    }
    const fs::path made = out / "picture.safetensors";
    fs::path finished = start.empty() ? made : start_from;  // the model that the next step goes on from
    if (!denoiser.empty()) {
      PTAH_TRY_VOID(train_denoiser(denoiser, base_folder, out, start_from, set, callbacks));
      finished = made;
    }
    if (!synonyms.empty()) {
      PTAH_TRY_VOID(give_synonyms(finished, base_folder / synonyms, made));
      finished = made;
    }
    if (!decoder.empty()) {
      if (start.empty() && denoiser.empty()) return fail(ErrorCode::invalid_argument, "config: decoder needs start_from, or a denoiser to train");
      PTAH_TRY_VOID(train_decoder(decoder, out / "decoder", finished, made, set, callbacks));
      finished = made;
    }
    if (!upscaler.empty()) {
      PTAH_TRY(const PictureSet large, read_picture_set(large_data, shape.size * UpscalerConfig::kFactor));
      PTAH_TRY_VOID(train_upscaler(upscaler, out / "upscaler", finished, large, callbacks));
    }
    for (const auto& [name, judge] : judges.items()) {
      if (name.empty() || name == "upscaler" || name == "denoiser" || name == "decoder" || name == "autoencoder" || name.find('/') != std::string::npos ||
          name[0] == '.')
        return fail(ErrorCode::invalid_argument, "config: judge '{}' is no name", name);
      PTAH_TRY_VOID(train_judge(judge, out / name, finished, set, callbacks));
    }
    return {};
  });
}

}  // namespace ptah
