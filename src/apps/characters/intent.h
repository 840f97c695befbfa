// Which actions somebody may want: sentence vectors of what they say beside those of the examples of each action.
#pragma once

#include "apps/characters/game.h"
#include "text/encode/bert.h"

namespace ptah {

struct Wanted {
  const GameAction* action = nullptr;  ///< null: talk
  float score = 0;                     ///< cosine to the mean of its examples
  std::string_view name() const { return action ? std::string_view(action->name) : "talk"; }
};

/// The vectors of a game's examples. An action's vector is the mean over its examples, each the mean over what can be put in for its parameters (nearest
/// centroid; Rocchio).
class IntentIndex {
 public:
  IntentIndex(const Game& game, const SentenceEncoder& encoder);
  /// All actions and talk, the likeliest first.
  std::vector<Wanted> ranked(const float* vector) const;

 private:
  const Game& game_;
  int64_t width_;
  std::vector<float> means_;  ///< [actions + 1, width]; talk last
};

/// An example with parameters put in, at most `max_count` ways, spread over what they can be.
std::vector<std::pair<std::string, Json>> put_in(const std::string& example, const GameAction& action, const Json& state, size_t max_count);

}  // namespace ptah
