#include "apps/companion/memory.h"

#include "cli/commands/commands.h"
#include "models/registry.h"

namespace ptah::cli {

MemoryOptions::MemoryOptions() {
  const char* name = std::getenv("USER");
  user = name && *name ? name : "me";
}

void add_memory_options(CLI::App& command, MemoryOptions& options) {
  command.add_option("--user", options.user, "whose memory; users never see each other's");
  command.add_option("--memory", options.file, "the memory's file (default: ~/.local/share/ptah/memory.sqlite)");
}

bool has_place(const MemoryOptions& options) { return !options.file.empty() || Memory::usual_path(); }

Result<std::unique_ptr<Memory>> open_memory(const MemoryOptions& options, std::shared_ptr<SentenceEncoder> encoder) {
  if (!options.file.empty()) return Memory::open(options.file, std::move(encoder));
  PTAH_TRY(const auto path, Memory::usual_path());
  return Memory::open(path, std::move(encoder));
}

namespace {

struct Options {
  MemoryOptions memory = {};
  int64_t id = 0;
  std::string text = "";
  bool json = false, all = false;
};

Result<std::shared_ptr<SentenceEncoder>> encoder_if_pulled() {
  const auto folder = find_model("minilm");
  if (!folder) return nullptr;
  return SentenceEncoder::load(*folder);
}

void print_fact(const Fact& fact, bool json, bool similarity) {
  if (json) {
    Json line{{"id", fact.id}, {"text", fact.text}, {"made", fact.made}};
    if (similarity) line["similarity"] = fact.similarity;
    print_json(line);
  } else if (similarity) {
    print("{:>5}  {:.3f}  {}\n", fact.id, fact.similarity, fact.text);
  } else {
    print("{:>5}  {}\n", fact.id, fact.text);
  }
}

Result<void> list(const Options& o, Memory& memory) {
  PTAH_TRY(const auto facts, memory.facts(o.memory.user));
  for (const Fact& fact : facts) print_fact(fact, o.json, false);
  if (facts.empty() && !o.json) print("nothing is remembered of {}\n", o.memory.user);
  return {};
}

Result<void> add_fact(const Options& o, Memory& memory) {
  PTAH_TRY(const bool news, memory.remember(o.memory.user, o.text));
  if (!news) print_error("that is remembered already\n");
  return {};
}

Result<void> edit(const Options& o, Memory& memory) { return memory.edit(o.memory.user, o.id, o.text); }

Result<void> forget(const Options& o, Memory& memory) {
  if (o.all == (o.id != 0)) return fail(ErrorCode::invalid_argument, "say which fact to forget, or --all");
  return o.all ? memory.forget_everything(o.memory.user) : memory.forget(o.memory.user, o.id);
}

Result<void> search_facts(const Options& o, Memory& memory) {
  if (!find_model("minilm")) return fail(ErrorCode::not_found, "facts are recalled by meaning: ./ptah pull minilm first");
  PTAH_TRY(const auto facts, memory.recall(o.memory.user, o.text));
  for (const Fact& fact : facts) print_fact(fact, o.json, true);
  return {};
}

Result<void> conversations(const Options& o, Memory& memory) {
  PTAH_TRY(const auto all, memory.conversations(o.memory.user));
  for (const StoredConversation& c : all)
    if (o.json)
      print_json(Json{{"id", c.id}, {"begun", c.begun}, {"model", c.model}, {"messages", c.messages}, {"first_words", c.first_words}});
    else
      print("{:>5}  {:>3} messages  {}\n", c.id, c.messages, c.first_words);
  return {};
}

Result<void> show_conversation(const Options& o, Memory& memory) {
  PTAH_TRY(const auto messages, memory.messages(o.memory.user, o.id));
  for (const ChatMessage& m : messages)
    if (o.json)
      print_json(Json{{"role", m.role}, {"content", m.content}});
    else
      print("{}: {}\n", m.role, m.content);
  return {};
}

/// Everything that is kept of a user, as one JSON document.
Result<void> take_out(const Options& o, Memory& memory) {
  Json out{{"user", o.memory.user}, {"facts", Json::array()}, {"conversations", Json::array()}};
  PTAH_TRY(const auto facts, memory.facts(o.memory.user));
  for (const Fact& fact : facts) out["facts"].push_back({{"id", fact.id}, {"text", fact.text}, {"made", fact.made}});
  PTAH_TRY(const auto all, memory.conversations(o.memory.user));
  for (const StoredConversation& c : all) {
    Json one{{"id", c.id}, {"begun", c.begun}, {"model", c.model}, {"messages", Json::array()}};
    PTAH_TRY(const auto messages, memory.messages(o.memory.user, c.id));
    for (const ChatMessage& m : messages) one["messages"].push_back({{"role", m.role}, {"content", m.content}});
    out["conversations"].push_back(std::move(one));
  }
  print_pretty_json(out);
  return {};
}

}  // namespace

void add_memory(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("memory", "show and edit what chat remembers: facts and conversations");
  command->require_subcommand(1);
  const auto sub = [&](const char* name, const char* what, Result<void> (*run)(const Options&, Memory&), bool by_meaning = false) {
    auto o = std::make_shared<Options>();
    CLI::App* one = command->add_subcommand(name, what);
    add_memory_options(*one, o->memory);
    one->callback([o, run, by_meaning, &action] {
      action = [o, run, by_meaning] {
        const auto done = guard([&]() -> Result<void> {
          std::shared_ptr<SentenceEncoder> encoder;  // lists need none
          if (by_meaning) {
            PTAH_TRY(encoder, encoder_if_pulled());
          }
          PTAH_TRY(const auto memory, open_memory(o->memory, encoder));
          return run(*o, *memory);
        });
        return done ? 0 : report(done.error());
      };
    });
    return std::pair(one, o);
  };
  const auto with_json = [](const auto& made) { made.first->add_flag("--json", made.second->json, "print one JSON object a line"); };
  const auto with_text = [](const auto& made) { made.first->add_option("TEXT", made.second->text, "the text")->required(); };
  with_json(sub("list", "list the facts", list));
  with_text(sub("add", "remember a fact", add_fact, true));
  const auto edited = sub("edit", "replace the text of a fact", edit, true);
  edited.first->add_option("ID", edited.second->id, "the fact's number (ptah memory list)")->required();
  with_text(edited);
  const auto forgotten = sub("forget", "forget a fact, or everything", forget);
  forgotten.first->add_option("ID", forgotten.second->id, "the fact's number (ptah memory list)");
  forgotten.first->add_flag("--all", forgotten.second->all, "all facts and conversations of the user");
  const auto recalled = sub("recall", "find the facts closest in meaning to a text", search_facts, true);
  with_text(recalled);
  with_json(recalled);
  with_json(sub("conversations", "list the conversations", conversations));
  const auto shown = sub("show", "show one conversation", show_conversation);
  shown.first->add_option("ID", shown.second->id, "its number")->required();
  with_json(shown);
  sub("export", "print everything kept of the user as JSON", take_out);
}

}  // namespace ptah::cli
