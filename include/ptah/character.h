// Characters of games: they hear somebody, and say and do something in the game's own terms. docs/characters.md has the files that describe them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ptah/result.h"
#include "ptah/seed.h"

namespace ptah {

struct CastSetup {
  std::filesystem::path game;          ///< actions and state (JSON)
  std::string model = "smollm2";       ///< a pulled language model by name, or its file; "none": characters say their lines
  std::filesystem::path adapter = {};  ///< trained on the game's examples; empty: none
};

/// An action of the game that is possible now, with values of its parameters' types.
struct CharacterAction {
  std::string name;
  std::vector<std::pair<std::string, std::string>> values;  ///< by parameter, in the order of their names; numbers in digits
};

struct CharacterReply {
  std::string say;
  std::vector<CharacterAction> actions;  ///< empty: it only talks
  std::string emotion, voice;            ///< "glad", "angry" or "calm"; of the character's file
  bool deflected = false;                ///< what the model said was not let through
  double decision_seconds = 0;           ///< until the actions were known
  double seconds = 0;
};

struct CharacterOptions {
  std::int64_t shortlist = 6;
  float margin = 0.1F;  ///< how far behind the likeliest action others may be to be offered to the model
  std::int64_t max_actions = 3;
  std::int64_t max_tokens = 72;
  bool lines = false;  ///< the model only decides; the character says its lines and what it knows
  float temperature = 0.3F;
  Seed seed = 0;
};

/// One character; copies share it. For one thread at a time, and one turn at a time.
class GameCharacter {
 public:
  /// Somebody says something; waits for the reply. `state` (a JSON object, or empty) has the values of the game's state that changed. Fails with
  /// "invalid_argument", "corrupt" (the state), "cancelled".
  Outcome<CharacterReply> hear(const std::string& who, const std::string& text, const std::string& state = "", const CharacterOptions& options = {});

  /// The same without waiting, for a game's loop. Fails with "invalid_argument" while a turn is on its way.
  Outcome<Done> begin(const std::string& who, const std::string& text, const std::string& state = "", const CharacterOptions& options = {});
  enum class Stage { idle, thinking, decided, done };
  /// One atomic read: a loop of 60 frames a second can call it in each.
  Stage poll() const noexcept;
  /// What it will do, from `decided` on.
  std::vector<CharacterAction> actions() const;
  /// The reply, once it is done; the character is idle then.
  Outcome<CharacterReply> take();
  void cancel();

  const std::string& name() const;
  /// The game's state as the character knows it, as JSON.
  std::string state() const;
  /// What it remembers. Fails with "invalid_argument" over a file that is no memory, "mismatch" for somebody else's.
  Outcome<Done> save(const std::filesystem::path& file) const;
  Outcome<Done> load(const std::filesystem::path& file);

 private:
  friend class GameCast;
  struct State;
  std::shared_ptr<State> state_;
};

/// A game with its model in memory; characters share it, and think at the same time.
class GameCast {
 public:
  /// Fails with "not_found" (the model), "corrupt" (the game), "unsupported" (a model without a chat template).
  static Outcome<GameCast> open(const CastSetup& setup);
  /// A character's file. Fails with "corrupt".
  Outcome<GameCharacter> add(const std::filesystem::path& character) const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

}  // namespace ptah
