// A game as characters see it: its state, and the actions that characters can take in it, with typed parameters, conditions and effects.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"

namespace ptah {

/// A test of one value of the state: "open", "!door_locked", "rooms_free > 0", "weather == rain".
struct Condition {
  enum class Test { set, unset, equal, unequal, below, at_most, above, at_least };
  std::string text;  ///< as it was written
  std::string name;  ///< of the value
  Test test = Test::set;
  Json value;  ///< to compare with
};
/// Errors: corrupt, with what was expected.
Result<Condition> condition_of(const std::string& text);
/// A value that the state lacks, or of another type, satisfies no condition.
bool holds(const Condition& condition, const Json& state);

struct ActionParameter {
  enum class Type { choice, integer, number, text };
  std::string name;
  Type type = Type::choice;
  std::vector<std::string> choices;                      ///< of a choice
  std::string choices_from;                              ///< instead: the list of the state that holds them
  std::map<std::string, std::vector<std::string>> also;  ///< other words for a choice
  double min = 0, max = 0;                               ///< of numbers, both included
  std::string min_from, max_from;                        ///< instead: values of the state
  Json usual;                                            ///< what it is when nobody says it; null: the model decides
};

struct GameAction {
  std::string name, does;  ///< identifier; "serve drinks"
  std::vector<ActionParameter> parameters;
  std::vector<Condition> needs;
  std::map<std::string, Json> effects;  ///< on the state: a number is added, "+NAME" and "-NAME" add and subtract a parameter, all else is put in its place
  std::vector<std::string> examples;    ///< of what people say to get it; {NAME} stands for a parameter
};

struct Game {
  std::string name, setting;
  Json state = Json::object();  ///< at the beginning: names with booleans, numbers, texts or lists of texts
  std::vector<GameAction> actions;
  std::vector<std::string> talk;  ///< examples of what asks for no action

  /// Null if there is none.
  const GameAction* find(const std::string& action) const;
};

/// {"format": "ptah game 1", "name", "setting", "state", "actions": [{"name", "does", "parameters", "needs", "effects", "examples"}], "talk"}; see
/// docs/characters.md. At most 200 actions of 16 parameters. Errors: corrupt, naming the action and what is wrong.
Result<Game> read_game(const Json& json);

/// State with changed values; what is new is added. Errors: corrupt for values that a state cannot have.
Result<Json> with_changes(Json state, const Json& changes);

/// What a parameter may be in this state: its choices (none if the state has no such list), or the bounds of a number.
std::vector<std::string> choices_in(const ActionParameter& parameter, const Json& state);
struct NumberBounds {
  double min = 0, max = -1;  ///< none are possible if min > max
};
NumberBounds bounds_in(const ActionParameter& parameter, const Json& state);

/// Whether all its conditions hold and each of its parameters has a possible value.
bool possible(const GameAction& action, const Json& state);

}  // namespace ptah
