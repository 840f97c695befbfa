// Calls of actions: "serve_drink(drink=beer, count=2)" as a model writes them, typed values as a game takes them, and the grammar that allows no others.
#pragma once

#include <memory>

#include "apps/characters/game.h"
#include "text/grammar/grammar.h"

namespace ptah {

struct ActionCall {
  std::string name = "talk";
  Json values = Json::object();  ///< by parameter: a text, an integer or a number
  bool operator==(const ActionCall&) const = default;
};
/// {"name", "values"}
Json to_json(const ActionCall& call);
/// As a model writes it.
std::string text_of(const ActionCall& call, const GameAction* action);

/// Errors: corrupt for what is no call; mismatch, with the reason, for one that is not possible in this state: an unknown action, a condition that does not
/// hold, a value of another type or out of range, parameters that are missing or too many.
Result<ActionCall> parse_call(const std::string& text, const Game& game, const Json& state);
/// The same of a call in values.
Result<void> check_call(const ActionCall& call, const Game& game, const Json& state);
/// The state after the call.
Json state_after(const ActionCall& call, const Game& game, Json state);

/// An action with what its parameters may be now.
struct ActionForm {
  const GameAction* action = nullptr;  ///< null: talk()
  struct Form {
    std::vector<std::string> choices;
    NumberBounds bounds;
  };
  std::vector<Form> parameters;
};
ActionForm form_of(const GameAction* action, const Json& state);

/// Leaves of a form what somebody said: the choices whose names (or other words for them) stand in the text, and the numbers that stand there, in digits or
/// words. A parameter that nobody speaks of takes its usual value, if it has one that is possible.
void narrow(ActionForm& form, const std::string& said);

/// The call that a form allows, if it is only one.
std::optional<ActionCall> only_call(const ActionForm& form);

/// Texts of one call a line, each one of a list of forms, and then, if wished, a line of speech. Throws Failure: unsupported for bounds that grammars cannot
/// hold.
std::shared_ptr<const Grammar> turn_grammar(const std::vector<std::vector<ActionForm>>& steps, bool speech);

/// A line with {NAME} made the value of a parameter; nothing if one has no value.
std::optional<std::string> filled(const std::string& line, const ActionCall& call);

}  // namespace ptah
