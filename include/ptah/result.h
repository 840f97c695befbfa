// The outcome of a call: a value, or an error with a message that says what to do.
#pragma once

#include <optional>
#include <string>
#include <utility>

namespace ptah {

struct Problem {
  std::string name;     ///< e.g. "invalid_argument", "over_budget", "cancelled"
  std::string message;  ///< one line
  int exit_status = 1;  ///< as the command line would return it
  std::string field;    ///< of the request, if one is at fault: its name as in docs/requests.md
};

template <class T>
class Outcome {
 public:
  Outcome(T value) : value_(std::move(value)) {}
  Outcome(Problem problem) : problem_(std::move(problem)) {}
  explicit operator bool() const { return value_.has_value(); }
  /// Only when true.
  const T& operator*() const { return *value_; }
  const T* operator->() const { return &*value_; }
  T* operator->() { return &*value_; }
  T& operator*() { return *value_; }
  /// Only when false.
  const Problem& problem() const { return problem_; }

 private:
  std::optional<T> value_;
  Problem problem_;
};

struct Done {};

}  // namespace ptah
