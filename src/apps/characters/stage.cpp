#include "apps/characters/stage.h"

namespace ptah {

PendingTurn::PendingTurn(CharacterMind& character, Perception perception, TurnOptions options)
    : thread_([this, &character, perception = std::move(perception), options = std::move(options)] {
        const auto decided = [this](const std::vector<ActionCall>& actions) {
          actions_ = actions;
          state_.store(State::decided, std::memory_order_release);
        };
        result_.emplace(character.turn(perception, options, decided, cancel_));
        state_.store(State::done, std::memory_order_release);
      }) {}

PendingTurn::~PendingTurn() {
  cancel_->cancel();
  if (thread_.joinable()) thread_.join();
}

Result<CharacterTurn> PendingTurn::wait() {
  if (thread_.joinable()) thread_.join();
  return std::move(*result_);
}

Result<std::vector<Scene::Said>> Scene::play(const std::string& opening, size_t turns, const TurnOptions& options, const std::function<void(const Said&)>& show,
                                             const std::shared_ptr<const CancelToken>& cancel) {
  if (characters_.size() < 2) return fail(ErrorCode::invalid_argument, "a scene needs two characters at least");
  std::vector<Said> out;
  std::string text = opening;
  size_t speaker = 0;
  for (size_t i = 0; i < turns; ++i) {
    const size_t listener = (speaker + 1) % characters_.size();
    const std::string who = characters_[speaker]->sheet().name;
    PTAH_TRY(CharacterTurn turn, characters_[listener]->turn({.who = who, .text = text}, options, {}, cancel));
    for (size_t other = 0; other < characters_.size(); ++other)
      if (other != speaker && other != listener) characters_[other]->overhear(who, text);
    for (CharacterMind* other : characters_)  // the state is the game's: all see what was done
      if (other != characters_[listener]) other->state() = characters_[listener]->state();
    text = turn.say.empty() ? "…" : turn.say;
    out.push_back({listener, std::move(turn)});
    if (show) show(out.back());
    speaker = listener;
  }
  return out;
}

}  // namespace ptah
