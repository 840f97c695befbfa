// Several characters of one game that think at the same time while the game runs on.
#pragma once

#include <atomic>
#include <thread>

#include "apps/characters/character.h"

namespace ptah {

/// A turn in the making, for a game's loop: poll() never waits. What the game does not take is dropped; destroying it cancels the turn and waits for its end.
class PendingTurn {
 public:
  enum class State {
    thinking,
    decided,  ///< actions() are known; the character still speaks
    done,     ///< take() has the turn, or its error
  };
  /// `character` must outlive this, and have no other turn meanwhile.
  PendingTurn(CharacterMind& character, Perception perception, TurnOptions options);
  ~PendingTurn();
  PendingTurn(const PendingTurn&) = delete;
  PendingTurn& operator=(const PendingTurn&) = delete;

  /// One atomic read.
  State poll() const noexcept { return state_.load(std::memory_order_acquire); }
  /// From `decided` on.
  const std::vector<ActionCall>& actions() const { return actions_; }
  /// Waits until it is done: the turn or its error. Once.
  Result<CharacterTurn> wait();
  /// Ends it soon; its error is `cancelled` then.
  void cancel() { cancel_->cancel(); }

 private:
  std::shared_ptr<CancelToken> cancel_ = std::make_shared<CancelToken>();
  std::atomic<State> state_{State::thinking};
  std::vector<ActionCall> actions_;
  std::optional<Result<CharacterTurn>> result_;
  std::thread thread_;
};

/// Characters that talk to one another: each answers what the one before said, and all others hear it.
class Scene {
 public:
  explicit Scene(std::vector<CharacterMind*> characters) : characters_(std::move(characters)) {}
  struct Said {
    size_t who = 0;  ///< of the characters
    CharacterTurn turn;
  };
  /// `opening` is said by the first one to the second. Errors: invalid_argument for fewer than two; those of CharacterMind::turn().
  Result<std::vector<Said>> play(const std::string& opening, size_t turns, const TurnOptions& options, const std::function<void(const Said&)>& show = {},
                                 const std::shared_ptr<const CancelToken>& cancel = nullptr);

 private:
  std::vector<CharacterMind*> characters_;
};

}  // namespace ptah
