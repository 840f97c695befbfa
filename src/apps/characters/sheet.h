// What a character is: who it is, what it knows and from where, what it wants, and what it must never say.
#pragma once

#include "apps/characters/game.h"

namespace ptah {

/// Something that a character knows.
struct KnownFact {
  std::string text, source;
  std::vector<std::string> asked;  ///< questions that it answers
  std::vector<Condition> when;     ///< of the state, and of `trust` in whom it talks to: until they hold, the model is not told
};

struct CharacterSheet {
  std::string name, persona, begins;  ///< "Mira"; "You are Mira, who …"; the first thing it says
  std::vector<std::string> goals;
  std::vector<KnownFact> knowledge;
  std::vector<std::string> actions;                             ///< of the game that it can take; empty: all
  std::map<std::string, std::vector<std::string>> lines;        ///< what it says when it takes an action; {NAME} stands for a parameter
  std::vector<std::string> never;                               ///< words that it must not say, whatever it knows
  std::string deflect = "I would rather not talk about that.";  ///< what it says instead
  std::string cannot = "I cannot do that now.";                 ///< what it says of an action that is not possible
  std::string voice, face;                                      ///< of speech (ptah say --list), and of its picture: what the game does with them
};

/// {"format": "ptah character 1", "name", "persona", …}; see docs/characters.md. Errors: corrupt, with the member.
Result<CharacterSheet> read_sheet(const Json& json);
/// Errors: corrupt for actions that the game lacks.
Result<void> check_sheet(const CharacterSheet& sheet, const Game& game);

}  // namespace ptah
