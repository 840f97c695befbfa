#include "cli/work_command.h"
#include "own/finish.h"
#include "pipelines/emotion/emotion_work.h"

namespace ptah::cli {

namespace {

struct EmotionLine : WorkOptions {
  std::string file;
};

std::string likeliest(const Json& list, const char* name, size_t count) {
  std::string out;
  for (size_t i = 0; i < std::min(count, list.size()); ++i)
    out += fmt::format("{}{} {:.2f}", i == 0 ? "" : ", ", text_at(list[i], name), list[i]["probability"].get<double>());
  return out;
}

void print_emotions(const Json& facts) {
  for (const Json& one : facts["texts"]) {
    const Json& found = one["emotions"];
    print("{}  (Ekman: {}; {})\t{}\n", found.empty() ? "none is likely enough" : likeliest(found, "emotion", found.size()),
          likeliest(one["ekman"], "emotion", 1), likeliest(one["groups"], "group", 1), printable(text_at(one, "text"), 200));
  }
  print("{}\n", text_at(facts, "notice"));
}

Result<void> run_emotion_command(const EmotionLine& o) {
  PTAH_TRY(Json given, o.fields->given());
  if (given.contains("text") == !o.file.empty()) return fail(ErrorCode::invalid_argument, "give a text, or --from a file that holds it (- for standard input)");
  if (!o.file.empty()) {
    PTAH_TRY(given["text"], input_text(o.file, size_t{1} << 20));
  }
  ModelCache models;
  if (!o.out.empty()) return make_work("emotion", given, o, models);
  PTAH_TRY_VOID(take_threads(o.threads));
  PTAH_TRY(const Recipe* recipe, find_recipe("emotion"));
  PTAH_TRY(const RecipeRequest request, open_request(*recipe, given));
  PTAH_TRY(const Work work, run_recipe(*recipe, models, request, {.cancel = &interrupted(), .receipt = false}));
  if (o.json)
    print_json(work.facts);
  else
    print_emotions(work.facts);
  return {};
}

}  // namespace

void add_emotion(CLI::App& app, Action& action) {
  auto options = std::make_shared<EmotionLine>();
  CLI::App* command = app.add_subcommand(emotion_schema().name(), emotion_schema().summary());
  command->add_option("--from", options->file, "instead of a text: a file that holds it (- for standard input)")->type_name("FILE");
  add_work_options(*command, emotion_schema(), *options);
  command->get_option("text")->required(false);
  command->get_option("--out")->description("folder for a work: emotion.json and a receipt for ptah replay (default: only print)");
  add_threads_option(*command, *options);
  command->callback([options, &action] { action = [options] { return finish(guard([&] { return run_emotion_command(*options); })); }; });
}

}  // namespace ptah::cli
