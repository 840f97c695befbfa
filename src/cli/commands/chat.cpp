#include <unistd.h>

#include "base/text.h"
#include "cli/command_line.h"
#include "cli/line_reader.h"
#include "cli/request_options.h"
#include "work/receipt.h"
#include "apps/companion/chat_request.h"
#include "apps/companion/companion.h"
#include "apps/companion/feedback_log.h"
#include "models/registry.h"
#include "text/lm/adapter_files.h"

namespace ptah::cli {

namespace {

struct ChatOptions {
  std::shared_ptr<RequestOptions> fields;
  int64_t threads = 0;
};

constexpr const char* kChatHelp =
    "  /system TEXT   sets how the model should behave (without TEXT: nothing)\n"
    "  /regenerate    another answer to the last message    /prefer   it is better than the one before\n"
    "  /good  /bad    what you think of the last answer     /better TEXT   how it should have been\n"
    "                 (kept for ptah learn, on this computer only)\n"
    "  /history       the conversation so far\n"
    "  /save FILE     keeps the conversation    /load FILE   goes on with one\n"
    "  /clear         starts again              /quit        ends (Ctrl-D too)\n";

/// The word after the slash and the rest of the line.
std::pair<std::string, std::string> command_of(const std::string& line) {
  const size_t space = line.find(' ');
  std::string rest = space == std::string::npos ? "" : line.substr(space + 1);
  rest.erase(0, std::min(rest.find_first_not_of(' '), rest.size()));
  return {line.substr(1, space == std::string::npos ? space : space - 1), rest};
}

class Session {
 public:
  Session(const ChatRequest& request, std::string model, Companion& companion)
      : request_(request), model_(std::move(model)), companion_(companion), talk_(companion.conversation()), terminal_(isatty(STDIN_FILENO) != 0) {}

  void run() {
    if (terminal_) print("{} · /help lists what can be said to the program\n", model_);
    if (terminal_ && request_.model == kAnyChatModelName && model_ != kChatModelNames[0]) print("(ptah pull {} fetches a better model)\n", kAnyChatModelName);
    std::string line;
    while (!over_ && ask(line))
      if (const auto done = line[0] == '/' ? command(line) : say(line); !done) print_error("ptah: {}\n", done.error().message);
  }

 private:
  bool ask(std::string& line) {
    do {
      if (terminal_) {
        print("\n> ");
        std::fflush(stdout);
      }
      if (interrupted().cancelled() || !input_.next(line)) return false;
    } while (line.find_first_not_of(" \t\r") == std::string::npos);
    return true;
  }

  template <class F>
  Result<void> answered(const F& make) {
    GenerationOptions options = request_.generation;
    options.sampling.seed += turn_++;
    PTAH_TRY(const Reply reply, make(options, [](std::string_view news) {
               print_text(news);
               std::fflush(stdout);
             }));
    print("\n");
    const Generated& made = reply.generated;
    if (made.reason == FinishReason::loop) print_error("(the answer repeated itself and was ended)\n");
    if (reply.breach) {
      print_error("({} it breaks the principle '{}': {} What was found: \"{}\", like \"{}\"; {:.2f} above the threshold. --no-principles refuses nothing)\n",
                  reply.request_refused ? "refused:" : "the answer was stopped:", reply.breach->principle, reply.breach->rule,
                  printable(reply.breach->found, 200), printable(reply.breach->example, 200), reply.breach->score);
      return {};
    }
    if (!reply.recalled.empty()) print_error("(recalled: {})\n", fmt::format("{}", fmt::join(texts_of(reply.recalled), " · ")));
    if (made.reason == FinishReason::length || made.reason == FinishReason::context) print_error("(the answer was cut at {} tokens)\n", made.tokens.size());
    if (talk_.left_out()) print_error("(the window is full: the model sees the first {} messages as a summary)\n", talk_.left_out());
    return {};
  }

  Result<void> say(const std::string& line) {
    return answered([&](const GenerationOptions& o, const auto& show) { return companion_.say(line, o, show, &interrupted()); });
  }

  Result<void> command(const std::string& line) {
    const auto [word, rest] = command_of(line);
    if (word == "quit" || word == "exit") {
      over_ = true;
    } else if (word == "help") {
      print_text(kChatHelp);
    } else if (word == "system") {
      talk_.set_system(rest);
    } else if (word == "clear") {
      companion_.clear();
    } else if (word == "good" || word == "bad" || word == "better" || word == "prefer") {
      return judge(word, rest);
    } else if (word == "regenerate") {
      if (!talk_.messages().empty()) before_ = talk_.messages().back().content;
      return answered([&](const GenerationOptions& o, const auto& show) { return companion_.regenerate(o, show, &interrupted()); });
    } else if (word == "history") {
      for (const ChatMessage& message : talk_.messages()) print("{}: {}\n", message.role, message.content);
    } else if (word == "save" || word == "load") {
      if (rest.empty()) return fail(ErrorCode::invalid_argument, "/{} needs a file name", word);
      if (word == "save") return talk_.save(rest);
      companion_.clear();
      return talk_.load(rest);
    } else {
      return fail(ErrorCode::invalid_argument, "there is no /{}; /help lists what there is", word);
    }
    return {};
  }

  Result<void> judge(const std::string& word, const std::string& text) {
    PTAH_TRY(const auto path, FeedbackLog::usual_path());
    const FeedbackLog log(path);
    const auto& messages = talk_.messages();
    const std::string now = messages.empty() ? "" : messages.back().content;
    if (word == "prefer" && before_.empty()) return fail(ErrorCode::invalid_argument, "/prefer compares with the answer before /regenerate, and there is none");
    if (word == "better" && text.empty()) return fail(ErrorCode::invalid_argument, "/better needs the text that would have been better");
    if (word == "better") PTAH_TRY_VOID(log.better(messages, text, now));
    if (word == "prefer") PTAH_TRY_VOID(log.better(messages, now, before_));
    if (word == "good" || word == "bad") PTAH_TRY_VOID(log.thumb(messages, word == "good"));
    if (word == "better") talk_.replace_answer(text);
    print_error("(noted in {})\n", path.string());
    return {};
  }

  static std::vector<std::string> texts_of(const std::vector<Fact>& facts) {
    std::vector<std::string> out;
    for (const Fact& fact : facts) out.push_back(fact.text);
    return out;
  }

  const ChatRequest& request_;
  std::string model_;  ///< its name
  Companion& companion_;
  Conversation& talk_;
  LineReader input_;
  std::string before_;  ///< the answer before /regenerate
  bool terminal_, over_ = false;
  uint64_t turn_ = 0;
};

Result<std::shared_ptr<const Principles>> principles_for(const ChatRequest& r, const std::shared_ptr<SentenceEncoder>& encoder) {
  if (!r.refuse) return nullptr;
  if (!encoder) {
    if (!r.principles.empty()) return fail(ErrorCode::not_found, "principles are matched by meaning: ./ptah pull minilm first");
    return nullptr;
  }
  if (!r.principles.empty()) return Principles::load(r.principles, encoder);
  PTAH_TRY(const auto models, models_folder());
  return Principles::load(models / "principles" / "principles.json", encoder);
}

/// What is kept of the talk, or null.
Result<std::unique_ptr<Memory>> memory_for(const ChatRequest& r, const MemoryOptions& where, const std::shared_ptr<SentenceEncoder>& encoder) {
  if (!r.remember) return nullptr;
  if (has_place(where)) return open_memory(where, encoder);
  if (r.resume != 0)
    return fail(ErrorCode::invalid_argument, "`resume` needs the memory, and there is no home folder to keep one in; name its file with `memory`");
  print_error("(no home folder: nothing is kept or recalled)\n");
  return nullptr;
}

Result<void> run_chat(const ChatOptions& o) {
  PTAH_TRY(const Json given, o.fields->given());
  PTAH_TRY(const ChatRequest r, chat_schema().complete(given));
  MemoryOptions where;
  where.file = r.memory.string();
  if (!r.user.empty()) where.user = r.user;
  PTAH_TRY_VOID(take_threads(o.threads));
  PTAH_TRY(const auto path, find_model(r.model));
  PTAH_TRY(LoadedLanguageModel model, load_language_model(path));
  if (!r.adapter.empty()) PTAH_TRY_VOID(apply_adapter(model, r.adapter));
  show_warnings(model.warnings);
  PTAH_TRY(const CacheType cache_type, cache_type_of(r.cache_type));
  PTAH_TRY(auto conversation, Conversation::make(std::move(model), r.context, cache_type));
  std::shared_ptr<SentenceEncoder> encoder;
  if (const auto minilm = find_model("minilm")) {
    PTAH_TRY(encoder, SentenceEncoder::load(*minilm));
  } else if (r.remember || r.refuse) {
    print_error("(no sentence encoder: nothing is recalled and nothing refused; ./ptah pull minilm)\n");
  }
  PTAH_TRY(const auto principles, principles_for(r, encoder));
  PTAH_TRY(const std::unique_ptr<Memory> memory, memory_for(r, where, encoder));
  const std::string name = r.model == kAnyChatModelName ? path.filename().string() : r.model;
  Companion companion(std::move(conversation), name, where.user, memory.get(), principles);
  if (!r.load.empty()) PTAH_TRY_VOID(companion.conversation().load(r.load));
  if (r.resume != 0) PTAH_TRY_VOID(companion.resume(r.resume));
  if (!r.system.empty()) companion.conversation().set_system(r.system);
  Session(r, name, companion).run();
  return {};
}

}  // namespace

void add_chat(CLI::App& app, Action& action) {
  auto o = std::make_shared<ChatOptions>();
  CLI::App* command = app.add_subcommand(chat_schema().name(), "talk with a language model; a message a line");
  o->fields = std::make_shared<RequestOptions>(*command, chat_schema(), [](const std::string& file) { return input_text(file); });
  command->add_option("--threads", o->threads, kThreadsHelp);
  command->callback([o, &action] { action = [o] { return finish(guard([&] { return run_chat(*o); })); }; });
}

}  // namespace ptah::cli
