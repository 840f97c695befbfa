#include <cmath>

#include "base/file.h"
#include "base/text.h"
#include "cli/command_line.h"
#include "create/text_work.h"
#include "create/work_folder.h"
#include "own/signed_receipt.h"
#include "tensor/cpu/dense.h"
#include "text/chat.h"
#include "text/generation.h"
#include "text/gguf_export.h"
#include "weights/gguf.h"
#include "weights/pull.h"

namespace ptah::cli {

namespace {

struct LanguageOptions {
  std::string model = "smollm2", prompt = "", file = "", schema = "", grammar = "", draft = "", cache = "", cache_type = "", out = "";
  int64_t threads = 0, context = 0;
  GenerationOptions generation = {};
  bool json = false, control = false, replace = false, quiet = false;
  SigningOptions signing = {};
};

Result<LoadedLanguageModel> open_model(const LanguageOptions& o) {
  PTAH_TRY_VOID(take_threads(o.threads));
  PTAH_TRY(const auto path, find_model(o.model));
  PTAH_TRY(auto model, load_language_model(path));
  show_warnings(model.warnings);
  return model;
}

/// The text of --file, "-" or the argument.
Result<std::string> text_of(const LanguageOptions& o) {
  std::string text = o.prompt;
  if (!o.file.empty()) {
    PTAH_TRY(text, input_text(o.file));
  }
  if (text.empty()) return fail(ErrorCode::invalid_argument, "no text; give one, or --file FILE (- for standard input)");
  return text;
}

Result<void> run_generate(LanguageOptions o) {
  if (o.replace) {
    if (o.out.empty()) return fail(ErrorCode::invalid_argument, "--replace replaces the work in --out FOLDER");
    PTAH_TRY_VOID(check_replaceable(o.out));
  } else if (!o.out.empty()) {
    PTAH_TRY_VOID(can_write_work(o.out));
  }
  if (!o.cache.empty()) PTAH_TRY_VOID(can_write(o.cache));
  TextRequest request{
      .prompt = {}, .model = o.model, .control_tokens = o.control, .context = o.context, .cache_type = o.cache_type, .generation = o.generation};
  if (!o.schema.empty()) {
    PTAH_TRY(request.schema, input_text(o.schema, 1 << 24));
  }
  if (!o.grammar.empty()) {
    PTAH_TRY(request.grammar, input_text(o.grammar, 1 << 24));
  }
  PTAH_TRY(request.generation.grammar, grammar_of(request));  // a bad one is said before the model is loaded
  PTAH_TRY(request.prompt, text_of(o));
  PTAH_TRY(const auto path, find_model(o.model));
  PTAH_TRY(const auto key, o.out.empty() ? std::optional<Key>() : signing_key(o.signing));
  PTAH_TRY_VOID(take_threads(o.threads));
  PTAH_TRY(const LoadedLanguageModel model, load_language_model(path));
  show_warnings(model.warnings);
  PTAH_TRY(TextSetup setup, set_up(model, request));
  const std::vector<int32_t>& prompt = setup.prompt;
  if (!o.draft.empty()) {
    PTAH_TRY(const auto draft, find_model(o.draft));
    PTAH_TRY(setup.generation.draft, load_draft(draft, model));
    if (setup.generation.lookup == 0) setup.generation.lookup = 4;
  }
  KeyValueCache cache(model.model->config(), setup.capacity, setup.cache_type, o.cache.empty());
  // What the file holds of the prompt's beginning is not read again; whole chunks only, so that the text is the same as without the file.
  size_t known = 0;
  const std::string fingerprint = o.cache.empty() ? "" : model.model->fingerprint();
  if (std::error_code ignored; !o.cache.empty() && std::filesystem::exists(o.cache, ignored)) {
    PTAH_TRY(const CachedText kept, load_cache(o.cache, model.model->config(), model.model->config().context, setup.cache_type, fingerprint));
    const size_t most = std::min(kept.tokens.size(), prompt.size() - 1);
    while (known < most && kept.tokens[known] == prompt[known]) ++known;
    known -= known % static_cast<size_t>(LanguageModel::kChunk);
    cache.append(kept.cache->share(0, static_cast<int64_t>(known)));
  }
  const bool stream = !o.json && !o.quiet;
  const Generated made = generate(
      model, prompt, cache, setup.generation,
      [&](std::string_view news) {
        if (!stream) return;
        print_text(news);
        std::fflush(stdout);
      },
      &interrupted());
  Json line;
  if (o.json) {
    line = {{"text", made.text},     {"finish_reason", name_of(made.reason)}, {"prompt_tokens", made.prompt_tokens},
            {"tokens", made.tokens}, {"prompt_seconds", made.prompt_seconds}, {"decode_seconds", made.decode_seconds}};
    if (!o.cache.empty()) line["cached_tokens"] = known;
    if (setup.generation.lookup > 0) line["guessed"] = made.guessed, line["guessed_right"] = made.guessed_right;
    if (setup.generation.log_probabilities) line["log_probabilities"] = made.log_probabilities;
  } else if (stream) {
    print("\n");
  }
  if (!o.cache.empty() && known + static_cast<size_t>(LanguageModel::kChunk) < prompt.size()) {
    cache.truncate(static_cast<int64_t>(prompt.size()) / LanguageModel::kChunk * LanguageModel::kChunk);
    PTAH_TRY_VOID(save_cache(o.cache, prompt, cache, fingerprint));
  }
  if (!o.out.empty()) {
    PTAH_TRY(Work work, text_work(request, path, setup.cache_type, made.text));
    if (key) {
      PTAH_TRY_VOID(sign_work(work, *key));
    }
    PTAH_TRY_VOID(write_work(work, o.out, o.replace ? IfTaken::replace : IfTaken::refuse));
    Made place{o.out, {}, line};
    for (const auto& [file, bytes] : work.files) place.files.push_back(std::filesystem::path(o.out) / file);
    if (o.json) say_made(place, true, o.quiet);
  } else if (o.json) {
    print_json(line);
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
  command->add_option("--model", o->model, "name of a pulled model, a GGUF file or a folder with one");
  command->add_option("--file", o->file, "text from a file; - for standard input");
  command->add_option("--threads", o->threads, "threads to use");
  command->add_flag("--json", o->json, "print JSON");
  command->add_flag("--control-tokens", o->control, "names of control tokens in the text become those tokens");
}

}  // namespace

void add_generate(CLI::App& app, Action& action) {
  auto o = std::make_shared<LanguageOptions>();
  CLI::App* command = app.add_subcommand("generate", "goes on with a text; the new text alone on standard output");
  command->add_option("prompt", o->prompt, "the text to go on with");
  add_common(command, o);
  GenerationOptions& g = o->generation;
  command->add_option("--max-tokens", g.max_tokens, "at most so many new tokens");
  command->add_option("--context", o->context, "tokens to remember (default: what the model was trained for)");
  command->add_option("--temperature", g.sampling.temperature, "0: always the likeliest token");
  command->add_option("--top-k", g.sampling.top_k, "only the likeliest k tokens; 0: all");
  command->add_option("--top-p", g.sampling.top_p, "only the likeliest tokens that sum to this probability");
  command->add_option("--min-p", g.sampling.min_p, "only tokens with this share of the likeliest one's probability");
  command->add_option("--typical-p", g.sampling.typical_p, "only tokens of typical information, up to this probability");
  command->add_option("--repetition-penalty", g.sampling.repetition_penalty, "above 1: tokens of the last 64 become less likely");
  command->add_option("--frequency-penalty", g.sampling.frequency_penalty, "subtracted for each time a token came");
  command->add_option("--presence-penalty", g.sampling.presence_penalty, "subtracted once for a token that came");
  add_seed_option(*command, g.sampling.seed, "the same seed gives the same text");
  command->add_flag("--quiet", o->quiet, "with --out: print nothing but errors");
  command->add_option("--schema", o->schema, "a JSON schema: the answer is JSON that satisfies it");
  command->add_option("--grammar", o->grammar, "a GBNF grammar: the answer matches it");
  command->add_option("--out", o->out, "a folder for the work: text.txt and the receipt with which `ptah replay` writes it again");
  add_replace_option(*command, o->replace);
  add_signing_options(*command, o->signing);
  command->add_option("--cache", o->cache, "a file that keeps what was read of the prompt: the next prompt that begins alike is read from there");
  command->add_option("--cache-type", o->cache_type, kCacheTypeHelp);
  command->add_option("--stop", g.stop, "a text that ends the answer; can be given several times");
  command->add_option("--lookup", g.lookup, "tokens guessed ahead (0 to 11) where the text repeats itself; the text stays the same");
  command->add_option("--draft", o->draft, "a smaller model with the same tokens that makes the guesses (4 at once, or --lookup)");
  command->add_flag("--log-probabilities", g.log_probabilities, "with --json: of each token");
  command->callback([o, &action] { action = [o] { return finish(guard([&] { return run_generate(*o); })); }; });
}

void add_tokenize(CLI::App& app, Action& action) {
  auto o = std::make_shared<LanguageOptions>();
  CLI::App* command = app.add_subcommand("tokenize", "the tokens of a text, one a line");
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
  CLI::App* command = app.add_subcommand("quantize", "a language model as one GGUF file with its matrices in one kind");
  command->add_option("from", o->from, "a GGUF file, or a folder in Hugging Face's layout")->required();
  command->add_option("to", o->to, "the file to write; never overwrites")->required();
  command->add_option("--kind", o->kind, block_type_names());
  command->add_option("--threads", o->threads, "threads to use");
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
  CLI::App* command = app.add_subcommand("template", "renders a chat template; variables as JSON on standard input");
  command->add_option("file", *file, "the Jinja template")->required();
  command->callback([file, &action] { action = [file] { return finish(guard([&] { return run_template(*file); })); }; });
}

void add_perplexity(CLI::App& app, Action& action) {
  auto o = std::make_shared<LanguageOptions>();
  CLI::App* command = app.add_subcommand("perplexity", "how well a language model foresees a text; lower is better");
  command->add_option("text", o->prompt, "the text");
  add_common(command, o);
  command->add_option("--context", o->context, "tokens a window (default 512)");
  command->callback([o, &action] { action = [o] { return finish(guard([&] { return run_perplexity(*o); })); }; });
}

void show_warnings(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) print_error("note: {}\n", printable(warning, 500));
}

}  // namespace ptah::cli
