#include <cmath>

#include "apps/companion/chat_request.h"
#include "base/file.h"
#include "base/parallel.h"
#include "base/text.h"
#include "cli/command_line.h"
#include "pipelines/language_plan.h"
#include "cli/request_options.h"
#include "pipelines/text_work.h"
#include "own/finish.h"
#include "tensor/device.h"
#include "text/lm/chat.h"
#include "text/lm/generation.h"
#include "text/lm/gguf_export.h"
#include "weights/gguf.h"
#include "models/registry.h"

namespace ptah::cli {

namespace {

struct LanguageOptions {
  std::string model = "smollm2", prompt = "", file = "";
  int64_t threads = 0, context = 0;
  bool json = false, control = false;
};

struct GenerateOptions {
  std::shared_ptr<RequestOptions> fields;
  std::string file = "", out = "";
  int64_t threads = 0;
  bool json = false, replace = false, quiet = false;
  SigningOptions signing = {};
};

Result<LoadedLanguageModel> open_model(const LanguageOptions& o) {
  PTAH_TRY_VOID(take_threads(o.threads));
  PTAH_TRY(const auto path, find_model(o.model));
  PTAH_TRY(auto model, load_language_model(path));
  show_warnings(model.warnings);
  return model;
}

/// The text of a file (- for standard input), else the argument.
Result<std::string> text_of(const std::string& argument, const std::string& file) {
  std::string text = argument;
  if (!file.empty()) {
    PTAH_TRY(text, input_text(file));
  }
  if (text.empty()) return fail(ErrorCode::invalid_argument, "no text; give one, or `file` (- for standard input)");
  return text;
}
Result<std::string> text_of(const LanguageOptions& o) { return text_of(o.prompt, o.file); }

Result<void> run_generate(const GenerateOptions& o) {
  if (o.replace) {
    if (o.out.empty()) return fail(ErrorCode::invalid_argument, "`replace` replaces the work in `out`, a folder");
    PTAH_TRY_VOID(check_replaceable(o.out));
  } else if (!o.out.empty()) {
    PTAH_TRY_VOID(can_write_work(o.out));
  }
  PTAH_TRY(const Recipe* recipe, find_recipe("generate"));
  PTAH_TRY(Json given, o.fields->given());
  PTAH_TRY(const TextTask task, text_schema().complete(given));
  if (!task.cache.empty()) PTAH_TRY_VOID(can_write(task.cache));
  PTAH_TRY_VOID(grammar_of(task.request));  // a bad one is said before a prompt is waited for
  PTAH_TRY(given["prompt"], text_of(task.request.prompt, o.file));
  PTAH_TRY(const RecipeRequest request, open_request(*recipe, given));
  PTAH_TRY_VOID(find_model(task.request.model));
  PTAH_TRY(const auto key, o.out.empty() ? std::optional<Key>() : signing_key(o.signing));
  PTAH_TRY_VOID(take_threads(o.threads));
  ModelCache models;
  const bool stream = !o.json && !o.quiet;
  RunOptions options{.note = [](const std::string& note) { show_warnings({note}); }, .cancel = &interrupted(), .receipt = !o.out.empty()};
  if (stream)
    options.text = [](std::string_view news) {
      print_text(news);
      std::fflush(stdout);
    };
  PTAH_TRY(const Work work, run_recipe(*recipe, models, request, options));
  if (stream) print("\n");
  if (!o.out.empty()) {
    PTAH_TRY(const FinishedWork done, finish_work(work, {.key = key ? &*key : nullptr}, {o.out, o.replace ? IfTaken::replace : IfTaken::refuse}));
    Made place{o.out, {}, work.facts};
    for (const auto& [file, bytes] : done.work.files) place.files.push_back(std::filesystem::path(o.out) / file);
    if (o.json) say_made(place, true, o.quiet);
  } else if (o.json) {
    print_json(work.facts);
  }
  return {};
}

/// Renders a chat template for a conversation in JSON: for checking templates against transformers.
Result<void> run_template(const std::string& file) {
  PTAH_TRY(const std::string text, input_text(file, 1 << 20));
  PTAH_TRY(const auto made, JinjaTemplate::parse(text));
  OrderedJson variables;
  try {
    const std::string given = value_or_throw(input_text("-"));
    PTAH_TRY_VOID(parse_json(given, 200));
    variables = OrderedJson::parse(given);
  } catch (const OrderedJson::exception& problem) {
    return fail(ErrorCode::corrupt, "standard input: {}", problem.what());
  }
  PTAH_TRY(const std::string out, made->render(variables));
  print_text(out);
  return {};
}

Result<void> run_tokenize(const LanguageOptions& o) {
  PTAH_TRY(const std::string text, text_of(o));
  PTAH_TRY(const LoadedLanguageModel model, open_model(o));
  for (const int32_t token : model.tokenizer->encode(text, {.control_tokens = o.control})) {
    const std::string bytes = model.tokenizer->bytes_of(token, true);
    const bool readable = invalid_utf8_at(bytes) == std::string::npos;
    std::string shown;
    if (!readable)
      for (const char c : bytes) shown += fmt::format("<{:02x}>", static_cast<uint8_t>(c));
    if (o.json)
      print_json(Json{{"token", token}, {"text", readable ? bytes : shown}});
    else
      print("{}\t{}\n", token, Json(readable ? bytes : shown).dump());
  }
  return {};
}

/// exp of the mean −log p over windows of 512 tokens; only the second half of each counts, so that every counted token sees at least 255 before it.
Result<void> run_perplexity(const LanguageOptions& o) {
  PTAH_TRY(const std::string text, text_of(o));
  PTAH_TRY(const LoadedLanguageModel model, open_model(o));
  const std::vector<int32_t> tokens = model.tokenizer->encode(text);
  const int64_t window = std::min<int64_t>(o.context > 0 ? o.context : 512, model.model->config().context);
  if (static_cast<int64_t>(tokens.size()) < window)
    return fail(ErrorCode::invalid_argument, "the text has {} tokens; at least {} are needed", tokens.size(), window);
  const bool bos = model.tokenizer->parts().add_bos && model.tokenizer->parts().bos >= 0;
  double sum = 0;
  int64_t count = 0;
  const int64_t vocabulary = model.model->config().vocabulary;
  for (size_t at = 0; at + static_cast<size_t>(window) <= tokens.size(); at += static_cast<size_t>(window)) {
    std::vector<int32_t> part(tokens.begin() + static_cast<std::ptrdiff_t>(at), tokens.begin() + static_cast<std::ptrdiff_t>(at) + window);
    if (bos) part[0] = model.tokenizer->parts().bos;
    KeyValueCache cache(model.model->config(), window, default_cache_type());
    const std::vector<float> logits = model.model->read(part, cache, true, &interrupted());
    for (int64_t i = window / 2; i + 1 < window; ++i) {
      sum -= static_cast<double>(log_probability({logits.data() + i * vocabulary, static_cast<size_t>(vocabulary)}, part[static_cast<size_t>(i + 1)]));
      ++count;
    }
    if (o.json) print_json(Json{{"tokens", at + static_cast<size_t>(window)}, {"perplexity", std::exp(sum / static_cast<double>(count))}});
  }
  if (!o.json) print("{:.4f}  ({} tokens counted, windows of {})\n", std::exp(sum / static_cast<double>(count)), count, window);
  return {};
}

void add_common(CLI::App* command, const std::shared_ptr<LanguageOptions>& o) {
  command->add_option("--model", o->model, "a pulled model, a GGUF file or a folder with one");
  command->add_option("--file", o->file, "text from a file; - is standard input");
  command->add_option("--threads", o->threads, kThreadsHelp);
  command->add_flag("--json", o->json, "print JSON");
  command->add_flag("--control-tokens", o->control, "names of control tokens in the text become those tokens");
}

}  // namespace

void add_generate(CLI::App& app, Action& action) {
  auto o = std::make_shared<GenerateOptions>();
  CLI::App* command = app.add_subcommand(text_schema().name(), "continue a text; only the new text is printed");
  o->fields = std::make_shared<RequestOptions>(*command, text_schema(), [](const std::string& file) { return input_text(file, 1 << 24); });
  command->add_option("--file", o->file, "the text from a file; - is standard input");
  command->add_option("--threads", o->threads, kThreadsHelp);
  command->add_flag("--json", o->json, "print JSON");
  command->add_flag("--quiet", o->quiet, "with --out: print nothing but errors");
  command->add_option("--out", o->out, "folder for the text as a work: text.txt and a receipt for ptah replay");
  add_replace_option(*command, o->replace);
  add_signing_options(*command, o->signing);
  command->callback([o, &action] { action = [o] { return finish(guard([&] { return run_generate(*o); })); }; });
}

void add_plan_chat(CLI::App& plan, Action& action) {
  struct Options {
    std::shared_ptr<RequestOptions> fields;
    LanguageOptions common;
  };
  auto o = std::make_shared<Options>();
  CLI::App* command = plan.add_subcommand("chat", "predict the memory and time of a chat; no weights are read");
  o->fields = std::make_shared<RequestOptions>(*command, chat_plan_schema(), [](const std::string& file) { return input_text(file); });
  command->add_option("--threads", o->common.threads, kThreadsHelp);
  command->add_flag("--json", o->common.json, "print a JSON line");
  command->callback([o, &action] {
    action = [o] {
      return finish(guard([&]() -> Result<void> {
        PTAH_TRY(const Json given, o->fields->given());
        PTAH_TRY(const ChatPlanRequest request, chat_plan_schema().complete(given));
        PTAH_TRY(const CacheType type, cache_type_of(request.cache_type));
        o->common.model = request.model;
        PTAH_TRY(const LoadedLanguageModel model, open_model(o->common));
        PTAH_TRY(const LanguagePlan made, plan_language(model, request.prompt_tokens, request.max_tokens, type));
        const Plan& p = made.plan;
        if (o->common.json) {
          print_json({{"weight_bytes", p.weight_bytes},
                      {"tensor_bytes", p.tensor_bytes},
                      {"cache_bytes", made.cache_bytes},
                      {"program_bytes", p.program_bytes},
                      {"peak_bytes", p.peak_bytes},
                      {"flops", p.flops},
                      {"prompt_seconds", made.prompt_seconds},
                      {"token_seconds", made.token_seconds},
                      {"seconds", p.seconds}});
          return {};
        }
        const auto mib = [](int64_t bytes) { return static_cast<double>(bytes) / (1 << 20); };
        print("memory   {:7.0f} MiB at its peak\n", mib(p.peak_bytes));
        print("  weights {:6.0f} MiB   tensors {:.0f} MiB, of which keys and values {:.0f} MiB   program {:.0f} MiB\n", mib(p.weight_bytes),
              mib(p.tensor_bytes), mib(made.cache_bytes), mib(p.program_bytes));
        print("work     {:7.1f} GFLOP, about {:.1f} s on {} ({} threads): {:.2f} s to the first token, then {:.0f} tokens a second\n",
              static_cast<double>(p.flops) * 1e-9, p.seconds, numeric_path(), threads(), made.prompt_seconds,
              made.token_seconds > 0 ? 1 / made.token_seconds : 0.0);
        return {};
      }));
    };
  });
}

void add_tokenize(CLI::App& app, Action& action) {
  auto o = std::make_shared<LanguageOptions>();
  CLI::App* command = app.add_subcommand("tokenize", "print the tokens of a text, one a line");
  command->add_option("text", o->prompt, "the text");
  add_common(command, o);
  command->callback([o, &action] { action = [o] { return finish(guard([&] { return run_tokenize(*o); })); }; });
}

void add_quantize(CLI::App& app, Action& action) {
  struct Options {
    std::string from, to, kind = "q4_1";
    int64_t threads = 0;
    bool json = false, quiet = false;
  };
  auto o = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("quantize", "write a language model as one GGUF file with quantized weights");
  command->add_option("from", o->from, "a GGUF file, or a folder in Hugging Face's layout")->required();
  command->add_option("to", o->to, "the file to write; never overwrites")->required();
  command->add_option("--kind", o->kind, block_type_names());
  command->add_option("--threads", o->threads, kThreadsHelp);
  command->add_flag("--json", o->json, "print a JSON line");
  command->add_flag("--quiet", o->quiet, "print nothing but errors");
  command->callback([o, &action] {
    action = [o] {
      return finish(guard([&]() -> Result<void> {
        PTAH_TRY_VOID(take_threads(o->threads));
        const auto type = block_type_by_name(o->kind);
        if (!type) return unknown_name("kind", o->kind, block_type_names().c_str());
        PTAH_TRY_VOID(must_be_new(o->to));
        PTAH_TRY(const StagedFolder staged, StagedFolder::create(o->to));  // gigabytes, which are seen once they are whole
        const auto file = staged.path() / staged.final_path().filename();
        PTAH_TRY(const Requantized done, std::filesystem::is_directory(o->from) ? export_gguf(o->from, file, *type) : requantize_gguf(o->from, file, *type));
        PTAH_TRY_VOID(rename_new(file, staged.final_path()));
        if (o->json || o->quiet) {
          say_made({{}, {o->to}, {{"changed", done.changed}, {"kept", done.kept}, {"bytes", done.bytes_after}}}, o->json, o->quiet);
          return {};
        }
        print("{}: {} matrices as {}{}, {} tensors kept; {:.1f} MB of weights, {:.1f} before\n", o->to, done.changed, o->kind,
              done.others ? fmt::format(" ({} whose rows it does not divide in its stand-in of 32)", done.others) : "", done.kept,
              static_cast<double>(done.bytes_after) / 1e6, static_cast<double>(done.bytes_before) / 1e6);
        return {};
      }));
    };
  });
}

void add_template(CLI::App& app, Action& action) {
  auto file = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("template", "render a chat template; variables as JSON on standard input");
  command->add_option("file", *file, "the Jinja template")->required();
  command->callback([file, &action] { action = [file] { return finish(guard([&] { return run_template(*file); })); }; });
}

void add_perplexity(CLI::App& app, Action& action) {
  auto o = std::make_shared<LanguageOptions>();
  CLI::App* command = app.add_subcommand("perplexity", "measure how well a language model predicts a text; lower is better");
  command->add_option("text", o->prompt, "the text");
  add_common(command, o);
  command->add_option("--context", o->context, "tokens in a window (default 512)");
  command->callback([o, &action] { action = [o] { return finish(guard([&] { return run_perplexity(*o); })); }; });
}

void show_warnings(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) print_error("note: {}\n", printable(warning, 500));
}

}  // namespace ptah::cli
