// From the engine's results to what the public headers return.
#pragma once

#include "base/error.h"
#include "ptah/result.h"

namespace ptah {

inline Problem problem_of(const Error& error) {
  const ErrorInfo& info = error_info(error.code);
  return {info.name, error.message, info.exit_status};
}

/// The outcome of make(), whatever it throws included.
template <class T, class F>
Outcome<T> outcome(const F& make) {
  Result<T> result = guard(make);
  if (!result) return problem_of(result.error());
  return std::move(*result);
}

}  // namespace ptah
