#include "base/file.h"
#include "base/text.h"
#include "cli/command_line.h"
#include "create/work.h"
#include "text/principles.h"
#include "train/evaluation.h"
#include "weights/pull.h"

namespace ptah::cli {

namespace {

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
  PTAH_TRY(const auto entries, list_models(models));
  for (const ModelEntry& entry : entries)
    if (entry.name == "measure") return models / entry.file;
  return fail(ErrorCode::not_found, "no model 'measure' among the models; give --judge FILE");
}

Result<void> run_evaluate(EvaluateOptions o) {
  PTAH_TRY_VOID(take_threads(o.threads));
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
  TrainCallbacks calls;
  calls.cancel = &interrupted();
  if (!o.json)
    calls.say = [](const std::string& line) {
      print("{}\n", line);
      std::fflush(stdout);
    };
  PTAH_TRY(const Json report, evaluate_picture_model(*model, *judge, set, o.evaluation, calls));
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

}  // namespace

void add_evaluate(CLI::App& app, Action& action) {
  auto o = std::make_shared<EvaluateOptions>();
  CLI::App* evaluate = app.add_subcommand("evaluate", "says in figures how good a model is");
  evaluate->require_subcommand(1);
  auto p = std::make_shared<PrincipleOptions>();
  CLI::App* principles = evaluate->add_subcommand("principles", "which answers (or requests) chat's principles stop, and how many of all");
  principles->add_option("--texts", p->texts, "one a line; - is standard input")->required();
  principles->add_option("--principles", p->principles, "principles (JSON; default: those that come along)");
  principles->add_flag("--requests", p->requests, "judge the texts as requests, more strictly than answers");
  principles->add_flag("--json", p->json, "print JSON lines");
  principles->callback([p, &action] { action = [p] { return finish(guard([&] { return run_principles(*p); })); }; });
  CLI::App* picture = evaluate->add_subcommand("picture", "the picture model, with a judge that only measures (docs/training.md)");
  Evaluation& e = o->evaluation;
  picture->add_option("--data", o->data, "folder of captioned pictures, as for training")->required();
  picture->add_option("--model", o->model, "model file (default: the shipped one)");
  picture->add_option("--judge", o->judge, "judge that measures (default: the shipped one)");
  picture->add_option("--chooser", o->chooser, "with --model: judge that chooses the best of several");
  picture->add_option("--parts", e.parts, "what is measured: held-out,prompts,colours,synonyms,frechet,nearest,arrangements; also concepts")->delimiter(',');
  picture->add_option("--prompts", o->prompts, "prompts, one a line (default: those of the shipped sheet)");
  picture->add_option("--synonyms", o->synonyms, "JSON array of [word, meant] (default: the shipped one)");
  picture->add_option("--count", e.count, "pictures drawn for the Fréchet distance");
  picture->add_option("--out", o->out, "folder for sheets (PNG)");
  add_seed_option(*picture, e.request.seed, "seed of every picture");
  picture->add_option("--steps", e.request.steps, "sampling steps");
  picture->add_option("--guidance", e.request.guidance, "how strictly the words are followed");
  picture->add_option("--best-of", e.request.best_of, "draw so many and keep the one that fits the words best");
  picture->add_option("--threads", o->threads, "threads to use");
  picture->add_flag("--json", o->json, "print one JSON object");
  picture->callback([o, &action] {
    action = [o] {
      const auto result = guard([&] { return run_evaluate(*o); });
      return result ? 0 : report(result.error());
    };
  });
}

}  // namespace ptah::cli
