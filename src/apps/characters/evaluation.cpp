#include "apps/characters/evaluation.h"

#include <algorithm>
#include <cmath>

#include "apps/characters/stage.h"
#include "base/text.h"

namespace ptah {

Result<std::vector<HeldOutWish>> read_wishes(const std::string& text, const Game& game) {
  std::vector<HeldOutWish> out;
  size_t number = 0;
  for (const std::string& line : lines_of(text)) {
    ++number;
    const auto json = parse_json(line, 4);
    if (!json || !json->is_object() || text_at(*json, "says").empty())
      return fail(ErrorCode::corrupt, "line {}: an object with `says` and `action` is expected", number);
    HeldOutWish wish{text_at(*json, "says"), {text_at(*json, "action"), Json::object()}};
    for (const auto& [name, value] : json->items())
      if (name != "says" && name != "action") wish.call.values[name] = value;
    if (const auto fits = check_call(wish.call, game, game.state); !fits) return fail(fits.error().code, "line {}: {}", number, fits.error().message);
    out.push_back(std::move(wish));
  }
  if (out.empty()) return fail(ErrorCode::corrupt, "no lines with what is said");
  return out;
}

double CharacterScores::percentile(double share) const {
  if (decision_seconds.empty()) return 0;
  const auto at = static_cast<size_t>(std::ceil(share * static_cast<double>(decision_seconds.size())));
  return decision_seconds[std::min(decision_seconds.size(), std::max<size_t>(at, 1)) - 1];
}

Result<CharacterScores> evaluate_characters(const std::vector<CharacterMind*>& characters, const Game& game, const std::vector<HeldOutWish>& wishes,
                                            const TurnOptions& options, const std::shared_ptr<const CancelToken>& cancel) {
  CharacterScores out;
  if (characters.empty()) return fail(ErrorCode::invalid_argument, "there is no character");
  for (size_t from = 0; from < wishes.size(); from += characters.size()) {
    const size_t end = std::min(wishes.size(), from + characters.size());
    std::vector<std::unique_ptr<PendingTurn>> turns;
    for (size_t i = from; i < end; ++i) {
      CharacterMind& character = *characters[i - from];
      character.remember(CharacterMemory());
      character.state() = game.state;
      turns.push_back(std::make_unique<PendingTurn>(character, Perception{.text = wishes[i].says}, options));
    }
    for (size_t i = from; i < end; ++i) {
      PendingTurn& pending = *turns[i - from];
      PTAH_TRY(const CharacterTurn turn, pending.wait());
      if (cancel && cancel->cancelled()) return fail(ErrorCode::cancelled, "cancelled");
      const HeldOutWish& wish = wishes[i];
      ++out.wishes;
      out.offered += std::find(turn.shortlist.begin(), turn.shortlist.end(), wish.call.name) != turn.shortlist.end();
      const ActionCall done = turn.actions.empty() ? ActionCall() : turn.actions[0];
      out.valid += std::all_of(turn.actions.begin(), turn.actions.end(), [&](const ActionCall& call) { return bool(check_call(call, game, game.state)); });
      out.right_actions += done.name == wish.call.name;
      const bool same = turn.actions.size() <= 1 && done.name == wish.call.name &&
                        std::all_of(wish.call.values.items().begin(), wish.call.values.items().end(),
                                    [&](const auto& value) { return done.values.value(value.key(), Json()) == value.value(); });
      out.right_calls += same;
      if (!same)
        out.wrong.push_back(fmt::format("{}: {}, not {}", wish.says, text_of(done, game.find(done.name)), text_of(wish.call, game.find(wish.call.name))));
      out.decision_seconds.push_back(turn.decision_seconds);
    }
  }
  std::sort(out.decision_seconds.begin(), out.decision_seconds.end());
  return out;
}

}  // namespace ptah
