#include "base/file.h"
#include "base/parallel.h"
#include "cli/command_line.h"
#include "models/registry.h"
#include "train/denoiser/denoiser_trainer.h"
#include "train/gan/gan_trainer.h"
#include "train/language/classifier_trainer.h"
#include "train/language/language_trainer.h"
#include "train/language/preference_trainer.h"
#include "train/language/translation_trainer.h"
#include "train/matting/matting_trainer.h"
#include "train/picture/picture_trainer.h"
#include "train/picture/quick_training.h"
#include "train/reinforce/reinforcement.h"
#include "train/reinforce/reward_model.h"
#include "train/shape/shape_trainer.h"

namespace ptah::cli {

namespace {

namespace fs = std::filesystem;

struct TrainOptions {
  std::string folder, text, config, model, kind = "transformer", out = "picture-model";
  double minutes = 5;
  int64_t size = 32;
  uint64_t seed = 0;
  int64_t threads = 0;
};

TrainCallbacks printed() {
  TrainCallbacks calls;
  calls.report = [](const std::string& stage, const RunReport& r) {
    print("{} {}/{}  loss {:.4f}  gradient {:.3f}  {:.3f} s a step  {} left\n", stage, r.step, r.steps, r.loss, r.grad_norm, r.seconds_per_step,
          clock_text(r.seconds_left));
    std::fflush(stdout);
  };
  calls.say = [](const std::string& line) {
    print("{}\n", line);
    std::fflush(stdout);
  };
  calls.cancel = &interrupted();
  return calls;
}

Result<void> train_on_folder(const TrainOptions& o) {
  QuickTraining training{.pictures = o.folder, .out = o.out, .start_from = o.model, .seconds = o.minutes * 60, .seed = o.seed};
  if (o.model.empty()) {
    PTAH_TRY(const fs::path models, models_folder());
    PTAH_TRY(const Model shipped, shipped_model(models, "picture"));
    training.start_from = shipped.place;
  }
  const TrainCallbacks calls = printed();
  PTAH_TRY(const Json config, quick_config(training, calls));
  PTAH_TRY_VOID(train_picture_model(config, {}, calls));
  print("{}\nptah create \"…\" --model {}\n", fs::path(o.out) / "picture.safetensors", fs::path(o.out));
  return {};
}

/// By what a file says.
Result<void> train_by_config(const std::string& file, Result<void> (*trainer)(const Json&, const fs::path&, const TrainCallbacks&)) {
  PTAH_TRY(const std::string text, input_text(file, 1 << 20));
  const auto config = parse_json(text);
  if (!config) return fail(ErrorCode::invalid_argument, "{}: {}", file, config.error().message);
  return trainer(*config, fs::path(file).parent_path(), printed());
}

Result<void> run_train(const TrainOptions& o) {
  if (o.folder.empty() == o.config.empty())
    return fail(ErrorCode::invalid_argument, "name a folder of captioned pictures, or a config with --config FILE (docs/training.md)");
  PTAH_TRY_VOID(take_threads(o.threads));
  if (o.config.empty()) return train_on_folder(o);
  return train_by_config(o.config, train_picture_model);
}

Result<void> run_train_language(const TrainOptions& o) {
  if (o.text.empty() == o.config.empty()) return fail(ErrorCode::invalid_argument, "name a text file, or a config with --config FILE (docs/learning.md)");
  PTAH_TRY_VOID(take_threads(o.threads));
  if (!o.config.empty()) return train_by_config(o.config, train_language);
  const TrainCallbacks calls = printed();
  const QuickLanguage training{.text = o.text, .out = o.out, .seconds = o.minutes * 60, .seed = o.seed};
  PTAH_TRY(const Json config, quick_language_config(training, calls));
  PTAH_TRY_VOID(train_language(config, {}, calls));
  print("{}\nptah generate \"…\" --model {}\n", (fs::path(o.out) / "samples.txt").string(), o.out);
  return {};
}

Result<void> run_train_encoder(const TrainOptions& o) {
  if (o.text.empty() == o.config.empty())
    return fail(ErrorCode::invalid_argument, "name a CSV file with the columns text and label, or a config with --config FILE (docs/learning.md)");
  PTAH_TRY_VOID(take_threads(o.threads));
  if (!o.config.empty()) return train_by_config(o.config, train_classifier);
  PTAH_TRY_VOID(train_classifier({{"data", o.text}, {"out", o.out}, {"seed", o.seed}}, {}, printed()));
  print("{}\nptah classify \"…\" --model {}\n", (fs::path(o.out) / "scores.json").string(), o.out);
  return {};
}

Result<void> run_train_gan(const TrainOptions& o) {
  if (o.folder.empty() == o.config.empty())
    return fail(ErrorCode::invalid_argument, "name a folder of pictures, or a config with --config FILE (docs/learning.md)");
  PTAH_TRY_VOID(take_threads(o.threads));
  if (!o.config.empty()) return train_by_config(o.config, train_gan);
  const TrainCallbacks calls = printed();
  PTAH_TRY(const Json config, quick_gan_config({.pictures = o.folder, .out = o.out, .size = o.size, .seconds = o.minutes * 60, .seed = o.seed}, calls));
  PTAH_TRY_VOID(train_gan(config, {}, calls));
  print("{}\nptah draw {}\n", (fs::path(o.out) / "film.webp").string(), o.out);
  return {};
}

Result<void> run_train_translate(const TrainOptions& o) {
  if (o.text.empty() == o.config.empty())
    return fail(ErrorCode::invalid_argument, "name a file of pairs, a tab between source and target, or a config with --config FILE (docs/learning.md)");
  PTAH_TRY_VOID(take_threads(o.threads));
  if (!o.config.empty()) return train_by_config(o.config, train_translation);
  PTAH_TRY_VOID(train_translation({{"data", o.text}, {"out", o.out}, {"kind", o.kind}, {"seed", o.seed}}, {}, printed()));
  print("{}\nptah translate \"…\" --model {}\n", (fs::path(o.out) / "scores.json").string(), o.out);
  return {};
}

/// A training that takes a config and nothing else.
void add_config_training(CLI::App& train, Action& action, const char* name, const char* help,
                         Result<void> (*trainer)(const Json&, const fs::path&, const TrainCallbacks&)) {
  auto o = std::make_shared<TrainOptions>();
  CLI::App* command = train.add_subcommand(name, help);
  command->add_option("--config", o->config, "a JSON file (- is standard input); its paths are relative to it")->required()->type_name("FILE");
  command->add_option("--threads", o->threads, kThreadsHelp);
  command->callback([o, trainer, &action] {
    action = [o, trainer] {
      return finish(guard([&]() -> Result<void> {
        PTAH_TRY_VOID(take_threads(o->threads));
        return train_by_config(o->config, trainer);
      }));
    };
  });
}

void add_train_language(CLI::App& train, Action& action) {
  auto o = std::make_shared<TrainOptions>();
  o->out = "language-model";
  o->minutes = 1;
  CLI::App* language = train.add_subcommand("language", "train a language model on a text (docs/learning.md)");
  language->add_option("text", o->text, "a text file, from which a new model learns to write character by character");
  language->add_option("--minutes", o->minutes, "with a text: about how long to train")->check(CLI::Range(0.01, 100000.0));
  language->add_option("--out", o->out, "with a text: where the model goes; a training that was cut continues there")->type_name("FOLDER");
  add_seed_option(*language, o->seed, "with a text: the same seed and steps give the same model");
  language->add_option("--config", o->config, "instead of a text: a JSON file (- is standard input); its paths are relative to it")->type_name("FILE");
  language->add_option("--threads", o->threads, kThreadsHelp);
  language->callback([o, &action] { action = [o] { return finish(guard([&] { return run_train_language(*o); })); }; });
}

void add_train_encoder(CLI::App& train, Action& action) {
  auto o = std::make_shared<TrainOptions>();
  o->out = "classifier";
  CLI::App* encoder = train.add_subcommand("encoder", "train a classifier of texts on labelled ones (docs/learning.md)");
  encoder->add_option("data", o->text, "a CSV file with the columns text and label (several labels with | between them)");
  encoder->add_option("--out", o->out, "with a CSV file: where the classifier goes; a training that was cut continues there")->type_name("FOLDER");
  add_seed_option(*encoder, o->seed, "with a CSV file: the same seed gives the same classifier");
  encoder->add_option("--config", o->config, "instead of a CSV file: a JSON file (- is standard input); its paths are relative to it")->type_name("FILE");
  encoder->add_option("--threads", o->threads, kThreadsHelp);
  encoder->callback([o, &action] { action = [o] { return finish(guard([&] { return run_train_encoder(*o); })); }; });
}

void add_train_translate(CLI::App& train, Action& action) {
  auto o = std::make_shared<TrainOptions>();
  o->out = "translator";
  CLI::App* translate = train.add_subcommand("translate", "train a model that turns words, letters or sounds into others (docs/learning.md)");
  translate->add_option("data", o->text, "a text file, a pair a line with a tab between");
  translate->add_option("--kind", o->kind, "with a file of pairs: the network")->check(CLI::IsMember({"transformer", "lstm"}));
  translate->add_option("--out", o->out, "with a file of pairs: where the model goes; a training that was cut continues there")->type_name("FOLDER");
  add_seed_option(*translate, o->seed, "with a file of pairs: the same seed gives the same model");
  translate->add_option("--config", o->config, "instead of a file of pairs: a JSON file (- is standard input); its paths are relative to it")
      ->type_name("FILE");
  translate->add_option("--threads", o->threads, kThreadsHelp);
  translate->callback([o, &action] { action = [o] { return finish(guard([&] { return run_train_translate(*o); })); }; });
}

void add_train_gan(CLI::App& train, Action& action) {
  auto o = std::make_shared<TrainOptions>();
  o->out = "gan";
  CLI::App* gan = train.add_subcommand("gan", "train a generator of small pictures against a discriminator (docs/learning.md)");
  gan->add_option("folder", o->folder, "PNG, JPEG or WebP pictures");
  gan->add_option("--minutes", o->minutes, "with a folder: about how long to train")->check(CLI::Range(0.01, 100000.0));
  gan->add_option("--size", o->size, "with a folder: edge of the pictures in pixels")->check(CLI::IsMember({8, 16, 32, 64, 128}));
  gan->add_option("--out", o->out, "with a folder: where the generator goes; a training that was cut continues there")->type_name("FOLDER");
  add_seed_option(*gan, o->seed, "with a folder: the same seed and steps give the same generator");
  gan->add_option("--config", o->config, "instead of a folder: a JSON file (- is standard input); its paths are relative to it")->type_name("FILE");
  gan->add_option("--threads", o->threads, kThreadsHelp);
  gan->callback([o, &action] { action = [o] { return finish(guard([&] { return run_train_gan(*o); })); }; });
}

}  // namespace

void add_train(CLI::App& app, Action& action) {
  auto o = std::make_shared<TrainOptions>();
  CLI::App* train = app.add_subcommand("train", "train a model on your own data");
  train->require_subcommand(1);
  CLI::App* picture = train->add_subcommand("picture", "train the picture model on captioned pictures (docs/training.md)");
  picture->add_option("folder", o->folder, "PNG, JPEG or WebP with captions: NAME.txt beside each, captions.jsonl or metadata.csv");
  picture->add_option("--minutes", o->minutes, "with a folder: about how long to train")->check(CLI::Range(0.01, 100000.0));
  picture->add_option("--model", o->model, "with a folder: the picture model to train further (default: the shipped one)")->type_name("FILE");
  picture->add_option("--out", o->out, "with a folder: where the model goes; a training that was cut continues there")->type_name("FOLDER");
  add_seed_option(*picture, o->seed, "with a folder: the same seed and steps give the same model");
  picture->add_option("--config", o->config, "instead of a folder: a JSON file (- is standard input); its paths are relative to it")->type_name("FILE");
  picture->add_option("--threads", o->threads, kThreadsHelp);
  picture->callback([o, &action] { action = [o] { return finish(guard([&] { return run_train(*o); })); }; });
  add_train_language(*train, action);
  add_train_encoder(*train, action);
  add_config_training(*train, action, "preference", "train a language model on answers that people preferred (docs/learning.md)", train_preference);
  add_config_training(*train, action, "reward", "train a model that says how much people like an answer (docs/learning.md)", train_reward);
  add_config_training(*train, action, "reinforce", "train a language model on its own answers, which are scored (docs/learning.md)", train_reinforcement);
  add_train_translate(*train, action);
  add_train_gan(*train, action);
  add_config_training(*train, action, "shape", "train the model that writes shapes from sentences (docs/training.md)", train_shape_writer);
  add_config_training(*train, action, "matting", "train the network that cuts things out of their background (docs/training.md)", train_matting);
  add_config_training(*train, action, "denoiser", "train the network that takes the noise off renderings (docs/training.md)", train_render_denoiser);
}

}  // namespace ptah::cli
