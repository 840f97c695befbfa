// How well a character does what is wanted: the right action, valid or not, and how long it takes.
#pragma once

#include "apps/characters/character.h"

namespace ptah {

/// Something said, and the call that is right.
struct HeldOutWish {
  std::string says;
  ActionCall call;
};
/// Lines of JSON: {"says", "action", and the parameters by their names}; "talk" for none. Errors: corrupt, with the line; mismatch for what the game lacks.
Result<std::vector<HeldOutWish>> read_wishes(const std::string& text, const Game& game);

struct CharacterScores {
  size_t wishes = 0, right_actions = 0, right_calls = 0, valid = 0, offered = 0;  ///< right_calls: all parameters too; offered: among the shortlist
  std::vector<std::string> wrong;                                                 ///< "said: wanted, done"
  std::vector<double> decision_seconds;                                           ///< in the order of time taken
  double percentile(double share) const;
};
/// Each wish is a first meeting: the characters remember nothing of the others. `characters` take the wishes in turn, so many at once.
Result<CharacterScores> evaluate_characters(const std::vector<CharacterMind*>& characters, const Game& game, const std::vector<HeldOutWish>& wishes,
                                            const TurnOptions& options, const std::shared_ptr<const CancelToken>& cancel = nullptr);

}  // namespace ptah
