#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "cli/command_line.h"
#include "text/translate/translation_model.h"

namespace ptah::cli {

namespace {

struct TranslateOptions {
  std::vector<std::string> texts;
  std::string file, model, attention;
  int64_t beams = 4, threads = 0;
  bool json = false;
};

constexpr size_t kTranslatedAtOnce = 32, kMaxTranslated = 1 << 20;

Result<std::vector<std::string>> texts_to_translate(const TranslateOptions& o) {
  std::vector<std::string> texts = o.texts;
  if (!o.file.empty()) {
    PTAH_TRY(const std::string all, input_text(o.file));
    for (std::string& line : lines_of(all)) texts.push_back(std::move(line));
  }
  if (texts.empty()) return fail(ErrorCode::invalid_argument, "nothing to translate; give texts, or --file FILE with one a line");
  if (texts.size() > kMaxTranslated) return fail(ErrorCode::invalid_argument, "{} texts; at most {} at once", texts.size(), kMaxTranslated);
  for (size_t i = 0; i < texts.size(); ++i)
    if (const size_t broken = invalid_utf8_at(texts[i]); broken != std::string::npos)
      return fail(ErrorCode::invalid_argument, "text {} is not valid UTF-8 at byte {}", i + 1, broken);
  if (!o.attention.empty() && texts.size() != 1) return fail(ErrorCode::invalid_argument, "--attention shows one text, not {}", texts.size());
  return texts;
}

Result<void> run_translate(const TranslateOptions& o) {
  PTAH_TRY(const auto texts, texts_to_translate(o));
  PTAH_TRY_VOID(take_threads(o.threads));
  PTAH_TRY(const auto translator, Translator::load(o.model));
  if (!o.attention.empty()) PTAH_TRY_VOID(write_file(o.attention, attention_svg(translator->look(texts[0]))));
  for (size_t begin = 0; begin < texts.size(); begin += kTranslatedAtOnce) {
    const size_t end = std::min(texts.size(), begin + kTranslatedAtOnce);
    const auto answers = translator->translate({texts.begin() + static_cast<std::ptrdiff_t>(begin), texts.begin() + static_cast<std::ptrdiff_t>(end)},
                                               {.beams = o.beams}, &interrupted());
    for (size_t i = begin; i < end; ++i)
      if (o.json)
        print_json({{"text", texts[i]}, {"translation", answers[i - begin]}});
      else
        print("{}\n", answers[i - begin]);
  }
  return {};
}

}  // namespace

void add_translate(CLI::App& app, Action& action) {
  auto o = std::make_shared<TranslateOptions>();
  CLI::App* command = app.add_subcommand("translate", "turn texts into others with a model that ptah train translate made");
  command->add_option("texts", o->texts, "the texts");
  command->add_option("--file", o->file, "texts from a file, one a line; - is standard input");
  command->add_option("--model", o->model, "the model's folder")->required()->type_name("FOLDER");
  command->add_option("--beams", o->beams, "how many beginnings are gone on with; 1: always the most likely unit")->check(CLI::Range(1, 64));
  command->add_option("--attention", o->attention, "of one text: where each unit looked, as an SVG picture")->type_name("FILE");
  command->add_option("--threads", o->threads, kThreadsHelp);
  command->add_flag("--json", o->json, "print one JSON object a line: text, translation");
  command->callback([o, &action] { action = [o] { return finish(guard([&] { return run_translate(*o); })); }; });
}

}  // namespace ptah::cli
