#include "train/picture/picture_trainer.h"

#include "base/file.h"
#include "image/upscaler.h"
#include "models/registry.h"
#include "text/tokenize/vocabulary.h"
#include "train/loop/stage.h"
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

constexpr const char* kRecord = "training.json";

/// A config, read and known to be right.
struct PictureTraining {
  fs::path data, large_data, out, start_from;
  std::string start, synonyms;
  Json judges, upscaler, autoencoder, denoiser, decoder;  ///< null: not a stage
  AutoencoderConfig shape;
  bool shaped = false;  ///< the config says so
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
  if (t.start == "picture" && !fs::exists(t.start_from)) {
    PTAH_TRY(const fs::path models, models_folder());
    PTAH_TRY(const Model shipped, shipped_model(models, t.start));
    t.start_from = shipped.place;
  }
  t.synonyms = reader.get<std::string>("synonyms", "");
  t.large_data = base_folder / reader.get<std::string>("large_data", "pictures-large");
  const auto stage = [&](const char* key) { return reader.get<Json>(key, nullptr); };
  t.judges = stage("judges"), t.upscaler = stage("upscaler"), t.autoencoder = stage("autoencoder"), t.denoiser = stage("denoiser"),
  t.decoder = stage("decoder");
  if (const Json model = stage("autoencoder_model"); !model.is_null()) {
    PTAH_TRY(t.shape, shape_of(model));
    t.shaped = true;
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

/// A stage of a training, what it writes, and what that is made of.
struct Output {
  std::string stage;
  fs::path path;
  Json made_of;
};

/// The config of a stage less the keys that say only how it runs.
Json essence(Json stage) {
  if (stage.is_object())
    for (const char* key : {"stop_at", "checkpoint_seconds", "sample_seconds", "log_every"}) stage.erase(key);
  return stage;
}

std::vector<Output> outputs_of(const Json& config, const PictureTraining& t) {
  const auto with = [&](Json made_of, std::initializer_list<const char*> keys) {
    for (const char* key : keys)
      if (config.contains(key)) made_of[key] = essence(config.at(key));
    return made_of;
  };
  std::vector<Output> out;
  if (!t.autoencoder.is_null() || !t.denoiser.is_null())
    out.push_back({"autoencoder", t.out / "autoencoder", with({}, {"data", "start_from", "autoencoder", "autoencoder_model"})});
  if (!t.denoiser.is_null()) out.push_back({"denoiser", t.out / "denoiser", with({}, {"data", "start_from", "denoiser"})});
  if (!t.decoder.is_null()) out.push_back({"decoder", t.out / "decoder", with({}, {"data", "start_from", "decoder"})});
  if (!t.denoiser.is_null() || !t.decoder.is_null() || !t.synonyms.empty())
    out.push_back({"picture", t.out / "picture.safetensors", with({}, {"data", "start_from", "denoiser", "synonyms", "decoder"})});
  if (!t.upscaler.is_null()) out.push_back({"upscaler", t.out / "upscaler", with({}, {"large_data", "start_from", "upscaler"})});
  if (!t.judges.is_null())
    for (const auto& [name, judge] : t.judges.items())
      out.push_back({"judges." + name, t.out / name, with({{"judge", essence(judge)}}, {"data", "start_from"})});
  return out;
}

/// The shape of the model that stages go on from, where one is there; else that of the config.
Result<AutoencoderConfig> shape_to_go_on_with(const PictureTraining& t) {
  const fs::path model = t.start.empty() ? t.out / "picture.safetensors" : t.start_from;
  if ((t.start.empty() && !t.denoiser.is_null()) || !fs::exists(model)) return t.shape;
  PTAH_TRY(const TensorFile file, read_safetensors(model));
  PTAH_TRY(const AutoencoderConfig there, autoencoder_of(file, model));
  if (t.shaped && to_json(there) != to_json(t.shape))
    return fail(ErrorCode::invalid_argument, "config: 'autoencoder_model' is not that of {}; leave it out to go on from there", model.string());
  return there;
}

/// Files and folders that a later stage reads.
std::vector<fs::path> needs_of(const PictureTraining& t, const fs::path& base_folder) {
  std::vector<fs::path> out;
  if (!t.start.empty()) out.push_back(t.start_from);
  if (!t.synonyms.empty()) out.push_back(base_folder / t.synonyms);
  if (!t.upscaler.is_null()) out.push_back(t.large_data);
  return out;
}

/// Whether a stage has made anything yet: a file, or a folder with weights in it. What failed before its first checkpoint has not.
bool holds_weights(const fs::path& path) {
  std::error_code problem;
  if (!fs::is_directory(path, problem)) return fs::exists(path, problem);
  for (fs::directory_iterator at(path, problem), end; !problem && at != end; at.increment(problem))
    if (at->path().extension() == ".safetensors") return true;
  return false;
}

/// What `out` says of what it holds (training.json), with the stages of this training. Errors: invalid_argument if a stage would write over what another
/// training made.
Result<Json> record_of(const fs::path& out, const std::vector<Output>& outputs) {
  Json record = Json::object();
  const fs::path file = out / kRecord;
  if (fs::exists(file)) {
    PTAH_TRY(const std::string text, read_text(file, 1 << 20));
    PTAH_TRY(record, parse_json(text));
    if (!record.is_object()) return fail(ErrorCode::corrupt, "{}: no object", file.string());
  }
  for (const Output& output : outputs) {
    const bool known = record.contains(output.stage);
    if (holds_weights(output.path) && (!known || record[output.stage] != output.made_of)) {
      std::string differs = fmt::format("{} does not say of which training", kRecord);
      if (known) differs = fmt::format("made with another '{}'", Json::diff(record[output.stage], output.made_of)[0]["path"].get<std::string>().substr(1));
      return fail(ErrorCode::invalid_argument,
                  "config: {} is there already, {}; it is not written over. Choose another 'out'; 'start_from' goes on from a model that is there",
                  output.path.string(), differs);
    }
    record[output.stage] = output.made_of;
  }
  return record;
}

}  // namespace

Result<void> train_picture_model(const Json& config, const fs::path& base_folder, const TrainCallbacks& callbacks) {
  return guard([&]() -> Result<void> {
    PTAH_TRY(PictureTraining t, read_training(config, base_folder));
    PTAH_TRY(const Json record, record_of(t.out, outputs_of(config, t)));
    for (const fs::path& needed : needs_of(t, base_folder))
      if (!fs::exists(needed)) return fail(ErrorCode::not_found, "config: {} is not there", needed.string());
    PTAH_TRY(t.shape, shape_to_go_on_with(t));
    const bool pictures = !t.autoencoder.is_null() || !t.denoiser.is_null();
    PictureSet set;
    if (pictures || !t.judges.is_null() || !t.decoder.is_null()) {
      PTAH_TRY(set, read_picture_set(t.data, t.shape.size));
      if (callbacks.say)
        for (const std::string& note : set.notes) callbacks.say("note: " + note);
    }
    std::error_code problem;
    fs::create_directories(t.out, problem);  // what is wrong with it, the next line says
    PTAH_TRY_VOID(write_file(t.out / kRecord, record.dump(2) + "\n"));
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
