#include "base/text.h"
#include "apps/companion/chat_request.h"
#include "cli/command_line.h"
#include "cli/request_options.h"
#include "models/registry.h"
#include "pipelines/text_work.h"
#include "text/lm/adapter_files.h"
#include "text/lm/chat.h"
#include "text/lm/generation.h"

namespace ptah::cli {

namespace {

struct AskOptions {
  std::shared_ptr<RequestOptions> fields;
  std::string file = "";
  int64_t threads = 0;
  bool json = false;
};

/// What the user says: the question, and behind it the text of --file.
Result<std::string> message_of(const std::string& question, const std::string& file) {
  std::string message = question;
  if (!file.empty()) {
    PTAH_TRY(const std::string text, input_text(file));
    message += (message.empty() ? "" : "\n\n") + text;
  }
  if (lines_of(message).empty()) return fail(ErrorCode::invalid_argument, "no question; give one, or --file FILE (- for standard input)");
  return message;
}

Result<void> run_ask(const AskOptions& o) {
  PTAH_TRY(const Json given, o.fields->given());
  PTAH_TRY(AskRequest r, ask_schema().complete(given));
  PTAH_TRY(r.generation.grammar, grammar_of(TextRequest{.schema = r.schema, .grammar = r.grammar}));  // a bad one is said before the model is loaded
  PTAH_TRY(const std::string message, message_of(r.question, o.file));
  PTAH_TRY_VOID(take_threads(o.threads));
  PTAH_TRY(const auto path, find_model(r.model));
  PTAH_TRY(LoadedLanguageModel model, load_language_model(path));
  if (!r.adapter.empty()) PTAH_TRY_VOID(apply_adapter(model, r.adapter));
  show_warnings(model.warnings);
  PTAH_TRY(const ChatFormat format, ChatFormat::make(model));
  std::vector<ChatMessage> messages;
  if (!r.system.empty()) messages.push_back({"system", r.system});
  messages.push_back({"user", message});
  PTAH_TRY(const std::vector<int32_t> prompt, format.tokens(messages));
  const int64_t capacity = cache_length_for(model.model->config(), static_cast<int64_t>(prompt.size()), r.generation.max_tokens);
  KeyValueCache cache(model.model->config(), capacity, default_cache_type(), true);
  const Generated answer = generate(
      model, prompt, cache, r.generation,
      [&](std::string_view news) {
        if (o.json) return;
        print_text(news);
        std::fflush(stdout);
      },
      &interrupted());
  if (o.json)
    print_json({{"text", answer.text}, {"finish_reason", name_of(answer.reason)}, {"prompt_tokens", answer.prompt_tokens}, {"tokens", answer.tokens.size()}});
  else
    print("\n");
  return {};
}

}  // namespace

void add_ask(CLI::App& app, Action& action) {
  auto o = std::make_shared<AskOptions>();
  CLI::App* command = app.add_subcommand(ask_schema().name(), "answer one question with a chat model; nothing is remembered");
  o->fields = std::make_shared<RequestOptions>(*command, ask_schema(), [](const std::string& file) { return input_text(file, 1 << 24); });
  command->add_option("--file", o->file, "text that belongs to the question; - is standard input")->type_name("FILE");
  command->add_option("--threads", o->threads, kThreadsHelp);
  command->add_flag("--json", o->json, "print one JSON object: text, finish_reason, prompt_tokens, tokens");
  command->callback([o, &action] { action = [o] { return finish(guard([&] { return run_ask(*o); })); }; });
}

}  // namespace ptah::cli
