#include <unistd.h>

#include "apps/characters/character_files.h"
#include "apps/characters/evaluation.h"
#include "apps/characters/stage.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/command_line.h"
#include "cli/line_reader.h"
#include "cli/request_options.h"
#include "pipelines/face/talk_work.h"
#include "pipelines/recipes/model_cache.h"
#include "work/work_folder.h"

namespace ptah::cli {

namespace {

struct CharacterOptions {
  std::shared_ptr<RequestOptions> fields;
  std::vector<std::string> files;
  std::string game, memory, out, wishes, speech;
  int64_t threads = 0, count = 1000, at_once = 1;
  bool json = false, wrong = false, faces = false;
};

constexpr const char* kTalkHelp =
    "  /to NAME          speaks to another one      /scene TEXT   they talk among themselves, six turns; TEXT is said first\n"
    "  /state            the state of the game      /set NAME VALUE   changes it: true, false, a number or a text\n"
    "  /see TEXT         something happens          /memory       what the character remembers\n"
    "  /quit             ends (Ctrl-D too)\n";

/// Characters of a game, ready to speak.
struct OpenCast {
  CharacterRequest request;
  std::shared_ptr<const CharacterWorld> world;
  std::vector<std::unique_ptr<CharacterMind>> characters;
};

Result<OpenCast> open_cast(const CharacterOptions& o) {
  OpenCast out;
  PTAH_TRY(const Json given, o.fields->given());
  PTAH_TRY(out.request, character_schema().complete(given));
  PTAH_TRY_VOID(take_threads(o.threads));
  std::vector<CharacterSheet> sheets;
  for (const std::string& file : o.files) {  // before a model is read
    PTAH_TRY(CharacterSheet sheet, read_sheet_file(file));
    for (const CharacterSheet& other : sheets)
      if (other.name == sheet.name) return fail(ErrorCode::invalid_argument, "two characters are called {}", sheet.name);
    sheets.push_back(std::move(sheet));
  }
  PTAH_TRY(out.world, open_world(std::filesystem::path(o.game), {.model = out.request.model, .adapter = out.request.adapter}));
  for (CharacterSheet& sheet : sheets) {
    PTAH_TRY(auto character, CharacterMind::make(out.world, std::move(sheet)));
    out.characters.push_back(std::move(character));
  }
  return out;
}

/// {"a": 1} of "a" and "1".
Result<Json> changed_value(const std::string& name, const std::string& value) {
  const auto parsed = parse_json(value, 2);
  const Json change{{name, parsed ? *parsed : Json(value)}};
  PTAH_TRY_VOID(with_changes(Json::object(), change));
  return change;
}

class CharacterTalk {
 public:
  CharacterTalk(OpenCast& cast, const CharacterOptions& o) : cast_(cast), o_(o), terminal_(isatty(STDIN_FILENO) != 0) {}

  Result<void> run() {
    if (o_.faces && o_.speech.empty()) return fail(ErrorCode::invalid_argument, "--faces: the heads speak, so --speech FOLDER is needed too");
    PTAH_TRY_VOID(load());
    if (terminal_) print("{} · /help lists what can be said to the program\n", cast_.world->game.name);
    if (!o_.json) print("{}: {}\n", now().sheet().name, now().sheet().begins);
    std::string line;
    while (!over_ && ask(line))
      if (const auto done = line[0] == '/' ? command(line) : say(line); !done) {
        print_error("ptah: {}\n", done.error().message);
        if (done.error().code == ErrorCode::cancelled) break;
      }
    return {};
  }

 private:
  CharacterMind& now() { return *cast_.characters[at_]; }
  std::filesystem::path file_of(const CharacterMind& character) const {
    std::string name = lower_case(character.sheet().name);
    for (char& c : name)
      if (!std::isalnum(static_cast<unsigned char>(c)) && static_cast<unsigned char>(c) < 128) c = '-';
    return std::filesystem::path(o_.memory) / (name + ".memory.json");
  }
  Result<void> load() {
    if (o_.memory.empty()) return {};
    PTAH_TRY_VOID(make_folders(o_.memory));
    for (const auto& character : cast_.characters) {
      std::error_code problem;
      if (!std::filesystem::exists(file_of(*character), problem)) continue;
      PTAH_TRY(CharacterMemory memory, load_memory(file_of(*character), character->sheet().name));
      character->remember(std::move(memory));
    }
    return {};
  }
  Result<void> save() {
    if (!o_.memory.empty())
      for (const auto& character : cast_.characters) PTAH_TRY_VOID(save_memory(file_of(*character), character->sheet().name, character->memory()));
    return {};
  }

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

  void show(const std::string& who, const CharacterTurn& turn) const {
    if (o_.json) {
      Json line = to_json(turn);
      line["character"] = who;
      print_json(line);
    } else {
      for (const ActionCall& call : turn.actions) print("  ({}: {})\n", who, text_of(call, cast_.world->game.find(call.name)));
      for (const std::string& reason : turn.dropped) print("  (not done: {})\n", reason);
      print("{}: {}\n", who, turn.say);
    }
    std::fflush(stdout);
  }

  /// The line as sound, with the time of each word and phoneme, and perhaps with a head whose face moves: a folder for each turn.
  Result<void> aloud(const std::string& who, const CharacterTurn& turn) {
    if (o_.speech.empty() || turn.say.empty()) return {};
    PTAH_TRY(const auto speaker, models_.speaker("kokoro"));
    const std::string voice = turn.voice.empty() ? "af_heart" : turn.voice;
    Work work;
    if (o_.faces) {
      TalkTask task{.text = turn.say, .voice = voice, .animate = false};
      if (turn.face.ends_with(".glb"))
        task.face = turn.face;
      else
        task.person = turn.face;
      PTAH_TRY(const Sources sources, talk_sources(task));
      PTAH_TRY(work, talk_work(*speaker, task, sources, {}, {}, &interrupted()));
    } else {
      PTAH_TRY(const auto emotions, models_.emotion_reader("emotion"));
      const SayTask task{.text = turn.say, .voice = voice, .captions = true, .follow_emotion = true};
      PTAH_TRY(work, say_work(*speaker, task, {}, &interrupted(), true, {}, emotions.get()));
    }
    std::error_code problem;
    std::filesystem::path folder;
    do folder = std::filesystem::path(o_.speech) / fmt::format("{:04}-{}", ++spoken_, folder_name(who));
    while (std::filesystem::exists(folder, problem));
    PTAH_TRY(const std::filesystem::path written, write_work(work, folder));
    if (!o_.json) print("  ({})\n", written.string());
    return {};
  }

  TurnOptions options() {
    TurnOptions out = cast_.request.turn;
    out.sampling.seed += turn_++;
    return out;
  }

  /// All characters of a game see its state.
  void share() {
    for (const auto& other : cast_.characters) other->state() = now().state();
  }

  Result<void> say(const std::string& line) {
    Perception perception{.who = cast_.request.who, .text = line};
    perception.happens = std::exchange(seen_, {});
    PTAH_TRY(const CharacterTurn turn, now().turn(perception, options(), {}, std::shared_ptr<const CancelToken>(&interrupted(), [](const CancelToken*) {})));
    for (const auto& other : cast_.characters)
      if (other.get() != &now()) {
        other->overhear(perception.who, line);
        other->overhear(now().sheet().name, turn.say);
      }
    share();
    show(now().sheet().name, turn);
    PTAH_TRY_VOID(aloud(now().sheet().name, turn));
    return save();
  }

  Result<void> scene(const std::string& opening) {
    std::vector<CharacterMind*> all;
    for (size_t i = 0; i < cast_.characters.size(); ++i) all.push_back(cast_.characters[(at_ + i) % cast_.characters.size()].get());
    if (!o_.json) print("{}: {}\n", now().sheet().name, opening);
    Result<void> heard;
    const auto shown = [&](const Scene::Said& said) {
      const std::string& name = all[said.who]->sheet().name;
      show(name, said.turn);
      if (heard) heard = aloud(name, said.turn);
    };
    PTAH_TRY_VOID(Scene(all).play(opening, 6, options(), shown, std::shared_ptr<const CancelToken>(&interrupted(), [](const CancelToken*) {})));
    PTAH_TRY_VOID(heard);
    return save();
  }

  Result<void> command(const std::string& line) {
    const size_t space = std::min(line.find(' '), line.size());
    const std::string word = line.substr(1, space - 1), rest(trimmed(line.substr(space)));
    if (word == "quit" || word == "exit") {
      over_ = true;
    } else if (word == "help") {
      print_text(kTalkHelp);
    } else if (word == "to") {
      std::vector<std::string> names;
      for (size_t i = 0; i < cast_.characters.size(); ++i) {
        names.push_back(cast_.characters[i]->sheet().name);
        if (lower_case(names.back()) == lower_case(rest)) return turn_to(i);
      }
      return unknown_name("character", rest, names);
    } else if (word == "scene") {
      return scene(rest.empty() ? "Good evening." : rest);
    } else if (word == "state") {
      print_json(now().state());
    } else if (word == "set") {
      const size_t end = std::min(rest.find(' '), rest.size());
      PTAH_TRY(const Json change, changed_value(rest.substr(0, end), std::string(trimmed(rest.substr(end)))));
      PTAH_TRY(now().state(), with_changes(now().state(), change));
      share();
    } else if (word == "see") {
      seen_.push_back(rest);
    } else if (word == "memory") {
      for (const MemoryEvent& event : now().memory().events()) print("{:>4} {:<9} {}\n", event.turn, event.kind, event.text);
    } else {
      return fail(ErrorCode::invalid_argument, "there is no /{}; /help lists what there is", word);
    }
    return {};
  }

  Result<void> turn_to(size_t at) {
    at_ = at;
    if (!o_.json) print("{}: {}\n", now().sheet().name, now().sheet().begins);
    return {};
  }

  OpenCast& cast_;
  const CharacterOptions& o_;
  ModelCache models_;
  LineReader input_;
  int spoken_ = 0;
  std::vector<std::string> seen_;
  bool terminal_, over_ = false;
  size_t at_ = 0;
  uint64_t turn_ = 0;
};

Result<void> run_talk(const CharacterOptions& o) {
  PTAH_TRY(OpenCast cast, open_cast(o));
  return CharacterTalk(cast, o).run();
}

Result<void> run_character_examples(const CharacterOptions& o) {
  PTAH_TRY(OpenCast cast, open_cast(o));
  std::string lines;
  size_t count = 0;
  for (const auto& character : cast.characters) {
    PTAH_TRY(const std::vector<Json> rows,
             training_examples(*character, cast.world->game, cast.request.turn.sampling.seed, static_cast<size_t>(o.count) / cast.characters.size()));
    for (const Json& row : rows) lines += row.dump() + "\n";
    count += rows.size();
  }
  if (count == 0) return fail(ErrorCode::invalid_argument, "no examples: the characters have no `lines` for the actions of the game");
  PTAH_TRY_VOID(write_new_file(o.out, std::string_view(lines)));
  print("{}: {} examples\n", o.out, count);
  return {};
}

Result<void> run_character_evaluation(const CharacterOptions& o) {
  PTAH_TRY(OpenCast cast, open_cast(o));
  PTAH_TRY(const std::string text, input_text(o.wishes, size_t{1} << 24));
  PTAH_TRY(const auto wishes, read_wishes(text, cast.world->game));
  std::vector<CharacterMind*> characters;
  for (int64_t i = 0; i < o.at_once; ++i) {
    if (static_cast<size_t>(i) >= cast.characters.size()) {
      PTAH_TRY(auto twin, CharacterMind::make(cast.world, cast.characters[0]->sheet()));
      cast.characters.push_back(std::move(twin));
    }
    characters.push_back(cast.characters[static_cast<size_t>(i)].get());
  }
  PTAH_TRY(const CharacterScores scores, evaluate_characters(characters, cast.world->game, wishes, cast.request.turn,
                                                             std::shared_ptr<const CancelToken>(&interrupted(), [](const CancelToken*) {})));
  const auto share = [&](size_t count) { return static_cast<double>(count) / static_cast<double>(scores.wishes); };
  if (o.json) {
    print_json({{"wishes", scores.wishes},
                {"right_action", share(scores.right_actions)},
                {"right_call", share(scores.right_calls)},
                {"valid", share(scores.valid)},
                {"offered", share(scores.offered)},
                {"decision_p50", scores.percentile(0.5)},
                {"decision_p95", scores.percentile(0.95)}});
  } else {
    print("{} wishes: right action {:.1f} %, with all parameters {:.1f} %, valid {:.1f} %, among those offered {:.1f} %\n", scores.wishes,
          100 * share(scores.right_actions), 100 * share(scores.right_calls), 100 * share(scores.valid), 100 * share(scores.offered));
    print("decision: median {:.0f} ms, 95th percentile {:.0f} ms, {} at once\n", 1000 * scores.percentile(0.5), 1000 * scores.percentile(0.95), o.at_once);
  }
  if (o.wrong)
    for (const std::string& one : scores.wrong) print("  {}\n", one);
  return {};
}

}  // namespace

void add_character(CLI::App& app, Action& action) {
  CLI::App* command = app.add_subcommand("character", "characters of games: what they say and do");
  command->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, auto run) {
    auto o = std::make_shared<CharacterOptions>();
    CLI::App* sub = command->add_subcommand(name, what);
    sub->add_option("files", o->files, "the characters (JSON)")->required();
    sub->add_option("--game", o->game, "the game: its actions and state (JSON)")->required()->type_name("FILE");
    o->fields = std::make_shared<RequestOptions>(*sub, character_schema(), [](const std::string& file) { return input_text(file); });
    sub->add_option("--threads", o->threads, kThreadsHelp);
    sub->callback([o, run, &action] { action = [o, run] { return finish(guard([&] { return run(*o); })); }; });
    return std::pair{sub, o};
  };
  const auto [talk, t] = add("talk", "talk with characters; a message a line", run_talk);
  talk->add_option("--memory", t->memory, "folder that keeps what they remember; default: nothing is kept")->type_name("FOLDER");
  talk->add_option("--speech", t->speech, "folder for what they say as sound, in their voices: a folder for each turn (needs ptah pull kokoro)")
      ->type_name("FOLDER");
  talk->add_flag("--faces", t->faces, "with --speech: also a head whose face moves with the sound (talking.glb); the character's `face` names it");
  talk->add_flag("--json", t->json, "print a line of JSON for each turn");
  const auto [examples, e] = add("examples", "write examples to train an adapter on, made of the game's actions", run_character_examples);
  examples->add_option("--out", e->out, "file to write, a line of JSON for each example")->required()->type_name("FILE");
  examples->add_option("--count", e->count, "how many at most")->check(CLI::Range(1, 1000000));
  const auto [evaluate, v] = add("evaluate", "measure how often a character does what is wanted", run_character_evaluation);
  evaluate->add_option("--wishes", v->wishes, "lines of JSON: what is said, and the action that is right")->required()->type_name("FILE");
  evaluate->add_option("--at-once", v->at_once, "how many think at the same time")->check(CLI::Range(1, 64));
  evaluate->add_flag("--wrong", v->wrong, "list what was not right");
  evaluate->add_flag("--json", v->json, "print one JSON object");
}

}  // namespace ptah::cli
