// What an interpreter or decoder of bytes from elsewhere may take: memory, depth, steps and time, and a token that ends it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/progress.h"

namespace ptah {

/// The token of the job that this thread does; null if it has none.
const CancelToken* current_cancel();
/// For loops that take long and have no token of their own. Errors: cancelled.
Result<void> check_cancelled();

/// Makes a token the one of this thread while it lives, so that budgets below need not be handed it.
class CancelScope {
 public:
  explicit CancelScope(const CancelToken* token);
  ~CancelScope();
  CancelScope(const CancelScope&) = delete;
  CancelScope& operator=(const CancelScope&) = delete;

 private:
  const CancelToken* before_;
};

/// One for each document that is read. Its functions throw Failure: over_budget (what, the limit), cancelled.
class Budget {
 public:
  struct Limits {
    size_t bytes = size_t{256} << 20;  ///< held at once
    int depth = 100;                   ///< of what nests
    int64_t steps = 50'000'000;
    double seconds = 20;
  };

  /// `what` begins the messages: "template", "PyTorch file". It must outlive the budget.
  Budget(const char* what, Limits limits, const CancelToken* cancel = current_cancel());
  Budget(const Budget&) = delete;
  Budget& operator=(const Budget&) = delete;

  /// Counts work; looks at the clock and the token now and then.
  void step(int64_t count = 1) {
    steps_ += count;
    if (steps_ >= next_look_) look();
  }
  /// Memory that is about to be held, and that is no longer.
  void take(size_t bytes);
  void give(size_t bytes) noexcept { held_ -= bytes; }
  /// Errors if something nests this deep.
  void check_depth(int depth) const;
  /// The line that messages name; 0 for none.
  void at_line(int line) { line_ = line; }
  int line() const { return line_; }
  size_t held() const { return held_; }

  /// Memory counted while it lives.
  class Charge {
   public:
    explicit Charge(Budget& budget, size_t bytes = 0) : budget_(&budget) { grow(bytes); }
    Charge(Charge&& other) noexcept : budget_(other.budget_), bytes_(other.bytes_) { other.bytes_ = 0; }
    Charge& operator=(Charge&&) = delete;
    ~Charge() { budget_->give(bytes_); }
    void grow(size_t bytes) {
      budget_->take(bytes);
      bytes_ += bytes;
    }
    size_t bytes() const { return bytes_; }

   private:
    Budget* budget_;
    size_t bytes_ = 0;
  };

  /// One level deeper while it lives.
  class Level {
   public:
    explicit Level(Budget& budget) : budget_(budget) { budget_.check_depth(++budget_.depth_); }
    ~Level() { --budget_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Budget& budget_;
  };

 private:
  void look();
  [[noreturn]] void spent(const std::string& what) const;

  const char* what_;
  Limits limits_;
  const CancelToken* cancel_;
  std::chrono::steady_clock::time_point end_;
  size_t held_ = 0;
  int64_t steps_ = 0, next_look_ = 0;
  int depth_ = 0, line_ = 0;
};

}  // namespace ptah
