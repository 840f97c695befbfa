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

namespace {

/// A config, read and known to be right.
struct PictureTraining {
  fs::path data, large_data, out, start_from;
  std::string start, synonyms;
  Json judges, upscaler, autoencoder, denoiser, decoder;  ///< null: not a stage
  AutoencoderConfig shape;
};

bool is_judge_name(const std::string& name) {
  const bool stage = name == "upscaler" || name == "denoiser" || name == "decoder" || name == "autoencoder";
  return !name.empty() && !stage && name.find('/') == std::string::npos && name[0] != '.';
}

Result<AutoencoderConfig> shape_of(const Json& model) {
  Reader reader(model, "autoencoder_model");
  const Json known = to_json(AutoencoderConfig());
  for (const auto& [key, value] : known.items()) (void)reader.get<Json>(key, nullptr);
  reader.done();
  return autoencoder_config(model);
}

Result<PictureTraining> read_training(const Json& config, const fs::path& base_folder) {
  Reader reader(config, "");
  PictureTraining t;
  t.data = base_folder / reader.get<std::string>("data", "pictures");
  t.out = base_folder / reader.get<std::string>("out", "picture-model");
  t.start = reader.get<std::string>("start_from", "");
  if (!t.start.empty()) t.start_from = base_folder / t.start;
  t.synonyms = reader.get<std::string>("synonyms", "");
  t.large_data = base_folder / reader.get<std::string>("large_data", "pictures-large");
  const auto stage = [&](const char* key) { return reader.get<Json>(key, nullptr); };
  t.judges = stage("judges"), t.upscaler = stage("upscaler"), t.autoencoder = stage("autoencoder"), t.denoiser = stage("denoiser"),
  t.decoder = stage("decoder");
  if (const Json model = stage("autoencoder_model"); !model.is_null()) {
    PTAH_TRY(t.shape, shape_of(model));
  }
  reader.done();
  if (t.judges.is_object() && t.judges.empty()) t.judges = nullptr;
  if (t.judges.is_null() && t.upscaler.is_null() && t.autoencoder.is_null() && t.denoiser.is_null() && t.decoder.is_null() && t.synonyms.empty())
    return fail(ErrorCode::invalid_argument,
                "config: nothing is to be trained; name a stage: autoencoder, denoiser, decoder, upscaler, judges or synonyms (docs/training.md)");
  if (!t.decoder.is_null() && t.start.empty() && t.denoiser.is_null())
    return fail(ErrorCode::invalid_argument, "config: decoder needs start_from, or a denoiser to train");
  // Each stage reads its own part; a mistake in the last one is said before the first one runs.
  const TrainCallbacks check{.only_check = true};
  if (!t.autoencoder.is_null()) PTAH_TRY_VOID(train_autoencoder(t.autoencoder, {}, {}, t.shape, check));
  if (!t.denoiser.is_null()) PTAH_TRY_VOID(train_denoiser(t.denoiser, base_folder, {}, {}, {}, check));
  if (!t.decoder.is_null()) PTAH_TRY_VOID(train_decoder(t.decoder, {}, {}, {}, {}, check));
  if (!t.upscaler.is_null()) PTAH_TRY_VOID(train_upscaler(t.upscaler, {}, {}, {}, check));
  if (!t.judges.is_null()) {
    if (!t.judges.is_object()) return fail(ErrorCode::invalid_argument, "config: 'judges' is no object");
    for (const auto& [name, judge] : t.judges.items()) {
      if (!is_judge_name(name)) return fail(ErrorCode::invalid_argument, "config: judge '{}' is no name", name);
      PTAH_TRY_VOID(train_judge(judge, {}, {}, {}, check));
    }
  }
  return t;
}

}  // namespace

Result<void> train_picture_model(const Json& config, const fs::path& base_folder, const TrainCallbacks& callbacks) {
  return guard([&]() -> Result<void> {
    PTAH_TRY(const PictureTraining t, read_training(config, base_folder));
    const bool pictures = !t.autoencoder.is_null() || !t.denoiser.is_null();
    PictureSet set;
    if (pictures || !t.judges.is_null() || !t.decoder.is_null()) {
      PTAH_TRY(set, read_picture_set(t.data, t.shape.size));
      if (callbacks.say)
        for (const std::string& note : set.notes) callbacks.say("note: " + note);
    }
    if (pictures && !fs::exists(t.out / "autoencoder" / "weights.safetensors")) {
      const Json autoencoder = t.autoencoder.is_null() ? Json::object() : t.autoencoder;
      PTAH_TRY_VOID(t.start.empty() ? train_autoencoder(autoencoder, t.out / "autoencoder", set, t.shape, callbacks)
                                    : take_autoencoder(t.start_from, t.out / "autoencoder"));
    }
    const fs::path made = t.out / "picture.safetensors";
    fs::path finished = t.start.empty() ? made : t.start_from;  // the model that the next step goes on from
    if (!t.denoiser.is_null()) {
      PTAH_TRY_VOID(train_denoiser(t.denoiser, base_folder, t.out, t.start_from, set, callbacks));
      finished = made;
    }
    if (!t.synonyms.empty()) {
      PTAH_TRY_VOID(give_synonyms(finished, base_folder / t.synonyms, made));
      finished = made;
    }
    if (!t.decoder.is_null()) {
      PTAH_TRY_VOID(train_decoder(t.decoder, t.out / "decoder", finished, made, set, callbacks));
      finished = made;
    }
    if (!t.upscaler.is_null()) {
      PTAH_TRY(const PictureSet large, read_picture_set(t.large_data, t.shape.size * UpscalerConfig::kFactor));
      PTAH_TRY_VOID(train_upscaler(t.upscaler, t.out / "upscaler", finished, large, callbacks));
    }
    if (!t.judges.is_null())
      for (const auto& [name, judge] : t.judges.items()) PTAH_TRY_VOID(train_judge(judge, t.out / name, finished, set, callbacks));
    return {};
  });
}

}  // namespace ptah
