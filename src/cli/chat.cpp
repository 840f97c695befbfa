#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.h"
#include "cli/command_line.h"
#include "create/work.h"
#include "text/companion.h"
#include "weights/pull.h"

namespace ptah::cli {

namespace {

struct ChatOptions {
  std::string model = "smollm2", system = "", load = "", principles = "", cache_type = "";
  int64_t threads = 0, context = 0, resume = 0;
  MemoryOptions memory = {};
  bool no_memory = false, no_principles = false;
  GenerationOptions generation = {.sampling = {.temperature = 0.2F, .top_p = 0.9F, .repetition_penalty = 1.05F}, .max_tokens = 512};
};

constexpr const char* kHelp =
    "  /system TEXT   sets how the model should behave (without TEXT: nothing)\n"
    "  /regenerate    another answer to the last message\n"
    "  /history       the conversation so far\n"
    "  /save FILE     keeps the conversation    /load FILE   goes on with one\n"
    "  /clear         begins anew               /quit        ends (Ctrl-D too)\n";

/// The word after the slash and the rest of the line.
std::pair<std::string, std::string> command_of(const std::string& line) {
  const size_t space = line.find(' ');
  std::string rest = space == std::string::npos ? "" : line.substr(space + 1);
  rest.erase(0, std::min(rest.find_first_not_of(' '), rest.size()));
  return {line.substr(1, space == std::string::npos ? space : space - 1), rest};
}

/// Lines of standard input; a wait for one ends when the program is to end.
class LineReader {
 public:
  bool next(std::string& line) {
    while (true) {
      if (const size_t end = held_.find('\n'); end != std::string::npos || (ended_ && !held_.empty())) {
        line = held_.substr(0, end);
        held_.erase(0, end == std::string::npos ? end : end + 1);
        if (!begun_ && line.starts_with("\xEF\xBB\xBF")) line.erase(0, 3);  // files of Windows have a byte order mark, and CR LF
        begun_ = true;
        while (!line.empty() && line.back() == '\r') line.pop_back();
        return true;
      }
      if (ended_ || held_.size() > kMostBytes || interrupted().cancelled()) return false;
      pollfd ready{STDIN_FILENO, POLLIN, 0};
      if (::poll(&ready, 1, 100) == 0) continue;
      char block[4096];
      const ssize_t got = ::read(STDIN_FILENO, block, sizeof(block));
      if (got > 0) held_.append(block, static_cast<size_t>(got));
      ended_ = got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN);
    }
  }

 private:
  static constexpr size_t kMostBytes = size_t{1} << 24;
  std::string held_;
  bool ended_ = false, begun_ = false;
};

class Session {
 public:
  Session(const ChatOptions& options, Companion& companion)
      : options_(options), companion_(companion), talk_(companion.conversation()), terminal_(isatty(STDIN_FILENO) != 0) {}

  void run() {
    if (terminal_) print("{} · /help lists what can be said to the program\n", options_.model);
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
    GenerationOptions options = options_.generation;
    options.sampling.seed += turn_++;
    PTAH_TRY(const Reply reply, make(options, [](std::string_view news) {
               print_text(news);
               std::fflush(stdout);
             }));
    print("\n");
    const Generated& made = reply.generated;
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
      print_text(kHelp);
    } else if (word == "system") {
      talk_.set_system(rest);
    } else if (word == "clear") {
      companion_.clear();
    } else if (word == "regenerate") {
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

  static std::vector<std::string> texts_of(const std::vector<Fact>& facts) {
    std::vector<std::string> out;
    for (const Fact& fact : facts) out.push_back(fact.text);
    return out;
  }

  const ChatOptions& options_;
  Companion& companion_;
  Conversation& talk_;
  LineReader input_;
  bool terminal_, over_ = false;
  uint64_t turn_ = 0;
};

Result<std::shared_ptr<const Principles>> principles_for(const ChatOptions& o, const std::shared_ptr<SentenceEncoder>& encoder) {
  if (o.no_principles) return nullptr;
  if (!encoder) {
    if (!o.principles.empty()) return fail(ErrorCode::not_found, "principles are matched by meaning: ./ptah pull minilm first");
    return nullptr;
  }
  if (!o.principles.empty()) return Principles::load(o.principles, encoder);
  PTAH_TRY(const auto models, models_folder());
  return Principles::load(models / "principles" / "principles.json", encoder);
}

Result<void> run_chat(const ChatOptions& o) {
  PTAH_TRY_VOID(check(o.generation.sampling));
  if (o.generation.max_tokens < 1) return fail(ErrorCode::invalid_argument, "max-tokens {}", o.generation.max_tokens);
  if (o.no_memory && o.resume != 0) return fail(ErrorCode::invalid_argument, "--resume needs the memory");
  PTAH_TRY_VOID(take_threads(o.threads));
  PTAH_TRY(const auto path, find_model(o.model));
  PTAH_TRY(LoadedLanguageModel model, load_language_model(path));
  show_warnings(model.warnings);
  PTAH_TRY(const CacheType cache_type, cache_type_of(o.cache_type));
  PTAH_TRY(auto conversation, Conversation::make(std::move(model), o.context, cache_type));
  std::shared_ptr<SentenceEncoder> encoder;
  if (const auto minilm = find_model("minilm")) {
    PTAH_TRY(encoder, SentenceEncoder::load(*minilm));
  } else if (!o.no_memory || !o.no_principles) {
    print_error("(no sentence encoder: nothing is recalled and nothing refused; ./ptah pull minilm)\n");
  }
  PTAH_TRY(const auto principles, principles_for(o, encoder));
  std::unique_ptr<Memory> memory;
  if (!o.no_memory && has_place(o.memory)) {
    PTAH_TRY(memory, open_memory(o.memory, encoder));
  } else if (!o.no_memory) {
    if (o.resume != 0)
      return fail(ErrorCode::invalid_argument, "--resume needs the memory, and there is no home folder to keep one in; name its file with --memory");
    print_error("(no home folder: nothing is kept or recalled)\n");
  }
  Companion companion(std::move(conversation), o.model, o.memory.user, memory.get(), principles);
  if (!o.load.empty()) PTAH_TRY_VOID(companion.conversation().load(o.load));
  if (o.resume != 0) PTAH_TRY_VOID(companion.resume(o.resume));
  if (!o.system.empty()) companion.conversation().set_system(o.system);
  Session(o, companion).run();
  return {};
}

}  // namespace

void add_chat(CLI::App& app, Action& action) {
  auto o = std::make_shared<ChatOptions>();
  CLI::App* command = app.add_subcommand("chat", "a conversation with a language model; messages from standard input, a line each");
  GenerationOptions& g = o->generation;
  command->add_option("--model", o->model, "name of a pulled model, a GGUF file or a folder with one");
  command->add_option("--system", o->system, "how the model should behave");
  command->add_option("--load", o->load, "a conversation to go on with");
  command->add_option("--resume", o->resume, "the number of a conversation in the memory to go on with (`ptah memory conversations`)");
  add_memory_options(*command, o->memory);
  command->add_flag("--no-memory", o->no_memory, "keep and recall nothing");
  command->add_option("--principles", o->principles, "what is refused, with examples (JSON)");
  command->add_flag("--no-principles", o->no_principles, "refuse nothing");
  command->add_option("--context", o->context, "tokens the model sees at most");
  command->add_option("--cache-type", o->cache_type, kCacheTypeHelp);
  command->add_option("--max-tokens", g.max_tokens, "longest answer");
  command->add_option("--temperature", g.sampling.temperature, "0: always the likeliest token");
  command->add_option("--top-k", g.sampling.top_k, "only the likeliest k tokens; 0: all");
  command->add_option("--top-p", g.sampling.top_p, "only the likeliest tokens that sum to this probability");
  command->add_option("--min-p", g.sampling.min_p, "only tokens with this share of the likeliest one's probability");
  command->add_option("--repetition-penalty", g.sampling.repetition_penalty, "above 1: tokens of the last 64 become less likely");
  add_seed_option(*command, g.sampling.seed, "the same seed and messages give the same answers");
  command->add_option("--threads", o->threads, "threads to use");
  command->callback([o, &action] {
    action = [o] {
      const auto done = guard([&] { return run_chat(*o); });
      return done ? 0 : report(done.error());
    };
  });
}

}  // namespace ptah::cli
