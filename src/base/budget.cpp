#include "base/budget.h"

#include <algorithm>

namespace ptah {

namespace {

thread_local const CancelToken* token_of_thread = nullptr;
constexpr int64_t kStepsBetweenLooks = 4096;

}  // namespace

const CancelToken* current_cancel() { return token_of_thread; }

Result<void> check_cancelled() { return token_of_thread ? token_of_thread->check() : Result<void>(); }

CancelScope::CancelScope(const CancelToken* token) : before_(token_of_thread) { token_of_thread = token; }
CancelScope::~CancelScope() { token_of_thread = before_; }

Budget::Budget(const char* what, Limits limits, const CancelToken* cancel)
    : what_(what),
      limits_(limits),
      cancel_(cancel),
      end_(std::chrono::steady_clock::now() + std::chrono::duration_cast<std::chrono::steady_clock::duration>(std::chrono::duration<double>(limits.seconds))) {}

void Budget::spent(const std::string& what) const {
  const std::string where = line_ > 0 ? fmt::format("{} line {}", what_, line_) : what_;
  throw Failure({ErrorCode::over_budget, fmt::format("{}: {}", where, what)});
}

void Budget::take(size_t bytes) {
  if (bytes > limits_.bytes - std::min(held_, limits_.bytes)) spent(fmt::format("it needs more than {} MiB of memory", limits_.bytes >> 20));
  held_ += bytes;
}

void Budget::check_depth(int depth) const {
  if (depth > limits_.depth) spent(fmt::format("nested deeper than {} levels", limits_.depth));
}

void Budget::look() {
  stop_if_cancelled(cancel_);
  if (steps_ > limits_.steps) spent(fmt::format("it takes more than {} steps", limits_.steps));
  if (std::chrono::steady_clock::now() > end_) spent(fmt::format("it takes longer than {} s", limits_.seconds));
  next_look_ = std::min(steps_ + kStepsBetweenLooks, limits_.steps + 1);
}

}  // namespace ptah
