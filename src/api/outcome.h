// From the engine's results to what the public headers return.
#pragma once

#include "base/seed.h"
#include "ptah/result.h"
#include "ptah/seed.h"
#include "schema/schema.h"

namespace ptah {

inline Problem problem_of(const Error& error) {
  const ErrorInfo& info = error_info(error.code);
  const auto as_it_is = [](const std::string& name) { return std::optional<std::string>(name); };
  return {info.name, said(error.message, as_it_is), info.exit_status, field_of(error)};
}

/// The seed to draw with. Throws Failure (invalid_argument).
inline uint64_t number_of(const Seed& seed) {
  if (!seed.valid()) throw Failure({ErrorCode::invalid_argument, "seed below -1; 0 to 2^64 - 1 are possible, or -1 for a random one"});
  return seed.random() ? random_seed() : seed.value();
}

/// The outcome of make(), whatever it throws included.
template <class T, class F>
Outcome<T> outcome(const F& make) {
  Result<T> result = guard(make);
  if (!result) return problem_of(result.error());
  return std::move(*result);
}

}  // namespace ptah
