#include "base/file.h"
#include "base/text.h"
#include "cli/command_line.h"
#include "cli/outputs.h"
#include "pipelines/default_models.h"
#include "pipelines/scene/scene_evaluation.h"
#include "apps/companion/principles.h"
#include "train/denoiser/denoiser_trainer.h"
#include "train/matting/matting_evaluation.h"
#include "train/picture/evaluation.h"
#include "train/shape/shape_evaluation.h"
#include "models/registry.h"

namespace ptah::cli {

namespace {

/// Lines as they come, unless a report as JSON is wanted; interrupting ends the evaluation.
TrainCallbacks shown_callbacks(bool json) {
  TrainCallbacks calls;
  calls.cancel = &interrupted();
  if (!json)
    calls.say = [](const std::string& line) {
      print("{}\n", line);
      std::fflush(stdout);
    };
  return calls;
}

namespace fs = std::filesystem;

struct EvaluateOptions {
  std::string data, model, judge, chooser, prompts, synonyms, out;
  Evaluation evaluation;
  int64_t threads = 0;
  bool json = false;
};

Result<std::shared_ptr<PictureModel>> open_picture_model(const EvaluateOptions& o, const fs::path& models) {
  if (o.model.empty() && !o.chooser.empty()) return fail(ErrorCode::invalid_argument, "--chooser needs --model");
  if (o.model.empty()) return load_picture_model(models);
  PTAH_TRY(const auto model, PictureModel::load(o.model));
  if (!o.chooser.empty()) PTAH_TRY_VOID(model->add_judge(o.chooser));
  return model;
}

Result<fs::path> measuring_judge(const EvaluateOptions& o, const fs::path& models) {
  if (!o.judge.empty()) return fs::path(o.judge);
  const auto measure = shipped_model(models, "measure");
  if (!measure) return fail(measure.error().code, "{}; give --judge FILE", measure.error().message);
  return measure->place;
}

Result<void> run_evaluate(EvaluateOptions o) {
  PTAH_TRY_VOID(take_threads(o.threads));
  if (!o.out.empty()) PTAH_TRY_VOID(can_write_work(o.out));
  PTAH_TRY(const fs::path models, models_folder());
  PTAH_TRY(const auto model, open_picture_model(o, models));
  PTAH_TRY(const fs::path judge_file, measuring_judge(o, models));
  PTAH_TRY(const auto judge, model->load_judge(judge_file));
  PTAH_TRY(const PictureSet set, read_picture_set(o.data, model->own_size()));
  const auto wanted = [&](const char* part) { return std::find(o.evaluation.parts.begin(), o.evaluation.parts.end(), part) != o.evaluation.parts.end(); };
  if (wanted("prompts")) {
    PTAH_TRY(const std::string text, input_text(o.prompts.empty() ? (models / "picture" / "prompts.txt").string() : o.prompts, 1 << 20));
    o.evaluation.prompts = lines_of(text);
  }
  if (wanted("synonyms")) {
    PTAH_TRY(o.evaluation.synonyms, read_synonyms(o.synonyms.empty() ? models / "picture" / "synonyms.json" : fs::path(o.synonyms)));
  }
  o.evaluation.sheets = o.out;
  PTAH_TRY(const Json report, evaluate_picture_model(*model, *judge, set, o.evaluation, shown_callbacks(o.json)));
  if (o.json) print_json(report);
  return {};
}

struct PrincipleOptions {
  std::string texts, principles;
  bool requests = false, json = false;
};

/// How many texts break a principle, and which.
Result<void> run_principles(const PrincipleOptions& o) {
  PTAH_TRY(const std::string all, input_text(o.texts, 16 << 20));
  const std::vector<std::string> texts = lines_of(all);
  if (texts.empty()) return fail(ErrorCode::invalid_argument, "{} holds no text; one a line is wanted", o.texts);
  PTAH_TRY(const fs::path minilm, find_model("minilm"));
  PTAH_TRY(const auto encoder, SentenceEncoder::load(minilm));
  fs::path file = o.principles;
  if (file.empty()) {
    PTAH_TRY(const fs::path models, models_folder());
    file = models / "principles" / "principles.json";
  }
  PTAH_TRY(const auto principles, Principles::load(file, encoder));
  size_t stopped = 0;
  for (const std::string& text : texts) {
    PTAH_TRY_VOID(interrupted().check());
    const auto breach = principles->check(text, o.requests ? Principles::Of::request : Principles::Of::answer);
    if (!breach) continue;
    ++stopped;
    if (o.json)
      print_json(
          {{"text", text}, {"principle", breach->principle}, {"found", breach->found}, {"example", breach->example}, {"above_threshold", breach->score}});
    else
      print("{} (+{:.2f}): \"{}\", like \"{}\"\n", breach->principle, breach->score, breach->found, breach->example);
  }
  const double share = static_cast<double>(stopped) / static_cast<double>(texts.size());
  if (o.json)
    print_json({{"texts", texts.size()}, {"stopped", stopped}, {"share", share}});
  else
    print("{} of {} {} are stopped ({:.1f} %)\n", stopped, texts.size(), o.requests ? "requests" : "answers", 100 * share);
  return {};
}

struct ObjectOptions {
  std::string paraphrases;
  ShapeEvaluation evaluation;
  int64_t threads = 0;
  bool json = false, wrong = false;
};

Result<void> run_object(ObjectOptions o) {
  PTAH_TRY_VOID(take_threads(o.threads));
  PTAH_TRY(const fs::path models, models_folder());
  PTAH_TRY(const auto maker, ShapeMaker::load(models));
  PTAH_TRY(const fs::path library, ShapeKinds::folder());
  PTAH_TRY(const std::string captions, read_text(library / "captions.json", size_t{8} << 20));
  PTAH_TRY(const Json json, parse_json(captions));
  PTAH_TRY(const ShapePhrases phrases, ShapePhrases::read(json, maker->kinds()));
  PTAH_TRY(const std::string text, input_text(o.paraphrases.empty() ? (models / "shape" / "paraphrases.txt").string() : o.paraphrases, 1 << 20));
  PTAH_TRY(o.evaluation.paraphrases, read_paraphrases(text));
  std::vector<std::string> wrong;
  PTAH_TRY(const Json report, evaluate_shapes(*maker, phrases, o.evaluation, wrong, &interrupted()));
  if (o.json) {
    print_json(report);
    return {};
  }
  for (const auto& [part, values] : report.items()) {
    print("{}\n", part);
    for (const auto& [name, value] : values.items())
      print("  {:16} {}\n", name, value.is_number_float() ? fmt::format("{:.3f}", value.get<double>()) : value.dump());
  }
  if (o.wrong)
    for (const std::string& line : wrong) print("{}\n", line);
  return {};
}

struct SceneEvaluationOptions {
  std::string sentences;
  uint64_t seed = 0;
  int64_t threads = 0;
  bool json = false, wrong = false;
};

Result<void> run_scenes(const SceneEvaluationOptions& o) {
  PTAH_TRY_VOID(take_threads(o.threads));
  const auto models = models_folder();
  PTAH_TRY(const auto library, SceneLibrary::load(models ? *models : fs::path()));
  PTAH_TRY(const fs::path shapes, ShapeKinds::folder());
  PTAH_TRY(const std::string text, input_text(o.sentences.empty() ? (shapes / "scene_sentences.jsonl").string() : o.sentences, 16 << 20));
  PTAH_TRY(const auto sentences, read_scene_expectations(text));
  std::vector<std::string> wrong;
  PTAH_TRY(const Json report, evaluate_scenes(*library, sentences, o.seed, wrong, &interrupted()));
  if (o.json) {
    print_json(report);
    return {};
  }
  for (const auto& [name, value] : report.items())
    print("{:18} {}\n", name, value.is_number_float() ? fmt::format("{:.4f}", value.get<double>()) : value.dump());
  if (o.wrong)
    for (const std::string& line : wrong) print("{}\n", line);
  return {};
}

void add_evaluate_scene(CLI::App& evaluate, Action& action) {
  auto o = std::make_shared<SceneEvaluationOptions>();
  CLI::App* scene = evaluate.add_subcommand("scene", "measure how well sentences become scenes (docs/scenes.md)");
  scene->add_option("--sentences", o->sentences, "sentences with what has to be there, one JSON object a line (default: the shipped ones)")->type_name("FILE");
  add_seed_option(*scene, o->seed, "of the scenes");
  scene->add_option("--threads", o->threads, kThreadsHelp);
  scene->add_flag("--wrong", o->wrong, "print what is not as it should be");
  scene->add_flag("--json", o->json, "print one JSON object");
  scene->callback([o, &action] { action = [o] { return finish(guard([&] { return run_scenes(*o); })); }; });
}

struct MattingOptions {
  std::string data, shapes, model, out;
  MattingEvaluation evaluation;
  int64_t threads = 0;
  bool json = false;
};

Result<void> run_matting(MattingOptions o) {
  PTAH_TRY_VOID(take_threads(o.threads));
  if (!o.out.empty()) PTAH_TRY_VOID(can_write_work(o.out));
  std::shared_ptr<const BackgroundRemover> remover;
  if (o.model.empty()) {
    PTAH_TRY(remover, load_background_remover());
    if (!remover) return fail(ErrorCode::not_found, "there is no network that removes backgrounds among the models; give --model FILE");
  } else {
    PTAH_TRY(remover, BackgroundRemover::load(o.model));
  }
  PTAH_TRY(const MattingSet set, read_matting_set(o.data, o.shapes));
  if (!o.out.empty()) {
    std::error_code problem;
    fs::create_directories(o.out, problem);
    if (problem) return fail(ErrorCode::io, "cannot create {}: {}", o.out, problem.message());
  }
  o.evaluation.sheets = o.out;
  PTAH_TRY(const Json report, evaluate_matting(*remover, set.test, o.evaluation, shown_callbacks(o.json)));
  if (o.json) print_json(report);
  return {};
}

void add_evaluate_matting(CLI::App& evaluate, Action& action) {
  auto o = std::make_shared<MattingOptions>();
  CLI::App* matting = evaluate.add_subcommand("matting", "evaluate the network that cuts things out of their background (docs/training.md)");
  matting->add_option("--data", o->data, "folder of tools/data/matting.py; its held-out half is used")->required()->type_name("FOLDER");
  matting->add_option("--shapes", o->shapes, "previews of shapes that a training rendered (shapes-N.safetensors in its folder)")->type_name("FILE");
  matting->add_option("--model", o->model, "network (default: the shipped one)")->type_name("FILE");
  matting->add_option("--count", o->evaluation.count, "composites of each kind")->check(CLI::Range(1, 100000));
  matting->add_option("--size", o->evaluation.size, "edge of the composites in pixels")->check(CLI::Range(64, 2048));
  add_seed_option(*matting, o->evaluation.seed, "seed of the composites");
  matting->add_option("--out", o->out, "new folder for sheets (PNG): picture, truth, network, colour")->type_name("FOLDER");
  matting->add_option("--threads", o->threads, kThreadsHelp);
  matting->add_flag("--json", o->json, "print one JSON object");
  matting->callback([o, &action] { action = [o] { return finish(guard([&] { return run_matting(*o); })); }; });
}

struct DenoiserOptions {
  std::string model;
  DenoiserEvaluation evaluation;
  int64_t threads = 0;
  bool json = false;
};

Result<void> run_denoiser(const DenoiserOptions& o) {
  PTAH_TRY_VOID(take_threads(o.threads));
  std::shared_ptr<const RenderDenoiser> denoiser;
  if (o.model.empty()) {
    PTAH_TRY(const fs::path models, models_folder());
    PTAH_TRY(denoiser, RenderDenoiser::installed(models));
  } else {
    PTAH_TRY(denoiser, RenderDenoiser::load(o.model));
  }
  PTAH_TRY(const fs::path library, ShapeKinds::folder());
  PTAH_TRY(const auto kinds, ShapeKinds::load(library));
  PTAH_TRY(const Json report, evaluate_render_denoiser(*denoiser, kinds, o.evaluation, shown_callbacks(o.json)));
  if (o.json) {
    print_json(report);
    return {};
  }
  print("samples   noisy dB   denoised dB   ms a picture\n");
  for (const Json& row : report["by_samples"])
    print("{:7} {:10.2f} {:13.2f} {:14.0f}\n", row["samples"].get<int64_t>(), row["noisy"].get<double>(), row["denoised"].get<double>(),
          row["milliseconds"].get<double>());
  return {};
}

void add_evaluate_denoiser(CLI::App& evaluate, Action& action) {
  auto o = std::make_shared<DenoiserOptions>();
  CLI::App* denoiser = evaluate.add_subcommand("denoiser", "compare renderings of few samples, noisy and denoised, with renderings of many");
  denoiser->add_option("--model", o->model, "network (default: the shipped one)")->type_name("FILE");
  denoiser->add_option("--views", o->evaluation.views, "views of kinds of shapes that are held out")->check(CLI::Range(1, 10000));
  denoiser->add_option("--size", o->evaluation.size, "edge of the pictures in pixels")->check(CLI::Range(16, 2048));
  denoiser->add_option("--samples", o->evaluation.samples, "samples a pixel, e.g. 4,16,64")->delimiter(',')->check(CLI::Range(1, 65536));
  denoiser->add_option("--reference-samples", o->evaluation.reference_samples, "samples a pixel of what is compared with")->check(CLI::Range(1, 65536));
  add_seed_option(*denoiser, o->evaluation.seed, "seed of the views");
  denoiser->add_option("--threads", o->threads, kThreadsHelp);
  denoiser->add_flag("--json", o->json, "print one JSON object");
  denoiser->callback([o, &action] { action = [o] { return finish(guard([&] { return run_denoiser(*o); })); }; });
}

}  // namespace

void add_evaluate(CLI::App& app, Action& action) {
  auto o = std::make_shared<EvaluateOptions>();
  CLI::App* evaluate = app.add_subcommand("evaluate", "evaluate a model");
  evaluate->require_subcommand(1);
  add_evaluate_matting(*evaluate, action);
  add_evaluate_denoiser(*evaluate, action);
  add_evaluate_scene(*evaluate, action);
  auto p = std::make_shared<PrincipleOptions>();
  CLI::App* principles = evaluate->add_subcommand("principles", "count which answers or requests the principles of chat refuse");
  principles->add_option("--texts", p->texts, "file of texts, one a line; - is standard input")->required();
  principles->add_option("--principles", p->principles, "principles (JSON; default: the shipped ones)");
  principles->add_flag("--requests", p->requests, "treat the texts as requests, more strictly than answers");
  principles->add_flag("--json", p->json, "print one JSON object a line");
  principles->callback([p, &action] { action = [p] { return finish(guard([&] { return run_principles(*p); })); }; });
  auto shapes = std::make_shared<ObjectOptions>();
  CLI::App* object = evaluate->add_subcommand("object", "measure how well sentences become shapes (docs/objects.md)");
  object->add_option("--paraphrases", shapes->paraphrases, "lines kind|color|text (default: the shipped ones)")->type_name("FILE");
  object->add_option("--sentences", shapes->evaluation.sentences, "how many sentences made by rule")->check(CLI::Range(0, 1000000));
  object->add_option("--solids", shapes->evaluation.solids, "of how many of them the solid is made")->check(CLI::Range(0, 1000000));
  add_seed_option(*object, shapes->evaluation.seed, "of the sentences");
  object->add_option("--threads", shapes->threads, kThreadsHelp);
  object->add_flag("--wrong", shapes->wrong, "print the paraphrases that were misread, and programs that failed");
  object->add_flag("--json", shapes->json, "print one JSON object");
  object->callback([shapes, &action] { action = [shapes] { return finish(guard([&] { return run_object(*shapes); })); }; });
  CLI::App* picture = evaluate->add_subcommand("picture", "evaluate the picture model with an independent judge (docs/training.md)");
  Evaluation& e = o->evaluation;
  picture->add_option("--data", o->data, "folder of captioned pictures, as for training")->required();
  picture->add_option("--model", o->model, "model file (default: the shipped one)");
  picture->add_option("--judge", o->judge, "judge that measures (default: the shipped one)");
  picture->add_option("--chooser", o->chooser, "with --model: judge that chooses the best of several");
  picture->add_option("--parts", e.parts, "what is measured: held-out,prompts,colours,synonyms,frechet,nearest,arrangements; also concepts")->delimiter(',');
  picture->add_option("--prompts", o->prompts, "prompts, one a line (default: those of the shipped sheet)");
  picture->add_option("--synonyms", o->synonyms, "JSON array of [word, meant] (default: the shipped one)");
  picture->add_option("--count", e.count, "pictures drawn for the Fréchet distance");
  picture->add_option("--out", o->out, "new folder for sheets (PNG)");
  add_seed_option(*picture, e.request.seed, "seed of every picture");
  picture->add_option("--steps", e.request.steps, "sampling steps");
  picture->add_option("--guidance", e.request.guidance, "guidance scale: how strictly the prompt is followed");
  picture->add_option("--best-of", e.request.best_of, "draw so many and keep the one that fits the prompt best (1 to 16; default: 2)");
  picture->add_option("--threads", o->threads, kThreadsHelp);
  picture->add_flag("--json", o->json, "print one JSON object");
  picture->callback([o, &action] {
    action = [o] {
      const auto result = guard([&] { return run_evaluate(*o); });
      return result ? 0 : report(result.error());
    };
  });
}

}  // namespace ptah::cli
