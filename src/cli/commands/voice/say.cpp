#include <algorithm>

#include "cli/work_command.h"
#include "models/kokoro.h"
#include "pipelines/speech/say_work.h"

namespace ptah::cli {

namespace {

struct SayOptionsLine : WorkOptions {
  std::string file;
  bool list = false;
};

constexpr std::pair<char, const char*> kVoiceLanguages[] = {
    {'a', "American English"}, {'b', "British English"}, {'e', "Spanish"}, {'f', "French"}, {'h', "Hindi"}, {'i', "Italian"}, {'p', "Brazilian Portuguese"}};

/// The voices, with their languages.
void print_voices(bool json) {
  Json list = Json::array();
  for (const std::string_view voice : kKokoroVoices) {
    const auto known = std::find_if(std::begin(kVoiceLanguages), std::end(kVoiceLanguages), [&](const auto& one) { return one.first == voice[0]; });
    const bool read = known != std::end(kVoiceLanguages);
    const char* language = read ? known->second : "a language that is not read yet";
    const char* kind = voice[1] == 'f' ? "female" : "male";
    list.push_back({{"voice", voice}, {"language", language}, {"kind", kind}, {"read", read}});
    if (!json) print("{:16} {}, {}\n", voice, language, kind);
  }
  if (json) print_json({{"voices", list}});
}

Result<void> run_say_command(const SayOptionsLine& o) {
  if (o.list) {
    print_voices(o.json);
    return {};
  }
  PTAH_TRY(Json given, o.fields->given());
  if (given.contains("text") == !o.file.empty()) return fail(ErrorCode::invalid_argument, "give a text, or --from a file that holds it (- for standard input)");
  if (!o.file.empty()) {
    PTAH_TRY(given["text"], input_text(o.file, size_t{1} << 20));
  }
  ModelCache models;
  return make_work("say", given, o, models);
}

}  // namespace

void add_say(CLI::App& app, Action& action) {
  auto options = std::make_shared<SayOptionsLine>();
  CLI::App* command = app.add_subcommand(say_schema().name(), say_schema().summary());
  command->add_option("--from", options->file, "instead of a text: a file that holds it (- for standard input)")->type_name("FILE");
  command->add_flag("--list", options->list, "print the voices");
  add_work_options(*command, say_schema(), *options);
  command->get_option("text")->required(false);
  add_budget_option(*command, *options);
  add_threads_option(*command, *options);
  command->callback([options, &action] { action = [options] { return finish(guard([&] { return run_say_command(*options); })); }; });
}

}  // namespace ptah::cli
