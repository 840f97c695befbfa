// A character: it hears somebody, and says and does something in a game's terms. What it does is always an action that the game has and that is possible now.
#pragma once

#include <optional>

#include "apps/characters/call.h"
#include "apps/characters/character_memory.h"
#include "apps/characters/intent.h"
#include "apps/characters/sheet.h"
#include "text/lm/batch.h"
#include "text/lm/chat.h"

namespace ptah {

class Principles;

/// What many characters of one game share. For any thread.
struct CharacterWorld {
  Game game;
  std::shared_ptr<const SentenceEncoder> encoder;
  std::shared_ptr<const Principles> principles;  ///< of what they say; may be null
  std::unique_ptr<IntentIndex> intents;
  std::vector<float> kind, unkind;         ///< means of what kind and unkind people say
  std::shared_ptr<const Tokenizer> words;  ///< null without a model
  std::optional<ChatFormat> format;
  std::unique_ptr<BatchEngine> engine;  ///< null without a model: characters do what is likeliest wanted, and say their lines and what they know

  /// Errors: unsupported for a model without a chat template.
  static Result<std::shared_ptr<const CharacterWorld>> make(Game game, std::optional<LoadedLanguageModel> model, std::shared_ptr<const SentenceEncoder> encoder,
                                                            std::shared_ptr<const Principles> principles);
};

/// What a character perceives.
struct Perception {
  std::string who = "Guest", text;
  Json state = nullptr;              ///< values of the game's state that changed
  std::vector<std::string> happens;  ///< what it sees: kept in its memory
};

struct TurnOptions {
  int64_t shortlist = 6;    ///< at most so many actions are offered to the model
  float margin = 0.1F;      ///< and only those whose score is within this of the best
  int64_t max_actions = 3;  ///< one for each part of what was said
  int64_t max_tokens = 72;  ///< of the whole answer
  bool lines = false;       ///< the character says its lines and what it knows; the model only decides
  SamplingOptions sampling{.temperature = 0.3F, .top_p = 0.9F, .repetition_penalty = 1.05F};
};

struct CharacterTurn {
  std::string say;
  std::vector<ActionCall> actions;      ///< never talk; empty: it only talks
  std::vector<std::string> dropped;     ///< why later ones were not taken: what came before made them impossible
  std::vector<std::string> shortlist;   ///< names of what was offered, the likeliest first; for the first part of what was said
  std::vector<std::string> known;       ///< facts that the model was told
  std::vector<std::string> remembered;  ///< events that the model was told
  std::string emotion, voice, face;     ///< for the game's speech and picture
  bool deflected = false;               ///< what the model said was not let through
  double decision_seconds = 0;          ///< until the action was known
  double seconds = 0;
  int64_t prompt_tokens = 0, tokens = 0;
};
Json to_json(const CharacterTurn& turn);

/// For one thread at a time; several of one world may have their turns at once.
class CharacterMind {
 public:
  /// Errors: corrupt for a sheet that names actions the game lacks.
  static Result<std::unique_ptr<CharacterMind>> make(std::shared_ptr<const CharacterWorld> world, CharacterSheet sheet);

  /// Gets the actions as soon as they are known, before the character speaks; on another thread.
  using Decided = std::function<void(const std::vector<ActionCall>& actions)>;
  /// Hears, decides, speaks, and remembers. Effects of actions change the state. Errors: invalid_argument (nothing or more than 2000 bytes said; a context that
  /// is too short), cancelled; on an error nothing is remembered.
  Result<CharacterTurn> turn(const Perception& perception, const TurnOptions& options, const Decided& decided = {},
                             std::shared_ptr<const CancelToken> cancel = nullptr);
  /// What another character said, heard and not answered.
  void overhear(const std::string& who, const std::string& text);

  const CharacterSheet& sheet() const { return sheet_; }
  CharacterMemory& memory() { return memory_; }
  const CharacterMemory& memory() const { return memory_; }
  Json& state() { return state_; }
  /// Takes over a memory; what was said last is told to the model again.
  void remember(CharacterMemory memory);

  /// What the model would be told of a perception: for training and for checks.
  struct Prepared {
    std::vector<ChatMessage> messages;
    std::vector<std::vector<ActionForm>> steps;  ///< of each part of what was said
    std::vector<std::string> shortlist, known, remembered;
    int tone = 0;             ///< 1: kind, −1: unkind
    bool impossible = false;  ///< what is meant is an action that the character cannot take now
    bool answers = false;     ///< the first fact answers what was said
    bool question = false;
    Json state;  ///< with `trust` in whoever speaks
  };
  Result<Prepared> prepare(const Perception& perception, const TurnOptions& options);

 private:
  CharacterMind(std::shared_ptr<const CharacterWorld> world, CharacterSheet sheet);
  struct Spoken {
    std::vector<std::string> calls;
    std::string say;
  };
  /// Whether the character can take an action now.
  bool may(const GameAction& action, const Json& state) const;
  std::vector<ActionForm> offered(const float* vector, const std::string& part, const Json& state, const TurnOptions& options, bool& impossible) const;
  void tell_facts(const float* vector, Prepared& to) const;
  std::string system() const;
  std::string note(const Prepared& prepared) const;
  Result<Spoken> by_model(const Prepared& prepared, const TurnOptions& options, CharacterTurn& out, const std::function<void(std::string_view)>& show,
                          std::shared_ptr<const CancelToken> cancel) const;
  Spoken by_lines(const Prepared& prepared) const;
  std::string line_for(const ActionCall& call, const Prepared& prepared) const;
  /// The calls that are possible one after the other; the others' reasons go into `dropped`. Changes the state.
  Result<std::vector<ActionCall>> taken(const std::vector<std::string>& calls, Json& state, std::vector<std::string>& dropped) const;
  /// Whether nothing in it must not be said. Principles judge what a model says, not what the character's file does.
  bool allowed(const std::string& said, bool by_the_model) const;

  std::shared_ptr<const CharacterWorld> world_;
  CharacterSheet sheet_;
  CharacterMemory memory_;
  Json state_;
  std::vector<std::vector<float>> fact_vectors_;  ///< of each fact and the questions that it answers
  std::vector<size_t> fact_of_;                   ///< their facts
  std::vector<bool> is_question_;
  std::vector<std::pair<std::string, std::string>> exchanges_;  ///< the last ones, as the model reads them
};

/// The parts of what was said that may ask for different actions: cut at "and then", ", then", "and also" and ";". At most `max_count`.
std::vector<std::string> parts_of(const std::string& said, size_t max_count);

/// Examples to train an adapter on, made of the game's action table and the character's lines and facts: {"prompt": [messages], "chosen": [message]}, as
/// `ptah train preference` with the loss "sft" reads them. The same seed gives the same examples.
Result<std::vector<Json>> training_examples(CharacterMind& character, const Game& game, uint64_t seed, size_t max_count);

}  // namespace ptah
